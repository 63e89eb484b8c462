"""What agents did on calls, and who was called into them, in the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, update
from sqlmodel import col, select

from campaigns.core.attempt import MAX_NOTES, plain_text
from campaigns.core.hold_time import LEFT, TALKING, TURNS, Turn
from campaigns.stores.shared import Session, write
from campaigns.tables import Agent, AgentInterval, AgentSession, Attempt, CallGuest, CallStep, Campaign
from leads.tables import LeadList


class ConversationStore:
    """Steps and guests by call."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def call_guest(self, attempt_id: int, to: str, at: datetime, *, supervises: bool = False) -> int:
        """Somebody is about to be called in; the guest's number."""
        guest = CallGuest(attempt_id=attempt_id, to=to, supervises=supervises, called_at=at)
        self._session.add(guest)
        await self._session.flush()
        return guest.id

    async def countries_of(self, attempt_id: int) -> set[str]:
        """The countries that the client of a call calls: its lists', and that of the number on the line."""
        attempt = await self._session.get_one(Attempt, attempt_id)
        client = select(Campaign.client_id).where(Campaign.id == attempt.campaign_id).scalar_subquery()
        wanted = select(LeadList.default_country).where(LeadList.client_id == client).distinct()
        return {*(await self._session.exec(wanted)).all(), attempt.country} - {""}

    async def guest_answered(self, guest_id: int, at: datetime) -> None:
        """The guest is on the line."""
        row = update(CallGuest).where(col(CallGuest.id) == guest_id, col(CallGuest.answered_at).is_(None))
        await write(self._session, row.values(answered_at=at))

    async def guest_left(self, guest_id: int, at: datetime, outcome: str) -> None:
        """The guest is out of it; the first word holds."""
        row = update(CallGuest).where(col(CallGuest.id) == guest_id, col(CallGuest.left_at).is_(None))
        await write(self._session, row.values(left_at=at, outcome=outcome))

    async def all_left(self, attempt_id: int, at: datetime, outcome: str) -> None:
        """Nobody will tell when the guests of a call left who are still there: with the call."""
        left = update(CallGuest).where(
            col(CallGuest.attempt_id) == attempt_id, col(CallGuest.left_at).is_(None)
        )
        await write(self._session, left.values(left_at=at, outcome=outcome))

    async def step(
        self,
        attempt_id: int,
        at: datetime,
        kind: str,
        *,
        agent_id: int | None = None,
        to_agent_id: int | None = None,
        guest_id: int | None = None,
        notes: str = "",
    ) -> None:
        """Somebody did something with the call."""
        self._session.add(
            CallStep(
                attempt_id=attempt_id,
                at=at,
                kind=kind,
                agent_id=agent_id,
                to_agent_id=to_agent_id,
                guest_id=guest_id,
                notes=plain_text(notes, MAX_NOTES),
            )
        )
        await self._session.flush()

    async def steps(self, attempt_id: int) -> Sequence[CallStep]:
        """All that was done with the call, in order."""
        query = select(CallStep).where(CallStep.attempt_id == attempt_id)
        return (await self._session.exec(query.order_by(col(CallStep.id)))).all()

    async def guests(self, attempt_id: int) -> Sequence[CallGuest]:
        """Everybody who was called into the call, in order."""
        query = select(CallGuest).where(CallGuest.attempt_id == attempt_id)
        return (await self._session.exec(query.order_by(col(CallGuest.id)))).all()

    async def turns(
        self, client_id: int, agent_id: int | None = None, since: datetime | None = None
    ) -> Mapping[int, Sequence[Turn]]:
        """By call, how customers were put on hold in the talks of a client's agents, or of one of them."""
        talks = (
            select(col(AgentInterval.attempt_id))
            .join(AgentSession, col(AgentSession.id) == col(AgentInterval.session_id))
            .join(Agent, col(Agent.id) == col(AgentSession.agent_id))
            .where(AgentInterval.state == TALKING, Agent.client_id == client_id)
        )
        if agent_id is not None:
            talks = talks.where(Agent.id == agent_id)
        if since is not None:
            ended = col(AgentInterval.ended_at)
            talks = talks.where(or_(ended.is_(None), ended > since))
        taken = select(CallStep).where(col(CallStep.attempt_id).in_(talks), col(CallStep.kind).in_(TURNS))
        gone = select(CallGuest).where(
            col(CallGuest.attempt_id).in_(talks),
            col(CallGuest.left_at).is_not(None),
            col(CallGuest.supervises).is_(False),
        )
        found: defaultdict[int, list[Turn]] = defaultdict(list)
        for step in await self._session.exec(taken.order_by(col(CallStep.id))):
            found[step.attempt_id].append(Turn(step.at, step.kind, step.agent_id, step.guest_id))
        for guest in await self._session.exec(gone.order_by(col(CallGuest.id))):
            if guest.left_at is not None:
                found[guest.attempt_id].append(Turn(guest.left_at, LEFT, guest_id=guest.id))
        # Who was called in is there before they leave, also where both were within a millisecond.
        return {call: sorted(turns, key=lambda each: each.at) for call, turns in found.items()}
