"""A leg whose trunk fails it goes on over the next, only while nothing has rung."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.trunk_room import TrunkRoom
from dialer.switch.audio_watch import USUAL_LIMITS
from dialer.switch.keepalive import ANSWER_WITHIN_S, KeepAlive
from dialer.switch.leg_actions import Action, Dial, Ending, Forget, HangUp
from dialer.switch.legs import LegBook
from dialer.switch.messages import LegAudio, LegEnded, LegRerouted, MixLegs, PlaceLeg, Route
from dialer.switch.sdp import offer_only

UNAVAILABLE = Ending(503, "Service Unavailable", by_far_end=True)
BUSY = Ending(486, "Busy Here", by_far_end=True)
OURS = Ending(487, "Request Terminated", by_far_end=False)
A, B, C = (Route(f"sip:1@{name}", name, 4.0) for name in "abc")


def placed(*others: Route, ring_timeout_s: float = 25.0) -> tuple[LegBook, list[Action]]:
    book = LegBook()
    leg = PlaceLeg(
        "call-1",
        "customer",
        A.uri,
        "+12025550100",
        ring_timeout_s,
        trunk=A.trunk,
        message="sorry.wav",
        reply_within_s=A.reply_within_s,
        others=others,
    )
    return book, book.place(leg, 0.0)


def dialed(actions: list[Action]) -> list[str]:
    return [each.route.trunk for each in actions if isinstance(each, Dial)]


def ended(actions: list[Action]) -> LegEnded:
    (end,) = [each for each in actions if isinstance(each, LegEnded)]
    return end


def test_the_first_route_is_tried_first() -> None:
    _, actions = placed(B)
    assert actions == [Dial("call-1", A, "+12025550100")]


def test_a_trunk_that_refuses_makes_way_for_the_next_and_the_engine_is_told() -> None:
    book, _ = placed(B)
    actions = book.ended("call-1", UNAVAILABLE, 0.1)
    assert actions == [
        LegRerouted(at=0.1, leg="call-1", trunk="a", to="b", status=503, reason="Service Unavailable"),
        Dial("call-1", B, "+12025550100"),
    ]
    end = ended(book.ended("call-1", BUSY, 3.0))
    assert (end.trunk, end.trunk_failed, end.status) == ("b", False, 486)


def test_when_every_trunk_has_failed_the_leg_is_over() -> None:
    book, _ = placed(B, C)
    assert dialed(book.ended("call-1", UNAVAILABLE, 0.1)) == ["b"]
    assert dialed(book.ended("call-1", UNAVAILABLE, 0.2)) == ["c"]
    end = ended(book.ended("call-1", UNAVAILABLE, 0.3))
    assert (end.trunk, end.trunk_failed) == ("c", True)
    assert not book


@pytest.mark.parametrize("status", [180, 183])
def test_nothing_is_tried_again_once_anything_rang(status: int) -> None:
    book, _ = placed(B)
    book.ringing("call-1", status, 1.0)
    end = ended(book.ended("call-1", UNAVAILABLE, 2.0))
    assert (end.trunk, end.trunk_failed) == ("a", False)


@pytest.mark.parametrize(
    "ending",
    [
        BUSY,
        Ending(404, "Not Found", by_far_end=True),
        Ending(500, "Error", by_far_end=True, q850_cause=17),
        Ending(0, "every line is in use", by_far_end=False, by_us=True),
    ],
)
def test_what_is_not_the_trunks_fault_is_tried_nowhere_else(ending: Ending) -> None:
    book, _ = placed(B)
    assert not ended(book.ended("call-1", ending, 1.0)).trunk_failed


def test_a_trunk_that_says_nothing_is_given_up_and_forgotten() -> None:
    book, _ = placed(B)
    assert book.tick(3.9) == []
    actions = book.tick(4.0)
    assert actions[0] == Forget("call-1")
    assert dialed(actions) == ["b"]
    actions = book.tick(8.0)
    assert actions[0] == Forget("call-1")
    end = ended(actions)
    assert (end.status, end.trunk, end.trunk_failed, end.provisional) == (408, "b", True, False)


def test_a_trunk_that_works_on_it_has_the_ring_time_and_is_the_last_to_have_the_call() -> None:
    book, _ = placed(B)
    assert book.ringing("call-1", 100, 1.0) == []
    assert book.tick(24.9) == []
    assert book.tick(25.0) == [HangUp("call-1")]
    end = ended(book.ended("call-1", OURS, 25.1))
    assert end.timed_out
    assert end.trunk_failed


def test_no_call_leaves_over_another_trunk_long_after_it_was_permitted() -> None:
    book, _ = placed(B)
    book.ringing("call-1", 100, 1.0)
    assert ended(book.ended("call-1", UNAVAILABLE, 10.5)).trunk_failed


def test_a_trunk_without_room_is_passed_over() -> None:
    book, _ = placed(B, C)
    book.routes.rooms = {"b": TrunkRoom(lines=0), "c": TrunkRoom()}
    assert dialed(book.ended("call-1", UNAVAILABLE, 0.1)) == ["c"]
    end = ended(book.ended("call-1", BUSY, 0.2))
    assert (end.trunk, end.rerouted) == ("c", ["a: 503 Service Unavailable", "b: no room"])


def test_a_trunk_that_answers_no_keep_alive_is_passed_over() -> None:
    book, _ = placed(B)
    book.routes.rooms = {"b": TrunkRoom()}
    book.routes.rooms["b"].up = False
    assert ended(book.ended("call-1", UNAVAILABLE, 0.1)).trunk == "a"


def test_however_many_calls_a_trunk_fails_the_next_gets_no_more_than_its_lines_and_rate() -> None:
    book = LegBook(rooms={"b": TrunkRoom(lines=5, calls_per_second=2.0), "c": TrunkRoom(lines=3)})
    for number in range(50):
        leg = PlaceLeg(f"call-{number}", "customer", A.uri, "", 25.0, trunk="a", others=(B, C))
        book.place(leg, 0.0)
    moved = [trunk for n in range(50) for trunk in dialed(book.ended(f"call-{n}", UNAVAILABLE, 1.0))]
    assert sorted(moved) == ["b", "c", "c", "c"]


def test_an_answer_that_crosses_our_giving_up_is_told_of_at_the_end_and_claimed_by_nobody() -> None:
    book, _ = placed()
    book.ringing("call-1", 180, 1.0)
    book.tick(26.0)
    assert book.answered("call-1", 26.05) == []
    assert book.tick(99.0) == []
    assert ended(book.ended("call-1", OURS, 99.1)).answered_late


def test_who_answers_in_time_has_not_answered_late() -> None:
    book, _ = placed()
    book.answered("call-1", 2.0)
    book.hang_up("call-1", 3.0)
    book.answered("call-1", 3.1)
    assert not ended(book.ended("call-1", OURS, 3.2)).answered_late


@pytest.mark.parametrize(("answered", "late"), [(False, True), (True, False)])
def test_a_route_that_answers_after_it_was_left_is_told_of_unless_the_next_has_the_person(
    answered: bool, late: bool
) -> None:
    book, _ = placed(B)
    book.tick(4.0)
    book.answered_elsewhere("call-1")
    if answered:
        book.answered("call-1", 5.0)
    assert ended(book.ended("call-1", BUSY, 6.0)).answered_late == late
    book.answered_elsewhere("call-1")


@pytest.mark.parametrize("by", ["engine", "switch stops", "engine gone"])
def test_a_call_that_was_given_up_is_not_tried_elsewhere(by: str) -> None:
    book, _ = placed(B)
    {
        "engine": lambda: book.hang_up("call-1", 1.0),
        "switch stops": lambda: book.stop(1.0),
        "engine gone": lambda: book.engine_gone(1.0),
    }[by]()
    end = ended(book.ended("call-1", UNAVAILABLE, 1.1))
    assert not end.trunk_failed


# --- audio --------------------------------------------------------------------------------------


def answered() -> LegBook:
    book, _ = placed()
    book.answered("call-1", 0.0)
    book.place(PlaceLeg("agent-1", "agent", "sip:agent", "", 20.0), 0.0)
    book.answered("agent-1", 0.0)
    book.companies.bridge("call-1", "agent-1", 0.0)
    return book


def test_a_bad_request_is_the_trunks_fault_and_tried_nowhere_else() -> None:
    book, _ = placed(B)
    end = ended(book.ended("call-1", Ending(400, "Bad Request", by_far_end=True), 1.0))
    assert (end.trunk, end.trunk_failed, end.rerouted) == ("a", True, [])


def test_what_a_networks_analytics_block_is_offered_to_no_other_trunk() -> None:
    book, _ = placed(B)
    block = Ending(403, "Forbidden", by_far_end=True, reason_header='SIP;cause=603;text="v=analytics1"')
    end = ended(book.ended("call-1", block, 1.0))
    assert (end.trunk, end.trunk_failed, end.rerouted) == ("a", False, [])


def test_an_answer_that_cannot_be_used_is_tried_nowhere_else() -> None:
    book, _ = placed(B)
    end = ended(book.ended("call-1", Ending(415, "", by_far_end=False, unusable=True), 1.0))
    assert (end.trunk, end.no_audio, end.rerouted) == ("a", True, [])


def test_an_answer_without_any_audio_is_ended_and_told_of() -> None:
    book = answered()
    assert book.to_count() == ["call-1"]
    assert book.audio_counted("call-1", 0, USUAL_LIMITS.begins_within_s - 0.1) == []
    assert book.audio_counted("call-1", 0, USUAL_LIMITS.begins_within_s) == [HangUp("call-1")]
    assert ended(book.ended("call-1", OURS, 9.0)).no_audio


def test_audio_that_stops_ends_the_call_after_a_while_and_is_no_fault_of_the_trunk() -> None:
    book = answered()
    assert book.audio_counted("call-1", 50, 1.0) == [LegAudio(at=1.0, leg="call-1")]
    assert book.audio_counted("call-1", 50, USUAL_LIMITS.rests_at_most_s) == []
    assert book.audio_counted("call-1", 50, 1.0 + USUAL_LIMITS.rests_at_most_s) == [HangUp("call-1")]
    assert not ended(book.ended("call-1", OURS, 70.0)).no_audio


def test_who_hears_a_message_hears_it_to_the_end_and_the_silence_is_told_of() -> None:
    book, _ = placed()
    book.answered("call-1", 0.0)
    book.tick(2.0)
    book.prompts.message_started("call-1", 10.0, 2.0)
    assert book.to_count() == ["call-1"]
    assert book.audio_counted("call-1", 0, 11.0) == []
    book.tick(12.3)
    assert ended(book.ended("call-1", OURS, 12.4)).no_audio


def test_a_call_on_hold_sends_none_and_stays() -> None:
    book = answered()
    book.audio_counted("call-1", 50, 1.0)
    for second in range(2, 600):
        assert book.audio_counted("call-1", 50, float(second), held=True) == []
    assert book.audio_counted("call-1", 50, 610.0) == []


def test_a_count_that_begins_anew_after_a_re_invite_does_not_make_a_talk_silent() -> None:
    book = answered()
    book.audio_counted("call-1", 50, 1.0)
    for second in range(2, 300):
        assert book.audio_counted("call-1", 50 * second, float(second)) == []
    book.audio_counted("call-1", 0, 300.0)
    assert book.audio_counted("call-1", 0, 309.0) == []
    end = ended(book.ended("call-1", Ending(200, "OK", by_far_end=True), 309.5))
    assert (end.audio, end.no_audio) == (True, False)


def test_a_call_that_is_answered_on_hold_and_sends_nothing_is_one_without_audio() -> None:
    book = answered()
    limit = USUAL_LIMITS.begins_within_s
    assert book.audio_counted("call-1", 0, limit - 0.1, held=True) == []
    assert book.audio_counted("call-1", 0, limit, held=True) == [HangUp("call-1")]
    end = ended(book.ended("call-1", OURS, 9.0))
    assert (end.no_audio, end.reason) == (True, f"no audio within {limit:g} s")


def test_a_call_that_is_answered_on_hold_with_music_has_audio() -> None:
    book = answered()
    for second in range(1, 60):
        book.audio_counted("call-1", 50 * second, float(second), held=True)
    assert not ended(book.ended("call-1", Ending(200, "OK", by_far_end=True), 60.0)).no_audio


def test_a_far_end_that_never_comes_back_from_its_hold_is_let_go() -> None:
    book = answered()
    book.audio_counted("call-1", 50, 1.0)
    limit = USUAL_LIMITS.held_at_most_s
    assert book.audio_counted("call-1", 50, 2.0, held=True) == []
    assert book.audio_counted("call-1", 60, 1.9 + limit, held=True) == []
    assert book.audio_counted("call-1", 60, 2.0 + limit, held=True) == [HangUp("call-1")]
    end = ended(book.ended("call-1", OURS, 3.0 + limit))
    assert (end.no_audio, end.reason) == (False, f"held for {limit:g} s")


def test_whom_we_hold_owes_nothing() -> None:
    book = answered()
    book.companies.mix(MixLegs("talk", {"call-1": [], "agent-1": []}, {"call-1": "music.wav"}), 1.0)
    assert book.audio_counted("call-1", 0, 60.0) == []
    assert not ended(book.ended("call-1", OURS, 60.0)).no_audio


def test_a_call_that_ends_at_once_tells_nothing_of_its_audio() -> None:
    book = answered()
    book.audio_counted("call-1", 0, 2.0)
    assert not ended(book.ended("call-1", Ending(200, "OK", by_far_end=True), 2.5)).no_audio


# --- keep-alive ---------------------------------------------------------------------------------


def test_a_trunk_is_asked_every_so_often_and_is_up_once_it_answers() -> None:
    trunk = KeepAlive(30.0)
    assert trunk.is_due(0.0)
    assert not trunk.is_due(29.9)
    trunk.answered(404)
    assert trunk.up
    assert trunk.is_due(30.0)


def test_two_questions_without_an_answer_and_a_trunk_is_down_one_answer_and_it_is_up() -> None:
    trunk = KeepAlive(30.0)
    trunk.is_due(0.0)
    trunk.is_due(ANSWER_WITHIN_S)
    assert trunk.up is None
    trunk.is_due(30.0)
    trunk.is_due(30.0 + ANSWER_WITHIN_S)
    assert trunk.up is False
    trunk.answered(408)
    assert trunk.up is False
    trunk.is_due(60.0)
    trunk.answered(200)
    assert trunk.up


def test_a_late_refusal_counts_once() -> None:
    trunk = KeepAlive(30.0)
    trunk.is_due(0.0)
    trunk.is_due(ANSWER_WITHIN_S)
    trunk.answered(408)
    assert trunk.up is None


def test_a_trunk_that_is_not_asked_is_unknown_for_ever() -> None:
    assert not KeepAlive(0.0).is_due(1e9)


# --- codecs -------------------------------------------------------------------------------------

OFFER = "\r\n".join(
    [
        "v=0",
        "m=audio 4000 RTP/AVP 0 8 9 120",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:9 G722/8000",
        "a=sendrecv",
        "a=rtpmap:120 telephone-event/8000",
        "a=fmtp:120 0-16",
        "",
    ]
)


def test_an_offer_has_the_trunks_codecs_in_its_order_and_keys() -> None:
    offered = offer_only(OFFER, ["PCMA", "PCMU"])
    assert "m=audio 4000 RTP/AVP 8 0 120\r\n" in offered
    assert "G722" not in offered
    assert "a=fmtp:120 0-16\r\n" in offered
    assert "a=sendrecv\r\n" in offered


def test_an_offer_is_never_left_without_a_codec() -> None:
    assert offer_only(OFFER, ["opus"]) == OFFER


@given(st.lists(st.sampled_from(["PCMU", "PCMA", "G722"]), min_size=1, unique=True))
def test_an_offer_reduced_twice_is_the_same(codecs: list[str]) -> None:
    once = offer_only(OFFER, codecs)
    assert offer_only(once, codecs) == once
    audio = next(line for line in once.splitlines() if line.startswith("m=audio"))
    assert len(audio.split()) == 4 + len(codecs)
