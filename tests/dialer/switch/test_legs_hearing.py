"""What the switch does by itself about what it hears."""

import pytest

from dialer.core.tones import FAILED
from dialer.switch.leg import ListenFor
from dialer.switch.legs import HangUp, LegBook, Part
from dialer.switch.messages import LegEnded, LegHeard, LegKey, LegsBridged
from tests.dialer.switch.test_legs import OURS, RINGS_S, agent, book_with, conversation, customer, state


def ringing(status=183, **more):
    book = LegBook()
    book.place(customer(ring_at_least_s=RINGS_S, **more), 0.0)
    book.ringing("call-1", status, 1.0)
    return book


def ended(book, at):
    (event,) = [each for each in book.ended("call-1", OURS, at) if isinstance(each, LegEnded)]
    return event


@pytest.mark.parametrize("tone", sorted(FAILED))
def test_a_tone_that_says_no_ends_what_is_not_answered_however_long_it_has_to_ring(tone):
    book = ringing()
    assert book.tone_heard("call-1", tone, 3.0) == [HangUp("call-1")]
    assert book.tone_heard("call-1", "busy", 3.1) == []
    event = ended(book, 3.2)
    assert (event.heard, event.ended_by, event.timed_out, event.provisional) == (tone, "switch", False, True)


def test_ring_back_is_the_proof_that_it_rings():
    book = ringing(ring_timeout_s=16.0)
    assert book.tone_heard("call-1", "ringing", 4.0) == []
    book.hang_up("call-1", 5.0)
    assert book.tick(18.9) == []
    assert book.tick(19.0) == [HangUp("call-1")], "15 s after it surely rang"
    assert ended(book, 19.1).heard == "ringing"


def test_what_is_heard_before_it_is_busy_says_less():
    book = ringing()
    book.tone_heard("call-1", "ringing", 4.0)
    book.tone_heard("call-1", "busy", 9.0)
    book.tone_heard("call-1", "ringing", 9.1)
    assert ended(book, 9.2).heard == "busy"


def test_an_answer_that_begins_with_a_tone_is_for_the_engine_to_end():
    book = book_with(customer())
    assert book.tone_heard("call-1", "sit_vacant", 1.0) == [LegHeard(at=1.0, leg="call-1", tone="sit_vacant")]
    assert book.tone_heard("call-1", "sit_vacant", 1.1) == []
    assert ended(book, 1.2).heard == "sit_vacant"


@pytest.mark.parametrize("tone", ["busy", "congestion", "ringing"])
def test_after_an_answer_a_busy_tone_only_says_that_somebody_has_hung_up(tone):
    book = book_with(customer())
    assert book.tone_heard("call-1", tone, 1.0) == []
    assert ended(book, 1.2).heard == ""


def test_a_machine_that_is_left_frees_its_agent_before_it_has_ended():
    book = conversation()
    assert book.leave("call-1", 3.0) == [Part("call-1", "agent-1"), HangUp("call-1")]
    book.place(customer("call-2"), 0.0)
    book.answered("call-2", 3.0)
    assert LegsBridged(at=3.1, leg="call-2", other="agent-1") in book.bridge("call-2", "agent-1", 3.1)
    ended(book, 3.2)
    assert state(book, "agent-1") == "bridged"
    assert book.leave("call-1", 3.3) == []


def test_only_customers_are_listened_to_and_for_as_long_as_it_matters():
    book = ringing()
    assert set(book.to_hear("call-1")) == {ListenFor.TONES}
    book.answered("call-1", 5.0)
    assert 5.0 < book.to_hear("call-1")[ListenFor.TONES] < 15.0
    book.tick(7.0)
    book.message_started("call-1", 4.0, 7.0)
    assert set(book.to_hear("call-1")) == {ListenFor.KEYS}
    book.hang_up("call-1", 8.0)
    assert book.to_hear("call-1") == {}
    assert book_with(agent()).to_hear("agent-1") == {}
    assert book.to_hear("nobody") == {}


def test_a_key_that_comes_in_the_sound_and_beside_it_is_one_key():
    book = book_with(customer(claim_within_s=0.0))
    book.message_started("call-1", 4.0, 0.0)
    one = [LegKey(at=1.0, leg="call-1", digit="1")]
    assert book.key("call-1", "1", 1.0) == one
    assert book.key("call-1", "1", 1.2, in_sound=True) == []
    assert book.key("call-1", "1", 1.4) != [], "pressed again"
    assert book.key("call-1", "2", 1.5, in_sound=True) != []
    assert book.key("call-1", "2", 2.5) != [], "long after"
