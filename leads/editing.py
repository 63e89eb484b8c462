"""Changes leads: one, if nobody changed it meanwhile, or all that a filter chooses."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from leads.core.lead_changes import LeadChanges
from leads.core.lead_filter import LeadFilter
from leads.errors import BadLeadFilterError, UnknownLeadError
from leads.stores.editing import EditStore
from leads.stores.search import SearchStore
from leads.stores.shared import ROWS_PER_STATEMENT, Session, Sessions
from leads.stores.versions import Versions, check_version
from leads.viewing import LeadView, view_lead

Follow = Callable[[Session, Sequence[int], LeadChanges], Awaitable[None]]
"""What has to follow a change of these leads, in the same transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkUpdate:
    """How many leads the filter chose, and how many of them were written; none in a dry run."""

    chosen: int
    updated: int


async def edit_lead(
    sessions: Sessions,
    lead_id: int,
    changes: LeadChanges,
    *,
    if_match: Versions | None = None,
    follow: Follow | None = None,
) -> LeadView:
    """Changes one lead, if it still is of one of these versions (etags; None for any).

    Raises UnknownLeadError, also for an erased lead, and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        lead = await SearchStore(session).lead(lead_id, lock=True)
        if lead.erased_at is not None:
            raise UnknownLeadError(f"Lead {lead_id} was erased; nothing about it can be changed.")
        if if_match is not None:
            check_version(await view_lead(session, lead_id), if_match)
        await _apply(session, [lead_id], changes, follow)
        return await view_lead(session, lead_id)


async def update_leads(
    sessions: Sessions,
    wanted: LeadFilter,
    changes: LeadChanges,
    *,
    dry_run: bool,
    follow: Follow | None = None,
    on_progress: Callable[[BulkUpdate], None] | None = None,
) -> BulkUpdate:
    """Changes all leads that the filter chooses, some at a time; a dry run only counts them.

    A chunk is one transaction: what is done stays, if it fails on the way, and the same again goes on.
    Raises BadLeadFilterError for a filter without a condition, and what `SearchStore.choose` raises.
    """
    if wanted.is_empty:
        raise BadLeadFilterError("This means every lead; give at least one condition, such as a client.")
    async with sessions() as session:
        store = SearchStore(session)
        chosen = await store.choose(wanted)
        count = await store.count(chosen)
    updated = last = 0
    while not dry_run:
        async with sessions() as session, session.begin():
            ids = await SearchStore(session).ids(chosen, last, ROWS_PER_STATEMENT)
            if not ids:
                break
            await _apply(session, ids, changes, follow)
        updated, last = updated + len(ids), ids[-1]
        if on_progress:
            on_progress(BulkUpdate(chosen=max(count, updated), updated=updated))
    return BulkUpdate(chosen=max(count, updated), updated=updated)


async def _apply(session: Session, ids: Sequence[int], changes: LeadChanges, follow: Follow | None) -> None:
    await EditStore(session).apply(ids, changes)
    if follow is not None:
        await follow(session, ids, changes)
