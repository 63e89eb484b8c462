"""What the leads room asks of this one: a campaign by what a user calls it."""

from campaigns import service
from campaigns.reports.store import ReportStore
from leads.stores.shared import Sessions


async def find_campaign(sessions: Sessions, reference: str) -> tuple[int, str]:
    """A campaign's id, and its client's slug, by its id or name. Raises CampaignNotFoundError."""
    campaign = await service.get_campaign(sessions, await service.find_campaign(sessions, reference))
    async with sessions() as session:
        return campaign.id, await ReportStore(session).client_slug(campaign.client_id)


async def lists_of_campaign(sessions: Sessions, reference: str) -> tuple[int, ...]:
    """The lists that a campaign dials, by its id or name. Raises CampaignNotFoundError."""
    lists = await service.dialed_lists(sessions, await service.find_campaign(sessions, reference))
    return tuple(each.list_id for each in lists)
