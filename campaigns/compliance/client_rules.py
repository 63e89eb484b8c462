"""What a client asks beyond the laws, and from which of their rules it is exempt. All of it is recorded."""

from collections.abc import Sequence
from datetime import date, datetime

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.client_limits import ClientLimits
from campaigns.core.policy import Exemption as CheckedExemption
from campaigns.errors import InvalidExemptionError, InvalidInputError
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import ClosedDay, Exemption
from leads.errors import UnknownClientError
from leads.stores.leads import LeadStore
from leads.stores.versions import Versions, check_version, lock_client

_MAX_TEXT = 500


async def grant_exemption(
    sessions: Sessions,
    rules: Rulebook,
    client_slug: str,
    rule_id: str,
    granted_by: str,
    reference: str,
    now: datetime,
) -> Exemption:
    """Record that a law's rule does not hold for a client, who granted that and where it is written.

    Raises UnknownClientError and InvalidExemptionError.
    """
    checked = CheckedExemption(rule_id.strip(), granted_by.strip()[:_MAX_TEXT], reference.strip()[:_MAX_TEXT])
    if checked.rule_id not in rules.rules:
        raise InvalidExemptionError(f"{rule_id[:60]!r} is not a rule; `compliance rules` lists them.")
    async with sessions() as session, session.begin():
        exemption = Exemption(
            client_id=await _client_id(session, client_slug),
            rule_id=checked.rule_id,
            granted_by=checked.granted_by,
            reference=checked.reference,
            recorded_at=now,
        )
        return await ClientRulesStore(session).add_exemption(exemption)


async def end_exemption(sessions: Sessions, exemption_id: int, now: datetime) -> Exemption:
    """Let the rule hold again; the record stays. Raises ExemptionNotFoundError."""
    async with sessions() as session, session.begin():
        exemption = await ClientRulesStore(session).exemption(exemption_id)
        exemption.ended_at = exemption.ended_at or now
        return exemption


async def list_exemptions(sessions: Sessions, client_slug: str) -> Sequence[Exemption]:
    """All of a client's exemptions, ended ones too, as they were recorded. Raises UnknownClientError."""
    async with sessions() as session:
        return await ClientRulesStore(session).exemptions(await _client_id(session, client_slug))


async def set_limits(
    sessions: Sessions,
    client_slug: str,
    limits: ClientLimits,
    now: datetime,
    *,
    if_match: Versions | None = None,
) -> None:
    """Replace what a client asks of all its campaigns; it takes effect at once.

    Raises UnknownClientError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        client_id, store = await _client_id(session, client_slug), ClientRulesStore(session)
        await lock_client(session, client_id)
        check_version((await store.limits(client_id)).to_json(), if_match)
        await store.set_limits(client_id, limits, now)


async def limits_of(sessions: Sessions, client_slug: str) -> ClientLimits:
    """What a client asks of all its campaigns. Raises UnknownClientError."""
    async with sessions() as session:
        return await ClientRulesStore(session).limits(await _client_id(session, client_slug))


async def close_day(
    sessions: Sessions, client_slug: str, day: date, name: str, campaign_id: int | None = None
) -> ClosedDay:
    """Let nobody be called on a date, by the client or by one of its campaigns; again changes the name.

    Raises UnknownClientError, CampaignNotFoundError and InvalidInputError.
    """
    async with sessions() as session, session.begin():
        client_id = await _client_id(session, client_slug)
        if campaign_id is not None and (await CampaignStore(session).get(campaign_id)).client_id != client_id:
            raise InvalidInputError(f"Campaign {campaign_id} is not one of the client's.")
        return await ClientRulesStore(session).close(client_id, campaign_id, day, name.strip()[:_MAX_TEXT])


async def open_day(sessions: Sessions, client_slug: str, day: date, campaign_id: int | None = None) -> bool:
    """Let people be called again on a date; whether it was closed. Raises UnknownClientError."""
    async with sessions() as session, session.begin():
        return await ClientRulesStore(session).open(await _client_id(session, client_slug), campaign_id, day)


async def list_closed_days(sessions: Sessions, client_slug: str) -> Sequence[ClosedDay]:
    """The dates on which a client, or a campaign of it, calls nobody. Raises UnknownClientError."""
    async with sessions() as session:
        return await ClientRulesStore(session).closed_days(await _client_id(session, client_slug))


async def _client_id(session: Session, slug: str) -> int:
    client = await LeadStore(session).client(slug)
    if client is None:
        raise UnknownClientError(f"There is no client {slug[:64]!r}; importing leads for it creates it.")
    return client.id
