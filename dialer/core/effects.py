"""What the calling floor wants done, and what it wants recorded. `at` is in Unix seconds."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.core.attempt import ClaimedLead
from campaigns.core.disposition import NO_DISPOSITION
from dialer.core.agent import AgentState
from dialer.core.amd import Verdict
from dialer.core.conversation import Conversation
from dialer.core.outcome import CallEnd, Outcome

# --- what has to be done ------------------------------------------------------------------------


@dataclass(frozen=True)
class Bridge:
    """Connect the caller with the agent."""

    attempt: int
    session: int


@dataclass(frozen=True)
class HangUpCall:
    """End the call; `unless_answered`: not one that was answered without our having heard of it yet."""

    attempt: int
    unless_answered: bool = False


@dataclass(frozen=True)
class LeaveMachine:
    """A machine has answered: part it from its agent, leave it the message, if any, and end the call."""

    attempt: int
    message: str = ""


@dataclass(frozen=True)
class HangUpAgent:
    """End the agent's leg."""

    session: int


@dataclass(frozen=True)
class CallSoftphone:
    """Call the agent's softphone: again, or for a customer."""

    session: int


@dataclass(frozen=True)
class EndSoftphone:
    """End the call of a softphone that is rung for each customer; the shift goes on."""

    session: int


@dataclass(frozen=True)
class PlayToCaller:
    """Play a prompt, by its name or as the path of a WAV file, or nothing where it is empty; the line stays
    open `stay_s` after it."""

    attempt: int
    campaign: int
    number: int
    prompt: str
    stay_s: float
    stop_on_key: bool


@dataclass(frozen=True)
class PromiseCallback:
    """Who waits for an agent asks to be called back; the answer is `FloorInbound.promised`."""

    attempt: int


@dataclass(frozen=True)
class Mix:
    """Let everybody in a conversation hear whom they are to hear."""

    attempt: int
    conversation: Conversation


@dataclass(frozen=True)
class CallGuest:
    """Call somebody into a conversation: a number in E.164, or a SIP address."""

    attempt: int
    number: int
    to: str


@dataclass(frozen=True)
class HangUpGuest:
    """End a guest's leg."""

    number: int


@dataclass(frozen=True)
class PressKeys:
    """Press keys for a party of a conversation; they are kept nowhere."""

    attempt: int
    party: str
    digits: str


# --- what has to be recorded --------------------------------------------------------------------


@dataclass(frozen=True)
class CallRang:
    """The phone rings."""

    attempt: int
    at: float


@dataclass(frozen=True)
class CallWasAnswered:
    """Somebody, or something, answered."""

    attempt: int
    at: float


@dataclass(frozen=True)
class CallWasConnected:
    """The caller and the agent hear each other."""

    attempt: int
    session: int
    agent: int
    at: float
    waited_s: float
    came: bool = False
    """Whether the caller has called us."""


@dataclass(frozen=True)
class CallWasAbandoned:
    """Nobody was there in time; the message plays."""

    attempt: int
    at: float


@dataclass(frozen=True)
class MessageBegan:
    """Whoever answered an agentless campaign's call hears its message, or a machine is left one."""

    attempt: int
    at: float


@dataclass(frozen=True)
class CallWasJudged:
    """Answering-machine detection says who answered."""

    attempt: int
    at: float
    verdict: Verdict
    confidence: float
    took_s: float


@dataclass(frozen=True)
class PersonOptedOut:
    """Who hears a message has pressed the key that asks not to be called again."""

    attempt: int
    at: float


@dataclass(frozen=True)
class QuestionAnswered:
    """A person has pressed a key in answer to a question of a menu."""

    attempt: int
    question: str
    key: str
    at: float


@dataclass(frozen=True)
class MessageOver:
    """An agentless campaign's call is over, and its message or menu was heard to the end or not.

    `disposition` is what the end of its menu says; empty where that says nothing.
    """

    attempt: int
    at: float
    heard_all: bool
    disposition: str = ""


@dataclass(frozen=True)
class CallHasEnded:
    """The call is over."""

    attempt: int
    campaign: int
    at: float
    outcome: Outcome
    end: CallEnd
    came: bool = False
    """Whether the person has called us."""


@dataclass(frozen=True)
class AgentChanged:
    """The agent's time counts as another state from `at` on."""

    session: int
    agent: int
    state: AgentState
    reason: str
    attempt: int | None
    at: float


@dataclass(frozen=True)
class DispositionMissed:
    """A conversation is over and nobody is left to say how it went; its `disposition` is nobody's."""

    attempt: int
    at: float
    disposition: str = NO_DISPOSITION


@dataclass(frozen=True)
class LeadWasShown:
    """An agent looks at a lead, `until` then at most; None: for as long as they want."""

    session: int
    agent: int
    campaign: int
    lead: int
    at: float
    until: float | None


@dataclass(frozen=True)
class LeadWasSkipped:
    """An agent, or the end of the time for it, let a lead go by: it comes again later."""

    campaign: int
    claim: ClaimedLead
    agent: int
    reason: str
    at: float


@dataclass(frozen=True)
class LeadWasPutBack:
    """A claimed lead that nobody calls: the next agent sees it at once."""

    campaign: int
    claim: ClaimedLead
    at: float


@dataclass(frozen=True)
class ClaimWasKept:
    """A lead stays taken for as long as its agent looks at it; `claim` is as it was before."""

    campaign: int
    claim: ClaimedLead
    until: datetime
    at: float


@dataclass(frozen=True)
class RecordingBegan:
    """What is said is recorded from now on, or again, on a node; `laws` ask for the person's `consent`."""

    attempt: int
    node: str
    consent: str
    laws: tuple[str, ...]
    at: float


@dataclass(frozen=True)
class RecordingDidFail:
    """What is said should be recorded, and is not; the conversation goes on."""

    attempt: int
    node: str
    why: str
    at: float


@dataclass(frozen=True)
class ConsentWasSaid:
    """The person said to the agent whether they may be recorded; `laws` ask for that."""

    attempt: int
    node: str
    agent: int
    laws: tuple[str, ...]
    at: float
    agreed: bool


@dataclass(frozen=True)
class CallStepped:
    """An agent, or a supervisor, did something with a conversation: hold, resume, transfer, park, …

    `agent` has the call; `to_agent` gets it, is consulted, or supervises, on the shift `to_session`.
    """

    attempt: int
    at: float
    kind: str
    agent: int | None = None
    to_agent: int | None = None
    to_session: int | None = None
    guest: int | None = None
    notes: str = ""


@dataclass(frozen=True)
class GuestAnswered:
    """Who was called into a conversation is on the line."""

    number: int
    at: float


@dataclass(frozen=True)
class GuestLeft:
    """Who was called into a conversation is out of it, or did not come."""

    number: int
    at: float
    outcome: str


Effect = (
    Bridge
    | HangUpCall
    | LeaveMachine
    | HangUpAgent
    | CallSoftphone
    | EndSoftphone
    | PlayToCaller
    | PromiseCallback
    | QuestionAnswered
    | CallRang
    | CallWasAnswered
    | CallWasConnected
    | CallWasAbandoned
    | CallWasJudged
    | MessageBegan
    | PersonOptedOut
    | MessageOver
    | CallHasEnded
    | AgentChanged
    | DispositionMissed
    | LeadWasShown
    | LeadWasSkipped
    | LeadWasPutBack
    | ClaimWasKept
    | RecordingBegan
    | RecordingDidFail
    | ConsentWasSaid
    | Mix
    | CallGuest
    | HangUpGuest
    | PressKeys
    | CallStepped
    | GuestAnswered
    | GuestLeft
)
"""What a `Floor` wants done or recorded."""
