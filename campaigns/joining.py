"""Running campaigns take up the loads of their lists once those are over, some leads at a time."""

from collections.abc import Collection, Sequence
from datetime import datetime

from campaigns.stores.filling import FillStore
from leads.stores.shared import Sessions

_STEPS = 4
"""Steps that one look takes for each campaign, so that a big load joins little by little."""


class JoiningLeads:
    """Looks for loads that running campaigns have not taken up. Its memory is how far in which load it is.

    Looking costs one question for all campaigns, as long as there is no such load.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._through: dict[tuple[int, int], int] = {}
        """Campaign and load to the lead through which it is taken up."""

    async def look(self, campaign_ids: Collection[int], now: datetime) -> int:
        """Take up new leads into these campaigns, the ones that run; how many."""
        if not campaign_ids:
            return 0
        async with self._sessions() as session:
            loads = await FillStore(session).new_loads(campaign_ids)
        begun = self._through.items()
        self._through = {place: lead for place, lead in begun if place[1] in loads.get(place[0], ())}
        return sum([await self._join(campaign_id, loads[campaign_id], now) for campaign_id in loads])

    async def _join(self, campaign_id: int, load_ids: Sequence[int], now: datetime) -> int:
        new, coming = 0, iter(load_ids)
        load_id = next(coming, None)
        for _ in range(_STEPS):
            if load_id is None:
                break
            after = self._through.get((campaign_id, load_id), 0)
            async with self._sessions() as session, session.begin():
                step = await FillStore(session).step(campaign_id, load_id, after, now)
            self._through[campaign_id, load_id] = step.through
            new += step.new
            if step.last:
                load_id = next(coming, None)
        return new
