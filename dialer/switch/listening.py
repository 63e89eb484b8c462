"""What the switch listens for in its legs' sound, for as long as somebody has to.

Sound is analysed in the poll loop, and nothing is listened for longer than it can matter: see
docs/performance.md for what it costs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np
import structlog
from numpy.typing import NDArray

from dialer.core.dtmf import KeyListener
from dialer.core.tones import Heard, ToneListener
from dialer.switch.leg import ListenFor
from dialer.switch.sip_call import EndpointError, SipCall
from dialer.switch.tap import Tap

HEAR_EVERY_S = 0.04

log = structlog.get_logger("switch")


@dataclass(frozen=True)
class ToneHeard:
    """One of the network's tones."""

    tone: Heard


@dataclass(frozen=True)
class KeyHeard:
    """A key that was pressed."""

    digit: str


Noticed = ToneHeard | KeyHeard


@dataclass
class Ear:
    """Listens to one call."""

    call: SipCall
    _tap: Tap | None = None
    _tones: ToneListener | None = None
    _tones_until: float = inf
    _keys: KeyListener | None = None

    def listen_for(self, what: ListenFor, until: float) -> None:
        """From now on, and until then; what is listened for already is so until then."""
        match what:
            case ListenFor.TONES:
                self._tones, self._tones_until = self._tones or ToneListener(), until
            case ListenFor.KEYS:
                self._keys = self._keys or KeyListener()

    @property
    def is_done(self) -> bool:
        """Whether nothing is listened for any more."""
        return self._tones is None and self._keys is None

    def hear(self, now: float) -> Iterator[Noticed]:
        """What is noticed in the sound that has come since it was last asked."""
        if self._tones is not None and now >= self._tones_until:
            self._tones = None
        samples = self._take()
        if not len(samples):
            return
        if self._tones is not None and (tone := self._tones.hear(samples)) is not None:
            yield ToneHeard(tone)
        if self._keys is not None:
            if self.call.sends_key_events:
                self._keys = None
            else:
                yield from map(KeyHeard, self._keys.hear(samples))

    def close(self) -> None:
        """Hears nothing more."""
        if self._tap is not None:
            self.call.untap(self._tap)
            self._tap = None

    def _take(self) -> NDArray[np.int16]:
        # A tap on a call without audio would be called for nothing, fifty times a second.
        if self._tap is None and self.call.has_audio:
            self._tap = self.call.tap()
        return np.zeros(0, np.int16) if self._tap is None else self._tap.take()


@dataclass
class Ears:
    """Those legs of the switch that somebody listens to."""

    _ears: dict[str, Ear] = field(default_factory=dict)
    _hear_at: float = 0.0

    def __len__(self) -> int:
        return len(self._ears)

    def listen(self, leg: str, call: SipCall, wanted: Mapping[ListenFor, float]) -> None:
        """Listens to the leg for all that, each until its instant."""
        for what, until in wanted.items():
            self._ears.setdefault(leg, Ear(call)).listen_for(what, until)

    def leave(self, leg: str) -> None:
        """Nobody listens to the leg any more."""
        if ear := self._ears.pop(leg, None):
            ear.close()

    def hear(self, now: float, tell: Callable[[str, Noticed], None]) -> None:
        """Tells what is noticed in each leg; asked as often as one likes."""
        if now < self._hear_at or not self._ears:
            return
        self._hear_at = now + HEAR_EVERY_S
        for leg, ear in list(self._ears.items()):
            try:
                for noticed in ear.hear(now):
                    tell(leg, noticed)
            except EndpointError as error:
                log.error("nobody listens", leg=leg, error=str(error))
                self.leave(leg)
            if ear.is_done:
                self.leave(leg)
