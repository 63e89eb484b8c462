"""What is recorded survives an engine and a connection that end; what fails is counted."""

from pathlib import Path

import pytest

from campaigns.core.campaign import ALWAYS, ASK, ON_DEMAND
from campaigns.core.jurisdiction import place_of
from campaigns.core.recording import policy_for
from campaigns.recordings.folder import RecordingFolder
from campaigns.stores.live import OpenAttempt
from dialer.api.problems import status_of
from dialer.core.effects import (
    CallHasEnded,
    CallWasConnected,
    ConsentWasSaid,
    Effect,
    RecordingBegan,
    RecordingDidFail,
)
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from dialer.errors import SwitchNotTold
from dialer.metrics import Metrics
from dialer.recording_desk import RecordingDesk
from dialer.switch.messages import (
    AnyCommand,
    LiveLeg,
    RecordingEnded,
    RecordingFailed,
    RecordingStarted,
    StartRecording,
    StopRecording,
)
from tests.dialer.core.floors import ANN, SALES, answer

ATTEMPT, LEG = 7, "call-7"
DC, CALIFORNIA = place_of("+12025550100", "US"), place_of("+12135550100", "US")


class Switch:
    """Where commands go."""

    def __init__(self) -> None:
        self.told: list[AnyCommand] = []
        self.effects: list[Effect] = []
        self.away = False
        self.floor = Floor()
        folder = RecordingFolder(Path("recordings"), "node-1")
        self.desk = RecordingDesk(folder, self.floor, lambda: 1.0, self._send, self.effects.extend)

    def _send(self, command: AnyCommand) -> bool:
        if not self.away:
            self.told.append(command)
        return not self.away

    def asked(self) -> list[type[AnyCommand]]:
        """What was asked for since the last look."""
        told, self.told = self.told, []
        return [type(each) for each in told]


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def talking(switch: Switch) -> Switch:
    """Ann talks, and is recorded."""
    switch.floor.open_campaign(SALES, make_pacer("power", PacingSettings()), 30.0, at=-100.0)
    switch.floor.shifts.log_in(ANN, 101, [SALES], 0.0)
    switch.floor.shifts.line_up(ANN, 0.0)
    answer(switch.floor, ATTEMPT, 1.0)
    switch.floor.connected(ATTEMPT, ANN, 1.1)
    switch.desk.restore([open_attempt(ALWAYS)], [bridged(recorded=True)])
    switch.desk.reconcile([bridged(recorded=True)])
    return switch


def open_attempt(recording: str, place=DC, *, wanted: bool = False, consent: str = "") -> OpenAttempt:
    return OpenAttempt(
        attempt_id=ATTEMPT,
        campaign_id=1,
        lead_id=1,
        agent_id=1,
        client_slug="acme",
        dial_mode="power",
        opt_out_key="9",
        ringing_at=None,
        answered_at=None,
        connected_at=None,
        message_at=None,
        disposition="",
        amd_mode="off",
        amd_action="hang_up",
        amd_optimistic=False,
        voicemail_message="",
        amd_review_share=0.0,
        amd_verdict="",
        recording=policy_for(recording, ASK, place),
        recording_wanted=wanted,
        recording_consent=consent,
    )


def bridged(*, recorded: bool) -> LiveLeg:
    return LiveLeg(LEG, "customer", "bridged", "agent-1", 1.0, recorded=recorded)


CONNECTED = CallWasConnected(ATTEMPT, 1, 1, 2.0, 0.1)


def test_what_was_paused_stays_paused_when_the_engine_comes_back(switch: Switch) -> None:
    live = [bridged(recorded=False)]
    switch.desk.restore([open_attempt(ALWAYS)], live)
    switch.desk.reconcile(live)
    assert switch.asked() == []


def test_a_pause_outlives_an_engine_that_had_not_written_the_conversation_down(switch: Switch) -> None:
    live = [bridged(recorded=False)]
    switch.desk.restore([open_attempt(ALWAYS)], live)
    switch.desk.reconcile(live)
    switch.desk.observe(CONNECTED)
    assert switch.asked() == []


def test_a_pause_that_the_switch_was_not_told_of_is_an_error_until_it_is(talking: Switch) -> None:
    desk = talking.desk
    talking.away = True
    for _ in range(2):
        with pytest.raises(SwitchNotTold, match="goes on being recorded") as away:
            desk.pause(ANN, paused=True)
        assert desk.now(ANN).state == "on"
    assert (status_of(away.value), away.value.code) == (503, "switch-not-told")
    talking.away = False
    desk.reconcile([bridged(recorded=True)])
    assert (talking.asked(), desk.now(ANN).state) == ([StopRecording], "paused")


def test_a_no_that_the_switch_was_not_told_of_is_written_and_told_later(talking: Switch) -> None:
    talking.away = True
    with pytest.raises(SwitchNotTold):
        talking.desk.consent(ANN, agreed=False)
    (said,) = talking.effects
    assert isinstance(said, ConsentWasSaid)
    assert not said.agreed
    talking.away = False
    talking.desk.reconcile([bridged(recorded=True)])
    assert talking.asked() == [StopRecording]


def test_what_was_recorded_goes_on_when_the_engine_comes_back(switch: Switch) -> None:
    live = [bridged(recorded=True)]
    switch.desk.restore([open_attempt(ON_DEMAND, wanted=True)], live)
    switch.desk.reconcile(live)
    assert (switch.asked(), switch.desk.active) == ([], 1)


def test_a_no_that_the_switch_has_not_heard_is_told_again(switch: Switch) -> None:
    live = [bridged(recorded=True)]
    switch.desk.restore([open_attempt(ALWAYS, wanted=True, consent="refused")], live)
    switch.desk.reconcile(live)
    assert switch.asked() == [StopRecording]


def test_who_has_not_agreed_before_the_engine_died_is_not_recorded_after(switch: Switch) -> None:
    live = [bridged(recorded=False)]
    switch.desk.restore([open_attempt(ALWAYS, CALIFORNIA)], live)
    switch.desk.reconcile(live)
    switch.desk.observe(CONNECTED)
    assert switch.asked() == []


def test_another_agent_goes_on_recording_and_ends_a_pause(switch: Switch) -> None:
    live = [bridged(recorded=False)]
    switch.desk.restore([open_attempt(ALWAYS)], live)
    switch.desk.observe(CallWasConnected(ATTEMPT, 2, 2, 2.0, 0.1))
    assert switch.told == [StartRecording(LEG, "recordings/spool/7")]


def test_what_the_switch_says_is_written_and_counted(switch: Switch) -> None:
    switch.desk.restore([open_attempt(ALWAYS)], [])
    (began,) = switch.desk.heard(RecordingStarted(at=3.0, leg=LEG))
    assert began == RecordingBegan(ATTEMPT, "node-1", "", (), 3.0)
    assert switch.desk.active == 1
    (failed,) = switch.desk.heard(RecordingFailed(at=4.0, leg=LEG, reason="full"))
    assert failed == RecordingDidFail(ATTEMPT, "node-1", "full", 4.0)
    metrics = Metrics("1")
    metrics.observe(failed)
    assert b"dialer_recording_failures_total 1.0" in metrics.text(switch_up=True)
    assert switch.desk.heard(RecordingEnded(at=5.0, leg=LEG)) == []
    assert switch.desk.active == 0


def test_calls_that_are_over_are_forgotten(switch: Switch) -> None:
    live = [bridged(recorded=True)]
    switch.desk.restore([open_attempt(ALWAYS)], live)
    end = CallEnd(status=200, reason="OK", by_far_end=True, timed_out=False, provisional=True)
    switch.desk.observe(CallHasEnded(ATTEMPT, 1, 6.0, Outcome.HUMAN, end))
    switch.desk.reconcile(live)
    assert switch.asked() == []
    assert switch.desk.active == 0
