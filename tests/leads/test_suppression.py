"""Whether the do-not-call entries forbid a number, and which of them is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.suppression import (
    INTERNAL,
    LEVELS,
    Suppressed,
    is_prefix,
    parse_prefix,
    plain_number,
    prefixes_of,
    weightiest,
)

NUMBERS = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
ENTRIES = st.builds(
    Suppressed,
    st.sampled_from(LEVELS),
    st.sampled_from([INTERNAL, "registry", "a"]),
    st.text(max_size=10),
    st.sampled_from(["", "+1", "+1900"]),
)


def test_without_an_entry_there_is_nothing_to_name() -> None:
    assert weightiest([]) is None


@given(st.lists(ENTRIES, min_size=1))
def test_the_farthest_reaching_entry_is_named_then_an_opt_out_then_the_number_itself(
    entries: list[Suppressed],
) -> None:
    named = weightiest(entries)
    assert named in entries
    assert LEVELS.index(named.level) == min(LEVELS.index(each.level) for each in entries)
    of_level = [each for each in entries if each.level == named.level]
    assert (named.list_name == INTERNAL) or all(each.list_name != INTERNAL for each in of_level)
    alike = [each for each in of_level if (each.list_name == INTERNAL) == (named.list_name == INTERNAL)]
    assert not named.prefix or all(each.prefix for each in alike)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            Suppressed("client", INTERNAL, "asked on a call."),
            "The number is on the client's do-not-call list: asked on a call.",
        ),
        (
            Suppressed("everyone", "National registry 2026-11", ""),
            'The number is on everyone\'s do-not-call list "National registry 2026-11".',
        ),
        (
            Suppressed("campaign", "premium", "costs", "+1900"),
            'Every number that begins with +1900 is on the campaign\'s do-not-call list "premium": costs.',
        ),
    ],
)
def test_the_sentence_names_the_list_and_the_reason(entry: Suppressed, sentence: str) -> None:
    assert entry.sentence == sentence


@given(NUMBERS)
def test_the_prefixes_of_a_number_are_beginnings_of_it_that_can_be_listed(e164: str) -> None:
    prefixes = prefixes_of(e164)
    assert all(e164.startswith(prefix) and parse_prefix(prefix) == prefix for prefix in prefixes)
    assert e164[:4] in prefixes
    assert len(set(prefixes)) == len(prefixes)


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("+1900*", "+1900"),
        ("+1900…", "+1900"),
        ("+1900...", "+1900"),
        ("+1 (900) *", "+1900"),
        ("0044 70*", "+4470"),
        ("1900*", None),
        ("+*", None),
        ("*", None),
        ("+0*", None),
        ("+1x*", None),
        ("+123456789012345*", None),
    ],
)
def test_a_prefix_is_a_plus_and_a_countrys_code_and_what_follows(text: str, prefix: str | None) -> None:
    assert is_prefix(text)
    assert parse_prefix(text) == prefix


@given(st.text())
def test_no_text_makes_reading_a_prefix_fail(text: str) -> None:
    prefix = parse_prefix(text)
    assert prefix is None or (prefix.startswith("+") and prefix[1:].isascii() and prefix[1:].isdigit())


@pytest.mark.parametrize(
    ("text", "nanp", "e164"),
    [
        ("+14155550101", False, "+14155550101"),
        ("4155550101", True, "+14155550101"),
        ("14155550101", True, "+14155550101"),
        ("4155550101", False, None),
        ("14155550101", False, None),
        ("+442079460123", True, None),
        ("+11155550101", True, None),
        ("+1415555010", True, None),
        ("+14155550101 ", True, None),
        ("+1415555010１", True, None),
        ("", True, None),
    ],
)
def test_only_what_can_mean_nothing_else_is_read_quickly(text: str, nanp: bool, e164: str | None) -> None:
    assert plain_number(text, nanp=nanp) == e164
