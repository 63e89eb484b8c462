"""Agents, their shifts and their time in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import case, delete, literal, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from campaigns.core.agent_profile import ANYONE, AgentProfile
from campaigns.core.pauses import DEFAULT_PAUSES, Pause
from campaigns.errors import (
    AgentExistsError,
    AgentLoggedInError,
    AgentNotFoundError,
    AgentSessionError,
)
from campaigns.stores.shared import Session, write
from campaigns.tables import Agent, AgentInterval, AgentSession, PauseReason
from leads.tables import UtcDateTime


def profile_of(agent: Agent) -> AgentProfile:
    """What an agent can do, by the agent's row."""
    return AgentProfile.parse(agent.skills, agent.languages, agent.ranks)


def set_profile(agent: Agent, profile: AgentProfile) -> None:
    """Puts what an agent can do into the row."""
    agent.skills = dict(profile.skills)
    agent.languages = list(profile.languages)
    agent.ranks = {str(campaign): rank for campaign, rank in profile.ranks.items()}


class AgentStore:
    """Agents, their shifts, and the stretches of a shift spent in one state."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(
        self, client_id: int, name: str, sip_uri: str, now: datetime, profile: AgentProfile = ANYONE
    ) -> Agent:
        """A new agent. Raises AgentExistsError."""
        agent = Agent(client_id=client_id, name=name, sip_uri=sip_uri, created_at=now)
        set_profile(agent, profile)
        await self.save(agent)
        return agent

    async def save(self, agent: Agent) -> None:
        """Write an agent as it is now. Raises AgentExistsError where the client has another of that name."""
        name = agent.name
        self.session.add(agent)
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise AgentExistsError(f"The client has an agent {name!r}; choose another name.") from error

    async def get(self, agent_id: int) -> Agent:
        """An agent. Raises AgentNotFoundError."""
        found = await self.session.get(Agent, agent_id)
        if found is None:
            raise AgentNotFoundError(f"There is no agent {agent_id}; add one first.")
        return found

    async def named(self, client_id: int, name: str) -> Agent | None:
        """The client's agent of that name, if there is one."""
        query = select(Agent).where(Agent.client_id == client_id, Agent.name == name)
        return (await self.session.exec(query)).one_or_none()

    async def give_account(self, agent_id: int, user: str, ha1: str) -> None:
        """The agent's softphone registers at our registrar with this from now on."""
        given = update(Agent).where(col(Agent.id) == agent_id).values(sip_user=user, sip_ha1=ha1)
        await write(self.session, given)

    async def change(self, agent_id: int, values: Mapping[str, object]) -> None:
        """Sets these columns of an agent. Raises AgentNotFoundError."""
        await self.get(agent_id)
        await write(self.session, update(Agent).where(col(Agent.id) == agent_id).values(**values))

    async def find(self, reference: str) -> Agent:
        """The agent of a number, or of a name that only one has. Raises AgentNotFoundError."""
        if reference.isascii() and reference.isdigit() and len(reference) <= 18:
            return await self.get(int(reference))
        named = select(Agent).where(Agent.name == reference)
        found = (await self.session.exec(named)).all() if reference.isprintable() else []
        if len(found) == 1:
            return found[0]
        hint = "agents of several clients have it, use the id" if found else "agent list shows them"
        raise AgentNotFoundError(f"No one agent is named {reference[:100]!r}; {hint}.")

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[Agent]:
        """The `limit` agents, of one client or of all, that follow number `after`."""
        wanted = select(Agent).where(Agent.id > after).order_by(col(Agent.id)).limit(limit)
        if client_id is not None:
            wanted = wanted.where(Agent.client_id == client_id)
        return (await self.session.exec(wanted)).all()

    async def open_session(
        self, agent_id: int, campaign_ids: Sequence[int], state: str, now: datetime
    ) -> int:
        """Begin an agent's shift in a state; the session's id. Raises AgentLoggedInError if one is open."""
        if (open_already := await self.open_session_of(agent_id)) is not None:
            raise AgentLoggedInError(
                f"Agent {agent_id} is logged in already (shift {open_already}); log out there, or log in "
                "with take_over to end that shift.",
                open_already,
            )
        shift = AgentSession(agent_id=agent_id, campaign_ids=list(campaign_ids), started_at=now)
        self.session.add(shift)
        try:
            await self.session.flush()
        except IntegrityError as error:
            message = f"Agent {agent_id} is logged in already, or unknown; log out first."
            raise AgentSessionError(message) from error
        self.session.add(AgentInterval(session_id=shift.id, state=state, started_at=now))
        await self.session.flush()
        return shift.id

    async def change_state(
        self, session_id: int, state: str, now: datetime, *, reason: str = "", attempt_id: int | None = None
    ) -> datetime:
        """End the open stretch exactly where the new one starts; that instant.

        It is `now`, or the open stretch's start where the clock has gone back, so that no time is negative.
        Raises AgentSessionError if the shift is over.
        """
        at = await self._end_interval(session_id, now)
        self.session.add(
            AgentInterval(
                session_id=session_id, state=state, reason=reason, attempt_id=attempt_id, started_at=at
            )
        )
        await self.session.flush()
        return at

    async def close_session(self, session_id: int, now: datetime, reason: str = "") -> None:
        """End a shift and its open stretch at one instant. Raises AgentSessionError if it is over."""
        at = await self._end_interval(session_id, now)
        ended = update(AgentSession).where(col(AgentSession.id) == session_id)
        await write(self.session, ended.values(ended_at=at, end_reason=reason))

    async def time_of(
        self, agent_id: int, since: datetime, until: datetime
    ) -> list[tuple[AgentSession, Sequence[AgentInterval]]]:
        """The agent's shifts that lie in a stretch of time, or reach into it, with their intervals.

        Those of talks are as they were recorded: `ConversationStore.turns` says when customers were on hold.
        """
        wanted = (
            select(AgentSession)
            .where(AgentSession.agent_id == agent_id, col(AgentSession.started_at) < until)
            .where(col(AgentSession.ended_at).is_(None) | (col(AgentSession.ended_at) > since))
            .order_by(col(AgentSession.id))
        )
        shifts = (await self.session.exec(wanted)).all()
        mine = col(AgentInterval.session_id).in_([each.id for each in shifts])
        spent: dict[int, list[AgentInterval]] = {each.id: [] for each in shifts}
        for each in await self.session.exec(
            select(AgentInterval).where(mine).order_by(col(AgentInterval.id))
        ):
            spent[each.session_id].append(each)
        return [(each, spent[each.id]) for each in shifts]

    async def pause_reasons(self, client_id: int) -> list[Pause]:
        """A client's pause reasons in their order; the default ones where it has none."""
        wanted = select(PauseReason).where(PauseReason.client_id == client_id)
        rows = (await self.session.exec(wanted.order_by(col(PauseReason.position)))).all()
        return [Pause(each.code, each.name, each.paid, each.limit_minutes) for each in rows] or [
            *DEFAULT_PAUSES
        ]

    async def set_pause_reasons(self, client_id: int, pauses: Sequence[Pause]) -> None:
        """Replace a client's pause reasons; none: the default ones hold again."""
        await write(self.session, delete(PauseReason).where(col(PauseReason.client_id) == client_id))
        self.session.add_all(
            PauseReason(client_id=client_id, position=position, **asdict(each))
            for position, each in enumerate(pauses)
        )
        await self.session.flush()

    async def open_session_of(self, agent_id: int) -> int | None:
        """The shift that an agent has under way."""
        wanted = select(AgentSession.id).where(
            AgentSession.agent_id == agent_id, col(AgentSession.ended_at).is_(None)
        )
        return (await self.session.exec(wanted)).one_or_none()

    async def see_sessions(self, now: datetime) -> None:
        """Notes that every shift under way was under way now; those of one engine are all there are."""
        under_way = update(AgentSession).where(col(AgentSession.ended_at).is_(None))
        await write(self.session, under_way.values(seen_at=now))

    async def _end_interval(self, session_id: int, now: datetime) -> datetime:
        at = literal(now, UtcDateTime())
        started = col(AgentInterval.started_at)
        ended = await write(
            self.session,
            update(AgentInterval)
            .where(col(AgentInterval.session_id) == session_id, col(AgentInterval.ended_at).is_(None))
            .values(ended_at=case((started > at, started), else_=at))
            .returning(col(AgentInterval.ended_at)),
        )
        row = ended.first()
        if row is None:
            raise AgentSessionError(f"Shift {session_id} is over, or unknown; log in again.")
        instant: datetime = row.ended_at
        return instant
