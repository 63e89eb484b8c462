"""What campaigns make of changed leads: they go where they belong in every campaign that has them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from campaigns.stores.refreshing import RefreshStore
from leads import editing
from leads.core.lead_changes import LeadChanges
from leads.core.lead_filter import LeadFilter
from leads.editing import BulkUpdate, Follow
from leads.stores.shared import Session, Sessions
from leads.stores.versions import Versions
from leads.viewing import LeadView


async def edit_lead(
    sessions: Sessions,
    lead_id: int,
    changes: LeadChanges,
    now: datetime,
    *,
    if_match: Versions | None = None,
) -> LeadView:
    """See `leads.editing.edit_lead`; the campaigns' order follows in the same transaction."""
    return await editing.edit_lead(sessions, lead_id, changes, if_match=if_match, follow=_follow(now))


async def update_leads(
    sessions: Sessions,
    wanted: LeadFilter,
    changes: LeadChanges,
    now: datetime,
    *,
    dry_run: bool,
    on_progress: Callable[[BulkUpdate], None] | None = None,
) -> BulkUpdate:
    """See `leads.editing.update_leads`; the campaigns' order follows in the same transactions."""
    return await editing.update_leads(
        sessions, wanted, changes, dry_run=dry_run, follow=_follow(now), on_progress=on_progress
    )


async def follow_merges(session: Session, lead_ids: Sequence[int], now: datetime) -> None:
    """Has the campaigns follow what a load has merged; see `leads.importing.load.FollowMerges`."""
    await RefreshStore(session).refresh(lead_ids, now)


def _follow(now: datetime) -> Follow:
    async def follow(session: Session, lead_ids: Sequence[int], changes: LeadChanges) -> None:
        if changes.reorders:
            await RefreshStore(session).refresh(lead_ids, now)

    return follow
