"""What a simulated shift came to."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class HourFigures:
    """One hour of a shift, counted from its start; times in agent-seconds."""

    calls: int = 0
    answered: int = 0
    abandoned: int = 0
    ready_s: float = 0.0
    talk_s: float = 0.0
    wrap_s: float = 0.0

    @property
    def utilisation(self) -> float | None:
        """Talk and wrap over the time that agents were logged in and on no break."""
        on_duty_s = self.ready_s + self.talk_s + self.wrap_s
        return (self.talk_s + self.wrap_s) / on_duty_s if on_duty_s else None


@dataclass(slots=True)
class ShiftFigures:
    """A whole shift, start-up and ramp-down included; times in seconds, summed over agents or callers.

    Every call is one of failed, unanswered, abandoned and connected; `answered` is the sum of the last two.
    Each hour of `hours` holds its part, the last one also what came after the shift's end.
    """

    calls: int = 0
    failed: int = 0
    unanswered: int = 0
    answered: int = 0
    connected: int = 0
    abandoned: int = 0
    machines: int = 0
    """Connected calls that a machine had answered."""
    lines_at_peak: int = 0
    ready_s: float = 0.0
    talk_s: float = 0.0
    wrap_s: float = 0.0
    paused_s: float = 0.0
    waited_s: float = 0.0
    """How long the people waited who got an agent."""
    asked: int = 0
    """How many times the pacer was asked."""
    leads_left: int | None = None
    """Leads that may still be called; None where there is no end to them."""
    ran_out_at: float | None = None
    """When a lead was wanted and none was due, for the first time."""
    calls_until_then: int | None = None
    """The calls before that."""
    hours: list[HourFigures] = field(default_factory=list)

    def out_of_leads(self, at: float) -> None:
        """A lead was wanted and none was due."""
        if self.ran_out_at is None:
            self.ran_out_at, self.calls_until_then = at, self.calls

    @property
    def on_duty_s(self) -> float:
        """Agents' time logged in, less breaks: a break is the agent's time and nobody's waste."""
        return self.ready_s + self.talk_s + self.wrap_s

    @property
    def utilisation(self) -> float:
        """Talk and wrap over the time on duty; 0 where nobody was."""
        return (self.talk_s + self.wrap_s) / self.on_duty_s if self.on_duty_s else 0.0

    @property
    def abandon_rate(self) -> float:
        """Abandoned over answered by persons, as the laws have it; 0 where nobody answered."""
        return self.abandoned / self.persons if self.persons else 0.0

    @property
    def persons(self) -> int:
        """Answered calls, less those of which an agent found out that a machine had answered."""
        return self.answered - self.machines
