"""Counts what became of answered calls, by campaign, country and quarter of an hour, as it happens."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlmodel import col

from campaigns.core.abandonment_rules import CUT_OFF, LegalPeriod, Tally, met_nobody
from campaigns.core.address import country_of
from campaigns.core.attempt import EndedAttempt
from campaigns.core.disposition import NOBODY_SPOKE, Flag
from campaigns.stores.shared import Session, read, write
from campaigns.tables import AnswerTally
from leads.stores.shared import insert_into

QUARTER = timedelta(minutes=15)
_COUNTS = ("dropped", "live", "machines_at_agents", "machines_by_detection")


def quarter_of(at: datetime) -> datetime:
    """When the quarter of an hour began that `at` is in; zones' days and months begin with one."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


class AnswerStore:
    """What the shares of abandoned calls are made of."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, ended: EndedAttempt, outcome: str) -> None:
        """Counts a call that is over, once; one that nobody answered counts for nothing."""
        if ended.answered_at is not None and (kind := _kind(ended, outcome)) is not None:
            await self._count(ended, ended.answered_at, {kind: 1})

    async def move(self, before: EndedAttempt, after: EndedAttempt, outcome: str) -> None:
        """Counts a call anew whose disposition has changed."""
        old, new = _kind(before, outcome), _kind(after, outcome)
        if after.answered_at is not None and old != new:
            changes = {kind: count for kind, count in ((old, -1), (new, 1)) if kind is not None}
            await self._count(after, after.answered_at, changes)

    async def countries(self, campaign_id: int) -> list[str]:
        """The countries of a campaign's answered calls, in order."""
        mine = col(AnswerTally.campaign_id) == campaign_id
        wanted = select(col(AnswerTally.country)).where(mine).distinct().order_by(col(AnswerTally.country))
        return [row.country for row in await read(self.session, wanted)]

    async def tally(self, campaign_id: int, country: str, period: LegalPeriod) -> Tally:
        """What became of the calls of one campaign to one country that were answered in a period."""
        wanted = select(*(col(getattr(AnswerTally, name)) for name in _COUNTS)).where(
            col(AnswerTally.campaign_id) == campaign_id,
            col(AnswerTally.country) == country,
            col(AnswerTally.quarter) >= quarter_of(period.start),
            col(AnswerTally.quarter) < period.end,
        )
        rows = (await read(self.session, wanted)).all()
        return Tally(*(sum(row[place] for row in rows) for place in range(len(_COUNTS))))

    async def _count(self, ended: EndedAttempt, answered_at: datetime, changes: Mapping[str, int]) -> None:
        """Counts for each country whose law holds; countries' figures are never summed."""
        values = {name: changes.get(name, 0) for name in _COUNTS}
        more = {name: col(getattr(AnswerTally, name)) + count for name, count in values.items() if count}
        for country in sorted({country_of(each)[0] for each in ended.countries}):
            keys = {
                "campaign_id": ended.campaign_id,
                "country": country,
                "quarter": quarter_of(answered_at),
            }
            insert = insert_into(self.session, AnswerTally).values(**keys, **values)
            await write(self.session, insert.on_conflict_do_update(index_elements=list(keys), set_=more))


def _kind(ended: EndedAttempt, outcome: str) -> str | None:
    """The column that counts an answered call; None where a call counts for nothing."""
    if outcome in ("machine", "fax"):
        return "machines_by_detection"
    answered, connected = ended.answered_at is not None, ended.connected_at is not None
    if met_nobody(outcome, answered=answered, connected=connected):
        return "dropped"
    if (outcome != "human" and outcome not in CUT_OFF) or ended.disposition == NOBODY_SPOKE:
        return None
    return "machines_at_agents" if Flag.MACHINE in ended.flags else "live"
