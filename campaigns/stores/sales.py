"""What was sold in talks, in the database."""

from collections.abc import Sequence

from sqlalchemy import delete, func
from sqlalchemy import select as select_rows
from sqlmodel import col, select

from campaigns.core.disposition import Flag, flags_of
from campaigns.core.money import Money
from campaigns.core.sales import RevenueGroup, Sold, TalkGroup
from campaigns.stores.shared import Session, read, was_said, write
from campaigns.tables import Attempt, CampaignList, SaleLine
from leads.stores.shared import chunks, insert_into
from leads.tables import LeadList

_PLACE = (col(Attempt.agent_id), col(Attempt.list_id), col(Attempt.local_hour))
_LINE = (
    col(SaleLine.attempt_id),
    col(SaleLine.product),
    col(SaleLine.quantity),
    col(SaleLine.currency),
    col(SaleLine.amount_minor),
)


class SaleStore:
    """The lines of sales, and what a campaign's add up to."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def of(self, attempt_ids: Sequence[int]) -> dict[int, tuple[Sold, ...]]:
        """Call to what was sold in it; one without a sale is left out."""
        found: dict[int, tuple[Sold, ...]] = {}
        for chunk in chunks(attempt_ids):
            wanted = select_rows(*_LINE).where(col(SaleLine.attempt_id).in_(chunk))
            wanted = wanted.order_by(col(SaleLine.attempt_id), col(SaleLine.number))
            for attempt_id, product, quantity, currency, minor in await read(self.session, wanted):
                sold = Sold(product, quantity, Money(currency, minor))
                found[attempt_id] = (*found.get(attempt_id, ()), sold)
        return found

    async def put(self, attempt_id: int, sale: Sequence[Sold]) -> None:
        """Write what was sold in a call, in place of what was written before."""
        await write(self.session, delete(SaleLine).where(col(SaleLine.attempt_id) == attempt_id))
        lines = [
            {
                "attempt_id": attempt_id,
                "number": number,
                "product": each.product,
                "quantity": each.quantity,
                "currency": each.price.currency,
                "amount_minor": each.price.minor,
            }
            for number, each in enumerate(sale, 1)
        ]
        if lines:
            await write(self.session, insert_into(self.session, SaleLine).values(lines))

    async def talks(self, campaign_id: int) -> list[TalkGroup]:
        """Every talk of a campaign, whoever called."""
        group = (*_PLACE, col(Attempt.disposition_flags))
        wanted = (
            select_rows(*group, func.count())
            .where(col(Attempt.campaign_id) == campaign_id, col(Attempt.connected_at).is_not(None))
            .group_by(*group)
        )
        rows = await read(self.session, wanted)
        return [TalkGroup(agent, list_id, hour, flags_of(bits), n) for agent, list_id, hour, bits, n in rows]

    async def revenue(self, campaign_id: int) -> list[RevenueGroup]:
        """Every line of a campaign's sales."""
        group = (*_PLACE, col(SaleLine.product), col(SaleLine.currency))
        wanted = (
            select_rows(*group, func.sum(col(SaleLine.quantity)), func.sum(col(SaleLine.amount_minor)))
            .join(SaleLine, col(SaleLine.attempt_id) == col(Attempt.id))
            .where(col(Attempt.campaign_id) == campaign_id, was_said(Flag.CONVERSION))
            .group_by(*group)
        )
        return [
            RevenueGroup(agent, list_id, hour, product, currency, int(quantity), int(minor))
            for agent, list_id, hour, product, currency, quantity, minor in await read(self.session, wanted)
        ]

    async def list_names(self, campaign_id: int) -> dict[int, str]:
        """The lists that a campaign dials: id to name."""
        wanted = select(LeadList.id, LeadList.name).join(
            CampaignList, col(CampaignList.list_id) == col(LeadList.id)
        )
        return dict((await self.session.exec(wanted.where(CampaignList.campaign_id == campaign_id))).all())
