"""One leg, as the switch knows it. Instants are monotonic seconds."""

from dataclasses import dataclass

from dialer.switch.messages import EndedBy, LegRole, LegState, PlaceLeg

_MOST_KEYS = 100
"""That are told of a leg: nobody presses more, but a machine may send any number."""


@dataclass
class Leg:
    """A leg that has not ended."""

    placed: PlaceLeg
    rings_at_most_until: float
    state: LegState = "dialing"
    rings_at_least_until: float = 0.0
    given_up_by: EndedBy | None = None
    """Who ends it as soon as it has rung long enough."""
    deadline: float | None = None
    """When the next thing is due: ring time over, claim time over, message over, orphan limit over."""
    partner: str | None = None
    answered_at: float | None = None
    provisional: bool = False
    rang: bool = False
    """Whether a 180 came."""
    timed_out: bool = False
    ended_by: EndedBy = "switch"
    """Who ended it, unless the far end did."""
    left_at: float | None = None
    """When we hung up."""
    message_at: float | None = None
    """When its message began; None where none did."""
    message_ends_at: float = 0.0
    keys: int = 0

    @property
    def name(self) -> str:
        """The engine's name for it."""
        return self.placed.leg

    @property
    def role(self) -> LegRole:
        """Whose leg it is."""
        return self.placed.role

    def press(self) -> bool:
        """Counts a key; whether it is told of. What is typed in a talk is nobody's business."""
        self.keys += 1
        return self.message_at is not None and self.keys <= _MOST_KEYS

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
