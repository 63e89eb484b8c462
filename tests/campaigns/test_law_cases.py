"""The regulations' own worked cases, one each, and a million random ones against an oracle.

`COMPLIANCE_CASES` says how many random ones; `python -m bench.compliance` asks a million.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.abandonment_rules import Tally, legal_period, share
from campaigns.core.facts import Facts, PastAttempt
from campaigns.core.jurisdiction import place_of
from campaigns.core.objections import explain, next_allowed, rule_objections
from campaigns.core.policy import Policy
from campaigns.core.rules import AbandonmentRule
from tests.campaigns.answers import objections_to, policy_of, zones_of
from tests.campaigns.oracle import cases, documents, forbidding

RULEBOOK = load_rulebook()
CASES = int(os.environ.get("COMPLIANCE_CASES", "6000"))
SEEDS = range(4)
NEW_YORK = ZoneInfo("America/New_York")
CHICAGO = ZoneInfo("America/Chicago")


def next_time(policy: Policy, facts: Facts, history: Sequence[PastAttempt], now: datetime) -> datetime | None:
    return next_allowed(policy, facts, rule_objections(policy, facts, history, now), now)


def objecting(
    number: str,
    region: str,
    kind: str,
    now: datetime,
    *history: PastAttempt,
    facts: Facts,
    mode: str = "progressive",
) -> set[str]:
    policy = RULEBOOK.policy(place_of(number, region), kind, mode)
    return {each.rule_id for each in rule_objections(policy, facts, history, now)}


def abandonment_rule(rule_id: str) -> AbandonmentRule:
    rule = RULEBOOK.rules[rule_id]
    assert isinstance(rule, AbandonmentRule)
    return rule


@pytest.mark.timeout(0)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_rules_forbid_what_a_slow_and_obvious_reading_of_their_files_forbids(seed: int) -> None:
    files = documents()
    allowed = somewhere = 0
    for case in cases(seed, CASES // len(SEEDS)):
        found = objections_to(RULEBOOK, case)
        assert found == forbidding(case, files), case
        if case.zones_told:
            assert zones_of(case) == case.facts.zones, case
            somewhere += bool(case.facts.zones)
        allowed += not found
    assert somewhere > CASES // len(SEEDS) // 3, "too few of the cases tell where the person is"
    assert allowed > CASES // len(SEEDS) // 50, "too few of the cases are allowed to tell anything"


def test_the_next_time_is_allowed_and_no_earlier_time_is() -> None:
    files = documents()
    for case in cases(5, 120):
        at = next_time(policy_of(RULEBOOK, case), case.facts, case.history, case.now)
        if at is None:
            continue
        assert forbidding(replace(case, now=at), files) == set(), case
        step, earlier = timedelta(minutes=97), case.now
        while earlier < at:
            assert forbidding(replace(case, now=earlier), files), (case, earlier)
            earlier += step
        if at > case.now:
            assert forbidding(replace(case, now=at - timedelta(microseconds=1)), files), case


def test_explaining_names_the_rules_that_object() -> None:
    for case in cases(6, 200):
        policy = policy_of(RULEBOOK, case)
        objections = rule_objections(policy, case.facts, case.history, case.now)
        explained = explain(policy, case.facts, case.history, case.now)
        assert {rule.id for rule, _ in explained} <= set(policy.rule_ids)
        found = {rule.id for rule, objection in explained if objection}
        assert {each.rule_id for each in objections} - {"zone"} <= found


# 16 CFR 310.4(b)(4)(i)


def test_16_cfr_310_4_b_4_i_periods_of_30_days_tumble_from_the_campaigns_start() -> None:
    rule = abandonment_rule("us-tsr-abandonment")
    start = datetime(2026, 1, 10, 14, tzinfo=UTC)
    second = start + timedelta(days=30)
    assert legal_period(rule, start, second - timedelta(microseconds=1)).start == start
    assert legal_period(rule, start, second).start == second
    assert legal_period(rule, start, second + timedelta(days=29)).start == second
    assert legal_period(rule, start, second).end == second + timedelta(days=30)


def test_16_cfr_310_4_c_no_call_before_8_or_after_9_in_the_evening_at_the_persons_place() -> None:
    facts = Facts(("America/New_York",), "+12125550100", 1)
    for clock, forbidden in (("07:59", True), ("08:00", False), ("20:59", False), ("21:00", True)):
        now = datetime.fromisoformat(f"2026-11-24T{clock}").replace(tzinfo=NEW_YORK)
        assert ("us-tsr-window" in objecting("+12125550100", "US", "sales", now, facts=facts)) == forbidden


# 12 CFR 1006.14(b)(2), Regulation F

DEBTOR = Facts(("America/New_York",), "+12125550100", 1, debt="card")
WEDNESDAY = datetime(2026, 4, 15, 15, tzinfo=NEW_YORK)


def debt_call(
    days_ago: float, outcome: str = "no_answer", *, debt: str = "card", talked: bool = False
) -> PastAttempt:
    return PastAttempt(
        WEDNESDAY - timedelta(days=days_ago), outcome, "+12125550100", 1, debt=debt, talked=talked
    )


def collecting(*history: PastAttempt, now: datetime = WEDNESDAY) -> set[str]:
    return objecting("+12125550100", "US", "collections", now, *history, facts=DEBTOR)


def test_12_cfr_1006_14_b_2_i_a_an_eighth_call_within_seven_consecutive_days_is_one_too_many() -> None:
    six = [debt_call(days) for days in range(6)]
    assert "us-reg-f-frequency" not in collecting(*six)
    assert "us-reg-f-frequency" in collecting(*six, debt_call(6))
    assert "us-reg-f-frequency" not in collecting(*six, debt_call(7))


def test_12_cfr_1006_14_b_2_i_a_seven_days_are_days_and_not_168_hours() -> None:
    late_a_week_ago = PastAttempt(
        datetime(2026, 4, 8, 20, 59, tzinfo=NEW_YORK), "no_answer", "+12125550100", 1, debt="card"
    )
    assert "us-reg-f-frequency" not in collecting(*(debt_call(days) for days in range(6)), late_a_week_ago)


def test_12_cfr_1006_14_b_2_i_a_another_debt_is_counted_apart() -> None:
    assert "us-reg-f-frequency" not in collecting(*(debt_call(1, debt="car") for _ in range(9)))
    assert "us-reg-f-frequency" in collecting(*(debt_call(1, debt="") for _ in range(7)))


def test_12_cfr_1006_14_b_2_i_b_the_day_of_a_conversation_is_the_first_of_seven() -> None:
    monday = datetime(2026, 4, 13, 9, tzinfo=NEW_YORK)
    talk = PastAttempt(monday, "human", "+12125550100", 1, debt="card", talked=True)
    sunday, next_monday = monday + timedelta(days=6, hours=10), monday + timedelta(days=7)
    assert "us-reg-f-after-conversation" in collecting(talk, now=sunday)
    assert "us-reg-f-after-conversation" not in collecting(talk, now=next_monday - timedelta(hours=1))
    policy = RULEBOOK.policy(place_of("+12125550100", "US"), "collections", "progressive")
    assert next_time(policy, DEBTOR, [talk], sunday) == next_monday - timedelta(hours=1)


@pytest.mark.parametrize("outcome", ["busy", "disconnected", "invalid_number"])
def test_12_cfr_1006_14_b_3_iii_calls_that_do_not_connect_do_not_count(outcome: str) -> None:
    assert "us-reg-f-frequency" not in collecting(*(debt_call(1, outcome) for _ in range(20)))


def test_12_cfr_1006_14_does_not_speak_of_sales() -> None:
    seven = [debt_call(2) for _ in range(7)]
    assert "us-reg-f-frequency" not in objecting(
        "+12125550100", "US", "sales", WEDNESDAY, *seven, facts=DEBTOR
    )


# States


@pytest.mark.parametrize(("area_code", "rule"), [("305", "us-fl"), ("405", "us-ok"), ("301", "us-md")])
def test_fla_stat_501_616_6_b_and_its_like_three_calls_in_24_hours_from_any_number(
    area_code: str, rule: str
) -> None:
    e164 = f"+1{area_code}5550100"
    facts = Facts(("America/Chicago",), e164, 1, subject="solar")
    now = datetime(2026, 11, 24, 15, tzinfo=CHICAGO)
    three = [PastAttempt(now - timedelta(hours=h), "no_answer", e164, 1, subject="solar") for h in (1, 2, 23)]
    assert f"{rule}-frequency" in objecting(e164, "US", "sales", now, *three, facts=facts)
    assert f"{rule}-frequency" in objecting(
        e164, "US", "sales", now, *(replace(each, campaign_id=9) for each in three), facts=facts
    )
    a_day_later = now + timedelta(hours=1)
    assert f"{rule}-frequency" not in objecting(e164, "US", "sales", a_day_later, *three, facts=facts)
    other = replace(facts, subject="roof")
    assert f"{rule}-frequency" not in objecting(e164, "US", "sales", now, *three, facts=other)


def test_fla_stat_501_616_6_a_eight_in_the_evening_is_too_late_in_florida_only() -> None:
    now = datetime(2026, 11, 24, 20, 30, tzinfo=NEW_YORK)
    florida, new_york = "+13055550100", "+12125550100"
    zones = ("America/New_York",)
    assert "us-fl-window" in objecting(florida, "US", "survey", now, facts=Facts(zones, florida, 1))
    assert objecting(new_york, "US", "survey", now, facts=Facts(zones, new_york, 1)) == set()


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 11, 22), False),  # a Sunday
        (date(2026, 11, 23), True),
        (date(2026, 2, 17), False),  # Mardi Gras, a holiday of the state alone
        (date(2026, 11, 26), False),  # Thanksgiving
        (date(2026, 11, 28), True),  # a Saturday
    ],
)
def test_louisiana_forbids_sundays_and_legal_holidays(day: date, open_: bool) -> None:
    number = "+15045550100"
    now = datetime(day.year, day.month, day.day, 12, tzinfo=CHICAGO)
    facts = Facts(("America/Chicago",), number, 1)
    assert (objecting(number, "US", "survey", now, facts=facts) == set()) == open_


def test_rcw_19_158_040_2_washington_ends_at_eight() -> None:
    number = "+12065550100"
    now = datetime(2026, 11, 24, 20, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert objecting(number, "US", "survey", now, facts=Facts(("America/Los_Angeles",), number, 1)) == {
        "us-wa-window"
    }


# The United Kingdom


def test_ofcom_2010_a_machine_marked_by_agents_stands_for_machines_among_dropped_calls() -> None:
    found = share("ofcom", Tally(dropped=29, live=9, machines_at_agents=7))
    assert (found.abandoned, found.answered) == (16.3125, 25.3125)
    assert found.rate is not None
    assert round(100 * found.rate, 2) == 64.44


def test_ofcom_2010_people_whom_detection_took_for_machines_were_abandoned() -> None:
    tally = Tally(
        dropped=2, live=90, machines_at_agents=3, machines_by_detection=100, false_positive_rate=0.05
    )
    found = share("ofcom", tally)
    assert (found.abandoned, found.answered) == (7, 97)


LONDONER = Facts(("Europe/London",), "+442079460100", 1)
LONDON_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "rule", "hours"),
    [("abandoned", "gb-after-abandoned", 72), ("machine", "gb-after-machine", 24)],
)
def test_ofcom_2010_rest_after_an_abandoned_call_and_a_machine_unless_an_agent_waits(
    outcome: str, rule: str, hours: int
) -> None:
    past = PastAttempt(LONDON_NOON - timedelta(hours=hours), outcome, LONDONER.e164, 1)
    just_before = LONDON_NOON - timedelta(seconds=1)
    waiting = replace(LONDONER, agent_guaranteed=True)
    assert objecting(LONDONER.e164, "GB", "sales", LONDON_NOON, past, facts=LONDONER) == set()
    assert objecting(LONDONER.e164, "GB", "sales", just_before, past, facts=LONDONER) == {rule}
    assert objecting(LONDONER.e164, "GB", "sales", just_before, past, facts=waiting) == set()


# Others


@pytest.mark.parametrize(
    ("local", "open_"),
    [
        ("2026-11-24T10:00", True),
        ("2026-11-24T13:00", False),
        ("2026-11-24T14:00", True),
        ("2026-11-24T20:00", False),
        ("2026-11-28T11:00", False),
        ("2026-11-11T11:00", False),
    ],
)
def test_d_223_9_hours_of_france(local: str, open_: bool) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Paris"))
    facts = Facts(("Europe/Paris",), "+33145670100", 1)
    assert (objecting("+33145670100", "FR", "survey", now, facts=facts) == set()) == open_


def test_d_223_9_four_tries_in_thirty_days_and_sixty_days_after_a_refusal() -> None:
    number, paris = "+33145670100", ZoneInfo("Europe/Paris")
    facts = Facts(("Europe/Paris",), number, 1)
    now = datetime(2026, 11, 24, 11, tzinfo=paris)
    tries = [PastAttempt(now - timedelta(days=days), "no_answer", number, 1) for days in (1, 8, 15, 29)]
    assert objecting(number, "FR", "survey", now, *tries, facts=facts) == {"fr-frequency"}
    assert objecting(number, "FR", "survey", now + timedelta(days=1), *tries, facts=facts) == set()
    refusal = PastAttempt(now - timedelta(days=60), "human", number, 1, talked=True, refused=True)
    assert objecting(number, "FR", "survey", now, refusal, facts=facts) == {"fr-after-refusal"}
    assert objecting(number, "FR", "survey", now + timedelta(days=1), refusal, facts=facts) == set()


def test_l_223_1_a_sale_in_france_takes_consent() -> None:
    number = "+33145670100"
    now = datetime(2026, 11, 24, 11, tzinfo=ZoneInfo("Europe/Paris"))
    facts = Facts(("Europe/Paris",), number, 1)
    assert objecting(number, "FR", "sales", now, facts=facts) == {"fr-consent"}
    held = replace(facts, consents=frozenset({("call", "express")}))
    assert objecting(number, "FR", "sales", now, facts=held) == set()


def test_bundesnetzagentur_three_calls_a_day_and_none_on_sundays_and_holidays() -> None:
    number, berlin = "+49301234567", ZoneInfo("Europe/Berlin")
    facts = Facts(("Europe/Berlin",), number, 1)
    now = datetime(2026, 11, 24, 19, tzinfo=berlin)
    three = [PastAttempt(now.replace(hour=hour), "busy", number, 1) for hour in (8, 9, 10)]
    assert objecting(number, "DE", "survey", now, *three, facts=facts) == {"de-frequency"}
    assert objecting(number, "DE", "survey", now + timedelta(hours=13), *three, facts=facts) == set()
    for holiday in (datetime(2026, 11, 22, 12, tzinfo=berlin), datetime(2026, 10, 3, 12, tzinfo=berlin)):
        assert objecting(number, "DE", "survey", holiday, facts=facts) == {"de-window"}


def test_crtc_weekends_are_shorter_and_months_are_the_calendars() -> None:
    number, toronto = "+14165550100", ZoneInfo("America/Toronto")
    facts = Facts(("America/Toronto",), number, 1)
    friday, saturday = (
        datetime(2026, 11, 27, 21, 29, tzinfo=toronto),
        datetime(2026, 11, 28, 18, tzinfo=toronto),
    )
    assert objecting(number, "CA", "sales", friday, facts=facts) == set()
    assert objecting(number, "CA", "sales", saturday, facts=facts) == {"ca-window"}
    period = legal_period(abandonment_rule("ca-abandonment"), datetime(2026, 1, 5, tzinfo=UTC), saturday)
    assert period.start == datetime(2026, 11, 1, tzinfo=toronto)
    assert period.end == datetime(2026, 12, 1, tzinfo=toronto)


def test_australia_forbids_sundays_and_holidays_and_saturday_evenings() -> None:
    number, sydney = "+61298765432", ZoneInfo("Australia/Sydney")
    facts = Facts(("Australia/Sydney",), number, 1)
    closed = ("2026-11-22T12:00", "2026-11-28T17:00", "2026-01-26T12:00", "2026-11-24T20:00")
    for local in closed:
        now = datetime.fromisoformat(local).replace(tzinfo=sydney)
        assert objecting(number, "AU", "sales", now, facts=facts) == {"au-window"}, local


def test_rbi_recovery_ends_at_seven() -> None:
    number, delhi = "+911123456789", ZoneInfo("Asia/Kolkata")
    facts = Facts(("Asia/Kolkata",), number, 1)
    now = datetime(2026, 11, 24, 19, tzinfo=delhi)
    assert objecting(number, "IN", "collections", now, facts=facts) == {"in-recovery-window"}
    assert objecting(number, "IN", "sales", now, facts=facts) == set()


def test_a_country_without_rules_falls_under_all_of_them() -> None:
    everywhere = RULEBOOK.policy(place_of("+94112345678", "LK"), "collections", "power")
    assert everywhere.jurisdictions == tuple(each.id for each in RULEBOOK.jurisdictions)
    assert (
        RULEBOOK.policy(place_of("+80012345678", ""), "sales", "power").jurisdictions
        == everywhere.jurisdictions
    )


# Holidays of a part of a country


@pytest.mark.parametrize(
    ("number", "region", "address", "zone", "day", "rule", "forbidden"),
    [
        ("+49891234567", "DE", "", "Europe/Berlin", date(2026, 6, 4), "de-window", True),
        ("+49891234567", "DE", "Berlin", "Europe/Berlin", date(2026, 6, 4), "de-window", False),
        ("+49891234567", "DE", "Bayern", "Europe/Berlin", date(2026, 6, 4), "de-window", True),
        ("+49891234567", "DE", "", "Europe/Berlin", date(2026, 6, 5), "de-window", False),
        ("+61391234567", "AU", "", "Australia/Melbourne", date(2026, 11, 3), "au-window", True),
    ],
)
def test_where_nobody_knows_the_part_of_the_country_a_holiday_of_any_part_counts(
    number: str, region: str, address: str, zone: str, day: date, rule: str, forbidden: bool
) -> None:
    now = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    policy = RULEBOOK.policy(place_of(number, region, "", address), "survey", "progressive")
    found = rule_objections(policy, Facts((zone,), number, 1), [], now)
    assert (rule in {each.rule_id for each in found}) == forbidden
