"""What a campaign's latest calls came to: for its forecast, and for its pacer before the first call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from campaigns.core.disposition import Flag
from campaigns.core.metrics import is_person
from campaigns.stores.dials import ANSWERS
from campaigns.stores.recent_calls import RecentCall, RecentCallStore
from dialer.core.pacing_settings import PacingPrior
from leads.stores.shared import Session

FEWEST_TALKS = 10
"""A mean of fewer is luck."""
_PRIOR_CALLS, _PRIOR_DAYS = 2000, 14


@dataclass(frozen=True)
class CallHistory:
    """A campaign's latest calls, and how long its agents may wrap up."""

    calls: Sequence[RecentCall]
    wrap_up_limit_s: float

    @property
    def persons(self) -> list[RecentCall]:
        """Those that a person answered, as the agent says who heard them."""
        return [each for each in self.calls if is_person(each.outcome, each.flags)]

    @property
    def machines(self) -> list[RecentCall]:
        """Those that a machine answered."""
        return [each for each in self.calls if each.outcome == "machine" or Flag.MACHINE in each.flags]

    @property
    def wrap_mean_s(self) -> float | None:
        """The mean wrap-up; None where there were few. One said after its limit ended at the limit."""
        return mean_of_enough(
            min(each.wrapped_s, self.wrap_up_limit_s) for each in self.calls if each.wrapped_s is not None
        )

    @property
    def prior(self) -> PacingPrior | None:
        """What a pacer may presume, to which every answer is a person's; None where nobody was called."""
        if not self.calls:
            return None
        return PacingPrior(
            answer_rate=sum(each.outcome in ANSWERS for each in self.calls) / len(self.calls),
            dialed=float(len(self.calls)),
            mean_talk_s=mean_of_enough(talks_of(self.calls)),
            mean_wrap_s=self.wrap_mean_s,
        )


def talks_of(calls: Iterable[RecentCall]) -> list[float]:
    """How long the talks were of those calls that had one, s."""
    return [each.talked_s for each in calls if each.talked_s is not None]


def mean_of_enough(values: Iterable[float]) -> float | None:
    """Their mean; None where it would be luck."""
    known = list(values)
    return fmean(known) if len(known) >= FEWEST_TALKS else None


async def prior_of(
    session: Session, campaign_id: int, wrap_up_limit_s: float, now: datetime
) -> PacingPrior | None:
    """What the campaign's latest calls let its pacer presume: 2,000 of the last 14 days at most."""
    since = now - timedelta(days=_PRIOR_DAYS)
    calls = await RecentCallStore(session).latest(campaign_id, _PRIOR_CALLS, since)
    return CallHistory(calls, wrap_up_limit_s).prior
