"""What an agent sees of a person: every call of the client to them, whichever lead or campaign it was for."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns.errors import AttemptNotFoundError
from campaigns.lead_history import lead_history, screen_pop
from campaigns.stores.shared import Sessions
from campaigns.tables import Agent, Attempt, CampaignLead
from leads.errors import UnknownLeadError
from leads.tables import LeadList, Phone
from tests.campaigns.seeds import NOW, Person, seed_campaign, seed_leads

ALL = 2**63 - 1
HOME, WORK, ELSE = "+12025550001", "+12025550002", "+12025550003"


async def called(
    sessions: Sessions, campaign_id: int, lead_id: int, e164: str, talk_s: float = 0, **more: object
) -> int:
    """A call that is over; the attempt's id."""
    async with sessions() as session, session.begin():
        phone = (await session.exec(select(Phone).where(Phone.lead_id == lead_id))).first()
        lists = (await session.exec(select(LeadList).order_by(col(LeadList.id)))).first()
        numbers = select(Attempt.number).where(Attempt.campaign_id == campaign_id, Attempt.lead_id == lead_id)
        assert phone is not None
        assert lists is not None
        attempt = Attempt(
            campaign_id=campaign_id,
            lead_id=lead_id,
            phone_id=phone.id,
            list_id=lists.id,
            e164=e164,
            number=1 + len((await session.exec(numbers)).all()),
            permit={},
            placed_at=NOW,
            connected_at=NOW if talk_s else None,
            ended_at=NOW + timedelta(seconds=talk_s),
            **more,
        )
        session.add(attempt)
        await session.flush()
        return attempt.id


async def test_the_agent_sees_the_lead_and_every_call_to_the_person_before(sessions: Sessions) -> None:
    ann, bob = await seed_leads(sessions, [Person([HOME, WORK]), Person([ELSE])])
    (same_person,) = await seed_leads(sessions, [Person([WORK])], list_name="spring")
    autumn = await seed_campaign(sessions)
    spring = await seed_campaign(sessions, "Spring", lists=["spring"])
    async with sessions() as session, session.begin():
        agent = Agent(client_id=1, name="Eve", sip_uri="sip:eve@x", created_at=NOW)
        session.add(agent)
        await session.flush()
        agent_id = agent.id
    first = await called(
        *(sessions, spring, same_person, WORK, 42),
        outcome="human",
        disposition="callback",
        notes="after six",
        agent_id=agent_id,
    )
    await called(sessions, autumn, bob, ELSE)
    second = await called(sessions, autumn, ann, HOME, outcome="busy")
    now = await called(sessions, autumn, ann, HOME)
    await called(sessions, autumn, ann, WORK)

    pop = await screen_pop(sessions, now)
    assert (pop.campaign, pop.phone, pop.number, pop.lead.id) == ("Autumn sale", HOME, 2, ann)
    assert [each.attempt_id for each in pop.history] == [second, first]
    before = pop.history[1]
    assert (before.campaign, before.disposition, before.notes) == ("Spring", "callback", "after six")
    assert (before.agent, before.talk_s, before.lead_id) == ("Eve", 42.0, same_person)
    assert (pop.history[0].agent, pop.history[0].talk_s) == ("", None)
    assert "sale" in pop.dispositions
    assert "message_played" not in pop.dispositions


async def test_a_lead_shows_its_calls_a_page_at_a_time_the_newest_first(sessions: Sessions) -> None:
    (ann,) = await seed_leads(sessions, [Person([HOME])])
    campaign = await seed_campaign(sessions)
    calls = [await called(sessions, campaign, ann, HOME) for _ in range(5)]
    seen, before = [], ALL
    while page := await lead_history(sessions, ann, before, 2):
        seen += [each.attempt_id for each in page]
        before = seen[-1]
    assert seen == calls[::-1]


async def test_another_clients_calls_to_the_same_number_are_nobodys_business(sessions: Sessions) -> None:
    (ann,) = await seed_leads(sessions, [Person([HOME])])
    (theirs,) = await seed_leads(sessions, [Person([HOME])], slug="globex")
    campaign = await seed_campaign(sessions)
    async with sessions() as session, session.begin():
        row = (await session.exec(select(CampaignLead))).first()
        assert row is not None
    await called(sessions, campaign, ann, HOME)
    assert await lead_history(sessions, theirs, ALL, 10) == []
    assert len(await lead_history(sessions, ann, ALL, 10)) == 1


async def test_what_is_not_there_is_said_to_be_not_there(sessions: Sessions) -> None:
    with pytest.raises(AttemptNotFoundError):
        await screen_pop(sessions, 99)
    with pytest.raises(UnknownLeadError):
        await lead_history(sessions, 99, ALL, 10)
