"""Agents, their shifts and their time in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, literal, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from campaigns.errors import AgentExistsError, AgentNotFoundError, AgentSessionError
from campaigns.stores.shared import Session, write
from campaigns.tables import Agent, AgentInterval, AgentSession
from leads.tables import UtcDateTime


class AgentStore:
    """Agents, their shifts, and the stretches of a shift spent in one state."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, client_id: int, name: str, sip_uri: str, now: datetime) -> Agent:
        """A new agent. Raises AgentExistsError."""
        agent = Agent(client_id=client_id, name=name, sip_uri=sip_uri, created_at=now)
        self.session.add(agent)
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise AgentExistsError(f"The client has an agent {name!r}; choose another name.") from error
        return agent

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

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[Agent]:
        """The `limit` agents, of one client or of all, that follow number `after`."""
        wanted = select(Agent).where(Agent.id > after).order_by(col(Agent.id)).limit(limit)
        if client_id is not None:
            wanted = wanted.where(Agent.client_id == client_id)
        return (await self.session.exec(wanted)).all()

    async def open_session(
        self, agent_id: int, campaign_ids: Sequence[int], state: str, now: datetime
    ) -> int:
        """Begin an agent's shift in a state; the session's id. Raises AgentSessionError if one is open."""
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

    async def close_session(self, session_id: int, now: datetime) -> None:
        """End a shift and its open stretch at one instant. Raises AgentSessionError if it is over."""
        at = await self._end_interval(session_id, now)
        ended = update(AgentSession).where(col(AgentSession.id) == session_id).values(ended_at=at)
        await write(self.session, ended)

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
