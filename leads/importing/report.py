"""What becomes of a load's rows: how it is counted, shown while it goes on, and reported."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from leads.core.merging import Placed
from leads.core.rows import LeadRow
from leads.importing.worker import ReadRows
from leads.tables import LeadImport

EXAMPLES_PER_REASON = 3

SHEET, OTHER_SHEETS, REPEATS = "read_sheet", "other_sheets", "repeats"
"""What a load notes beside its options: which sheet of a workbook it reads, which others have rows, and the
load that has brought the same file before."""


class RowExample(msgspec.Struct, frozen=True):
    """A row that was rejected; `row` as a spreadsheet numbers it."""

    row: int
    code: str
    sentence: str


class ImportProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a load has come; rows = accepted + merged + rejected."""

    rows: int
    accepted: int
    merged: int
    rejected: int
    read_bytes: int
    total_bytes: int | None
    """None where the size of the file is not known."""


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every row: rows = accepted + merged + rejected.

    `reasons` counts the rejected rows by code, `merges` the merged ones, `examples` shows the first of each
    reason, and `notes` counts values of accepted and merged rows that could not be used. `resumed_rows` are
    those that an earlier load did, which was cut off. `sheet` is the one that was read of a workbook, and
    `other_sheets` are others of it that have rows. `repeats` is the load that
    has brought the same file before, so that its rows were left as they are.
    """

    import_id: int
    client: str
    list_name: str
    list_id: int
    rows: int
    accepted: int
    merged: int
    rejected: int
    reasons: dict[str, int]
    merges: dict[str, int]
    notes: dict[str, int]
    examples: list[RowExample]
    resumed_rows: int = 0
    sheet: str = ""
    other_sheets: list[str] = []
    repeats: int | None = None


@dataclass(slots=True)
class Tally:
    """Counts rows by what became of them."""

    accepted: int = 0
    merged: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Of all rows that were not accepted, by code."""
    notes: Counter[str] = field(default_factory=Counter)
    examples: list[RowExample] = field(default_factory=list)
    _shown: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, load: LeadImport) -> "Tally":
        """The counts of a load that is taken up."""
        examples = [RowExample(**example) for example in load.examples]
        shown = Counter(example.code for example in examples)
        reasons, notes = Counter(load.reasons), Counter(load.notes)
        return cls(load.accepted, load.merged, load.rejected, reasons, notes, examples, shown)

    @property
    def rows(self) -> int:
        """All of them."""
        return self.accepted + self.merged + self.rejected

    def add(self, read: ReadRows, placed: Sequence[Placed]) -> None:
        """Counts a chunk."""
        outcomes = Counter([place.reason for place in placed])
        self.accepted += outcomes.pop("new", 0)
        self.merged += outcomes.total()
        self.rejected += len(read.rejected)
        self.reasons.update(outcomes)
        self._note(read.rows)
        for number, code, sentence, _ in read.rejected:
            self.reasons[code] += 1
            if self._shown[code] < EXAMPLES_PER_REASON:
                self._shown[code] += 1
                self.examples.append(RowExample(number, code, sentence))

    def _note(self, rows: Sequence[LeadRow]) -> None:
        for row in rows:
            if row.notes:
                self.notes.update(row.notes)

    def values(self, fingerprint: str, read_bytes: int, now: datetime) -> dict[str, Any]:
        """Columns of the load's own row."""
        return {
            "fingerprint": fingerprint,
            "rows": self.rows,
            "accepted": self.accepted,
            "merged": self.merged,
            "rejected": self.rejected,
            "read_bytes": read_bytes,
            "reasons": dict(self.reasons),
            "notes": dict(self.notes),
            "examples": [msgspec.to_builtins(example) for example in self.examples],
            "updated_at": now,
        }


def report_of(load: LeadImport, client: str, list_name: str, resumed_rows: int = 0) -> ImportReport:
    """What is known of a load by now."""
    merges = {code: count for code, count in load.reasons.items() if code.startswith("duplicate-")}
    reasons = Counter({code: count for code, count in load.reasons.items() if code not in merges})
    return ImportReport(
        import_id=load.id,
        client=client,
        list_name=list_name,
        list_id=load.list_id,
        rows=load.rows,
        accepted=load.accepted,
        merged=load.merged,
        rejected=load.rejected,
        reasons=dict(reasons.most_common()),
        merges=merges,
        notes=dict(Counter(load.notes).most_common()),
        examples=[RowExample(**example) for example in load.examples],
        resumed_rows=resumed_rows,
        sheet=load.options.get(SHEET, ""),
        other_sheets=load.options.get(OTHER_SHEETS, []),
        repeats=load.options.get(REPEATS),
    )
