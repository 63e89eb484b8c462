"""What the reports count, straight from campaigns, leads, attempts and agents' time."""

from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_rows
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaigns.core.hold_time import Part, parts_of
from campaigns.core.inbound import InboundGroup
from campaigns.core.metrics import Stretch
from campaigns.stores.conversations import ConversationStore
from campaigns.stores.shared import made_to_us, read, seconds_between
from campaigns.tables import Agent, AgentInterval, AgentSession, Attempt, Campaign, CampaignLead, CampaignList
from leads.tables import Client, Lead, LeadList


class ReportStore:
    """Counts of one campaign; reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def client_slug(self, client_id: int) -> str:
        """The client's slug."""
        return (await self._session.exec(select(Client.slug).where(Client.id == client_id))).one()

    async def inbound(self, campaign_id: int) -> list[InboundGroup]:
        """The calls of people to us, by outcome."""
        waited = seconds_between(
            self._session,
            col(Attempt.placed_at),
            func.coalesce(col(Attempt.connected_at), col(Attempt.message_at), col(Attempt.ended_at)),
        )
        wanted = (
            select_rows(col(Attempt.outcome), func.count(), func.sum(waited), func.max(waited))
            .where(made_to_us(), col(Attempt.campaign_id) == campaign_id)
            .group_by(col(Attempt.outcome))
            .order_by(col(Attempt.outcome))
        )
        return [
            InboundGroup(outcome, count, float(total or 0), float(longest or 0))
            for outcome, count, total, longest in await read(self._session, wanted)
        ]

    async def leads_by_state(self, campaign_id: int) -> list[tuple[str, str, int]]:
        """(state, reason, count) of the campaign's leads; each lead is in one."""
        group = (col(CampaignLead.state), col(CampaignLead.reason))
        wanted = (
            select(*group, func.count())
            .where(CampaignLead.campaign_id == campaign_id)
            .group_by(*group)
            .order_by(*group)
        )
        return list(await self._session.exec(wanted))

    async def leads_in_lists(self, campaign_id: int) -> int:
        """How many leads the campaign's lists hold now."""
        wanted = (
            select(func.count())
            .select_from(Lead)
            .join(CampaignList, col(CampaignList.list_id) == col(Lead.list_id))
            .where(CampaignList.campaign_id == campaign_id)
        )
        return (await self._session.exec(wanted)).one()

    async def agents(self, client_id: int) -> dict[int, str]:
        """The client's agents: id to name, in the order of their ids."""
        wanted = select(Agent.id, Agent.name).where(Agent.client_id == client_id).order_by(col(Agent.id))
        return dict((await self._session.exec(wanted)).all())

    async def names(self, by: str, client_id: int) -> dict[str, str]:
        """What a client's campaigns, lists or agents are called, by id as text; nothing of other groups."""
        table: Any = {"campaign": Campaign, "list": LeadList, "agent": Agent}.get(by)
        if table is None:
            return {}
        wanted = select(table.id, table.name).where(table.client_id == client_id)
        return {str(each): name for each, name in await self._session.exec(wanted)}

    async def stretches(self, client_id: int, campaign_id: int) -> dict[int, list[Stretch]]:
        """Agent to the stretches of every shift in which the agent worked for the campaign, among others.

        Of a talk the time in which the customer was on hold is a stretch of its own.
        """
        shifts = (
            select(AgentSession.id, AgentSession.agent_id, AgentSession.campaign_ids)
            .join(Agent, col(Agent.id) == col(AgentSession.agent_id))
            .where(Agent.client_id == client_id)
        )
        agent_of = {
            shift_id: agent_id
            for shift_id, agent_id, campaign_ids in await self._session.exec(shifts)
            if campaign_id in campaign_ids
        }
        intervals = (
            select_rows(
                col(AgentInterval.session_id),
                col(AgentInterval.attempt_id),
                col(AgentInterval.state),
                col(AgentInterval.started_at),
                col(AgentInterval.ended_at),
            )
            .join(AgentSession, col(AgentSession.id) == col(AgentInterval.session_id))
            .join(Agent, col(Agent.id) == col(AgentSession.agent_id))
            .where(col(Agent.client_id) == client_id)
            .order_by(col(AgentInterval.id))
        )
        turns = await ConversationStore(self._session).turns(client_id)
        stretches: dict[int, list[Stretch]] = {agent_id: [] for agent_id in agent_of.values()}
        for shift_id, attempt_id, *interval in await read(self._session, intervals):
            if (agent_id := agent_of.get(shift_id)) is not None:
                stretches[agent_id] += (
                    Stretch(part.state, part.started_at, part.ended_at)
                    for part in parts_of(Part(*interval), attempt_id, agent_id, turns)
                )
        return stretches
