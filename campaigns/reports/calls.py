"""Calls by campaign, list, agent, time, disposition and more, for the days of a client."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Any

from campaigns.core.attempt import IN, OUT
from campaigns.core.calling_window import clock_of
from campaigns.core.calls_report import (
    OF_TALLIES,
    OF_TIME,
    CallFilter,
    CallRow,
    check_group,
    period,
    row_of,
    sort_key,
    time_key,
)
from campaigns.core.tally import Counts
from campaigns.errors import InvalidInputError
from campaigns.reports.store import ReportStore
from campaigns.stores.call_groups import CallGroupStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.shared import Session, Sessions
from leads.errors import UnknownClientError
from leads.stores.leads import LeadStore
from leads.tables import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsAsked:
    """What is asked for, as it is given: a campaign, or all of a client's."""

    by: str
    campaign_id: int | None = None
    client: str | None = None
    list_id: int | None = None
    agent_id: int | None = None
    first: date | None = None
    last: date | None = None
    direction: str = OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsReport:
    """Every group in order; each call is in one. Days are those of `timezone`."""

    by: str
    client: str
    timezone: str
    first: date | None
    last: date | None
    total: CallRow
    rows: Sequence[CallRow]


async def report_calls(sessions: Sessions, asked: CallsAsked) -> CallsReport:
    """Raises CampaignNotFoundError, UnknownClientError and InvalidInputError."""
    async with sessions() as session:
        client, campaign_ids = await _whose(session, asked)
        clock = clock_of(client.timezone) or UTC
        start, end = period(asked.first, asked.last, clock)
        wanted = CallFilter(
            client=client.slug,
            campaign_ids=campaign_ids,
            direction=_direction(asked.direction),
            list_id=asked.list_id,
            agent_id=asked.agent_id,
            start=start,
            end=end,
        )
        check_group(asked.by, wanted)
        groups = await _groups(session, asked.by, wanted, clock)
        names = await ReportStore(session).names(asked.by, client.id)
    total = sum(groups.values(), start=Counts())
    return CallsReport(
        by=asked.by,
        client=client.slug,
        timezone=client.timezone,
        first=asked.first,
        last=asked.last,
        total=row_of("", "", "all", total, total, wanted, clock),
        rows=[
            row_of(asked.by, key, names.get(key, key), groups[key], total, wanted, clock)
            for key in sorted(groups, key=lambda each: sort_key(asked.by, each))
        ],
    )


def page_of(report: CallsReport, after: str, limit: int) -> tuple[Sequence[CallRow], str | None]:
    """The `limit` rows that follow the key `after`, and the key to go on after. Raises InvalidInputError."""
    rows = report.rows
    if after:
        try:
            last = sort_key(report.by, after)
        except ValueError as error:
            raise InvalidInputError("after takes the next of the page before.") from error
        rows = [each for each in rows if sort_key(report.by, each.key) > last]
    page = rows[:limit]
    return page, page[-1].key if len(page) < len(rows) else None


async def _groups(session: Session, by: str, wanted: CallFilter, clock: tzinfo) -> Mapping[str, Counts]:
    store = CallGroupStore(session)
    found = await (store.of_tallies if by in OF_TALLIES else store.of_attempts)(by, wanted)
    groups: defaultdict[str, Counts] = defaultdict(Counts)
    for value, counts in found.items():
        groups[_key(by, value, clock)] += counts
    return groups


def _key(by: str, value: Any, clock: tzinfo) -> str:
    return time_key(by, value, clock) if by in OF_TIME else str(value)


async def _whose(session: Session, asked: CallsAsked) -> tuple[Client, tuple[int, ...]]:
    leads = LeadStore(session)
    if asked.campaign_id is not None:
        campaign = await CampaignStore(session).get(asked.campaign_id)
        return await session.get_one(Client, campaign.client_id), (campaign.id,)
    if asked.client is None:
        raise InvalidInputError("Say of which campaign or client: a report's days are those of one client.")
    client = await leads.client(asked.client)
    if client is None:
        raise UnknownClientError(f"There is no client {asked.client[:64]!r}; importing leads creates it.")
    return client, tuple(await CampaignStore(session).ids_of(client.id))


def _direction(given: str) -> str:
    if given not in (OUT, IN):
        raise InvalidInputError("The direction is out for calls that we placed, or in for those to us.")
    return given
