"""One leg, as the switch knows it. Instants are monotonic seconds."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from dialer.switch.audio_watch import AudioWatch
from dialer.switch.keys import KeyPresses, KeyWay
from dialer.switch.leg_actions import Action, StartWaiting
from dialer.switch.messages import EndedBy, LegRole, LegState, PlaceLeg, PlayPrompt, Route

_MOST_KEYS = 100
"""That are told of a leg: nobody presses more, but a machine may send any number."""
_TONES_AFTER_ANSWER_S = 6.0
"""An answer that is an announcement of the network, or a fax machine's, begins with its tones."""


class ListenFor(StrEnum):
    """What may be heard in a leg's sound."""

    TONES = "tones"
    """The network's; see `dialer.core.tones`."""
    KEYS = "keys"
    """DTMF in the sound, where gateways leave keys that they agreed to send as events (RFC 4733)."""
    PERSON = "person"
    """Whether a person, a machine or a fax has answered."""
    MAILBOX = "mailbox"
    """When a machine begins to record."""


@dataclass
class Leg:
    """A leg that has not ended."""

    placed: PlaceLeg
    came: bool = False
    """Whether the far end has called us."""
    rings_at_most_until: float = inf
    reply_by: float = inf
    """When the far end has to have said something."""
    placed_at: float = 0.0
    tried: int = 0
    """Which of its routes is tried now, from 0."""
    answered_late: bool = False
    """Whether it was answered as it was being given up."""
    failed: list[str] = field(default_factory=list)
    """The routes that have failed, each by its trunk and what it said."""
    state: LegState = "dialing"
    rings_at_least_until: float = 0.0
    given_up_by: EndedBy | None = None
    """Who ends it as soon as it has rung long enough."""
    deadline: float | None = None
    """When the next thing is due: ring time over, claim time over, message over, orphan limit over."""
    answered_at: float | None = None
    provisional: bool = False
    rang: bool = False
    """Whether a 180 came."""
    timed_out: bool = False
    ended_by: EndedBy = "switch"
    """Who ended it, unless the far end did."""
    why: str = ""
    """What the switch ended it for, where the far end cannot know."""
    left_at: float | None = None
    """When we hung up."""
    message_at: float | None = None
    """When its message began; None where none did."""
    message_ends_at: float = 0.0
    prompt: PlayPrompt | None = None
    """What plays, or was played last, since the engine has claimed it for a menu."""
    prompt_plays: bool = False
    keys: int = 0
    """That were told of."""
    presses: KeyPresses = field(default_factory=KeyPresses)
    heard: str = ""
    """The network's tone that says most of what was heard."""
    judged: bool = False
    """Whether detection has said who answered."""
    beeped_at: float = -inf
    voicemail: str = ""
    """What a machine is to be left, or is being left."""
    audio: AudioWatch = field(default_factory=lambda: AudioWatch.begun(0.0))
    """Since the answer."""

    @property
    def name(self) -> str:
        """The engine's name for it."""
        return self.placed.leg

    @property
    def role(self) -> LegRole:
        """Whose leg it is."""
        return self.placed.role

    @property
    def route(self) -> Route:
        """The way to the far end that is tried now, or was taken."""
        return self.placed.routes[self.tried]

    @property
    def is_answered(self) -> bool:
        """Whether the far end is on the line, to talk or for a message, and not just being left."""
        return self.state in ("answered", "bridged", "parked") or self.hears_a_message

    @property
    def hears_a_message(self) -> bool:
        """Whether one plays, or has just played, or a prompt."""
        if self.state == "prompted":
            return True
        return self.state == "leaving" and self.message_at is not None and self.left_at is None

    @property
    def is_dialing(self) -> bool:
        """Whether nothing has rung yet, and nobody has given it up."""
        return self.state == "dialing" and self.given_up_by is None and self.left_at is None

    def dial(self, now: float) -> Route:
        """The INVITE leaves by the present route."""
        route = self.route
        self.rings_at_most_until = now + self.placed.ring_timeout_s
        self.reply_by = now + route.reply_within_s if route.reply_within_s else inf
        return route

    def waiting(self) -> list[Action]:
        """What is played to an agent who is in no conversation."""
        waits = self.state == "answered" and self.placed.waiting_sound
        return [StartWaiting(self.name, self.placed.waiting_sound)] if waits else []

    @property
    def to_hear(self) -> dict[ListenFor, float]:
        """What is to be listened for in its sound now, each until an instant."""
        wanted: dict[ListenFor, float] = {}
        if self.role != "customer" or self.left_at is not None:
            return wanted
        if self.state == "ringing" and not self.came:
            wanted[ListenFor.TONES] = inf
        if not self.came and self.is_answered and self.answered_at is not None and self.state != "leaving":
            wanted[ListenFor.TONES] = self.answered_at + _TONES_AFTER_ANSWER_S
        if self.is_answered and self.placed.detect != "off" and not self.judged:
            wanted[ListenFor.PERSON] = inf
        if self.awaits_mailbox:
            wanted[ListenFor.MAILBOX] = inf
        elif self.hears_a_message and not self.voicemail:
            wanted[ListenFor.KEYS] = inf
        return wanted

    @property
    def awaits_mailbox(self) -> bool:
        """Whether a machine is to be left a message as soon as it records."""
        return bool(self.voicemail) and self.message_at is None and self.left_at is None

    @property
    def is_being_judged(self) -> bool:
        """Whether it is kept from everybody until it is known who answered."""
        return self.placed.detect == "first" and not self.judged

    def press(self, digit: str, now: float, way: KeyWay) -> bool:
        """Counts a key; whether it is told of. What is typed in a talk is nobody's business.

        Whoever has pressed too many can still opt out, which ends the call.
        """
        plays = self.message_at is not None or (self.prompt is not None and self.state != "bridged")
        if not self.presses.is_new(digit, way, now) or not plays or self.voicemail:
            return False
        self.keys += 1
        return self.keys <= _MOST_KEYS or (digit == self.placed.end_key and self.left_at is None)

    def heard_s(self, now: float) -> float | None:
        """How much of the message has been heard; None where none began."""
        return (
            None if self.message_at is None else min(self._until(now), self.message_ends_at) - self.message_at
        )

    def heard_all(self, now: float) -> bool:
        """Whether the message was heard to its end."""
        return self.message_at is not None and self._until(now) >= self.message_ends_at

    def _until(self, now: float) -> float:
        return now if self.left_at is None else self.left_at
