"""Tables of the campaigns room: campaigns, their leads' progress, attempts, agents and their time."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from leads.tables import BigId, UtcDateTime, instant, key, reference


def _where(condition: str) -> dict[str, Any]:
    """An index over a part of the table, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_NOT_ENDED = _where("ended_at IS NULL")


def part_of_key(target: str) -> Any:
    """A column of a primary key that refers to another table's key (`table.column`)."""
    return Field(default=None, sa_column=Column(BigId, ForeignKey(target), primary_key=True))


class Campaign(SQLModel, table=True):
    """What is dialed for one purpose, and how. A name is unique within its client."""

    __tablename__ = "campaign"
    __table_args__ = (Index("uq_campaign_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id")
    name: str
    kind: str = Field(max_length=20)
    """sales, survey, appointment or collections."""
    state: str = Field(max_length=10)
    """What the manager wants: draft, running, paused or stopped."""
    state_since: datetime = instant()
    dial_mode: str = Field(max_length=12)
    lines_per_agent: float
    max_lines: int
    max_calls_per_second: float = 50.0
    """Calls placed by one node."""
    max_lines_per_agent: float | None = None
    weight: int = 1
    """Its share of a node's lines, relative to the other campaigns', where there are too few for all."""
    caller_id: str
    """The one number that people see; empty where `caller_id_group` names a group."""
    caller_id_group: str = Field(default="", max_length=100)
    """The name of a group of the client's own."""
    caller_id_rule: str = Field(default="rotate", max_length=8)
    """How a number of the group is chosen: rotate or local."""
    ring_timeout_s: float
    wrap_up_limit_s: float
    abandon_rate_target: float
    max_attempts_per_lead: int
    lead_order: str = Field(max_length=24)
    """Which of the callable leads comes first: priority, rank, newest, oldest, fewest_attempts,
    least_recently_called, random or best_hour."""
    preview_limit_s: float | None = None
    """How long an agent may look at a lead in preview mode; None for as long as they want."""
    preview_then: str = Field(default="dial", max_length=8)
    """What happens to the lead then: dial or skip."""
    callable_times: dict[str, list[list[str]]] = Field(sa_column=Column(JSON, nullable=False))
    """Weekday (mon … sun) to its windows in the callee's local time, as in [["09:00", "20:00"]]."""
    retry_rules: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """Outcome or disposition to {"delay_s": seconds, "max_attempts": n}."""
    subject: str = Field(default="", max_length=100)
    """What the calls are about; attempts on one subject count together. Empty: on the same as all others."""
    debt_field: str = Field(default="", max_length=100)
    """The leads' custom field that names the debt, in collections."""
    most_attempts_a_day: int | None = None
    """To one lead, on the callee's own days; None for no cap but the laws'."""
    least_gap_s: float = 0.0
    """Between two attempts to one person."""
    message: str = ""
    """What an agentless campaign plays: a prompt's name, or the path of a WAV file where the service runs."""
    menu: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True), nullable=True)
    )
    """What it plays and asks instead; see campaigns.core.menu."""
    opt_out_key: str = Field(default="9", max_length=1)
    """The digit that asks not to be called again, pressed while a message plays."""
    recording: str = Field(default="never", max_length=10)
    """Whether conversations are recorded: never, always or on_demand."""
    recording_consent: str = Field(default="ask", max_length=10)
    """How people learn of it: ask, ask_all or announced."""
    recording_days: int = 90
    """How long recordings are kept."""
    amd_mode: str = Field(default="off", max_length=4)
    """Answering-machine detection: off, flag or act."""
    amd_action: str = Field(default="hang_up", max_length=8)
    """What becomes of a machine's call where detection acts: hang_up, message or agent."""
    amd_optimistic: bool = True
    """Whether the agent is connected at once and the verdict comes later."""
    voicemail_message: str = ""
    """What a machine is left: the path of a WAV file where the service runs."""
    amd_review_share: float = 0.05
    """Of the verdicts, the share that is put before somebody to be checked."""
    first_started_at: datetime | None = instant(nullable=True)
    """From when the legal periods of abandoned calls run."""
    asked_under: str = Field(default="", max_length=16)
    """Which rules its refused leads were last asked under: the beginning of a SHA-256; empty before that."""
    consents_through: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Through which consent it has asked again about leads that lacked one."""
    created_at: datetime = instant()


class CampaignList(SQLModel, table=True):
    """A lead list that a campaign dials."""

    __tablename__ = "campaign_list"

    campaign_id: int = part_of_key("campaign.id")
    list_id: int = part_of_key("lead_list.id")
    weight: int = 0
    """Its share in the mix, relative to the other lists' weights; 0 for all: whichever lead comes first."""


class CampaignLoad(SQLModel, table=True):
    """A load whose leads a campaign has taken up."""

    __tablename__ = "campaign_load"

    campaign_id: int = part_of_key("campaign.id")
    import_id: int = part_of_key("lead_import.id")


class CampaignQueue(SQLModel, table=True):
    """The leads of one list that may be called at the same times; a claim takes the first of each.

    There are as many as a campaign's lists have zone groups, however many leads they have.
    """

    __tablename__ = "campaign_queue"
    __table_args__ = (
        Index("uq_campaign_queue_list_group", "campaign_id", "list_id", "zone_group_id", unique=True),
    )

    id: int = key()
    campaign_id: int = reference("campaign.id", index=False)
    list_id: int = reference("lead_list.id", index=False)
    zone_group_id: int = reference("zone_group.id", index=False)


class CampaignLead(SQLModel, table=True):
    """How far a campaign has come with a lead."""

    __tablename__ = "campaign_lead"
    __table_args__ = (
        Index("ix_campaign_lead_ready", "queue_id", "sort_key", "lead_id", **_where("state = 'ready'")),
        Index("ix_campaign_lead_waiting", "campaign_id", "due_at", "lead_id", **_where("state = 'waiting'")),
        Index("ix_campaign_lead_claimed", "campaign_id", "claimed_until", **_where("state = 'claimed'")),
        Index("ix_campaign_lead_lead", "lead_id"),
    )

    campaign_id: int = part_of_key("campaign.id")
    lead_id: int = part_of_key("lead.id")
    queue_id: int = reference("campaign_queue.id", index=False)
    """Where it stands in line: by its list and by the zones of the phone to be dialed next."""
    phone_id: int = reference("phone.id", index=False)
    """The phone to be dialed next."""
    state: str = Field(max_length=10)
    """waiting (until due_at), ready (when its zones are open), claimed (until claimed_until), calling, or
    final."""
    reason: str = Field(default="", max_length=40)
    """Why it is in this state: a code such as new, retry_busy, outside_callable_times, on_dnc_list, sale."""
    denial: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True), nullable=True)
    )
    """What compliance answered when it last denied a call to this lead; none since its last attempt."""
    due_at: datetime = instant()
    sort_key: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Its place in the queue by the campaign's order; the lowest is dialed first."""
    attempts: int = 0
    last_attempt_at: datetime | None = instant(nullable=True)
    claimed_until: datetime | None = instant(nullable=True)
    """Also the claim's token: a later claim of the same lead always ends later."""


class LeadSkip(SQLModel, table=True):
    """A lead that an agent saw and did not have called; it is no attempt."""

    __tablename__ = "lead_skip"

    id: int = key()
    campaign_id: int = reference("campaign.id", index=False)
    lead_id: int = reference("lead.id")
    agent_id: int = reference("agent.id", index=False)
    reason: str = Field(default="", max_length=40)
    """As the agent gave it, or time_limit where nobody dialed in time; empty where none was given."""
    skipped_at: datetime = instant()


class Attempt(SQLModel, table=True):
    """One call to one lead. The row is committed before the INVITE leaves."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("uq_attempt_number", "campaign_id", "lead_id", "number", unique=True),
        Index("ix_attempt_campaign", "campaign_id", "id"),
        Index("ix_attempt_e164", "e164", "placed_at"),
        Index("ix_attempt_debt", "debt", "placed_at", **_where("debt <> ''")),
        Index("ix_attempt_open", "id", **_NOT_ENDED),
        Index("ix_attempt_caller_id", "caller_id", "placed_at"),
    )

    id: int = key()
    campaign_id: int = reference("campaign.id", index=False)
    lead_id: int = reference("lead.id")
    phone_id: int = reference("phone.id", index=False)
    list_id: int = reference("lead_list.id", index=False)
    """The list that the lead was on when it was called."""
    local_hour: int = 0
    """0 to 23, on the callee's clock when the call was placed; the first zone's where there are several."""
    e164: str = Field(max_length=16)
    number: int
    """1 for the first attempt of this campaign to this lead."""
    country: str = Field(default="", max_length=2)
    """Of the number, ISO 3166-1: whose law it was called under, beside that of the lead's address."""
    address_country: str = Field(default="", max_length=2)
    """Of the lead's address, where it is in another country: whose law the call was under as well."""
    subject: str = Field(default="", max_length=100)
    debt: str = Field(default="", max_length=100)
    caller_id: str = Field(default="", max_length=16)
    """The number that the person saw."""
    permit: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """What compliance was asked and answered just before the call; rule_set is a RuleSet's fingerprint."""
    placed_at: datetime = instant()
    ringing_at: datetime | None = instant(nullable=True)
    answered_at: datetime | None = instant(nullable=True)
    connected_at: datetime | None = instant(nullable=True)
    message_at: datetime | None = instant(nullable=True)
    """When the message began: an agentless campaign's, or that of a person who gets no agent in time."""
    ended_at: datetime | None = instant(nullable=True)
    outcome: str = Field(default="", max_length=20)
    """Empty while the call lives; then a name from dialer.core.outcome."""
    sip_status: int | None = None
    sip_reason: str = ""
    """The words of the last answer, and what its Reason headers say besides."""
    q850_cause: int | None = None
    heard: str = Field(default="", max_length=20)
    """The network's tone that said most of what was heard: busy, sit_vacant, ringing, …"""
    """The telephone network's own cause, where a gateway told it."""
    ended_by: str = Field(default="", max_length=10)
    """customer, agent, dialer or network."""
    trunk: str = Field(default="", max_length=32)
    """Which had the call last; empty where that is not known."""
    attestation: str = Field(default="", max_length=1)
    """How that trunk signs our calls (STIR/SHAKEN): A, B, C, or empty where nobody said."""
    rerouted: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The trunks that failed it before anything rang, in order, each with what it said."""
    agent_id: int | None = reference("agent.id", nullable=True)
    disposition: str = Field(default="", max_length=20)
    disposition_at: datetime | None = instant(nullable=True)
    notes: str = ""
    amd_verdict: str = Field(default="", max_length=8)
    """What answering-machine detection heard: human, machine, fax or unsure; empty where it was off."""
    amd_confidence: float | None = None
    """Of the verdict, 0 to 1."""
    amd_took_s: float | None = None
    """From the answer to the verdict."""


class Recording(SQLModel, table=True):
    """What became of the recording of one call; where it was kept, which file it is."""

    __tablename__ = "recording"
    __table_args__ = (
        Index("uq_recording_attempt", "attempt_id", unique=True),
        Index("ix_recording_client", "client_id", "id"),
        Index("ix_recording_campaign", "campaign_id", "id"),
        Index("ix_recording_open", "id", **_where("state = 'recording'")),
        Index("ix_recording_due", "delete_after", **_where("state = 'kept'")),
        Index("ix_recording_deleting", "id", **_where("state = 'deleting'")),
    )

    id: int = key()
    attempt_id: int = reference("attempt.id", index=False)
    campaign_id: int = reference("campaign.id", index=False)
    client_id: int = reference("client.id", index=False)
    node: str = Field(max_length=64)
    """Whose folder has the file."""
    state: str = Field(max_length=10)
    """A name of campaigns.core.recording.STATES."""
    reason: str = Field(default="", max_length=10)
    """Why it was recorded: always or on_demand, as the campaign's setting says."""
    consent: str = Field(default="", max_length=10)
    """given, refused or announced; empty where nobody had to be asked."""
    consent_at: datetime | None = instant(nullable=True)
    consent_agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """Who heard it."""
    consent_laws: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Whose laws asked for it, as in US-CA; ? where nobody knew where the person was."""
    started_at: datetime | None = instant(nullable=True)
    length_s: float = 0.0
    bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(default="", max_length=64)
    path: str = Field(default="", max_length=100)
    """Below the node's folder of recordings."""
    pauses: list[dict[str, float]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Stretches in which nothing was recorded, as {"from_s": 12.5, "to_s": 30.0}; silent in the file."""
    failure: str = Field(default="", max_length=200)
    """What went wrong, where something did."""
    delete_after: datetime | None = instant(nullable=True)
    deleted_at: datetime | None = instant(nullable=True)
    deleted_why: str = Field(default="", max_length=200)


class RecordingAccess(SQLModel, table=True):
    """Somebody heard, took away, checked or deleted a recording."""

    __tablename__ = "recording_access"

    id: int = key()
    recording_id: int = reference("recording.id")
    at: datetime = instant()
    who: str = Field(max_length=100)
    """The user or the key, or the user of the command line."""
    what: str = Field(max_length=10)
    """heard, exported, verified or deleted."""
    detail: str = Field(default="", max_length=200)
    """The range of bytes, the folder, the result, or the reason."""


class Agent(SQLModel, table=True):
    """Someone who takes calls, at a SIP address. A name is unique within its client."""

    __tablename__ = "agent"
    __table_args__ = (Index("uq_agent_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id")
    name: str
    sip_uri: str
    created_at: datetime = instant()


class AgentSession(SQLModel, table=True):
    """An agent's shift, from log-in to log-out."""

    __tablename__ = "agent_session"
    __table_args__ = (
        Index(
            "uq_agent_session_open",
            "agent_id",
            unique=True,
            **_NOT_ENDED,
        ),
    )

    id: int = key()
    agent_id: int = reference("agent.id")
    campaign_ids: list[int] = Field(sa_column=Column(JSON, nullable=False))
    started_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class AgentInterval(SQLModel, table=True):
    """A stretch of a shift spent in one state. A session's intervals follow each other without a gap."""

    __tablename__ = "agent_interval"
    __table_args__ = (
        Index(
            "uq_agent_interval_open",
            "session_id",
            unique=True,
            **_NOT_ENDED,
        ),
    )

    id: int = key()
    session_id: int = reference("agent_session.id")
    state: str = Field(max_length=12)
    reason: str = Field(default="", max_length=40)
    attempt_id: int | None = reference("attempt.id", nullable=True, index=False)
    started_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class RuleSet(SQLModel, table=True):
    """Rules that calls were asked by: the tables' version, places, jurisdictions, rules, exemptions."""

    __tablename__ = "rule_set"

    fingerprint: str = Field(max_length=16, primary_key=True)
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    first_used_at: datetime = instant()


class Exemption(SQLModel, table=True):
    """A law's rule that does not hold for a client, who granted that, and where it is written."""

    __tablename__ = "exemption"

    id: int = key()
    client_id: int = reference("client.id")
    rule_id: str = Field(max_length=60)
    granted_by: str
    reference: str = ""
    recorded_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class ClientLimit(SQLModel, table=True):
    """What a client asks of all its campaigns; see `campaigns.core.client_limits`."""

    __tablename__ = "client_limit"

    client_id: int = part_of_key("client.id")
    limits: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """Its callable times, attempts a day to one person and least gap, as JSON."""
    recorded_at: datetime = instant()


class ClosedDay(SQLModel, table=True):
    """A date on which a client, or one campaign of it, calls nobody."""

    __tablename__ = "closed_day"
    __table_args__ = (Index("ix_closed_day_client", "client_id", "day"),)

    id: int = key()
    client_id: int = reference("client.id", index=False)
    campaign_id: int | None = reference("campaign.id", nullable=True, index=False)
    """Only this campaign; None for all of the client's."""
    day: str = Field(max_length=10)
    """ISO 8601, on the callee's calendar."""
    name: str = ""


class CallerIdRest(SQLModel, table=True):
    """A caller ID that a network blocked, and until when nobody is called from it."""

    __tablename__ = "caller_id_rest"

    caller_id: str = Field(max_length=16, primary_key=True)
    until: datetime = instant()
    attempt_id: int = reference("attempt.id", index=False)
    """The call that was blocked last."""


class CallerId(SQLModel, table=True):
    """A number that a client may show, and what shows its right to it. A number is one client's at a time.

    The record stays when the number is given back (`retired_at`), or goes to another client.
    """

    __tablename__ = "caller_id"
    __table_args__ = (
        UniqueConstraint("id", "client_id"),
        Index("uq_caller_id_number", "e164", unique=True, **_where("retired_at IS NULL")),
        Index("ix_caller_id_e164", "e164", "id"),
    )

    id: int = key()
    client_id: int = reference("client.id")
    e164: str = Field(max_length=16)
    display_name: str = Field(default="", max_length=32)
    daily_cap: int | None = None
    """Calls a day from it, by all of the client's campaigns; None for no cap."""
    active: bool = True
    timezone: str = Field(max_length=64)
    """The IANA zone whose midnight ends its day."""
    attestation: str = Field(default="", max_length=1)
    """What STIR/SHAKEN attestation its carrier is to give: A, B, C, or empty where nobody said."""
    owner: str = Field(max_length=200)
    """To whom the carrier has assigned it."""
    document: str = Field(max_length=200)
    """What shows the client's right to use it, and where that is kept."""
    owned_from: str = Field(max_length=10)
    """The first day of that right, ISO 8601, in its own zone."""
    owned_until: str = Field(default="", max_length=10)
    """The last one; empty where no end is set."""
    recorded_by: str = Field(max_length=200)
    recorded_at: datetime = instant()
    retired_at: datetime | None = instant(nullable=True)


class CallerIdGroup(SQLModel, table=True):
    """A client's numbers that campaigns choose among. A name is unique within its client."""

    __tablename__ = "caller_id_group"
    __table_args__ = (UniqueConstraint("client_id", "name"), UniqueConstraint("id", "client_id"))

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str = Field(max_length=100)


class CallerIdMember(SQLModel, table=True):
    """A number in a group. Both are of one client: the keys that it refers to have the client in them."""

    __tablename__ = "caller_id_member"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "client_id"], ["caller_id_group.id", "caller_id_group.client_id"]),
        ForeignKeyConstraint(["number_id", "client_id"], ["caller_id.id", "caller_id.client_id"]),
        Index("ix_caller_id_member_number", "number_id"),
    )

    group_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    number_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    client_id: int = Field(sa_column=Column(BigId, nullable=False))


class CallerIdDay(SQLModel, table=True):
    """How many calls of a client's showed a number, a day of the number's own."""

    __tablename__ = "caller_id_day"

    client_id: int = part_of_key("client.id")
    caller_id: str = Field(max_length=16, primary_key=True)
    day: str = Field(max_length=10, primary_key=True)
    calls: int = 0


class DenialTally(SQLModel, table=True):
    """How many times compliance denied a call for one reason, a day (UTC)."""

    __tablename__ = "denial_tally"

    campaign_id: int = part_of_key("campaign.id")
    day: str = Field(max_length=10, primary_key=True)
    rule: str = Field(max_length=60, primary_key=True)
    code: str = Field(max_length=40, primary_key=True)
    denials: int = 0


class AnswerTally(SQLModel, table=True):
    """What became of answered calls, a quarter of an hour: what the shares of abandoned calls are made of."""

    __tablename__ = "answer_tally"

    campaign_id: int = part_of_key("campaign.id")
    country: str = Field(max_length=2, primary_key=True)
    quarter: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    """When it began."""
    dropped: int = 0
    live: int = 0
    machines_at_agents: int = 0
    machines_by_detection: int = 0


class DialTally(SQLModel, table=True):
    """Calls that are over, and how many a person answered, by list, local hour and attempt."""

    __tablename__ = "dial_tally"

    campaign_id: int = part_of_key("campaign.id")
    list_id: int = part_of_key("lead_list.id")
    hour: int = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    calls: int = 0
    answers: int = 0


class TrunkNow(SQLModel, table=True):
    """How a node's trunk was when the node looked last."""

    __tablename__ = "trunk_now"

    node: str = Field(max_length=64, primary_key=True)
    trunk: str = Field(max_length=32, primary_key=True)
    at: datetime = instant()
    state: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """A `dialer.core.trunks.TrunkStanding` by field name."""


class PacingNow(SQLModel, table=True):
    """What a node's pacer last decided for a campaign, and why."""

    __tablename__ = "pacing_now"

    campaign_id: int = part_of_key("campaign.id")
    node: str = Field(max_length=64, primary_key=True)
    at: datetime = instant()
    state: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """A `dialer.core.pacing_settings.PacingState` by field name."""


class PromptSound(SQLModel, table=True):
    """A sound as the switch plays it. Each node writes itself a file of it when a campaign needs it."""

    __tablename__ = "prompt_sound"

    sha256: str = Field(max_length=64, primary_key=True)
    """Of `wav`, in hexadecimal digits."""
    wav: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """16-bit PCM in one channel at 8 kHz, with its header."""


class Prompt(SQLModel, table=True):
    """A sound that a client's calls play. A name is unique within its client."""

    __tablename__ = "prompt"
    __table_args__ = (Index("uq_prompt_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str = Field(max_length=60)
    language: str = Field(max_length=35)
    """A BCP 47 tag."""
    source: str = Field(max_length=8)
    """uploaded or spoken."""
    text: str = ""
    """What was spoken; empty of a recording."""
    length_s: float
    warnings: list[str] = Field(sa_column=Column(JSON, nullable=False))
    """Codes of campaigns.core.prompt.WARNINGS."""
    sha256: str = Field(sa_column=Column(String(64), ForeignKey("prompt_sound.sha256"), nullable=False))
    created_at: datetime = instant()


class AbandonedMessage(SQLModel, table=True):
    """What a client's people hear who answer and get no agent: by country and language, empty for any."""

    __tablename__ = "abandoned_message"

    client_id: int = part_of_key("client.id")
    country: str = Field(max_length=2, primary_key=True)
    """ISO 3166-1: where the person may be, by number or address."""
    language: str = Field(max_length=35, primary_key=True)
    """A BCP 47 tag, as the lead's."""
    prompt_id: int = reference("prompt.id")


class AttemptAnswer(SQLModel, table=True):
    """The key by which a person has answered a question of a menu; the last one where it was asked twice."""

    __tablename__ = "attempt_answer"

    attempt_id: int = part_of_key("attempt.id")
    question: str = Field(max_length=40, primary_key=True)
    key: str = Field(max_length=1)
    answered_at: datetime = instant()
