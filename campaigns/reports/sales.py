"""A campaign's sales, from what is on record."""

from campaigns.core.sales import SalesFigures, sales_figures
from campaigns.reports.store import ReportStore
from campaigns.stores.sales import SaleStore
from campaigns.stores.shared import Session
from campaigns.tables import Campaign


async def sales_of(session: Session, campaign: Campaign) -> SalesFigures:
    """Its talks and what they sold, by agent, list and hour."""
    store = SaleStore(session)
    return sales_figures(
        await store.talks(campaign.id),
        await store.revenue(campaign.id),
        await ReportStore(session).agents(campaign.client_id),
        await store.list_names(campaign.id),
    )
