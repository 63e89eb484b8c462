"""A message as a mail (RFC 5322), with what a sender in bulk owes its readers (RFC 8058)."""

import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from campaigns.messaging.port import Outgoing, PermanentFailure

_LONGEST_SUBJECT = 300
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\\x00-\x1f\x7f]{1,64}@[^\s<>@,;:\"()\[\]\\\x00-\x1f\x7f]{1,253}")
_URL = re.compile(r"https?://[\x21-\x3b\x3d\x3f-\x7e]+")
"""Visible ASCII without < and >, so that it ends no header and no bracket."""
_METHOD = re.compile(r"^METHOD:([A-Z]+)\s*$", re.MULTILINE | re.IGNORECASE)


def address_of(text: str) -> str:
    """The bare address of `Name <name@example.com>`. Raises PermanentFailure for what is none."""
    address = parseaddr(text)[1]
    if not _ADDRESS.fullmatch(address):
        raise PermanentFailure("no-address", unusable=True)
    if not address.partition("@")[0].isascii():
        # Few mail servers take such (RFC 6531), and none on the way may be without it.
        raise PermanentFailure("address-not-ascii")
    return address


def domain_of(address: str) -> str:
    """What is behind the @, in ASCII. Raises PermanentFailure."""
    try:
        return address.rpartition("@")[2].encode("idna").decode()
    except UnicodeError:
        raise PermanentFailure("no-address", unusable=True) from None


def on_the_wire(address: str) -> str:
    """An address with its domain in ASCII, as every mail server knows it."""
    return f"{address.rpartition('@')[0]}@{domain_of(address)}"


def message_id(outgoing: Outgoing) -> str:
    """The Message-ID, the same whenever the message is sent."""
    return f"<{outgoing.token}@{domain_of(address_of(outgoing.sender))}>"


def compose(outgoing: Outgoing, now: datetime) -> bytes:
    """The mail, ready for SMTP. Nothing in it can add a header: what has a line's end is one line.

    Raises PermanentFailure for addresses that are none.
    """
    mail = EmailMessage(policy=SMTP)
    sender = on_the_wire(address_of(outgoing.sender))
    name = _one_line(parseaddr(outgoing.sender)[0])
    mail["From"] = _header_address(name, sender)
    mail["To"] = _header_address("", on_the_wire(address_of(outgoing.to_address)))
    mail["Subject"] = _one_line(outgoing.subject)[:_LONGEST_SUBJECT]
    mail["Date"] = format_datetime(now)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(outgoing.body_text or _one_line(outgoing.subject), cte="quoted-printable")
    if outgoing.body_html:
        mail.add_alternative(outgoing.body_html, subtype="html", cte="quoted-printable")
    if outgoing.calendar:
        found = _METHOD.search(outgoing.calendar)
        method = found[1].upper() if found else "PUBLISH"
        mail.add_alternative(
            outgoing.calendar, subtype="calendar", params={"method": method}, cte="quoted-printable"
        )
    # Beside the library, which would break long lines of these.
    return _fixed_headers(outgoing) + mail.as_bytes()


def _header_address(name: str, address: str) -> Address:
    try:
        return Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError, MessageError):
        raise PermanentFailure("no-address", unusable=True) from None


def _fixed_headers(outgoing: Outgoing) -> bytes:
    lines = [f"Message-ID: {message_id(outgoing)}"]
    if _URL.fullmatch(outgoing.unsubscribe_url):
        lines.append(f"List-Unsubscribe: <{outgoing.unsubscribe_url}>")
        if outgoing.unsubscribe_url.startswith("https:"):
            lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
