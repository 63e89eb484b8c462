"""Reason headers are read whatever a network makes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.switch.reasons import MOST_CHARS, NONE, Reasons, reasons_of

HEAD = b"SIP/2.0 603 Decline\r\nVia: SIP/2.0/UDP a\r\n"
ANALYTICS = 'SIP;cause=603;text="v=analytics1;url=https://a.example;tel=+12025550199"'


@pytest.mark.parametrize(
    ("headers", "reasons"),
    [
        (b"", NONE),
        (b"Reason: Q.850;cause=17\r\n", Reasons(17, "Q.850;cause=17")),
        (b'reason : q.850 ; text="Busy" ; cause = 17\r\n', Reasons(17, 'q.850 ; text="Busy" ; cause = 17')),
        (f"Reason: {ANALYTICS}\r\n".encode(), Reasons(None, ANALYTICS)),
        (
            f"Reason: {ANALYTICS}\r\nReason: Q.850;cause=21\r\n".encode(),
            Reasons(21, f"{ANALYTICS}, Q.850;cause=21"),
        ),
        (b"Reason: SIP;cause=200, Q.850;cause=16\r\n", Reasons(16, "SIP;cause=200, Q.850;cause=16")),
        (b"Reason: Q.850\r\n", Reasons(None, "Q.850")),
        (b"X-Reason: Q.850;cause=17\r\n", NONE),
        (b"Reason: \xff\x00\r\n", Reasons(None, "\ufffd ")),
    ],
)
def test_what_the_headers_say(headers: bytes, reasons: Reasons) -> None:
    assert reasons_of(HEAD + headers + b"\r\n") == reasons


def test_a_body_is_no_header() -> None:
    assert reasons_of(HEAD + b"\r\n\r\nReason: Q.850;cause=17\r\n") == NONE


@given(st.binary())
def test_no_message_is_too_strange(value: bytes) -> None:
    found = reasons_of(HEAD + b"Reason: " + value)
    assert len(found.text) <= MOST_CHARS
    assert found.text.isprintable()
