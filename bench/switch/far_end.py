"""`python -m bench.switch.far_end OPTIONS`: answers every call, speaks, and listens frame by frame.

OPTIONS is a `FarEndOptions` as JSON. It writes one JSON object a line; the instants in `mono` are
`time.monotonic()`, the same clock in every process of a machine:

- `listening`: host, port
- `answered`: user, mono (just before the 200 is sent)
- `spoke`: user, mono (the bridge's first frame after the answer: the tone goes out with it)
- `heard`: user, mono; sound begins after silence
- `audio`, when asked with SIGUSR1: packets (how many RTP packets each call has received, in the order of
  the calls), hearing (how many calls receive sound)
- `error`: message
"""

import signal
import sys
import time
from random import Random
from typing import Any

import pjsua2 as pj

from bench.switch.options import FarEndOptions
from dialer.simulation.loop import Loop, run_process
from dialer.switch.endpoint import CallEnding, EndpointError, SipCall

_SILENCE_S = 0.15
_AUDIBLE = 3
_LISTEN_S = 0.5


class FarEnd:
    """Everybody who can be called."""

    def __init__(self, options: FarEndOptions) -> None:
        """Raises EndpointError."""
        self.options = options
        self.loop = Loop(options.endpoint, self._incoming)
        self.calls: dict[_Line, SipCall] = {}
        self.tone = _tone()
        self.clock = _Clock(self)
        self._random = Random()
        signal.signal(signal.SIGUSR1, lambda *_: self.loop.after(0, self._look))

    def _incoming(self, call: SipCall, user: str) -> "_Line":
        line = _Line(self, call, user)
        ring_s = self._random.uniform(0, self.options.ring_s)
        if ring_s:
            self.loop.after(0, lambda: call.answer_with(180))
        self.loop.after(ring_s, line.answer)
        return line

    def _look(self) -> None:
        """The level of a call is known some frames after the first look."""
        for call in self.calls.values():
            call.heard_level()
        self.loop.after(_LISTEN_S, self._say_audio)

    def _say_audio(self) -> None:
        calls = list(self.calls.values())
        hearing = sum(call.heard_level() >= _AUDIBLE for call in calls)
        self.loop.say("audio", packets=[_packets(call) for call in calls], hearing=hearing)


class _Line:
    def __init__(self, far_end: FarEnd, call: SipCall, user: str) -> None:
        self._far_end = far_end
        self._call = call
        self._user = user
        options = far_end.options
        self._watched = bool(options.watched) and user.startswith(options.watched)
        self._ear: _Ear | None = None

    def answer(self) -> None:
        far_end, options = self._far_end, self._far_end.options
        answered_at = time.monotonic()
        self._call.answer_with(200)
        audio = self._call.audio()
        if audio is None:
            return
        if options.speaks:
            far_end.tone.startTransmit(audio)
            far_end.clock.has_started(self._user)
        if self._watched and options.ears:
            self._ear = _Ear(far_end.loop, self._user)
            audio.startTransmit(self._ear)
        if self._watched and options.talk_s is not None:
            far_end.loop.after(options.talk_s, self._call.hang_up)
        far_end.calls[self] = self._call
        if options.watched:
            far_end.loop.say("answered", user=self._user, mono=answered_at)

    def call_ringing(self, call: SipCall, status: int) -> None:
        """Only for calls that are placed."""

    def call_answered(self, call: SipCall) -> None:
        """The caller has acknowledged the answer."""

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        self._far_end.calls.pop(self, None)


class _Clock(pj.AudioMediaPort):  # type: ignore[misc]
    """Is called with every frame of the bridge, and so knows when it has sent a first one."""

    def __init__(self, far_end: FarEnd) -> None:
        super().__init__()
        self.createPort("clock", _format())
        self._loop = far_end.loop
        self._starting: list[str] = []
        far_end.tone.startTransmit(self)

    def has_started(self, user: str) -> None:
        self._starting.append(user)

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802 - the library's name
        while self._starting:
            self._loop.say("spoke", user=self._starting.pop(), mono=time.monotonic())


class _Ear(pj.AudioMediaPort):  # type: ignore[misc]
    """Tells when sound begins on a call, to one frame of 20 ms."""

    def __init__(self, loop: Loop, user: str) -> None:
        super().__init__()
        self.createPort(f"ear-{user}", _format())
        self._loop = loop
        self._user = user
        self._heard_at = 0.0

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802 - the library's name
        samples = frame.buf
        # The upper halves of some samples suffice: they are 0 or 255 in silence, whatever the noise.
        if not any(samples[index] not in (0, 255) for index in range(1, len(samples), 32)):
            return
        now = time.monotonic()
        if now - self._heard_at > _SILENCE_S:
            self._loop.say("heard", user=self._user, mono=now)
        self._heard_at = now


def _format() -> Any:
    audio = pj.MediaFormatAudio()
    audio.init(pj.PJMEDIA_FORMAT_PCM, 8000, 1, 20000, 16)
    return audio


def _tone() -> Any:
    tone = pj.ToneDesc()
    tone.freq1, tone.freq2, tone.on_msec, tone.off_msec = 400, 0, 1000, 0
    tones = pj.ToneDescVector()
    tones.append(tone)
    generator = pj.ToneGenerator()
    generator.createToneGenerator(8000, 1)
    generator.play(tones, True)
    return generator


def _packets(call: SipCall) -> int:
    try:
        statistics = call.getStreamStat(0)
    except pj.Error as error:
        raise EndpointError(f"A call has no audio statistics: {error.reason}.") from error
    rtcp = statistics.rtcp
    received = rtcp.rxStat
    return int(received.pkt)


if __name__ == "__main__":
    sys.exit(run_process("far-end", FarEndOptions, lambda options: FarEnd(options).loop))
