"""A message that plays on while the engine starts again: its call, its key and its record."""

from datetime import UTC, datetime
from typing import Literal

import pytest

from campaigns.core.inbound import InboundSettings
from campaigns.stores.live import OpenAttempt
from dialer.core.amd import Verdict
from dialer.core.call import CallState
from dialer.core.effects import (
    CallHasEnded,
    CallWasAbandoned,
    CallWasAnswered,
    MessageBegan,
    PersonOptedOut,
    PlayToCaller,
)
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd, Outcome
from dialer.legs import effects_of
from dialer.recovery import Leftover
from dialer.switch.messages import LegAnswered, LegKey, LegState, LegUnclaimed, LiveLeg

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = NOON.timestamp()

Mode = Literal["agentless", "power"]


def leftover(
    mode: Mode,
    *,
    recorded: bool = False,
    disposition: str = "",
    amd_mode: str = "off",
    amd_verdict: str = "",
    direction: str = "out",
) -> Leftover:
    """A call that was placed, and of which what followed is recorded or not."""
    known = NOON if recorded else None
    attempt = OpenAttempt(
        attempt_id=7,
        campaign_id=1,
        lead_id=70,
        agent_id=None,
        client_slug="acme",
        dial_mode=mode,
        opt_out_key="9",
        ringing_at=known,
        answered_at=known,
        connected_at=None,
        message_at=known,
        disposition=disposition,
        amd_mode=amd_mode,
        amd_action="hang_up",
        amd_optimistic=True,
        voicemail_message="",
        amd_review_share=0.0,
        amd_verdict=amd_verdict,
        direction=direction,
        inbound=InboundSettings(inbound="on", inbound_music="music"),
    )
    return Leftover((), [attempt], ())


@pytest.mark.parametrize(
    ("mode", "state", "began"),
    [
        ("agentless", CallState.PLAYING, MessageBegan(7, AT)),
        ("power", CallState.ABANDONED, CallWasAbandoned(7, AT)),
    ],
)
def test_what_was_not_written_of_a_message_that_plays_is_written_now(
    mode: Mode, state: CallState, began: MessageBegan | CallWasAbandoned
) -> None:
    floor, left = Floor(), leftover(mode)
    left.restore(floor, [LiveLeg("call-7", "customer", "leaving", None, AT)], AT)
    assert floor.calls[7].state == state
    assert left.unrecorded(LegAnswered(at=AT, leg="call-7"), floor) == [CallWasAnswered(7, AT)]
    unclaimed = LegUnclaimed(at=AT, leg="call-7")
    assert effects_of(unclaimed, floor) == []
    assert left.unrecorded(unclaimed, floor) == [began]
    assert effects_of(LegKey(at=AT, leg="call-7", digit="9"), floor) == [PersonOptedOut(7, AT)]


@pytest.mark.parametrize("mode", ["agentless", "power"])
def test_what_was_written_is_not_written_again_and_the_key_counts_once(mode: Mode) -> None:
    floor, left = Floor(), leftover(mode, recorded=True)
    left.restore(floor, [], AT)
    expected = CallState.PLAYING if mode == "agentless" else CallState.ABANDONED
    assert floor.calls[7].state == expected
    assert left.unrecorded(LegUnclaimed(at=AT, leg="call-7"), floor) == []
    key = LegKey(at=AT, leg="call-7", digit="9")
    assert effects_of(key, floor) == [PersonOptedOut(7, AT)]
    floor, left = Floor(), leftover(mode, recorded=True, disposition="opted_out")
    left.restore(floor, [], AT)
    assert effects_of(key, floor) == []


def ends(floor: Floor) -> Outcome:
    (ended,) = [
        each
        for each in floor.ended(7, CallEnd(200, by_far_end=False), AT + 9)
        if isinstance(each, CallHasEnded)
    ]
    return ended.outcome


def test_a_machine_that_is_being_left_is_one_also_where_its_verdict_was_not_on_record() -> None:
    floor, left = Floor(), leftover("power", amd_mode="act")
    left.restore(floor, [LiveLeg("call-7", "customer", "leaving", None, AT)], AT)
    floor.judged(7, Verdict.MACHINE, 0.98, 4.6, AT + 5)
    assert ends(floor) == Outcome.MACHINE


@pytest.mark.parametrize(("mode", "outcome"), [("act", Outcome.MACHINE), ("flag", Outcome.ABANDONED)])
def test_a_machine_whose_call_ended_without_an_engine_is_what_its_verdict_says(
    mode: str, outcome: Outcome
) -> None:
    floor, left = Floor(), leftover("power", recorded=True, amd_mode=mode, amd_verdict="machine")
    left.restore(floor, [], AT)
    assert ends(floor) == outcome


@pytest.mark.parametrize(
    ("leg", "recorded", "state"),
    [
        ("ringing", False, CallState.PLACED),
        ("answered", False, CallState.ANSWERED),
        ("prompted", False, CallState.ANSWERED),
        ("prompted", True, CallState.PLAYING),
        ("leaving", False, CallState.PLAYING),
    ],
)
def test_who_has_called_us_waits_on_unless_they_were_being_told(
    leg: LegState, recorded: bool, state: CallState
) -> None:
    floor, left = Floor(), leftover("power", recorded=recorded, direction="in", amd_mode="act")
    left.restore(floor, [LiveLeg("call-7", "customer", leg, None, None if leg == "ringing" else AT)], AT)
    call = floor.calls[7]
    assert (call.state, call.came, call.detection.listens) == (state, True, False)
    floor.shifts.log_in(1, 101, [1], AT)
    played = [each for each in floor.offer_unclaimed(AT) + floor.tick(AT) if isinstance(each, PlayToCaller)]
    assert [each.prompt for each in played] == (["music"] if state == CallState.ANSWERED else [])


def test_what_was_not_written_of_a_caller_who_was_told_is_written_now() -> None:
    floor, left = Floor(), leftover("power", direction="in")
    left.restore(floor, [], AT)
    told = LegUnclaimed(at=AT, leg="call-7")
    left.restore(floor, [LiveLeg("call-7", "customer", "leaving", None, AT)], AT)
    assert effects_of(told, floor) == []
    assert left.unrecorded(told, floor) == [MessageBegan(7, AT)]
    assert ends(floor) == Outcome.TOLD
