"""Whose row is it: gives the rows of a file to the leads that own them, and opens new leads for others."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from leads.core.rows import Known, LeadRecord, LeadRow, PhoneRecord, PhoneRow

Duplicates = Literal["skip", "update", "keep"]
"""What becomes of a row whose lead is there already; keep makes a second lead of it."""

Match = Literal["phone", "external-id", "both"]
"""What makes two rows the same lead. By external id, a row without one is still matched by phone."""

RowReason = Literal["new", "duplicate-updated", "duplicate-unchanged", "duplicate-skipped"]

REASONS: Mapping[str, str] = {
    "new": "The row became a new lead.",
    "duplicate-updated": "The lead was there already; the row changed or added something.",
    "duplicate-unchanged": "The lead was there already; the row changed nothing.",
    "duplicate-skipped": "The lead was there already; the row was left out.",
}
"""Every reason of a row that was not rejected, as a sentence."""


class Placed(NamedTuple):
    """What became of a row."""

    lead_id: int
    reason: RowReason


def owners_of(row: LeadRow, match: Match, known: Known) -> Iterator[int]:
    """The leads that a row may be about: those of its phones in their order, then that of its external id."""
    if match != "external-id" or not row.external_id:
        for phone in row.phones:
            if (owner := known.by_phone.get(phone.e164)) is not None:
                yield owner
    if match == "phone" or not row.external_id:
        return
    if (owner := known.by_external_id.get(row.external_id)) is not None:
        yield owner


class _Before(NamedTuple):
    """A lead as it was before rows were merged into it."""

    timezone: str
    values: tuple[object, ...]
    turn: tuple[object, ...]
    phones: dict[str, tuple[str, str]]
    """By number: what was said of it."""

    @classmethod
    def of(cls, lead: LeadRecord) -> "_Before":
        return cls(
            lead.timezone, lead.values, lead.turn, {e164: each.said for e164, each in lead.phones.items()}
        )


class Desk:
    """Places rows, one by one, and tells what has to be written when all are placed.

    Matched by both, the lead that owns the row's first known phone takes it, else the owner of its external
    id. A merge replaces values by those that the row gives and adds its new phones behind the others; it
    never takes a phone from another lead (but shares it, where external ids alone tell leads apart) and never
    changes an external id: one that no lead has becomes the lead's, as another one beside its own.
    Rows for one lead are folded: where the last one leaves it as it was, nothing has changed.

    A row that is skipped is said to be of the oldest lead that it may be about. Since it leaves nothing
    behind, rows below it may open leads for its other numbers; the oldest is the same when it comes again.
    """

    def __init__(
        self, duplicates: Duplicates, match: Match, list_id: int, ids: Iterator[int], known: Known
    ) -> None:
        self._duplicates = duplicates
        self._match = match
        self._list_id = list_id
        self._ids = ids
        self._known = known
        self._before: dict[int, _Before] = {}
        """By id: leads that were there, and into which rows were merged."""
        self._named: set[int] = set()
        """Leads that got an external id."""
        self._reached: set[int] = set()
        """Leads that got a phone."""
        self.new: dict[int, LeadRecord] = {}
        """By id: leads that these rows opened."""
        self.new_phones: list[tuple[LeadRecord, PhoneRecord]] = []
        """Of new leads and of others, in the order in which they came."""
        self.aliases: dict[str, LeadRecord] = {}
        """External ids under which rows of leads came that have another one of their own."""
        self.changed: dict[int, LeadRecord] = {}
        """By id: leads that were there and have new values."""
        self.changed_phones: dict[int, tuple[LeadRecord, PhoneRecord]] = {}
        """By phone id: numbers that were there, with a new label, extension or zone."""
        self.moved: set[int] = set()
        """Leads that were there and may be called at other times, in another order, or at a new phone."""

    def place_all(self, rows: Sequence[LeadRow]) -> list[Placed]:
        """Places rows in their order."""
        placed = [self._place(row) for row in rows]
        same = {lead_id for lead_id, before in self._before.items() if not self._settle(lead_id, before)}
        return [
            Placed(each.lead_id, "duplicate-unchanged")
            if each.reason == "duplicate-updated" and each.lead_id in same
            else each
            for each in placed
        ]

    def _place(self, row: LeadRow) -> Placed:
        if self._duplicates == "keep":
            return Placed(self._open(row).id, "new")
        owners = owners_of(row, self._match, self._known)
        owner = min(owners, default=None) if self._duplicates == "skip" else next(owners, None)
        if owner is None:
            lead = self._open(row)
            self._known.leads[lead.id] = lead
            return Placed(lead.id, "new")
        if self._duplicates == "skip":
            return Placed(owner, "duplicate-skipped")
        known = self._known.leads.get(owner)
        changed = known is not None and self._merge(known, row)
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
            record = PhoneRecord(e164, position + 1, extension, label, kind, region, zones)
            lead.phones[e164] = record
            self.new_phones.append((lead, record))
            added = True
        return added

    def _merge(self, lead: LeadRecord, row: LeadRow) -> bool:
        if lead.id not in self.new and lead.id not in self._before:
            self._before[lead.id] = _Before.of(lead)
        named = self._name(lead, row.external_id)
        changed = _merge_values(lead, row)
        for phone in row.phones:
            known = lead.phones.get(phone.e164)
            changed = (known is not None and _say_more(known, phone)) or changed
        if self._add_phones(lead, row.phones):
            self._reached.add(lead.id)
            return True
        return changed or named

    def _name(self, lead: LeadRecord, external_id: str | None) -> bool:
        """Gives a lead an external id that no lead has: as its own, or beside it."""
        by_external_id = self._known.by_external_id
        if not external_id or external_id == lead.external_id or external_id in by_external_id:
            return False
        by_external_id[external_id] = lead.id
        self._named.add(lead.id)
        if lead.external_id:
            self.aliases[external_id] = lead
        else:
            lead.external_id = external_id
        return True

    def _settle(self, lead_id: int, before: _Before) -> bool:
        """Notes what has to be written of a lead that was there; whether anything of it is new."""
        lead = self._known.leads[lead_id]
        if lead.values != before.values:
            self.changed[lead_id] = lead
        if lead.turn != before.turn or lead_id in self._reached:
            self.moved.add(lead_id)
        retold = False
        for e164, said in before.phones.items():
            phone = lead.phones[e164]
            retold = retold or phone.said != said
            if phone.id is not None and (phone.said != said or lead.timezone != before.timezone):
                self.changed_phones[phone.id] = (lead, phone)
        return retold or lead_id in self.changed or lead_id in self._reached or lead_id in self._named


def _merge_values(lead: LeadRecord, row: LeadRow) -> bool:
    before = (lead.texts, lead.priority, lead.rank, lead.not_before)
    lead.texts = tuple([new or old for new, old in zip(row.texts, lead.texts, strict=True)])
    lead.priority = lead.priority if row.priority is None else row.priority
    lead.rank = lead.rank if row.rank is None else row.rank
    lead.not_before = row.not_before or lead.not_before
    changed = before != (lead.texts, lead.priority, lead.rank, lead.not_before)
    return _merge_custom(lead, row.custom) or changed


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
    before = known.said
    known.extension = phone.extension or known.extension
    known.label = phone.label or known.label
    return before != known.said
