"""Whom agents may call in from outside: ordinary numbers where campaigns call, and what is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.outside import COUNTRIES, OutsideRule

WASHINGTON, JAMAICA, BERLIN = "+12025550177", "+18765550123", "+493012345678"
GERMAN_PREMIUM, GERMAN_SHARED, SATELLITE = "+499001234567", "+4918012345", "+8816123456"


@pytest.mark.parametrize(
    ("allowed", "number", "may"),
    [
        ((COUNTRIES,), WASHINGTON, True),
        ((COUNTRIES,), BERLIN, False),
        ((COUNTRIES,), JAMAICA, False),
        ((COUNTRIES,), SATELLITE, False),
        ((COUNTRIES, "+49"), BERLIN, True),
        (("+49",), WASHINGTON, False),
        (("+49",), GERMAN_PREMIUM, False),
        (("+49",), GERMAN_SHARED, False),
        ((GERMAN_PREMIUM,), GERMAN_PREMIUM, True),
        ((GERMAN_SHARED,), GERMAN_SHARED, True),
        ((), WASHINGTON, False),
    ],
)
def test_a_number_is_called_where_campaigns_call_or_where_it_is_named(
    allowed: tuple[str, ...], number: str, may: bool
) -> None:
    assert (OutsideRule(allowed).why_not(number, {"US"}) == "") is may


def test_a_dear_number_is_refused_in_its_own_country_with_the_reason() -> None:
    why = OutsideRule().why_not(GERMAN_SHARED, {"DE"})
    assert "shared cost" in why
    assert "extra" in OutsideRule().why_not(GERMAN_PREMIUM, {"DE"})


@given(st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True))
def test_without_countries_and_names_nobody_is_called(number: str) -> None:
    assert OutsideRule(()).why_not(number, {"US", "DE"})
    assert OutsideRule((COUNTRIES,)).why_not(number, set())
    assert OutsideRule((number,)).why_not(number, set()) == ""
