"""The rules that the switch keeps on its own, with an engine and without."""

from collections import defaultdict
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dialer.switch.leg_actions import Ending, Forget, HangUp, Hear, PlayMessage
from dialer.switch.leg_table import ORPHAN_LIMIT_S
from dialer.switch.legs import LegBook
from dialer.switch.messages import (
    BridgeFailed,
    Event,
    LegAnswered,
    LegEnded,
    LegKey,
    LegRinging,
    LegsBridged,
    LegsMixed,
    LegUnclaimed,
    LiveLeg,
    MixFailed,
    MixLegs,
    PlaceLeg,
)

BYE = Ending(200, "OK", by_far_end=True)
OURS = Ending(487, "Request Terminated", by_far_end=False)
MESSAGE = "unclaimed.wav"
LONG = 1e9


RINGS_S = 15.0


def customer(name="call-1", *, ring_timeout_s=25.0, message=MESSAGE, ring_at_least_s=0.0, **more):
    return PlaceLeg(
        leg=name,
        role="customer",
        uri="sip:customer@carrier",
        caller_id="+12025550100",
        ring_timeout_s=ring_timeout_s,
        message=message,
        ring_at_least_s=ring_at_least_s,
        **({"claim_within_s": 2.0, "stay_s": 0.0} | more),
    )


def agent(name="agent-1"):
    return PlaceLeg(name, "agent", "sip:agent@softphone", "", 20.0)


def guest(name="guest-1"):
    return PlaceLeg(name, "guest", "sip:closer@carrier", "+12025550100", 20.0)


MIXED = ("answered", "prompted", "bridged", "parked")


def book_with(*legs, answered_at=0.0):
    """A book in which these legs have been answered."""
    book = LegBook()
    for leg in legs:
        book.place(leg, answered_at - 5.0)
        book.answered(leg.leg, answered_at)
    return book


def conversation():
    book = book_with(customer(), agent())
    book.companies.bridge("call-1", "agent-1", 0.5)
    return book


def live(book):
    return {leg.leg: leg for leg in book.live(0.0)}


def state(book, name):
    return live(book)[name].state


# --- a leg that rings out -----------------------------------------------------------------------


def test_a_leg_that_rings_out_is_given_up_at_the_end_of_its_ring_time():
    book = LegBook()
    book.place(customer(ring_timeout_s=25.0), 100.0)
    assert book.ringing("call-1", 180, 103.0) == [LegRinging(at=103.0, leg="call-1", status=180)]
    assert book.tick(124.9) == []
    assert book.tick(125.0) == [HangUp("call-1")]
    (ended,) = book.ended("call-1", OURS, 125.1)
    assert (ended.timed_out, ended.provisional, ended.ended_by) == (True, True, "switch")


def test_a_phone_rings_as_long_as_it_has_to_whoever_gives_the_call_up():
    for give_up in (lambda book: book.hang_up("call-1", 104.0), lambda book: book.engine_gone(104.0)):
        book = LegBook()
        book.place(customer(ring_at_least_s=RINGS_S), 100.0)
        book.ringing("call-1", 180, 103.0)
        assert give_up(book) == []
        assert book.tick(117.9) == []
        assert book.tick(118.0) == [HangUp("call-1")]
        assert not book.ended("call-1", OURS, 118.1)[0].timed_out


def test_a_phone_that_rings_late_rings_as_long_as_it_has_to_all_the_same():
    book = LegBook()
    book.place(customer(ring_timeout_s=20.0, ring_at_least_s=RINGS_S), 100.0)
    book.ringing("call-1", 180, 112.0)
    assert book.tick(126.9) == []
    assert book.tick(127.0) == [HangUp("call-1")]


@pytest.mark.parametrize("given_up_at", [105.0, 113.0])
def test_what_is_heard_before_it_rings_is_no_ringing(given_up_at):
    book = LegBook()
    book.place(customer(ring_at_least_s=RINGS_S), 100.0)
    assert len(book.ringing("call-1", 183, 101.0)) == 1
    if given_up_at < 112.0:
        book.hang_up("call-1", given_up_at)
    assert book.ringing("call-1", 183, 111.0) == []
    assert book.ringing("call-1", 180, 112.0) == []
    assert book.ringing("call-1", 180, 114.0) == []
    if given_up_at > 112.0:
        book.hang_up("call-1", given_up_at)
    assert book.tick(126.9) == []
    assert book.tick(127.0) == [HangUp("call-1")]


def test_who_answers_a_call_that_was_given_up_is_a_person_to_be_claimed():
    book = LegBook()
    book.place(customer(ring_at_least_s=RINGS_S), 100.0)
    book.ringing("call-1", 180, 103.0)
    book.hang_up("call-1", 104.0)
    book.answered("call-1", 110.0)
    assert book.tick(112.0) == [LegUnclaimed(at=112.0, leg="call-1"), PlayMessage("call-1", MESSAGE)]


def test_an_engine_that_comes_back_goes_on_with_the_calls_that_ring():
    book = LegBook()
    book.place(customer(ring_at_least_s=RINGS_S), 100.0)
    book.ringing("call-1", 180, 103.0)
    book.engine_gone(104.0)
    book.engine_back()
    assert book.tick(124.9) == []
    assert book.tick(125.0) == [HangUp("call-1")]


def test_a_switch_that_stops_ends_every_conversation_and_every_call_that_does_not_ring_yet():
    book = conversation()
    book.place(customer("call-2", ring_at_least_s=RINGS_S), 1.0)
    assert book.stop(3.0) == [HangUp("call-1"), HangUp("agent-1"), HangUp("call-2")]
    assert not book.holds_phones


def test_a_switch_that_stops_lets_a_phone_ring_as_long_as_it_has_to():
    book = LegBook()
    book.place(customer(ring_at_least_s=RINGS_S), 100.0)
    book.ringing("call-1", 180, 103.0)
    assert book.stop(104.0) == []
    assert book.stop(105.0) == []
    assert book.holds_phones
    assert book.tick(117.9) == []
    assert book.tick(118.0) == [HangUp("call-1")]
    assert not book.holds_phones


def test_a_switch_that_stops_plays_the_message_to_whom_nobody_has_claimed():
    book = book_with(customer(), customer("call-2"))
    book.tick(1.9)
    book.place(customer("call-3", ring_at_least_s=RINGS_S), 1.0)
    book.ringing("call-3", 180, 1.5)
    assert book.stop(1.9) == []
    assert [each for each in book.tick(2.0) if isinstance(each, PlayMessage)] == [
        PlayMessage("call-1", MESSAGE),
        PlayMessage("call-2", MESSAGE),
    ]
    book.prompts.message_started("call-1", 10.0, 2.0)
    book.prompts.message_started("call-2", 10.0, 2.0)
    book.answered("call-3", 3.0)
    assert book.stop(4.0) == []
    assert book.holds_phones
    assert PlayMessage("call-3", MESSAGE) in book.tick(5.0)
    assert book.tick(12.0) == [HangUp("call-1"), HangUp("call-2")]


def test_only_the_first_provisional_answer_is_told():
    book = LegBook()
    book.place(customer(), 0.0)
    book.ringing("call-1", 180, 1.0)
    assert book.ringing("call-1", 183, 2.0) == []


def test_an_answer_that_crosses_our_giving_up_is_no_answer():
    book = LegBook()
    book.place(customer(), 0.0)
    book.tick(25.0)
    assert book.answered("call-1", 25.1) == book.ringing("call-1", 180, 25.1) == []
    (ended,) = book.ended("call-1", BYE, 25.2)
    assert (ended.timed_out, ended.provisional, ended.ended_by) == (True, False, "switch")


# --- a person nobody claims ---------------------------------------------------------------------


@pytest.mark.parametrize("engine_present", [True, False])
def test_a_person_nobody_claims_in_time_hears_the_message_once_and_is_let_go(engine_present):
    book = book_with(customer())
    if not engine_present:
        book.engine_gone(0.5)
    assert book.tick(1.9) == []
    assert book.tick(2.0) == [LegUnclaimed(at=2.0, leg="call-1"), PlayMessage("call-1", MESSAGE)]
    book.prompts.message_started("call-1", 4.0, 2.0)
    assert book.tick(5.9) == []
    assert book.tick(6.0) == [HangUp("call-1")]
    assert book.tick(60.0) == []
    (ended,) = book.ended("call-1", OURS, 6.1)
    assert ended.ended_by == "switch"


def test_without_a_message_who_is_not_claimed_is_let_go_at_once():
    book = book_with(customer(message=""))
    assert book.tick(2.0) == [LegUnclaimed(at=2.0, leg="call-1"), HangUp("call-1")]


def test_who_hangs_up_on_the_message_ended_the_call():
    book = book_with(customer())
    book.tick(2.0)
    book.prompts.message_started("call-1", 4.0, 2.0)
    (ended,) = book.ended("call-1", BYE, 3.0)
    assert ended.ended_by == "far_end"
    assert book.tick(LONG) == []


def test_it_is_too_late_for_an_agent_once_the_message_plays():
    book = book_with(customer(), agent())
    book.tick(2.0)
    (failed,) = book.companies.bridge("call-1", "agent-1", 2.1)
    assert failed == BridgeFailed(at=2.1, leg="call-1", other="agent-1", reason="call-1 is leaving")
    assert state(book, "agent-1") == "answered"


def test_an_agents_leg_needs_no_claim():
    assert book_with(agent()).tick(LONG) == []


# --- a message for whoever answers --------------------------------------------------------------


def hears(length_s=4.0, **more):
    """A customer who was answered at 0, and hears the message from then on."""
    book = LegBook()
    book.place(customer(claim_within_s=0.0, **more), -5.0)
    assert book.answered("call-1", 0.0) == [
        LegAnswered(at=0.0, leg="call-1"),
        LegUnclaimed(at=0.0, leg="call-1"),
        PlayMessage("call-1", MESSAGE),
    ]
    book.prompts.message_started("call-1", length_s, 0.0)
    return book


def test_a_leg_that_is_not_to_be_claimed_hears_its_message_at_once_and_to_the_end():
    book = hears(stay_s=3.0)
    assert book.tick(6.9) == []
    assert book.tick(7.0) == [HangUp("call-1")]
    (ended,) = book.ended("call-1", OURS, 40.0)
    assert (ended.heard_s, ended.heard_all, ended.ended_by) == (4.0, True, "switch")


@pytest.mark.parametrize("ended_at", [0.0, 1.25, 3.9])
def test_who_hangs_up_on_the_message_has_heard_a_part_of_it(ended_at):
    (ended,) = hears().ended("call-1", BYE, ended_at)
    assert (ended.heard_s, ended.heard_all, ended.ended_by) == (ended_at, False, "far_end")


def test_what_was_heard_counts_until_we_hang_up_however_late_the_far_end_agrees():
    book = hears()
    book.hang_up("call-1", 1.0)
    (ended,) = book.ended("call-1", OURS, 33.0)
    assert (ended.heard_s, ended.heard_all) == (1.0, False)


def test_a_message_that_could_not_be_played_was_not_heard_and_keeps_nobody():
    book = hears(length_s=0.0)
    assert book.tick(0.0) == [HangUp("call-1")]
    (ended,) = book.ended("call-1", OURS, 0.1)
    assert (ended.heard_s, ended.heard_all) == (None, False)


@pytest.mark.parametrize("at", [0.0, 2.0, 6.9])
@pytest.mark.parametrize("engine_present", [True, False])
def test_the_key_that_ends_the_message_does_so_at_once_and_is_told_of(at, engine_present):
    book = hears(stay_s=3.0, end_key="9")
    if not engine_present:
        book.engine_gone(0.0)
    assert book.prompts.key("call-1", "9", at) == [LegKey(at=at, leg="call-1", digit="9"), HangUp("call-1")]
    assert book.prompts.key("call-1", "9", at) == [LegKey(at=at, leg="call-1", digit="9")], "and only once"
    (ended,) = book.ended("call-1", OURS, at + 0.1)
    assert (ended.heard_s, ended.ended_by) == (min(at, 4.0), "switch")


def test_another_key_is_told_of_and_ends_nothing():
    book = hears(end_key="9")
    for digit in "0128*#ABCD":
        assert book.prompts.key("call-1", digit, 1.0) == [LegKey(at=1.0, leg="call-1", digit=digit)]
    assert state(book, "call-1") == "leaving"


def test_the_message_for_a_person_nobody_claims_has_its_key_as_well():
    book = book_with(customer(end_key="9"))
    book.tick(2.0)
    book.prompts.message_started("call-1", 4.0, 2.0)
    assert book.prompts.key("call-1", "9", 3.0) == [LegKey(at=3.0, leg="call-1", digit="9"), HangUp("call-1")]


def test_keys_outside_a_message_are_nobodys_business():
    book = LegBook()
    book.place(customer(end_key="9"), 0.0)
    assert book.prompts.key("call-1", "9", 1.0) == book.prompts.key("call-9", "9", 1.0) == []
    book = conversation()
    assert book.prompts.key("call-1", "9", 1.0) == book.prompts.key("agent-1", "4", 1.0) == []


def test_of_a_far_end_that_sends_keys_without_end_some_are_told():
    book = hears(end_key="9")
    told = [book.prompts.key("call-1", "1", 1.0) for _ in range(1000)]
    assert sum(map(len, told)) == 100
    opts_out = [LegKey(at=2.0, leg="call-1", digit="9"), HangUp("call-1")]
    assert book.prompts.key("call-1", "9", 2.0) == opts_out, "for all that"
    assert book.prompts.key("call-1", "9", 2.1) == []


def test_keys_that_nobody_is_told_of_do_not_count():
    book = LegBook()
    book.place(customer(), 0.0)
    book.answered("call-1", 0.0)
    for _ in range(100):
        book.prompts.key("call-1", "1", 0.5)
    book.tick(2.0)
    book.prompts.message_started("call-1", 4.0, 2.0)
    assert book.prompts.key("call-1", "1", 3.0) == [LegKey(at=3.0, leg="call-1", digit="1")]


# --- conversations ------------------------------------------------------------------------------


def test_two_answered_legs_are_bridged_and_stay_so():
    book = book_with(customer(), agent())
    assert book.companies.bridge("call-1", "agent-1", 0.5) == [
        Hear("call-1", ("agent-1",)),
        Hear("agent-1", ("call-1",)),
        LegsBridged(at=0.5, leg="call-1", other="agent-1"),
    ]
    assert live(book)["call-1"] == LiveLeg(
        "call-1", "customer", "bridged", "agent-1", 0.0, company="call-1", hears=("agent-1",)
    )
    assert live(book)["agent-1"].partner == "call-1"
    assert book.tick(LONG) == []


def test_a_bridge_needs_two_legs_that_are_answered_and_free():
    book = conversation()
    book.place(customer("call-2"), 1.0)
    (gone,) = book.companies.bridge("call-9", "agent-1", 1.0)
    assert gone.reason == "call-9 has ended"
    (rings,) = book.companies.bridge("call-2", "agent-1", 1.0)
    assert rings.reason == "call-2 is dialing"
    book.answered("call-2", 2.0)
    (talks,) = book.companies.bridge("call-2", "agent-1", 2.0)
    assert talks.reason == "agent-1 is bridged"
    assert state(book, "call-2") == "answered"
    unclaimed, _ = book.tick(4.0)
    assert unclaimed == LegUnclaimed(at=4.0, leg="call-2"), "the failed bridge was no claim"


def test_when_the_customer_hangs_up_the_agent_waits_for_the_next():
    book = conversation()
    ended = book.ended("call-1", BYE, 60.0)[-1]
    assert (ended.ended_by, ended.status, ended.timed_out) == ("far_end", 200, False)
    assert live(book)["agent-1"] == LiveLeg("agent-1", "agent", "answered", None, 0.0)
    assert book.tick(LONG) == []


def test_when_the_agent_is_lost_the_customer_has_to_be_claimed_again():
    book = conversation()
    book.ended("agent-1", BYE, 60.0)
    assert state(book, "call-1") == "answered"
    assert book.tick(62.0) == [LegUnclaimed(at=62.0, leg="call-1"), PlayMessage("call-1", MESSAGE)]


def test_a_leg_that_the_engine_ends_leaves_its_partner_up():
    book = conversation()
    assert book.hang_up("call-1", 9.0) == [HangUp("call-1")]
    assert book.ended("call-1", OURS, 9.0)[-1].ended_by == "engine"
    assert state(book, "agent-1") == "answered"


def test_of_two_legs_that_are_hung_up_the_second_is_not_claimed_again():
    book = conversation()
    book.hang_up("call-1", 9.0)
    book.hang_up("agent-1", 9.0)
    book.ended("agent-1", OURS, 9.0)
    assert live(book)["call-1"] == LiveLeg("call-1", "customer", "leaving", None, 0.0)
    assert book.tick(100.0) == []
    assert book.ended("call-1", OURS, 101.0)[0].ended_by == "engine"


def test_a_leg_that_could_not_be_placed_was_not_ended_by_the_far_end():
    book = LegBook()
    book.place(customer(), 0.0)
    (ended,) = book.ended("call-1", Ending(0, "every line is in use", by_far_end=False, q850_cause=34), 0.0)
    assert ended == LegEnded(
        at=0.0,
        leg="call-1",
        status=0,
        reason="every line is in use",
        ended_by="switch",
        q850_cause=34,
    )


def test_what_comes_about_a_leg_that_is_over_is_nothing():
    book = book_with(customer())
    book.ended("call-1", BYE, 1.0)
    assert "call-1" not in book
    assert len(book) == 0
    assert (
        book.ringing("call-1", 180, 2.0) == book.answered("call-1", 2.0) == book.hang_up("call-1", 9.0) == []
    )
    assert book.ended("call-1", BYE, 2.0) == book.tick(100.0) == []
    book.prompts.message_started("call-1", 4.0, 2.0)
    assert book.tick(LONG) == []


# --- without an engine --------------------------------------------------------------------------


def test_when_the_engine_goes_conversations_stay_and_calls_that_ring_are_ended():
    book = conversation()
    book.place(customer("call-2"), 1.0)
    book.place(customer("call-3"), 1.0)
    book.ringing("call-3", 180, 2.0)
    book.place(agent("agent-2"), 1.0)
    assert book.engine_gone(3.0) == [HangUp("call-2"), HangUp("call-3"), HangUp("agent-2")]
    assert state(book, "call-1") == state(book, "agent-1") == "bridged"
    assert book.tick(3600.0) == []


def test_an_agents_leg_waits_a_while_for_an_engine():
    book = book_with(agent())
    book.engine_gone(100.0)
    assert book.tick(100.0 + ORPHAN_LIMIT_S - 0.1) == []
    assert book.tick(100.0 + ORPHAN_LIMIT_S) == [HangUp("agent-1")]


def test_an_agents_leg_whose_talk_ends_without_an_engine_waits_a_while_too():
    book = conversation()
    book.engine_gone(100.0)
    book.ended("call-1", BYE, 300.0)
    assert book.tick(300.0 + ORPHAN_LIMIT_S - 0.1) == []
    assert book.tick(300.0 + ORPHAN_LIMIT_S) == [HangUp("agent-1")]


def test_an_engine_that_comes_back_in_time_finds_its_agents():
    book = book_with(agent())
    book.engine_gone(100.0)
    book.engine_back()
    assert book.tick(100.0 + 2 * ORPHAN_LIMIT_S) == []
    assert state(book, "agent-1") == "answered"


def test_an_engine_that_connects_is_told_of_answers_in_its_own_time():
    book = book_with(agent(), answered_at=50.0)
    book.place(customer(), 51.0)
    assert list(book.live(clock_offset=1000.0)) == [
        LiveLeg("agent-1", "agent", "answered", None, 1050.0),
        LiveLeg("call-1", "customer", "dialing", None, None),
    ]


# --- whatever happens ---------------------------------------------------------------------------

which = st.integers(0, 9)


class LegMachine(RuleBasedStateMachine):
    """A switch whose calls, engine and clock do as they please; what is asked of it is done at once."""

    def __init__(self):
        super().__init__()
        self.book = LegBook()
        self.now = 0.0
        self.numbers = count(1)
        self.placed = {}
        self.events = defaultdict(list)
        self.hung_up, self.played, self.waiting = set(), [], set()
        self.waits_since, self.rings_until, self.orphan_since, self.rang_at = {}, {}, {}, {}

    def do(self, actions):
        for each in actions:
            if isinstance(each, LegsMixed | MixFailed):
                pass
            elif isinstance(each, Event):
                self.events[each.leg].append(each)
            elif isinstance(each, HangUp):
                assert each.leg in self.book
                self.hung_up.add(each.leg)
            elif isinstance(each, PlayMessage):
                assert each.path == MESSAGE
                self.played.append(each.leg)
                self.book.prompts.message_started(each.leg, 4.0, self.now)
        now_waiting = {leg.leg for leg in live(self.book).values() if leg.state in ("answered", "parked")}
        for leg in now_waiting - self.waiting:
            self.waits_since[leg] = self.orphan_since[leg] = self.now
        self.waiting = now_waiting
        return actions

    def leg(self, n):
        """Mostly a leg that is up; now and then one that is over or never was."""
        names = sorted(live(self.book)) if n < 8 else sorted(self.placed)
        return names[n % len(names)] if names and n < 9 else "call-999"

    def on_the_line(self, n, roles):
        """Mostly a leg of these roles that can be mixed; now and then any."""
        legs = [leg.leg for leg in live(self.book).values() if leg.role in roles and leg.state in MIXED]
        return legs[n % len(legs)] if legs and n < 8 else self.leg(n)

    @initialize(engine_present=st.booleans(), up=st.lists(st.sampled_from([0, 1, 1, 2]), max_size=6))
    def begin(self, engine_present, up):
        """Some are on the line already: a customer, agents, guests."""
        for role in ([customer, agent, guest][n] for n in up):
            self.place(role, MESSAGE, 0.0, 2.0)
            self.do(self.book.answered(next(reversed(self.placed)), self.now))
        if not engine_present:
            self.engine_gone()

    @precondition(lambda self: self.book.has_engine)
    @rule(
        role=st.sampled_from([customer, agent, guest]),
        message=st.sampled_from([MESSAGE, MESSAGE, ""]),
        least=st.sampled_from([0.0, RINGS_S, 40.0]),
        claim=st.sampled_from([2.0, 0.0]),
    )
    def place(self, role, message, least, claim):
        name = f"{role.__name__}-{next(self.numbers)}"
        command = role(name)
        if role is customer:
            more = {"claim_within_s": claim, "end_key": "9"}
            command = customer(name, message=message, ring_at_least_s=least, **more)
        self.placed[name] = command
        self.rings_until[name] = self.now + command.ring_timeout_s
        self.book.place(command, self.now)

    @rule(n=which, status=st.sampled_from([180, 183]))
    def ringing(self, n, status):
        for each in self.do(self.book.ringing(self.leg(n), status, self.now)):
            self.rang_at[each.leg] = self.now
            least = self.now + self.placed[each.leg].ring_at_least_s
            self.rings_until[each.leg] = max(self.rings_until[each.leg], least)

    def has_to_ring(self, name):
        """Whether it rings, and has not rung long enough."""
        if state(self.book, name) != "ringing":
            return False
        return self.now < self.rang_at[name] + self.placed[name].ring_at_least_s

    @rule(n=which)
    def answered(self, n):
        self.do(self.book.answered(self.leg(n), self.now))

    @rule(n=which, digit=st.sampled_from("19"))
    def key(self, n, digit):
        leg = self.leg(n)
        plays = leg in self.played and leg in self.book
        ends = plays and digit == "9" and leg not in self.hung_up
        actions = self.do(self.book.prompts.key(leg, digit, self.now))
        assert actions == [
            *([LegKey(at=self.now, leg=leg, digit=digit)] if plays else []),
            *([HangUp(leg)] if ends else []),
        ]

    @rule(n=which, m=which)
    def bridge(self, n, m):
        leg, other = self.on_the_line(n, ["customer"]), self.on_the_line(m, ["agent", "guest"])
        if leg == other:
            return
        before = live(self.book)
        free = [name in before and before[name].state in ("answered", "parked") for name in (leg, other)]
        actions = self.do(self.book.companies.bridge(leg, other, self.now))
        if all(free) and sum(name.startswith("customer") for name in (leg, other)) == 1:
            bridged = LegsBridged(at=self.now, leg=leg, other=other)
            assert actions[-3:] == [Hear(leg, (other,)), Hear(other, (leg,)), bridged]
        else:
            assert [type(each) for each in actions] == [BridgeFailed]
            assert live(self.book) == before

    @precondition(lambda self: self.book.has_engine)
    @rule(chosen=st.lists(which, min_size=1, max_size=4), heard=st.integers(0, 2**16 - 1))
    def mix(self, chosen, heard):
        """Any of them hear any others, or nobody, in a company named after the first."""
        first, *others = chosen
        others = [self.on_the_line(n, ["agent", "guest"]) for n in others]
        legs = list(dict.fromkeys([self.on_the_line(first, ["customer"]), *others]))
        bits = iter(range(16))
        hears = {leg: [each for each in legs if heard >> next(bits) & 1 and each != leg] for leg in legs}
        before = live(self.book)
        there = [name in before and before[name].state in MIXED for name in legs]
        fits = all(there) and sum(leg.startswith("customer") for leg in legs) == 1
        actions = self.do(self.book.companies.mix(MixLegs(f"about {legs[0]}", hears, {}, "a note"), self.now))
        assert [type(each) for each in actions if isinstance(each, LegsMixed | MixFailed)] == [
            LegsMixed if fits else MixFailed
        ]
        now = live(self.book)
        if fits:
            assert {leg: set(now[leg].hears) for leg in legs} == {leg: set(hears[leg]) for leg in legs}
            assert {now[leg].company for leg in legs} == {f"about {legs[0]}"}
        else:
            assert now == before

    @rule(n=which)
    def hang_up(self, n):
        leg = self.leg(n)
        if leg in self.book and self.placed[leg].role == "agent":
            done = [type(each) for each in self.do(self.book.hang_up(leg, self.now))]
            assert done[-2:] == [Forget, LegEnded]
            return
        due = leg in self.book and not self.has_to_ring(leg)
        assert self.do(self.book.hang_up(leg, self.now)) == ([HangUp(leg)] if due else [])
        if leg in self.book and not due:
            self.rings_until[leg] = self.rang_at[leg] + self.placed[leg].ring_at_least_s

    @rule(n=which, by_far_end=st.booleans())
    def ended(self, n, by_far_end):
        leg = self.leg(n)
        before = live(self.book)
        events = self.do(self.book.ended(leg, Ending(200, "", by_far_end), self.now))
        said = [each for each in events if isinstance(each, Event)]
        assert [type(each) for each in said] == ([LegEnded] if leg in before else [])
        for each in said:
            assert (each.heard_s is not None) == (leg in self.played)
            assert each.heard_s is None or 0.0 <= each.heard_s < 4.001
            assert each.heard_all == (each.heard_s is not None and each.heard_s > 3.999)
        assert leg not in self.book
        company = before[leg].company if leg in before else ""
        stay = [each for each in live(self.book).values() if company and each.company == company]
        if not self.book.has_engine and [each for each in stay if not each.hears]:
            assert any(each.leg in other.hears for each in stay for other in stay if other.leg in each.hears)

    @rule(passes=st.sampled_from([0.1, 1.0, 2.0, 20.0, ORPHAN_LIMIT_S]))
    def time_passes(self, passes):
        self.now += passes
        self.do(self.book.tick(self.now))
        assert self.book.tick(self.now) == [], "what has come due is done at once, and once"
        for leg in live(self.book).values():
            if leg.state in ("dialing", "ringing"):
                assert self.now < self.rings_until[leg.leg]
            if leg.state == "answered" and leg.role == "customer":
                assert self.now < self.waits_since[leg.leg] + 2.0, "a person met silence for too long"
            if leg.state in ("answered", "parked") and not self.book.has_engine:
                assert self.now < self.orphan_since[leg.leg] + ORPHAN_LIMIT_S

    @rule(gone=st.sampled_from([False, False, True]))
    def engine_goes(self, gone):
        if gone:
            self.engine_gone()

    def engine_gone(self):
        before = live(self.book)
        ringing_on = {name for name in before if self.has_to_ring(name)}
        actions = self.do(self.book.engine_gone(self.now))
        called = {
            name
            for name, leg in before.items()
            if leg.state in ("dialing", "ringing") or (leg.role == "guest" and leg.state == "answered")
        }
        rang = called - ringing_on
        assert {each.leg for each in actions} == rang
        for name, leg in live(self.book).items():
            assert leg.state == ("leaving" if name in rang else before[name].state)
            if leg.state in ("answered", "parked"):
                self.orphan_since[name] = self.now

    @rule()
    def engine_back(self):
        self.book.engine_back()

    @invariant()
    def a_leg_ends_once_and_nothing_is_said_of_it_later(self):
        for name, events in self.events.items():
            kinds = [type(each) for each in events if not isinstance(each, BridgeFailed)]
            over = name in self.placed and name not in self.book
            assert kinds.count(LegEnded) == over
            assert not over or kinds[-1] is LegEnded
            assert kinds.count(LegRinging) <= 1
            assert kinds.count(LegAnswered) <= 1
            assert kinds.count(LegUnclaimed) <= 1

    @invariant()
    def the_message_plays_once_and_only_to_a_person_nobody_claimed(self):
        assert len(self.played) == len(set(self.played))
        for name in self.played:
            assert self.placed[name].role == "customer"
            assert any(isinstance(each, LegUnclaimed) for each in self.events[name])

    @invariant()
    def a_leg_that_leaves_was_hung_up_or_hears_the_message(self):
        for name, leg in live(self.book).items():
            assert leg.state != "leaving" or name in self.hung_up or name in self.played

    @invariant()
    def who_hears_somebody_is_in_company_with_them_and_every_company_has_a_customer_who_is_not_alone(self):
        legs = live(self.book)
        for leg in legs.values():
            company = [each for each in legs.values() if leg.company and each.company == leg.company]
            assert set(leg.hears) <= {each.leg for each in company} - {leg.leg}
            assert leg.state not in ("bridged", "parked") or leg in company
            assert leg.state not in ("answered", "prompted") or not company
            (their_customer,) = [each for each in company if each.role == "customer"] or [None]
            if their_customer is not None and their_customer.state == "bridged":
                has_an_agent = any(each.role == "agent" for each in company)
                heard_by = {each.leg for each in company if their_customer.leg in each.hears}
                mixed_so = self.book.has_engine
                assert has_an_agent or heard_by & set(their_customer.hears) or mixed_so

    @invariant()
    def without_an_engine_nobody_is_being_called(self):
        if not self.book.has_engine:
            for leg in self.book.live(0.0):
                assert leg.state != "dialing"
                assert leg.state != "ringing" or self.has_to_ring(leg.leg)

    @invariant()
    def nobody_is_given_up_before_the_phone_has_rung_long_enough(self):
        for name, leg in live(self.book).items():
            if name in self.rang_at and leg.state == "leaving" and leg.answered_at is None:
                assert self.now >= self.rang_at[name] + self.placed[name].ring_at_least_s

    def teardown(self):
        self.do(self.book.engine_gone(self.now))
        for _ in range(3):
            self.now += ORPHAN_LIMIT_S
            self.do(self.book.tick(self.now))
        companies = {leg.company for leg in self.book.live(0.0) if leg.state == "bridged"}
        talks = {leg.leg for leg in self.book.live(0.0) if leg.company in companies}
        assert set(live(self.book)) <= self.hung_up | talks


LegMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=50, deadline=None, report_multiple_bugs=False
)
TestLegs = LegMachine.TestCase


def test_who_answers_while_the_call_is_being_given_up_is_not_cut_off():
    book = LegBook()
    book.place(customer(ring_at_least_s=RINGS_S), 100.0)
    book.ringing("call-1", 180, 101.0)
    book.answered("call-1", 117.0)
    assert book.hang_up("call-1", 117.005, unless_answered=True) == []
    assert PlayMessage("call-1", MESSAGE) in book.tick(119.0)
    assert book.hang_up("call-1", 119.5) == [HangUp("call-1")]
