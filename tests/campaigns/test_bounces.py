"""Mails that come back: what they say, and that no other mail says anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.bounce import Report, leads_nowhere, read_report

TOKEN = "abcdefghijklmnopqrstuvwxyz012345"  # noqa: S105


def report(action: str, status: str, *, envelope_id: str = "", message_id: str = "") -> bytes:
    """A notification as RFC 3464 has them."""
    lines = [
        "From: MAILER-DAEMON@mx.example.com",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"',
        *("", "--cut", "Content-Type: text/plain", "", "Your message could not be delivered."),
        *("--cut", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example.com"),
        *([f"Original-Envelope-Id: {envelope_id}"] if envelope_id else []),
        *("", "Final-Recipient: rfc822; ada@example.com", f"Action: {action}", f"Status: {status}", ""),
    ]
    if message_id:
        lines += ["--cut", "Content-Type: message/rfc822", "", f"Message-ID: {message_id}", "", "Hello"]
    return "\r\n".join([*lines, "--cut--", ""]).encode("utf-8", "replace")


@pytest.mark.parametrize(
    ("action", "status", "verdict"),
    [
        ("failed", "5.1.1", "hard"),
        ("failed", "5.7.1 (policy)", "hard"),
        ("failed", "4.4.7", "soft"),
        ("failed", "5.2.2", "soft"),
        ("failed", "5.4.4", "soft"),
        ("delivered", "2.0.0", "delivered"),
        ("relayed", "2.0.0", "delivered"),
        ("Failed", "", "hard"),
    ],
)
def test_what_a_notification_says(action: str, status: str, verdict: str) -> None:
    found = read_report(report(action, status, envelope_id=TOKEN))
    assert found == [Report(verdict, status.split(" ")[0], "ada@example.com", TOKEN)]  # type: ignore[arg-type]


def test_a_delay_is_no_end() -> None:
    assert read_report(report("delayed", "4.4.1", envelope_id=TOKEN)) == []


def test_the_message_is_known_by_its_id_where_the_envelope_has_none() -> None:
    [found] = read_report(report("failed", "5.1.1", message_id=f"<{TOKEN}@acme.example>"))
    assert found.token == TOKEN
    [found] = read_report(report("failed", "5.1.1"))
    assert found.token == ""
    [found] = read_report(report("failed", "5.1.1", message_id="<short@acme.example>"))
    assert found.token == ""


def test_only_bad_addresses_lead_nowhere() -> None:
    assert [
        each for each in ("5.1.1", "5.1.10", "5.2.1", "5.2.2", "5.7.1", "4.1.1", "") if leads_nowhere(each)
    ] == [
        "5.1.1",
        "5.1.10",
        "5.2.1",
    ]


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(content: bytes) -> None:
    read_report(content)
    read_report(report("failed", "5.1.1", envelope_id=TOKEN)[: len(content) * 3] + content)


@given(st.text(), st.text(), st.text())
def test_no_fields_are_too_strange(action: str, status: str, envelope_id: str) -> None:
    for found in read_report(report(action, status, envelope_id=envelope_id)):
        assert len(found.token) in (0, *range(16, 65))
