"""Loads, dry runs and mappings in lines for people."""

from collections.abc import Sequence

from leads.core.merging import REASONS
from leads.core.values import quoted, quoted_names
from leads.importing.mappings import SavedMapping
from leads.importing.preview import ImportPreview
from leads.importing.report import ImportReport

_HOW = {
    "exact": "by its name",
    "guess": "guessed",
    "chosen": "as chosen",
    "preset": "by the preset",
    "custom": "kept as a custom field",
    "ignored": "left out",
}


def import_lines(report: ImportReport) -> list[str]:
    """What became of the rows."""
    lines = [
        f"{report.list_name}: {report.rows:,} rows, {report.accepted:,} accepted, "
        f"{report.merged:,} merged, {report.rejected:,} rejected."
    ]
    if report.resumed_rows:
        lines.append(f"  {report.resumed_rows:,} of them by an earlier load that was cut off.")
    if report.repeats:
        lines.append(
            f"  Load {report.repeats} has brought the same file before, so its rows were left as they are; "
            "--from-start loads them again."
        )
    lines += sheet_lines(report.sheet, report.other_sheets)
    for code, count in report.reasons.items():
        example = next((example for example in report.examples if example.code == code), None)
        shown = f"  (row {example.row}: {example.sentence})" if example else ""
        lines.append(f"  {count:>7,}  {code}{shown}")
    lines += [f"  {count:>7,}  {code}  ({REASONS[code]})" for code, count in report.merges.items()]
    if report.notes:
        left_out = ", ".join(f"{code} {count:,}" for code, count in report.notes.items())
        lines.append(f"Values left out of leads that were loaded: {left_out}.")
    return lines


def preview_lines(found: ImportPreview) -> list[str]:
    """What a load would make of a file."""
    lines = [*sheet_lines(found.sheet, found.other_sheets), "Columns:"]
    for column in found.columns:
        field = f"{column.field}, " if column.field else ""
        lines.append(f"  {column.column:>3}  {column.header}: {field}{_HOW[column.how]}")
    lines.append("First rows:")
    for row in found.first_rows:
        if row.code:
            lines.append(f"  row {row.row}: rejected, {row.code} ({row.reason})")
            continue
        values = "; ".join(f"{name}: {value}" for name, value in row.values.items())
        lines.append(f"  row {row.row}: {', '.join(row.phones)}" + (f"; {values}" if values else ""))
    part = "" if found.whole else " first"
    lines.append(
        f"Of the{part} {found.rows:,} rows, {found.readable:,} can be read, {found.rejected:,} would be "
        "rejected."
    )
    lines += [f"  {count:>7,}  {code}" for code, count in found.reasons.items()]
    if found.notes:
        left_out = ", ".join(f"{code} {count:,}" for code, count in found.notes.items())
        lines.append(f"Values that would be left out: {left_out}.")
    return [*lines, "Nothing was stored."]


def sheet_lines(sheet: str, other_sheets: Sequence[str]) -> list[str]:
    """Which sheet of a workbook was read, where it could have been another."""
    if not other_sheets:
        return []
    return [
        f"Read from the sheet {quoted(sheet)}. Other sheets have rows too: "
        f"{quoted_names(other_sheets)}; --sheet reads one of them."
    ]


def mapping_lines(found: Sequence[SavedMapping]) -> list[str]:
    """Saved mappings."""
    if not found:
        return ["No mapping is saved; dialer leads import … --save-mapping NAME saves one."]
    lines = []
    for mapping in found:
        preset = f"  (preset {mapping.preset})" if mapping.preset else ""
        columns = ", ".join(f"{field}={header}" for field, header in mapping.columns.items())
        lines.append(f"{mapping.name}{preset}: {columns or 'columns by their names'}")
    return lines
