"""What a rule says in words, and why a jurisdiction's rules hold for a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.compliance.rule_list import list_rules
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.jurisdiction import Place, matching, place_of
from campaigns.core.rule_words import KIND_OF, why_matching, words
from campaigns.core.rules import (
    COUNTED_ABOUT,
    COUNTED_OF,
    EVENTS,
    AbandonmentRule,
    CoolingRule,
    FrequencyRule,
    Span,
)
from campaigns.errors import NotFoundError

RULES = load_rulebook()

SAID = {
    "us-la-window": (
        "Calls only Mon-Sat 08:00-20:00, on the clock of the person called, and not on public holidays."
    ),
    "fr-window": (
        "Calls only Mon-Fri 10:00-13:00 and 14:00-20:00, on the clock of the person called, and not on "
        "public holidays."
    ),
    "ca-window": ("Calls only Mon-Fri 09:00-21:30, Sat-Sun 10:00-18:00, on the clock of the person called."),
    "us-fl-frequency": (
        "At most 3 attempts to the same person (by number or lead) on the same subject within 24 hours."
    ),
    "de-frequency": (
        "At most 3 attempts to the same person (by number or lead) within one day of the callee's calendar."
    ),
    "us-reg-f-frequency": (
        "At most 7 attempts to the same person (by number or lead) about the same debt within 7 days of the "
        "callee's calendar. Not counted: busy, congestion, disconnected, invalid number, network failure. "
        "Only for collections campaigns."
    ),
    "gb-after-abandoned": (
        "No call to the same number for 72 hours after an abandoned call, unless an agent waits for the call."
    ),
    "fr-after-refusal": (
        "No call to the same person (by number or lead) for 60 days of the callee's calendar (from the next "
        "day on) after a refusal."
    ),
    "us-fcc-prerecorded-consent": (
        "No call without a consent to automated calls, on the basis express written. Only for sales "
        "campaigns with agentless dialing."
    ),
    "gb-abandonment": (
        "At most 3 % of the people who answer may get no agent within 2 s of the end of their greeting, on "
        "each day (Europe/London), by Ofcom's formula."
    ),
    "us-tsr-abandonment": (
        "At most 3 % of the people who answer may get no agent within 2 s of the end of their greeting, in "
        "each period of 30 days from the campaign's start."
    ),
    "ca-abandonment": (
        "At most 5 % of the people who answer may get no agent within 2 s of the answer, in each calendar "
        "month (America/Toronto)."
    ),
    "us-tsr-ring": "A call rings at least 15 s before it may be given up.",
    "us-tsr-message": (
        "Whoever gets no agent hears within 2 s a message with the seller's name and the seller's number."
    ),
    "ca-records": "Records of calls, do-not-call requests and consents are kept for 36 months at least.",
}


@pytest.mark.parametrize(("rule_id", "said"), SAID.items())
def test_a_rule_is_said_in_words(rule_id: str, said: str) -> None:
    assert words(RULES.rules[rule_id]) == said


def test_every_rule_that_is_shipped_is_listed_with_its_words_source_and_date_of_reading() -> None:
    found = list_rules(RULES)
    listed = [rule for each in found.jurisdictions for rule in each.rules]
    assert found.version == RULES.version
    assert {rule.id for rule in listed} == set(RULES.rules)
    for rule in listed:
        known = RULES.rules[rule.id]
        assert rule.says.endswith(".")
        assert rule.says != f"{known.source}."
        assert (rule.source, rule.read, rule.read_in_own_text) == (known.source, known.read, known.checked)
        assert rule.kind == KIND_OF[type(known)]
    assert any(not rule.read_in_own_text for rule in listed)


def test_one_jurisdictions_rules_can_be_listed_and_an_unknown_one_is_refused() -> None:
    (only,) = list_rules(RULES, "us-fl").jurisdictions
    assert {rule.jurisdiction for rule in only.rules} == {"us-fl"}
    assert (only.country, only.subdivision) == ("US", "FL")
    with pytest.raises(NotFoundError, match="There is no jurisdiction 'atlantis'; there are au, ca"):
        list_rules(RULES, "atlantis")


@given(
    st.integers(1, 1000),
    st.integers(0, 366),
    st.floats(0.5, 8784),
    st.sampled_from(COUNTED_OF),
    st.sampled_from(COUNTED_ABOUT),
    st.sampled_from(EVENTS),
)
def test_the_words_have_every_figure_of_the_rule(
    most: int, days: int, hours: float, of: str, about: str, event: str
) -> None:
    span = Span(days=days) if days else Span(seconds=hours * 3600)
    frequency = FrequencyRule(id="x", source="S", read="", most=most, within=span, of=of, about=about)
    cooling = CoolingRule(id="x", source="S", read="", after=event, rest=span, of=of, about=about)
    length = "one day" if days == 1 else f"{days} days" if days else f"{hours:g} hours"
    for rule in (frequency, cooling):
        assert length in words(rule)
        assert {"phone": "number", "lead": "lead", "person": "person"}[of] in words(rule)
        assert about == "anything" or f"the same {about}" in words(rule)
    assert f"At most {most} attempt" in words(frequency)


@given(st.floats(0, 1), st.floats(0, 60))
def test_the_share_is_said_in_percent(rate: float, after_s: float) -> None:
    rule = AbandonmentRule(id="x", source="S", read="", most_rate=rate, period="day", after_s=after_s)
    assert f"{rate * 100:g} % " in words(rule)
    assert f"within {after_s:g} s of" in words(rule)


def why(e164: str, region: str, country: str = "", address_region: str = "") -> dict[str, str]:
    by_address = place_of("", country or region, "", address_region) if country or address_region else None
    here = matching(RULES.jurisdictions, place_of(e164, region, country, address_region))
    area_code = e164[2:5] if e164.startswith("+1") else ""
    by_number = place_of(e164, region)
    return {
        each.id: " ".join(why_matching(each, RULES.jurisdictions, area_code, by_number, by_address))
        for each in here
    }


def test_a_jurisdiction_holds_by_the_numbers_region_and_area_code() -> None:
    assert why("+18135550101", "US") == {
        "us": "The number is one of US.",
        "us-fl": "By area code 813, the number may be in US-FL.",
        "us-reg-f": "The number is one of US.",
    }


def test_a_jurisdiction_holds_by_the_leads_address() -> None:
    found = why("+18135550101", "US", "US", "Louisiana")
    assert found["us-la"] == "The lead's address is in US-LA."
    assert found["us-fl"] == "By area code 813, the number may be in US-FL."
    assert found["us"] == "The number is one of US. The lead's address is in US."
    assert why("+4930901820", "DE", "FR") == {
        "de": "The number is one of DE.",
        "fr": "The lead's address is in FR.",
    }


def test_a_number_that_may_be_anywhere_falls_under_every_part() -> None:
    assert why("+18005550101", "US")["us-wa"] == "By area code 800, the number may be in US-WA."
    anywhere = [each for each in RULES.jurisdictions if each.country == "US"]
    unknown = Place(frozenset({"US"}))
    said = [
        why_matching(each, RULES.jurisdictions, "", unknown, None) for each in anywhere if each.subdivision
    ]
    assert set(said) == {("Nothing tells in which part of US the person is; it may be this one.",)}


def test_a_country_without_rules_falls_under_all_of_them() -> None:
    found = why("+541143211234", "AR")
    assert set(found) == {each.id for each in RULES.jurisdictions}
    assert set(found.values()) == {
        "No rules are written for AR, so that the rules of all jurisdictions hold."
    }
    assert "a country that nobody knows" in why("+80012345678", "")["us"]


@given(
    st.sampled_from(["+18135550101", "+15045550101", "+18005550101", "+12025550101"]),
    st.sampled_from(["", "US", "CA", "PR", "DE", "AR"]),
    st.sampled_from(["", "FL", "Louisiana", "QC", "nowhere"]),
)
def test_there_is_a_reason_for_every_jurisdiction_that_matches(
    e164: str, country: str, address_region: str
) -> None:
    assert all(why(e164, "US", country, address_region).values())
