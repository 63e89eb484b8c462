"""An agent on the calling floor, and the call that the agent has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.core.agent_profile import ANYONE, AgentProfile
from dialer.core import agent as agents
from dialer.core.agent import AgentEvent, AgentState
from dialer.core.call import CallState
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallSoftphone,
    DispositionMissed,
    Effect,
    EndSoftphone,
    LeadWasPutBack,
)
from dialer.core.floor_call import FloorCall
from dialer.core.preview import Preview
from dialer.core.softphone import call_again_after_s

_WITH_A_CALL = {
    AgentState.RESERVED: (CallState.PLACED, CallState.RINGING, CallState.ANSWERED),
    AgentState.TALKING: (CallState.CONNECTED,),
}
"""The states of an agent who has a call, and those of the call; it rings where the agent had it dialed."""


@dataclass
class FloorAgent:
    """An agent on shift. Instants are in Unix seconds."""

    session: int
    agent: int
    campaigns: frozenset[int]
    state: AgentState
    since: float
    reason: str = ""
    attempt: int | None = None
    """The call that rings for this agent, is being connected, talked or wrapped up."""
    preview: Preview | None = None
    """The lead that the agent looks at."""
    chooses: bool = False
    """Whether the agent has named whom to call, and that lead is being claimed."""
    callback_due: bool = False
    """Whether a call that this agent has promised is due: its lead is shown before any other, and nobody is
    dialed for the agent. Who has answered already comes first all the same, where nobody else is free."""
    line_up: bool = False
    per_call: bool = False
    """Whether the softphone is rung for each customer; else its line is up for the whole shift."""
    line_called: bool = False
    """Whether a softphone that is rung for each customer rings now."""
    line_ending: bool = False
    """Whether its call is being ended: it can be called again only afterwards."""
    pause_asked: str | None = None
    """A pause that begins when the present call is wrapped up, with its reason."""
    wrap_up_ends_at: float | None = None
    wraps_up_for: int | None = None
    """The campaign of the call that is wrapped up."""
    wrap_up_extended: bool = False
    times_busy: int = 0
    """How often in a row the softphone was busy when it was called."""
    call_again_at: float | None = None
    """When the softphone is called again without being asked for."""
    line_gone_since: float | None = None
    """Since when the softphone has not been on the line."""
    profile: AgentProfile = ANYONE
    waits_since: float = field(init=False)
    """When the agent became free; one whose last call came to nothing keeps the place."""

    def __post_init__(self) -> None:
        self.waits_since = self.since

    @property
    def can_be_connected(self) -> bool:
        """Whether a customer can be given to the softphone, as far as anybody knows."""
        return self.line_up or self.per_call

    @property
    def has_a_call(self) -> bool:
        """Whether a customer rings for this agent alone, is being connected or talks."""
        return self.state in _WITH_A_CALL

    @property
    def is_free(self) -> bool:
        """Whether the agent may be given a call, or a lead to look at."""
        return self.state == AgentState.AVAILABLE and self.can_be_connected

    def has_dialed(self, call: FloorCall) -> bool:
        """Whether the call was placed for this agent, who may work for other campaigns than its own."""
        return call.session == self.session and self.attempt == call.attempt

    def suits(self, call: FloorCall) -> bool:
        """Whether the agent can be given the call now."""
        return self.is_free and call.campaign in self.campaigns and self.session not in call.tried

    def call_among(self, calls: Mapping[int, FloorCall]) -> FloorCall | None:
        """The call that rings for this agent, or that the agent is being connected or talks with."""
        call = calls.get(self.attempt) if self.attempt is not None else None
        return call if self.has_a_call and call is not None and call.session == self.session else None

    @property
    def can_be_called_in(self) -> bool:
        """Whether the softphone is on the line, or may be called at once."""
        return self.line_up or (self.per_call and not self.line_ending)

    def move(self, event: AgentEvent, at: float, reason: str = "") -> list[Effect]:
        """The agent's next state. Raises IllegalAgentEvent."""
        before, was_reason = self.state, self.reason
        self.state = agents.after(self.state, event)
        self.reason = reason
        if self.state == before and reason == was_reason:
            return []
        self.since = max(at, self.since)  # the switch's events and the agents' wishes may come out of order
        keeps_place = event == AgentEvent.RELEASE and before == AgentState.RESERVED
        if event == AgentEvent.DIAL or (self.state == AgentState.AVAILABLE and not keeps_place):
            self.waits_since = self.since
        return [self.changed()]

    def changed(self) -> AgentChanged:
        """What the agent does now, for the record."""
        return AgentChanged(self.session, self.agent, self.state, self.reason, self.attempt, self.since)

    def begin_wrap_up(self, campaign: int, ends_at: float) -> None:
        """The talk is over, and there is something to say of it."""
        self.wraps_up_for, self.wrap_up_ends_at, self.wrap_up_extended = campaign, ends_at, False

    def line_is_gone(self, at: float) -> None:
        """The softphone is not on the line, and was not before, if that is known already."""
        self.line_up = False
        if self.line_gone_since is None:
            self.line_gone_since = at

    def line_is_up(self) -> None:
        """The softphone is on the line."""
        self.line_up, self.line_gone_since = True, None

    def leave_attempt(self, at: float) -> list[Effect]:
        """The agent has nothing more to do with the call; one in wrap-up stays without a disposition.

        A lead that the agent looked at goes back, unless it is just being dialed.
        """
        attempt, self.attempt = self.attempt, None
        preview, self.preview = self.preview, None
        self.wrap_up_ends_at, self.chooses = None, False
        if preview is not None and not preview.dialing:
            return [LeadWasPutBack(preview.campaign, preview.permitted.lead, at)]
        if attempt is None or self.state != AgentState.WRAP_UP:
            return []
        return [DispositionMissed(attempt, at)]

    def join(self, call: FloorCall) -> list[Effect]:
        """Lets the agent and a customer hear each other; the softphone is called first where it is not up."""
        if self.line_ending or self.line_called:
            return []  # once it is over, or answered
        if self.line_up or not self.per_call:
            return [Bridge(call.attempt, self.session)]
        return self.call_softphone()

    def call_softphone(self) -> list[Effect]:
        """Rings a softphone that is rung for each customer; for one that rings already nothing is needed."""
        if self.line_called:
            return []
        self.line_called = True
        return [CallSoftphone(self.session)]

    def end_line(self) -> list[Effect]:
        """Nobody is there to talk with any more: a softphone that is rung for each customer is let go."""
        if not self.per_call or self.line_ending or not (self.line_up or self.line_called):
            return []
        self.line_called, self.line_ending = False, True
        return [EndSoftphone(self.session)]

    def softphone_was_busy(self, at: float) -> None:
        """It is there, and is called again after a while."""
        self.line_gone_since = None
        self.times_busy += 1
        self.call_again_at = at + call_again_after_s(self.times_busy)

    def softphone_is_left_alone(self) -> None:
        """It is on the line, or gone for another reason than being busy, or was called just now."""
        self.times_busy, self.call_again_at = 0, None

    def rejoin(self, calls: Mapping[int, FloorCall]) -> None:
        """Brings a restored agent together with the call that the switch, or else the record, names."""
        talk = next((call for call in calls.values() if call.session == self.session), None)
        if talk is not None and talk.state == CallState.CONNECTED:
            self.state, self.attempt, self.wrap_up_ends_at = AgentState.TALKING, talk.attempt, None
            return
        if not self.has_a_call:
            return
        call = calls.get(self.attempt) if self.attempt is not None else None
        if call is not None and call.conversation is not None and call.conversation.guest_of(self.session):
            return
        if call is not None and call.session is None and call.state in _WITH_A_CALL[self.state]:
            call.session = self.session
            return
        if call is not None or self.state == AgentState.RESERVED:
            self.attempt = None
        self.state, self.wrap_up_ends_at = AgentState.WRAP_UP, self.since
