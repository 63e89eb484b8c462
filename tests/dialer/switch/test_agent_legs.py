"""What the switch does for agents' legs: a sound while they wait, a beep, and what becomes of silent ones."""

from dialer.switch.leg_actions import Beep, Dial, Ending, Forget, Hear, StartWaiting
from dialer.switch.legs import LegBook
from dialer.switch.messages import LegAnswered, LegEnded, LegsBridged, PlaceLeg
from tests.dialer.switch.test_legs import book_with, customer

NOISE, BEEP = "noise.wav", "beep.wav"
BYE = Ending(200, "OK", by_far_end=True)


def agent(name="agent-1", **more):
    asked = {"waiting_sound": NOISE, "beep": BEEP, "silence_limit_s": 5.0} | more
    return PlaceLeg(name, "agent", "sip:agent@softphone", "", 20.0, **asked)


def talk():
    book = book_with(customer(), agent())
    book.companies.bridge("call-1", "agent-1", 1.0)
    book.audio_counted("call-1", 50, 2.0)
    book.audio_counted("agent-1", 50, 2.0)
    return book


def test_who_waits_hears_a_sound_and_who_is_connected_a_beep():
    book = LegBook()
    book.place(agent(), 0.0)
    book.place(customer(), 0.0)
    assert book.answered("agent-1", 1.0) == [
        LegAnswered(at=1.0, leg="agent-1"),
        StartWaiting("agent-1", NOISE),
    ]
    assert book.answered("call-1", 2.0) == [LegAnswered(at=2.0, leg="call-1")]
    assert book.companies.bridge("call-1", "agent-1", 2.1) == [
        Hear("call-1", ("agent-1",)),
        Hear("agent-1", ("call-1",)),
        Beep("agent-1", BEEP),
        LegsBridged(at=2.1, leg="call-1", other="agent-1"),
    ]
    assert StartWaiting("agent-1", NOISE) in book.ended("call-1", BYE, 60.0)


def test_who_wants_neither_hears_neither():
    book = book_with(customer(), agent(waiting_sound="", beep=""))
    assert [type(each) for each in book.companies.bridge("call-1", "agent-1", 1.0)] == [
        Hear,
        Hear,
        LegsBridged,
    ]
    assert [type(each) for each in book.ended("call-1", BYE, 2.0)] == [Hear, LegEnded]


def test_the_request_to_answer_at_once_goes_with_the_call():
    dial, *_ = LegBook().place(agent(auto_answer=True), 0.0)
    assert isinstance(dial, Dial)
    assert dial.auto_answer


def test_a_softphone_that_sends_no_audio_any_more_is_over_at_once():
    book = talk()
    assert book.audio_counted("agent-1", 50, 6.9) == []
    parted, _, forgotten, ended = book.audio_counted("agent-1", 50, 7.0)
    assert (parted, forgotten) == (Hear("agent-1"), Forget("agent-1"))
    assert isinstance(ended, LegEnded)
    assert (ended.leg, ended.ended_by, ended.status) == ("agent-1", "switch", 0)
    assert "agent-1" not in book
    # The customer has to be claimed by another agent now, or hears the message.
    assert book.tick(8.9) == []
    assert book.tick(9.0) != []


def test_one_that_rings_out_or_is_let_go_is_not_waited_for():
    book = LegBook()
    book.place(agent(), 0.0)
    book.ringing("agent-1", 180, 1.0)
    forgotten, ended = book.tick(20.0)
    assert forgotten == Forget("agent-1")
    assert ended.timed_out
    parted, _, forgotten, ended = talk().hang_up("agent-1", 30.0)
    assert (parted, forgotten) == (Hear("agent-1"), Forget("agent-1"))
    assert (ended.ended_by, ended.status) == ("engine", 200)


def test_one_that_is_on_hold_or_need_not_send_is_no_silent_one():
    book = talk()
    assert book.audio_counted("agent-1", 50, 100.0, held=True) == []
    free = book_with(agent(silence_limit_s=0.0))
    assert free.to_count() == []
    assert book_with(agent()).to_count() == ["agent-1"]
