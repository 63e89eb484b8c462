"""Campaigns, their lists, and the leads that wait in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key, where
from leads.tables import instant, key, reference


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
    wrap_up_extension_s: float = 0.0
    """By how much an agent may extend a wrap-up, once."""
    after_wrap_up: str = Field(default="available", max_length=9)
    """What an agent is whose wrap-up has reached its limit: available or paused."""
    dispositions: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What a call may come to, beside the standard set; see campaigns.core.disposition_set."""
    correction_limit_s: float = 86400.0
    """How long agents may correct what they have said of a call."""
    currency: str = Field(default="", max_length=3)
    """Of its sales, ISO 4217; empty where nothing is sold."""
    default_disposition: str = Field(default="no_disposition", max_length=20)
    """What is said of a talk of which its agent says nothing until then."""
    routing: str = Field(default="longest_waiting", max_length=15)
    """Whose turn it is among the free agents; see campaigns.core.agent_work."""
    skills: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What an agent needs to be able to work for it: all of them."""
    language_routing: str = Field(default="any", max_length=7)
    """Whether the lead's language counts: any, prefer or require."""
    language_wait_s: float = 0.0
    """How long a caller waits for an agent who speaks it before anyone free takes the call."""
    tiers: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The levels of agents to whom calls are handed up; see campaigns.core.tiers."""
    manual_list: str = Field(default="", max_length=100)
    """The name of the list into which numbers come that agents call and nobody has; empty: none."""
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
    sequence: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True), nullable=True)
    )
    """The messages before and after its calls; see campaigns.core.sequence."""
    script: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True), nullable=True)
    )
    """What agents read out and ask, or is asked by key; see campaigns.core.questionnaire."""
    quotas: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """How many completed ones of each kind are wanted; see campaigns.core.quotas."""
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
    callback_remind_s: float = 300.0
    """How long before its time an agent is reminded of a callback."""
    callback_miss_s: float = 900.0
    """How long after its time a callback counts as missed, so that anyone may make it."""
    callback_give_up_s: float = 604800.0
    """How long after its time a missed callback is given up."""
    inbound: str = Field(default="off", max_length=3)
    """Whether people who call its caller IDs reach its agents: off or on."""
    inbound_wait_s: float = 120.0
    """How long they wait for one."""
    inbound_music: str = ""
    """The prompt that they hear meanwhile; empty: ringing."""
    inbound_message: str = ""
    """The prompt that tells them that nobody is free; empty: the service's own message."""
    inbound_callback_key: str = Field(default="", max_length=1)
    """The digit that asks for a callback in place of waiting; empty for none."""
    inbound_callback_message: str = ""
    """The prompt that says that they will be called back; empty: the service's own."""
    inbound_list: str = Field(default="callers", max_length=100)
    """The list that whoever is nobody's lead becomes a lead of; empty: they are refused."""
    calendar: str = Field(default="", max_length=100)
    """The name of the client's calendar in which its agents book; empty: they book nothing."""
    screen_pop_url: str = Field(default="", max_length=2000)
    """The template of what an agent's screen opens with a call; see campaigns.core.screen_pop_url."""
    screen_pop_secret: str = Field(default="", max_length=43)
    """What signs those addresses; told only to whoever made it. Empty: they are not signed."""
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
    warmed_through: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Through which of its leads the messages before the first call are in line."""


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
        Index("ix_campaign_lead_ready", "queue_id", "sort_key", "lead_id", **where("state = 'ready'")),
        Index("ix_campaign_lead_waiting", "campaign_id", "due_at", "lead_id", **where("state = 'waiting'")),
        Index(
            "ix_campaign_lead_callback",
            "campaign_id",
            "due_at",
            "lead_id",
            **where("state = 'waiting' AND reason = 'callback'"),
        ),
        Index("ix_campaign_lead_claimed", "campaign_id", "claimed_until", **where("state = 'claimed'")),
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
    """Why it is in this state: a code such as new, retry_busy, outside_callable_times, on_dnc_list, sale. One
    that waits for a callback stands in no line, and is claimed before all others when that is due."""
    denial: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True), nullable=True)
    )
    """What compliance answered when it last denied a call to this lead; none since its last attempt."""
    due_at: datetime = instant()
    sort_key: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Its place in the queue by the campaign's order; the lowest is dialed first."""
    warmth: int = 0
    """How far a message to it has come, which puts it before others: a number of campaigns.core.selection."""
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
