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
    """How long audio was due, so far: not while either side holds the call."""
    has_come: bool = False

    @classmethod
    def begun(cls, now: float) -> "AudioWatch":
        """Of a call that is answered now."""
        return cls(now, _counted_at=now)

    def count(self, packets: int | None, now: float) -> None:
        """So many packets have come so far; None: none are due now."""
        if packets is None:
            self._since = now
        else:
            self._due_s += now - self._counted_at
            if packets != self._packets:
                # Counted anew from 0 after a re-INVITE.
                self._packets, self._since = packets, now
                self.has_come = self.has_come or packets > 0
        self._counted_at = now

    def silent_too_long(self, limits: AudioLimits, now: float) -> str:
        """What is wrong where nothing has come for too long; empty where all is well."""
        limit = limits.rests_at_most_s if self.has_come else limits.begins_within_s
        if now - self._since < limit:
            return ""
        return f"audio stopped for {limit:g} s" if self.has_come else f"no audio within {limit:g} s"

    @property
    def never_came(self) -> bool:
        """Whether not one packet came in a time that tells."""
        return not self.has_come and self._due_s > _SURELY_SILENT_S
