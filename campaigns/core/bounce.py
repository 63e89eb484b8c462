"""What a mail system says about a message that was sent: delivery status notifications.

Sources: RFC 3464 (the form), RFC 3461 (the envelope id), RFC 3463 (the status codes).
"""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from typing import Literal

LONGEST_REPORT = 1 << 20
"""Octets that are read; a report that returns a whole message may have more."""
_MOST_RECIPIENTS = 100

Verdict = Literal["delivered", "hard", "soft"]
"""`hard`: the address leads nowhere. `soft`: what kept the message away passes."""

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_MESSAGE_ID = re.compile(r"^message-id:\s*<([^<>@\s]{16,64})@", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_NOWHERE = re.compile(r"5\.1\.[0-9]+|5\.2\.1")
"""Bad addresses, and mailboxes that are disabled."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one message for one address.

    `token` is the message's own, of the envelope id or the message id; empty where the report has neither.
    """

    verdict: Verdict
    status: str
    """As RFC 3463 writes it, 5.1.1; empty where the report has none."""
    address: str
    token: str


def leads_nowhere(status: str) -> bool:
    """Whether a status means that the address itself is bad, and not this message or this moment."""
    return _NOWHERE.fullmatch(status) is not None


def read_report(content: bytes) -> list[Report]:
    """The reports in a mail, one an address; none where it is no delivery status notification.

    Reports of mere delay are left out. Anyone can send such a mail: only the token says that it is about a
    message of ours.
    """
    mail = message_from_bytes(content[:LONGEST_REPORT], policy=policy.compat32)
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return []
    parts = [each for each in mail.get_payload() if isinstance(each, Message)]
    status = next((each for each in parts if each.get_content_type() == "message/delivery-status"), None)
    if status is None or not isinstance(fields := status.get_payload(), list) or not fields:
        return []
    token = _token(fields[0], parts)
    found = []
    for group in fields[1 : _MOST_RECIPIENTS + 1]:
        if isinstance(group, Message) and (report := _report(group, token)) is not None:
            found.append(report)
    return found


def _report(group: Message, token: str) -> Report | None:
    action = str(group.get("Action", "")).split(";")[0].strip().lower()
    codes = _STATUS.search(str(group.get("Status", "")))
    status = codes[0] if codes else ""
    if action in ("delivered", "relayed", "expanded"):
        # A mail that went on to where nobody reports back was taken, which is all that will be known.
        verdict: Verdict = "delivered"
    elif action == "failed":
        verdict = "soft" if status.startswith("4") or not _is_final(status) else "hard"
    else:
        return None
    address = str(group.get("Original-Recipient") or group.get("Final-Recipient") or "").partition(";")[2]
    return Report(verdict, status, address.strip()[:254], token)


def _is_final(status: str) -> bool:
    """5.2.2 is a full mailbox, and 5.4.x a way that is broken: given up this time, and worth another."""
    return not status.startswith("5.2.2") and not status.startswith("5.4.")


def _token(of_message: object, parts: list[Message]) -> str:
    if isinstance(of_message, Message):
        envelope = str(of_message.get("Original-Envelope-Id", "")).strip()
        if _TOKEN.fullmatch(envelope):
            return envelope
    for part in parts:
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            found = _MESSAGE_ID.search(_text_of(part))
            if found and _TOKEN.fullmatch(found[1]):
                return found[1]
    return ""


def _text_of(part: Message) -> str:
    inner = part.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        return f"Message-ID: {inner[0].get('Message-ID', '')}"
    return str(inner)
