"""Calls that agents choose themselves: a lead, or another of its numbers, by the same rules as any call."""

from dataclasses import replace
from datetime import datetime

from campaigns import effects
from campaigns.compliance.permits import Permits
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import ClaimedLead, PermittedLead
from campaigns.core.compliance import Allow
from campaigns.core.selection import LeadPhone
from campaigns.errors import (
    CallDeniedError,
    CampaignsError,
    LeadNotFreeError,
    LeadNotInCampaignError,
    PreviewLostError,
)
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.explain import ExplainStore, as_if_claimed
from campaigns.stores.filling import FillStore
from campaigns.stores.promised import PromisedStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign, CampaignLead
from leads.core.phone import ParsedPhone
from leads.stores.adding import add_lead
from leads.tables import Lead

_SOURCE = "manual call"


async def claim_chosen(
    sessions: Sessions,
    rules: Rulebook,
    campaign_id: int,
    lead_id: int,
    phone_id: int | None,
    agent_id: int,
    now: datetime,
    claim_s: float = 60.0,
) -> PermittedLead:
    """Keep the lead that an agent wants to call from everybody else for `claim_s` seconds.

    It may be claimed before its time has come; where it is put back, that time holds again. `phone_id`: one
    of its phones; None for the next. A denial leaves the lead as it was, but is counted. Raises
    CampaignNotFoundError, LeadNotInCampaignError, LeadNotFreeError and CallDeniedError.
    """
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        answer = await _claim(session, rules, campaign, lead_id, phone_id, agent_id, now, claim_s)
    if isinstance(answer, CampaignsError):
        raise answer
    return answer


async def claim_number(
    sessions: Sessions,
    rules: Rulebook,
    campaign_id: int,
    number: ParsedPhone,
    agent_id: int,
    now: datetime,
    claim_s: float = 60.0,
) -> PermittedLead:
    """Keep the lead that a campaign has at a number, as `claim_chosen` does.

    A number that is nobody's in the client becomes a lead of the campaign's `manual_list`, if the call is
    allowed. Raises what `claim_chosen` does.
    """
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        known = await QueueStore(session).with_number(campaign_id, number.e164)
        lead_id, phone_id = known or await _new_lead(session, campaign, number, now)
        answer = await _claim(session, rules, campaign, lead_id, phone_id, agent_id, now, claim_s)
        if known is None and isinstance(answer, CampaignsError):
            raise answer  # so that there is no such lead
    if isinstance(answer, CampaignsError):
        raise answer
    return answer


async def _new_lead(
    session: Session, campaign: Campaign, number: ParsedPhone, now: datetime
) -> tuple[int, int]:
    """A lead of the campaign's own list for such numbers, and its phone. Raises LeadNotInCampaignError."""
    others = await ExplainStore(session).leads_with(number.e164)
    if any(each.client_id == campaign.client_id for each in others):
        raise LeadNotInCampaignError("The client has this number in a list that the campaign does not dial.")
    names = [name for _, name in await CampaignStore(session).lists(campaign.id)]
    if campaign.manual_list not in names:
        raise LeadNotInCampaignError(
            "No lead of the campaign has this number; load it into its list first, or set its manual_list to "
            "one of the lists that it dials."
        )
    added = await add_lead(session, campaign.client_id, campaign.manual_list, number, _SOURCE, now)
    lead = await session.get_one(Lead, added.lead_id)
    await FillStore(session).step(campaign.id, lead.import_id, 0, now)
    return added.lead_id, added.phone_id


async def _claim(
    session: Session,
    rules: Rulebook,
    campaign: Campaign,
    lead_id: int,
    phone_id: int | None,
    agent_id: int,
    now: datetime,
    claim_s: float,
) -> PermittedLead | CampaignsError:
    row = await PromisedStore(session).lock(campaign.id, lead_id)
    if row is None:
        raise LeadNotInCampaignError(f"The campaign does not have lead {lead_id}.")
    phone = await _phone(session, row, phone_id)
    callback_id = await _check_free(session, row, agent_id, now)
    wanted = replace(await _as_if_claimed(session, row, phone, now), callback_id=callback_id)
    answer = await _asked(session, rules, campaign, wanted, now)
    if not isinstance(answer, Allow):
        return answer
    for claim in await QueueStore(session).claim_chosen(campaign.id, lead_id, phone, now, claim_s):
        return PermittedLead(claim, answer)
    return LeadNotFreeError("Somebody else has the lead; try again in a moment.")


async def redirect(
    sessions: Sessions,
    rules: Rulebook,
    campaign_id: int,
    claim: ClaimedLead,
    phone_id: int,
    now: datetime,
) -> PermittedLead:
    """Have a claimed lead dialed at another of its numbers; the claim lasts as long as before.

    A denial leaves the lead as it was, but is counted. Raises CampaignNotFoundError, LeadNotInCampaignError,
    CallDeniedError, and PreviewLostError where the claim is no longer ours.
    """
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        row = await PromisedStore(session).lock(campaign_id, claim.lead_id)
        if row is None:
            raise LeadNotInCampaignError(f"The campaign does not have lead {claim.lead_id}.")
        phone = await _phone(session, row, phone_id)
        wanted = replace(await _as_if_claimed(session, row, phone, now), callback_id=claim.callback_id)
        answer = await _asked(session, rules, campaign, wanted, now)
        if isinstance(answer, Allow):
            for moved in await QueueStore(session).redirect(campaign_id, claim, phone):
                return PermittedLead(moved, answer)
            answer = PreviewLostError("The lead is no longer kept for this agent; look at the next one.")
    raise answer


async def _phone(session: Session, row: CampaignLead, phone_id: int | None) -> LeadPhone:
    phones = (await FillStore(session).phones(row.campaign_id, [row.lead_id]))[row.lead_id]
    wanted = row.phone_id if phone_id is None else phone_id
    for each in phones:
        if each.phone_id == wanted and each.anothers:
            raise LeadNotFreeError("The campaign calls another lead at this number; call that one.")
        if each.phone_id == wanted:
            return each
    raise LeadNotInCampaignError(f"Lead {row.lead_id} has no phone {wanted}; choose one of its own.")


async def _check_free(session: Session, row: CampaignLead, agent_id: int, now: datetime) -> int | None:
    """The callback that is owed to the lead, whom nobody else may have. Raises LeadNotFreeError."""
    claimed = row.state == "claimed" and row.claimed_until is not None and row.claimed_until > now
    if claimed or row.state == "calling":
        raise LeadNotFreeError("The lead is just being called, or shown to an agent; try again afterwards.")
    if row.state == "final":
        raise LeadNotFreeError(f"The campaign is done with this lead ({row.reason.replace('_', ' ')}).")
    owed = await CallbackStore(session).open_of(row.campaign_id, row.lead_id)
    if owed is None:
        return None
    if owed.agent_id not in (None, agent_id):
        raise LeadNotFreeError("Another agent has promised this lead a call; they are to make it.")
    return owed.id


async def _as_if_claimed(session: Session, row: CampaignLead, phone: LeadPhone, now: datetime) -> ClaimedLead:
    lead = await session.get_one(Lead, row.lead_id)
    found = {each.id: (each, zones) for each, zones in await ExplainStore(session).phones(lead.id)}
    return as_if_claimed(lead, row, *found[phone.phone_id], now)


async def _asked(
    session: Session, rules: Rulebook, campaign: Campaign, lead: ClaimedLead, now: datetime
) -> Allow | CampaignsError:
    """What compliance answers; a denial is counted, and told with its reasons."""
    ((_, answer),) = await Permits(session, rules, campaign).ask([lead], now)
    if isinstance(answer, Allow):
        return answer
    await effects.count_denials(session, campaign, [answer], now)
    sentences = " ".join(each.sentence for each in answer.reasons)
    return CallDeniedError(f"The lead may not be called there now. {sentences}")
