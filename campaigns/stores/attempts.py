"""Attempts in the database."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Unpack

from sqlalchemy import ColumnElement, literal, tuple_, update
from sqlmodel import col, select

from campaigns.core.attempt import (
    EVERY_CALL,
    IN,
    AttemptChanges,
    CallsWanted,
    EndedAttempt,
    Ending,
    NewAttempt,
    NewInbound,
)
from campaigns.core.tally import CALL_COLUMNS, TalliedCall
from campaigns.errors import AttemptNotFoundError
from campaigns.stores.shared import Session, write
from campaigns.stores.tallies import TallyStore, tallied
from campaigns.tables import Attempt, CampaignLead
from leads.tables import UtcDateTime

_EQUAL = (
    "direction",
    "list_id",
    "outcome",
    "disposition",
    "trunk",
    "caller_id",
    "number",
    "local_hour",
    "country",
)
_OF_ENDED = tuple(each.name for each in fields(EndedAttempt))
_ENDED = sorted({*CALL_COLUMNS, *_OF_ENDED} - {"attempt_id"})


def conditions(wanted: CallsWanted) -> list[ColumnElement[bool]]:
    """The attempts that are wanted."""
    found: list[ColumnElement[bool]] = [
        col(getattr(Attempt, name)) == value
        for name, value in asdict(wanted).items()
        if value is not None and name in _EQUAL
    ]
    if wanted.agent_id is not None:
        agent = col(Attempt.agent_id)
        found.append(agent == wanted.agent_id if wanted.agent_id else agent.is_(None))
    if wanted.campaign_ids is not None:
        found.append(col(Attempt.campaign_id).in_(wanted.campaign_ids))
    if wanted.placed_from is not None:
        found.append(col(Attempt.placed_at) >= wanted.placed_from)
    if wanted.placed_before is not None:
        found.append(col(Attempt.placed_at) < wanted.placed_before)
    return found


class AttemptStore:
    """Attempts: about to be placed, under way, and over."""

    def __init__(self, session: Session) -> None:
        self.session = session

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
                list_id=each.list_id,
                local_hour=each.local_hour,
                country=each.country,
                address_country=each.address_country,
                subject=each.subject,
                debt=each.debt,
                caller_id=each.caller_id,
                placed_at=now,
            )
            for each in attempts
        ]
        self.session.add_all(rows)
        await self.session.flush()
        calling = {"state": "calling", "reason": "calling", "claimed_until": None, "denial": None}
        leads = col(CampaignLead.lead_id).in_([each.lead_id for each in attempts])
        await write(
            self.session,
            update(CampaignLead)
            .where(col(CampaignLead.campaign_id) == campaign_id, leads)
            .values(
                attempts=CampaignLead.attempts + 1, last_attempt_at=literal(now, UtcDateTime()), **calling
            ),
        )
        return [row.id for row in rows]

    async def read_attempt(self, attempt_id: int) -> Attempt:
        """An attempt, to be read only. Raises AttemptNotFoundError."""
        found = await self.session.get(Attempt, attempt_id)
        if found is None:
            raise AttemptNotFoundError(f"There is no attempt {attempt_id}.")
        return found

    async def record_inbound(self, call: NewInbound, now: datetime) -> int:
        """Write a call that has come and rings; its id."""
        row = Attempt(direction=IN, number=0, permit={}, placed_at=now, ringing_at=now, **asdict(call))
        self.session.add(row)
        await self.session.flush()
        return row.id

    async def get_attempt(self, attempt_id: int) -> Attempt:
        """An attempt as it is now, locked to the end of the transaction. Raises AttemptNotFoundError."""
        found = await self.session.get(
            Attempt, attempt_id, populate_existing=True, with_for_update={"key_share": True}
        )
        if found is None:
            raise AttemptNotFoundError(f"There is no attempt {attempt_id}.")
        return found

    async def attempts_page(
        self, campaign_id: int | None, after: int, limit: int, wanted: CallsWanted = EVERY_CALL
    ) -> Sequence[Attempt]:
        """The `limit` attempts, of one campaign or of all, that follow number `after`.

        Of a period, in the order in which they were placed.
        """
        calls = select(Attempt).where(*conditions(wanted)).limit(limit)
        if campaign_id is not None:
            calls = calls.where(Attempt.campaign_id == campaign_id)
        if wanted.placed_from is None and wanted.placed_before is None:
            return (await self.session.exec(calls.where(Attempt.id > after).order_by(col(Attempt.id)))).all()
        order = (col(Attempt.placed_at), col(Attempt.id))
        if after and (last := await self.session.get(Attempt, after)) is not None:
            calls = calls.where(tuple_(*order) > tuple_(literal(last.placed_at, UtcDateTime()), after))
        return (await self.session.exec(calls.order_by(*order))).all()

    async def last_agents(self, lead_ids: Sequence[int]) -> dict[int, int]:
        """Lead to the agent who talked last with it, in whichever campaign; without one it is left out."""
        talks = (
            select(Attempt.lead_id, Attempt.agent_id)
            .where(col(Attempt.lead_id).in_(lead_ids), col(Attempt.connected_at).is_not(None))
            .order_by(col(Attempt.id))
        )
        return {lead: agent for lead, agent in await self.session.exec(talks) if agent is not None}

    async def update_attempt(self, attempt_id: int, **changes: Unpack[AttemptChanges]) -> None:
        """Write what has become known of a call."""
        mine = update(Attempt).where(col(Attempt.id) == attempt_id, col(Attempt.ended_at).is_(None))
        if (await write(self.session, mine.values(**changes))).rowcount:
            return
        attempt = await self.session.get(
            Attempt, attempt_id, populate_existing=True, with_for_update={"key_share": True}
        )
        if attempt is None:
            return
        before = tallied(attempt)
        for name, value in changes.items():
            setattr(attempt, name, value)
        await self.session.flush()
        # As the database keeps it: to the millisecond.
        await self.session.refresh(attempt)
        TallyStore(self.session).changed(before, tallied(attempt))

    async def finish_attempt(self, attempt_id: int, ending: Ending, now: datetime) -> EndedAttempt | None:
        """Write how a call ended at `now`; None if it had ended before, and then nothing changes."""
        ended = await write(
            self.session,
            update(Attempt)
            .where(col(Attempt.id) == attempt_id, col(Attempt.ended_at).is_(None))
            .values(ended_at=now, **asdict(ending) | {"rerouted": list(ending.rerouted)})
            .returning(*(col(getattr(Attempt, name)) for name in _ENDED)),
        )
        row = ended.mappings().first()
        if row is None:
            return None
        found = dict(row)
        TallyStore(self.session).ended(TalliedCall(**{name: found[name] for name in CALL_COLUMNS}))
        found["attempt_id"] = found["id"]
        return EndedAttempt(**{name: found[name] for name in _OF_ENDED})
