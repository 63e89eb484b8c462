"""Who hears whom in the switch, and what becomes of those whom the others leave."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.switch.leg_actions import Ending, HangUp, Hear, PlayMessage
from dialer.switch.leg_table import ORPHAN_LIMIT_S
from dialer.switch.legs import LegBook
from dialer.switch.messages import LegsMixed, LegUnclaimed, MixFailed, MixLegs
from tests.dialer.switch.test_legs import agent, book_with, customer, guest, live, state

BYE = Ending(200, "OK", by_far_end=True)
HELD = {"call-1": "music.wav"}
ALL = ("call-1", "agent-1", "agent-2", "guest-1", "guest-2")


def everybody(*more) -> LegBook:
    return book_with(customer(), *map(agent, ALL[1:3]), *map(guest, ALL[3:]), *more)


def mix(book, hears, sounds=None, at=1.0, company="call-1"):
    return book.companies.mix(MixLegs(company, hears, sounds or {}, "a note"), at)


def three_way(book):
    three = ("call-1", "agent-1", "guest-1")
    return mix(book, {leg: [each for each in three if each != leg] for leg in three})


def consult(book):
    """The customer is on hold while the agent talks with a guest."""
    return mix(book, {"call-1": [], "agent-1": ["guest-1"], "guest-1": ["agent-1"]}, HELD)


def test_each_hears_just_whom_it_is_to_hear():
    book = everybody()
    assert consult(book) == [
        Hear("call-1", (), "music.wav"),
        Hear("agent-1", ("guest-1",)),
        Hear("guest-1", ("agent-1",)),
        LegsMixed(at=1.0, company="call-1"),
    ]
    assert {leg: each.hears for leg, each in live(book).items() if each.company} == {
        "call-1": (),
        "agent-1": ("guest-1",),
        "guest-1": ("agent-1",),
    }
    assert live(book)["guest-1"].note == "a note"
    assert live(book)["guest-1"].partner == "call-1"


def test_who_leaves_a_company_is_parted_from_all():
    book = everybody()
    three_way(book)
    actions = mix(book, {"call-1": ["guest-1"], "guest-1": ["call-1"]})
    assert actions[0] == Hear("agent-1")
    assert state(book, "agent-1") == "answered"
    assert book.tick(1e9) == [], "a customer and a guest talk on, and the agent waits for work"


def test_a_guest_who_is_not_in_the_company_any_more_is_ended():
    book = everybody()
    three_way(book)
    assert HangUp("guest-1") in mix(book, {"call-1": ["agent-1"], "agent-1": ["call-1"]})


def test_a_mix_with_somebody_who_has_gone_changes_nothing():
    book = everybody()
    consult(book)
    book.ended("guest-1", BYE, 2.0)
    before = live(book)
    failed = three_way(book)
    assert failed == [MixFailed(at=1.0, company="call-1", reason="guest-1 has ended")]
    assert live(book) == before


def test_a_company_has_one_customer():
    book = everybody(customer("call-2"))
    for hears in ({"call-1": ["call-2"], "call-2": ["call-1"]}, {"agent-1": ["agent-2"], "agent-2": []}):
        assert isinstance(mix(book, hears)[0], MixFailed)
    assert isinstance(mix(book, {"call-1": ["agent-1"]})[0], MixFailed), "a stranger is to be heard"


def test_when_the_agent_of_a_consultation_is_lost_the_customer_has_to_be_claimed_and_the_guest_is_ended():
    book = everybody()
    consult(book)
    actions = book.ended("agent-1", BYE, 5.0)
    assert Hear("call-1") in actions
    assert HangUp("guest-1") in actions
    assert LegUnclaimed(at=7.0, leg="call-1") in book.tick(7.0)


def test_without_an_engine_those_whom_the_agent_leaves_hear_each_other():
    book = everybody()
    consult(book)
    book.engine_gone(4.0)
    actions = book.ended("agent-1", BYE, 5.0)
    assert {Hear("call-1", ("guest-1",)), Hear("guest-1", ("call-1",))} <= set(actions[:-1])
    assert not [each for each in book.tick(1e9) if each.leg in ("call-1", "guest-1")]


def test_whom_a_supervisor_alone_still_hears_has_to_be_claimed():
    book = everybody()
    mix(book, {"call-1": ["agent-1"], "agent-1": ["call-1"], "guest-1": ["call-1", "agent-1"]})
    actions = book.ended("agent-1", BYE, 5.0)
    assert HangUp("guest-1") in actions
    assert PlayMessage("call-1", "unclaimed.wav") in book.tick(7.0)


def test_a_hold_goes_on_when_the_engine_goes_and_ends_with_its_agent():
    book = everybody()
    mix(book, {"call-1": [], "agent-1": []}, HELD)
    book.engine_gone(4.0)
    assert not [each for each in book.tick(1e6) if each.leg in ("call-1", "agent-1")]
    assert Hear("call-1") in book.ended("agent-1", BYE, 1e6)
    assert LegUnclaimed(at=1e6 + 2.0, leg="call-1") in book.tick(1e6 + 2.0)


def test_a_parked_customer_waits_for_an_engine_for_a_while_and_then_hears_the_message():
    book = everybody()
    mix(book, {"call-1": []}, HELD)
    assert state(book, "call-1") == "parked"
    assert LegUnclaimed(at=50.0, leg="call-1") not in book.tick(50.0)
    book.engine_gone(100.0)
    book.engine_back()
    assert not [each for each in book.tick(300.0) if each.leg == "call-1"]
    book.engine_gone(300.0)
    at = 300.0 + ORPHAN_LIMIT_S
    assert [each for each in book.tick(at) if each.leg == "call-1"] == [
        Hear("call-1"),
        LegUnclaimed(at=at, leg="call-1"),
        PlayMessage("call-1", "unclaimed.wav"),
    ]


def test_a_parked_customer_is_taken_with_a_bridge():
    book = everybody()
    mix(book, {"call-1": []}, HELD)
    assert Hear("call-1", ("agent-2",)) in book.companies.bridge("call-1", "agent-2", 9.0)
    assert state(book, "call-1") == "bridged"


def test_who_is_on_hold_may_be_quiet_for_as_long_as_that_lasts():
    book = everybody()
    book.audio_counted("call-1", 100, 0.5)
    mix(book, {"call-1": [], "agent-1": []}, HELD)
    for minute in range(1, 60):
        assert book.audio_counted("call-1", 100, 60.0 * minute) == []
    mix(book, {"call-1": ["agent-1"], "agent-1": ["call-1"]}, at=3600.0)
    assert book.audio_counted("call-1", 100, 3650.0 - 60.0) == []
    assert book.audio_counted("call-1", 100, 3650.0) == [HangUp("call-1")]


def test_what_is_recorded_is_what_the_customer_hears_while_somebody_hears_the_customer():
    book = everybody()
    three_way(book)
    assert book.companies.voices("call-1") == {"agent-1", "guest-1"}
    consult(book)
    assert book.companies.voices("call-1") is None
    mix(book, {"call-1": [], "agent-1": ["call-1"]})
    assert book.companies.voices("call-1") == set(), "the agent is muted"
    mix(book, {"call-1": ["guest-2"], "guest-2": ["call-1"]})
    assert book.companies.voices("call-1") is None, "there is no agent in it any more"


# --- whatever happens -----------------------------------------------------------------------------

legs = st.sampled_from(("call-1", "call-2", *ALL[1:]))
mixes = st.tuples(
    st.just("mix"), st.dictionaries(legs, st.lists(legs, max_size=4, unique=True), min_size=1, max_size=5)
)
happenings = mixes | st.tuples(st.sampled_from(("end", "bridge", "gone", "back", "tick")), legs, legs)


@given(st.lists(happenings, max_size=12))
def test_who_is_heard_is_who_is_to_be_heard_and_no_customer_is_left_alone(happened):
    book, now = everybody(customer("call-2")), 1.0
    heard = {}
    for number, (what, *more) in enumerate(happened):
        before = live(book)
        if what == "mix":
            members = dict.fromkeys(more[0])
            hears = {
                leg: [each for each in others if each in members and each != leg]
                for leg, others in more[0].items()
            }
            actions = mix(book, hears, at=now, company=f"company-{number % 2}") if book.has_engine else []
        elif what == "bridge":
            actions = book.companies.bridge(*more, now) if book.has_engine else []
        elif what == "end":
            actions = book.ended(more[0], BYE, now)
            heard.pop(more[0], None)
        elif what == "tick":
            now += 1.0
            actions = book.tick(now)
        else:
            actions = book.engine_gone(now) if what == "gone" else book.engine_back() or []
        heard |= {each.leg: set(each.others) for each in actions if isinstance(each, Hear)}
        there = live(book)
        if any(isinstance(each, MixFailed) for each in actions):
            assert there == before
        for leg in there.values():
            company = {each.leg for each in there.values() if leg.company and each.company == leg.company}
            assert set(leg.hears) == heard.get(leg.leg, set()), "the sound is as the book says"
            assert set(leg.hears) <= company - {leg.leg}
            assert not company or leg.leg in company
            assert (leg.state in ("bridged", "parked")) <= bool(company)
            assert sum(there[each].role == "customer" for each in company) == bool(company)
            if leg.role == "customer" and leg.state == "answered":
                assert not leg.hears
