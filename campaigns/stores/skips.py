"""Leads that agents skipped, in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select

from campaigns.stores.shared import Session
from campaigns.tables import Agent, LeadSkip
from leads.stores.shared import chunks


class SkipStore:
    """Who skipped which lead, when and why."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, campaign_id: int, lead_id: int, agent_id: int, reason: str, now: datetime) -> None:
        """An agent skipped a lead."""
        skip = LeadSkip(
            campaign_id=campaign_id, lead_id=lead_id, agent_id=agent_id, reason=reason, skipped_at=now
        )
        self._session.add(skip)
        await self._session.flush()

    async def of(self, campaign_id: int, lead_id: int) -> Sequence[tuple[LeadSkip, str]]:
        """How often a lead was skipped in a campaign, in order, each time with the agent's name."""
        wanted = (
            select(LeadSkip, col(Agent.name))
            .join(Agent, col(Agent.id) == col(LeadSkip.agent_id))
            .where(LeadSkip.lead_id == lead_id, LeadSkip.campaign_id == campaign_id)
            .order_by(col(LeadSkip.id))
        )
        return (await self._session.exec(wanted)).all()

    async def count(self, campaign_id: int) -> int:
        """How often leads were skipped in a campaign."""
        wanted = select(func.count()).select_from(LeadSkip).where(LeadSkip.campaign_id == campaign_id)
        return (await self._session.exec(wanted)).one()

    async def of_leads(self, lead_ids: Sequence[int]) -> list[LeadSkip]:
        """Every skip of these leads, in order."""
        found: list[LeadSkip] = []
        for chunk in chunks(lead_ids):
            wanted = select(LeadSkip).where(col(LeadSkip.lead_id).in_(chunk))
            found += (await self._session.exec(wanted)).all()
        return sorted(found, key=lambda skip: skip.id)
