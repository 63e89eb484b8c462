"""What a SIP message's Reason headers say (RFC 3326): of the telephone network, and of SIP itself."""

import re
from dataclasses import dataclass

MOST_CHARS = 200
_HEADER = re.compile(rb"^Reason[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_Q850 = re.compile(rb"\bQ\.850\b[^\r\n]*?;\s*cause\s*=\s*(\d{1,3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reasons:
    """`q850_cause` is ITU-T Q.850's; `text` is what all headers say, cut to MOST_CHARS."""

    q850_cause: int | None = None
    text: str = ""


NONE = Reasons()


def reasons_of(message: bytes) -> Reasons:
    """Reads a whole message, which may hold anything."""
    values = _HEADER.findall(message.partition(b"\r\n\r\n")[0])
    causes = [int(found[1]) for value in values if (found := _Q850.search(value))]
    text = b", ".join(values).decode("utf-8", "replace")
    printable = "".join(each if each.isprintable() else " " for each in text)
    return Reasons(causes[0] if causes else None, printable[:MOST_CHARS])
