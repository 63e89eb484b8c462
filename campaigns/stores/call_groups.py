"""Counts of calls by group: from the tallies where they are kept by it, else from attempts."""

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from campaigns.core.attempt import CallsWanted
from campaigns.core.calls_report import OF_TIME, CallFilter
from campaigns.core.tally import COUNTS, NO_AGENT, Counts, contribution
from campaigns.stores.attempts import conditions
from campaigns.stores.recounting import counts_of_group, grouped
from campaigns.stores.shared import Session, read
from campaigns.stores.tally_reading import open_calls, summed, value_of
from campaigns.tables import Attempt, CallTally, CallTotal

_COLUMN = {"campaign": "campaign_id", "list": "list_id", "agent": "agent_id", "attempt_number": "number"}
"""What a group is called as a column, where that is another word."""


class CallGroupStore:
    """Reads only. The groups are the values of a column; of hours, days and weeks the hours."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_tallies(self, by: str, wanted: CallFilter) -> dict[Any, Counts]:
        """Every call, also those that go on."""
        timed = by in OF_TIME
        table: Any = CallTally if timed or wanted.start or wanted.end else CallTotal
        name = "hour" if timed else _COLUMN.get(by, by)
        group = col(getattr(table, name))
        sums = [func.sum(col(getattr(table, each))) for each in COUNTS]
        rows = select(group, *sums).where(*_of_table(table, wanted)).group_by(group)
        found: defaultdict[Any, Counts] = defaultdict(Counts)
        for key, *values in await read(self._session, rows):
            found[key] = summed(values)
        for call in await open_calls(self._session, *conditions(attempts_of(wanted))):
            found[call.placed_at if timed else value_of(call, name)] += contribution(call)
        return {key: counts for key, counts in found.items() if counts.calls}

    async def of_attempts(self, by: str, wanted: CallFilter) -> dict[Any, Counts]:
        """The same, counted one by one."""
        group: ColumnElement[Any] = col(getattr(Attempt, _COLUMN.get(by, by))).label("group")
        found: defaultdict[Any, Counts] = defaultdict(Counts)
        rows = grouped(self._session, [group]).where(*conditions(attempts_of(wanted)))
        for row in await read(self._session, rows):
            found[row.group] += counts_of_group(row)
        return found


def attempts_of(wanted: CallFilter) -> CallsWanted:
    """The attempts that a report is about."""
    return CallsWanted(
        campaign_ids=wanted.campaign_ids,
        direction=wanted.direction,
        list_id=wanted.list_id,
        agent_id=wanted.agent_id,
        placed_from=wanted.start,
        placed_before=wanted.end,
    )


def _of_table(table: Any, wanted: CallFilter) -> list[ColumnElement[bool]]:
    found = [col(table.campaign_id).in_(wanted.campaign_ids), col(table.direction) == wanted.direction]
    if wanted.list_id is not None:
        found.append(col(table.list_id) == wanted.list_id)
    if wanted.agent_id is not None:
        found.append(col(table.agent_id) == (wanted.agent_id or NO_AGENT))
    if wanted.start is not None:
        found.append(col(table.hour) >= wanted.start)
    if wanted.end is not None:
        found.append(col(table.hour) < wanted.end)
    return found
