"""What is said on the bus: each message knows its topic, and how the broker is to treat it.

No message holds a phone number or a name. Times are UTC, RFC 3339 on the wire; counts are whole numbers;
rates are fractions from 0 to 1. Readers ignore fields they do not know, so that fields can be added.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from campaigns.core.callback import TOLD
from dialer.bus import topics
from dialer.core.agent import AgentState as _AgentState
from dialer.core.outcome import Outcome as _Outcome
from dialer.core.pacing_settings import DialMode
from dialer.errors import DialerError

Slug = Annotated[str, Meta(pattern=topics.SLUG_PATTERN, max_length=topics.SLUG_MAX_LENGTH)]
Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Rate = Annotated[float, Meta(ge=0, le=1)]
Instant = Annotated[datetime, Meta(tz=True)]


class BadMessage(DialerError):
    """A payload that is no message of ours."""

    code = "bad-message"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What all messages share; the fields named in `template` make the topic."""

    type_name: ClassVar[str]
    template: ClassVar[str]
    retained: ClassVar[bool]
    qos: ClassVar[Literal[0, 1]]

    @property
    def topic(self) -> str:
        """The topic it belongs on. Raises topics.BadTopicPart."""
        names = topics.parameters(self.template)
        return topics.fill(self.template, **{name: getattr(self, name) for name in names})


class _Since(Message, frozen=True, kw_only=True):
    """A message about what something is doing since an instant; a naive one is a ValueError."""

    since: Instant

    def __post_init__(self) -> None:
        _utc(self.since)


class CampaignState(_Since, frozen=True, kw_only=True):
    """What a campaign is meant to be doing, and since when."""

    type_name = "campaign.state"
    template = topics.CAMPAIGN_STATE
    retained = True
    qos = 1

    client: Slug
    campaign_id: Id
    state: Literal["draft", "running", "paused", "stopped"]
    dial_mode: DialMode


class CallsInFlight(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls stand in each state now."""

    dialing: Count = 0
    ringing: Count = 0
    answered: Count = 0
    connected: Count = 0
    playing: Count = 0
    """Calls of an agentless campaign that play its message."""


class Pacing(msgspec.Struct, frozen=True, kw_only=True):
    """How the campaign is paced, and in words why it was last paced so."""

    mode: DialMode
    reason: Annotated[str, Meta(max_length=500)]


class CampaignStats(Message, frozen=True, kw_only=True):
    """A campaign's figures now, sent once a second at most.

    Attempts, people answered, abandoned, contacts and conversions are counted since the campaign began;
    `abandon_rate` is abandoned / people_answered, 0 while nobody has answered.
    """

    type_name = "campaign.stats"
    template = topics.CAMPAIGN_STATS
    retained = True
    qos = 0

    client: Slug
    campaign_id: Id
    calls_in_flight: CallsInFlight
    agents: Annotated[dict[str, Count], Meta(description="How many agents are in each state.")]
    attempts: Count
    people_answered: Count
    abandoned: Count
    contacts: Count
    conversions: Count
    abandon_rate: Rate
    leads_ready: Count
    callbacks_missed: Count = 0
    pacing: Pacing


class AgentState(_Since, frozen=True, kw_only=True):
    """What an agent is doing, why, and since when."""

    type_name = "agent.state"
    template = topics.AGENT_STATE
    retained = True
    qos = 1

    client: Slug
    agent_id: Id
    state: Annotated[str, Meta(extra_json_schema={"enum": [state.value for state in _AgentState]})]
    reason: Annotated[str, Meta(max_length=40)] = ""


class AgentCall(Message, frozen=True, kw_only=True):
    """The call that an agent was just given."""

    type_name = "agent.call"
    template = topics.AGENT_CALL
    retained = False
    qos = 1

    client: Slug
    agent_id: Id
    attempt_id: Id
    campaign_id: Id
    lead_id: Id


class AgentPreview(Message, frozen=True, kw_only=True):
    """The lead that an agent was just given to look at, and until when; null: for as long as they want.

    Who it is and which number is to be dialed is told by `GET /api/v1/agent-sessions/{session_id}`.
    """

    type_name = "agent.preview"
    template = topics.AGENT_PREVIEW
    retained = False
    qos = 1

    client: Slug
    agent_id: Id
    session_id: Id
    campaign_id: Id
    lead_id: Id
    until: Instant | None = None

    def __post_init__(self) -> None:
        if self.until is not None:
            _utc(self.until)


class AgentMessage(Message, frozen=True, kw_only=True):
    """What somebody writes to an agent, as a supervisor does; it is kept nowhere."""

    type_name = "agent.message"
    template = topics.AGENT_MESSAGE
    retained = False
    qos = 1

    client: Slug
    agent_id: Id
    session_id: Id
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class AgentCallback(Message, frozen=True, kw_only=True):
    """Something happened to a call that an agent has promised, which is or was due then.

    `reminded`: it is near. `offered`: the lead is shown now, as `agent.preview` says as well. `moved`: it is
    due at another time, because somebody or a rule (`reason`) wants it so. `missed`: it was not made in time,
    and anyone may make it. `rescued`: somebody has. `canceled`: it is not owed any more, for this `reason`.
    """

    type_name = "agent.callback"
    template = topics.AGENT_CALLBACK
    retained = False
    qos = 1

    client: Slug
    agent_id: Id
    callback_id: Id
    campaign_id: Id
    lead_id: Id
    kind: Annotated[str, Meta(extra_json_schema={"enum": list(TOLD)})]
    due_at: Instant
    reason: Annotated[str, Meta(max_length=40)] = ""

    def __post_init__(self) -> None:
        _utc(self.due_at)


class CallEvent(Message, frozen=True, kw_only=True):
    """A step in the life of a call. It begins with `placed`, or with `arrived` where the lead calls us.

    `agent_id` is there from `connected` on, and names who was connected last; `outcome` is there with
    `ended`, `disposition` with `dispositioned`.
    """

    type_name = "call.event"
    template = topics.CALL_EVENT
    retained = False
    qos = 1

    client: Slug
    attempt_id: Id
    campaign_id: Id
    lead_id: Id
    kind: Literal[
        "placed",
        "arrived",
        "ringing",
        "answered",
        "connected",
        "abandoned",
        "playing",
        "ended",
        "dispositioned",
    ]
    agent_id: Id | None = None
    outcome: Annotated[str, Meta(extra_json_schema={"enum": ["", *(name.value for name in _Outcome)]})] = ""
    disposition: Annotated[str, Meta(max_length=20)] = ""


class ReplyEvent(Message, frozen=True, kw_only=True):
    """A person has answered a message. What they wrote is over HTTP, for those who may read it.

    `kind` says what it asks for: to `stop`, for `help`, to `start` again, or something `other`. `agent_id` is
    who talks with the lead, owes it a call, or talked with it last; the ids are missing where nobody knows.
    """

    type_name = "reply.event"
    template = topics.REPLY_EVENT
    retained = False
    qos = 1

    client: Slug
    reply_id: Id
    channel: Literal["sms", "email"]
    kind: Literal["stop", "help", "start", "other"]
    lead_id: Id | None = None
    campaign_id: Id | None = None
    agent_id: Id | None = None


class NodeStatus(Message, frozen=True, kw_only=True):
    """Whether a node is there. `offline` is also the node's last will, said by the broker for it.

    A last will carries the `time` and `seq` of the moment the node connected, not of its death.
    """

    type_name = "node.status"
    template = topics.NODE_STATUS
    retained = True
    qos = 1

    node: Slug
    state: Literal["online", "offline"]
    version: Annotated[str, Meta(max_length=40)]
    capacity_calls: Annotated[Count, Meta(description="How many calls the node can hold at once.")]


MESSAGES: tuple[type[Message], ...] = (
    CampaignState,
    CampaignStats,
    AgentState,
    AgentCall,
    AgentPreview,
    AgentMessage,
    AgentCallback,
    CallEvent,
    ReplyEvent,
    NodeStatus,
)
_BY_TYPE = {message.type_name: message for message in MESSAGES}


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds a message on the wire."""

    id: Annotated[
        str, Meta(min_length=1, max_length=64, description="Unique; a repeat of a message has the same.")
    ]
    type: str
    time: Annotated[datetime, Meta(tz=True, description="When it was said; UTC, RFC 3339.")]
    seq: Annotated[Count, Meta(description="Grows by one with each message of a source, from its start on.")]
    data: Message


class _Sealed(msgspec.Struct, frozen=True):
    """An envelope whose data has not been looked at."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    type: str
    time: Instant
    seq: Count
    data: msgspec.Raw


def encode(message: Message, *, id: str, time: datetime, seq: int) -> bytes:  # noqa: A002 - the wire's name
    """The payload of a message, JSON in UTF-8. Raises ValueError for a time without a zone."""
    return msgspec.json.encode(
        Envelope(id=id, type=message.type_name, time=_utc(time), seq=seq, data=message)
    )


def decode(payload: bytes) -> Envelope:
    """What `encode` was given. Raises BadMessage, whatever the bytes."""
    try:
        sealed = msgspec.json.decode(payload, type=_Sealed)
        message = _BY_TYPE.get(sealed.type)
        if message is None:
            raise BadMessage(f"{sealed.type[:40]!r} is no known type of message; update the reader.")
        data = msgspec.json.decode(sealed.data, type=message)
        return Envelope(id=sealed.id, type=sealed.type, time=_utc(sealed.time), seq=sealed.seq, data=data)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise BadMessage(f"Not a message of the dialer ({error}); find out who wrote it.") from error


def _utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone; give an aware time.")
    return time.astimezone(UTC)
