"""Whose a number is that several leads of a campaign have: nobody is called twice as if being two people.

Two leads with the same first phone are one person to a campaign: the one that it took up first is called, the
other is final from the beginning (`duplicate_in_campaign`). Any other phone that leads share is called as the
lead's whose first phone it is, else as the one's that was loaded first.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from campaigns.tables import CampaignLead
from leads.tables import Lead, Phone

DUPLICATE = "duplicate_in_campaign"
"""Why a lead is final whose first phone is another lead's of the campaign."""


def is_first(phone: Any) -> ColumnElement[bool]:
    """Whether it is the phone of its lead that is dialed first."""
    other = aliased(Phone)
    lowest = select(func.min(col(other.position))).where(col(other.lead_id) == col(phone.lead_id))
    return col(phone.position) == lowest.correlate(phone).scalar_subquery()


def is_duplicate(campaign_id: int, load_id: int) -> ColumnElement[bool]:
    """Whether the first phone of a new lead of the load is the first of another that is called there.

    That is one which the campaign has taken up, or which the same load brought before it: what a load brings
    that is not over may be taken back, and so bars nobody.
    """
    other, taken, lead = aliased(Phone), aliased(CampaignLead), aliased(Lead)
    before = (
        select(literal(1))
        .where(
            col(taken.campaign_id) == campaign_id,
            col(taken.lead_id) == col(other.lead_id),
            col(taken.reason) != DUPLICATE,
        )
        .correlate(other)
        .exists()
    )
    same_load = (
        select(literal(1))
        .where(col(lead.id) == col(other.lead_id), col(lead.import_id) == load_id)
        .correlate(other)
        .exists()
    )
    return (
        select(literal(1))
        .where(
            col(other.e164) == col(Phone.e164),
            col(other.lead_id) != col(Phone.lead_id),
            is_first(other),
            or_(and_(col(other.lead_id) < col(Phone.lead_id), same_load), before),
        )
        .correlate(Phone)
        .exists()
    )


def is_anothers(campaign_id: Any) -> ColumnElement[bool]:
    """Whether a further phone of a lead is called as another lead's: its first, or the earlier lead's.

    `campaign_id` is a number or a bound parameter.
    """
    other, taken = aliased(Phone), aliased(CampaignLead)
    another = (
        select(literal(1))
        .select_from(other)
        .join(taken, col(taken.lead_id) == col(other.lead_id))
        .where(
            col(taken.campaign_id) == campaign_id,
            col(taken.reason) != DUPLICATE,
            col(other.e164) == col(Phone.e164),
            col(other.lead_id) != col(Phone.lead_id),
            or_(is_first(other), col(other.lead_id) < col(Phone.lead_id)),
        )
        .correlate(Phone)
        .exists()
    )
    return and_(~is_first(Phone), another)
