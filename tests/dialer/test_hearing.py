"""Who heard whom, told from what simulated phones noticed."""

import pytest

from dialer.hearing import Conversation, Hearing, hearing

TALK = Conversation("agent-1", "+12025550101", 100.0, 130.0)


def softphone(event, at, user="agent-1"):
    return {"event": event, "user": user, "at": at}


def carrier_ended(at, heard, number=TALK.number):
    return {"event": "ended", "number": number, "at": at, "heard": heard}


def heard_by(softphones=(), carrier=(), talks=(TALK,)):
    counted = hearing(talks, softphones, carrier)
    return counted.agent_heard, counted.customer_heard


def test_without_conversations_there_is_nothing_to_hear():
    assert hearing([], [softphone("heard", 1.0)], [carrier_ended(2.0, True)]) == Hearing(0, 0, 0, 0)


def test_both_sides_heard_each_other():
    events = [softphone("heard", 100.2), softphone("silence", 129.0)]
    assert hearing([TALK], events, [carrier_ended(130.1, True)]) == Hearing(0, 1, 1, 1)


def test_phones_that_say_nothing_heard_nothing():
    assert heard_by() == (0, 0)
    assert heard_by(carrier=[carrier_ended(130.1, False), {"event": "answered", "number": TALK.number}]) == (
        0,
        0,
    )


@pytest.mark.parametrize(
    ("began", "stopped", "counts"),
    [(90.0, 99.0, False), (90.0, 101.0, True), (129.0, 140.0, True), (131.0, 140.0, False)],
)
def test_sound_counts_for_the_agent_when_it_falls_into_the_conversation(began, stopped, counts):
    events = [softphone("heard", began), softphone("silence", stopped)]
    assert heard_by(events) == (counts, 0)


def test_sound_that_never_stopped_counts_to_the_end():
    assert heard_by([softphone("heard", 50.0)]) == (1, 0)


def test_sound_stops_when_the_softphones_call_ends():
    assert heard_by([softphone("heard", 50.0), softphone("ended", 60.0)]) == (0, 0)


def test_silence_that_follows_no_sound_is_nothing():
    assert heard_by([softphone("silence", 110.0), softphone("ended", 120.0)]) == (0, 0)


def test_what_others_heard_does_not_count():
    events = [softphone("heard", 100.2, user="agent-2")]
    assert heard_by(events, [carrier_ended(130.1, True, number="+12025550102")]) == (0, 0)


def test_an_earlier_call_of_the_same_number_does_not_count():
    assert heard_by(carrier=[carrier_ended(99.0, True), carrier_ended(130.1, False)]) == (0, 0)


def test_each_conversation_of_an_agent_is_looked_at_by_itself():
    later = Conversation("agent-1", "+12025550102", 140.0, 150.0)
    events = [softphone("heard", 100.2), softphone("silence", 129.0)]
    assert heard_by(events, talks=[TALK, later]) == (1, 0)


def test_a_conversation_cut_short_is_counted_apart():
    short = Conversation("agent-1", "+12025550102", 140.0, 140.4)
    assert hearing([TALK, short], [], []) == Hearing(1, 1, 0, 0)
