"""Whether consent holds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.consent import CHANNELS, Channel, ConsentRecord, basis_code, consent_holds

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + DAY * n for n in (1, 2, 3))

INSTANTS = st.integers(0, 20).map(lambda days: MONDAY + days * DAY)
RECORDS = st.lists(
    st.builds(
        ConsentRecord,
        channel=st.sampled_from(CHANNELS),
        given_at=INSTANTS,
        withdrawn_at=st.none() | INSTANTS,
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    ("records", "at", "holds"),
    [
        ([], MONDAY, False),
        ([ConsentRecord("call", MONDAY)], MONDAY, True),
        ([ConsentRecord("call", TUESDAY)], MONDAY, False),
        ([ConsentRecord("sms", MONDAY)], TUESDAY, False),
        ([ConsentRecord("automated_call", MONDAY)], TUESDAY, False),
        ([ConsentRecord("call", MONDAY, WEDNESDAY)], TUESDAY, True),
        ([ConsentRecord("call", MONDAY, WEDNESDAY)], WEDNESDAY, False),
        ([ConsentRecord("call", MONDAY, TUESDAY), ConsentRecord("call", WEDNESDAY)], THURSDAY, True),
    ],
)
def test_a_consent_holds_for_its_channel_from_when_it_was_given_until_it_is_withdrawn(
    records: list[ConsentRecord], at: datetime, holds: bool
) -> None:
    assert consent_holds(records, "call", at) is holds


def test_an_older_consent_that_turns_up_after_a_withdrawal_does_not_undo_it() -> None:
    withdrawn = ConsentRecord("call", WEDNESDAY, WEDNESDAY)
    assert not consent_holds([withdrawn, ConsentRecord("call", MONDAY)], "call", THURSDAY)
    assert consent_holds([withdrawn, ConsentRecord("call", MONDAY)], "call", TUESDAY)


@given(RECORDS, st.sampled_from(CHANNELS), INSTANTS)
def test_after_a_withdrawal_nothing_holds_until_consent_is_given_again(
    records: list[ConsentRecord], channel: Channel, at: datetime
) -> None:
    withdrawal = ConsentRecord(channel, at, at)
    assert not consent_holds([*records, withdrawal], channel, at)
    later = ConsentRecord(channel, at + DAY)
    unbroken = [each for each in records if each.withdrawn_at is None or each.withdrawn_at <= at]
    assert consent_holds([*unbroken, withdrawal, later], channel, at + DAY)


@given(RECORDS, st.sampled_from(CHANNELS), INSTANTS)
def test_without_a_consent_given_until_then_none_holds(
    records: list[ConsentRecord], channel: Channel, at: datetime
) -> None:
    if consent_holds(records, channel, at):
        assert any(each.channel == channel and each.given_at <= at for each in records)


@given(RECORDS, st.sampled_from(CHANNELS), INSTANTS)
def test_the_order_of_records_and_those_of_other_channels_do_not_matter(
    records: list[ConsentRecord], channel: Channel, at: datetime
) -> None:
    own = [each for each in reversed(records) if each.channel == channel]
    assert consent_holds(records, channel, at) == consent_holds(own, channel, at)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("express_written", "express_written"),
        (" Express Written ", "express_written"),
        ("prior-express", "prior_express"),
        ("", None),
        ("none", None),
        ("1st", None),
        ("é", None),
        ("a" * 41, None),
    ],
)
def test_a_basis_is_a_word(text: str, code: str | None) -> None:
    assert basis_code(text) == code
