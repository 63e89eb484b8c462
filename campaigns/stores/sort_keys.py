"""`campaigns.core.selection.sort_key` as an expression of the database."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, literal
from sqlmodel import col, select

from campaigns.core.selection import PRIME, SHUFFLE, WARMER, shuffle_seed
from campaigns.stores.shared import Session
from campaigns.tables import Campaign, CampaignLead
from leads.stores.shared import on_postgresql
from leads.tables import Lead


def key_of_new(campaign: Campaign, priority: Any, rank: Any, lead_id: Any) -> ColumnElement[int]:
    """The key of a lead that the campaign never called, from columns of a query."""
    match campaign.lead_order:
        case "priority" | "best_hour":
            return _negative(priority)
        case "rank":
            return _negative(rank)
        case "fewest_attempts" | "least_recently_called":
            return literal(0, BigInteger)
        case _:
            return _by_number(campaign, lead_id)


def key_of_row(session: Session, campaign: Campaign, warmth: Any = None) -> ColumnElement[int]:
    """The key of a row of `campaign_lead`, for an update of it; `warmth` where that changes with it."""
    warm = cast(col(CampaignLead.warmth) if warmth is None else literal(warmth), BigInteger)
    key: ColumnElement[int] = _cold_key_of_row(session, campaign) - warm * WARMER
    return key


def _cold_key_of_row(session: Session, campaign: Campaign) -> ColumnElement[int]:
    match campaign.lead_order:
        case "priority" | "best_hour":
            return _negative(_of_lead(Lead.priority))
        case "rank":
            return _negative(_of_lead(Lead.rank))
        case "fewest_attempts":
            return cast(col(CampaignLead.attempts), BigInteger)
        case "least_recently_called":
            seconds: Any = extract("epoch", col(CampaignLead.last_attempt_at))
            # PostgreSQL rounds where it casts, SQLite has whole seconds already.
            whole = func.floor(seconds) if on_postgresql(session) else seconds
            return func.coalesce(cast(whole, BigInteger), 0)
        case _:
            return _by_number(campaign, col(CampaignLead.lead_id))


def _by_number(campaign: Campaign, lead_id: Any) -> ColumnElement[int]:
    match campaign.lead_order:
        case "newest":
            return _negative(lead_id)
        case "oldest":
            return cast(lead_id, BigInteger)
        case "random":
            mixed = (lead_id % PRIME * SHUFFLE[0] + shuffle_seed(campaign.id)) % PRIME
            squared = (mixed * mixed + SHUFFLE[1]) % PRIME
            shuffled: ColumnElement[int] = (squared * SHUFFLE[2] + mixed) % PRIME
            return shuffled
    raise ValueError(f"{campaign.lead_order!r} is not an order of leads.")


def _negative(number: Any) -> ColumnElement[int]:
    negative: ColumnElement[int] = -cast(number, BigInteger)
    return negative


def _of_lead(column: Any) -> Any:
    wanted = select(column).where(col(Lead.id) == col(CampaignLead.lead_id))
    return wanted.correlate(CampaignLead).scalar_subquery()
