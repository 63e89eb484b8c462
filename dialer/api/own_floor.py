"""What of the floor is whose: an agent acts on their own shift and calls, a supervisor on their client's.

What is somebody else's is answered as what is not there.
"""

from typing import Annotated

from fastapi import Depends, Path, Request

from campaigns.errors import AgentNotFoundError, AttemptNotFoundError
from campaigns.stores.attempts import AttemptStore
from dialer.access.core.roles import Permission
from dialer.api.access import actor_of
from dialer.core.floor_shifts import UnknownSession
from dialer.engine import Engine
from leads.stores.shared import Sessions

PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def engine_of(request: Request) -> Engine:
    """The node's engine."""
    engine: Engine = request.app.state.engine
    return engine


async def own_shift(request: Request, session_id: PathId) -> int:
    """The number of a shift that the actor may act on. Raises UnknownSession."""
    actor, engine = actor_of(request), engine_of(request)
    agent = engine.agent(session_id)
    of_client = actor.client_id is None or engine.client_of_shift(session_id) == actor.client
    if not of_client or not actor.may_act_for(agent.agent):
        raise UnknownSession(session_id)
    return session_id


OwnShift = Annotated[int, Depends(own_shift)]
"""The number of a shift that the actor may act on. Raises UnknownSession."""


def require_own_agent(request: Request, agent_id: int) -> None:
    """Agents log in as themselves. Raises AgentNotFoundError."""
    if not actor_of(request).may_act_for(agent_id):
        raise AgentNotFoundError(f"There is no agent {agent_id}; add one first.")


async def require_own_attempt(
    request: Request, sessions: Sessions, attempt_id: int, *, as_guest: bool = False
) -> None:
    """Agents say how their own calls went; with `as_guest` those, too, that they were called into.

    Raises AttemptNotFoundError.
    """
    actor = actor_of(request)
    if actor.may(Permission.AGENTS_SUPERVISE):
        return
    if _is_on_line(request, attempt_id) and (as_guest or called_in(request, attempt_id) is None):
        return
    async with sessions() as session:
        attempt = await AttemptStore(session).read_attempt(attempt_id)
    if attempt.agent_id != actor.agent_id:
        raise AttemptNotFoundError(f"There is no attempt {attempt_id}.")


def is_own_call(request: Request, attempt_id: int) -> bool:
    """Whether the actor may end the call."""
    actor = actor_of(request)
    if not actor.may(Permission.AGENTS_SUPERVISE):
        return _is_on_line(request, attempt_id) and called_in(request, attempt_id) is None
    return is_of_own_client(request, attempt_id)


def called_in(request: Request, attempt_id: int) -> int | None:
    """The shift with which the agent who asks was called into that call; None where the call is their own."""
    own, floor = actor_of(request).agent_id, engine_of(request).floor
    talk = floor.conversations.conversation(attempt_id)
    shifts = [each.session for each in floor.agents.values() if own is not None and each.agent == own]
    return next((each for each in shifts if talk is not None and talk.guest_of(each)), None)


def is_of_own_client(request: Request, attempt_id: int) -> bool:
    """Whether a call is of the actor's client; an operator's are all."""
    actor = actor_of(request)
    return actor.client_id is None or engine_of(request).client_of_call(attempt_id) == actor.client


def _is_on_line(request: Request, attempt_id: int) -> bool:
    """Whether it is the call of the agent who asks."""
    own = actor_of(request).agent_id
    agents = engine_of(request).floor.agents.values()
    return own is not None and any(each.agent == own and each.attempt == attempt_id for each in agents)
