"""What is recorded of a caller ID: what shows the client's right to it, its cap, its name, its day."""

from dataclasses import dataclass
from datetime import date

from campaigns.errors import InvalidCallerIdError
from leads.core.timezone import known_zone

ATTESTATIONS = ("", "A", "B", "C")
"""Levels of STIR/SHAKEN (ATIS-1000074): full, partial, gateway; empty where nobody said."""
LONGEST_NAME = 32
"""Characters of a display name. Many networks show the first 15."""
HIGHEST_CAP = 1_000_000
LONGEST_TEXT = 200
UTC_ZONE = "UTC"

_NOT_IN_A_HEADER = frozenset('"\\<>')
"""Characters that a SIP header would have to quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdDetails:
    """What is recorded of one number. Raises InvalidCallerIdError."""

    owner: str
    """To whom its carrier has assigned it."""
    document: str
    """What shows the client's right to use it, and where that is kept."""
    recorded_by: str
    owned_from: date
    owned_until: date | None = None
    """The last day of that right; None where no end is set."""
    timezone: str
    """The IANA zone whose midnight ends its day, or UTC."""
    attestation: str = ""
    """What its carrier is to give: one of ATTESTATIONS."""
    display_name: str = ""
    daily_cap: int | None = None
    """Calls a day; None for no cap."""
    active: bool = True

    def __post_init__(self) -> None:
        _text("owner", self.owner, "who the number is assigned to")
        _text("document", self.document, "what shows the right to use it, as in LOA of 2026-11-03")
        _text("recorded_by", self.recorded_by, "who records this")
        if self.owned_until is not None and self.owned_until < self.owned_from:
            raise InvalidCallerIdError("owned_until is the last day of the right; it lies before the first.")
        if self.timezone != UTC_ZONE and known_zone(self.timezone) != self.timezone:
            raise InvalidCallerIdError("timezone is a place's IANA zone, as in America/New_York, or UTC.")
        if self.attestation not in ATTESTATIONS:
            raise InvalidCallerIdError("attestation is A, B or C; leave it out where nobody said.")
        name = self.display_name
        if len(name) > LONGEST_NAME or not name.isprintable() or _NOT_IN_A_HEADER & set(name):
            raise InvalidCallerIdError(
                f'display_name has at most {LONGEST_NAME} printable characters, and none of " \\ < >.'
            )
        cap = self.daily_cap
        if cap is not None and not (type(cap) is int and 1 <= cap <= HIGHEST_CAP):
            raise InvalidCallerIdError(f"daily_cap is a whole number from 1 to {HIGHEST_CAP}.")


def _text(name: str, value: str, what: str) -> None:
    if not value.strip() or len(value) > LONGEST_TEXT or not value.isprintable():
        raise InvalidCallerIdError(f"{name} says {what}, in at most {LONGEST_TEXT} characters on one line.")
