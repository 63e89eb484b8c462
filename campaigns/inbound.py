"""A person calls a number that a campaign shows: whose call it is, and its place among the attempts."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.address import country_of
from campaigns.core.agent_work import PAST_CONTACT
from campaigns.core.attempt import NewInbound, local_hour
from campaigns.core.calling_window import CallableTimes
from campaigns.core.inbound import is_open
from campaigns.core.jurisdiction import Place, place_of
from campaigns.errors import (
    CallbackDeniedError,
    CallbackNotFoundError,
    CallbackStateError,
    CallbackTimeError,
)
from campaigns.promises import CallbackWish, promise_caller
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.compliance import ComplianceStore
from campaigns.stores.inbound import CallingLead, InboundStore
from campaigns.stores.shared import Session
from campaigns.tables import Callback, Campaign
from leads.core.phone import ParsedPhone, parse_phone
from leads.stores.adding import add_lead
from leads.stores.shared import Sessions

NOT_FOUND, UNAVAILABLE, ANONYMOUS = 404, 480, 433
"""SIP statuses: no such number, nobody there now (RFC 3261), and no call without a number (RFC 5079)."""

_SOURCE = "incoming call"
_ASKED = "asked for it while waiting in line"
_SOON, _NOT_TOO_LATE = timedelta(minutes=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TakenCall:
    """A call that is on record, so that it may be answered."""

    attempt_id: int
    campaign_id: int
    lead_id: int
    place: Place
    """Where the caller may be."""
    open: bool
    """Whether it is an hour at which the campaign works."""
    language: str = ""
    """The lead's, a BCP 47 tag; empty where nobody knows."""
    last_agent: int | None = None
    """Who had the last talk with the lead, where the campaign's routing asks for it."""
    stranger: bool = False
    """Whether the caller was nobody's lead before."""
    client_id: int = 0
    told: str = ""
    """The prompt that they hear at once, where the campaign is paused."""


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that nobody takes: the SIP status that says so, and why in words without a number."""

    status: int
    why: str
    retry_after_s: float = 0.0
    """When to call again, where that helps."""


async def take_call(
    sessions: Sessions,
    running: Collection[int],
    caller: str,
    called: str,
    trunk: str,
    now: datetime,
    *,
    strangers_in_s: float = 0.0,
) -> TakenCall | RefusedCall:
    """Records a call from one number to another (E.164; the caller's is empty where it is withheld).

    It is a campaign's of those that are `running` on this node: the one whose last call to the caller showed
    the number, else the first that shows it now, one with the caller in its lists before the others. Who is
    nobody's lead becomes one, unless strangers are to come later (`strangers_in_s`). Of a paused campaign
    they hear the message, if it has one of its own. A do-not-call list says nothing here: the person calls.
    """
    async with sessions() as session, session.begin():
        store = InboundStore(session, running)
        campaign = await _campaign(store, caller, called)
        campaign = campaign or await _campaign(InboundStore(session, None), caller, called)
        if campaign is None:
            ours = await store.is_ours(called)
            why = "no running campaign takes calls at the number" if ours else "nobody has the number"
            return RefusedCall(UNAVAILABLE if ours else NOT_FOUND, why)
        number = parse_phone(caller, "US") if caller.startswith("+") else None
        if not isinstance(number, ParsedPhone):
            return RefusedCall(ANONYMOUS, "the caller withholds the number, or it is none")
        lead = await _lead(store, campaign, number)
        stranger = lead is None
        if lead is None and not campaign.inbound_list:
            return RefusedCall(UNAVAILABLE, "the caller is no lead, and the campaign has no inbound_list")
        if lead is None and strangers_in_s:
            return RefusedCall(UNAVAILABLE, "too many strangers have called just now", strangers_in_s)
        lead = lead or await _new_lead(session, campaign, number, now)
        taken = await _record(session, campaign, lead, number.e164, called, trunk, now)
        told = campaign.inbound_message if campaign.state == "paused" else ""
        return replace(taken, stranger=stranger, told=told, open=taken.open and not told)


async def promise_back(
    sessions: Sessions, rules: Rulebook, attempt_id: int, now: datetime
) -> Callback | None:
    """Promise a call to somebody who waits in line, by anyone and as soon as every rule allows one.

    None where none may be promised within a week.
    """
    try:
        async with sessions() as session, session.begin():
            attempt = await AttemptStore(session).get_attempt(attempt_id)
            campaign = await CampaignStore(session).get(attempt.campaign_id)
            soon = CallbackWish(now + _SOON, notes=_ASKED, in_talk=False)
            try:
                return await promise_caller(session, rules, campaign, attempt, soon, now)
            except CallbackTimeError as error:
                if error.later is None or error.later > now + _NOT_TOO_LATE:
                    raise
                later = replace(soon, at=error.later.replace(microsecond=0) + timedelta(seconds=1))
                return await promise_caller(session, rules, campaign, attempt, later, now)
    except (CallbackDeniedError, CallbackTimeError, CallbackStateError, CallbackNotFoundError):
        return None


async def _campaign(store: InboundStore, caller: str, called: str) -> Campaign | None:
    if last := await store.campaign_of_last_call(caller, called):
        return last
    showing = await store.campaigns_showing(called)
    for each in showing:
        if await store.lead_in_lists(each.id, caller):
            return each
    return showing[0] if showing else None


async def _lead(store: InboundStore, campaign: Campaign, number: ParsedPhone) -> CallingLead | None:
    known = await store.lead_last_called(campaign.client_id, number.e164)
    return known or await store.lead_in_lists(campaign.id, number.e164)


async def _new_lead(session: Session, campaign: Campaign, number: ParsedPhone, now: datetime) -> CallingLead:
    new = await add_lead(session, campaign.client_id, campaign.inbound_list, number, _SOURCE, now)
    return CallingLead(new.lead_id, new.phone_id, new.list_id, number.region, "", "", "", number.zones)


async def _record(
    session: Session,
    campaign: Campaign,
    lead: CallingLead,
    e164: str,
    called: str,
    trunk: str,
    now: datetime,
) -> TakenCall:
    place = place_of(e164, lead.phone_region, lead.country, lead.region)
    debts = {}
    if campaign.debt_field:
        debts = await ComplianceStore(session).debts([lead.lead_id], campaign.debt_field)
    last_agents = {}
    if campaign.routing == PAST_CONTACT:
        last_agents = await AttemptStore(session).last_agents([lead.lead_id])
    call = NewInbound(
        campaign_id=campaign.id,
        lead_id=lead.lead_id,
        phone_id=lead.phone_id,
        list_id=lead.list_id,
        e164=e164,
        caller_id=called,
        trunk=trunk,
        local_hour=local_hour(lead.zones, now),
        country=lead.phone_region,
        address_country=min(place.countries - {country_of(lead.phone_region)[0]}, default=""),
        subject=campaign.subject,
        debt=debts.get(lead.lead_id, ""),
    )
    return TakenCall(
        attempt_id=await AttemptStore(session).record_inbound(call, now),
        campaign_id=campaign.id,
        lead_id=lead.lead_id,
        place=place,
        open=is_open(CallableTimes.parse(campaign.callable_times), lead.zones, now),
        language=lead.language,
        last_agent=last_agents.get(lead.lead_id),
        client_id=campaign.client_id,
    )
