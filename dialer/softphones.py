"""The softphones of the agents on shift: where each is, how it is called, and what it hears meanwhile."""

import wave
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaigns.stores.live import OpenShift
from campaigns.tables import Agent
from dialer.core.agent_sounds import beep, comfort_noise
from dialer.core.frames import RATE_HZ
from dialer.errors import DialerError
from dialer.legs import agent_leg
from dialer.switch.messages import HangUpLeg, PlaceLeg

COMFORT_NOISE = "comfort_noise"
NO_SOUND = "none"

_RING_S = 20.0
"""Of a softphone that is called for a shift: its agent has just logged in, and is there to answer."""


_NOWHERE = "registrar.invalid"
"""RFC 2606: nobody is ever there."""


class RegistrarNotSet(DialerError):
    """An agent's softphone is at our registrar, and nobody has said where that is."""

    code = "registrar-not-set"


@dataclass(frozen=True)
class SoftphoneOptions:
    """How softphones are called; sounds are paths of WAV files, empty for none."""

    registrar: str = ""
    """Host, or host and port, where our registrar takes the dialer's calls."""
    waiting_sound: str = ""
    beep: str = ""
    silence_limit_s: float = 5.0
    """One that sends no audio for so long is gone; 0: that tells nothing."""
    answer_within_s: float = 1.5
    """One that is rung for a customer has so long, out of the law's two seconds."""


@dataclass(frozen=True)
class Softphone:
    """An agent's, for a shift."""

    address: str
    per_call: bool
    auto_answer: bool
    user: str = ""
    """Who it is at our registrar; empty where it is at another one."""


class Softphones:
    """Calls softphones, each for one call at a time."""

    def __init__(self, options: SoftphoneOptions, send: Callable[[PlaceLeg | HangUpLeg], bool]) -> None:
        self._options = options
        self._send = send
        self._known: dict[int, Softphone] = {}
        self._called: set[int] = set()

    def require_address(self, agent: Agent) -> None:
        """Raises RegistrarNotSet for a softphone that nobody knows how to reach."""
        if not agent.sip_uri and not self._options.registrar:
            raise RegistrarNotSet(
                f"The softphone of agent {agent.id} is at our registrar; set DIALER_SIP__REGISTRAR to its "
                f"host and port, or give the agent a SIP address: dialer agent set {agent.id} --sip-uri."
            )

    def add(self, shift: OpenShift) -> None:
        """A shift begins, or goes on."""
        at_ours = f"sip:{shift.sip_user}@{self._options.registrar or _NOWHERE}"
        per_call = shift.leg == "per_call"
        user = "" if shift.sip_uri else shift.sip_user or ""
        softphone = Softphone(shift.sip_uri or at_ours, per_call, per_call or shift.auto_answer, user)
        self._known[shift.session_id] = softphone

    @property
    def at_our_registrar(self) -> dict[int, str]:
        """The users of those that register with us, by session."""
        return {session: each.user for session, each in self._known.items() if each.user}

    def remove(self, session: int) -> None:
        """A shift is over."""
        self._known.pop(session, None)

    def call(self, session: int) -> None:
        """Calls a softphone, unless that is done already."""
        if session in self._called:
            return
        softphone, options = self._known[session], self._options
        placed = PlaceLeg(
            agent_leg(session),
            "agent",
            softphone.address,
            "",
            options.answer_within_s if softphone.per_call else _RING_S,
            auto_answer=softphone.auto_answer,
            waiting_sound=options.waiting_sound,
            beep=options.beep,
            silence_limit_s=options.silence_limit_s,
        )
        if self._send(placed):
            self._called.add(session)

    def call_for_the_shift(self, session: int) -> None:
        """Calls a softphone whose line is up for the whole shift."""
        if not self._known[session].per_call:
            self.call(session)

    def let_go(self, session: int) -> None:
        """Ends a softphone's call; the shift goes on."""
        self._send(HangUpLeg(agent_leg(session)))

    def ended(self, session: int) -> None:
        """A softphone's call is over: it can be called again."""
        self._called.discard(session)

    def are_called(self, sessions: Collection[int]) -> None:
        """These softphones are called or on the line now, and no others."""
        self._called = set(sessions)


def waiting_sound_in(folder: Path, wanted: str) -> str:
    """The WAV file that agents hear while they wait; `wanted` is a path, or names one of ours. Blocks."""
    if wanted == COMFORT_NOISE:
        return _written(folder / "comfort-noise.wav", comfort_noise())
    return "" if wanted == NO_SOUND else wanted


def beep_in(folder: Path) -> str:
    """The WAV file of the beep before a talk. Blocks."""
    return _written(folder / "beep.wav", beep())


def _written(path: Path, samples: NDArray[np.int16]) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return str(path)
