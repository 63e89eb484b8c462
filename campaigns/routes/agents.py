"""Agents, their time, and for what they pause, over HTTP. Errors pass through to the API, which maps them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from campaigns import agents, service, softphones
from campaigns.core.agent_profile import HIGHEST_LEVEL, LOWEST_RANK, MOST_SKILLS, AgentProfile
from campaigns.core.agent_time import AgentTime
from campaigns.core.pauses import LONGEST_PAUSE_MINUTES, MOST_REASONS, Pause
from campaigns.core.softphone import AT_OUR_REGISTRAR, LEGS, Leg
from leads.core.columns import clean_cell
from leads.routes.access import needs
from leads.routes.shared import After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["agents"])

Slug = Annotated[str, Query(max_length=64, description="The client's slug.")]
Skills = Annotated[
    dict[str, Annotated[int, Field(ge=1, le=HIGHEST_LEVEL)]],
    Field(max_length=MOST_SKILLS, description='By name, each with its level: {"mortgages": 7}.'),
]
Languages = Annotated[
    list[Annotated[str, Field(max_length=35)]],
    Field(max_length=MOST_SKILLS, description='BCP 47 tags: ["en", "pt-BR"].'),
]
SipUri = Annotated[
    str,
    Field(
        max_length=300,
        description="Where the softphone is, as sip:anna@pbx.example; empty: at our registrar.",
    ),
]
LegKind = Annotated[Leg, Field(description="Called once a shift, or rung for each customer.")]
AutoAnswer = Annotated[bool, Field(description="Ask a persistent softphone to answer by itself.")]
Ranks = Annotated[
    dict[str, Annotated[int, Field(ge=1, le=LOWEST_RANK)]],
    Field(max_length=MOST_SKILLS, description='By campaign number; 1 comes first: {"12": 1}.'),
]


class AgentIn(BaseModel):
    """A new agent of a client."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    name: str = Field(max_length=200)
    sip_uri: SipUri = AT_OUR_REGISTRAR
    leg: LegKind = LEGS[0]
    auto_answer: AutoAnswer = False
    skills: Skills = {}
    languages: Languages = []
    ranks: Ranks = {}


class AgentPatch(BaseModel):
    """What is to change; what is left out stays. Skills, languages and ranks are replaced as a whole."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=200)
    sip_uri: SipUri = AT_OUR_REGISTRAR
    leg: LegKind = LEGS[0]
    auto_answer: AutoAnswer = False
    skills: Skills = {}
    languages: Languages = []
    ranks: Ranks = {}
    disabled: bool = False


class AgentOut(BaseModel):
    """An agent; one who is disabled begins no more shifts."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    name: str
    sip_uri: str
    sip_user: str | None
    leg: str
    auto_answer: bool
    skills: dict[str, int]
    languages: list[str]
    ranks: dict[str, int]
    disabled: bool
    created_at: datetime


class SipAccount(BaseModel):
    """What the agent's softphone registers with at our registrar; the secret is told this once."""

    model_config = ConfigDict(from_attributes=True)

    agent_id: int
    user: str
    secret: str


class PauseReason(BaseModel):
    """For what agents pause, whether such time is paid, and how long one pause may last."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    code: str = Field(max_length=40)
    name: str = Field(max_length=100)
    paid: bool = True
    limit_minutes: int | None = Field(None, ge=1, le=LONGEST_PAUSE_MINUTES, description="null for no limit.")


class PauseReasonsIn(BaseModel):
    """All pause reasons of a client, in their order; none: the default ones hold."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    reasons: list[PauseReason] = Field(max_length=MOST_REASONS)


@router.get("/agents", dependencies=[needs("agents.read")])
async def list_agents(
    sessions: SessionsOf,
    client: Annotated[str | None, Query(max_length=64, description="Only this client's.")] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[AgentOut]:
    """Agents, a page at a time."""
    slug = clean_cell(client) if client is not None else None
    items = [
        AgentOut.model_validate(each) for each in await service.list_agents(sessions, slug, after, limit)
    ]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("/agents", status_code=201, dependencies=[needs("agents.write")])
async def add_agent(sessions: SessionsOf, now: Now, wanted: AgentIn) -> AgentOut:
    """Add an agent, who may then begin a shift; one at our registrar needs a `sip-secret` first."""
    profile = AgentProfile.parse(wanted.skills, wanted.languages, wanted.ranks)
    client, name, sip_uri = (clean_cell(each) for each in (wanted.client, wanted.name, wanted.sip_uri))
    softphone = wanted.model_dump(include={"leg", "auto_answer"})
    made = await service.add_agent(sessions, client, name, sip_uri, now, profile, **softphone)
    return AgentOut.model_validate(await agents.get_agent(sessions, made))


@router.get("/agents/{agent_id}", responses=HAS_ETAG, dependencies=[needs("agents.read")])
async def get_agent(response: Response, sessions: SessionsOf, agent_id: Id) -> AgentOut:
    """One agent."""
    found = await agents.get_agent(sessions, agent_id)
    tag(response, found)
    return AgentOut.model_validate(found)


@router.patch("/agents/{agent_id}", responses=TAKES_IF_MATCH, dependencies=[needs("agents.write")])
async def change_agent(
    response: Response, sessions: SessionsOf, agent_id: Id, change: AgentPatch, if_match: IfMatch
) -> AgentOut:
    """Change an agent. What the agent can do, and all about the softphone, hold from the next log-in on."""
    given = change.model_dump(exclude_unset=True)
    clean = {name: clean_cell(value) if isinstance(value, str) else value for name, value in given.items()}
    changed = await agents.change_agent(sessions, agent_id, clean, if_match=if_match)
    tag(response, changed)
    return AgentOut.model_validate(changed)


@router.post("/agents/{agent_id}/sip-secret", status_code=201, dependencies=[needs("agents.write")])
async def new_sip_secret(response: Response, sessions: SessionsOf, agent_id: Id) -> SipAccount:
    """Make a new secret for the agent's softphone at our registrar; the one before holds no longer.

    The answer has it, and nothing else ever does.
    """
    made = await softphones.new_secret(sessions, agent_id)
    response.headers["Cache-Control"] = "no-store"
    return SipAccount.model_validate(made)


@router.get("/agents/{agent_id}/time", dependencies=[needs("agents.read")])
async def agent_time(
    sessions: SessionsOf,
    now: Now,
    agent_id: Id,
    since: Annotated[AwareDatetime, Query(alias="from", description="RFC 3339, with the offset.")],
    until: Annotated[AwareDatetime, Query(alias="to", description="RFC 3339, with the offset.")],
) -> AgentTime:
    """What the agent's shifts were spent on, by state and by reason of pause, in whole milliseconds.

    The times add up to `logged_in_ms`; what goes on is counted up to now.
    """
    return await agents.time_of_agent(sessions, agent_id, since, until, now)


@router.get("/pause-reasons", responses=HAS_ETAG, dependencies=[needs("desk.work")])
async def list_pause_reasons(response: Response, sessions: SessionsOf, client: Slug) -> list[PauseReason]:
    """For what a client's agents pause: its own list, or the default one."""
    found = await agents.pause_reasons(sessions, clean_cell(client))
    tag(response, found)
    return [PauseReason.model_validate(each) for each in found]


@router.put("/pause-reasons", responses=TAKES_IF_MATCH, dependencies=[needs("agents.write")])
async def set_pause_reasons(
    response: Response, sessions: SessionsOf, wanted: PauseReasonsIn, if_match: IfMatch
) -> list[PauseReason]:
    """Replace a client's pause reasons; pauses that are over keep theirs."""
    pauses = [Pause(**each.model_dump()) for each in wanted.reasons]
    found = await agents.set_pause_reasons(sessions, clean_cell(wanted.client), pauses, if_match=if_match)
    tag(response, found)
    return [PauseReason.model_validate(each) for each in found]
