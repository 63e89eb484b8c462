"""How caller IDs fare: their calls of the day, and what calls that showed them came to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.caller_ids import CallerNumber
from campaigns.core.metrics import Rate, rate
from campaigns.stores.caller_id_pool import CallerIdPoolStore, CallsFrom
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign

FIGURES_DAYS = 7
"""Over how many days figures are shown where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdFigures:
    """How a number fares: its calls of its own day, and what calls of the last `days` came to.

    A number that networks or people have turned against shows in `blocked` and `short`, and in an answer rate
    below the other numbers'.
    """

    caller_id: str
    in_use: bool
    """Whether it is the client's today, and active."""
    calls_today: int
    daily_cap: int | None
    rests_until: datetime | None
    """Until when it rests because a network blocked it; null where it does not rest."""
    days: int
    answered: Rate
    """Of all calls."""
    blocked: Rate
    """Of all calls."""
    short: Rate
    """Of the answered calls, those that were over within six seconds."""


async def campaign_caller_ids(sessions: Sessions, campaign_id: int, now: datetime) -> list[CallerIdFigures]:
    """How the numbers fare that a campaign may show. Raises CampaignNotFoundError."""
    async with sessions() as session:
        return await figures_of(session, await CampaignStore(session).get(campaign_id), now)


async def figures_of(session: Session, campaign: Campaign, now: datetime) -> list[CallerIdFigures]:
    """How the numbers fare that a campaign may show, over FIGURES_DAYS."""
    store = CallerIdPoolStore(session)
    numbers = await store.numbers(campaign, now)
    since = now - timedelta(days=FIGURES_DAYS)
    calls = await store.calls_from(campaign.client_id, [each.e164 for each in numbers], since)
    return [figures(each, calls.get(each.e164, CallsFrom()), FIGURES_DAYS, now) for each in numbers]


def figures(number: CallerNumber, calls: CallsFrom, days: int, now: datetime) -> CallerIdFigures:
    """How a number fares at `now`, with what its calls of the last `days` came to."""
    rests = number.rests_until is not None and number.rests_until > now
    return CallerIdFigures(
        caller_id=number.e164,
        in_use=number.in_use,
        calls_today=number.calls_today,
        daily_cap=number.daily_cap,
        rests_until=number.rests_until if rests else None,
        days=days,
        answered=rate(calls.answered, calls.calls),
        blocked=rate(calls.blocked, calls.calls),
        short=rate(calls.short, calls.answered),
    )
