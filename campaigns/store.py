"""The campaigns room in the database: campaigns, their leads' progress, attempts, agents and their time.

A store works in the session it is given and never commits: whoever opened the session owns the transaction.
Every method does the same on SQLite and PostgreSQL.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, TypeAlias, Unpack

from sqlalchemy import ColumnElement, Update, case, func, literal, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaigns.core.attempt import (
    AWAITING_DISPOSITION,
    AttemptChanges,
    ClaimedLead,
    EndedAttempt,
    Ending,
    NewAttempt,
)
from campaigns.core.campaign import CampaignSettings, Progress
from campaigns.core.compliance import Deny
from campaigns.core.retry import Final, RetryAt
from campaigns.errors import (
    AgentExistsError,
    AgentNotFoundError,
    AgentSessionError,
    AttemptNotFoundError,
    CampaignExistsError,
    CampaignNotFoundError,
)
from campaigns.tables import (
    Agent,
    AgentInterval,
    AgentSession,
    Attempt,
    Campaign,
    CampaignLead,
    CampaignList,
)
from leads.core.timezone import callee_zones
from leads.store import Sessions as Sessions
from leads.tables import Lead, Phone, UtcDateTime

Session: TypeAlias = AsyncSession
"""What a caller opens with `Sessions` and hands to stores."""

_UNSYNCHRONIZED = {"synchronize_session": False, "preserve_rowcount": True}


def settings_of(campaign: Campaign) -> CampaignSettings:
    """The settings in a campaign's row."""
    return CampaignSettings.parse(
        {each.name: getattr(campaign, each.name) for each in fields(CampaignSettings)}
    )


class CampaignStore:
    """Campaigns, the progress of their leads, and attempts."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def create(self, client_id: int, name: str, settings: CampaignSettings, now: datetime) -> Campaign:
        """A new campaign, in draft. Raises CampaignExistsError."""
        values = settings.to_json() | {"state": "draft", "state_since": now, "created_at": now}
        campaign = Campaign(client_id=client_id, name=name, **values)
        self.session.add(campaign)
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise CampaignExistsError(f"The client has a campaign {name!r}; choose another name.") from error
        return campaign

    async def attach_list(self, campaign_id: int, list_id: int) -> None:
        """Let a campaign dial a list of its client; once is enough."""
        if await self.session.get(CampaignList, (campaign_id, list_id)) is None:
            self.session.add(CampaignList(campaign_id=campaign_id, list_id=list_id))
            await self.session.flush()

    async def fill_leads(self, campaign_id: int, now: datetime) -> int:
        """Make every lead of the campaign's lists one of its own, ready to call; how many were new."""
        await self.session.exec(
            select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True)
        )
        values = {
            "campaign_id": literal(campaign_id),
            "lead_id": col(Lead.id),
            "state": literal("ready"),
            "reason": literal("new"),
            "due_at": func.coalesce(col(Lead.not_before), literal(now, UtcDateTime())),
            "priority": col(Lead.priority),
            "attempts": literal(0),
        }
        leads = (
            select(*values.values())
            .join(CampaignList, col(CampaignList.list_id) == col(Lead.list_id))
            .where(col(CampaignList.campaign_id) == campaign_id)
        )
        # Not by NOT EXISTS: PostgreSQL takes quadratic time where its statistics say that the table is empty.
        on_postgresql = self.session.get_bind().dialect.name == "postgresql"
        insert = postgresql.insert(CampaignLead) if on_postgresql else sqlite.insert(CampaignLead)
        return (await self._write(insert.from_select(list(values), leads).on_conflict_do_nothing())).rowcount

    async def get(self, campaign_id: int) -> Campaign:
        """A campaign. Raises CampaignNotFoundError."""
        found = await self.session.get(Campaign, campaign_id)
        if found is None:
            raise CampaignNotFoundError(f"There is no campaign {campaign_id}.")
        return found

    async def page(self, after: int, limit: int) -> Sequence[Campaign]:
        """The `limit` campaigns that follow number `after`."""
        wanted = select(Campaign).where(Campaign.id > after).order_by(col(Campaign.id)).limit(limit)
        return (await self.session.exec(wanted)).all()

    async def named(self, name: str) -> Sequence[Campaign]:
        """The campaigns of a name, one a client at most."""
        return (await self.session.exec(select(Campaign).where(Campaign.name == name))).all()

    async def set_state(self, campaign: Campaign, state: str, now: datetime) -> None:
        """Write a campaign's state; `state_since` moves only with a change."""
        if campaign.state != state:
            campaign.state, campaign.state_since = state, now
            await self.session.flush()

    async def claim(self, campaign_id: int, n: int, now: datetime, claim_s: float) -> list[ClaimedLead]:
        """Take up to `n` due leads, by priority and due time; nobody else gets them for `claim_s` s."""
        mine = CampaignLead.campaign_id == campaign_id
        expired = select(CampaignLead.lead_id).where(
            mine, CampaignLead.state == "claimed", col(CampaignLead.claimed_until) <= now
        )
        await self._update_unlocked(campaign_id, expired, {"state": "ready", "claimed_until": None})
        order = col(CampaignLead.priority).desc(), col(CampaignLead.due_at), col(CampaignLead.lead_id)
        due = (
            select(CampaignLead.lead_id)
            .where(mine, CampaignLead.state == "ready", CampaignLead.due_at <= now)
            .order_by(*order)
            .limit(n)
        )
        until = now + timedelta(seconds=claim_s)
        ids = await self._update_unlocked(campaign_id, due, {"state": "claimed", "claimed_until": until})
        return await self._claimed(campaign_id, ids) if ids else []

    async def hold(self, campaign_id: int, claims: Sequence[ClaimedLead]) -> dict[int, int]:
        """Lock claims to the end of the transaction: lead to its attempts so far, for those still ours."""
        held = await self._write(
            update(CampaignLead)
            .where(*_claims(campaign_id, claims))
            .values(claimed_until=CampaignLead.claimed_until)
            .returning(col(CampaignLead.lead_id), col(CampaignLead.attempts))
        )
        return {row.lead_id: row.attempts for row in held}

    async def release(self, campaign_id: int, claims: Sequence[ClaimedLead]) -> None:
        """Give claims back as they were; those that are no longer ours are left alone."""
        values = {"state": "ready", "claimed_until": None}
        await self._write(update(CampaignLead).where(*_claims(campaign_id, claims)).values(values))

    async def deny(self, campaign_id: int, denials: Sequence[tuple[ClaimedLead, Deny]]) -> None:
        """Write what was denied: for good, until the next time, or (no time known) ready as before."""
        rows = []
        for lead, denial in denials:
            due = denial.next_time or denial.at
            state = "final" if denial.final else "ready"
            rows.append(
                {"campaign_id": campaign_id, "lead_id": lead.lead_id, "state": state, "due_at": due}
                | {"reason": denial.code, "denial": denial.to_json(), "claimed_until": None}
            )
        if rows:
            await self.session.exec(update(CampaignLead), params=rows, execution_options=_UNSYNCHRONIZED)

    async def settle(self, ended: EndedAttempt, decision: RetryAt | Final) -> bool:
        """Write what becomes of a lead after an attempt; False if the lead has had a later one since."""
        values: dict[str, Any] = {"state": "final", "reason": decision.reason, "claimed_until": None}
        if isinstance(decision, RetryAt):
            values |= {"state": "ready", "due_at": decision.at}
        return (await self._write(_lead_after(ended).values(values))).rowcount == 1

    async def await_disposition(self, ended: EndedAttempt) -> None:
        """Keep a lead off the line until its agent has said what the call came to."""
        await self._write(_lead_after(ended).values(reason=AWAITING_DISPOSITION))

    async def progress(self, campaign_id: int, now: datetime) -> Progress:
        """Where the campaign's leads are."""
        due = func.sum(case((col(CampaignLead.due_at) <= now, 1), else_=0))
        wanted = (
            select(col(CampaignLead.state), func.count(), due, func.min(col(CampaignLead.due_at)))
            .where(CampaignLead.campaign_id == campaign_id)
            .group_by(col(CampaignLead.state))
        )
        rows = {state: row for state, *row in await self.session.exec(wanted)}
        ready, due_now, first = rows.get("ready", (0, 0, None))
        count = {state: row[0] for state, row in rows.items()}
        return Progress(
            due=due_now,
            waiting=ready - due_now,
            claimed=count.get("claimed", 0),
            calling=count.get("calling", 0),
            final=count.get("final", 0),
            next_due_at=first,
        )

    async def record_attempts(
        self, campaign_id: int, attempts: Sequence[NewAttempt], now: datetime
    ) -> list[int]:
        """Write attempts about to be placed, one a lead, and count them on the leads; their ids in order."""
        rows = [
            Attempt(
                campaign_id=campaign_id,
                lead_id=each.lead_id,
                phone_id=each.phone_id,
                e164=each.e164,
                number=each.number,
                permit=each.permit,
                placed_at=now,
            )
            for each in attempts
        ]
        self.session.add_all(rows)
        await self.session.flush()
        calling = {"state": "calling", "reason": "calling", "claimed_until": None, "denial": None}
        leads = col(CampaignLead.lead_id).in_([each.lead_id for each in attempts])
        await self._write(
            update(CampaignLead)
            .where(col(CampaignLead.campaign_id) == campaign_id, leads)
            .values(attempts=CampaignLead.attempts + 1, **calling)
        )
        return [row.id for row in rows]

    async def get_attempt(self, attempt_id: int) -> Attempt:
        """An attempt as it is now, locked to the end of the transaction. Raises AttemptNotFoundError."""
        found = await self.session.get(
            Attempt, attempt_id, populate_existing=True, with_for_update={"key_share": True}
        )
        if found is None:
            raise AttemptNotFoundError(f"There is no attempt {attempt_id}.")
        return found

    async def attempts_page(self, campaign_id: int | None, after: int, limit: int) -> Sequence[Attempt]:
        """The `limit` attempts, of one campaign or of all, that follow number `after`."""
        wanted = select(Attempt).where(Attempt.id > after).order_by(col(Attempt.id)).limit(limit)
        if campaign_id is not None:
            wanted = wanted.where(Attempt.campaign_id == campaign_id)
        return (await self.session.exec(wanted)).all()

    async def update_attempt(self, attempt_id: int, **changes: Unpack[AttemptChanges]) -> None:
        """Write what has become known of a call."""
        await self._write(update(Attempt).where(col(Attempt.id) == attempt_id).values(**changes))

    async def finish_attempt(self, attempt_id: int, ending: Ending, now: datetime) -> EndedAttempt | None:
        """Write how a call ended at `now`; None if it had ended before, and then nothing changes."""
        ended = await self._write(
            update(Attempt)
            .where(col(Attempt.id) == attempt_id, col(Attempt.ended_at).is_(None))
            .values(ended_at=now, **asdict(ending))
            .returning(
                col(Attempt.campaign_id), col(Attempt.lead_id), col(Attempt.number), col(Attempt.disposition)
            )
        )
        row = ended.first()
        return (
            None if row is None else EndedAttempt(row.campaign_id, row.lead_id, row.number, row.disposition)
        )

    async def _claimed(self, campaign_id: int, lead_ids: Sequence[int]) -> list[ClaimedLead]:
        first_phone = (
            select(func.min(Phone.position))
            .where(Phone.lead_id == CampaignLead.lead_id)
            .correlate(CampaignLead)
            .scalar_subquery()
        )
        wanted = (
            select(Lead, Phone, col(CampaignLead.attempts), col(CampaignLead.claimed_until))
            .join(CampaignLead, col(CampaignLead.lead_id) == col(Lead.id))
            .join(Phone, col(Phone.lead_id) == col(Lead.id))
            .where(CampaignLead.campaign_id == campaign_id, col(CampaignLead.lead_id).in_(lead_ids))
            .where(col(Phone.position) == first_phone)
            .order_by(col(CampaignLead.priority).desc(), col(CampaignLead.due_at), col(CampaignLead.lead_id))
        )
        return [
            ClaimedLead(
                lead_id=lead.id,
                claimed_until=until,
                attempts=attempts,
                not_before=lead.not_before,
                phone_id=phone.id,
                e164=phone.e164,
                zones=callee_zones(lead.timezone, phone.zones),
                first_name=lead.first_name,
                last_name=lead.last_name,
            )
            for lead, phone, attempts, until in await self.session.exec(wanted)
            if until is not None
        ]

    async def _update_unlocked(self, campaign_id: int, leads: Any, values: dict[str, Any]) -> list[int]:
        """Update the chosen leads in one statement, past those that another transaction holds; their numbers.

        The common table keeps PostgreSQL from choosing anew while it updates. SQLite knows no row locks and
        needs none: it has one writer.
        """
        chosen = leads.with_for_update(skip_locked=True).cte("chosen")
        updated = await self._write(
            update(CampaignLead)
            .where(col(CampaignLead.campaign_id) == campaign_id)
            .where(col(CampaignLead.lead_id).in_(select(chosen.c.lead_id)))
            .values(values)
            .returning(col(CampaignLead.lead_id))
        )
        return [row.lead_id for row in updated]

    async def _write(self, statement: UpdateBase) -> CursorResult[Any]:
        return await self.session.exec(statement, execution_options=_UNSYNCHRONIZED)


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
        await self.session.exec(ended, execution_options=_UNSYNCHRONIZED)

    async def _end_interval(self, session_id: int, now: datetime) -> datetime:
        at = literal(now, UtcDateTime())
        started = col(AgentInterval.started_at)
        ended = await self.session.exec(
            update(AgentInterval)
            .where(col(AgentInterval.session_id) == session_id, col(AgentInterval.ended_at).is_(None))
            .values(ended_at=case((started > at, started), else_=at))
            .returning(col(AgentInterval.ended_at)),
            execution_options=_UNSYNCHRONIZED,
        )
        row = ended.first()
        if row is None:
            raise AgentSessionError(f"Shift {session_id} is over, or unknown; log in again.")
        instant: datetime = row.ended_at
        return instant


def _claims(campaign_id: int, claims: Sequence[ClaimedLead]) -> tuple[ColumnElement[bool], ...]:
    tokens = [(claim.lead_id, claim.claimed_until) for claim in claims]
    return (
        col(CampaignLead.campaign_id) == campaign_id,
        col(CampaignLead.state) == "claimed",
        tuple_(col(CampaignLead.lead_id), col(CampaignLead.claimed_until)).in_(tokens),
    )


def _lead_after(ended: EndedAttempt) -> Update:
    """An update of the attempt's lead, unless it has had a later attempt."""
    return update(CampaignLead).where(
        col(CampaignLead.campaign_id) == ended.campaign_id,
        col(CampaignLead.lead_id) == ended.lead_id,
        col(CampaignLead.attempts) == ended.number,
    )
