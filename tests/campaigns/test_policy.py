"""The strictest of all rules decides; a client may add to them, and names each exemption."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.calendar import Calendar, Holidays
from campaigns.core.calling_window import DAYS, CallableTimes
from campaigns.core.facts import CallerIdHeld, Facts, PastAttempt
from campaigns.core.jurisdiction import Place, place_of
from campaigns.core.objections import next_allowed, rule_objections
from campaigns.core.policy import NO_OWN_RULES, Exemption, OwnRules, make_policy, own_calendar, own_limits
from campaigns.core.rules import EVENTS, AbandonmentRule, Jurisdiction, Rule, parse_rule
from campaigns.errors import InvalidExemptionError
from tests.campaigns.oracle import ALL_KINDS, Case, cases

RULEBOOK = load_rulebook()


def test_a_rule_may_ask_for_an_agent_sooner_than_two_seconds_and_none_for_later() -> None:
    usual = RULEBOOK.policy(place_of("+12125550100", "US"), "sales", "power")
    assert usual.claim_within_s == 2.0
    us = next(each for each in RULEBOOK.jurisdictions if each.id == "us")
    for rule in us.rules:
        if isinstance(rule, AbandonmentRule):
            for after_s, within_s in ((1.2, 1.2), (9.0, 2.0)):
                changed = replace(us, rules=(replace(rule, after_s=after_s),))
                policy = make_policy("1", [changed], place_of("", "US"), "sales", "power")
                assert policy.claim_within_s == within_s


NEW_YORKER = Facts(("America/New_York",), "+12125550100", 1, campaign_id=1)
PLACE = place_of("+12125550100", "US")
NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)


def objecting(
    own: OwnRules, *history: PastAttempt, facts: Facts = NEW_YORKER, now: datetime = NOON
) -> list[str]:
    policy = RULEBOOK.policy(PLACE, "sales", "progressive", own)
    return [each.rule_id for each in rule_objections(policy, facts, history, now)]


def attempt(hours_ago: float, **changes: Any) -> PastAttempt:
    past = PastAttempt(NOON - timedelta(hours=hours_ago), "busy", NEW_YORKER.e164, 1, campaign_id=1)
    return replace(past, **changes)


def test_a_client_and_a_campaign_may_close_hours_days_and_holidays() -> None:
    mornings = CallableTimes.parse({day: [["09:00", "12:00"]] for day in DAYS})
    early = CallableTimes.parse({day: [["08:00", "11:00"]] for day in DAYS})
    assert objecting(OwnRules()) == []
    assert objecting(OwnRules(own_calendar([mornings]))) == ["own-calendar"]
    both = own_calendar([mornings, early])
    assert both.times.to_json()["mon"] == [["09:00", "11:00"]]
    assert objecting(OwnRules(own_calendar([], {date(2026, 11, 24)}))) == ["own-calendar"]
    thanksgiving = NOON + timedelta(days=2)
    holidays = OwnRules(own_calendar([], holidays=[Holidays("US")]))
    assert objecting(holidays, now=thanksgiving) == ["own-calendar"]
    policy = RULEBOOK.policy(PLACE, "sales", "progressive", holidays)
    (why,) = rule_objections(policy, NEW_YORKER, (), thanksgiving)
    assert (why.code, why.final) == ("closed_day", False)
    assert "Thanksgiving" in why.sentence


def test_a_client_may_not_open_what_law_closes() -> None:
    always = OwnRules(own_calendar([CallableTimes.parse({day: [["00:00", "24:00"]] for day in DAYS})]))
    assert objecting(always, now=NOON + timedelta(hours=12)) == ["us-tsr-window", "us-fcc-window"]


def test_a_campaign_may_cap_attempts_a_day_and_keep_them_apart() -> None:
    own = OwnRules(rules=own_limits(most_a_day=2, least_gap_s=3600))
    assert objecting(own, attempt(2)) == []
    assert objecting(own, attempt(2), attempt(3)) == ["own-daily-cap"]
    assert objecting(own, attempt(2), attempt(3, campaign_id=2)) == []
    assert objecting(own, attempt(0.5, campaign_id=2)) == ["own-least-gap"]
    assert own_limits() == ()


def test_a_client_may_have_a_window_as_law_has() -> None:
    head = {"id": "own-window", "source": "own", "read": NOON.date(), "kind": "window"}
    mornings = parse_rule(head | {"times": {"mon-fri": [["09:00", "12:00"]]}})
    workdays = parse_rule(head | {"times": {"mon-sun": [["09:00", "20:00"]]}, "closed_on_holidays": True})
    collections = parse_rule(head | {"times": {"sun": [["09:00", "12:00"]]}, "campaigns": ["collections"]})
    assert objecting(OwnRules(rules=(mornings,))) == ["own-window"]
    assert objecting(OwnRules(rules=(workdays, collections))) == []
    assert objecting(OwnRules(rules=(workdays,)), now=NOON + timedelta(days=2)) == ["own-window"]


def test_an_exemption_names_the_rule_and_who_granted_it_and_is_recorded() -> None:
    night = NOON + timedelta(hours=12)
    exemption = Exemption("us-tsr-window", "Counsel of Acme", "letter of 2026-11-01")
    own = OwnRules(exemptions=(exemption, Exemption("us-fcc-window", "Counsel of Acme")))
    assert objecting(own, now=night) == []
    policy = RULEBOOK.policy(PLACE, "sales", "progressive", own)
    assert "us-tsr-window" not in policy.rule_ids
    assert policy.to_json()["exemptions"][0] == {
        "rule": "us-tsr-window",
        "granted_by": "Counsel of Acme",
        "reference": "letter of 2026-11-01",
    }
    assert policy.to_json()["version"] == RULEBOOK.version


@pytest.mark.parametrize(("rule_id", "granted_by"), [("", "Counsel"), ("us-tsr-window", " ")])
def test_an_exemption_without_a_rule_or_a_grantor_is_refused(rule_id: str, granted_by: str) -> None:
    with pytest.raises(InvalidExemptionError):
        Exemption(rule_id, granted_by)


def test_an_exemption_from_no_rule_is_refused() -> None:
    with pytest.raises(InvalidExemptionError, match="us-window"):
        RULEBOOK.policy(PLACE, "sales", "power", OwnRules(exemptions=(Exemption("us-window", "Counsel"),)))


def test_a_caller_id_that_a_network_blocked_rests() -> None:
    held = CallerIdHeld("caller_id_quarantined", "It rests.", NOON + timedelta(hours=1))
    resting = replace(NEW_YORKER, caller_id_held=held)
    policy = RULEBOOK.policy(PLACE, "sales", "progressive")
    (why,) = rule_objections(policy, resting, (), NOON)
    assert (why.code, why.until) == ("caller_id_quarantined", NOON + timedelta(hours=1))
    assert next_allowed(policy, resting, [why], NOON) == NOON + timedelta(hours=1)
    assert rule_objections(policy, resting, (), NOON + timedelta(hours=1)) == ()


def test_a_consent_that_was_withdrawn_is_not_one_that_was_never_given() -> None:
    policy = RULEBOOK.policy(place_of("+13055550100", "US"), "sales", "power")
    person = replace(NEW_YORKER, e164="+13055550100")
    (missing,) = rule_objections(policy, person, (), NOON)
    (withdrawn,) = rule_objections(policy, replace(person, withdrawn=frozenset({"automated_call"})), (), NOON)
    assert (missing.code, missing.final) == ("consent_missing", True)
    assert (withdrawn.code, withdrawn.final) == ("consent_withdrawn", True)
    assert next_allowed(policy, person, [missing], NOON) is None
    held = replace(person, consents=frozenset({("automated_call", "express_written")}))
    assert rule_objections(policy, held, (), NOON) == ()


@pytest.mark.parametrize("zones", [(), ("Etc/Unknown",), ("America/New_York", "Etc/Unknown")])
def test_a_zone_that_nobody_knows_denies_for_good(zones: tuple[str, ...]) -> None:
    policy = RULEBOOK.policy(PLACE, "sales", "progressive")
    (why,) = rule_objections(policy, replace(NEW_YORKER, zones=zones), (), NOON)
    assert (why.code, why.final) == ("zone_unknown", True)


def test_the_longest_ring_and_every_law_on_abandonment_hold() -> None:
    policy = RULEBOOK.policy(Place(frozenset({"US", "CA"})), "sales", "predictive")
    assert policy.ring_at_least_s == 15
    assert {rule.id for rule in policy.abandonments} == {
        *("us-tsr-abandonment", "us-fcc-abandonment", "ca-abandonment"),
    }
    longer = parse_rule(
        {"id": "own-ring", "kind": "ring", "source": "own", "read": NOON.date(), "at_least_s": 20}
    )
    assert RULEBOOK.policy(PLACE, "sales", "power", OwnRules(rules=(longer,))).ring_at_least_s == 20
    assert RULEBOOK.policy(place_of("", "PH"), "sales", "power").ring_at_least_s == 15


# Metamorphic: what forbids more can only forbid more.


def rule_of(chance: random.Random) -> Rule:
    """A random rule that the law does not have."""
    head = {"id": "more", "source": "more", "read": NOON.date()}
    span = chance.choice([{"hours": chance.randrange(1, 500)}, {"days": chance.randrange(1, 60)}])
    opens = chance.randrange(0, 12)
    return parse_rule(
        head
        | chance.choice(
            [
                {
                    "kind": "window",
                    "times": {"mon-sat": [[f"{opens:02}:00", f"{opens + chance.randrange(1, 12):02}:30"]]},
                    "closed_on_holidays": chance.random() < 0.5,
                },
                {
                    "kind": "frequency",
                    "most": chance.randrange(1, 4),
                    "about": chance.choice(["debt", "anything"]),
                }
                | span,
                {"kind": "cooling", "after": chance.choice(EVENTS)} | span,
                {"kind": "consent", "channels": ["call"], "bases": ["express"]},
            ]
        )
    )


def allowed(
    case: Case, jurisdictions: tuple[Jurisdiction, ...] = RULEBOOK.jurisdictions, own: OwnRules = NO_OWN_RULES
) -> bool:
    place = place_of(case.facts.e164, case.region, case.lead_country, case.lead_region)
    policy = make_policy("", jurisdictions, place, case.kind, case.dial_mode, own)
    return not rule_objections(policy, case.facts, case.history, case.now)


def test_adding_a_rule_never_allows_more() -> None:
    chance = random.Random(7)
    fewer_allowed = 0
    for case in cases(21, 1000):
        more = Jurisdiction("more", "more", case.region or "US", "", (rule_of(chance),))
        with_more = allowed(case, (*RULEBOOK.jurisdictions, more))
        if case.region not in ("NP", "LK"):
            without = allowed(case)
            assert without or not with_more, (case, more)
            fewer_allowed += without and not with_more
        own = chance.choice(
            [
                OwnRules(rules=(rule_of(chance),)),
                OwnRules(Calendar(closed_on=frozenset({case.now.date()}))),
                OwnRules(rules=own_limits(most_a_day=1, least_gap_s=7200)),
            ]
        )
        assert allowed(case) or not allowed(case, own=own), (case, own)
    assert fewer_allowed > 8


def test_adding_a_zone_an_attempt_or_an_address_never_allows_more() -> None:
    fewer_allowed = 0
    for case in cases(22, 800):
        zone = replace(case, facts=replace(case.facts, zones=(*case.facts.zones, "Asia/Kathmandu")))
        past = PastAttempt(case.now - timedelta(hours=5), "abandoned", case.facts.e164, 1, talked=True)
        tried = replace(case, history=(*case.history, past))
        consents = replace(case, facts=replace(case.facts, consents=frozenset()))
        elsewhere = [replace(case, lead_country="LK")] if case.lead_country in ("", case.region) else []
        before = allowed(case)
        for stricter in (zone, tried, consents, *elsewhere):
            after = allowed(stricter)
            assert not after or before or not case.facts.zones, (case, stricter)
            fewer_allowed += before and not after
    assert fewer_allowed > 60


def test_the_kinds_of_campaign_are_those_that_campaigns_have() -> None:
    assert set(ALL_KINDS) == set(next(iter(RULEBOOK.rules.values())).campaigns)
