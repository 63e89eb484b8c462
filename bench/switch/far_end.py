"""`python -m bench.switch.far_end OPTIONS`: answers every call at once, and can speak.

OPTIONS is a `FarEndOptions` as JSON. It writes one JSON object a line:

- `listening`: host, port
- `audio`, when asked with SIGUSR1: packets (how many RTP packets each call has received, in the order of
  the calls), hearing (how many calls receive sound)
- `error`: message
"""

import signal
import sys
from typing import Any

import pjsua2 as pj

from bench.switch.options import FarEndOptions
from dialer.simulation.loop import Loop, run_process
from dialer.switch.sip_call import CallEnding, EndpointError, SipCall

_AUDIBLE = 3


class FarEnd:
    """Everybody who can be called, and who listens to their calls."""

    def __init__(self, options: FarEndOptions) -> None:
        """Raises EndpointError."""
        self.loop = Loop(options.endpoint, self._incoming)
        self._tone = _tone() if options.speaks else None
        self._calls: dict[SipCall, None] = {}
        signal.signal(signal.SIGUSR1, lambda *_: self.loop.after(0, self._say_audio))

    def _incoming(self, call: SipCall, user: str) -> "FarEnd":
        self.loop.after(0, lambda: self._answer(call))
        return self

    def _answer(self, call: SipCall) -> None:
        self._calls[call] = None
        call.answer_with(200)
        if self._tone is not None and (audio := call.audio()) is not None:
            self._tone.startTransmit(audio)

    def call_ringing(self, call: SipCall, status: int) -> None:
        """Only for calls that are placed."""

    def call_answered(self, call: SipCall) -> None:
        """The caller has acknowledged the answer."""

    def call_key(self, call: SipCall, digit: str) -> None:
        """Nobody here has a menu."""

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        """The call is over."""
        self._calls.pop(call, None)

    def _say_audio(self) -> None:
        hearing = sum(call.heard_level() >= _AUDIBLE for call in self._calls)
        self.loop.say("audio", packets=[_packets(call) for call in self._calls], hearing=hearing)


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
