"""What the switch does by itself about what it hears."""

import pytest

from dialer.core.amd import AmdRule, Heard, Verdict
from dialer.core.tones import FAILED
from dialer.switch.keys import KeyWay
from dialer.switch.leg import ListenFor
from dialer.switch.leg_actions import HangUp, Hear, PlayMessage, StopPrompt
from dialer.switch.legs import LegBook
from dialer.switch.messages import (
    LegEnded,
    LegHeard,
    LegKey,
    LegMessage,
    LegsBridged,
    LegUnclaimed,
    PlayPrompt,
)
from tests.dialer.switch.test_legs import (
    MESSAGE,
    OURS,
    RINGS_S,
    agent,
    book_with,
    conversation,
    customer,
    state,
)


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
    assert book.detection.leave("call-1", "", 3.0) == [Hear("call-1"), Hear("agent-1"), HangUp("call-1")]
    book.place(customer("call-2"), 0.0)
    book.answered("call-2", 3.0)
    assert LegsBridged(at=3.1, leg="call-2", other="agent-1") in book.companies.bridge(
        "call-2", "agent-1", 3.1
    )
    ended(book, 3.2)
    assert state(book, "agent-1") == "bridged"
    assert book.detection.leave("call-1", "", 3.3) == []


def test_only_customers_are_listened_to_and_for_as_long_as_it_matters():
    book = ringing()
    assert set(book.to_hear("call-1")) == {ListenFor.TONES}
    book.answered("call-1", 5.0)
    assert 5.0 < book.to_hear("call-1")[ListenFor.TONES] < 15.0
    book.tick(7.0)
    book.prompts.message_started("call-1", 4.0, 7.0)
    assert set(book.to_hear("call-1")) == {ListenFor.KEYS}
    book.hang_up("call-1", 8.0)
    assert book.to_hear("call-1") == {}
    assert book_with(agent()).to_hear("agent-1") == {}
    assert book.to_hear("nobody") == {}


def test_a_key_that_comes_in_the_sound_and_beside_it_is_one_key():
    book = book_with(customer(claim_within_s=0.0))
    book.prompts.message_started("call-1", 4.0, 0.0)
    one = [LegKey(at=1.0, leg="call-1", digit="1")]
    assert book.prompts.key("call-1", "1", 1.0) == one
    assert book.prompts.key("call-1", "1", 1.2, KeyWay.SOUND) == []
    assert book.prompts.key("call-1", "1", 1.4) != [], "pressed again"
    assert book.prompts.key("call-1", "2", 1.5, KeyWay.SOUND) != []
    assert book.prompts.key("call-1", "2", 3.4) == [], "when a long press ends"
    assert book.prompts.key("call-1", "2", 3.6) != [], "long after"


# --- who answered ---------------------------------------------------------------------------------

VOICEMAIL = "voicemail.wav"


def heard(verdict, *, words=1, why=""):
    return Heard(verdict, 0.9, 1.5, 0.6, words, why)


def kept(**more):
    """A book with a customer who has answered at 0, and of whom it is to be known first who it is."""
    return book_with(customer(detect="first", **more))


def due(book):
    """When something happens to the leg by itself, and what."""
    for step in range(3000):
        if actions := book.tick(step / 10):
            return step / 10, actions
    return None, []


@pytest.mark.parametrize("verdict", [Verdict.HUMAN, Verdict.UNSURE])
def test_a_person_has_to_be_claimed_within_the_time_from_the_end_of_the_greeting(verdict):
    book = kept()
    assert book.tick(3.0) == []
    (event,) = book.detection.judged("call-1", heard(verdict), 2.5, 3.3)
    assert (event.verdict, event.took_s, event.greeting_s) == (verdict, 1.5, 0.6)
    assert due(book) == (4.5, [LegUnclaimed(at=4.5, leg="call-1"), PlayMessage("call-1", MESSAGE)])


def test_a_person_can_be_claimed_after_the_verdict():
    book = kept()
    book.place(agent(), 0.0)
    book.answered("agent-1", 0.0)
    book.detection.judged("call-1", heard(Verdict.HUMAN), 2.5, 3.3)
    assert LegsBridged(at=3.4, leg="call-1", other="agent-1") in book.companies.bridge(
        "call-1", "agent-1", 3.4
    )
    assert due(book) == (None, [])


def test_a_verdict_that_comes_late_leaves_an_agent_a_moment_and_no_more():
    book = kept()
    book.detection.judged("call-1", heard(Verdict.UNSURE), 0.5, 3.0)
    assert due(book)[0] == 3.5
    silent = kept()
    silent.detection.judged("call-1", heard(Verdict.UNSURE, words=0), None, 2.0)
    assert due(silent)[0] == 2.5
    speaks_on = kept()
    speaks_on.detection.judged("call-1", heard(Verdict.UNSURE, words=9), None, 8.0)
    assert due(speaks_on)[0] == 10.0


def test_who_still_speaks_when_detection_gives_up_is_somebodys_to_claim():
    book = kept()
    assert book.tick(AmdRule().longest_s) == [], "the ears are asked after the deadlines"
    book.detection.judged("call-1", heard(Verdict.UNSURE, words=9), None, AmdRule().longest_s + 0.02)
    assert due(book)[0] > 12.0


def test_without_a_verdict_nobody_is_kept_for_long():
    at, actions = due(kept())
    assert at == 10.5
    assert PlayMessage("call-1", MESSAGE) in actions


def test_detection_beside_all_else_leaves_the_time_as_it_is():
    book = book_with(customer(detect="beside"))
    book.detection.judged("call-1", heard(Verdict.HUMAN), 1.0, 1.8)
    assert due(book)[0] == 2.0
    assert book.detection.judged("call-1", heard(Verdict.HUMAN), 1.0, 1.9) == []


def test_when_the_engine_goes_away_the_time_counts_from_the_answer():
    book = kept()
    book.engine_gone(1.0)
    book.detection.judged("call-1", heard(Verdict.HUMAN), 1.0, 1.8)
    assert due(book) == (2.0, [LegUnclaimed(at=2.0, leg="call-1"), PlayMessage("call-1", MESSAGE)])
    late = kept()
    late.engine_gone(6.0)
    assert due(late)[0] == 6.0


def test_a_machine_of_which_the_engine_says_nothing_hears_what_a_person_would():
    book = kept()
    book.detection.judged("call-1", heard(Verdict.MACHINE, why="long_greeting"), None, 4.0)
    at, actions = due(book)
    assert at == 6.0
    assert PlayMessage("call-1", MESSAGE) in actions


def test_a_call_without_agents_plays_to_a_person_as_soon_as_it_is_known_to_be_one():
    book = kept(claim_within_s=0.0)
    assert book.tick(1.0) == []
    actions = book.detection.judged("call-1", heard(Verdict.HUMAN), 1.0, 1.8)
    assert PlayMessage("call-1", MESSAGE) in actions


@pytest.mark.parametrize("bridged", [False, True])
def test_a_machine_is_left_its_message_after_the_beep_and_then_alone(bridged):
    book = conversation() if bridged else kept()
    parted = [Hear("call-1"), Hear("agent-1")] if bridged else []
    assert book.detection.leave("call-1", VOICEMAIL, 4.0) == parted
    assert set(book.to_hear("call-1")) == {ListenFor.MAILBOX}
    assert book.detection.mailbox_records("call-1", 9.0) == [PlayMessage("call-1", VOICEMAIL)]
    assert book.prompts.message_started("call-1", 5.0, 9.0) == [LegMessage(at=9.0, leg="call-1")]
    assert book.detection.mailbox_records("call-1", 9.1) == []
    assert book.prompts.key("call-1", "9", 10.0) == [], "a mailbox presses no keys"
    assert book.detection.leave("call-1", VOICEMAIL, 10.0) == []
    assert due(book) == (14.3, [HangUp("call-1")])
    event = ended(book, 14.4)
    assert (event.heard_s, event.heard_all, event.ended_by) == (5.0, True, "switch")


def test_a_machine_that_has_just_beeped_is_left_its_message_at_once():
    book = kept()
    book.detection.judged("call-1", heard(Verdict.MACHINE, why="beep"), None, 4.0)
    assert book.detection.leave("call-1", VOICEMAIL, 4.1) == [PlayMessage("call-1", VOICEMAIL)]


def test_a_machine_that_never_records_is_left_without_a_message():
    book = kept()
    book.detection.leave("call-1", VOICEMAIL, 4.0)
    assert due(book) == (64.0, [HangUp("call-1")])
    assert ended(book, 64.1).heard_s is None


def test_what_plays_to_a_machine_stops_when_it_is_known_to_be_one():
    book = book_with(customer(claim_within_s=0.0, detect="beside"))
    book.prompts.message_started("call-1", 20.0, 0.0)
    assert book.detection.leave("call-1", VOICEMAIL, 4.0) == [StopPrompt("call-1")]
    assert ended(book, 5.0).heard_s is None


def test_a_switch_that_stops_waits_for_no_beep():
    book = kept()
    book.detection.leave("call-1", VOICEMAIL, 4.0)
    assert HangUp("call-1") in book.stop(5.0)
    assert not book.holds_phones


def test_a_machine_in_a_menu_hears_its_prompt_no_more():
    book = book_with(customer(detect="beside"))
    book.prompts.play(PlayPrompt("call-1", 1, "/srv/menu.wav", stay_s=2.0), 1.0)
    book.prompts.started("call-1", 9.0, 1.0)
    assert ListenFor.KEYS in book.to_hear("call-1")
    assert book.detection.leave("call-1", VOICEMAIL, 4.0) == [StopPrompt("call-1")]
    assert book.tick(11.0) == [], "the end of the prompt is nothing any more"
    assert set(book.to_hear("call-1")) == {ListenFor.MAILBOX}
