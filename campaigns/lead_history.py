"""What has been between a client and a person: shown to the agent, and to whoever looks the lead up."""

from dataclasses import dataclass

from campaigns.stores.campaigns import settings_of
from campaigns.stores.lead_history import HandedOver, LeadHistoryStore, PastAppointment, PastCall
from leads.stores.shared import Sessions
from leads.viewing import LeadView, view_lead

_ON_SCREEN = 20
"""Calls that an agent sees at once; the rest is a page away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPop:
    """What an agent sees of the call that they have: who it is, for what, and what has been before.

    `direction` is "in" where the person has called; its `number` is 0.

    `history` is of the newest calls, the newest first, without this one; `dispositions` are the codes that
    the agent may give, with what people read.
    """

    attempt_id: int
    direction: str
    campaign_id: int
    campaign: str
    phone: str
    number: int
    lead: LeadView
    history: list[PastCall]
    dispositions: dict[str, str]
    appointments: list[PastAppointment]
    """Of the lead, the newest first; also those to come, and what is held."""
    handed_over: HandedOver | None
    """What another agent noted who had the call before; null where none had."""


async def screen_pop(sessions: Sessions, attempt_id: int) -> ScreenPop:
    """The call's lead and its history. Raises AttemptNotFoundError."""
    async with sessions() as session:
        store = LeadHistoryStore(session)
        attempt, campaign = await store.call(attempt_id)
        lead = await view_lead(session, attempt.lead_id)
        numbers = {attempt.e164, *(each.phone for each in lead.phones)}
        return ScreenPop(
            attempt_id=attempt.id,
            direction=attempt.direction,
            campaign_id=campaign.id,
            campaign=campaign.name,
            phone=attempt.e164,
            number=attempt.number,
            lead=lead,
            history=await store.calls(campaign.client_id, lead.id, numbers, attempt.id, _ON_SCREEN),
            appointments=await store.appointments(lead.id, _ON_SCREEN),
            dispositions={each.code: each.label for each in settings_of(campaign).dispositions.for_agents},
            handed_over=await store.handed_over(attempt.id),
        )


async def lead_history(sessions: Sessions, lead_id: int, before: int, limit: int) -> list[PastCall]:
    """The `limit` newest calls of its client to a lead and to its numbers, before an attempt, newest first.

    Raises UnknownLeadError.
    """
    async with sessions() as session:
        store = LeadHistoryStore(session)
        lead = await view_lead(session, lead_id)
        numbers = {each.phone for each in lead.phones}
        return await store.calls(await store.client_of(lead_id), lead_id, numbers, before, limit)
