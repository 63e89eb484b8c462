"""The reasons for which a client's agents pause."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from campaigns.errors import InvalidPauseReasonsError, UnknownPauseReasonError

LONGEST_PAUSE_MINUTES = 24 * 60
MOST_REASONS = 50

_CODE = re.compile(r"[a-z0-9_-]{1,40}")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Pause:
    """A reason for pauses: its code, what people read, whether such time is paid, how long one may last.

    Raises InvalidPauseReasonsError.
    """

    code: str
    name: str
    paid: bool = True
    limit_minutes: int | None = None
    """None for no limit."""

    def __post_init__(self) -> None:
        limit = self.limit_minutes
        if not isinstance(self.code, str) or not _CODE.fullmatch(self.code):
            raise InvalidPauseReasonsError("A pause's code has 1 to 40 small letters, digits, - and _.")
        if not self.name.strip() or len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            raise InvalidPauseReasonsError(f"A pause's name has 1 to {_LONGEST_NAME} printable characters.")
        if limit is not None and not (type(limit) is int and 1 <= limit <= LONGEST_PAUSE_MINUTES):
            raise InvalidPauseReasonsError(
                f"limit_minutes is a whole number from 1 to {LONGEST_PAUSE_MINUTES}, or null for no limit."
            )


DEFAULT_PAUSES = (
    Pause("break", "Break", limit_minutes=15),
    Pause("lunch", "Lunch", paid=False, limit_minutes=60),
    Pause("meeting", "Meeting"),
    Pause("training", "Training or coaching"),
    Pause("paperwork", "Paperwork"),
    Pause("technical", "Technical trouble"),
    Pause("personal", "Personal", paid=False),
)
"""What a client has that has chosen none."""


def checked_pauses(pauses: Iterable[Pause]) -> list[Pause]:
    """A client's list. Raises InvalidPauseReasonsError."""
    checked = list(pauses)
    if len(checked) > MOST_REASONS:
        raise InvalidPauseReasonsError(f"A client has at most {MOST_REASONS} pause reasons.")
    if len({each.code for each in checked}) < len(checked):
        raise InvalidPauseReasonsError("Two pause reasons have one code; give each its own.")
    return checked


def check_reason(code: str, pauses: Sequence[Pause]) -> None:
    """Raises UnknownPauseReasonError, which names those there are."""
    if code not in {each.code for each in pauses}:
        known = ", ".join(each.code for each in pauses)
        raise UnknownPauseReasonError(f"{code[:40]!r} is no reason for a pause here; use {known}.")
