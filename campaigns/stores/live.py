"""What is under way, as an engine needs it: campaigns that run, open attempts, open shifts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select as select_rows
from sqlmodel import col, select

from campaigns.core.abandoned_message import AbandonedMessage
from campaigns.core.agent_profile import ANYONE, AgentProfile
from campaigns.core.agent_work import AS_USUAL, AgentWork
from campaigns.core.attempt import AWAITING_DISPOSITION, OUT
from campaigns.core.campaign import AGENTLESS, ASK, NEVER
from campaigns.core.detection import DetectionSettings
from campaigns.core.disposition_set import DispositionSet
from campaigns.core.inbound import NOBODY_CALLS, InboundSettings
from campaigns.core.jurisdiction import place_of
from campaigns.core.menu import Menu
from campaigns.core.prompt import is_prompt_name
from campaigns.core.questionnaire import read_script
from campaigns.core.questionnaire_menu import menu_of
from campaigns.core.quotas import parse_quotas
from campaigns.core.recording import RecordingPolicy, policy_for
from campaigns.stores.abandoned_messages import AbandonedMessageStore
from campaigns.stores.agents import profile_of
from campaigns.stores.prompts import PromptStore
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.shared import Session, made_to_us, placed_by_us, read
from campaigns.tables import Agent, AgentInterval, AgentSession, Attempt, Campaign, CampaignLead, Recording
from leads.tables import Client, Lead, Phone


@dataclass(frozen=True, slots=True)
class RunningCampaign(DetectionSettings):
    """A campaign with what placing its calls needs."""

    id: int
    client_slug: str
    state_since: datetime
    dial_mode: str
    lines_per_agent: float
    max_lines: int
    max_calls_per_second: float
    max_lines_per_agent: float | None
    weight: int
    ring_timeout_s: float
    wrap_up_limit_s: float
    abandon_rate_target: float
    preview_limit_s: float | None
    preview_then: str
    message: str
    """What an agentless campaign plays: a prompt's name or a path; empty in other modes, and with a menu."""
    opt_out_key: str
    recording: str = NEVER
    recording_consent: str = ASK
    menu: Menu | None = None
    work: AgentWork = AS_USUAL
    """Who gets its calls, and what ends a wrap-up that nobody ends."""
    sounds: Mapping[str, str] = field(default_factory=dict)
    """The client's prompts by name, each with the SHA-256 of its sound."""
    inbound: InboundSettings = NOBODY_CALLS
    abandoned: tuple[AbandonedMessage, ...] = ()
    """What people hear who get no agent, as the client has chosen."""

    @property
    def prompts(self) -> frozenset[str]:
        """The names of all prompts that its calls may play."""
        own = {each for each in (self.message, self.voicemail_message) if is_prompt_name(each)}
        asked = self.menu.prompts if self.menu is not None else frozenset()
        return frozenset({*own, *asked, *self.inbound.prompts, *(each.prompt for each in self.abandoned)})

    @property
    def agentless(self) -> bool:
        """Whether it plays a message to whoever answers, and needs no agents."""
        return self.dial_mode == AGENTLESS


@dataclass(frozen=True, slots=True)
class OpenAttempt(DetectionSettings):
    """A call that has not ended, as far as is recorded."""

    attempt_id: int
    campaign_id: int
    lead_id: int
    agent_id: int | None
    client_slug: str
    dial_mode: str
    opt_out_key: str
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    message_at: datetime | None
    disposition: str
    amd_verdict: str
    direction: str = OUT
    inbound: InboundSettings = NOBODY_CALLS
    recording: RecordingPolicy | None = None
    """Whether the talk is recorded, and who is asked."""
    recording_wanted: bool = False
    """Whether it was being recorded, or paused."""
    recording_consent: str = ""
    """What the person said about it."""
    language: str = ""
    """The lead's."""


@dataclass(frozen=True, slots=True)
class OpenShift:
    """A shift that goes on, with the state that the agent was last in."""

    session_id: int
    agent_id: int
    client_slug: str
    sip_uri: str
    sip_user: str
    leg: str
    auto_answer: bool
    campaign_ids: tuple[int, ...]
    state: str
    reason: str
    since: datetime
    attempt_id: int | None
    profile: AgentProfile = ANYONE
    seen_at: datetime | None = None
    """When an engine last had the shift under way."""
    campaign_id: int | None = None
    """Of the attempt."""


class LiveStore:
    """Reads what is under way."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def running_campaigns(self) -> list[RunningCampaign]:
        """The campaigns that their managers want to run, by id."""
        wanted = (
            select(Campaign, col(Client.slug))
            .join(Client, col(Client.id) == col(Campaign.client_id))
            .where(Campaign.state == "running")
            .order_by(col(Campaign.id))
        )
        rows = (await self._session.exec(wanted)).all()
        clients = {campaign.client_id for campaign, _ in rows}
        sounds: dict[int, dict[str, str]] = {client: {} for client in clients}
        for (client, name), sha256 in (await PromptStore(self._session).sounds_of(clients)).items():
            sounds[client][name] = sha256
        abandoned = await AbandonedMessageStore(self._session).of(clients)
        return [
            RunningCampaign(
                id=campaign.id,
                client_slug=slug,
                state_since=campaign.state_since,
                dial_mode=campaign.dial_mode,
                lines_per_agent=campaign.lines_per_agent,
                max_lines=campaign.max_lines,
                max_calls_per_second=campaign.max_calls_per_second,
                max_lines_per_agent=campaign.max_lines_per_agent,
                weight=campaign.weight,
                ring_timeout_s=campaign.ring_timeout_s,
                wrap_up_limit_s=campaign.wrap_up_limit_s,
                abandon_rate_target=campaign.abandon_rate_target,
                message=campaign.message,
                opt_out_key=campaign.opt_out_key,
                preview_limit_s=campaign.preview_limit_s,
                preview_then=campaign.preview_then,
                **_detection(campaign),
                inbound=_inbound(campaign),
                menu=await self._menu(campaign),
                sounds=sounds[campaign.client_id],
                abandoned=abandoned[campaign.client_id],
                work=AgentWork.of(campaign),
                recording=campaign.recording,
                recording_consent=campaign.recording_consent,
            )
            for campaign, slug in rows
        ]

    async def _menu(self, campaign: Campaign) -> Menu | None:
        """Its own menu, or the one that asks its script and ends where a person is needed no more."""
        if campaign.menu is not None:
            return Menu.parse(campaign.menu, DispositionSet.parse(campaign.dispositions))
        if campaign.script is None or campaign.dial_mode != AGENTLESS:
            return None
        script = read_script(campaign.script)
        counts = await QuestionnaireStore(self._session).counts(campaign.id)
        return menu_of(script, campaign.opt_out_key, parse_quotas(campaign.quotas, script), counts)

    async def open_attempts(self) -> list[OpenAttempt]:
        """The attempts without an end, by id."""
        wanted = (
            select_rows(Attempt, Campaign, col(Client.slug), Lead, col(Phone.region), Recording)
            .join(Campaign, col(Campaign.id) == col(Attempt.campaign_id))
            .join(Client, col(Client.id) == col(Campaign.client_id))
            .join(Lead, col(Lead.id) == col(Attempt.lead_id))
            .join(Phone, col(Phone.id) == col(Attempt.phone_id))
            .outerjoin(Recording, col(Recording.attempt_id) == col(Attempt.id))
            .where(col(Attempt.ended_at).is_(None))
            .order_by(col(Attempt.id))
        )
        return [
            OpenAttempt(
                attempt_id=attempt.id,
                direction=attempt.direction,
                campaign_id=attempt.campaign_id,
                lead_id=attempt.lead_id,
                agent_id=attempt.agent_id,
                client_slug=slug,
                dial_mode=campaign.dial_mode,
                opt_out_key=campaign.opt_out_key,
                ringing_at=attempt.ringing_at,
                answered_at=attempt.answered_at,
                connected_at=attempt.connected_at,
                message_at=attempt.message_at,
                disposition=attempt.disposition,
                recording=policy_for(
                    campaign.recording,
                    campaign.recording_consent,
                    place_of(attempt.e164, region, lead.country, lead.region),
                ),
                recording_wanted=recording is not None and recording.state == "recording",
                recording_consent=recording.consent if recording is not None else "",
                language=lead.language,
                **_detection(campaign),
                inbound=_inbound(campaign),
                amd_verdict=attempt.amd_verdict,
            )
            for attempt, campaign, slug, lead, region, recording in await read(self._session, wanted)
        ]

    async def open_shifts(self, session_id: int | None = None) -> list[OpenShift]:
        """The shifts without an end, by id; or the one of that id, if it goes on."""
        wanted = (
            select_rows(AgentSession, AgentInterval, Agent, col(Client.slug), col(Attempt.campaign_id))
            .join(AgentInterval, col(AgentInterval.session_id) == col(AgentSession.id))
            .join(Agent, col(Agent.id) == col(AgentSession.agent_id))
            .join(Client, col(Client.id) == col(Agent.client_id))
            .outerjoin(Attempt, col(Attempt.id) == col(AgentInterval.attempt_id))
            .where(col(AgentSession.ended_at).is_(None), col(AgentInterval.ended_at).is_(None))
            .order_by(col(AgentSession.id))
        )
        if session_id is not None:
            wanted = wanted.where(col(AgentSession.id) == session_id)
        return [
            OpenShift(
                session_id=shift.id,
                agent_id=agent.id,
                client_slug=slug,
                sip_uri=agent.sip_uri,
                sip_user=agent.sip_user or "",
                leg=agent.leg,
                auto_answer=agent.auto_answer,
                campaign_ids=tuple(shift.campaign_ids),
                state=interval.state,
                reason=interval.reason,
                since=interval.started_at,
                attempt_id=interval.attempt_id,
                profile=profile_of(agent),
                seen_at=shift.seen_at,
                campaign_id=campaign_id,
            )
            for shift, interval, agent, slug, campaign_id in await read(self._session, wanted)
        ]

    async def awaiting_disposition(self) -> Sequence[int]:
        """Attempts that ended in a conversation whose disposition has not come."""
        wanted = (
            select(col(Attempt.id))
            .join(
                CampaignLead,
                (col(CampaignLead.campaign_id) == col(Attempt.campaign_id))
                & (col(CampaignLead.lead_id) == col(Attempt.lead_id))
                & (col(CampaignLead.attempts) == col(Attempt.number)),
            )
            .where(
                placed_by_us(),
                CampaignLead.state == "calling",
                CampaignLead.reason == AWAITING_DISPOSITION,
            )
        )
        called_us = select(col(Attempt.id)).where(
            made_to_us(),
            col(Attempt.connected_at).is_not(None),
            col(Attempt.ended_at).is_not(None),
            Attempt.disposition == "",
        )
        both = [*(await self._session.exec(wanted)).all(), *(await self._session.exec(called_us)).all()]
        return sorted(both)


def _detection(campaign: Campaign) -> dict[str, Any]:
    return {each.name: getattr(campaign, each.name) for each in fields(DetectionSettings)}


def _inbound(campaign: Campaign) -> InboundSettings:
    return InboundSettings(**{each.name: getattr(campaign, each.name) for each in fields(InboundSettings)})
