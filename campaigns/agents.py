"""What people do with agents beyond adding them: change them, ask for their time, say for what they pause."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.checks import checked_instant, checked_name
from campaigns.core.agent_profile import AgentProfile, checked_sip_uri
from campaigns.core.agent_time import AgentStretch, AgentTime, Shift, agent_time
from campaigns.core.hold_time import Part, parts_of
from campaigns.core.pauses import Pause, check_reason, checked_pauses
from campaigns.core.softphone import AT_OUR_REGISTRAR
from campaigns.errors import (
    AgentDisabledError,
    AgentLacksSkillsError,
    CampaignNotFoundError,
    CampaignWithoutAgentsError,
    InvalidInputError,
)
from campaigns.softphones import checked_leg
from campaigns.stores.agents import AgentStore, profile_of, set_profile
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.conversations import ConversationStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Agent
from leads.checks import client_id_of
from leads.stores.versions import Versions, check_version, lock_client, require_version

_CHANGES = ("name", "sip_uri", "leg", "auto_answer", "skills", "languages", "ranks", "disabled")


async def get_agent(sessions: Sessions, agent_id: int) -> Agent:
    """An agent. Raises AgentNotFoundError."""
    async with sessions() as session:
        return await AgentStore(session).get(agent_id)


async def find_agent(sessions: Sessions, reference: str) -> Agent:
    """The agent of a number, or of a name that only one has. Raises AgentNotFoundError."""
    async with sessions() as session:
        return await AgentStore(session).find(reference)


async def change_agent(
    sessions: Sessions, agent_id: int, changes: Mapping[str, Any], *, if_match: Versions | None = None
) -> Agent:
    """Change an agent by the fields that are given: name, softphone, skills, languages, ranks, disabled.

    Where the softphone is, how it is called (`leg`, `auto_answer`) and what the agent can do hold from the
    next log-in on. An account at our registrar ends with a move to another one. Raises AgentNotFoundError,
    AgentExistsError, CampaignNotFoundError, InvalidInputError and ChangedMeanwhileError.
    """
    if unknown := [name for name in changes if name not in _CHANGES]:
        raise InvalidInputError(f"{unknown[0][:40]!r} is nothing of an agent; use {', '.join(_CHANGES)}.")
    async with sessions() as session, session.begin():
        agent = await AgentStore(session).get(agent_id)
        await require_version(session, agent, if_match)
        now = {each: getattr(agent, each) for each in ("skills", "languages", "ranks")}
        profile = AgentProfile.parse(**(now | {each: changes[each] for each in now if each in changes}))
        if "ranks" in changes:
            await check_ranks(session, agent.client_id, profile)
        agent.name = checked_name(changes.get("name", agent.name))
        agent.sip_uri = checked_sip_uri(changes.get("sip_uri", agent.sip_uri))
        if agent.sip_uri != AT_OUR_REGISTRAR:
            agent.sip_user = agent.sip_ha1 = None
        agent.leg = checked_leg(changes.get("leg", agent.leg))
        agent.auto_answer = bool(changes.get("auto_answer", agent.auto_answer))
        agent.disabled = bool(changes.get("disabled", agent.disabled))
        set_profile(agent, profile)
        await AgentStore(session).save(agent)
        return agent


async def check_ranks(session: Session, client_id: int, profile: AgentProfile) -> None:
    """Whether the agent's ranks are in campaigns of the agent's client. Raises CampaignNotFoundError."""
    for campaign_id in profile.ranks:
        await _campaign_of(session, client_id, campaign_id)


async def admit(session: Session, agent: Agent, campaign_ids: Sequence[int]) -> AgentProfile:
    """What an agent can do who begins a shift for these campaigns.

    Raises AgentDisabledError, CampaignNotFoundError, CampaignWithoutAgentsError and AgentLacksSkillsError.
    """
    if agent.disabled:
        raise AgentDisabledError(f"Agent {agent.id} is disabled; enable the agent first.")
    profile = profile_of(agent)
    for campaign_id in campaign_ids:
        settings = settings_of(await _campaign_of(session, agent.client_id, campaign_id))
        if not settings.takes_agents:
            raise CampaignWithoutAgentsError(
                f"Campaign {campaign_id} is agentless and has no calls for agents; leave it out."
            )
        if lacking := profile.lacks(settings.skills):
            raise AgentLacksSkillsError(
                f"Campaign {campaign_id} asks for {', '.join(lacking)}, which agent {agent.id} lacks; leave "
                "the campaign out, or give the agent the skill."
            )
    return profile


async def see_shifts(sessions: Sessions, now: datetime) -> None:
    """Notes that the shifts under way were under way now, for the time after a crash."""
    async with sessions() as session, session.begin():
        await AgentStore(session).see_sessions(now)


async def time_of_agent(
    sessions: Sessions, agent_id: int, since: datetime, until: datetime, now: datetime
) -> AgentTime:
    """What an agent's shifts from `since` to `until` were spent on.

    Raises AgentNotFoundError and InvalidInputError.
    """
    since, until = checked_instant(since), checked_instant(until)
    if until <= since:
        raise InvalidInputError("The time ends before it begins; give the later instant as its end.")
    async with sessions() as session:
        store = AgentStore(session)
        agent = await store.get(agent_id)
        pauses = await store.pause_reasons(agent.client_id)
        turns = await ConversationStore(session).turns(agent.client_id, agent_id, since)
        shifts = [
            Shift(
                shift.id,
                shift.started_at,
                shift.ended_at,
                shift.end_reason,
                [
                    AgentStretch(part.state, each.reason, part.started_at, part.ended_at)
                    for each in intervals
                    for part in parts_of(
                        Part(each.state, each.started_at, each.ended_at), each.attempt_id, agent_id, turns
                    )
                ],
            )
            for shift, intervals in await store.time_of(agent_id, since, until)
        ]
    return agent_time(agent_id, shifts, pauses, since, until, now)


async def pause_reasons(sessions: Sessions, client_slug: str) -> list[Pause]:
    """For what a client's agents pause. Raises UnknownClientError."""
    async with sessions() as session:
        return await AgentStore(session).pause_reasons(await client_id_of(session, client_slug))


async def set_pause_reasons(
    sessions: Sessions, client_slug: str, pauses: Sequence[Pause], *, if_match: Versions | None = None
) -> list[Pause]:
    """Replace a client's pause reasons, which holds at once; none: the default ones hold again.

    Raises UnknownClientError, InvalidPauseReasonsError and ChangedMeanwhileError.
    """
    checked = checked_pauses(pauses)
    async with sessions() as session, session.begin():
        client_id = await client_id_of(session, client_slug)
        await lock_client(session, client_id)
        check_version(await AgentStore(session).pause_reasons(client_id), if_match)
        await AgentStore(session).set_pause_reasons(client_id, checked)
        return await AgentStore(session).pause_reasons(client_id)


async def check_pause_reason(sessions: Sessions, agent_id: int, code: str) -> None:
    """Whether an agent may pause for that. Raises UnknownPauseReasonError, which names those there are."""
    async with sessions() as session:
        agent = await AgentStore(session).get(agent_id)
        check_reason(code, await AgentStore(session).pause_reasons(agent.client_id))


async def _campaign_of(session: Session, client_id: int, campaign_id: int) -> Any:
    campaign = await CampaignStore(session).get(campaign_id)
    if campaign.client_id != client_id:
        raise CampaignNotFoundError(f"There is no campaign {campaign_id}.")
    return campaign
