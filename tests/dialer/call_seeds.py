"""Calls that are over, put straight into the tables, and counted anew."""

from datetime import timedelta

from sqlmodel import select

from campaigns.core.disposition import STANDARD, bits_of
from campaigns.reports.verifying import verify
from campaigns.tables import Attempt, CampaignLead
from leads.tables import LeadList
from tests.campaigns.seeds import NOW

KINDS = {
    "not_interested": 20,
    "sale": 5,
    "hung_up": 10,
    "abandoned": 1,
    "answering_machine": 30,
    "busy": 24,
    "no_answer": 110,
}
"""How many of 200 calls end in what."""


async def seed_calls(sessions, campaign_id, kinds=KINDS):
    """Calls that ended as `kinds` says: people answer after 8 s, talk for 100 s, hang up after 5.

    Agents wrap up for 12 s, and for 90 s after a sale, of which 60 are allowed.
    """
    ends = [end for end, number in kinds.items() for _ in range(number)]
    async with sessions() as session, session.begin():
        leads = (await session.exec(select(CampaignLead))).all()
        called = (await session.exec(select(LeadList))).one()
        for number, end in enumerate(ends):
            lead = leads[number % len(leads)]
            session.add(
                Attempt(
                    campaign_id=campaign_id,
                    lead_id=lead.lead_id,
                    phone_id=lead.phone_id,
                    list_id=called.id,
                    local_hour=10,
                    e164="+12025550100",
                    number=1 + number // len(leads),
                    permit={},
                    **how_it_went(end),
                )
            )
    await verify(sessions, campaign_id, repair=True)


def how_it_went(end):
    rang_s = {"answering_machine": 14, "busy": 3, "no_answer": 25, "canceled": 1}.get(end, 8)
    answered = NOW + timedelta(seconds=rang_s)
    call = {"placed_at": NOW, "answered_at": answered, "outcome": end, "disposition": ""}
    if end in ("busy", "no_answer", "canceled"):
        return call | {"answered_at": None, "ended_at": answered}
    if end == "abandoned":
        return call | {"ended_at": answered + timedelta(seconds=2)}
    talks_s = {"hung_up": 5, "answering_machine": 15}.get(end, 100)
    over = {"connected_at": answered, "ended_at": answered + timedelta(seconds=talks_s)}
    wraps_s = 90 if end == "sale" else 12
    said = {
        "disposition": end,
        "disposition_flags": bits_of(STANDARD[end].flags),
        "disposition_at": over["ended_at"] + timedelta(seconds=wraps_s),
    }
    return call | over | {"outcome": "human"} | said
