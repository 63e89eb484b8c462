"""A call on the calling floor."""

from dataclasses import dataclass, field, replace
from math import inf

from campaigns.core.detection import sampled_for_review
from campaigns.core.menu_run import MenuRun
from dialer.core.amd import Verdict
from dialer.core.call import CallState
from dialer.core.conversation import Conversation
from dialer.core.detection import OFF, Detection
from dialer.core.inbound import InboundWait
from dialer.core.outcome import (
    CallEnd,
    Outcome,
    outcome_of_answered,
    outcome_of_tone,
    outcome_of_unanswered,
)

_BEFORE_THE_TALK = (CallState.PLACED, CallState.RINGING, CallState.ANSWERED)

_CANCELED = 487


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
    let_go_by: int | None = None
    """The agent who logged out while being connected, and whose leg the switch has not ended yet."""
    tried: set[int] = field(default_factory=set)
    """Agents who could not be connected with it; none is tried twice."""
    was_connected: bool = False
    dispositioned: bool = False
    agentless: bool = False
    """Whether it plays a message to whoever answers, and needs no agent."""
    opt_out_key: str = ""
    opted_out: bool = False
    detection: Detection = OFF
    held: bool = False
    """Whether it is offered to agents only after the verdict."""
    verdict: Verdict | None = None
    """Who answered, by answering-machine detection."""
    heard: str = ""
    """The tone of the network with which its answer began."""
    menu: MenuRun | None = None
    """Its way through its campaign's menu."""
    handed_over: bool = False
    """Whether another agent was called in, or was to have the call; what was noted for them is on record."""
    conversation: Conversation | None = None
    """Who is in it, once it was connected; without an agent while it is handed over or parked."""
    rang_at: float | None = None
    ring_at_least_s: float = inf
    """How long it rings before it may be given up, by every law that holds; not known of restored calls."""
    language: str = ""
    """The lead's, BCP 47; empty where nobody knows."""
    last_agent: int | None = None
    """Who had the last talk with the lead, where the campaign's routing asks for it."""
    waiting: InboundWait | None = None
    """How it waits, where the person has called us."""
    given_up: bool = False
    """Whether it is being ended since nobody would be free for who answers it."""

    @property
    def is_kept(self) -> bool:
        """Whether nobody is offered it yet, since it is not known who answered."""
        return self.held and self.verdict is None

    def is_taken(self, verdict: Verdict) -> bool:
        """Whether the verdict takes it from agents: not where one is to check it."""
        checked = not self.agentless and sampled_for_review(self.attempt, self.detection.review_share)
        return self.detection.takes(verdict) and not checked

    @property
    def came(self) -> bool:
        """Whether the person has called us: no pacer counts it, but for the agent that it takes."""
        return self.waiting is not None

    @property
    def hears_why(self) -> bool:
        """Whether the person has called us, and hears that nobody is free."""
        return self.came and self.state == CallState.PLAYING

    @property
    def stands_in_line(self) -> bool:
        """Whether it has come, and the next agent is its."""
        waits = self.state in (CallState.RINGING, CallState.ANSWERED)
        parked = self.conversation is not None and self.conversation.parked
        asks_back = self.waiting is not None and self.waiting.asks_back
        return self.came and waits and self.session is None and not (parked or asks_back)

    @property
    def seeks_an_agent(self) -> bool:
        """Whether a first agent has to be free for it, now or once it is answered."""
        seeks = self.menu is not None and self.menu.seeks_an_agent
        needs_none = (self.agentless and not seeks) or self.was_connected or self.came
        return self.session is None and not needs_none and self.state in _BEFORE_THE_TALK

    def may_be_given_up(self, now: float) -> bool:
        """Whether it has rung for as long as it has to, and nobody has answered or given it up."""
        rings = self.state == CallState.RINGING and not self.given_up
        return rings and self.rang_at is not None and now - self.rang_at >= self.ring_at_least_s

    def outcome(self, end: CallEnd) -> Outcome:
        """What became of it, were it to end so now."""
        if self.came:
            return self._outcome_of_one_that_came(end)
        if end.answered_late:
            return outcome_of_tone(end.heard) or Outcome.ABANDONED
        if self.answered_at is None:
            given_up = self.given_up and not end.by_far_end and end.status == _CANCELED
            return outcome_of_unanswered(replace(end, timed_out=end.timed_out or given_up))
        if tone := outcome_of_tone(end.heard or self.heard):
            return tone
        if self.state == CallState.MACHINE:
            return Outcome.FAX if self.verdict == Verdict.FAX else Outcome.MACHINE
        if self.agentless and not self.was_connected:
            return Outcome.NETWORK_FAILURE if end.no_audio else Outcome.ANSWERED
        being_connected = self.state == CallState.ANSWERED and self.session is not None
        had_agent = self.was_connected or being_connected
        return outcome_of_answered(had_agent=had_agent, no_audio=end.no_audio)

    def _outcome_of_one_that_came(self, end: CallEnd) -> Outcome:
        being_connected = self.state == CallState.ANSWERED and self.session is not None
        if self.was_connected or being_connected or end.no_audio:
            return outcome_of_answered(had_agent=True, no_audio=end.no_audio)
        if self.waiting is not None and self.waiting.promised:
            return Outcome.ASKED_BACK
        return Outcome.TOLD if self.state == CallState.PLAYING else Outcome.GAVE_UP
