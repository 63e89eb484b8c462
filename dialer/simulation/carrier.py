"""`python -m dialer.simulation.carrier OPTIONS`: a carrier with a whole simulated population behind it.

OPTIONS is a `CarrierOptions` as JSON. Events, one JSON object a line, each with `at` (Unix seconds):

- `listening`: host, port
- `invite`: call (counts from 1), number, behaviour (a `people.Kind`)
- `answered`: call, number, behaviour
- `heard`: call, number, behaviour; the first sound came
- `pressed`: call, number, behaviour, key
- `ended`: call, number, behaviour, answered (bool), by_caller (bool), heard (bool: sound came while
  the call was up), heard_after_s (from the answer to the first sound, or null)
- `error`: message
"""

import sys
import time
from collections import Counter

from dialer.simulation.loop import Loop, run_process
from dialer.simulation.options import SOUNDS, CarrierOptions
from dialer.simulation.people import Behaviour, Kind, behave, behave_as
from dialer.switch.keys import KeyWay
from dialer.switch.sip_call import CallEnding, SipCall

_SAMPLE_S = 0.1
_AUDIBLE = 3
"""Of 100; silence in G.711 is 0, quiet speech about 10."""

_WAITS_S = 1.0
"""Who has said who they are waits for an answer; by that, detection tells people from machines."""


class Carrier:
    """Takes every call and lets happen what `people` says."""

    def __init__(self, options: CarrierOptions) -> None:
        """Raises EndpointError."""
        self._options = options
        self._times_called: Counter[str] = Counter()
        self._answered: set[_Callee] = set()
        self.loop = Loop(options.endpoint, self._incoming)
        self.loop.every(_SAMPLE_S, self._listen)

    def _incoming(self, call: SipCall, number: str) -> "_Callee":
        times_called = self._times_called[number]
        self._times_called[number] += 1
        world, seed = self._options.world, self._options.seed
        if kind := self._options.kinds.get(number):
            behaviour = behave_as(kind, number, times_called, world, seed)
        else:
            behaviour = behave(number, times_called, world, seed)
        name = self._times_called.total()
        return _Callee(self.loop, self._answered, call, behaviour, {"call": name, "number": number})

    def _listen(self) -> None:
        for callee in list(self._answered):
            callee.listen()


class _Callee:
    """The far end of one call."""

    def __init__(
        self,
        loop: Loop,
        answered: "set[_Callee]",
        call: SipCall,
        behaviour: Behaviour,
        label: dict[str, object],
    ) -> None:
        self._loop = loop
        self._answered = answered
        self._call = call
        self._behaviour = behaviour
        self._label = label | {"behaviour": behaviour.kind}
        self._answered_at: float | None = None
        self._heard_after_s: float | None = None
        loop.say("invite", **self._label)
        loop.after(0, self._ring)
        if behaviour.status is not None:
            status = behaviour.status
            loop.after(behaviour.wait_s, lambda: call.answer_with(status))

    def _ring(self) -> None:
        if self._behaviour.provisional:
            self._call.answer_with(self._behaviour.provisional)

    def listen(self) -> None:
        """Looks whether someone speaks; a person who hears someone talks for a while and leaves."""
        if self._heard_after_s is not None or self._answered_at is None:
            return
        if self._call.heard_level() < _AUDIBLE:
            return
        self._heard_after_s = time.monotonic() - self._answered_at
        self._loop.say("heard", **self._label)
        if self._behaviour.talk_s is not None:
            self._loop.after(self._behaviour.talk_s, self._call.hang_up)
        if self._behaviour.key:
            self._loop.after(self._behaviour.key_after_s, self._press)

    def _press(self) -> None:
        self._loop.say("pressed", **self._label, key=self._behaviour.key)
        self._call.press(self._behaviour.key, by_info=self._behaviour.kind == Kind.OPTS_OUT_BY_INFO)

    def call_ringing(self, call: SipCall, status: int) -> None:
        """Only for calls that are placed."""

    def call_answered(self, call: SipCall) -> None:
        """The caller has acknowledged the answer."""
        self._answered_at = time.monotonic()
        self._answered.add(self)
        self._loop.say("answered", **self._label)
        self._loop.after(0, self._speak)
        if not self._behaviour.greets:
            self._loop.after(self._behaviour.patience_s, self._lose_patience)

    def call_key(self, call: SipCall, digit: str, way: KeyWay) -> None:
        """Nobody here has a menu."""

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        """The call is over."""
        self._answered.discard(self)
        self._loop.say(
            "ended",
            **self._label,
            answered=self._answered_at is not None,
            by_caller=ending.by_far_end,
            heard=self._heard_after_s is not None,
            heard_after_s=self._heard_after_s,
        )

    def _speak(self) -> None:
        """A greeting, after which whoever is no machine waits for an answer before they talk on."""
        if not self._behaviour.sound or self not in self._answered:
            return
        length_s = self._call.play(str(SOUNDS / self._behaviour.sound))
        if self._behaviour.greets:
            self._loop.after(length_s + self._behaviour.patience_s, self._call.hang_up)
        elif self._behaviour.talk_s is not None:
            self._loop.after(length_s + _WAITS_S, self._talk_on)

    def _talk_on(self) -> None:
        if self in self._answered:
            self._call.play(str(SOUNDS / self._behaviour.sound), loop=True)

    def _lose_patience(self) -> None:
        if self._behaviour.talk_s is None or self._heard_after_s is None:
            self._call.hang_up()


if __name__ == "__main__":
    sys.exit(run_process("carrier", CarrierOptions, lambda options: Carrier(options).loop))
