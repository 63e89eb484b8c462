"""The laws' rules are asked of each lead, with its history, consents and client, twice; all is kept."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from campaigns import service
from campaigns.compliance.abandonment import budgets, tightest_budget
from campaigns.compliance.audit import audit
from campaigns.compliance.client_rules import close_day, end_exemption, grant_exemption, open_day
from campaigns.core.attempt import Ending, StartedAttempt
from campaigns.core.intervals import wilson
from campaigns.errors import InvalidExemptionError
from campaigns.lead_editing import edit_lead
from campaigns.stores.answers import quarter_of
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import AnswerTally, Attempt, Campaign, CampaignLead, DenialTally, RuleSet
from leads.core.consent import Channel
from leads.core.lead_changes import FIELDS, parse_changes
from leads.stores.consents import ConsentStore
from leads.stores.consents import Person as Consenting
from leads.tables import Client, Consent, DncEntry, Lead
from tests.campaigns.lawful import LAW, called
from tests.campaigns.seeds import ALL_DAY, NOW, Person, lead_rows, seed_campaign, seed_leads

HOUR = timedelta(hours=1)
NEW_YORKER, FLORIDIAN, CAJUN = "+12125550123", "+13055550123", "+15045550123"
CHICAGO = ["America/Chicago"]
SUNDAY = datetime(2026, 11, 29, 18, tzinfo=UTC)


async def standing(sessions: Sessions, campaign_id: int) -> CampaignLead:
    (row,) = (await lead_rows(sessions, campaign_id)).values()
    return row


async def consent(sessions: Sessions, e164: str, channel: Channel = "automated_call") -> None:
    async with sessions() as session, session.begin():
        client_id = (await session.exec(select(Client.id))).one()
        given = Consent(
            client_id=client_id,
            e164=e164,
            channel=channel,
            basis="express_written",
            source="form",
            given_at=NOW - 24 * HOUR,
            recorded_at=NOW,
        )
        await ConsentStore(session).add(given)


async def withdraw(sessions: Sessions, e164: str, channel: Channel, at: datetime) -> None:
    async with sessions() as session, session.begin():
        client_id = (await session.exec(select(Client.id))).one()
        await ConsentStore(session).withdraw(client_id, Consenting(e164=e164), channel, at, "call", at)


async def ended(sessions: Sessions, attempt: StartedAttempt, outcome: str, now: datetime) -> None:
    """The call was answered, unless it was busy or blocked, and is over."""
    if outcome in ("human", "abandoned", "machine", "fax"):
        async with sessions() as session, session.begin():
            await AttemptStore(session).update_attempt(attempt.attempt_id, answered_at=now)
            if outcome == "human":
                await AttemptStore(session).update_attempt(attempt.attempt_id, connected_at=now)
    await service.finish_attempt(sessions, attempt.attempt_id, Ending(outcome), now)


async def test_nobody_in_louisiana_is_called_on_a_sunday_and_monday_comes(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([CAJUN], zones=CHICAGO)])
    campaign = await seed_campaign(sessions, kind="survey")
    assert await called(sessions, campaign, SUNDAY) == []
    row = await standing(sessions, campaign)
    monday = datetime(2026, 11, 30, 14, tzinfo=UTC)
    assert (row.state, row.due_at) == ("waiting", monday)
    assert row.denial is not None
    assert "us-la-window" in {reason["rule"] for reason in row.denial["reasons"]}
    assert len(await called(sessions, campaign, monday)) == 1


async def test_the_address_counts_beside_the_number(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([NEW_YORKER])])
    async with sessions() as session, session.begin():
        lead = await session.get_one(Lead, lead_id)
        lead.country, lead.region = "US", "Louisiana"
    campaign = await seed_campaign(sessions, kind="survey")
    assert await called(sessions, campaign, SUNDAY) == []
    assert len(await called(sessions, campaign, SUNDAY + 24 * HOUR)) == 1


async def test_the_clocks_of_the_address_count_beside_the_numbers(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([NEW_YORKER])])
    async with sessions() as session, session.begin():
        lead = await session.get_one(Lead, lead_id)
        lead.country, lead.region = "US", "HI"
    campaign = await seed_campaign(sessions, kind="survey")
    nine_in_new_york = datetime(2026, 11, 30, 14, tzinfo=UTC)
    eight_in_honolulu = datetime(2026, 11, 30, 18, tzinfo=UTC)
    assert await called(sessions, campaign, nine_in_new_york) == []
    assert (await standing(sessions, campaign)).due_at == eight_in_honolulu
    assert len(await called(sessions, campaign, eight_in_honolulu)) == 1


async def test_what_changed_about_a_lead_between_its_claim_and_its_call_counts(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([NEW_YORKER])])
    campaign = await seed_campaign(sessions, kind="survey")
    nine_in_new_york = datetime(2026, 11, 30, 14, tzinfo=UTC)
    permitted = await service.claim_permitted(sessions, LAW, campaign, 1, nine_in_new_york)
    async with sessions() as session, session.begin():
        lead = await session.get_one(Lead, lead_id)
        lead.country, lead.region = "US", "HI"
    assert await service.start_attempts(sessions, LAW, campaign, permitted, nine_in_new_york) == []
    assert (await standing(sessions, campaign)).reason == "outside_callable_times"


async def test_attempts_about_one_debt_count_together_whichever_lead_and_number(
    sessions: Sessions,
) -> None:
    """12 CFR 1006.14(b)(2)(i)(A): seven times within seven days about one debt."""
    numbers = [f"+12125550{number}" for number in range(200, 210)]
    lead_ids = await seed_leads(sessions, [Person([number]) for number in numbers])
    async with sessions() as session, session.begin():
        for lead_id in lead_ids:
            (await session.get_one(Lead, lead_id)).custom = {"account": "D-1"}
    campaign = await seed_campaign(sessions, kind="collections", debt_field="account")
    placed = []
    for number in range(10):
        at = NOW + number * timedelta(minutes=10)
        for attempt in await called(sessions, campaign, at, 1):
            await ended(sessions, attempt, "no_answer", at)
            placed.append(attempt.e164)
    assert len(placed) == 7


async def test_a_lead_whose_address_is_corrected_is_asked_about_again(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([NEW_YORKER])])
    await edit_lead(sessions, lead_id, parse_changes({"country": "US", "region": "FL"}, allowed=FIELDS), NOW)
    campaign = await seed_campaign(sessions)
    assert await called(sessions, campaign) == []
    assert (await standing(sessions, campaign)).reason == "consent_missing"
    await edit_lead(sessions, lead_id, parse_changes({"region": "NY"}, allowed=FIELDS), NOW)
    assert len(await called(sessions, campaign)) == 1


async def test_a_zone_that_the_list_gives_outranks_number_and_address(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([NEW_YORKER])])
    async with sessions() as session, session.begin():
        lead = await session.get_one(Lead, lead_id)
        lead.country, lead.region, lead.timezone = "US", "HI", "America/New_York"
    campaign = await seed_campaign(sessions, kind="survey")
    assert len(await called(sessions, campaign, datetime(2026, 11, 30, 14, tzinfo=UTC))) == 1


async def test_of_two_campaigns_that_call_one_number_at_once_one_waits(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    campaigns = [await seed_campaign(sessions, name, kind="survey") for name in ("One", "Two", "Three")]
    permitted = {each: await service.claim_permitted(sessions, LAW, each, 1, NOW) for each in campaigns}
    assert all(permitted.values())
    started = await asyncio.gather(
        *(service.start_attempts(sessions, LAW, each, leads, NOW) for each, leads in permitted.items())
    )
    assert sorted(len(each) for each in started) == [0, 0, 1]
    rows = [await standing(sessions, each) for each in campaigns]
    waiting = [row for row in rows if row.reason == "call_under_way"]
    assert [row.due_at for row in waiting] == [NOW + timedelta(minutes=1)] * 2


async def test_a_607_puts_the_person_on_the_clients_do_not_call_list(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER, FLORIDIAN])])
    campaign = await seed_campaign(sessions, kind="survey")
    (attempt,) = await called(sessions, campaign)
    ending = Ending("rejected", "network", 607, "Unwanted")
    await service.finish_attempt(sessions, attempt.attempt_id, ending, NOW)
    row = await standing(sessions, campaign)
    assert (row.state, row.reason) == ("final", "on_dnc_list")
    async with sessions() as session:
        entries = (await session.exec(select(DncEntry))).all()
    assert {each.e164 for each in entries} == {NEW_YORKER, FLORIDIAN}
    assert {each.source for each in entries} == {f"attempt {attempt.attempt_id}"}
    report = await audit(sessions, LAW, campaign, NOW.date(), NOW.date(), NOW + HOUR)
    assert (report.opt_outs.count, report.opt_outs.held) == (1, 1)


async def test_the_address_brings_its_limit_of_abandoned_calls(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([NEW_YORKER])])
    async with sessions() as session, session.begin():
        (await session.get_one(Lead, lead_id)).country = "GB"
    campaign = await seed_campaign(sessions, kind="survey")
    (attempt,) = await called(sessions, campaign)
    await ended(sessions, attempt, "abandoned", NOW)
    async with sessions() as session:
        found = await budgets(session, LAW, await session.get_one(Campaign, campaign), NOW)
    assert {each.country for each in found} == {"US", "GB"}
    assert "gb-abandonment" in {each.budget.rule_id for each in found}


async def test_an_opt_out_that_another_disposition_followed_is_in_the_audit(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    campaign = await seed_campaign(sessions, kind="survey")
    (attempt,) = await called(sessions, campaign)
    await ended(sessions, attempt, "human", NOW)
    for code in ("do_not_call", "sale"):
        await service.set_disposition(sessions, attempt.attempt_id, code, "", NOW + timedelta(seconds=5))
    report = await audit(sessions, LAW, campaign, NOW.date(), NOW.date(), NOW + HOUR)
    assert (report.opt_outs.count, report.opt_outs.held, report.opt_outs.calls_after) == (1, 1, 0)


async def test_who_answered_and_was_cut_off_before_anybody_spoke_counts_as_abandoned(
    sessions: Sessions,
) -> None:
    outcomes = ("lost", "canceled", "unknown", "human")
    numbers = [f"+12125550{number}" for number in range(200, 204)]
    await seed_leads(sessions, [Person([number]) for number in numbers])
    campaign = await seed_campaign(sessions, kind="survey")
    for attempt, outcome in zip(await called(sessions, campaign), outcomes, strict=True):
        async with sessions() as session, session.begin():
            await AttemptStore(session).update_attempt(attempt.attempt_id, answered_at=NOW)
        await service.finish_attempt(sessions, attempt.attempt_id, Ending(outcome), NOW)
    async with sessions() as session:
        (tally,) = (await session.exec(select(AnswerTally))).all()
    assert (tally.dropped, tally.live) == (3, 1)


async def test_florida_counts_three_in_a_day_on_one_subject_from_any_campaign(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN])])
    await consent(sessions, FLORIDIAN)
    quick = {"retry_rules": {"busy": {"delay_s": 60}}, "subject": "solar"}
    campaign = await seed_campaign(sessions, **quick)
    for number in range(3):
        at = NOW + number * HOUR
        (attempt,) = await called(sessions, campaign, at)
        await ended(sessions, attempt, "busy", at)
    assert await called(sessions, campaign, NOW + 3 * HOUR) == []
    assert (await standing(sessions, campaign)).reason == "too_many_attempts"
    same = await seed_campaign(sessions, "Winter sale", **quick)
    assert await called(sessions, same, NOW + 3 * HOUR) == []
    assert (await standing(sessions, same)).due_at == NOW + 24 * HOUR
    other = await seed_campaign(sessions, "Roofs", subject="roofs")
    assert len(await called(sessions, other, NOW + 3 * HOUR)) == 1


async def test_without_the_consent_that_a_law_asks_the_next_phone_is_called(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN, NEW_YORKER])])
    campaign = await seed_campaign(sessions)
    (attempt,) = await called(sessions, campaign)
    assert attempt.e164 == NEW_YORKER


async def test_a_lead_none_of_whose_phones_may_be_called_is_final_and_says_why(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([FLORIDIAN, "+13055550124"])])
    campaign = await seed_campaign(sessions)
    assert await called(sessions, campaign) == []
    row = await standing(sessions, campaign)
    assert (row.state, row.reason) == ("final", "consent_missing")


async def test_a_withdrawal_between_selection_and_call_stops_the_call(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    campaign = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, LAW, campaign, 1, NOW)
    assert len(permitted) == 1
    await withdraw(sessions, NEW_YORKER, "call", NOW)
    assert await service.start_attempts(sessions, LAW, campaign, permitted, NOW + HOUR / 60) == []
    row = await standing(sessions, campaign)
    assert (row.state, row.reason) == ("final", "consent_withdrawn")


async def test_a_withdrawn_message_consent_stops_no_call(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    await withdraw(sessions, NEW_YORKER, "sms", NOW)
    assert len(await called(sessions, await seed_campaign(sessions))) == 1


async def test_reg_f_counts_by_debt(sessions: Sessions) -> None:
    lead_ids = await seed_leads(sessions, [Person([NEW_YORKER]), Person(["+12125550124"])])
    async with sessions() as session, session.begin():
        for lead_id, account in zip(lead_ids, ("card", "loan"), strict=True):
            (await session.get_one(Lead, lead_id)).custom = {"account": account}
    campaign = await seed_campaign(sessions, kind="collections", debt_field="account")
    attempts = await called(sessions, campaign)
    async with sessions() as session:
        rows = (await session.exec(select(Attempt).order_by(col(Attempt.id)))).all()
    assert [row.debt for row in rows] == ["card", "loan"]
    for attempt in attempts:
        await ended(sessions, attempt, "human", NOW)
        await service.set_disposition(sessions, attempt.attempt_id, "callback", "", NOW)
    assert await called(sessions, campaign, NOW + 6 * 24 * HOUR) == []
    rows_now = await lead_rows(sessions, campaign)
    assert {row.reason for row in rows_now.values()} == {"rest_after_conversation"}
    assert len(await called(sessions, campaign, NOW + 7 * 24 * HOUR)) == 2


async def test_a_number_that_was_blocked_is_not_called_under_another_caller_id(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    campaign = await seed_campaign(sessions, kind="survey")
    (attempt,) = await called(sessions, campaign)
    await ended(sessions, attempt, "blocked", NOW)
    other = await seed_campaign(sessions, "Other", kind="survey", caller_id="+12125550777")
    assert await called(sessions, other, NOW + 2 * HOUR) == []
    assert (await standing(sessions, other)).reason == "blocked_under_another_caller_id"


async def test_a_blocked_caller_id_rests_longer_the_second_time(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER]), Person(["+12125550124"]), Person(["+12125550125"])])
    campaign = await seed_campaign(sessions)
    (first,) = await called(sessions, campaign, n=1)
    await ended(sessions, first, "blocked", NOW)
    assert await called(sessions, campaign, NOW + HOUR / 2) == []
    rows = (await lead_rows(sessions, campaign)).values()
    assert {row.reason for row in rows if row.state == "waiting"} == {"caller_id_quarantined"}
    (second,) = await called(sessions, campaign, NOW + HOUR, n=1)
    await ended(sessions, second, "blocked", NOW + HOUR)
    assert await called(sessions, campaign, NOW + 8 * HOUR) == []
    assert len(await called(sessions, campaign, NOW + 25 * HOUR)) == 1


async def test_an_exemption_names_who_granted_it_and_is_kept_with_the_decision(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([CAJUN], zones=CHICAGO)])
    campaign = await seed_campaign(sessions, kind="survey")
    with pytest.raises(InvalidExemptionError):
        await grant_exemption(sessions, LAW, "acme", "us-xx-window", "Counsel", "", NOW)
    with pytest.raises(InvalidExemptionError):
        await grant_exemption(sessions, LAW, "acme", "us-la-window", " ", "", NOW)
    granted = await grant_exemption(sessions, LAW, "acme", "us-la-window", "Counsel", "Memo 7", NOW)
    (attempt,) = await called(sessions, campaign, SUNDAY)
    async with sessions() as session:
        row = await session.get_one(Attempt, attempt.attempt_id)
        rule_set = await session.get_one(RuleSet, row.permit["rule_set"])
    assert rule_set.body["version"] == LAW.version
    assert rule_set.body["exemptions"] == [
        {"rule": "us-la-window", "granted_by": "Counsel", "reference": "Memo 7"}
    ]
    assert "us-la-window" not in rule_set.body["rules"]
    assert row.permit["zones"] == CHICAGO
    await ended(sessions, attempt, "busy", SUNDAY)
    await end_exemption(sessions, granted.id, SUNDAY)
    assert await called(sessions, campaign, SUNDAY + HOUR) == []


async def test_on_a_closed_day_nobody_is_called(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    campaign, other = await seed_campaign(sessions), await seed_campaign(sessions, "Other")
    await close_day(sessions, "acme", date(2026, 11, 23), "Inventory", campaign)
    assert await called(sessions, campaign) == []
    row = await standing(sessions, campaign)
    assert (row.state, row.reason) == ("waiting", "closed_day")
    assert len(await called(sessions, other)) == 1
    assert await open_day(sessions, "acme", date(2026, 11, 23), campaign)
    assert not await open_day(sessions, "acme", date(2026, 11, 23), campaign)


async def test_a_campaigns_own_limits_hold_beside_the_laws(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    campaign = await seed_campaign(
        sessions, retry_rules={"busy": {"delay_s": 60}}, most_attempts_a_day=2, least_gap_s=3600
    )
    (attempt,) = await called(sessions, campaign)
    await ended(sessions, attempt, "busy", NOW)
    assert await called(sessions, campaign, NOW + HOUR / 2) == []
    (attempt,) = await called(sessions, campaign, NOW + HOUR)
    await ended(sessions, attempt, "busy", NOW + HOUR)
    assert await called(sessions, campaign, NOW + 3 * HOUR) == []
    assert len(await called(sessions, campaign, NOW + 24 * HOUR)) == 1


async def test_each_denial_is_counted_by_reason(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([f"+1305555012{number}"]) for number in range(3)])
    campaign = await seed_campaign(sessions)
    assert await called(sessions, campaign) == []
    async with sessions() as session:
        (tally,) = (await session.exec(select(DenialTally))).all()
    assert (tally.rule, tally.code, tally.denials) == ("us-fl-consent", "consent_missing", 3)
    assert (tally.campaign_id, tally.day) == (campaign, "2026-11-23")


async def test_the_budget_follows_answers_and_what_agents_say_of_them(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([f"+1212555{number:04}"]) for number in range(100, 140)])
    campaign_id = await seed_campaign(sessions)
    attempts = await called(sessions, campaign_id, n=40)
    for number, attempt in enumerate(attempts):
        await ended(sessions, attempt, "abandoned" if number == 0 else "human", NOW)

    async def budget() -> tuple[float, float, int]:
        async with sessions() as session:
            campaign = await session.get_one(Campaign, campaign_id)
            found = {each.budget.rule_id: each for each in await budgets(session, LAW, campaign, NOW)}
        assert set(found) == {"us-tsr-abandonment", "us-fcc-abandonment"}
        each = found["us-tsr-abandonment"]
        assert each.country == "US"
        assert each.budget.period.start <= NOW < each.budget.period.end
        return each.budget.share.abandoned, each.budget.share.answered, each.budget.remaining

    assert await budget() == (1, 40, 0)
    talks = [attempt.attempt_id for attempt in attempts[1:]]
    for attempt_id in talks:
        await service.set_disposition(sessions, attempt_id, "answering_machine", "", NOW)
    assert await budget() == (1, 1, 0)
    for attempt_id in talks:
        await service.set_disposition(sessions, attempt_id, "callback", "", NOW)
        await service.set_disposition(sessions, attempt_id, "callback", "again", NOW)
    assert await budget() == (1, 40, 0)
    async with sessions() as session:
        (row,) = (await session.exec(select(AnswerTally))).all()
    assert (row.dropped, row.live, row.machines_at_agents) == (1, 39, 0)


async def test_a_call_rings_as_long_as_the_strictest_rule_asks(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    (attempt,) = await called(sessions, await seed_campaign(sessions, callable_times=ALL_DAY))
    assert attempt.ring_at_least_s == 15


@pytest.mark.parametrize(("mode", "abandoned"), [("off", 3), ("act", 3 + 200 * 0.03)])
async def test_ofcoms_share_has_the_people_whom_detection_took_for_machines(
    sessions: Sessions, mode: str, abandoned: float
) -> None:
    await seed_leads(sessions, [Person(["+442079460001"], zones=["Europe/London"], region="GB")])
    campaign_id = await seed_campaign(sessions, amd_mode=mode)
    async with sessions() as session, session.begin():
        session.add(
            AnswerTally(
                campaign_id=campaign_id,
                country="GB",
                quarter=quarter_of(NOW),
                dropped=3,
                live=97,
                machines_by_detection=200,
            )
        )
    async with sessions() as session:
        found = await tightest_budget(session, LAW, campaign_id, NOW)
    assert found is not None
    assert (found.rule_id, found.share.abandoned) == ("gb-abandonment", pytest.approx(abandoned))


async def test_verdicts_that_agents_have_checked_are_what_ofcoms_share_goes_by(sessions: Sessions) -> None:
    people = [Person([f"+44207946{number:04}"], zones=["Europe/London"], region="GB") for number in range(10)]
    await seed_leads(sessions, people)
    campaign_id = await seed_campaign(sessions, amd_mode="act", amd_review_share=1.0)
    for number, attempt in enumerate(await called(sessions, campaign_id, n=10)):
        async with sessions() as session, session.begin():
            (await session.get_one(Attempt, attempt.attempt_id)).amd_verdict = "machine"
        await ended(sessions, attempt, "human", NOW)
        code = "callback" if number < 5 else "answering_machine"
        await service.set_disposition(sessions, attempt.attempt_id, code, "", NOW)
    async with sessions() as session, session.begin():
        (tally,) = (await session.exec(select(AnswerTally))).all()
        tally.machines_by_detection = 100
    async with sessions() as session:
        found = await tightest_budget(session, LAW, campaign_id, NOW)
    assert found is not None
    assert found.share.abandoned == pytest.approx(100 * wilson(5, 10)[1])


@pytest.mark.parametrize("outcome", ["machine", "fax"])
async def test_a_machine_and_a_fax_are_counted_as_detections_own(sessions: Sessions, outcome: str) -> None:
    await seed_leads(sessions, [Person([NEW_YORKER])])
    (attempt,) = await called(sessions, await seed_campaign(sessions))
    await ended(sessions, attempt, outcome, NOW)
    async with sessions() as session:
        (tally,) = (await session.exec(select(AnswerTally))).all()
    assert (tally.machines_by_detection, tally.dropped, tally.live) == (1, 0, 0)
