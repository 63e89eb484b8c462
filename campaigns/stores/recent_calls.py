"""How a campaign's latest calls went, for who wants to know how the next will go."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import col

from campaigns.core.disposition import Flag, flags_of
from campaigns.stores.dials import NOT_DIALED
from campaigns.stores.shared import Session, placed_by_us, read
from campaigns.tables import Attempt

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RecentCall:
    """A call that has ended; None where it was not answered, nobody talked, or nobody said how it went."""

    outcome: str
    flags: frozenset[Flag]
    """Of what its agent said of it; none where nothing was said."""
    rang_s: float | None
    talked_s: float | None
    wrapped_s: float | None = None
    """From the end of the talk until the agent said how it went; 0 where that was said before."""


class RecentCallStore:
    """The latest calls that a campaign has placed; reads only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def latest(self, campaign_id: int, most: int, since: datetime = _EVER) -> list[RecentCall]:
        """The latest calls that have ended, at most so many, placed `since` then; the newest first.

        A call that was given up by us, or whose fate nobody knows, is none of them.
        """
        times = (Attempt.placed_at, Attempt.answered_at, Attempt.connected_at, Attempt.ended_at)
        wanted = (
            select(
                col(Attempt.outcome),
                col(Attempt.disposition_flags),
                *(col(each) for each in times),
                col(Attempt.disposition_at),
            )
            .where(
                placed_by_us(),
                col(Attempt.campaign_id) == campaign_id,
                col(Attempt.ended_at).is_not(None),
                col(Attempt.placed_at) >= since,
                col(Attempt.outcome).not_in(NOT_DIALED),
            )
            .order_by(col(Attempt.id).desc())
            .limit(most)
        )
        return [_recent(*row) for row in await read(self._session, wanted)]


def _recent(
    outcome: str,
    disposition_flags: int,
    placed_at: datetime,
    answered_at: datetime | None,
    connected_at: datetime | None,
    ended_at: datetime,
    disposition_at: datetime | None,
) -> RecentCall:
    talked_s = wrapped_s = None
    if connected_at is not None:
        talked_s = (ended_at - connected_at).total_seconds()
        if disposition_at is not None:
            wrapped_s = max(0.0, (disposition_at - ended_at).total_seconds())
    return RecentCall(
        outcome=outcome,
        flags=flags_of(disposition_flags),
        rang_s=None if answered_at is None else (answered_at - placed_at).total_seconds(),
        talked_s=talked_s,
        wrapped_s=wrapped_s,
    )
