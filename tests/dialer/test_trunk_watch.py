"""What the switch says of its legs, and what it tells of trunks."""

from dataclasses import dataclass

import pytest

from dialer.core.breaker import FIRST_WAIT_S, BreakerState
from dialer.core.trunks import Trunk, TrunkBook
from dialer.switch.leg_actions import Ending
from dialer.switch.legs import LegBook
from dialer.switch.messages import (
    LegAnswered,
    LegAudio,
    LegEnded,
    LegRerouted,
    LegRinging,
    LiveLeg,
    PlaceLeg,
    SwitchReady,
    TrunkReachable,
)
from dialer.trunk_watch import TrunkWatch

LEG = "call-9"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """Two trunks, with the watch that hears of them."""

    def __init__(self) -> None:
        self.book = TrunkBook([Trunk(name, f"sip:{{number}}@{name}") for name in ("a", "b")])
        self.clock = Clock()
        self.watch = TrunkWatch(self.book, self.clock)

    def state(self, name: str) -> BreakerState:
        return next(each.state for each in self.book.standings(self.clock.now) if each.name == name)

    def open(self, name: str) -> None:
        """Its breaker is open, and lets one call through at the clock's time."""
        for call in range(5):
            self.book.placed(call, name, 0.0)
            self.book.failed(call, 0.0, "503")
        self.clock.now = FIRST_WAIT_S
        self.book.placed(LEG, name, FIRST_WAIT_S)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def rerouted(leg: str = LEG, status: int = 503) -> LegRerouted:
    return LegRerouted(at=0.0, leg=leg, trunk="a", to="b", status=status, reason="Service Unavailable")


def ready(*live: LiveLeg, trunks: dict[str, bool] | None = None) -> SwitchReady:
    return SwitchReady(
        at=0.0,
        switch="s",
        pid=1,
        version="",
        max_legs=9,
        live=list(live),
        replays_through=0,
        trunks=trunks or {},
    )


def test_a_trunk_works_again_once_its_probe_rings_however_long_it_talks(watched: Watched) -> None:
    watched.open("a")
    assert watched.state("a") == BreakerState.PROBING
    watched.watch.hear(LegRinging(at=1.0, leg=LEG, status=180))
    assert watched.state("a") == BreakerState.CLOSED


def test_a_call_that_we_cancel_before_a_word_came_proves_nothing(watched: Watched) -> None:
    watched.open("a")
    legs = LegBook()
    legs.place(PlaceLeg(LEG, "customer", "sip:1@a", "", 25.0, trunk="a", reply_within_s=4.0), 11.0)
    legs.hang_up(LEG, 12.0)
    (end,) = legs.ended(LEG, Ending(408, "Request Timeout", by_far_end=False), 43.0)
    assert isinstance(end, LegEnded)
    watched.watch.hear(end)
    assert watched.state("a") == BreakerState.PROBING


def test_a_trunk_that_fails_a_call_hands_it_on(watched: Watched) -> None:
    watched.book.placed(LEG, "a", 0.0)
    watched.watch.hear(rerouted())
    trunk = watched.book.trunk_of(LEG)
    assert trunk is not None
    assert trunk.name == "b"


def test_what_is_told_again_after_a_restart_blames_nobody(watched: Watched) -> None:
    names = [f"call-{number}" for number in range(5)]
    watched.watch.hear(ready(*(LiveLeg(name, "customer", "ringing", None, None, "b") for name in names)))
    for name in names:
        watched.watch.hear(rerouted(name))
    assert watched.state("b") == BreakerState.CLOSED
    assert [each.calls for each in watched.book.standings(0.0)] == [0, 5]


def test_a_trunk_that_forbids_a_call_is_well(watched: Watched) -> None:
    for number in range(30):
        watched.book.placed(number, "a", 0.0)
        watched.book.placed(f"call-{number}", "a", 0.0)
        watched.watch.hear(rerouted(f"call-{number}", status=403))
    assert watched.state("a") == BreakerState.CLOSED


def test_audio_that_came_is_told_of_at_the_end(watched: Watched) -> None:
    for number in range(3):
        watched.book.placed(number, "a", 0.0)
        watched.book.silent(number, 0.0)
    watched.clock.now = FIRST_WAIT_S
    watched.book.placed(LEG, "a", FIRST_WAIT_S)
    watched.watch.hear(LegAnswered(at=FIRST_WAIT_S, leg=LEG))
    assert watched.state("a") == BreakerState.PROBING
    end = LegEnded(at=15.0, leg=LEG, status=200, reason="OK", ended_by="far_end", trunk="a", audio=True)
    watched.watch.hear(end)
    assert watched.state("a") == BreakerState.CLOSED


def test_answers_that_cannot_be_used_are_the_trunks_fault_also_where_it_rang(watched: Watched) -> None:
    for number in range(3):
        leg = f"call-{number}"
        watched.book.placed(leg, "a", 0.0)
        watched.watch.hear(LegRinging(at=0.0, leg=leg, status=180))
        end = LegEnded(at=1.0, leg=leg, status=415, reason="", ended_by="switch", no_audio=True)
        watched.watch.hear(end)
    assert watched.state("a") == BreakerState.OPEN


def test_the_first_audio_of_a_probe_closes_the_breaker(watched: Watched) -> None:
    for number in range(3):
        watched.book.placed(number, "a", 0.0)
        watched.book.silent(number, 0.0)
    watched.clock.now = FIRST_WAIT_S
    watched.book.placed(LEG, "a", FIRST_WAIT_S)
    watched.watch.hear(LegAnswered(at=FIRST_WAIT_S, leg=LEG))
    watched.clock.now = FIRST_WAIT_S + 60
    assert watched.state("a") == BreakerState.PROBING
    watched.watch.hear(LegAudio(at=watched.clock.now, leg=LEG))
    assert watched.state("a") == BreakerState.CLOSED


def test_trunks_that_answer_no_keep_alive_get_no_calls(watched: Watched) -> None:
    watched.watch.hear(ready(trunks={"a": False}))
    assert [each.name for each in watched.book.routes("+12025550123", 0.0)] == ["b"]
    watched.watch.hear(TrunkReachable(at=0.0, trunk="a", up=True, reason=""))
    assert len(watched.book.routes("+12025550123", 0.0)) == 2


def test_calls_that_the_switch_has_no_more_leave_their_lines(watched: Watched) -> None:
    watched.book.placed(LEG, "a", 0.0)
    watched.watch.hear(ready())
    assert [each.calls for each in watched.book.standings(0.0)] == [0, 0]


def test_a_trunk_that_is_gone_says_what_it_was_asked_and_what_it_answered(watched: Watched) -> None:
    watched.watch.hear(TrunkReachable(at=0.0, trunk="a", up=False, reason="registration: 403 Forbidden"))
    gone, well = watched.book.standings(0.0)
    assert (gone.reachable, gone.reason) == (False, "registration: 403 Forbidden")
    assert (well.reachable, well.reason) == (None, "")
    watched.watch.hear(TrunkReachable(at=1.0, trunk="a", up=True, reason="registration: 200 OK"))
    assert watched.book.standings(1.0)[0].reason == ""


def test_an_engine_that_comes_back_says_of_a_trunk_that_is_gone_what_it_knows(watched: Watched) -> None:
    watched.watch.hear(ready(trunks={"a": False}))
    assert "does not answer" in watched.book.standings(0.0)[0].reason


def test_a_call_that_came_has_a_line_and_tells_nothing_of_the_trunk(watched: Watched) -> None:
    watched.watch.came(LEG, "a")
    watched.watch.hear(LegAnswered(at=0.0, leg=LEG))
    watched.watch.came("call-10", "nobody")
    before, _ = watched.book.standings(0.0)
    watched.watch.hear(LegEnded(at=5.0, leg=LEG, status=200, reason="OK", ended_by="switch", no_audio=True))
    after, _ = watched.book.standings(0.0)
    assert (before.calls, after.calls) == (1, 0)
    assert (after.state, after.answer_seizure_ratio) == (BreakerState.CLOSED, None)
    assert watched.watch.country_of("nobody") == ""
