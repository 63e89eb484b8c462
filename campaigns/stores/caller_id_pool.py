"""What a campaign may show now, the count of a day's calls, and what calls from each number came to."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update
from sqlmodel import col

from campaigns.core.caller_ids import SHORT_CALL, CallerNumber, day_of, zone_of_number
from campaigns.stores.dials import NOT_DIALED
from campaigns.stores.shared import Session, placed_by_us, read, seconds_between, write
from campaigns.tables import (
    Attempt,
    CallerId,
    CallerIdDay,
    CallerIdGroup,
    CallerIdMember,
    CallerIdRest,
    Campaign,
)
from leads.stores.shared import chunks, insert_into

Record = Any
"""A CallerId, or a row of `_COLUMNS`: a group may have many, and they are read before every call."""
_COLUMNS = (
    col(CallerId.e164),
    col(CallerId.client_id),
    col(CallerId.display_name),
    col(CallerId.daily_cap),
    col(CallerId.active),
    col(CallerId.timezone),
    col(CallerId.owned_from),
    col(CallerId.owned_until),
    col(CallerId.retired_at),
)


@dataclass(frozen=True, slots=True)
class CallsFrom:
    """What calls that showed one number came to, once over; those given up or lost are not among them."""

    calls: int = 0
    answered: int = 0
    blocked: int = 0
    short: int = 0
    """Of those answered: over within SHORT_CALL."""


class CallerIdPoolStore:
    """The caller IDs of campaigns as they are being dialed with."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def numbers(self, campaign: Campaign, now: datetime) -> list[CallerNumber]:
        """The campaign's numbers: those of its group, or its only one, each with its calls of the day."""
        if campaign.caller_id_group:
            records = await self._members(campaign)
        else:
            record = await self._newest(campaign.caller_id)
            if record is None:
                # Nobody has put it on record, so that nothing is known against it.
                return await self.known(campaign.client_id, [(campaign.caller_id, None)], now)
            records = [record]
        return await self.known(campaign.client_id, [(each.e164, each) for each in records], now)

    async def known(
        self, client_id: int, numbers: Sequence[tuple[str, Record | None]], now: datetime
    ) -> list[CallerNumber]:
        """Numbers, each with the record of whoever has it, as a client may show them now; in order."""
        zones = {e164: record.timezone if record else zone_of_number(e164) for e164, record in numbers}
        day_in = {zone: day_of(zone, now) for zone in set(zones.values())}
        days = {e164: day_in[zone] for e164, zone in zones.items()}
        calls = await self._calls(client_id, days)
        rests = await self._rests(days)
        return [
            CallerNumber(
                e164=e164,
                day=days[e164][0],
                day_ends=days[e164][1],
                calls_today=calls.get(e164, 0),
                daily_cap=record.daily_cap if record else None,
                in_use=record is None or _in_use(record, client_id, days[e164][0]),
                rests_until=rests.get(e164),
                display_name=record.display_name if record else "",
            )
            for e164, record in numbers
        ]

    async def count(
        self, client_id: int, wanted: Mapping[str, int], numbers: Mapping[str, CallerNumber]
    ) -> Counter[str]:
        """Counts calls that are about to be placed, by number; how many of them its cap leaves no room for.

        Whoever else counts a call from one of these numbers waits for the end of the transaction, so that
        nobody's count passes the cap.
        """
        if not wanted:
            return Counter()
        # In one order for all, so that nobody waits in a circle.
        rows = [
            {"client_id": client_id, "caller_id": each, "day": numbers[each].day, "calls": wanted[each]}
            for each in sorted(wanted)
        ]
        add = insert_into(self.session, CallerIdDay).values(rows)
        added = add.on_conflict_do_update(
            index_elements=["client_id", "caller_id", "day"],
            set_={"calls": col(CallerIdDay.calls) + add.excluded.calls},
        ).returning(col(CallerIdDay.caller_id), col(CallerIdDay.calls))
        over: Counter[str] = Counter()
        for row in (await write(self.session, added)).all():
            cap = numbers[row.caller_id].daily_cap
            if cap is not None and row.calls > cap:
                over[row.caller_id] = min(wanted[row.caller_id], row.calls - cap)
        for e164, too_many in over.items():
            mine = (col(CallerIdDay.client_id) == client_id, col(CallerIdDay.caller_id) == e164)
            less = update(CallerIdDay).where(*mine, col(CallerIdDay.day) == numbers[e164].day)
            await write(self.session, less.values(calls=CallerIdDay.calls - too_many))
        return over

    async def calls_from(
        self, client_id: int, e164s: Collection[str], since: datetime
    ) -> dict[str, CallsFrom]:
        """What the client's calls since then came to, by the number that they showed; none where none did."""
        answered = col(Attempt.answered_at)
        short = seconds_between(self.session, answered, col(Attempt.ended_at)) <= SHORT_CALL.total_seconds()
        found: dict[str, CallsFrom] = {}
        for chunk in chunks(sorted(e164s)):
            wanted = (
                select(
                    col(Attempt.caller_id),
                    func.count(),
                    func.count(answered),
                    func.sum(case((col(Attempt.outcome) == "blocked", 1), else_=0)),
                    func.sum(case((short, 1), else_=0)),
                )
                .where(
                    placed_by_us(),
                    col(Attempt.caller_id).in_(chunk),
                    col(Attempt.placed_at) >= since,
                    col(Attempt.ended_at).is_not(None),
                    col(Attempt.outcome).not_in(NOT_DIALED),
                    col(Attempt.campaign_id).in_(
                        select(col(Campaign.id)).where(col(Campaign.client_id) == client_id)
                    ),
                )
                .group_by(col(Attempt.caller_id))
            )
            for caller_id, *counts in await read(self.session, wanted):
                found[caller_id] = CallsFrom(*counts)
        return found

    async def _members(self, campaign: Campaign) -> Sequence[Record]:
        wanted = (
            select(*_COLUMNS)
            .join(CallerIdMember, col(CallerIdMember.number_id) == col(CallerId.id))
            .join(CallerIdGroup, col(CallerIdGroup.id) == col(CallerIdMember.group_id))
            .where(
                col(CallerIdGroup.client_id) == campaign.client_id,
                col(CallerIdGroup.name) == campaign.caller_id_group,
            )
            .order_by(col(CallerId.e164))
        )
        return (await read(self.session, wanted)).all()

    async def _newest(self, e164: str) -> Record | None:
        """The newest record of a number, whosever it is: it says whose the number is now, if anybody's."""
        wanted = select(*_COLUMNS).where(col(CallerId.e164) == e164).order_by(col(CallerId.id).desc())
        return (await read(self.session, wanted.limit(1))).one_or_none()

    async def _calls(self, client_id: int, days: Mapping[str, tuple[str, datetime]]) -> dict[str, int]:
        found = {}
        for chunk in chunks(list(days)):
            wanted = select(col(CallerIdDay.caller_id), col(CallerIdDay.day), col(CallerIdDay.calls)).where(
                col(CallerIdDay.client_id) == client_id,
                col(CallerIdDay.caller_id).in_(chunk),
                col(CallerIdDay.day).in_({day for day, _ in days.values()}),
            )
            for caller_id, day, calls in await read(self.session, wanted):
                if days[caller_id][0] == day:
                    found[caller_id] = calls
        return found

    async def _rests(self, e164s: Iterable[str]) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for chunk in chunks(list(e164s)):
            wanted = select(col(CallerIdRest.caller_id), col(CallerIdRest.until)).where(
                col(CallerIdRest.caller_id).in_(chunk)
            )
            found |= {row.caller_id: row.until for row in await read(self.session, wanted)}
        return found


def _in_use(record: Record, client_id: int, day: str) -> bool:
    return (
        record.client_id == client_id
        and record.retired_at is None
        and record.active
        and record.owned_from <= day
        and (not record.owned_until or day <= record.owned_until)
    )
