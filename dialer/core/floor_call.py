"""A call on the calling floor."""

from dataclasses import dataclass, field

from dialer.core.call import CallState
from dialer.core.outcome import CallEnd, Outcome, outcome_of_answered, outcome_of_unanswered

_BEFORE_THE_TALK = (CallState.PLACED, CallState.RINGING, CallState.ANSWERED)


@dataclass
class FloorCall:
    """A call that has not ended. Instants are in Unix seconds."""

    attempt: int
    campaign: int
    lead: int
    state: CallState = CallState.PLACED
    answered_at: float | None = None
    waits_since: float | None = None
    """When it was answered, or lost its agent."""
    session: int | None = None
    """The agent who is being connected or talks."""
    tried: set[int] = field(default_factory=set)
    """Agents who could not be connected with it; none is tried twice."""
    was_connected: bool = False
    dispositioned: bool = False
    agentless: bool = False
    """Whether it plays a message to whoever answers, and needs no agent."""
    opt_out_key: str = ""
    opted_out: bool = False

    @property
    def seeks_an_agent(self) -> bool:
        """Whether a first agent has to be free for it, now or once it is answered."""
        needs_none = self.agentless or self.was_connected
        return self.session is None and not needs_none and self.state in _BEFORE_THE_TALK

    def outcome(self, end: CallEnd) -> Outcome:
        """What became of it, were it to end so now."""
        if self.answered_at is None:
            return outcome_of_unanswered(end)
        if self.agentless:
            return Outcome.ANSWERED
        being_connected = self.state == CallState.ANSWERED and self.session is not None
        return outcome_of_answered(had_agent=self.was_connected or being_connected)
