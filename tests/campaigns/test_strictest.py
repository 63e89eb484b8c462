"""Calls that a careless or hostile user might get past the rules, one by one."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from campaigns import service
from campaigns.asking_again import AskingAgain
from campaigns.compliance.abandonment import budgets
from campaigns.compliance.audit import audit
from campaigns.compliance.client_rules import end_exemption, grant_exemption
from campaigns.core.attempt import Ending, StartedAttempt
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.shared import Sessions
from campaigns.tables import RuleSet
from leads.tables import Lead, Phone
from tests.campaigns.lawful import LAW, called
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONDON = Person(["+442079460000"], zones=["Europe/London"], region="GB")
PARIS = Person(["+33142685300"], zones=["Europe/Paris"], region="FR")


async def over(
    sessions: Sessions,
    attempt: StartedAttempt,
    outcome: str,
    now: datetime = NOW,
    *,
    answered: bool = False,
    connected: bool = False,
) -> None:
    """The call has ended so."""
    async with sessions() as session, session.begin():
        store = AttemptStore(session)
        if answered or connected:
            await store.update_attempt(attempt.attempt_id, answered_at=now)
        if connected:
            await store.update_attempt(attempt.attempt_id, connected_at=now)
    await service.finish_attempt(sessions, attempt.attempt_id, Ending(outcome), now)


async def reasons(sessions: Sessions, campaign_id: int) -> set[str]:
    return {row.reason for row in (await lead_rows(sessions, campaign_id)).values()}


# --- how often ----------------------------------------------------------------------------------


async def test_leads_of_one_debt_are_not_called_in_one_batch(sessions: Sessions) -> None:
    """12 CFR 1006.14(b)(2)(i)(A): each call about the debt is counted before the next."""
    lead_ids = await seed_leads(sessions, people(10))
    async with sessions() as session, session.begin():
        for lead_id in lead_ids:
            (await session.get_one(Lead, lead_id)).custom = {"account": "D-1"}
    campaign = await seed_campaign(sessions, kind="collections", debt_field="account")
    placed = 0
    for number in range(20):
        at = NOW + number * 2 * MINUTE
        started = await called(sessions, campaign, at, 100)
        assert len(started) <= 1
        for attempt in started:
            await over(sessions, attempt, "no_answer", at)
            placed += 1
    assert placed == 7
    report = await audit(sessions, LAW, campaign, NOW.date(), NOW.date(), NOW + HOUR)
    assert (report.most_within_7_days, report.calls) == (7, 7)


async def test_two_leads_with_one_number_are_not_called_in_one_batch(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), list_name="winter")
    campaign = await seed_campaign(sessions, lists=("autumn", "winter"), kind="survey")
    assert len(await called(sessions, campaign)) == 1


@pytest.mark.parametrize(("days", "allowed"), [(8, 0), (29, 0), (31, 1)])
async def test_france_counts_four_calls_in_thirty_days(sessions: Sessions, days: int, allowed: int) -> None:
    await seed_leads(sessions, [PARIS])
    campaign = await seed_campaign(
        sessions,
        kind="survey",
        max_attempts_per_lead=50,
        retry_rules={"no_answer": {"delay_s": 60, "max_attempts": 50}},
    )
    first = datetime(2026, 11, 2, 10, tzinfo=UTC)
    for number in range(4):
        (attempt,) = await called(sessions, campaign, first + number * 10 * MINUTE)
        await over(sessions, attempt, "no_answer", first + number * 10 * MINUTE)
    later = first + days * DAY + HOUR
    later += {5: 2 * DAY, 6: DAY}.get(later.weekday(), timedelta())
    assert len(await called(sessions, campaign, later)) == allowed


async def test_a_clock_that_was_set_back_hides_no_call(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign, other = (
        await seed_campaign(sessions, kind="survey"),
        await seed_campaign(sessions, "Other", kind="survey"),
    )
    assert len(await called(sessions, campaign, NOW)) == 1
    assert await called(sessions, other, NOW - 5 * MINUTE) == []
    assert await reasons(sessions, other) == {"call_under_way"}


# --- who met nobody -----------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["abandoned", "lost", "canceled", "unknown"])
@pytest.mark.parametrize("mode", ["power", "predictive"])
async def test_whoever_answered_and_met_nobody_has_rest_in_britain(
    sessions: Sessions, outcome: str, mode: str
) -> None:
    await seed_leads(sessions, [LONDON])
    rules = {"retry_rules": {outcome: {"delay_s": 60}}} if outcome != "abandoned" else {}
    campaign = await seed_campaign(sessions, kind="survey", dial_mode=mode, **rules)
    (attempt,) = await called(sessions, campaign)
    await over(sessions, attempt, outcome, answered=True)
    assert await called(sessions, campaign, NOW + 2 * HOUR) == []
    other = await seed_campaign(sessions, "Other", kind="survey", dial_mode=mode)
    assert await called(sessions, other, NOW + 70 * HOUR) == []
    assert await reasons(sessions, other) == {"rest_after_abandoned"}
    assert len(await called(sessions, other, NOW + 4 * DAY)) == 1


async def test_the_days_of_the_report_count_who_met_nobody_as_its_periods_do(sessions: Sessions) -> None:
    await seed_leads(sessions, people(4))
    campaign = await seed_campaign(sessions, kind="survey", dial_mode="power")
    for attempt, outcome in zip(
        await called(sessions, campaign), ("abandoned", "lost", "canceled", "unknown"), strict=True
    ):
        await over(sessions, attempt, outcome, answered=True)
    report = await audit(sessions, LAW, campaign, NOW.date(), NOW.date(), NOW + HOUR)
    assert {each.dropped for each in report.abandonment} == {4}
    assert report.messages.abandoned == 4


async def test_silence_at_the_other_end_makes_no_share_better(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign = await seed_campaign(sessions, kind="survey", dial_mode="power")
    first, *rest = await called(sessions, campaign)
    await over(sessions, first, "abandoned", answered=True)
    for attempt in rest:
        await over(sessions, attempt, "human", connected=True)
        await service.set_disposition(sessions, attempt.attempt_id, "dead_air", "", NOW)
    report = await audit(sessions, LAW, campaign, NOW.date(), NOW.date(), NOW + HOUR)
    assert {(each.dropped, each.live) for each in report.abandonment} == {(1, 0)}


async def test_an_exemption_of_today_hides_nothing_of_yesterday(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, kind="survey", dial_mode="power")
    (attempt,) = await called(sessions, campaign)
    await over(sessions, attempt, "abandoned", answered=True)
    before = await audit(sessions, LAW, campaign, NOW.date(), NOW.date(), NOW + HOUR)
    assert any(each.over for each in before.abandonment)
    for rule in {each.rule for each in before.abandonment}:
        await grant_exemption(sessions, LAW, "acme", rule, "Counsel", "memo 7", NOW + 20 * DAY)
    after = await audit(sessions, LAW, campaign, NOW.date(), NOW.date(), NOW + 21 * DAY)
    assert after.abandonment == before.abandonment


async def test_puerto_rico_has_the_share_of_the_united_states(sessions: Sessions) -> None:
    puerto_rican = Person(["+17875550100"], zones=["America/Puerto_Rico"], region="PR")
    await seed_leads(sessions, [*people(1), puerto_rican])
    campaign = await seed_campaign(sessions, kind="survey", dial_mode="power")
    for attempt in await called(sessions, campaign):
        await over(sessions, attempt, "abandoned", answered=True)
    async with sessions() as session:
        row = await CampaignStore(session).get(campaign)
        found = await budgets(session, LAW, row, NOW + HOUR)
    assert {each.country for each in found} == {"US"}
    assert {each.budget.share.abandoned for each in found} == {2}


# --- who is never called ------------------------------------------------------------------------


async def test_an_opt_out_holds_at_a_number_that_the_lead_gets_later(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, kind="survey")
    (attempt,) = await called(sessions, campaign)
    await over(sessions, attempt, "human", connected=True)
    await service.set_disposition(sessions, attempt.attempt_id, "do_not_call", "", NOW)
    async with sessions() as session, session.begin():
        (phone,) = (await session.exec(select(Phone).where(Phone.lead_id == lead_id))).all()
        phone.e164 = "+12025550999"
    other = await seed_campaign(sessions, "Other", kind="survey")
    assert await called(sessions, other, NOW + 100 * DAY) == []
    assert await reasons(sessions, other) == {"opted_out"}


async def test_a_block_is_never_forgotten_under_another_caller_id(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, kind="survey")
    (attempt,) = await called(sessions, campaign)
    await over(sessions, attempt, "blocked")
    other = await seed_campaign(sessions, "Other", kind="survey", caller_id="+12025550198")
    assert await called(sessions, other, NOW + 400 * DAY) == []
    assert await reasons(sessions, other) == {"blocked_under_another_caller_id"}


# --- where they are -----------------------------------------------------------------------------


async def test_in_collections_the_clocks_of_all_numbers_count(sessions: Sessions) -> None:
    """12 CFR 1006.6(b)(1): a time inconvenient anywhere that is indicated is inconvenient."""
    new_york, los_angeles = "+12125550123", "+12135550123"
    await seed_leads(
        sessions, [Person([new_york, los_angeles], zones_of={los_angeles: ["America/Los_Angeles"]})]
    )
    campaign = await seed_campaign(sessions, kind="collections")
    assert await called(sessions, campaign, datetime(2026, 11, 24, 13, 30, tzinfo=UTC)) == []
    assert len(await called(sessions, campaign, datetime(2026, 11, 24, 16, 30, tzinfo=UTC))) == 1


# --- what is kept -------------------------------------------------------------------------------


async def test_a_phone_that_was_refused_leaves_its_reason_though_another_is_called(
    sessions: Sessions,
) -> None:
    floridian, new_yorker = "+13055550123", "+12125550123"
    await seed_leads(sessions, [Person([floridian, new_yorker])])
    campaign = await seed_campaign(sessions)
    await service.claim_permitted(sessions, LAW, campaign, 1, NOW)
    (row,) = (await lead_rows(sessions, campaign)).values()
    assert row.state == "claimed"
    assert row.denial is not None
    assert "consent_missing" in {each["code"] for each in row.denial["reasons"]}
    async with sessions() as session:
        assert await session.get(RuleSet, row.denial["rule_set"]) is not None


async def test_rules_that_come_back_have_those_asked_again_who_were_refused_between(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, [Person(["+13055550123"])])
    campaign, asking = await seed_campaign(sessions), AskingAgain(sessions, LAW)
    granted = await grant_exemption(sessions, LAW, "acme", "us-fl-consent", "counsel", "memo 7", NOW)
    for at in (NOW, NOW + 2 * MINUTE):
        await asking.look([campaign], at)
    await end_exemption(sessions, granted.id, NOW + 3 * MINUTE)
    await asking.look([campaign], NOW + 3 * MINUTE)
    assert await called(sessions, campaign, NOW + 3 * MINUTE) == []
    assert await reasons(sessions, campaign) == {"consent_missing"}
    await grant_exemption(sessions, LAW, "acme", "us-fl-consent", "counsel", "memo 7", NOW + 4 * MINUTE)
    await asking.look([campaign], NOW + 4 * MINUTE)
    assert len(await called(sessions, campaign, NOW + 4 * MINUTE)) == 1
