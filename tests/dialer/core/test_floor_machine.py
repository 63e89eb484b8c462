"""Whatever happens, and in whatever order: what holds on the calling floor after every event.

Likely and unlikely events come in any order, about calls and agents that are there, are gone, or never
were; the switch carries out what it is told, or fails to.
"""

from collections import Counter, defaultdict
from itertools import count, pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from campaigns.core.agent_profile import ANYONE, AgentProfile
from campaigns.core.agent_work import (
    AFTER_WRAP_UP,
    AS_USUAL,
    LANGUAGE_ROUTINGS,
    ROUTINGS,
    AgentWork,
)
from dialer.core.agent import AgentState
from dialer.core.amd import Verdict
from dialer.core.call import CallState
from dialer.core.detection import OFF, Detection, MachineAction
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallHasEnded,
    CallSoftphone,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    DispositionMissed,
    HangUpCall,
    LeadWasPutBack,
    LeadWasShown,
    LeadWasSkipped,
    LeaveMachine,
    MessageBegan,
    MessageOver,
    PersonOptedOut,
)
from dialer.core.floor import Floor
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_shifts import UnknownSession
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from dialer.core.preview import NoPreview, PreviewRule
from dialer.core.routing import admits
from tests.dialer.core.claims import claimed

CAMPAIGNS = (1, 2)
AGENTLESS = 3
"""A campaign that plays a message to whoever answers."""
DETECTIONS = {
    CAMPAIGNS[-1]: Detection("act", MachineAction.MESSAGE, optimistic=False, message="voicemail.wav"),
    AGENTLESS: Detection("act", MachineAction.MESSAGE, message="voicemail.wav"),
}
OUTCOMES = {"fax": Outcome.FAX, "sit_vacant": Outcome.INVALID_NUMBER}
KEY = "9"
NEVER = 999
RESTORED = 501
"""The first session of those that a former engine left."""
WITH_A_CALL = (AgentState.RESERVED, AgentState.TALKING)

which = st.integers(0, 9)
teams = st.sampled_from([(1,), (2,), (1, 2)])
MODES = st.sampled_from(["progressive", "power", "predictive", "preview"])
rules = st.sampled_from([PreviewRule(), PreviewRule(20.0, "dial"), PreviewRule(20.0, "skip")])
ends = st.sampled_from([CallEnd(200), CallEnd(486), CallEnd(487, by_far_end=False, timed_out=True)])
works = st.builds(
    AgentWork,
    routing=st.sampled_from(ROUTINGS),
    language_routing=st.sampled_from(LANGUAGE_ROUTINGS),
    language_wait_s=st.sampled_from([0.0, 1.0]),
    after_wrap_up=st.sampled_from(AFTER_WRAP_UP),
)
profiles = st.sampled_from([ANYONE, AgentProfile.parse({}, ["es"], {1: 1})])
late = st.sampled_from([0.0, 0.0, 0.0, 0.7])


class FloorMachine(RuleBasedStateMachine):
    """A floor, and all that it said so far."""

    def __init__(self):
        super().__init__()
        self.floor = Floor()
        self.now = 1000.0
        self.numbers = count(1)
        self.placed, self.sessions = [], []
        self.restored_sessions, self.restored_calls, self.ever_connected = set(), set(), set()
        self.taken_by_machines, self.tones = set(), {}
        self.effects = []
        self.bridges = []
        self.dispositioned = set()
        self.asked, self.dialing, self.dialed_or_refused = [], [], []
        self.story = defaultdict(list)
        self.illegal_before = 0

    # --- helpers --------------------------------------------------------------------------------

    def do(self, effects):
        for each in effects:
            self.effects.append(each)
            if isinstance(each, Bridge):
                self.bridges.append(each)
            elif isinstance(each, AgentChanged):
                self.story[each.session].append(each)
            elif isinstance(each, CallWasConnected):
                self.ever_connected.add(each.attempt)

    def call(self, n):
        """Mostly a call that is up; now and then one that is over or never was."""
        return self._pick(sorted(self.floor.calls), self.placed, n)

    def session(self, n):
        return self._pick(sorted(self.floor.agents), self.sessions, n)

    @staticmethod
    def _pick(living, all_of_them, n):
        if n == 9:
            return NEVER
        known = all_of_them if n == 8 or not living else living
        return known[n % len(known)] if known else NEVER

    def of(self, kind):
        return [each for each in self.effects if isinstance(each, kind)]

    # --- rules ----------------------------------------------------------------------------------

    @initialize(data=st.data(), mode=MODES, rule=rules, work=works)
    def a_shift_begins(self, data, mode, rule, work):
        self.work = work
        for campaign in data.draw(st.sampled_from([CAMPAIGNS, (1,)])):
            self.open(campaign, mode, rule)
        self.open(AGENTLESS, mode, rule)
        if data.draw(st.booleans()):
            self.take_up(data)
        for campaigns in data.draw(st.lists(teams, max_size=3)):
            self.log_in(campaigns, data.draw(profiles))
            self.line_up(len(self.floor.agents) - 1, 0.0)

    def take_up(self, data):
        """What a former engine left, as records and switch tell it: not always the same."""
        for state in data.draw(st.lists(st.sampled_from(list(CallState)[:-1]), max_size=4)):
            attempt = next(self.numbers)
            answered_at = None if state in (CallState.PLACED, CallState.RINGING) else 990.0
            agentless = state == CallState.PLAYING
            campaign = AGENTLESS if agentless else data.draw(st.sampled_from(CAMPAIGNS))
            call = FloorCall(attempt, campaign, attempt, state, answered_at)
            call.agentless, call.opt_out_key = agentless, KEY
            call.was_connected = state == CallState.CONNECTED or (
                answered_at is not None and not agentless and data.draw(st.booleans())
            )
            if state == CallState.MACHINE:
                call.dispositioned, call.verdict = True, Verdict.MACHINE
                self.tones[attempt] = Outcome.MACHINE
                self.taken_by_machines.add(attempt)
            if call.was_connected:
                self.ever_connected.add(attempt)
            if state == CallState.CONNECTED:
                call.session = data.draw(st.sampled_from([None, RESTORED + len(self.floor.calls)]))
            self.placed.append(attempt)
            self.restored_calls.add(attempt)
            self.floor.restore_call(call, self.now)
        for number in range(data.draw(st.integers(0, 3))):
            self.take_up_agent(data, RESTORED + number)

    def take_up_agent(self, data, session):
        state = data.draw(st.sampled_from([each for each in AgentState if each != AgentState.LOGGED_OUT]))
        campaigns = frozenset(CAMPAIGNS)
        each = FloorAgent(session, 10 + session, campaigns, state, 995.0, line_up=data.draw(st.booleans()))
        if state in WITH_A_CALL:
            each.attempt = data.draw(st.sampled_from([*self.placed, NEVER + session]))
        if state == AgentState.WRAP_UP:
            each.wrap_up_ends_at = self.now + 60.0
        self.restored_sessions.add(session)
        self.sessions.append(session)
        self.floor.shifts.restore_agent(each)

    @rule(passes=st.sampled_from([0.1, 1.0, 30.0]))
    def time_passes(self, passes):
        self.now += passes
        effects = self.floor.tick(self.now)
        self.do(effects)
        called = [each.session for each in effects if isinstance(each, CallSoftphone)]
        assert all(not self.floor.agents[session].line_up for session in called)
        assert all(each.call_again_at is None or each.call_again_at > self.now for each in self.agents())
        assert all(each.wrap_up_ends_at is None or each.wrap_up_ends_at > self.now for each in self.agents())
        self.nobody_waits_while_an_agent_is_free(self.now)

    @rule()
    def the_switch_has_said_what_lives(self):
        self.do(self.floor.offer_unclaimed(self.now))

    @rule(campaign=st.sampled_from([*CAMPAIGNS, AGENTLESS]), mode=MODES, rule=rules)
    def open(self, campaign, mode, rule):
        agentless = campaign == AGENTLESS
        pacer = make_pacer("agentless" if agentless else mode, PacingSettings())
        self.floor.open_campaign(
            campaign,
            pacer,
            20.0,
            self.now,
            agentless=agentless,
            opt_out_key=KEY,
            preview=rule,
            detection=DETECTIONS.get(campaign, OFF),
            work=self.work,
        )

    @rule(campaign=st.sampled_from([*CAMPAIGNS, AGENTLESS, NEVER]))
    def close(self, campaign):
        self.floor.close_campaign(campaign)
        assert self.floor.calls_to_place(campaign, self.now) == 0

    @rule(campaigns=teams, profile=profiles)
    def log_in(self, campaigns, profile):
        session = next(self.numbers)
        self.sessions.append(session)
        self.do(self.floor.shifts.log_in(session, 10 + session, campaigns, self.now, profile))

    @rule(n=which, lag=late)
    def line_up(self, n, lag):
        self.do(self.floor.shifts.line_up(self.session(n), self.now - lag))

    @rule(n=which, lag=late, busy=st.booleans())
    def line_down(self, n, lag, busy):
        session = self.session(n)
        self.do(self.floor.shifts.line_down(session, self.now - lag, "softphone_gone", busy=busy))
        assert all(each.let_go_by != session for each in self.floor.calls.values())

    @rule(n=which, wish=st.sampled_from(["pause", "ready", "ready", "ready", "log_out"]))
    def an_agent_wishes(self, n, wish):
        session = self.session(n)
        arguments = (session, "lunch", self.now) if wish == "pause" else (session, self.now)
        try:
            self.do(getattr(self.floor.shifts, wish)(*arguments))
        except UnknownSession:
            assert session not in self.floor.agents
        else:
            assert wish != "log_out" or session not in self.floor.agents

    @rule(n=which)
    def disposition(self, n):
        attempt = self._pick(sorted(self.ever_connected - self.over_and_missed()), self.placed, n)
        self.dispositioned.add(attempt)
        self.do(self.floor.dispositioned(attempt, self.now))

    @rule(
        campaign=st.sampled_from([*CAMPAIGNS, AGENTLESS]),
        fate=st.sampled_from(["none", "ring", "answer", "answer"]),
        language=st.sampled_from(["", "es-MX", "en"]),
    )
    def place(self, campaign, fate, language):
        attempt = next(self.numbers)
        self.placed.append(attempt)
        last_agent = self.agents()[0].agent if self.agents() else None
        self.floor.place(attempt, campaign, attempt, self.now, language=language, last_agent=last_agent)
        if fate == "ring":
            self.do(self.floor.rang(attempt, self.now))
        if fate == "answer":
            self.do(self.floor.answered(attempt, self.now))

    @precondition(lambda self: self.floor.campaigns)
    @rule(n=which, leads=st.integers(1, 2))
    def show(self, n, leads):
        campaign = sorted(self.floor.campaigns)[n % len(self.floor.campaigns)]
        given = [claimed(next(self.numbers), self.now) for _ in range(leads)]
        effects = self.floor.previews.show(campaign, given, self.now)
        told = [each for each in effects if isinstance(each, LeadWasShown | LeadWasPutBack)]
        assert len(told) == leads, "each lead is shown or goes back"
        self.do(effects)

    @rule(n=which)
    def skip(self, n):
        try:
            self.do(self.floor.previews.skip(self.session(n), "later", self.now))
        except NoPreview:
            assert not any(each.session == self.session(n) and not each.dialing for each in self.previews())

    @rule(n=which)
    def wants_it_dialed(self, n):
        try:
            preview = self.floor.previews.of(self.session(n))
            self.floor.previews.ask(preview)
        except NoPreview:
            return
        self.asked.append(preview)

    @precondition(lambda self: self.asked)
    @rule(can_place=st.sampled_from([True, True, False]))
    def its_turn_comes(self, can_place):
        preview = self.asked.pop(0)
        if can_place and self.floor.previews.is_looked_at(preview):
            self.floor.previews.begin(preview)
            self.dialing.append(preview)
        else:
            self.do(self.floor.previews.not_dialed(preview, self.now))

    @precondition(lambda self: self.dialing)
    @rule(allowed=st.sampled_from([True, True, False, None]))
    def compliance_answers(self, allowed):
        preview = self.dialing.pop(0)
        if allowed is None:
            self.do(self.floor.previews.not_dialed(preview, self.now))
            return
        self.dialed_or_refused.append(preview)
        if not allowed:
            self.do(self.floor.previews.refused(preview, self.now))
            return
        attempt = next(self.numbers)
        self.placed.append(attempt)
        self.floor.place(attempt, preview.campaign, attempt, self.now)
        effects = self.floor.previews.dialed(preview, attempt, self.now)
        assert bool(effects) == (self.floor.calls[attempt].session is not None)
        self.do(effects or self.floor.lost(attempt, Outcome.CANCELED, self.now))

    @rule()
    def the_dialer_is_about_to_stop(self):
        self.do(self.floor.previews.put_all_back(self.now))
        assert all(each.dialing for each in self.previews())

    @rule(n=which, lag=late)
    def rang(self, n, lag):
        self.do(self.floor.rang(self.call(n), self.now - lag))

    @rule(n=which, lag=late)
    def answered(self, n, lag):
        self.do(self.floor.answered(self.call(n), self.now - lag))

    @precondition(lambda self: self.bridges)
    @rule(succeeds=st.sampled_from([True, True, True, False]), lag=late)
    def the_switch_bridges(self, succeeds, lag):
        bridge = self.bridges.pop(0)
        answer = self.floor.connected if succeeds else self.floor.bridge_failed
        self.do(answer(bridge.attempt, bridge.session, self.now - lag))

    @rule(n=which, m=which)
    def connected_out_of_nowhere(self, n, m):
        self.do(self.floor.connected(self.call(n), self.session(m), self.now))

    @rule(n=which, m=which)
    def bridge_failed_out_of_nowhere(self, n, m):
        self.do(self.floor.bridge_failed(self.call(n), self.session(m), self.now))

    @rule(n=which, lag=late)
    def unclaimed(self, n, lag):
        self.do(self.floor.unclaimed(self.call(n), self.now - lag))

    @rule(n=which, tone=st.sampled_from(["fax", "sit_vacant", "ringing"]), lag=late)
    def a_tone_is_heard(self, n, tone, lag):
        effects = self.floor.tone_heard(self.call(n), tone, self.now - lag)
        assert tone != "ringing" or not effects
        call = self.floor.calls.get(self.call(n))
        if call is not None and call.answered_at is not None and tone != "ringing":
            self.tones[call.attempt] = OUTCOMES[tone]
        self.note_machine(call, effects)
        self.do(effects)

    @rule(n=which, verdict=st.sampled_from(list(Verdict)), lag=late)
    def it_is_known_who_answered(self, n, verdict, lag):
        call = self.floor.calls.get(self.call(n))
        effects = self.floor.judged(self.call(n), verdict, 0.9, 1.5, self.now - lag)
        if self.note_machine(call, effects):
            self.tones[call.attempt] = Outcome.FAX if verdict == Verdict.FAX else Outcome.MACHINE
        self.do(effects)

    def note_machine(self, call, effects):
        """Whether it has just become a machine's: it is left, or was abandoned and hears its message out."""
        left = any(isinstance(each, LeaveMachine) for each in effects)
        new = call is not None and call.state == CallState.MACHINE
        new = new and call.attempt not in self.taken_by_machines
        assert new or not left
        if new:
            self.taken_by_machines.add(call.attempt)
        return new

    @rule(n=which, digit=st.sampled_from("19"), lag=late)
    def key(self, n, digit, lag):
        effects = self.floor.key_pressed(self.call(n), digit, self.now - lag)
        assert digit == KEY or not effects
        self.do(effects)

    @rule(n=which, end=ends, lag=late)
    def ended(self, n, end, lag):
        call = self.floor.calls.get(self.call(n))
        effects = self.floor.ended(self.call(n), end, self.now - lag)
        if call is not None:
            (ending,) = [each for each in effects if isinstance(each, CallHasEnded)]
            answered = call.answered_at is not None
            if tone := self.tones.get(call.attempt):
                assert ending.outcome == tone
            elif call.agentless:
                assert (ending.outcome == Outcome.ANSWERED) == answered
            else:
                assert (ending.outcome in (Outcome.HUMAN, Outcome.ABANDONED)) == answered
            assert ending.outcome == Outcome.HUMAN or not call.was_connected or tone
        self.do(effects)

    @rule(n=which, outcome=st.sampled_from([Outcome.LOST, Outcome.UNKNOWN, Outcome.CANCELED]))
    def lost(self, n, outcome):
        self.do(self.floor.lost(self.call(n), outcome, self.now))

    @precondition(lambda self: len(self.effects) > 20)
    @rule()
    def the_switch_dies(self):
        effects = self.floor.switch_lost(self.now)
        assert not any(isinstance(each, Bridge) for each in effects)
        self.do(effects)
        self.bridges.clear()
        assert self.floor.calls == {}
        assert {each.state for each in self.agents()} <= {AgentState.UNAVAILABLE}

    def teardown(self):
        """Everybody goes home: then every story has its end."""
        for attempt in list(self.floor.calls):
            self.do(self.floor.ended(attempt, CallEnd(200), self.now))
        for session in list(self.floor.agents):
            self.do(self.floor.shifts.log_out(session, self.now))
        ended = Counter(each.attempt for each in self.of(CallHasEnded))
        assert ended == Counter(self.placed)
        assert self.ever_connected <= self.over_and_missed() | self.dispositioned | self.taken_by_machines
        assert self.floor.waiting == []
        for session in self.sessions:
            assert self.story[session][-1].state == AgentState.LOGGED_OUT

    # --- what holds -----------------------------------------------------------------------------

    def agents(self):
        return list(self.floor.agents.values())

    def previews(self):
        return list(self.floor.previews.shown())

    def over_and_missed(self):
        return {each.attempt for each in self.of(DispositionMissed)}

    def holder(self, call):
        each = self.floor.agents.get(call.session)
        holds = each is not None and each.state in WITH_A_CALL and each.attempt == call.attempt
        return each if holds else None

    @invariant()
    def an_agent_and_a_call_that_are_together_know_it_of_each_other(self):
        held = Counter(each.attempt for each in self.agents() if each.attempt is not None)
        assert all(number == 1 for number in held.values()), "two agents hold one call"
        for each in self.agents():
            if each.state in WITH_A_CALL:
                call = self.floor.calls[each.attempt]
                assert call.session == each.session
                assert (each.state == AgentState.TALKING) == (call.state == CallState.CONNECTED)
                assert each.line_up or each.session in self.restored_sessions
            elif each.state != AgentState.WRAP_UP:
                assert each.attempt is None
        of_agent = Counter(call.session for call in self.floor.calls.values() if self.holder(call))
        assert all(number == 1 for number in of_agent.values()), "an agent has two calls"

    @invariant()
    def who_looks_at_a_lead_has_no_call_and_each_lead_is_looked_at_by_one(self):
        for each in self.agents():
            if each.preview is not None:
                assert (each.state, each.attempt, each.line_up) == (AgentState.PREVIEW, None, True)
                assert each.preview.campaign in each.campaigns
                assert each.preview.session == each.session
            elif each.state == AgentState.PREVIEW:
                assert each.session in self.restored_sessions

    @invariant()
    def who_asked_for_a_pause_gets_it_after_the_call_or_the_dial(self):
        for each in self.agents():
            if each.pause_asked is not None and each.session not in self.restored_sessions:
                dials = each.preview is not None and each.preview.dialing
                assert dials or each.state in (*WITH_A_CALL, AgentState.WRAP_UP, AgentState.UNAVAILABLE)

    @invariant()
    def each_lead_that_was_shown_is_dialed_refused_skipped_or_goes_back_once(self):
        over = Counter(each.claim.lead_id for each in self.of(LeadWasSkipped | LeadWasPutBack))
        over += Counter(each.permitted.lead.lead_id for each in self.dialed_or_refused)
        assert all(number == 1 for number in over.values())
        seen = {each.lead for each in self.of(LeadWasShown)}
        looking = {each.permitted.lead.lead_id for each in [*self.previews(), *self.dialing]}
        assert looking.isdisjoint(over)
        assert seen <= looking | set(over)

    @invariant()
    def who_waits_was_answered_and_has_no_agent(self):
        waiting = self.floor.waiting
        assert len(waiting) == len(set(waiting))
        for attempt in waiting:
            call = self.floor.calls[attempt]
            assert (call.state, call.session) == (CallState.ANSWERED, None)
        hung_up = {each.attempt for each in self.of(HangUpCall)}
        for call in self.floor.calls.values():
            if call.agentless:
                assert call.session is None, "nobody is offered a call that plays a message"
            elif call.state == CallState.ANSWERED and call.attempt not in hung_up | self.restored_calls:
                known = (
                    call.is_kept
                    or self.holder(call)
                    or call.attempt in waiting
                    or call.let_go_by in self.story
                )
                assert known, "a person nobody knows of"

    @invariant()
    def nobody_waits_while_an_agent_is_free(self, now=None):
        """Whoever may have the caller at once; and once time has passed, whoever may have them by now."""
        for each in self.agents():
            if each.state == AgentState.AVAILABLE and each.line_up:
                for attempt in self.floor.waiting:
                    call = self.floor.calls[attempt]
                    work = self.work if call.campaign in self.floor.campaigns else AS_USUAL
                    waited_s = 0.0 if now is None else now - call.waits_since
                    admitted = admits(work, each.profile, call.language, waited_s)
                    assert not admitted or call.campaign not in each.campaigns or each.session in call.tried

    @invariant()
    def an_agents_time_is_told_without_a_gap_or_a_step_back(self):
        for session, story in self.story.items():
            times = [each.at for each in story]
            assert times == sorted(times)
            told = [(each.state, each.reason) for each in story]
            assert all(before != after for before, after in pairwise(told))
            each = self.floor.agents.get(session)
            if each is None:
                assert told[-1][0] == AgentState.LOGGED_OUT
            else:
                last = story[-1]
                assert (each.state, each.reason, each.since) == (last.state, last.reason, last.at)

    @invariant()
    def a_wrap_up_has_an_end_and_nothing_else_has(self):
        for each in self.agents():
            assert (each.wrap_up_ends_at is not None) == (each.state == AgentState.WRAP_UP)

    @invariant()
    def only_a_softphone_that_was_busy_and_is_gone_is_called_again(self):
        for each in self.agents():
            if each.call_again_at is not None:
                assert each.times_busy > 0
                assert (each.state, each.line_up) == (AgentState.UNAVAILABLE, False)

    @invariant()
    def each_thing_is_told_of_a_call_once(self):
        messages = (MessageBegan, MessageOver, PersonOptedOut)
        for kind in (CallWasAnswered, CallWasAbandoned, CallHasEnded, DispositionMissed, *messages):
            told = Counter(each.attempt for each in self.of(kind))
            assert all(number == 1 for number in told.values()), kind.__name__
        ended = {each.attempt for each in self.of(CallHasEnded)}
        assert ended.isdisjoint(self.floor.calls)
        assert ended | set(self.floor.calls) == set(self.placed)
        assert not {each.attempt for each in self.of(CallWasAbandoned)} & self.ever_connected
        played = {each.attempt for each in self.of(MessageOver)}
        assert played.isdisjoint({each.attempt for each in self.of(PersonOptedOut)})
        assert played <= ended

    @invariant()
    def a_conversation_that_is_over_has_or_gets_or_misses_its_disposition(self):
        wrapping = {each.attempt for each in self.agents() if each.state == AgentState.WRAP_UP}
        over = self.ever_connected - set(self.floor.calls)
        assert over <= wrapping | self.over_and_missed() | self.dispositioned | self.taken_by_machines

    @invariant()
    def each_pacer_knows_the_floor(self):
        for campaign in self.floor.campaigns.values():
            told = campaign.pacer.explain(self.now)
            doing, calls = Counter(), Counter()
            for each in self.agents():
                if campaign.campaign in each.campaigns:
                    doing[self.as_the_pacer_sees(each, campaign.campaign)] += 1
            for call in self.floor.calls.values():
                if call.campaign == campaign.campaign:
                    calls[self.as_it_counts(call)] += 1
            assert told.agents_available == doing["available"]
            assert told.agents_talking == doing["talking"]
            assert told.agents_wrapping == doing["wrapping"]
            assert told.agents_paused == doing["paused"]
            assert (told.agents_previewing or 0) == (doing["previewing"] if told.mode == "preview" else 0)
            assert told.calls_ringing == calls["ringing"]
            assert told.calls_waiting == calls["waiting"]
            assert told.calls_connected == calls["connected"]

    def as_the_pacer_sees(self, each, campaign):
        match each.state:
            case AgentState.AVAILABLE:
                return "available"
            case AgentState.RESERVED:
                call = self.floor.calls[each.attempt]
                if call.campaign == campaign and not call.was_connected:
                    return "available"
                return "paused" if call.answered_at is None else "talking"
            case AgentState.PREVIEW if each.preview and each.preview.campaign == campaign:
                return "previewing"
            case AgentState.TALKING:
                return "talking"
            case AgentState.WRAP_UP:
                return "wrapping"
        return "paused"

    def as_it_counts(self, call):
        match call.state:
            case CallState.PLACED | CallState.RINGING:
                return "ringing"
            case CallState.MACHINE:
                return "apart"
            case _ if call.agentless:
                return "connected"
            case CallState.ANSWERED if not call.was_connected:
                return "ringing" if call.is_kept else "waiting"
            case CallState.CONNECTED if self.holder(call):
                return "connected"
        return "apart"


FloorMachine.TestCase.settings = settings(
    max_examples=200, stateful_step_count=60, deadline=None, report_multiple_bugs=False
)
TestFloor = FloorMachine.TestCase
