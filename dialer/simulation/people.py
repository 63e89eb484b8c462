"""What becomes of a call in the simulated world. Pure: the same arguments give the same fate.

Whether a number works at all belongs to the number, so it does not change from call to call; who or
what answers is drawn anew for each call.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What happens at the far end."""

    PERSON = "person"
    MACHINE = "machine"
    """One that ends the call by itself, whether or not its greeting is over."""
    VOICEMAIL = "voicemail"
    """A mailbox: its greeting, its tone, and then it records."""
    HANGS_UP = "hangs_up"
    """A person who answers and hangs up at once."""
    OPTS_OUT = "opts_out"
    """A person who hears someone and presses the key that asks not to be called again."""
    OPTS_OUT_BY_INFO = "opts_out_by_info"
    """The same, on a phone that sends its keys by SIP INFO."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    """Rings for a while, then the network gives up."""
    RINGS_ON = "rings_on"
    """Rings until the caller gives up."""
    DECLINED = "declined"
    CONGESTION = "congestion"
    INVALID = "invalid"
    INCOMPLETE = "incomplete"
    GONE = "gone"
    """The number was in service once."""


OPT_OUT_KEY = "9"
"""What a campaign's `opt_out_key` is unless it says otherwise."""
_KEY_AFTER_S = 0.5
_LETS_HANG_UP_S = 30.0
"""Who has pressed the key waits for the line to go dead."""

PERMANENT = (Kind.INVALID, Kind.INCOMPLETE, Kind.GONE)
"""What is so at every call to a number."""

FINAL_STATUS: Mapping[Kind, int | None] = {
    Kind.PERSON: 200,
    Kind.MACHINE: 200,
    Kind.VOICEMAIL: 200,
    Kind.HANGS_UP: 200,
    Kind.OPTS_OUT: 200,
    Kind.OPTS_OUT_BY_INFO: 200,
    Kind.BUSY: 486,
    Kind.NO_ANSWER: 480,
    Kind.RINGS_ON: None,
    Kind.DECLINED: 603,
    Kind.CONGESTION: 503,
    Kind.INVALID: 404,
    Kind.INCOMPLETE: 484,
    Kind.GONE: 410,
}
"""The final SIP status of each kind (RFC 3261 section 21); None where none ever comes."""


def _usual_shares() -> dict[Kind, float]:
    return {
        Kind.PERSON: 0.38,
        Kind.MACHINE: 0.07,
        Kind.VOICEMAIL: 0.07,
        Kind.HANGS_UP: 0.02,
        Kind.BUSY: 0.09,
        Kind.NO_ANSWER: 0.27,
        Kind.RINGS_ON: 0.01,
        Kind.DECLINED: 0.01,
        Kind.CONGESTION: 0.02,
        Kind.INVALID: 0.03,
        Kind.INCOMPLETE: 0.01,
        Kind.GONE: 0.02,
    }


@dataclass(frozen=True)
class World:
    """How people and networks are: shares of calls by kind, and times in seconds before `pace`.

    `shares` are weights and need not add up to 1; a kind without one does not occur. `pace` multiplies
    every time: 0.5 makes a world that is twice as quick. Raises ValueError for weights or times that
    no world can have.
    """

    shares: Mapping[Kind, float] = field(default_factory=_usual_shares)
    early_media_share: float = 0.2
    """How many of the calls that ring are announced with 183 in place of 180."""
    ring_mean_s: float = 2.5
    no_answer_mean_s: float = 5.0
    refusal_mean_s: float = 0.4
    talk_mean_s: float = 4.0
    machine_mean_s: float = 5.5
    """Greeting, tone and what is recorded."""
    recording_mean_s: float = 8.0
    """How long a mailbox records after its tone."""
    patience_mean_s: float = 6.0
    """How long a person stays who hears nobody."""
    pace: float = 1.0

    def __post_init__(self) -> None:
        weights = list(self.shares.values())
        if not all(0 <= weight < math.inf for weight in weights) or sum(weights) <= 0:
            raise ValueError("the shares of a world are numbers from 0 on, and one of them is above 0")
        ringing = (self.ring_mean_s, self.no_answer_mean_s, self.refusal_mean_s)
        staying = (self.talk_mean_s, self.machine_mean_s, self.recording_mean_s, self.patience_mean_s)
        if not all(0 < factor < math.inf for factor in (*ringing, *staying, self.pace)):
            raise ValueError("the times and the pace of a world are numbers above 0")


@dataclass(frozen=True)
class Behaviour:
    """What becomes of one call. Times are seconds.

    The far end sends `provisional` (180, 183, or 0 for none) at once and `status` after `wait_s`; a
    `status` of None never comes. Where it answers, it plays `sound` (a file in `sounds/`, empty for
    silence) and hangs up `talk_s` after it first hears someone, or `patience_s` after answering where
    it hears nobody. A machine listens to nobody: its `talk_s` is None. One that `greets` plays its sound
    to the end, at its own pace, and `patience_s` counts from there.
    """

    kind: Kind
    provisional: int
    wait_s: float
    status: int | None
    talk_s: float | None = None
    patience_s: float = 0.0
    sound: str = ""
    greets: bool = False
    key: str = ""
    key_after_s: float = 0.0
    """A person who hears someone presses `key` so much later."""


def behave(e164: str, times_called: int, world: World, seed: str) -> Behaviour:
    """What becomes of a call to a number that was called `times_called` times before."""
    return behave_as(kind_of(e164, times_called, world, seed), e164, times_called, world, seed)


def kind_of(e164: str, times_called: int, world: World, seed: str) -> Kind:
    """What happens at the far end, in the shares of the world."""
    broken = {kind: world.shares.get(kind, 0.0) for kind in PERMANENT}
    sound = {kind: world.shares.get(kind, 0.0) for kind in Kind if kind not in PERMANENT}
    of_number = Random(f"{seed}/{e164}")
    if of_number.random() * sum(world.shares.values()) < sum(broken.values()) or not any(sound.values()):
        return _pick(of_number, broken)
    return _pick(Random(f"{seed}/{e164}/{times_called}"), sound)


def behave_as(kind: Kind, e164: str, times_called: int, world: World, seed: str) -> Behaviour:
    """What becomes of a call of a known kind; only its times are drawn."""
    random = Random(f"{seed}/{e164}/{times_called}/{kind}")
    status = FINAL_STATUS[kind]
    early = random.random() < world.early_media_share
    ringing = 183 if early else 180

    def about(mean_s: float) -> float:
        return _spread(random, mean_s) * world.pace

    match kind:
        case Kind.PERSON:
            return Behaviour(
                kind,
                ringing,
                about(world.ring_mean_s),
                status,
                talk_s=about(world.talk_mean_s),
                patience_s=world.patience_mean_s * random.uniform(0.8, 1.2) * world.pace,
                sound=random.choice(("person-1.wav", "person-2.wav", "person-3.wav")),
            )
        case Kind.OPTS_OUT | Kind.OPTS_OUT_BY_INFO:
            return Behaviour(
                kind,
                ringing,
                about(world.ring_mean_s),
                status,
                talk_s=_LETS_HANG_UP_S * world.pace,
                patience_s=world.patience_mean_s * world.pace,
                key=OPT_OUT_KEY,
                key_after_s=_KEY_AFTER_S * world.pace,
            )
        case Kind.MACHINE:
            stays_s = about(world.machine_mean_s)
            return Behaviour(
                kind, ringing, about(world.ring_mean_s), status, patience_s=stays_s, sound="machine.wav"
            )
        case Kind.VOICEMAIL:
            records_s = about(world.recording_mean_s)
            return Behaviour(
                kind,
                ringing,
                about(world.ring_mean_s),
                status,
                patience_s=records_s,
                sound="machine.wav",
                greets=True,
            )
        case Kind.HANGS_UP:
            return Behaviour(kind, ringing, about(world.ring_mean_s), status)
        case Kind.DECLINED:
            return Behaviour(kind, ringing, about(world.ring_mean_s), status)
        case Kind.NO_ANSWER | Kind.RINGS_ON:
            return Behaviour(kind, ringing, about(world.no_answer_mean_s), status)
        case _:
            return Behaviour(kind, 0, about(world.refusal_mean_s), status)


_SIGMA = 0.45


def _spread(random: Random, mean: float) -> float:
    """Log-normal about the mean, cut to 0.4 … 2.5 times the mean so that nobody holds up a demo."""
    value = random.lognormvariate(math.log(mean) - _SIGMA**2 / 2, _SIGMA)
    return min(max(value, 0.4 * mean), 2.5 * mean)


def _pick(random: Random, weights: Mapping[Kind, float]) -> Kind:
    return random.choices(list(weights), list(weights.values()))[0]
