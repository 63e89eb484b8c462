"""Campaigns and the lists they dial, in the database."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from campaigns.core.agent_work import AgentWork
from campaigns.core.campaign import CampaignSettings
from campaigns.core.disposition_set import DispositionSet
from campaigns.core.sequence import MessageSequence
from campaigns.errors import CampaignExistsError, CampaignNotFoundError
from campaigns.stores.shared import Session
from campaigns.tables import Campaign, CampaignList, CampaignQueue
from leads.tables import LeadList, ZoneGroup


def settings_of(campaign: Campaign) -> CampaignSettings:
    """The settings in a campaign's row."""
    return CampaignSettings.parse(
        {each.name: getattr(campaign, each.name) for each in fields(CampaignSettings)}
    )


def sequence_of(campaign: Campaign) -> MessageSequence | None:
    """The campaign's messages; None where it has none."""
    if campaign.sequence is None:
        return None
    return MessageSequence.parse(campaign.sequence, DispositionSet.parse(campaign.dispositions))


class CampaignStore:
    """Campaigns and the lists they dial."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def create(self, client_id: int, name: str, settings: CampaignSettings, now: datetime) -> Campaign:
        """A new campaign, in draft. Raises CampaignExistsError."""
        values = settings.to_json() | {"state": "draft", "state_since": now, "created_at": now}
        campaign = Campaign(client_id=client_id, name=name, **values)
        self.session.add(campaign)
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise CampaignExistsError(f"The client has a campaign {name!r}; choose another name.") from error
        return campaign

    async def attach_list(self, campaign_id: int, list_id: int, weight: int = 0) -> None:
        """Let a campaign dial a list of its client, with a weight in the mix; again to change the weight."""
        attached = await self.session.get(CampaignList, (campaign_id, list_id))
        if attached is None:
            attached = CampaignList(campaign_id=campaign_id, list_id=list_id)
            self.session.add(attached)
        attached.weight = weight
        await self.session.flush()

    async def lists(self, campaign_id: int) -> Sequence[tuple[CampaignList, str]]:
        """The lists that a campaign dials, each with its name."""
        wanted = (
            select(CampaignList, LeadList.name)
            .join(LeadList, col(LeadList.id) == col(CampaignList.list_id))
            .where(CampaignList.campaign_id == campaign_id)
            .order_by(col(CampaignList.list_id))
        )
        return (await self.session.exec(wanted)).all()

    async def set_order(self, campaign: Campaign, lead_order: str) -> None:
        """Write what a campaign dials by; the leads' keys are to be written again."""
        campaign.lead_order = lead_order
        await self.session.flush()

    async def set_caller_id(self, campaign: Campaign, settings: CampaignSettings) -> None:
        """Write what a campaign's calls show."""
        campaign.caller_id = settings.caller_id
        campaign.caller_id_group = settings.caller_id_group
        campaign.caller_id_rule = settings.caller_id_rule
        await self.session.flush()

    async def set_work(self, campaign: Campaign, work: AgentWork) -> None:
        """Write how agents work for a campaign."""
        for each in fields(AgentWork):
            setattr(campaign, each.name, getattr(work, each.name))
        campaign.skills = list(work.skills)
        campaign.tiers = [each.to_json() for each in work.tiers]
        await self.session.flush()

    async def set_settings(
        self, campaign: Campaign, settings: CampaignSettings, names: Collection[str]
    ) -> None:
        """Write those of its settings that are named."""
        values = settings.to_json()
        for name in names:
            setattr(campaign, name, values[name])
        await self.session.flush()

    async def get(self, campaign_id: int) -> Campaign:
        """A campaign. Raises CampaignNotFoundError."""
        found = await self.session.get(Campaign, campaign_id)
        if found is None:
            raise CampaignNotFoundError(f"There is no campaign {campaign_id}.")
        return found

    async def lock(self, campaign_id: int) -> Campaign:
        """The campaign as it is now. Whoever else takes up leads into it, or moves many of them, waits.

        Two would wait for each other's rows, or one would not see what the other is about to write. Rows are
        locked by campaign, then by lead.
        """
        lock = select(Campaign).where(col(Campaign.id) == campaign_id).with_for_update(key_share=True)
        return (await self.session.exec(lock.execution_options(populate_existing=True))).one()

    async def page(self, after: int, limit: int) -> Sequence[Campaign]:
        """The `limit` campaigns that follow number `after`."""
        wanted = select(Campaign).where(Campaign.id > after).order_by(col(Campaign.id)).limit(limit)
        return (await self.session.exec(wanted)).all()

    async def ids_of(self, client_id: int | None = None) -> Sequence[int]:
        """Every campaign, or a client's, by number."""
        wanted = select(Campaign.id).order_by(col(Campaign.id))
        if client_id is not None:
            wanted = wanted.where(Campaign.client_id == client_id)
        return (await self.session.exec(wanted)).all()

    async def named(self, name: str) -> Sequence[Campaign]:
        """The campaigns of a name, one a client at most."""
        return (await self.session.exec(select(Campaign).where(Campaign.name == name))).all()

    async def of_client(self, client_id: int, name: str) -> Campaign | None:
        """The client's campaign of a name."""
        wanted = select(Campaign).where(Campaign.client_id == client_id, Campaign.name == name)
        return (await self.session.exec(wanted)).one_or_none()

    async def dialing(self, client_id: int) -> Sequence[Campaign]:
        """A client's campaigns that run, or may go on."""
        wanted = select(Campaign).where(
            Campaign.client_id == client_id, col(Campaign.state).in_(("running", "paused"))
        )
        return (await self.session.exec(wanted.order_by(col(Campaign.id)))).all()

    async def booking_in(self, client_id: int, calendar: str) -> str | None:
        """The name of a client's campaign that books in a calendar and is not stopped."""
        wanted = select(Campaign.name).where(
            Campaign.client_id == client_id, Campaign.calendar == calendar, Campaign.state != "stopped"
        )
        return (await self.session.exec(wanted.limit(1))).first()

    async def countries(self, campaign_id: int) -> set[str]:
        """Of the numbers that a campaign dials, ISO 3166-1; empty for one that nobody can place."""
        wanted = (
            select(ZoneGroup.region)
            .join(CampaignQueue, col(CampaignQueue.zone_group_id) == col(ZoneGroup.id))
            .where(CampaignQueue.campaign_id == campaign_id)
            .distinct()
        )
        return set(await self.session.exec(wanted))

    async def set_state(self, campaign: Campaign, state: str, now: datetime) -> None:
        """Write a campaign's state; `state_since` moves only with a change."""
        if campaign.state != state:
            campaign.state, campaign.state_since = state, now
            if state == "running" and campaign.first_started_at is None:
                campaign.first_started_at = now
            await self.session.flush()
