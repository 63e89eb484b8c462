"""What every pacer counts and keeps to; what progressive and power pacing place, and say about it."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dialer.core.pacing import UnsupportedDialMode, make_pacer
from dialer.core.pacing_events import (
    AgentLeft,
    AgentPaused,
    AgentPreviewing,
    AgentReady,
    AgentTalking,
    AgentWrapping,
    BudgetLooked,
    CallAbandoned,
    CallAnswered,
    CallByMachine,
    CallConnected,
    CallFailed,
    CallPlaced,
    CallUnanswered,
    MessageEnded,
)
from dialer.core.pacing_settings import PacingSettings

OVER = [CallFailed, CallUnanswered, CallAbandoned, MessageEnded, CallByMachine]


def pacer_with(mode="progressive", agents=0, **settings):
    pacer = make_pacer(mode, PacingSettings(**settings))
    for agent in range(agents):
        pacer.observe(AgentReady(0.0, agent))
    return pacer


def place(pacer, *calls, at=0.0):
    for call in calls:
        pacer.observe(CallPlaced(at, call))


def connect(pacer, call, agent, at=0.0):
    place(pacer, call, at=at)
    pacer.observe(CallAnswered(at, call))
    pacer.observe(CallConnected(at, call, agent, 0.0))


def test_progressive_places_a_call_for_each_free_agent_less_those_under_way():
    pacer = pacer_with(agents=5)
    assert pacer.calls_to_place(0.0) == 5
    place(pacer, "a", "b")
    assert pacer.calls_to_place(0.0) == 3
    pacer.observe(CallAnswered(1.0, "a"))
    assert pacer.calls_to_place(1.0) == 3, "who answered takes one of the free agents"
    pacer.observe(CallConnected(1.0, "a", 0, 0.0))
    assert pacer.calls_to_place(1.0) == 3


def budget(at_limit, at=1.0):
    return BudgetLooked(at, "us-tsr-abandonment", 0.031, 0.03, 0, at + 1000.0, at_limit=at_limit)


def test_at_the_limit_of_abandoned_calls_power_places_one_call_for_each_free_agent_and_says_so():
    pacer = pacer_with("power", agents=4, lines_per_agent=3.0)
    assert pacer.calls_to_place(0.0) == 12
    pacer.observe(budget(at_limit=True))
    assert pacer.calls_to_place(1.0) == 4
    told = pacer.explain(1.0)
    assert told.mode == "progressive"
    assert told.reason.startswith(
        "The limit of abandoned calls is reached (us-tsr-abandonment: 3.10% of 3.00%). One call for each"
    )
    pacer.observe(budget(at_limit=False, at=2.0))
    assert pacer.calls_to_place(2.0) == 12
    assert pacer.explain(2.0).mode == "power"


@pytest.mark.parametrize("over", OVER)
def test_a_call_that_is_over_makes_room_for_another(over):
    pacer = pacer_with(agents=1)
    place(pacer, "a")
    assert pacer.calls_to_place(0.0) == 0
    pacer.observe(over(1.0, "a"))
    assert pacer.calls_to_place(2.0) == 1


@pytest.mark.parametrize("gone", [AgentTalking, AgentWrapping, AgentPaused, AgentLeft])
def test_an_agent_who_is_busy_or_gone_gets_no_calls_until_ready(gone):
    pacer = pacer_with(agents=1)
    pacer.observe(gone(1.0, 0))
    assert pacer.calls_to_place(1.0) == 0
    pacer.observe(AgentReady(2.0, 0))
    assert pacer.calls_to_place(2.0) == 1


def test_power_places_its_number_of_lines_for_each_agent_free_or_talking():
    pacer = pacer_with("power", agents=4, lines_per_agent=2.5)
    assert pacer.calls_to_place(0.0) == 10
    connect(pacer, "a", 0)
    assert pacer.calls_to_place(0.0) == 9, "a talk holds a line, and its agent still counts"
    pacer.observe(AgentWrapping(30.0, 0))
    assert pacer.calls_to_place(30.0) == 7, "in wrap-up neither the line nor the agent counts"
    pacer.observe(AgentReady(40.0, 0))
    assert pacer.calls_to_place(40.0) == 10


def test_preview_wants_a_lead_for_each_free_agent_less_the_calls_under_way():
    pacer = pacer_with("preview", agents=4)
    assert pacer.calls_to_place(0.0) == 4
    pacer.observe(AgentPreviewing(1.0, 0))
    assert pacer.calls_to_place(1.0) == 3, "who looks at a lead is taken"
    pacer.observe(CallPlaced(2.0, "a"))
    pacer.observe(AgentReady(2.0, 0))
    assert pacer.calls_to_place(2.0) == 3, "and so is who had it dialed"
    pacer.observe(AgentPaused(3.0, 0))
    assert pacer.calls_to_place(3.0) == 2, "who is gone leaves a call for another"
    told = pacer.explain(3.0)
    assert (told.mode, told.agents_previewing) == ("preview", 0)
    assert told.reason == "One lead for each free agent: 3 free, 0 looking at one, 1 calls under way."


def test_leads_that_are_looked_at_hold_lines_and_come_no_faster_than_calls_may():
    pacer = pacer_with("preview", agents=9, max_lines=5, max_calls_per_second=3.0)
    assert pacer.calls_to_place(0.0) == 3
    for agent in range(3):
        pacer.observe(AgentPreviewing(0.0, agent))
    assert (pacer.calls_to_place(0.5), pacer.next_wakeup(0.5)) == (0, 1.0)
    assert pacer.calls_to_place(1.0) == 2
    assert "limit of lines allows 2" in pacer.explain(1.0).reason
    for call in range(3):
        assert pacer.may_dial(1.0)
        place(pacer, call, at=1.0)
    assert not pacer.may_dial(1.9)
    assert pacer.may_dial(2.0)


def test_lines_are_never_more_than_allowed():
    pacer = pacer_with("power", agents=10, lines_per_agent=3, max_lines=12)
    assert pacer.calls_to_place(0.0) == 12
    place(pacer, *range(12))
    assert pacer.calls_to_place(5.0) == 0
    pacer.observe(CallFailed(5.0, 0))
    assert pacer.calls_to_place(5.0) == 1
    assert "limit of lines allows 1" in pacer.explain(5.0).reason


def test_calls_of_one_second_are_no_more_than_allowed_and_it_says_when_to_ask_again():
    pacer = pacer_with(agents=10, max_calls_per_second=4.0)
    assert pacer.calls_to_place(0.0) == 4
    place(pacer, *range(3), at=0.0)
    place(pacer, 3, at=0.25)
    assert pacer.calls_to_place(0.5) == 0
    assert pacer.next_wakeup(0.5) == 1.0
    assert pacer.calls_to_place(1.0) == 3
    place(pacer, 4, 5, 6, at=1.0)
    assert pacer.calls_to_place(1.0) == 0
    assert pacer.next_wakeup(1.0) == 1.25
    assert "limit of calls a second allows 0" in pacer.explain(1.0).reason


def test_where_fewer_than_one_call_a_second_is_allowed_each_waits_its_turn():
    pacer = pacer_with(agents=10, max_calls_per_second=0.2)
    assert pacer.calls_to_place(100.0) == 1
    place(pacer, "a", at=100.0)
    assert pacer.calls_to_place(104.9) == 0
    assert pacer.next_wakeup(104.9) == 105.0
    assert pacer.calls_to_place(105.0) == 1


def test_without_a_rate_to_wait_for_it_need_not_be_asked_again():
    pacer = pacer_with(agents=1)
    assert pacer.calls_to_place(0.0) == 1
    assert pacer.next_wakeup(0.0) is None
    place(pacer, "a")
    assert pacer.calls_to_place(0.0) == 0
    assert pacer.next_wakeup(0.0) is None


@pytest.mark.parametrize("event", [*(over(1.0, "x") for over in OVER), CallAnswered(1.0, "x")])
def test_a_call_it_never_heard_of_changes_nothing(event):
    pacer = pacer_with(agents=2)
    place(pacer, "a")
    before = pacer.explain(1.0)
    pacer.observe(event)
    assert pacer.explain(1.0) == before


def test_an_agent_has_one_call_at_a_time():
    pacer = pacer_with(agents=1)
    connect(pacer, "a", 0)
    connect(pacer, "b", 0)
    assert pacer.explain(0.0).calls_connected == 1
    pacer.observe(AgentWrapping(9.0, 0))
    assert pacer.explain(9.0).calls_connected == 0


def test_an_agent_whom_another_campaign_took_has_left_the_call():
    pacer = pacer_with(agents=1)
    connect(pacer, "a", 0)
    pacer.observe(AgentTalking(9.0, 0))
    state = pacer.explain(9.0)
    assert (state.agents_talking, state.calls_connected) == (1, 0)


def test_it_explains_what_it_sees_and_why_it_decided_so():
    pacer = pacer_with(agents=5, max_lines=7)
    assert pacer.explain(0.0).reason == "Nothing has been asked yet."
    pacer.observe(AgentWrapping(0.0, 1))
    pacer.observe(AgentPaused(0.0, 2, expected_back=60.0))
    connect(pacer, "a", 0)
    place(pacer, "b", "c")
    pacer.observe(CallAnswered(0.0, "c"))
    decided = pacer.calls_to_place(0.0)
    state = pacer.explain(0.0)
    assert (state.mode, state.last_decision) == ("progressive", decided)
    assert (state.agents_available, state.agents_talking) == (2, 1)
    assert (state.agents_wrapping, state.agents_paused) == (1, 1)
    assert (state.calls_ringing, state.calls_waiting, state.calls_connected) == (1, 1, 1)
    assert state.reason == "One call for each free agent: 2 free, 2 calls under way."


def test_power_explains_its_ratio():
    pacer = pacer_with("power", agents=3, lines_per_agent=1.5)
    place(pacer, "a")
    pacer.calls_to_place(0.0)
    assert pacer.explain(0.0).reason == "1.5 lines for each of 3 agents free or talking: 4, 1 in use."


def test_agentless_fills_its_lines_with_nobody_logged_in_and_counts_who_hears_the_message():
    pacer = pacer_with("agentless", max_lines=5, max_lines_per_agent=1.0)
    assert pacer.calls_to_place(0.0) == 5
    assert pacer.explain(0.0).reason == "A call on each of 5 lines: 0 in use."
    place(pacer, *range(5))
    pacer.observe(CallAnswered(4.0, 0))
    assert pacer.calls_to_place(4.0) == 0
    told = pacer.explain(4.0)
    assert (told.mode, told.calls_ringing, told.calls_waiting, told.calls_connected) == ("agentless", 4, 0, 1)
    assert pacer.calls_to_place(30.0) == 0, "a message of half a minute holds its line"
    pacer.observe(MessageEnded(31.0, 0))
    assert pacer.calls_to_place(31.0) == 1


def test_agentless_places_no_more_calls_a_second_than_it_may():
    pacer = pacer_with("agentless", max_lines=100, max_calls_per_second=3.0)
    assert pacer.calls_to_place(0.0) == 3
    place(pacer, 1, 2, 3)
    assert pacer.calls_to_place(0.5) == 0
    assert pacer.explain(0.5).reason.endswith("The limit of calls a second allows 0.")
    assert pacer.next_wakeup(0.5) == 1.0
    assert pacer.calls_to_place(1.0) == 3


def test_agentless_knows_no_limit_of_abandoned_calls():
    pacer = pacer_with("agentless", max_lines=5)
    pacer.observe(budget(at_limit=True))
    assert pacer.calls_to_place(1.0) == 5
    assert pacer.explain(1.0).mode == "agentless"


def test_a_call_that_plays_for_longer_than_any_message_is_forgotten():
    pacer = pacer_with("agentless", max_lines=1)
    place(pacer, 1)
    pacer.observe(CallAnswered(1.0, 1))
    assert pacer.calls_to_place(600.0) == 0
    assert pacer.calls_to_place(902.0) == 1


def test_a_mode_that_is_not_there_is_refused():
    with pytest.raises(UnsupportedDialMode, match="no such mode") as refused:
        make_pacer("no such mode", PacingSettings())
    assert refused.value.code == "unsupported-dial-mode"


@given(st.floats(0.05, 20.0), st.lists(st.none() | st.floats(0.0, 3.0), max_size=60))
def test_in_no_stretch_of_time_are_more_calls_placed_than_the_rate_allows(rate, pauses):
    pacer, calls, placed, now = pacer_with(agents=500, max_calls_per_second=rate), count(), [], 1000.0
    for pause in pauses:
        woken = pacer.next_wakeup(now) if pause is None else None
        now = now + (pause or 0.0) if woken is None else max(now, woken)
        number = pacer.calls_to_place(now)
        assert number > 0 or woken is None, "it is woken only when there is something to do"
        for _ in range(number):
            place(pacer, next(calls), at=now)
        placed += [now] * number
        window = max(1.0, 1.0 / rate)
        assert sum(now < at + window for at in placed) <= max(1.0, rate)


class Shift(RuleBasedStateMachine):
    """Agents and calls as they come and go, in an order that can be; each decision is carried out."""

    @initialize(
        mode=st.sampled_from(["preview", "progressive", "power", "predictive", "agentless"]),
        lines_per_agent=st.sampled_from([1.0, 1.4, 2.0, 3.0]),
        max_lines=st.integers(1, 12),
    )
    def open(self, mode, lines_per_agent, max_lines):
        self.mode = mode
        self.limits = PacingSettings(max_lines=max_lines, lines_per_agent=lines_per_agent)
        self.pacer = make_pacer(mode, self.limits)
        self.now, self.numbers = 0.0, count()
        self.agents = {}
        self.ringing, self.waiting, self.talking, self.looking = [], [], {}, {}

    def agents_who(self, *doing):
        return [agent for agent, does in self.agents.items() if does in doing]

    @rule(agent=st.integers(0, 5), doing=st.sampled_from([AgentReady, AgentPaused, AgentLeft, AgentTalking]))
    def agent_does(self, agent, doing):
        if agent not in self.talking.values():
            self.agents[agent] = doing
            self.looking.pop(agent, None)
            self.pacer.observe(doing(self.now, agent))

    @precondition(lambda self: self.looking)
    @rule(dials=st.booleans())
    def lead_is_dialed_or_skipped(self, dials):
        if not dials or self.pacer.may_dial(self.now):
            agent, call = self.looking.popitem()
            self.agents[agent] = AgentReady
            self.pacer.observe(AgentReady(self.now, agent))
            if dials:
                self.ringing.append(call)
                self.pacer.observe(CallPlaced(self.now, call))

    @precondition(lambda self: self.talking)
    @rule(doing=st.sampled_from([AgentWrapping, AgentReady, AgentPaused, AgentLeft]))
    def talk_ends(self, doing):
        _, agent = self.talking.popitem()
        self.agents[agent] = doing
        self.pacer.observe(doing(self.now, agent))

    @precondition(lambda self: self.ringing)
    @rule(which=st.integers(0, 50))
    def somebody_answers(self, which):
        call = self.ringing.pop(which % len(self.ringing))
        self.waiting.append(call)
        self.pacer.observe(CallAnswered(self.now, call))

    @precondition(lambda self: self.waiting and self.agents_who(AgentReady))
    @rule()
    def somebody_is_connected(self):
        call, agent = self.waiting.pop(0), self.agents_who(AgentReady)[0]
        self.agents[agent], self.talking[call] = CallConnected, agent
        self.pacer.observe(CallConnected(self.now, call, agent, 0.1))

    @precondition(lambda self: self.ringing or self.waiting)
    @rule(over=st.sampled_from(OVER), which=st.integers(0, 50))
    def call_is_over(self, over, which):
        calls = self.ringing or self.waiting
        self.pacer.observe(over(self.now, calls.pop(which % len(calls))))

    @rule(passes=st.sampled_from([0.0, 0.25, 2.0]))
    def asks(self, passes):
        self.now += passes
        number = self.pacer.calls_to_place(self.now)
        assert number >= 0
        self.carries_out(number)
        under_way = len(self.ringing) + len(self.waiting)
        lines = under_way + len(self.talking) + len(self.looking)
        assert lines <= max(self.limits.max_lines, lines - number)
        if self.mode == "predictive" and number:
            assert self.agents_who(AgentReady, AgentTalking, CallConnected, AgentWrapping)
        if self.mode == "agentless":
            assert lines >= self.limits.max_lines, "it needs nobody to be logged in"
        if self.mode in ("progressive", "preview") and number:
            assert under_way <= len(self.agents_who(AgentReady))
        if self.mode == "power" and number:
            agents = len(self.agents_who(AgentReady, AgentTalking, CallConnected))
            assert lines <= self.limits.lines_per_agent * agents

    def carries_out(self, number):
        calls = [next(self.numbers) for _ in range(number)]
        if self.mode != "preview":
            self.ringing += calls
            for call in calls:
                self.pacer.observe(CallPlaced(self.now, call))
            return
        for agent, call in zip(self.agents_who(AgentReady)[:number], calls, strict=True):
            self.agents[agent], self.looking[agent] = AgentPreviewing, call
            self.pacer.observe(AgentPreviewing(self.now, agent))

    @invariant()
    def it_counts_what_is_there(self):
        if not hasattr(self, "pacer"):
            return
        state = self.pacer.explain(self.now)
        assert state.agents_available == len(self.agents_who(AgentReady))
        assert state.agents_talking == len(self.agents_who(AgentTalking, CallConnected))
        assert (state.agents_previewing or 0) == len(self.looking)
        assert state.agents_wrapping == len(self.agents_who(AgentWrapping))
        assert state.agents_paused == len(self.agents_who(AgentPaused))
        assert state.calls_ringing == len(self.ringing)
        if self.mode == "agentless":
            assert state.calls_connected == len(self.waiting) + len(self.talking)
            return
        assert (state.calls_waiting, state.calls_connected) == (len(self.waiting), len(self.talking))


Shift.TestCase.settings = settings(deadline=None, report_multiple_bugs=False)
TestShift = Shift.TestCase
