"""Calls that come, between the switch and the floor: numbers as trunks write them, and what is counted."""

import pytest

from dialer.core.effects import CallHasEnded, CallWasConnected
from dialer.core.outcome import CallEnd, Outcome
from dialer.inbound_desk import e164_of
from dialer.metrics import Metrics


@pytest.mark.parametrize(
    ("number", "country", "e164"),
    [
        ("+12025551000", "", "+12025551000"),
        ("+12025551000", "DE", "+12025551000"),
        ("12025551000", "", "+12025551000"),
        ("0012025551000", "", "+12025551000"),
        ("2025551000", "US", "+12025551000"),
        ("12025551000", "US", "+12025551000"),
        ("030123456", "DE", "+4930123456"),
        ("004930123456", "DE", "+4930123456"),
        ("110", "DE", ""),
        ("", "US", ""),
        ("", "", ""),
    ],
)
def test_numbers_are_read_as_the_trunk_writes_them(number: str, country: str, e164: str) -> None:
    assert e164_of(number, country) == e164


def test_callers_are_counted_apart_from_those_whom_we_have_called() -> None:
    metrics = Metrics("1")
    metrics.observe(CallHasEnded(1, 7, 0.0, Outcome.HUMAN, CallEnd(200), came=True))
    metrics.observe(CallWasConnected(1, 1, 101, 0.0, 90.0, came=True))
    metrics.caller_refused(433)
    text = metrics.text(switch_up=True).decode()
    assert 'dialer_inbound_calls_total{campaign="7",outcome="human"} 1.0' in text
    assert 'dialer_inbound_refused_total{code="433"} 1.0' in text
    assert "dialer_inbound_wait_seconds_count 1.0" in text
    assert "dialer_answer_to_agent_seconds_count 0.0" in text
    assert "dialer_abandon_ratio{" not in text
