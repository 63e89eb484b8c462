"""Leads that were refused are asked about again as soon as what refused them may have changed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from campaigns import service
from campaigns.asking_again import AskingAgain
from campaigns.compliance.client_rules import close_day, end_exemption, grant_exemption, open_day
from campaigns.core.attempt import Ending
from campaigns.stores import asking_again
from campaigns.stores.shared import Sessions
from campaigns.tables import Campaign
from leads.consents import Whose, give_consent, withdraw_consent
from leads.stores.dnc import DncStore
from leads.tables import Consent
from tests.campaigns.lawful import LAW
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads

FLORIDIAN = "+13055550123"
OPTED_OUT = "+13055550124"
MINUTE = timedelta(minutes=1)
SUNDAY = datetime(2026, 11, 29, 18, tzinfo=UTC)
WRITTEN = {"channel": "automated_call", "basis": "express_written", "source": "form", "given_at": NOW}


async def refused(sessions: Sessions, campaign_id: int, now: datetime = NOW) -> None:
    assert await service.claim_permitted(sessions, LAW, campaign_id, 100, now) == []


async def standing(sessions: Sessions, campaign_id: int) -> set[tuple[str, str]]:
    return {(row.state, row.reason) for row in (await lead_rows(sessions, campaign_id)).values()}


async def test_a_consent_brings_a_lead_back_that_lacked_it(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN])])
    campaign = await seed_campaign(sessions)
    await refused(sessions, campaign)
    assert await standing(sessions, campaign) == {("final", "consent_missing")}
    asking = AskingAgain(sessions, LAW)
    await asking.look([campaign], NOW)
    await refused(sessions, campaign)
    assert await asking.look([campaign], NOW) == 0
    await give_consent(sessions, "acme", Whose(phone=FLORIDIAN), now=NOW, **WRITTEN)
    assert await asking.look([campaign], NOW) == 1
    assert await standing(sessions, campaign) == {("ready", "consent_given")}
    assert len(await service.claim_permitted(sessions, LAW, campaign, 1, NOW)) == 1


async def test_a_consent_that_was_withdrawn_and_given_again_holds(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person(["+12125550123"])])
    campaign = await seed_campaign(sessions, kind="survey")
    whose = Whose(phone="+12125550123")
    await withdraw_consent(sessions, "acme", whose, channel="call", source="phone", at=NOW, now=NOW)
    await refused(sessions, campaign)
    later = NOW + MINUTE
    given = WRITTEN | {"channel": "call", "given_at": later}
    await give_consent(sessions, "acme", whose, now=later, **given)
    assert await AskingAgain(sessions, LAW).look([campaign], later) == 1
    assert len(await service.claim_permitted(sessions, LAW, campaign, 1, later)) == 1


async def test_another_clients_consent_and_one_of_another_number_bring_nobody_back(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN])])
    await seed_leads(sessions, [Person([FLORIDIAN])], slug="beta")
    campaign = await seed_campaign(sessions)
    asking = AskingAgain(sessions, LAW)
    await asking.look([campaign], NOW)
    await refused(sessions, campaign)
    await give_consent(sessions, "beta", Whose(phone=FLORIDIAN), now=NOW, **WRITTEN)
    await give_consent(sessions, "acme", Whose(phone="+13055550124"), now=NOW, **WRITTEN)
    assert await asking.look([campaign], NOW) == 0
    assert await standing(sessions, campaign) == {("final", "consent_missing")}


async def test_a_consent_undoes_no_opt_out(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN])])
    campaign = await seed_campaign(sessions)
    await refused(sessions, campaign)
    async with sessions() as session, session.begin():
        owner = (await session.get_one(Campaign, campaign)).client_id
        await DncStore(session).add_number(FLORIDIAN, "client", owner, reason="asked", source="x", now=NOW)
    await give_consent(sessions, "acme", Whose(phone=FLORIDIAN), now=NOW, **WRITTEN)
    await AskingAgain(sessions, LAW).look([campaign], NOW)
    assert await service.claim_permitted(sessions, LAW, campaign, 1, NOW) == []
    assert {state for state, _ in await standing(sessions, campaign)} == {"final"}


@pytest.mark.parametrize("barred", ["first", "second"])
async def test_a_consent_brings_a_lead_back_at_the_phone_it_is_for(sessions: Sessions, barred: str) -> None:
    numbers = [OPTED_OUT, FLORIDIAN] if barred == "first" else [FLORIDIAN, OPTED_OUT]
    await seed_leads(sessions, [Person(numbers)])
    campaign = await seed_campaign(sessions)
    async with sessions() as session, session.begin():
        owner = (await session.get_one(Campaign, campaign)).client_id
        await DncStore(session).add_number(OPTED_OUT, "client", owner, reason="asked", source="x", now=NOW)
    asking = AskingAgain(sessions, LAW)
    await asking.look([campaign], NOW)
    await refused(sessions, campaign)
    await give_consent(sessions, "acme", Whose(phone=FLORIDIAN), now=NOW, **WRITTEN)
    assert await asking.look([campaign], NOW) == 1
    (permitted,) = await service.claim_permitted(sessions, LAW, campaign, 1, NOW)
    assert permitted.lead.e164 == FLORIDIAN


async def test_a_lead_without_attempts_left_stays_final(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN])])
    await give_consent(sessions, "acme", Whose(phone=FLORIDIAN), now=NOW, **WRITTEN)
    campaign = await seed_campaign(sessions, max_attempts_per_lead=1)
    (lead,) = await service.claim_permitted(sessions, LAW, campaign, 1, NOW)
    (attempt,) = await service.start_attempts(sessions, LAW, campaign, [lead], NOW)
    await service.finish_attempt(sessions, attempt.attempt_id, Ending("busy"), NOW)
    before = await standing(sessions, campaign)
    await AskingAgain(sessions, NO_LAW).look([campaign], NOW + MINUTE)
    assert await standing(sessions, campaign) == before
    assert {state for state, _ in before} == {"final"}


async def test_an_exemption_has_refused_leads_asked_again_at_once(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN]), Person(["+15045550123"], zones=["America/Chicago"])])
    campaign = await seed_campaign(sessions)
    asking = AskingAgain(sessions, LAW)
    await asking.look([campaign], SUNDAY)
    await refused(sessions, campaign, SUNDAY)
    assert await asking.look([campaign], SUNDAY) == 0
    before = await standing(sessions, campaign)
    assert ("final", "consent_missing") in before
    exemption = await grant_exemption(sessions, LAW, "acme", "us-fl-consent", "counsel", "memo 7", SUNDAY)
    assert await asking.look([campaign], SUNDAY) == 2
    assert ("final", "consent_missing") not in await standing(sessions, campaign)
    assert await asking.look([campaign], SUNDAY) == 0
    await end_exemption(sessions, exemption.id, SUNDAY)
    await asking.look([campaign], SUNDAY)
    assert await asking.look([campaign], SUNDAY) == 0


async def test_a_day_that_is_opened_has_those_who_wait_for_the_next_asked_again(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign = await seed_campaign(sessions, kind="survey")
    asking = AskingAgain(sessions, NO_LAW)
    today = date(NOW.year, NOW.month, NOW.day)
    await close_day(sessions, "acme", today, "stocktaking")
    await asking.look([campaign], NOW)
    assert await service.claim_permitted(sessions, NO_LAW, campaign, 3, NOW) == []
    assert await standing(sessions, campaign) == {("waiting", "closed_day")}
    await open_day(sessions, "acme", today)
    assert await asking.look([campaign], NOW) == 3
    assert len(await service.claim_permitted(sessions, NO_LAW, campaign, 3, NOW)) == 3


async def test_other_rules_have_everybody_asked_again_little_by_little(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_again, "STEP", 2)
    await seed_leads(sessions, [Person([f"+130555501{number:02}"]) for number in range(40)])
    campaign = await seed_campaign(sessions)
    await refused(sessions, campaign)
    assert await standing(sessions, campaign) == {("final", "consent_missing")}
    asking = AskingAgain(sessions, NO_LAW)
    assert [await asking.look([campaign], NOW) for _ in range(4)] == [16, 16, 8, 0]
    assert len(await service.claim_permitted(sessions, NO_LAW, campaign, 100, NOW)) == 40


async def test_consents_of_a_whole_load_are_followed_in_steps(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_again, "STEP", 2)
    numbers = [f"+130555501{number:02}" for number in range(30)]
    await seed_leads(sessions, [Person([number]) for number in numbers])
    campaign = await seed_campaign(sessions)
    await refused(sessions, campaign)
    asking = AskingAgain(sessions, LAW)
    while await asking.look([campaign], NOW):
        await refused(sessions, campaign)
    for number in numbers:
        await give_consent(sessions, "acme", Whose(phone=number), now=NOW, **WRITTEN)
    later, found = NOW + 2 * MINUTE, []
    while not found or found[-1]:
        found.append(await asking.look([campaign], later))
    assert found == [16, 14, 0]


async def test_a_consent_that_is_committed_late_is_not_passed_over(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN])])
    campaign = await seed_campaign(sessions)
    asking = AskingAgain(sessions, LAW)
    await asking.look([campaign], NOW)
    await refused(sessions, campaign)
    async with sessions() as session, session.begin():
        owner = (await session.get_one(Campaign, campaign)).client_id
        rest = {"client_id": owner, "recorded_at": NOW, **WRITTEN}
        session.add(Consent(id=7, e164="+13055550124", **rest))
    assert await asking.look([campaign], NOW) == 0
    async with sessions() as session, session.begin():
        session.add(Consent(id=6, e164=FLORIDIAN, **rest))
    assert await asking.look([campaign], NOW) == 1
    async with sessions() as session:
        assert (await session.exec(select(Campaign.consents_through))).one() == 0
    assert await asking.look([campaign], NOW + 2 * MINUTE) == 0
    async with sessions() as session:
        assert (await session.exec(select(Campaign.consents_through))).one() == 7


async def test_a_consent_that_does_not_do_has_the_lead_asked_once(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN])])
    campaign = await seed_campaign(sessions)
    asking = AskingAgain(sessions, LAW)
    await asking.look([campaign], NOW)
    await refused(sessions, campaign)
    for_messages = WRITTEN | {"channel": "sms"}
    await give_consent(sessions, "acme", Whose(phone=FLORIDIAN), now=NOW, **for_messages)
    assert await asking.look([campaign], NOW) == 0
    too_little = WRITTEN | {"channel": "call", "basis": "legitimate_interest"}
    await give_consent(sessions, "acme", Whose(phone=FLORIDIAN), now=NOW, **too_little)
    assert await asking.look([campaign], NOW) == 1
    await refused(sessions, campaign)
    assert [await asking.look([campaign], NOW) for _ in range(3)] == [0, 0, 0]


async def test_a_look_that_finds_nothing_writes_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign = await seed_campaign(sessions)
    asking = AskingAgain(sessions, LAW)
    await asking.look([campaign], NOW)
    seen: list[str] = []
    engine = sessions.kw["bind"].sync_engine

    def note(_c: Any, _cursor: Any, statement: str, _parameters: Any, _x: Any, _many: bool) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    assert await asking.look([campaign], NOW) == 0
    assert await asking.look([], NOW) == 0
    event.remove(engine, "before_cursor_execute", note)
    assert seen
    assert not [each for each in seen if each.startswith(("UPDATE", "INSERT", "DELETE"))]
