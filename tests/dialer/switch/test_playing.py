"""A message for whoever answers: it is heard at once and whole, and a key ends it, however it is sent."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from dialer.simulation.options import SOUNDS, CarrierOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier
from dialer.switch.messages import LegAnswered, LegEnded, LegKey, LegUnclaimed
from dialer.switch.options import EndpointOptions
from tests.dialer.switch.conftest import StartSipp, Switch, worker_number
from tests.dialer.switch.test_endpoint import RTP, EarlyPhone, early_phones
from tests.sounds import TONE_HZ, sound, tone
from tests.support import eventually
from tests.telephone import from_mu_law, tones

PERSON, BY_AUDIO, BY_INFO = "+12025551000", "+12025551001", "+12025551002"
MESSAGE = SOUNDS.parents[1] / "sounds" / "unclaimed.wav"
LENGTH_S = 1.5


@pytest.fixture
async def carrier() -> AsyncIterator[SimulatedCarrier]:
    """People who stay for minutes, unless a key ends their call."""
    options = CarrierOptions(
        world=World(ring_mean_s=0.2, talk_mean_s=600, patience_mean_s=600),
        kinds={PERSON: Kind.PERSON, BY_AUDIO: Kind.OPTS_OUT, BY_INFO: Kind.OPTS_OUT_BY_INFO},
        endpoint=EndpointOptions(
            max_calls=50, rtp_port=12000 + 1000 * (worker_number() % 4), rtp_port_count=1000, user="carrier"
        ),
    )
    async with SimulatedCarrier(options) as process:
        yield process


def length_of(path: Path) -> float:
    with wave.open(str(path), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


async def test_a_message_begins_with_the_answer_and_is_heard_to_its_end(
    switch: Switch, carrier: SimulatedCarrier
) -> None:
    switch.place("call", carrier.uri(PERSON), message=str(MESSAGE), claim_within_s=0.0, end_key="9")
    ended = await switch.said(LegEnded, "call")
    (answered,), (begun,) = switch.of(LegAnswered, "call"), switch.of(LegUnclaimed, "call")
    assert begun.at == pytest.approx(answered.at, abs=0.01)
    assert (ended.heard_all, ended.ended_by) == (True, "switch")
    assert ended.heard_s == pytest.approx(length_of(MESSAGE))
    (heard,) = await eventually(lambda: carrier.events_of("ended"))
    assert heard["by_caller"]
    assert heard["heard_after_s"] < 1.5


@pytest.mark.parametrize("number", [BY_AUDIO, BY_INFO])
@pytest.mark.parametrize("claim_within_s", [0.0, 0.5])
async def test_the_key_ends_the_message_at_once_by_rfc_4733_and_by_info(
    switch: Switch, carrier: SimulatedCarrier, number: str, claim_within_s: float
) -> None:
    uri = carrier.uri(number)
    switch.place("call", uri, message=str(MESSAGE), claim_within_s=claim_within_s, end_key="9")
    ended = await switch.said(LegEnded, "call")
    (key,) = switch.of(LegKey, "call")
    (pressed,) = await eventually(lambda: carrier.events_of("pressed"))
    assert key.digit == "9"
    assert -0.1 < key.at - pressed["at"] < 1.5
    assert ended.at - key.at < 1.5
    assert (ended.ended_by, ended.heard_all) == ("switch", False)
    assert ended.heard_s is not None
    assert ended.heard_s < length_of(MESSAGE)
    (gone,) = await eventually(lambda: carrier.events_of("ended"))
    assert gone["by_caller"]


@pytest.mark.parametrize("number", [BY_AUDIO, BY_INFO])
async def test_a_key_that_ends_nothing_is_told_and_the_message_goes_on(
    switch: Switch, carrier: SimulatedCarrier, number: str
) -> None:
    switch.place("call", carrier.uri(number), message=str(MESSAGE), claim_within_s=0.0, end_key="1")
    ended = await switch.said(LegEnded, "call")
    assert [key.digit for key in switch.of(LegKey, "call")] == ["9"]
    assert ended.heard_all


# --- a far end that nobody here wrote -------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "digits"),
    [
        ("Signal=9\r\nDuration=160", "200", ["9"]),
        ("Signal=5\r\nDuration=160", "200", ["5"]),
        ("Signal=!\r\nDuration=160", "200", []),
        ("Signal=\xff\r\nDuration=160", "200", []),
        ("no signal at all", "400", []),
    ],
)
async def test_keys_by_info_are_heard_and_nonsense_is_none(
    switch: Switch, sipp: StartSipp, tmp_path: Path, body: str, status: str, digits: list[str]
) -> None:
    far_end = await sipp("sends_info", content_type="application/dtmf-relay", body=body, info_status=status)
    message = str(sound(tmp_path / "message.wav", length_s=LENGTH_S))
    switch.place("call", far_end.uri(PERSON), message=message, claim_within_s=0.0, end_key="9")
    ended = await switch.said(LegEnded, "call")
    assert [key.digit for key in switch.of(LegKey, "call")] == digits
    assert ended.heard_all == ("9" not in digits)
    await far_end.content()


# --- what is heard --------------------------------------------------------------------------------


class ListeningPhone(EarlyPhone):
    """Answers at once and keeps the sound that comes."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = bytearray()

    def _listen(self) -> None:
        self.sound += self._audio.recv(2048)[RTP.size :]


@pytest.mark.parametrize("rate", [8000, 16000])
async def test_a_tone_in_the_message_is_the_tone_that_is_heard_for_as_long(
    switch: Switch, tmp_path: Path, rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = tone(tmp_path / "tone.wav", rate=rate, length_s=LENGTH_S)
    monkeypatch.setattr("tests.dialer.switch.test_endpoint.EarlyPhone", ListeningPhone)
    async with early_phones(1) as phones:
        ((uri, phone),) = phones.items()
        switch.place("call", uri, message=str(message), claim_within_s=0.0)
        ended = await switch.said(LegEnded, "call")
        assert ended.heard_s == pytest.approx(LENGTH_S)
        assert isinstance(phone, ListeningPhone)
        assert tone_s(bytes(phone.sound)) == pytest.approx(LENGTH_S, abs=0.1)


def tone_s(mu_law: bytes) -> float:
    """For how many seconds of 8 kHz mu-law sound (G.711) the tone is what is heard most."""
    return float(np.sum(tones(from_mu_law(mu_law)) == TONE_HZ) * 0.02)
