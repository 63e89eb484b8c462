"""A file's rows, and the leads that they meet in the database, as a load carries them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

TEXT_FIELDS = (
    "first_name",
    "last_name",
    "email",
    "country",
    "region",
    "postal_code",
    "timezone",
    "language",
    "owner",
    "best_time",
)
"""The lead's fields in which empty text means that nothing was said."""

_TIMEZONE = TEXT_FIELDS.index("timezone")
_BEST_TIME = TEXT_FIELDS.index("best_time")


class PhoneRow(NamedTuple):
    """A number of a row; `zones` are IANA names, sorted, joined by commas."""

    e164: str
    extension: str
    label: str
    kind: str
    region: str
    zones: str


class ConsentRow(NamedTuple):
    """A consent that a row reports for its numbers and its address."""

    channel: str
    basis: str
    source: str
    given_at: datetime


class LeadRow(NamedTuple):
    """A row that can become a lead: a LeadDraft, flat and small, as it travels between processes."""

    number: int
    """As a spreadsheet numbers it."""
    external_id: str | None
    texts: tuple[str, ...]
    """TEXT_FIELDS in their order."""
    priority: int | None
    rank: int | None
    not_before: datetime | None
    custom: str
    """A JSON object."""
    phones: tuple[PhoneRow, ...]
    consents: tuple[ConsentRow, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class PhoneRecord:
    """A number as the database has it, or will have it; without an id it is new."""

    e164: str
    position: int
    extension: str
    label: str
    kind: str
    region: str
    zones: str = ""
    """As in PhoneRow; empty for a number that is in the database."""
    id: int | None = None

    @property
    def said(self) -> tuple[str, str]:
        """What lists say of it."""
        return self.extension, self.label


@dataclass(slots=True)
class LeadRecord:
    """A lead as the database has it, or will have it."""

    id: int
    list_id: int
    external_id: str | None
    texts: tuple[str, ...]
    priority: int
    rank: int
    not_before: datetime | None
    custom: str
    phones: dict[str, PhoneRecord] = field(default_factory=dict)

    @property
    def timezone(self) -> str:
        """The zone that the list's owner gave."""
        return self.texts[_TIMEZONE]

    @property
    def values(self) -> tuple[object, ...]:
        """All that lists say of it, its phones apart."""
        return self.external_id, self.texts, self.priority, self.rank, self.not_before, self.custom

    @property
    def turn(self) -> tuple[object, ...]:
        """What decides when and in which order it is called, its phones apart."""
        return self.timezone, self.texts[_BEST_TIME], self.priority, self.rank, self.not_before


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has of some rows' leads; `leads` only where they may be changed."""

    by_phone: dict[str, int]
    """E.164 to the lead that had it first."""
    by_external_id: dict[str, int]
    """To the lead that has it, as its own or beside it."""
    leads: dict[int, LeadRecord]


def zone_group_code(region: str, timezone: str, zones: str) -> str:
    """The zone group of a number: its region and the zones that have to be open for a call.

    The lead's own zone is what the list's owner knows of the person; a number only hints at a place.
    """
    return f"{region}:{timezone or zones}"
