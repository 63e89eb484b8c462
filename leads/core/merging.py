"""Whose row is it: gives the rows of a file to the leads that own them, and opens new leads for others."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

Duplicates = Literal["skip", "update", "keep"]
"""What becomes of a row whose lead is there already; keep makes a second lead of it."""

Match = Literal["phone", "external-id", "both"]
"""What makes two rows the same lead. By external id, a row without one is still matched by phone."""

RowReason = Literal["new", "duplicate-updated", "duplicate-unchanged", "duplicate-skipped"]

REASONS: Mapping[str, str] = {
    "new": "The row became a new lead.",
    "duplicate-updated": "The lead was there already; the row changed some of its values.",
    "duplicate-unchanged": "The lead was there already and has all that the row says.",
    "duplicate-skipped": "The lead was there already; the row was left out.",
}
"""Every reason of a row that was not rejected, as a sentence."""

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
    def turn(self) -> tuple[object, ...]:
        """What decides when and in which order it is called, its phones apart."""
        return self.timezone, self.texts[_BEST_TIME], self.priority, self.rank, self.not_before


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has of some rows' leads; `leads` only where they may be changed."""

    by_phone: dict[str, int]
    """E.164 to the lead that had it first."""
    by_external_id: dict[str, int]
    leads: dict[int, LeadRecord]


class Placed(NamedTuple):
    """What became of a row."""

    lead_id: int
    reason: RowReason


def zone_group_code(region: str, timezone: str, zones: str) -> str:
    """The zone group of a number: its region and the zones that have to be open for a call.

    The lead's own zone is what the list's owner knows of the person; a number only hints at a place.
    """
    return f"{region}:{timezone or zones}"


def owner_of(row: LeadRow, match: Match, known: Known) -> int | None:
    """The lead that a row is about, if it is known."""
    if match != "external-id" or not row.external_id:
        for phone in row.phones:
            if (owner := known.by_phone.get(phone.e164)) is not None:
                return owner
    if match != "phone" and row.external_id:
        return known.by_external_id.get(row.external_id)
    return None


class Desk:
    """Places rows, one by one.

    Matched by both, the lead that owns the row's first known phone takes it, else the owner of its external
    id. A merge replaces values by those that the row gives and adds its new phones
    behind the others; it never takes a phone from another lead (but shares it, where external ids alone tell
    leads apart) and never changes an external id. So placing the same rows again changes nothing.
    """

    def __init__(
        self, duplicates: Duplicates, match: Match, list_id: int, ids: Iterator[int], known: Known
    ) -> None:
        self._duplicates = duplicates
        self._match = match
        self._list_id = list_id
        self._ids = ids
        self._known = known
        self.new: dict[int, LeadRecord] = {}
        """By id: leads that these rows opened."""
        self.changed: dict[int, LeadRecord] = {}
        """By id: leads that were there and have new values or new phones."""
        self.changed_phones: dict[int, tuple[LeadRecord, PhoneRecord]] = {}
        """By phone id: numbers that were there, with a new label, extension or zone."""
        self.moved: set[int] = set()
        """Those of `changed` that may be called at other times, in another order, or at a new phone."""

    def place_all(self, rows: Sequence[LeadRow]) -> list[Placed]:
        """Places rows in their order."""
        return [self._place(row) for row in rows]

    def _place(self, row: LeadRow) -> Placed:
        if self._duplicates == "keep":
            return Placed(self._open(row).id, "new")
        owner = owner_of(row, self._match, self._known)
        if owner is None:
            lead = self._open(row)
            self._known.leads[lead.id] = lead
            return Placed(lead.id, "new")
        if self._duplicates == "skip":
            return Placed(owner, "duplicate-skipped")
        changed = self._merge(self._known.leads[owner], row)
        return Placed(owner, "duplicate-updated" if changed else "duplicate-unchanged")

    def _open(self, row: LeadRow) -> LeadRecord:
        lead = LeadRecord(
            next(self._ids),
            self._list_id,
            row.external_id,
            row.texts,
            row.priority or 0,
            row.rank or 0,
            row.not_before,
            row.custom,
        )
        self.new[lead.id] = lead
        if row.external_id:
            self._known.by_external_id.setdefault(row.external_id, lead.id)
        self._add_phones(lead, row.phones)
        return lead

    def _add_phones(self, lead: LeadRecord, phones: Sequence[PhoneRow]) -> bool:
        """Adds those that nobody owns (matched by external id: those that the lead has not)."""
        added = False
        by_phone = self._known.by_phone
        shared = self._duplicates == "keep" or self._match == "external-id"
        for phone in phones:
            e164, extension, label, kind, region, zones = phone
            if e164 in lead.phones or (e164 in by_phone and not shared):
                continue
            by_phone.setdefault(e164, lead.id)
            position = len(lead.phones) and max(known.position for known in lead.phones.values())
            lead.phones[e164] = PhoneRecord(e164, position + 1, extension, label, kind, region, zones)
            added = True
        return added

    def _merge(self, lead: LeadRecord, row: LeadRow) -> bool:
        timezone, turn = lead.timezone, lead.turn
        changed = self._merge_values(lead, row)
        if lead.timezone != timezone:
            self._note_phones(lead, lead.phones.values())
        for phone in row.phones:
            known = lead.phones.get(phone.e164)
            if known is not None and _say_more(known, phone):
                self._note_phones(lead, [known])
                changed = True
        added = self._add_phones(lead, row.phones)
        changed = changed or added
        if changed and lead.id not in self.new:
            self.changed[lead.id] = lead
            if added or lead.turn != turn:
                self.moved.add(lead.id)
        return changed

    def _note_phones(self, lead: LeadRecord, phones: Iterable[PhoneRecord]) -> None:
        for phone in phones:
            if phone.id is not None:
                self.changed_phones[phone.id] = (lead, phone)

    def _merge_values(self, lead: LeadRecord, row: LeadRow) -> bool:
        before = (lead.external_id, lead.texts, lead.priority, lead.rank, lead.not_before)
        if row.external_id and not lead.external_id and self._is_free(row.external_id):
            lead.external_id = row.external_id
            self._known.by_external_id.setdefault(row.external_id, lead.id)
        lead.texts = tuple([new or old for new, old in zip(row.texts, lead.texts, strict=True)])
        lead.priority = lead.priority if row.priority is None else row.priority
        lead.rank = lead.rank if row.rank is None else row.rank
        lead.not_before = row.not_before or lead.not_before
        changed = before != (lead.external_id, lead.texts, lead.priority, lead.rank, lead.not_before)
        return _merge_custom(lead, row.custom) or changed

    def _is_free(self, external_id: str) -> bool:
        return self._match == "phone" or external_id not in self._known.by_external_id


def _merge_custom(lead: LeadRecord, custom: str) -> bool:
    if custom in ("{}", lead.custom):
        return False
    known = json.loads(lead.custom)
    merged = known | json.loads(custom)
    if merged == known:
        return False
    lead.custom = json.dumps(merged)
    return True


def _say_more(known: PhoneRecord, phone: PhoneRow) -> bool:
    before = (known.extension, known.label)
    known.extension = phone.extension or known.extension
    known.label = phone.label or known.label
    return before != (known.extension, known.label)
