"""Leads that are loaded while campaigns run join them, some at a time."""

from collections import deque
from collections.abc import Collection
from datetime import datetime, timedelta

from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.filling import FillStore
from leads.stores.shared import Sessions

_SETTLED_AFTER = timedelta(seconds=10)
"""How long a load may take to commit leads after those that were numbered later."""
_UNSETTLED = 10_000
"""Leads that may be about to be committed, where it is not known since when the newest is there."""
_STEPS = 4
"""Steps that one look takes for each campaign, so that a big load joins little by little."""


class JoiningLeads:
    """Looks for new leads of running campaigns. Its memory is through which lead it has looked.

    Looking costs one question for the newest lead, as long as that stays the same.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._looked_through: dict[int, int] = {}
        self._newest: deque[tuple[datetime, int]] = deque()

    async def look(self, campaign_ids: Collection[int], now: datetime) -> int:
        """Take up new leads into these campaigns, the ones that run; how many."""
        async with self._sessions() as session:
            newest = await FillStore(session).newest_lead()
        if self._newest and newest < self._newest[-1][1]:
            # A load was taken back. SQLite numbers the next leads as it numbered those.
            self._newest.clear()
            self._looked_through.clear()
        settled = self._settled(newest, now)
        for campaign_id in set(self._looked_through) - set(campaign_ids):
            del self._looked_through[campaign_id]
        return sum([await self._join(campaign_id, newest, settled, now) for campaign_id in campaign_ids])

    async def _join(self, campaign_id: int, newest: int, settled: int, now: datetime) -> int:
        start = self._looked_through.get(campaign_id)
        if start is None:
            async with self._sessions() as session:
                start = max(0, await FillStore(session).newest_taken_up(campaign_id) - _UNSETTLED)
        after, new = start, 0
        for _ in range(_STEPS if start < newest else 0):
            async with self._sessions() as session, session.begin():
                campaign = await CampaignStore(session).get(campaign_id)
                step = await FillStore(session).step(campaign, after, now)
            if step is None:
                after = newest
                break
            after, new = step.through, new + step.new
        self._looked_through[campaign_id] = max(start, min(after, settled))
        return new

    def _settled(self, newest: int, now: datetime) -> int:
        """The lead up to which none is still to come, whatever is being loaded at this moment."""
        self._newest.append((now, newest))
        while len(self._newest) > 1 and self._newest[1][0] <= now - _SETTLED_AFTER:
            self._newest.popleft()
        first_at, first = self._newest[0]
        return first if first_at <= now - _SETTLED_AFTER else max(0, newest - _UNSETTLED)
