"""Counts a campaign's calls anew, from the attempts themselves, and puts the result in place of the tallies.

The database groups calls by what decides how they count, and by the quarter of an hour in which they were
placed, with which hours begin in every zone; the rules of campaigns.core.tally are applied to the groups.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    delete,
    extract,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy import Integer as SqlInteger
from sqlmodel import col

from campaigns.core.calling_window import clock_of
from campaigns.core.disposition import Flag
from campaigns.core.tally import COUNTS, NO_AGENT, REACH_COUNTS, Counts, Kind, as_row, counts_of, hour_of
from campaigns.stores.shared import Session, placed_by_us, read, seconds_between, was_said, write
from campaigns.stores.tallies import LEADS_KEY, TALLY_KEY, TOTAL_KEY, Key, add_up
from campaigns.tables import Attempt, CallTally, CallTotal, Campaign, LeadTotal
from leads.stores.shared import on_postgresql
from leads.tables import Client

_QUARTER_S = 900
_ROWS_AT_ONCE = 5000

Rows = Mapping[Key, Mapping[str, int]]
TABLES: Mapping[str, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {
    "call_tally": (CallTally, TALLY_KEY, COUNTS),
    "call_total": (CallTotal, TOTAL_KEY, COUNTS),
    "lead_total": (LeadTotal, LEADS_KEY, REACH_COUNTS),
}
"""Name to the table, the columns of its key, and its counts."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """All that is counted of one campaign; rows without a count are left out."""

    call_tally: Rows
    call_total: Rows
    lead_total: Rows


class RecountStore:
    """Reads in one snapshot where the caller has begun the transaction with `snapshot` or `alone`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def snapshot(self) -> None:
        """What follows in the transaction sees one moment; it is the first thing done in it."""
        if on_postgresql(self._session):
            await self._session.connection(execution_options={"isolation_level": "REPEATABLE READ"})

    async def alone(self) -> None:
        """Nobody else counts a call until the transaction ends; calls that end meanwhile wait."""
        if on_postgresql(self._session):
            await read(self._session, text("LOCK TABLE call_tally IN SHARE ROW EXCLUSIVE MODE"))

    async def set_zone(self, client_id: int, zone: str) -> None:
        """From now on the client's hours are those of a zone."""
        await write(self._session, update(Client).where(col(Client.id) == client_id).values(timezone=zone))

    async def kept(self, campaign_id: int) -> Tallies:
        """As they stand."""
        found: dict[str, dict[Key, dict[str, int]]] = {}
        for name, (table, key, counts) in TABLES.items():
            columns = [col(getattr(table, each)) for each in (*key, *counts)]
            wanted = select(*columns).where(col(table.campaign_id) == campaign_id)
            rows = {}
            for row in await read(self._session, wanted):
                values = dict(zip(counts, row[len(key) :], strict=True))
                if any(values.values()):
                    rows[tuple(row[: len(key)])] = values
            found[name] = rows
        return Tallies(**found)

    async def recount(self, campaign_id: int) -> Tallies:
        """As they should be."""
        clock = await self._clock(campaign_id)
        by_hour: defaultdict[Key, Counts] = defaultdict(Counts)
        of_all_time: defaultdict[Key, Counts] = defaultdict(Counts)
        found = await self._session.stream(self._groups(campaign_id))
        async for rows in found.partitions(_ROWS_AT_ONCE):
            for row in rows:
                counts = counts_of_group(row)
                place = (row.direction, row.list_id, row.agent_id, row.outcome, row.disposition)
                hour = hour_of(datetime.fromtimestamp(row.quarter * _QUARTER_S, UTC), clock)
                by_hour[campaign_id, hour, *place] += counts
                of_all_time[campaign_id, row.local_hour, *place] += counts
        return Tallies(
            {key: as_row(counts) for key, counts in by_hour.items()},
            {key: as_row(counts) for key, counts in of_all_time.items()},
            await self._leads(campaign_id),
        )

    async def replace(self, campaign_id: int, tallies: Tallies) -> None:
        """Puts these in place of those there are."""
        for name, (table, key, counts) in TABLES.items():
            await write(self._session, delete(table).where(col(table.campaign_id) == campaign_id))
            rows = getattr(tallies, name)
            await self._session.run_sync(add_up, table, key, counts, rows)

    async def _clock(self, campaign_id: int) -> tzinfo:
        wanted = (
            select(col(Client.timezone))
            .join(Campaign, col(Campaign.client_id) == col(Client.id))
            .where(col(Campaign.id) == campaign_id)
        )
        return clock_of((await read(self._session, wanted)).scalar_one()) or UTC

    def _groups(self, campaign_id: int) -> Any:
        placed = col(Attempt.placed_at)
        quarter: ColumnElement[Any] = cast(func.strftime("%s", placed), SqlInteger).op("/")(_QUARTER_S)
        if on_postgresql(self._session):
            quarter = cast(func.floor(extract("epoch", placed) / _QUARTER_S), SqlInteger)
        columns: list[Any] = [
            col(Attempt.direction),
            col(Attempt.list_id),
            func.coalesce(col(Attempt.agent_id), NO_AGENT).label("agent_id"),
            col(Attempt.local_hour),
            quarter.label("quarter"),
            col(Attempt.disposition),
        ]
        calls = grouped(self._session, columns)
        return calls.where(col(Attempt.campaign_id) == campaign_id, col(Attempt.ended_at).is_not(None))

    async def _leads(self, campaign_id: int) -> dict[Key, dict[str, int]]:
        reached = _reached()
        leads = (
            select(
                col(Attempt.list_id),
                *(func.max(case((each, 1), else_=0)).label(name) for name, each in reached.items()),
            )
            .where(placed_by_us(), col(Attempt.campaign_id) == campaign_id)
            .where(col(Attempt.ended_at).is_not(None))
            .group_by(col(Attempt.lead_id), col(Attempt.list_id))
            .subquery()
        )
        sums = [func.sum(leads.c[name]).label(name) for name in reached]
        rows = await read(self._session, select(leads.c.list_id, *sums).group_by(leads.c.list_id))
        return {
            (campaign_id, row.list_id): {name: int(getattr(row, name)) for name in reached} for row in rows
        }


def _reached() -> dict[str, ColumnElement[bool]]:
    """What each count of leads asks of one of their calls: `campaigns.core.tally.reach_of` in SQL."""
    person = or_(col(Attempt.outcome).in_(("human", "abandoned")), was_said(Flag.HUMAN_ANSWERED))
    asked = (
        col(Attempt.ended_at).is_not(None),
        col(Attempt.answered_at).is_not(None),
        and_(~was_said(Flag.MACHINE), person),
        was_said(Flag.CUSTOMER_CONTACT),
        was_said(Flag.RIGHT_PARTY),
        was_said(Flag.CONVERSION),
    )
    return dict(zip(REACH_COUNTS, asked, strict=True))


def grouped(session: Session, columns: Sequence[Any]) -> Select[Any]:
    """Attempts by these columns and by what decides how they count; `counts_of_group` counts each row."""
    ends = func.coalesce(col(Attempt.answered_at), col(Attempt.ended_at))
    group = [
        *columns,
        col(Attempt.outcome),
        col(Attempt.disposition_flags),
        col(Attempt.amd_verdict),
        col(Attempt.answered_at).is_not(None).label("answered"),
        col(Attempt.connected_at).is_not(None).label("talked"),
    ]
    return select(
        *group,
        func.count().label("calls"),
        _milliseconds(session, col(Attempt.ringing_at), ends).label("ring_ms"),
        _milliseconds(session, col(Attempt.connected_at), col(Attempt.ended_at)).label("talk_ms"),
    ).group_by(*group)


def counts_of_group(row: Any) -> Counts:
    """So many calls that count alike, with their times."""
    one = counts_of(Kind(**{each.name: getattr(row, each.name) for each in fields(Kind)}))
    many = {name: value * row.calls for name, value in as_row(one).items()}
    return Counts(**many | {"ring_ms": int(row.ring_ms), "talk_ms": int(row.talk_ms)})


def _milliseconds(session: Session, start: Any, end: Any) -> ColumnElement[Any]:
    """The sum over a group, without what is not known or negative."""
    taken = func.round(seconds_between(session, start, end) * 1000)
    return func.coalesce(func.sum(case((end > start, taken), else_=0)), 0)
