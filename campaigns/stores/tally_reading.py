"""Reads the tallies of calls. Calls that go on are added from the attempts: few are open at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from campaigns.core.attempt import OUT
from campaigns.core.tally import (
    CALL_COLUMNS,
    COUNTS,
    NO_AGENT,
    REACH_COUNTS,
    Counts,
    Reach,
    TalliedCall,
    contribution,
    reach_counts,
    reach_of,
    together,
)
from campaigns.stores.shared import Session, placed_by_us, read
from campaigns.tables import Attempt, CallTotal, LeadTotal
from leads.stores.shared import chunks

CALL = tuple(col(getattr(Attempt, name)) for name in CALL_COLUMNS)


class TallyReader:
    """What is counted of a campaign from its beginning, in as many rows as it has agents, lists and codes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def totals(
        self, campaign_id: int, by: Sequence[str], *, direction: str | None = OUT
    ) -> dict[tuple[Any, ...], Counts]:
        """Counts by columns of the tally: of calls that we placed, of those to us, or of both (None)."""
        columns = [col(getattr(CallTotal, each)) for each in by]
        sums = [func.sum(col(getattr(CallTotal, each))) for each in COUNTS]
        wanted = select(*columns, *sums).where(col(CallTotal.campaign_id) == campaign_id)
        if direction is not None:
            wanted = wanted.where(col(CallTotal.direction) == direction)
        wanted = wanted.group_by(*columns) if columns else wanted
        found: defaultdict[tuple[Any, ...], Counts] = defaultdict(Counts)
        for row in await read(self._session, wanted):
            found[tuple(row[: len(by)])] = summed(row[len(by) :])
        for call in await open_calls(self._session, col(Attempt.campaign_id) == campaign_id):
            if direction in (None, call.direction):
                found[tuple(value_of(call, each) for each in by)] += contribution(call)
        return {key: counts for key, counts in found.items() if counts.calls}

    async def leads(self, campaign_id: int) -> dict[str, int]:
        """Different leads by how far our calls to them have come, by the names of REACH_COUNTS."""
        sums = [func.sum(col(getattr(LeadTotal, name))) for name in REACH_COUNTS]
        (row,) = await read(self._session, select(*sums).where(col(LeadTotal.campaign_id) == campaign_id))
        found = {name: int(value or 0) for name, value in zip(REACH_COUNTS, row, strict=True)}
        living: defaultdict[int, list[Reach]] = defaultdict(list)
        for call in await open_calls(self._session, col(Attempt.campaign_id) == campaign_id):
            if call.direction == OUT:
                living[call.lead_id].append(reach_of(call))
        over = await self._reached(campaign_id, sorted(living))
        for lead_id, reaches in living.items():
            for name, more in reach_counts(over[lead_id], together([over[lead_id], *reaches])).items():
                found[name] += more
        return found

    async def _reached(self, campaign_id: int, lead_ids: Sequence[int]) -> dict[int, Reach]:
        """How far the calls to leads have come that are over."""
        found = {lead_id: Reach(0) for lead_id in lead_ids}
        for chunk in chunks(lead_ids):
            wanted = select(*CALL).where(
                placed_by_us(),
                col(Attempt.campaign_id) == campaign_id,
                col(Attempt.lead_id).in_(chunk),
                col(Attempt.ended_at).is_not(None),
            )
            for row in (await read(self._session, wanted)).mappings():
                found[row["lead_id"]] |= reach_of(TalliedCall(**row))
        return found


async def open_calls(session: Session, *conditions: ColumnElement[bool]) -> list[TalliedCall]:
    """The calls that go on."""
    wanted = select(*CALL).where(col(Attempt.ended_at).is_(None), *conditions)
    return [TalliedCall(**row) for row in (await read(session, wanted)).mappings()]


def summed(values: Iterable[Any]) -> Counts:
    """Counts from the sums of their columns, in the order of COUNTS; of no row they are None."""
    return Counts(**{name: int(value or 0) for name, value in zip(COUNTS, values, strict=True)})


def value_of(call: TalliedCall, column: str) -> Any:
    """What a tally has in a column of its key for a call."""
    return call.agent_id or NO_AGENT if column == "agent_id" else getattr(call, column)
