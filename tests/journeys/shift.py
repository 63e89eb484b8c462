"""A shift that was worked, as the database has it, in the figures that a simulated one comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean

from sqlmodel import col, select

from campaigns.tables import AgentInterval, Attempt
from leads.stores.shared import Sessions
from tests.turns import Spent, Turns, turns

CLOCKS_DIFFER = timedelta(milliseconds=250)
"""The switch and the engine stamp what they tell."""
BUSY = ("talking", "wrap_up")
IDLE = ("available", "reserved")


@dataclass(frozen=True)
class WorkedShift:
    """What was dialed from `began_at` to `ended_at`, and what agents did until all of it was over."""

    attempts: Sequence[Attempt]
    intervals: Mapping[int, Sequence[AgentInterval]]
    """By agent session, in order."""
    began_at: datetime
    ended_at: datetime

    @property
    def answered(self) -> list[Attempt]:
        """The calls that somebody took."""
        return [each for each in self.attempts if each.outcome in ("human", "abandoned")]

    @property
    def turns(self) -> Turns:
        """Whether each call went to the agent who had waited longest, where all work for one campaign."""
        spent = {
            session: [
                Spent(each.state, each.attempt_id, each.started_at, each.ended_at) for each in stretches
            ]
            for session, stretches in self.intervals.items()
        }
        return turns(spent, lambda *_: True, slack=CLOCKS_DIFFER)

    @property
    def answer_rate(self) -> float:
        """Answered over placed."""
        return len(self.answered) / len(self.attempts)

    @property
    def abandon_rate(self) -> float:
        """Abandoned over answered."""
        return sum(each.outcome == "abandoned" for each in self.attempts) / len(self.answered)

    @property
    def utilisation(self) -> float:
        """Talk and wrap-up over the time on duty; a free agent goes when nobody can answer any more."""
        silent = [each.answered_at or each.ended_at or self.ended_at for each in self.attempts]
        home_at = max(self.ended_at, *silent)
        busy_s = idle_s = 0.0
        for each in (each for intervals in self.intervals.values() for each in intervals):
            if each.state in BUSY:
                busy_s += _overlap_s(each, self.began_at, None)
            if each.state in IDLE:
                idle_s += _overlap_s(each, self.began_at, home_at)
        return busy_s / (busy_s + idle_s)

    def mean_s(self, state: str) -> float:
        """The mean of what agents spent in a state at a time."""
        found = [each for intervals in self.intervals.values() for each in intervals if each.state == state]
        return fmean(_overlap_s(each, self.began_at, None) for each in found)

    @property
    def bridging_s(self) -> list[float]:
        """From each answer to the agent, where one was free; in order of size."""
        answered = {each.id: each for each in self.attempts}
        delays = []
        for intervals in self.intervals.values():
            for free, next_one in pairwise(intervals):
                call = answered.get(next_one.attempt_id or 0)
                if free.state != "available" or call is None or call.answered_at is None:
                    continue
                if call.connected_at is not None and free.started_at < call.answered_at:
                    delays.append((call.connected_at - call.answered_at).total_seconds())
        return sorted(delays)


async def worked_shift(sessions: Sessions, began_at: datetime, ended_at: datetime) -> WorkedShift:
    """All that is in the database."""
    async with sessions() as session:
        attempts = (await session.exec(select(Attempt).where(Attempt.outcome != "canceled"))).all()
        rows = (await session.exec(select(AgentInterval).order_by(col(AgentInterval.id)))).all()
    intervals: dict[int, list[AgentInterval]] = {}
    for each in rows:
        intervals.setdefault(each.session_id, []).append(each)
    return WorkedShift(attempts, intervals, began_at, ended_at)


def _overlap_s(each: AgentInterval, since: datetime, until: datetime | None) -> float:
    end = each.ended_at if until is None else min(until, each.ended_at or until)
    return max(0.0, (end - max(since, each.started_at)).total_seconds()) if end else 0.0
