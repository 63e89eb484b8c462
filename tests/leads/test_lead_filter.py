"""A choice of leads is read from texts, or refused with a sentence."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.lead_changes import FIELDS as CHANGE_FIELDS
from leads.core.lead_changes import LeadChanges, parse_changes
from leads.core.lead_filter import FIELDS, LeadFilter, parse_filter
from leads.errors import BadLeadChangesError, BadLeadFilterError


@pytest.mark.parametrize("text", ["+14155550101", "(415) 555-0101", "1-415-555-0101", "tel:+14155550101"])
def test_a_phone_may_be_written_in_any_way(text: str) -> None:
    assert parse_filter({"phone": text}) == LeadFilter(phone="+14155550101")


def test_every_condition_is_read() -> None:
    texts = {
        "client": "acme",
        "list": " autumn ",
        "external_id": "K-7",
        "name": "Ad",
        "email": "ada@example.com",
        "country": "Germany",
        "region": "CA",
        "owner": "",
        "language": "en",
        "min_priority": "-5",
        "max_priority": "5",
        "created_from": "2026-03-01",
        "created_before": "2026-03-01T09:00+01:00",
        "import_id": "7",
        "phone": None,
    }
    assert parse_filter(texts, ["plan=a=b"]) == LeadFilter(
        client="acme",
        list="autumn",
        external_id="K-7",
        name="Ad",
        email="ada@example.com",
        country="DE",
        region="CA",
        owner="",
        language="en",
        min_priority=-5,
        max_priority=5,
        created_from=datetime(2026, 3, 1, tzinfo=UTC),
        created_before=datetime(2026, 3, 1, 8, tzinfo=UTC),
        import_id=7,
        custom=(("plan", "a=b"),),
    )


def test_a_filter_without_conditions_is_empty() -> None:
    assert parse_filter({"phone": None}).is_empty
    assert not replace(LeadFilter(), owner="").is_empty


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("phone", "555"),
        ("country", "Atlantis"),
        ("min_priority", "1.5"),
        ("max_priority", "²"),
        ("max_priority", "9" * 5000),
        ("import_id", "0"),
        ("created_from", "yesterday"),
        ("created_from", "0001-01-01T00:00+14:00"),
        ("name", "\x00"),
        ("list", "x" * 40_000),
        ("colour", "red"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadLeadFilterError, match=name):
        parse_filter({name: text})


@pytest.mark.parametrize("custom", ["", "plan", "=gold", "plan=", "\x00=1"])
def test_a_custom_field_needs_a_name_and_a_value(custom: str) -> None:
    with pytest.raises(BadLeadFilterError, match="custom"):
        parse_filter({}, [custom])


def test_a_range_that_no_lead_can_meet_is_refused() -> None:
    with pytest.raises(BadLeadFilterError, match="min_priority"):
        parse_filter({"min_priority": "2", "max_priority": "1"})


@given(st.dictionaries(st.sampled_from(FIELDS), st.text()), st.lists(st.text(), max_size=2), st.text())
def test_no_text_crashes_the_filter(values: dict[str, str], custom: list[str], country: str) -> None:
    try:
        wanted = parse_filter(values, custom, country)
    except BadLeadFilterError:
        return
    assert all("\x00" not in str(getattr(wanted, name)) for name in FIELDS)


def test_changes_are_read_and_an_empty_text_clears() -> None:
    texts = {
        "owner": "'=Anna",
        "priority": "+7",
        "rank": "",
        "best_time": "5pm-8pm",
        "not_before": "2026-03-01T09:00+01:00",
        "timezone": "america/new york",
    }
    changes = parse_changes(texts, {"plan": "gold", "old": ""})
    assert changes == LeadChanges(
        {
            "owner": "=Anna",
            "priority": 7,
            "rank": 0,
            "best_time": "17:00-20:00",
            "not_before": datetime(2026, 3, 1, 8, tzinfo=UTC),
            "timezone": "America/New_York",
        },
        {"plan": "gold", "old": ""},
    )
    cleared = parse_changes({"not_before": "", "timezone": "", "best_time": ""})
    assert cleared.values == {"not_before": None, "timezone": "", "best_time": ""}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("priority", "high"),
        ("rank", "1000001"),
        ("best_time", "always"),
        ("not_before", "2026-03-01T09:00"),
        ("timezone", "Mars/Olympus"),
        ("first_name", "Ada"),
        ("id", "1"),
        ("owner", "x" * 1001),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadLeadChangesError, match=name):
        parse_changes({name: text})


def test_changing_nothing_is_refused() -> None:
    with pytest.raises(BadLeadChangesError):
        parse_changes({})


@given(
    st.dictionaries(st.sampled_from(CHANGE_FIELDS), st.text()),
    st.dictionaries(st.text(), st.text(), max_size=2),
)
def test_no_text_crashes_the_changes(values: dict[str, str], custom: dict[str, str]) -> None:
    try:
        parse_changes(values, custom, CHANGE_FIELDS)
    except BadLeadChangesError:
        return
