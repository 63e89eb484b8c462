"""A message as a mail (RFC 5322), with what a sender in bulk owes its readers (RFC 8058)."""

import quopri
import re
from collections.abc import Iterator
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, parseaddr

from campaigns.messaging.port import Outgoing, PermanentFailure

_LONGEST_SUBJECT = 300
_ADDRESS = re.compile(
    r"[^\s<>@,;:\"()\[\]\\\x00-\x1f\x7f-\x9f]{1,64}@[^\s<>@,;:\"()\[\]\\\x00-\x1f\x7f-\x9f]{1,253}"
)
_URL = re.compile(r"https?://[\x21-\x3b\x3d\x3f-\x7e]+")
"""Visible ASCII without < and >, so that it ends no header and no bracket."""
_PLAIN = re.compile(r"[A-Za-z0-9 !#$%&'*+/^_`{|}~-]{0,70}")
"""What stands in any header as it is, also before an address; an encoded word has =? in it."""
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
    sender = on_the_wire(address_of(outgoing.sender))
    name = _one_line(parseaddr(outgoing.sender)[0])
    headers = [
        *_fixed_headers(outgoing),
        f"From: {_encoded(name, 'From')} <{sender}>" if name else f"From: {sender}",
        f"To: {on_the_wire(address_of(outgoing.to_address))}",
        f"Subject: {_encoded(_one_line(outgoing.subject)[:_LONGEST_SUBJECT], 'Subject')}",
        f"Date: {format_datetime(now)}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ]
    parts = [_part("text/plain", outgoing.body_text or _one_line(outgoing.subject))]
    if outgoing.body_html:
        parts.append(_part("text/html", outgoing.body_html))
    if outgoing.calendar:
        found = _METHOD.search(outgoing.calendar)
        method = found[1].upper() if found else "PUBLISH"
        parts.append(_part(f"text/calendar; method={method}", outgoing.calendar))
    if len(parts) == 1:
        return "\r\n".join(headers).encode() + b"\r\n" + parts[0]
    # No line of quoted-printable text has such a sign before such a letter.
    boundary = f"=_{outgoing.token}"
    headers += [f'Content-Type: multipart/alternative; boundary="{boundary}"', "", ""]
    pieces = [f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts]
    return "\r\n".join(headers).encode() + b"".join(pieces) + f"--{boundary}--\r\n".encode()


def _part(kind: str, text: str) -> bytes:
    """A part with its headers. Lines end as those of mail do, whatever ended them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    content = quopri.encodestring(lines).replace(b"\n", b"\r\n")
    head = f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + content


def _encoded(text: str, header: str) -> str:
    """A text in a header: as it is where it is plain, else in encoded words (RFC 2047)."""
    if _PLAIN.fullmatch(text):
        return text
    return Header(text, "utf-8", header_name=header, maxlinelen=76).encode(linesep="\r\n")


def _fixed_headers(outgoing: Outgoing) -> Iterator[str]:
    yield f"Message-ID: {message_id(outgoing)}"
    if _URL.fullmatch(outgoing.unsubscribe_url):
        yield f"List-Unsubscribe: <{outgoing.unsubscribe_url}>"
        if outgoing.unsubscribe_url.startswith("https:"):
            yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def _one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
