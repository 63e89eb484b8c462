"""Rule documents are read whole or refused with the rule, the key and what is wrong."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from campaigns.core.calling_window import DAYS
from campaigns.core.campaign import KINDS
from campaigns.core.rules import (
    DIAL_MODES,
    AbandonmentRule,
    CoolingRule,
    FrequencyRule,
    Span,
    WindowRule,
    parse_jurisdiction,
    parse_rule,
)
from campaigns.errors import InvalidRuleError

HEAD: dict[str, Any] = {"id": "xx-a", "source": "Law 1", "read": date(2026, 11, 23)}
WINDOW = {**HEAD, "kind": "window", "times": {"mon-fri": [["09:00", "20:00"]]}}
FREQUENCY = {**HEAD, "id": "xx-b", "kind": "frequency", "most": 3, "hours": 24}
COOLING = {**HEAD, "kind": "cooling", "after": "refusal", "days": 60}
ABANDONMENT = {**HEAD, "kind": "abandonment", "most_rate": 0.03, "period": "day"}
DOCUMENT = {"name": "Nowhere", "country": "LK", "rules": [WINDOW, FREQUENCY]}


def test_a_document_is_read() -> None:
    found = parse_jurisdiction("xx", DOCUMENT)
    assert (found.id, found.name, found.country, found.subdivision) == ("xx", "Nowhere", "LK", "")
    window, frequency = found.rules
    assert isinstance(window, WindowRule)
    assert window.times.to_json() == {day: [["09:00", "20:00"]] if day in DAYS[:5] else [] for day in DAYS}
    assert (window.checked, window.read, window.closed_on_holidays) == (True, "2026-11-23", False)
    assert isinstance(frequency, FrequencyRule)
    assert (frequency.most, frequency.within) == (3, Span(seconds=24 * 3600))


def test_a_rule_holds_for_every_campaign_unless_it_says_for_which() -> None:
    everybody = parse_rule(WINDOW)
    assert all(everybody.holds_for(kind, mode) for kind in KINDS for mode in DIAL_MODES)
    some = parse_rule(WINDOW | {"campaigns": ["collections"], "dial_modes": ["agentless"]})
    assert some.holds_for("collections", "agentless")
    assert not some.holds_for("collections", "power")
    assert not some.holds_for("sales", "agentless")


def test_days_of_rest_may_begin_the_day_after() -> None:
    rule = parse_rule(COOLING | {"first_day": "next"})
    assert isinstance(rule, CoolingRule)
    assert (rule.rest, rule.from_next_day) == (Span(days=60), True)


def test_an_abandonment_rule_says_how_it_is_counted() -> None:
    rule = parse_rule(ABANDONMENT | {"zone": "Europe/London", "counted_from": "answer", "formula": "ofcom"})
    assert isinstance(rule, AbandonmentRule)
    assert (rule.zone, rule.from_answer, rule.formula, rule.after_s) == ("Europe/London", True, "ofcom", 2.0)


BROKEN: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (WINDOW, {"id": "Not An Id"}, "id", "lower-case"),
    (WINDOW, {"source": " "}, "source", "text"),
    (WINDOW, {"read": "2026-11-23"}, "read", "without quotes"),
    (WINDOW, {"kind": "windows"}, "kind", "one of window"),
    (WINDOW, {"checked": "yes"}, "checked", "true or false"),
    (WINDOW, {"campaigns": ["sale"]}, "campaigns", "sales"),
    (WINDOW, {"campaigns": []}, "campaigns", "sales"),
    (WINDOW, {"dial_modes": "power"}, "dial_modes", "preview"),
    (WINDOW, {"time": {}}, "time", "not a key"),
    (WINDOW, {"times": {}}, "times", "without a single window"),
    (WINDOW, {"times": {"mon-fri": [["20:00", "09:00"]]}}, "times", "closes after it opens"),
    (WINDOW, {"times": {"fri-mon": [["09:00", "20:00"]]}}, "times", "fri-mon"),
    (WINDOW, {"times": {"daily": [["09:00", "20:00"]]}}, "times", "daily"),
    (
        WINDOW,
        {"times": {"mon-fri": [["09:00", "20:00"]], "wed": [["09:00", "20:00"]]}},
        "times",
        "wed is there twice",
    ),
    (WINDOW, {"times": ["09:00"]}, "times", "by weekday"),
    (FREQUENCY, {"most": 0}, "most", "from 1"),
    (FREQUENCY, {"most": True}, "most", "whole number"),
    (FREQUENCY, {"days": 7}, "hours", "either hours"),
    (FREQUENCY, {"hours": 0}, "hours", "either hours"),
    (FREQUENCY, {"hours": float("nan")}, "hours", "number"),
    (FREQUENCY, {"of": "house"}, "of", "phone, lead, person"),
    (FREQUENCY, {"not_counted": ["engaged"]}, "not_counted", "busy"),
    (COOLING, {"after": "lunch"}, "after", "abandoned"),
    (COOLING, {"days": 0, "hours": 3, "first_day": "next"}, "first_day", "days"),
    (ABANDONMENT, {"most_rate": 3}, "most_rate", "from 0 to 1"),
    (ABANDONMENT, {"zone": "Europe/Londn"}, "zone", "Europe/Londn"),
    (
        {**HEAD, "kind": "consent", "channels": ["Call"], "bases": ["express"]},
        {},
        "channels",
        "automated_call",
    ),
    ({**HEAD, "kind": "consent", "channels": ["calls"], "bases": ["express"]}, {}, "channels", "some of"),
    (FREQUENCY, {"hours": 0.016}, "hours", "one minute"),
    ({**HEAD, "kind": "ring", "at_least_s": 0}, {}, "at_least_s", "from 1"),
    ({**HEAD, "kind": "ring", "at_least_s": 10**400}, {}, "at_least_s", "from 1"),
    ({**HEAD, "kind": "message", "within_s": 2, "says": ["hello"]}, {}, "says", "seller_name"),
    ({**HEAD, "kind": "records", "of": ["calls"], "keep_months": 0.5}, {}, "keep_months", "whole number"),
]


@pytest.mark.parametrize(("good", "change", "key", "words"), BROKEN)
def test_a_rule_that_makes_no_sense_is_refused_by_key(
    good: dict[str, Any], change: dict[str, Any], key: str, words: str
) -> None:
    with pytest.raises(InvalidRuleError, match=words) as refused:
        parse_rule(good | change, 3)
    assert (refused.value.rule, refused.value.key) == (3, key)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("key", ["id", "source", "read", "kind", "times"])
def test_a_key_that_is_missing_is_named(key: str) -> None:
    with pytest.raises(InvalidRuleError, match=f"{key} is missing") as refused:
        parse_rule({name: value for name, value in WINDOW.items() if name != key})
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"name": 3}, "name"),
        ({"country": "xx"}, "country"),
        ({"country": "XX"}, "country"),
        ({"country": "UK"}, "country"),
        ({"subdivision": "Florida"}, "subdivision"),
        ({"country": "US", "subdivision": "FLA"}, "subdivision"),
        ({"country": "US", "subdivision": "ZZ"}, "subdivision"),
        ({"rules": []}, "rules"),
        ({"rules": {}}, "rules"),
        ({"rules": [1]}, "rules"),
        ({"rule": []}, "rule"),
    ],
)
def test_a_document_that_makes_no_sense_is_refused(change: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidRuleError) as refused:
        parse_jurisdiction("xx", DOCUMENT | change)
    assert (refused.value.rule, refused.value.key) == (None, key)


def test_two_rules_of_one_id_are_refused() -> None:
    document = deepcopy(DOCUMENT)
    document["rules"] = [WINDOW, WINDOW]
    with pytest.raises(InvalidRuleError, match="Another rule has the id 'xx-a'") as refused:
        parse_jurisdiction("xx", document)
    assert (refused.value.rule, refused.value.key) == (1, "id")
