"""Who calls whom, by an INVITE that has come. It may hold anything."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_MOST_BYTES = 16_384
_REQUEST = re.compile(rb"\AINVITE[ \t]+(\S+)")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_USER = re.compile(rb"(?:sips?:([^@<>;?\s]+)[^@<>\s]*@|tel:([^<>;?\s]+))", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"[-.() ]")
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_WITHHELD = re.compile(rb"\b(id|user|header|critical)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Invite:
    """From which address it came, and the numbers in it: digits, maybe with a plus; empty for none.

    The caller's is that of the network's assertion (RFC 3325), else of From; empty also where it is withheld
    (RFC 3323). The called one's is the request's own, else that of To.
    """

    source: str
    caller: str
    called: str


def read_invite(source: str, message: bytes) -> Invite:
    """Reads a whole message; `source` is host and port."""
    head = _FOLDED.sub(b" ", message[:_MOST_BYTES].partition(b"\r\n\r\n")[0])
    request = _REQUEST.match(head)
    asked = _number(request[1]) if request else ""
    withheld = any(_WITHHELD.search(each) for each in _headers(head, b"Privacy"))
    asserted = (_number(each) for each in _headers(head, b"P-Asserted-Identity"))
    caller = next((each for each in asserted if each), "") or _first(head, b"From", b"f")
    return Invite(
        source=source.rpartition(":")[0].strip("[]"),
        caller="" if withheld else caller,
        called=asked or _first(head, b"To", b"t"),
    )


def _headers(head: bytes, *names: bytes) -> list[bytes]:
    named = rb"^(?:" + rb"|".join(names) + rb")[ \t]*:[ \t]*([^\r\n]*)"
    return re.findall(named, head, re.IGNORECASE | re.MULTILINE)


def _first(head: bytes, *names: bytes) -> str:
    return next((_number(each) for each in _headers(head, *names)), "")


def _number(address: bytes) -> str:
    """The number in an address; empty where its user is none."""
    found = _USER.search(address)
    if found is None:
        return ""
    user = unquote_to_bytes(found[1] or found[2]).decode("ascii", "replace")
    number = _BETWEEN_DIGITS.sub("", user)
    return number if _NUMBER.fullmatch(number) else ""
