"""Counts calls as they end and as they change afterwards, in the transaction that does it.

What a transaction changes is written at its end, together and in the order of the keys: so no two
transactions wait for each other in a circle, a batch of calls costs a few statements, and the rows that
everybody writes are locked for no longer than the commit takes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session as SyncSession
from sqlmodel import SQLModel, col

from campaigns.core.attempt import OUT
from campaigns.core.calling_window import clock_of
from campaigns.core.tally import (
    CALL_COLUMNS,
    COUNTS,
    NO_AGENT,
    REACH_COUNTS,
    Counts,
    TalliedCall,
    as_row,
    contribution,
    hour_of,
    reach_counts,
    reach_of,
    together,
)
from campaigns.stores.shared import Session, placed_by_us
from campaigns.tables import Attempt, CallTally, CallTotal, Campaign, CampaignLead, LeadTotal
from leads.stores.shared import chunks, insert_into, on_postgresql
from leads.tables import Client

_PENDING = "tallies"
_CALL = tuple(col(getattr(Attempt, name)) for name in CALL_COLUMNS)

TALLY_KEY = ("campaign_id", "hour", "direction", "list_id", "agent_id", "outcome", "disposition")
TOTAL_KEY = ("campaign_id", "local_hour", "direction", "list_id", "agent_id", "outcome", "disposition")
LEADS_KEY = ("campaign_id", "list_id")

Change = tuple[TalliedCall | None, TalliedCall]
Key = tuple[Any, ...]


def tallied(attempt: Attempt) -> TalliedCall:
    """What of an attempt counts."""
    return TalliedCall(**{name: getattr(attempt, name) for name in CALL_COLUMNS})


class TallyStore:
    """What reports read instead of attempts."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def ended(self, call: TalliedCall) -> None:
        """A call is over, and counts from now on."""
        self._note((None, call))

    def changed(self, before: TalliedCall, after: TalliedCall) -> None:
        """Something else is known of a call that is over; one that goes on counts when it ends."""
        if before.ended_at is not None and before != after:
            self._note((before, after))

    def _note(self, change: Change) -> None:
        """Has a change written when the transaction ends. Not for savepoints, which may be taken back."""
        if _PENDING not in self.session.info:
            self.session.info[_PENDING] = []
            event.listen(self.session.sync_session, "before_commit", _write_pending)
            event.listen(self.session.sync_session, "after_rollback", _forget_pending)
        self.session.info[_PENDING].append(change)


def _forget_pending(session: SyncSession) -> None:
    session.info[_PENDING].clear()


def _write_pending(session: SyncSession) -> None:
    changes: list[Change] = session.info[_PENDING]
    if not changes or session.in_nested_transaction():
        return
    if on_postgresql(session):
        # Whoever counts everything anew, or changes a client's zone, has the table to themselves.
        session.execute(text("LOCK TABLE call_tally IN ROW EXCLUSIVE MODE"))
    by_hour, of_all_time = _sums(changes, _clocks(session, {call.campaign_id for _, call in changes}))
    leads = _lead_sums(session, changes)
    add_up(session, CallTally, TALLY_KEY, COUNTS, by_hour)
    add_up(session, CallTotal, TOTAL_KEY, COUNTS, of_all_time)
    add_up(session, LeadTotal, LEADS_KEY, REACH_COUNTS, leads)
    changes.clear()


def _clocks(session: SyncSession, campaign_ids: Iterable[int]) -> dict[int, Any]:
    """Campaign to its client's clock."""
    wanted = (
        select(col(Campaign.id), col(Client.timezone))
        .join(Client, col(Client.id) == col(Campaign.client_id))
        .where(col(Campaign.id).in_(sorted(campaign_ids)))
    )
    return {campaign_id: clock_of(zone) for campaign_id, zone in session.execute(wanted)}


def _sums(
    changes: Sequence[Change], clocks: Mapping[int, Any]
) -> tuple[dict[Key, dict[str, int]], dict[Key, dict[str, int]]]:
    """By how much the counts change, by hour and of all time."""
    by_hour: defaultdict[Key, Counts] = defaultdict(Counts)
    of_all_time: defaultdict[Key, Counts] = defaultdict(Counts)
    for before, after in changes:
        for call, sign in ((before, -1), (after, 1)):
            if call is None:
                continue
            counts = contribution(call) if sign > 0 else -contribution(call)
            place = (call.direction, call.list_id, call.agent_id or NO_AGENT, call.outcome, call.disposition)
            hour = hour_of(call.placed_at, clocks[call.campaign_id])
            by_hour[call.campaign_id, hour, *place] += counts
            of_all_time[call.campaign_id, call.local_hour, *place] += counts
    return _as_rows(by_hour), _as_rows(of_all_time)


def _as_rows(sums: Mapping[Key, Counts]) -> dict[Key, dict[str, int]]:
    nothing = Counts()
    return {key: as_row(counts) for key, counts in sums.items() if counts != nothing}


def _lead_sums(session: SyncSession, changes: Sequence[Change]) -> dict[Key, dict[str, int]]:
    """By how much the counts of different leads change."""
    of_lead: defaultdict[tuple[int, int], list[Change]] = defaultdict(list)
    for before, after in changes:
        if after.direction == OUT and (before is None or reach_of(before) != reach_of(after)):
            of_lead[after.campaign_id, after.lead_id].append((before, after))
    sums: defaultdict[Key, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for campaign_id in sorted({campaign for campaign, _ in of_lead}):
        lead_ids = sorted(lead for campaign, lead in of_lead if campaign == campaign_id)
        calls = _calls_of(session, campaign_id, lead_ids)
        for lead_id in lead_ids:
            changed: dict[int, Change] = {}
            for before, after in of_lead[campaign_id, lead_id]:
                first = changed.get(after.id, (before, after))[0]
                changed[after.id] = (first, after)
            others = together(reach_of(each) for each in calls[lead_id] if each.id not in changed)
            was = together(reach_of(before) for before, _ in changed.values() if before is not None)
            now = together(reach_of(after) for _, after in changed.values())
            list_id = next(iter(changed.values()))[1].list_id
            for name, count in reach_counts(others | was, others | now).items():
                sums[campaign_id, list_id][name] += count
    return {key: {name: counts[name] for name in REACH_COUNTS} for key, counts in sums.items()}


def _calls_of(
    session: SyncSession, campaign_id: int, lead_ids: Sequence[int]
) -> dict[int, list[TalliedCall]]:
    """Our calls to leads that are over; nobody changes what counts of them before this transaction ends."""
    found: dict[int, list[TalliedCall]] = {lead_id: [] for lead_id in lead_ids}
    for chunk in chunks(lead_ids):
        lead = col(CampaignLead.lead_id)
        locked = select(lead).where(col(CampaignLead.campaign_id) == campaign_id, lead.in_(chunk))
        session.execute(locked.order_by(lead).with_for_update(key_share=True)).all()
        calls = select(*_CALL).where(
            placed_by_us(),
            col(Attempt.campaign_id) == campaign_id,
            col(Attempt.lead_id).in_(chunk),
            col(Attempt.ended_at).is_not(None),
        )
        for row in session.execute(calls).mappings():
            call = TalliedCall(**row)
            found[call.lead_id].append(call)
    return found


def add_up(
    session: SyncSession,
    table: type[SQLModel],
    key: Sequence[str],
    names: Sequence[str],
    sums: Mapping[Key, Mapping[str, int]],
) -> None:
    """Adds to the rows of a tally, in the order of their keys."""
    if not sums:
        return
    insert = insert_into(session, table.__table__)  # type: ignore[attr-defined]
    more = {name: insert.table.c[name] + insert.excluded[name] for name in names}
    upsert = insert.on_conflict_do_update(index_elements=list(key), set_=more)
    rows = [dict(zip(key, values, strict=True)) | dict(sums[values]) for values in sorted(sums)]
    session.execute(upsert, rows)
