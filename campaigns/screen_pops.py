"""The address that agents' screens open with a call: set for a campaign, and made for one call."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.campaign import CampaignSettings
from campaigns.core.screen_pop_url import ScreenPopUrl
from campaigns.stores.agents import AgentStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Attempt, Campaign
from leads.viewing import LeadView

VALID = timedelta(minutes=15)
"""So long an address that was made is good."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPopSetting:
    """A campaign's template, and the secret that signs: told when it is made, and else null."""

    url: str
    secret: str | None


async def set_screen_pop(
    sessions: Sessions, campaign_id: int, url: str | None, *, new_secret: bool
) -> ScreenPopSetting:
    """Sets the template (None: as it is; empty: none), and makes a secret where there is none or it is asked
    for; the former one signs nothing any more.

    Raises CampaignNotFoundError and InvalidScreenPopUrlError.
    """
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        if url is not None:
            settings = settings_of(campaign).to_json() | {"screen_pop_url": url}
            campaign.screen_pop_url = CampaignSettings.parse(settings).screen_pop_url
        made = secrets.token_urlsafe(_SECRET_BYTES) if new_secret or not campaign.screen_pop_secret else None
        if made is not None:
            campaign.screen_pop_secret = made
        session.add(campaign)
        return ScreenPopSetting(url=campaign.screen_pop_url, secret=made)


async def url_for(
    session: Session,
    campaign: Campaign,
    attempt: Attempt,
    lead: LeadView,
    agent_id: int | None,
    now: datetime,
) -> str:
    """What the agent of a call opens; empty where the campaign has no template."""
    if not campaign.screen_pop_url:
        return ""
    agent = "" if agent_id is None else (await AgentStore(session).get(agent_id)).name
    values = {
        "lead_id": str(lead.id),
        "external_id": lead.external_id or "",
        "phone": attempt.e164,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "email": lead.email,
        "language": lead.language,
        "campaign": campaign.name,
        "campaign_id": str(campaign.id),
        "agent": agent,
        "agent_id": "" if agent_id is None else str(agent_id),
        "attempt_id": str(attempt.id),
        "direction": attempt.direction,
    }
    values |= {f"custom.{name}": text for name, text in lead.custom.items()}
    template = ScreenPopUrl.parse(campaign.screen_pop_url)
    return template.filled(values, campaign.screen_pop_secret, now + VALID)
