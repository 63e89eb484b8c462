"""`python -m dialer.simulation.softphones OPTIONS`: softphones that answer by themselves and listen.

OPTIONS is a `SoftphonesOptions` as JSON. Each softphone has one line: a second call to it meets 486,
a call to a user who is not there 404. Events, one JSON object a line, each with `at` (Unix seconds):

- `listening`: host, port
- `answered`: user
- `heard`: user; sound begins after silence
- `silence`: user; nothing has been heard for a second
- `ended`: user
- `error`: message
"""

import sys
import time

from dialer.simulation.loop import Loop, run_process
from dialer.simulation.options import SoftphonesOptions
from dialer.switch.keys import KeyWay
from dialer.switch.sip_call import CallEnding, SipCall

_AUDIBLE = 3
"""Of 100; silence in G.711 is 0, quiet speech about 10."""
_SILENCE_AFTER_S = 1.0
_LOOKS_A_TIMEOUT = 4
"""A dead call is ended within a quarter more than the timeout."""


class Softphones:
    """Every softphone of this process."""

    def __init__(self, options: SoftphonesOptions) -> None:
        """Raises EndpointError."""
        self._voice = options.voice
        self._users = {f"{options.prefix}{number}" for number in range(1, options.count + 1)}
        self._lines: dict[str, _Line] = {}
        self.loop = Loop(options.endpoint, self._incoming)
        self.loop.every(options.sample_s, self._listen)
        if options.rtp_timeout_s:
            self._rtp_timeout_s = options.rtp_timeout_s
            self.loop.every(options.rtp_timeout_s / _LOOKS_A_TIMEOUT, self._end_the_dead)

    def _incoming(self, call: SipCall, user: str) -> "_Line | _Refusal":
        if user not in self._users or user in self._lines:
            status = 486 if user in self._users else 404
            self.loop.after(0, lambda: call.answer_with(status))
            return _Refusal()
        line = self._lines[user] = _Line(self.loop, call, user, self._voice, self._lines)
        self.loop.after(0, lambda: call.answer_with(200))
        return line

    def _listen(self) -> None:
        for line in list(self._lines.values()):
            line.listen()

    def _end_the_dead(self) -> None:
        for line in list(self._lines.values()):
            line.end_if_dead(self._rtp_timeout_s)


class _Line:
    """A softphone's one call."""

    def __init__(self, loop: Loop, call: SipCall, user: str, voice: str, lines: "dict[str, _Line]") -> None:
        self._loop = loop
        self._call = call
        self._user = user
        self._voice = voice
        self._lines = lines
        self._answered = False
        self._hearing = False
        self._last_heard_at = 0.0
        self._packets: int | None = 0
        self._last_packet_at = 0.0

    def listen(self) -> None:
        """Looks whether somebody speaks, and tells when that changes."""
        if not self._answered:
            return
        now = time.monotonic()
        if self._call.heard_level() >= _AUDIBLE:
            self._last_heard_at = now
            if not self._hearing:
                self._hearing = True
                self._loop.say("heard", user=self._user)
        elif self._hearing and now - self._last_heard_at >= _SILENCE_AFTER_S:
            self._hearing = False
            self._loop.say("silence", user=self._user)

    def end_if_dead(self, rtp_timeout_s: float) -> None:
        """Hangs up where no RTP packet has come for so long; the line is free at once."""
        if not self._answered:
            return
        now, packets = time.monotonic(), self._call.received().packets
        if packets != self._packets:
            self._packets, self._last_packet_at = packets, now
        elif now - self._last_packet_at >= rtp_timeout_s:
            self._call.hang_up()
            self._end()

    def call_ringing(self, call: SipCall, status: int) -> None:
        """Only for calls that are placed."""

    def call_answered(self, call: SipCall) -> None:
        """The caller has acknowledged the answer."""
        self._answered = True
        self._last_packet_at = time.monotonic()
        self._loop.say("answered", user=self._user)
        if self._voice:
            self._loop.after(0, self._speak)

    def call_key(self, call: SipCall, digit: str, way: KeyWay) -> None:
        """Nobody here has a menu."""

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        """The line is free again, unless it has been so since the softphone hung up."""
        self._end()

    def _end(self) -> None:
        if self._lines.get(self._user) is not self:
            return
        del self._lines[self._user]
        self._answered = False
        self._loop.say("ended", user=self._user)

    def _speak(self) -> None:
        if self._answered:
            self._call.play(self._voice, loop=True)


class _Refusal:
    """Listens to a call that is refused: there is nothing to tell of it."""

    def call_ringing(self, call: SipCall, status: int) -> None: ...
    def call_answered(self, call: SipCall) -> None: ...
    def call_key(self, call: SipCall, digit: str, way: KeyWay) -> None: ...
    def call_ended(self, call: SipCall, ending: CallEnding) -> None: ...


if __name__ == "__main__":
    sys.exit(run_process("softphones", SoftphonesOptions, lambda options: Softphones(options).loop))
