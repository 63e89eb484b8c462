"""What has been between a client and a person: shown to the agent, and to whoever looks the lead up."""

from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.screen_pops import url_for
from campaigns.stores.campaigns import settings_of
from campaigns.stores.lead_history import HandedOver, LeadHistoryStore, PastAppointment, PastCall
from campaigns.stores.timeline import SOURCES, Happening, whom
from leads.stores.shared import Session, Sessions
from leads.viewing import LeadView, view_lead

_EVER = datetime(9999, 1, 1, tzinfo=UTC)
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
    happened: list[Happening]
    """The newest between the client and the person by any channel, the newest first: also what they wrote."""
    url: str = ""
    """What the agent's screen opens in the customer's own program; empty for nothing."""


async def screen_pop(
    sessions: Sessions, attempt_id: int, agent_id: int | None = None, now: datetime | None = None
) -> ScreenPop:
    """The call's lead and its history; with `now` also the address to be opened, for that agent.

    Raises AttemptNotFoundError.
    """
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
            happened=[
                each
                for each in await _newest(session, attempt.lead_id, campaign.client_id, _EVER, _ON_SCREEN)
                if (each.kind, each.id) != ("call", attempt.id)
            ],
            url="" if now is None else await url_for(session, campaign, attempt, lead, agent_id, now),
        )


async def all_that_happened(
    sessions: Sessions, lead_id: int, before: datetime | None, limit: int
) -> list[Happening]:
    """The `limit` newest things between the lead's client and the person, by any channel, the newest first.

    Those before an instant, or all. Raises UnknownLeadError.
    """
    async with sessions() as session:
        await view_lead(session, lead_id)
        client_id = await LeadHistoryStore(session).client_of(lead_id)
        return await _newest(session, lead_id, client_id, before or _EVER, limit)


async def _newest(
    session: Session, lead_id: int, client_id: int, before: datetime, limit: int
) -> list[Happening]:
    person = await whom(session, lead_id, client_id)
    found = [each for source in SOURCES for each in await source(session, person, before, limit)]
    return sorted(found, key=lambda each: (each.at, each.kind, each.id), reverse=True)[:limit]


async def lead_history(sessions: Sessions, lead_id: int, before: int, limit: int) -> list[PastCall]:
    """The `limit` newest calls of its client to a lead and to its numbers, before an attempt, newest first.

    Raises UnknownLeadError.
    """
    async with sessions() as session:
        store = LeadHistoryStore(session)
        lead = await view_lead(session, lead_id)
        numbers = {each.phone for each in lead.phones}
        return await store.calls(await store.client_of(lead_id), lead_id, numbers, before, limit)
