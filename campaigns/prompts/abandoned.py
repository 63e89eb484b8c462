"""What a client's people hear who answer and get no agent, and where a law asks for it."""

from collections.abc import Sequence
from datetime import datetime

from phonenumbers import SUPPORTED_REGIONS

from campaigns import service
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.abandoned_message import MODES, AbandonedMessage, holds_everywhere, names_the_seller
from campaigns.core.address import country_of
from campaigns.core.campaign import change_state
from campaigns.core.jurisdiction import Place
from campaigns.core.policy import OwnRules
from campaigns.core.prompt import checked_language
from campaigns.errors import (
    AbandonedMessageMissingError,
    AbandonedMessageNotFoundError,
    InvalidInputError,
    PromptInUseError,
    PromptNotFoundError,
)
from campaigns.stores.abandoned_messages import AbandonedMessageStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.prompts import PromptStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign
from leads.errors import UnknownClientError
from leads.stores.leads import LeadStore


async def set_message(
    sessions: Sessions, client_slug: str, prompt: str, country: str = "", language: str = ""
) -> AbandonedMessage:
    """Have a prompt played to people who get no agent, in a country and a language, or in any where empty.

    It holds from the next call on. Raises UnknownClientError, PromptNotFoundError and InvalidInputError.
    """
    country, language = _country(country), checked_language(language, may_be_empty=True)
    async with sessions() as session, session.begin():
        client_id = await _client_id(session, client_slug)
        found = await PromptStore(session).named(client_id, prompt)
        if found is None:
            raise PromptNotFoundError(f"The client has no prompt {prompt[:60]!r}; add or say it first.")
        await AbandonedMessageStore(session).set(client_id, country, language, found.id)
    return AbandonedMessage(country, language, prompt)


async def unset_message(sessions: Sessions, client_slug: str, country: str = "", language: str = "") -> None:
    """Take a message out, where no campaign may need it.

    Raises UnknownClientError, AbandonedMessageNotFoundError, PromptInUseError and InvalidInputError.
    """
    country, language = _country(country), checked_language(language, may_be_empty=True)
    async with sessions() as session, session.begin():
        client_id = await _client_id(session, client_slug)
        for campaign in await CampaignStore(session).dialing(client_id):
            if campaign.state == "running" and campaign.dial_mode in MODES:
                raise PromptInUseError(
                    f"Campaign {campaign.name} may need it; pause it first, or set another in its place."
                )
        if not await AbandonedMessageStore(session).unset(client_id, country, language):
            raise AbandonedMessageNotFoundError("The client has no such message.")


async def list_messages(sessions: Sessions, client_slug: str) -> Sequence[AbandonedMessage]:
    """A client's messages. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = await _client_id(session, client_slug)
        return (await AbandonedMessageStore(session).of([client_id]))[client_id]


async def start_campaign(sessions: Sessions, rules: Rulebook, campaign_id: int, now: datetime) -> Campaign:
    """Start a campaign, unless somebody whom it abandons would not hear who has called though a law asks it.

    Raises AbandonedMessageMissingError, and what `service.start_campaign` raises.
    """
    change_state((await service.get_campaign(sessions, campaign_id)).state, "start")
    await service.take_up(sessions, campaign_id, now)
    async with sessions() as session:
        missing = await missing_message(session, rules, campaign_id)
    if missing:
        raise AbandonedMessageMissingError(
            f"{missing} Make one with `dialer prompts say` or `add`, and have it played by "
            "`dialer prompts set-abandoned`."
        )
    return await service.start_campaign(sessions, campaign_id, now)


async def missing_message(session: Session, rules: Rulebook, campaign_id: int) -> str:
    """Where people whom a campaign abandons would not hear who calls, though a law asks it; empty: nowhere.

    Raises CampaignNotFoundError.
    """
    campaign = await CampaignStore(session).get(campaign_id)
    if campaign.dial_mode not in MODES:
        return ""
    messages = (await AbandonedMessageStore(session).of([campaign.client_id]))[campaign.client_id]
    exempt = rules.known(await ClientRulesStore(session).exempt_from(campaign.client_id))
    for region in sorted(await CampaignStore(session).countries(campaign.id)):
        country = country_of(region)[0]
        place = Place(frozenset({country} if country else ()))
        policy = rules.policy(place, campaign.kind, campaign.dial_mode, OwnRules(exemptions=exempt))
        asking = names_the_seller(policy.messages)
        if asking is not None and not holds_everywhere(messages, country):
            return (
                f"Who answers in {country or 'an unknown country'} and gets no agent hears the seller's name "
                f"({asking.source}), and the client has no message that says it."
            )
    return ""


def _country(text: str) -> str:
    country = text.strip().upper()
    if country and country not in SUPPORTED_REGIONS:
        raise InvalidInputError("A country is an ISO 3166-1 code, as in US or GB; without one it is any.")
    return country_of(country)[0]


async def _client_id(session: Session, slug: str) -> int:
    client = await LeadStore(session).client(slug)
    if client is None:
        raise UnknownClientError(f"There is no client {slug[:64]!r}; importing leads for it creates it.")
    return client.id
