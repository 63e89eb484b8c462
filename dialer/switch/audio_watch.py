"""Whether a far end still sends audio, told by its packets. Pure: `now` is monotonic seconds."""

from dataclasses import dataclass

_SURELY_SILENT_S = 3.0
"""An answered call that ended sooner tells nothing of its audio."""


@dataclass(frozen=True)
class AudioLimits:
    """For how long an answered call may bring no audio."""

    begins_within_s: float = 8.0
    """After the answer; not one packet by then, and the call is no use to anybody."""
    rests_at_most_s: float = 60.0
    """A far end that suppresses silence sends nothing while its user listens; nobody listens for longer."""
    held_at_most_s: float = 600.0
    """By the far end, with music or without; one that forgets a call would keep its line and its agent."""


USUAL_LIMITS = AudioLimits()


@dataclass
class AudioWatch:
    """The audio of one call since its answer."""

    _since: float
    """When the last packet came, or was not due, or the call was answered."""
    _packets: int = 0
    """That have come, as far as anybody has counted."""
    _counted_at: float = 0.0
    _due_s: float = 0.0
    """How long audio was due, so far: not while we hold the call."""
    has_come: bool = False
    _held_since: float | None = None
    """Since when the far end has held the call."""

    @classmethod
    def begun(cls, now: float) -> "AudioWatch":
        """Of a call that is answered now."""
        return cls(now, _counted_at=now)

    def count(self, packets: int, now: float, *, held: bool = False) -> None:
        """So many packets have come so far; `held`: by the far end, which may send music or nothing.

        A far end that has sent nothing yet owes the first packet, held or not: nobody answers to be silent.
        """
        self._due_s += now - self._counted_at
        self._counted_at = now
        if packets != self._packets:
            self._packets, self._since = packets, now
            self.has_come = self.has_come or packets > 0
        if not held:
            self._held_since = None
        elif self._held_since is None:
            self._held_since = now
        if held and self.has_come:
            self._since = now

    def rest(self, now: float) -> None:
        """We hold the call: nothing is due."""
        self._since = self._counted_at = now
        self._held_since = None

    def silent_too_long(self, limits: AudioLimits, now: float) -> str:
        """What is wrong where nothing has come for too long; empty where all is well."""
        if self.has_come and self._held_since is not None:
            held_too_long = now - self._held_since >= limits.held_at_most_s
            return f"held for {limits.held_at_most_s:g} s" if held_too_long else ""
        limit = limits.rests_at_most_s if self.has_come else limits.begins_within_s
        if now - self._since < limit:
            return ""
        return f"audio stopped for {limit:g} s" if self.has_come else f"no audio within {limit:g} s"

    @property
    def never_came(self) -> bool:
        """Whether not one packet came in a time that tells."""
        return not self.has_come and self._due_s > _SURELY_SILENT_S
