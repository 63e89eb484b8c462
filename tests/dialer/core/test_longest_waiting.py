"""Longest-waiting order holds under load: each assignment is checked by what was recorded of the shift."""

from collections import defaultdict
from heapq import heappop, heappush
from itertools import count, pairwise
from random import Random

import pytest

from dialer.core.effects import AgentChanged, Bridge, CallHasEnded, CallWasConnected
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from tests.turns import Spent, turns

AGENTS, CALLS = 25, 600
CAMPAIGNS = (1, 2, 3)
BYE = CallEnd(200)


class LoadedShift:
    """Agents and callers who come, go, drop and pause at random, on a floor; all that it said is kept."""

    def __init__(self, seed):
        self.random, self.floor = Random(seed), Floor()
        self.happens, self.order, self.record = [], count(), []
        self.works_for, self.campaign_of = {}, {}
        self.longest_queue = 0
        for campaign in CAMPAIGNS:
            self.floor.open_campaign(campaign, make_pacer("power", PacingSettings()), 30.0, at=0.0)
        for session in range(1, AGENTS + 1):
            self.works_for[session] = set(self.random.sample(CAMPAIGNS, self.random.randint(1, 3)))
            self.soon(1.0, self.comes, session)
        for attempt in range(1, CALLS + 1):
            self.campaign_of[attempt] = self.random.choice(CAMPAIGNS)
            self.soon(300.0, self.is_answered, attempt, at=5.0)
        while self.happens:
            at, _, what, who = heappop(self.happens)
            self.record += [(at, each) for each in what(who, at)]
            self.longest_queue = max(self.longest_queue, len(self.floor.waiting))

    def soon(self, within_s, what, who, at=0.0):
        heappush(self.happens, (at + self.random.uniform(0.0, within_s), next(self.order), what, who))

    def carries_out(self, effects, at):
        """The switch does as it is told, or fails to."""
        for each in effects:
            if isinstance(each, Bridge):
                what = self.random.choices(
                    (self.is_connected, self.is_not_connected, self.hangs_up), (8, 1, 1)
                )
                self.soon(0.2, what[0], (each.attempt, each.session), at)
        return effects

    def comes(self, session, at):
        effects = self.floor.shifts.log_in(session, 100 + session, self.works_for[session], at)
        self.soon(60.0, self.pauses, session, at + 10.0)
        self.soon(900.0, self.drops, session, at)
        return [*effects, *self.carries_out(self.floor.shifts.line_up(session, at), at)]

    def is_answered(self, attempt, at):
        self.floor.place(attempt, self.campaign_of[attempt], attempt, at - 5.0)
        self.soon(2.0, self.gives_up, attempt, at + 2.0)
        return self.carries_out(self.floor.answered(attempt, at), at)

    def gives_up(self, attempt, at):
        if attempt not in self.floor.waiting:
            return []
        return [*self.floor.unclaimed(attempt, at), *self.floor.ended(attempt, BYE, at)]

    def is_connected(self, pair, at):
        attempt, session = pair
        self.soon(16.0, self.hangs_up, pair, at)
        return self.carries_out(self.floor.connected(attempt, session, at), at)

    def is_not_connected(self, pair, at):
        return self.carries_out(self.floor.bridge_failed(*pair, at), at)

    def hangs_up(self, pair, at):
        self.soon(4.0, self.is_done, pair[0], at)
        return self.carries_out(self.floor.ended(pair[0], BYE, at), at)

    def is_done(self, attempt, at):
        return self.carries_out(self.floor.dispositioned(attempt, at), at)

    def pauses(self, session, at):
        self.soon(5.0, self.is_back, session, at)
        return self.carries_out(self.floor.shifts.pause(session, "break", at), at)

    def is_back(self, session, at):
        if at < 300.0:
            self.soon(60.0, self.pauses, session, at)
        return self.carries_out(self.floor.shifts.ready(session, at), at)

    def drops(self, session, at):
        self.soon(2.0, self.answers_again, session, at)
        return self.carries_out(self.floor.shifts.line_down(session, at, "softphone_gone"), at)

    def answers_again(self, session, at):
        return self.carries_out(self.floor.shifts.line_up(session, at), at)

    def shifts(self):
        """What was recorded of each agent's time."""
        told = defaultdict(list)
        for _, each in self.record:
            if isinstance(each, AgentChanged):
                told[each.session].append(each)
        return {
            session: [
                Spent(each.state.value, each.attempt, each.at, after.at if after else None)
                for each, after in pairwise([*changes, None])
            ]
            for session, changes in told.items()
        }

    def of(self, kind):
        return [each for _, each in self.record if isinstance(each, kind)]


@pytest.mark.parametrize("seed", range(4))
def test_each_call_goes_to_the_agent_who_has_waited_longest_of_those_who_may_take_it(seed):
    shift = LoadedShift(seed)
    assert len(shift.of(CallHasEnded)) == CALLS
    assert len(shift.of(CallWasConnected)) > CALLS / 2
    assert shift.longest_queue > 1, "nobody had to wait, so that nothing was hard"
    found = turns(
        shift.shifts(), lambda session, attempt: shift.campaign_of[attempt] in shift.works_for[session]
    )
    assert found.given > CALLS / 2
    assert found.out_of_turn == []


def test_a_call_that_is_out_of_turn_is_found():
    waits = [Spent("available", None, 0, None)]
    jumps = [Spent("unavailable", None, 0, 5), Spent("available", None, 5, 9), Spent("reserved", 7, 9, None)]
    assert turns({1: waits, 2: jumps}, lambda *_: True).out_of_turn == ["7 went to 2 (since 5), not 1 (0)"]
    assert turns({1: waits, 2: jumps}, lambda session, _: session == 2).out_of_turn == []
    released = [*jumps[:2], Spent("reserved", 6, 9, 10), Spent("available", None, 10, 12)]
    took = [Spent("available", None, 8, 11), Spent("reserved", 8, 11, None)]
    assert turns({1: released, 2: took}, lambda *_: True).out_of_turn == ["8 went to 2 (since 8), not 1 (5)"]
