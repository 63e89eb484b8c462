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

from dialer.core import amd
from dialer.core.dtmf import KeyListener
from dialer.core.frames import FRAME, FRAME_S
from dialer.core.mailbox import MailboxListener
from dialer.core.tones import Heard, ToneListener
from dialer.core.voice import EnergyVoice
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


@dataclass(frozen=True)
class PersonJudged:
    """Who answered, as it sounds."""

    heard: amd.Heard
    greeting_ended_at: float | None


@dataclass(frozen=True)
class MailboxRecords:
    """A machine has beeped, or been quiet for as good as that."""


Noticed = ToneHeard | KeyHeard | PersonJudged | MailboxRecords

_NOT_LISTENED = amd.Heard(amd.Verdict.UNSURE, 0.0, 0.0, 0.0, 0, "not_heard")
"""Where a call cannot be listened to, who answered counts as a person."""
_RULE = amd.AmdRule()


@dataclass
class Ear:
    """Listens to one call."""

    call: SipCall
    _tap: Tap | None = None
    _tones: ToneListener | None = None
    _tones_until: float = inf
    _keys: KeyListener | None = None
    _person: amd.Detector | None = None
    _mailbox: MailboxListener | None = None

    def listen_for(self, what: ListenFor, until: float, now: float) -> None:
        """From now on, and until then; what is listened for already is so until then."""
        match what:
            case ListenFor.TONES:
                self._tones, self._tones_until = self._tones or ToneListener(), until
            case ListenFor.KEYS:
                self._keys = self._keys or KeyListener()
            case ListenFor.PERSON:
                self._person = self._person or amd.Detector(_RULE, now, EnergyVoice())
            case ListenFor.MAILBOX:
                self._mailbox = self._mailbox or MailboxListener(now)

    def let_be(self, what: ListenFor) -> None:
        """Listens for that no more."""
        if what == ListenFor.KEYS:
            self._keys = None

    @property
    def is_done(self) -> bool:
        """Whether nothing is listened for any more."""
        return not any((self._tones, self._keys, self._person, self._mailbox))

    def hear(self, now: float) -> Iterator[Noticed]:
        """What is noticed in the sound that has come since it was last asked."""
        if self._tones is not None and now >= self._tones_until:
            self._tones = None
        samples = self._take()
        yield from self._frames_heard(samples, now)
        if not len(samples):
            return
        if self._tones is not None and (tone := self._tones.hear(samples)) is not None:
            yield ToneHeard(tone)
        if self._keys is not None:
            yield from map(KeyHeard, self._keys.hear(samples))

    def _frames_heard(self, samples: NDArray[np.int16], now: float) -> Iterator[Noticed]:
        """What goes by frames of 20 ms, of which the last is heard now."""
        frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
        for left, frame in zip(range(len(frames) - 1, -1, -1), frames, strict=True):
            at = now - left * FRAME_S
            if self._person is not None and (heard := self._person.hear(frame, at)) is not None:
                yield self._judge(self._person, heard)
            if self._mailbox is not None and self._mailbox.hear(frame, at):
                self._mailbox = None
                yield MailboxRecords()
        if self._person is not None and (heard := self._person.expire(now)) is not None:
            yield self._judge(self._person, heard)

    def _judge(self, detector: amd.Detector, heard: amd.Heard) -> PersonJudged:
        self._person = None
        return PersonJudged(heard, detector.greeting_ended_at)

    def give_up(self) -> Iterator[Noticed]:
        """Nothing can be heard: what has to be told of all the same."""
        if self._person is not None:
            yield PersonJudged(_NOT_LISTENED, None)

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

    def listen(self, leg: str, call: SipCall, wanted: Mapping[ListenFor, float], now: float) -> None:
        """Listens to the leg for all that, each until its instant."""
        for what, until in wanted.items():
            self._ears.setdefault(leg, Ear(call)).listen_for(what, until, now)

    def let_be(self, leg: str, what: ListenFor) -> None:
        """Nobody listens to the leg for that any more."""
        if ear := self._ears.get(leg):
            ear.let_be(what)

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
                for noticed in ear.give_up():
                    tell(leg, noticed)
                self.leave(leg)
            if ear.is_done:
                self.leave(leg)
