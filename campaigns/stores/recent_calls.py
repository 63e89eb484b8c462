"""How a campaign's latest calls went, for who wants to know how the next will go."""

from dataclasses import dataclass

from sqlmodel import col, select

from campaigns.stores.shared import Session
from campaigns.tables import Attempt


@dataclass(frozen=True, slots=True)
class RecentCall:
    """A call that has ended; None where it was not answered, or nobody talked."""

    outcome: str
    disposition: str
    rang_s: float | None
    talked_s: float | None


class RecentCallStore:
    """The latest calls of a campaign; reads only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def latest(self, campaign_id: int, most: int) -> list[RecentCall]:
        """The latest calls that have ended, at most so many, the newest first."""
        wanted = (
            select(Attempt)
            .where(Attempt.campaign_id == campaign_id, col(Attempt.ended_at).is_not(None))
            .order_by(col(Attempt.id).desc())
            .limit(most)
        )
        return [_recent(each) for each in await self._session.exec(wanted)]


def _recent(attempt: Attempt) -> RecentCall:
    answered, connected, ended = attempt.answered_at, attempt.connected_at, attempt.ended_at
    return RecentCall(
        outcome=attempt.outcome,
        disposition=attempt.disposition,
        rang_s=None if answered is None else (answered - attempt.placed_at).total_seconds(),
        talked_s=None if connected is None or ended is None else (ended - connected).total_seconds(),
    )
