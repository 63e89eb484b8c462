"""Writes leads as CSV or XLSX, in constant memory, in a form that can be loaded again."""

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xlsxwriter import Workbook  # type: ignore[import-untyped]

from leads.core.columns import MAX_COLUMNS, neutral_cell
from leads.core.lead_filter import LeadFilter
from leads.errors import ExportError
from leads.stores.search import Chosen, SearchStore
from leads.stores.shared import ROWS_PER_STATEMENT, Sessions
from leads.tables import Lead, Phone
from leads.threads import in_thread

FORMATS = ("csv", "xlsx")
MAX_PHONES = 20
"""Phones that a lead is exported with; further ones are left out."""
MAX_SHEET_ROWS = 1_048_576
"""Of an XLSX sheet, the header included."""

_CHUNK_BYTES = 1 << 16
_BEFORE_PHONES = ("external_id",)
_AFTER_PHONES = (
    "first_name",
    "last_name",
    "email",
    "country",
    "region",
    "postal_code",
    "timezone",
    "language",
    "owner",
    "priority",
    "rank",
    "best_time",
    "not_before",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is exported: the leads, and the columns that they need."""

    chosen: Chosen
    phones: int
    labelled: frozenset[int]
    """The phones, from 0, for which somebody has said what they are."""
    custom: tuple[str, ...]

    @property
    def header(self) -> list[str]:
        """The columns' names, as a load understands them."""
        names = [*_BEFORE_PHONES]
        for index in range(self.phones):
            name = f"phone{index + 1}" if index else "phone"
            names += [name, f"{name}_type"] if index in self.labelled else [name]
        return [*names, *_AFTER_PHONES, *self.custom]

    def row(self, lead: Lead, phones: Sequence[Phone]) -> list[str]:
        """A lead's cells."""
        cells = [_text(getattr(lead, name)) for name in _BEFORE_PHONES]
        for index in range(self.phones):
            phone = phones[index] if index < len(phones) else None
            cells.append(_number(phone) if phone else "")
            if index in self.labelled:
                cells.append(phone.label if phone else "")
        cells += [_text(getattr(lead, name)) for name in _AFTER_PHONES]
        return cells + [lead.custom.get(name, "") for name in self.custom]


async def plan_export(sessions: Sessions, wanted: LeadFilter, file_format: str) -> Plan:
    """Looks through the leads once, so that the header is known and nothing fails half-way.

    Raises ExportError, and what `SearchStore.choose` raises.
    """
    if file_format not in FORMATS:
        raise ExportError(f"{file_format[:40]!r} is not a format; use {' or '.join(FORMATS)}.")
    async with sessions() as session:
        store = SearchStore(session)
        chosen = await store.choose(wanted)
        columns = [(rank, label) for rank, label in await store.phone_columns(chosen) if rank <= MAX_PHONES]
        plan = Plan(
            chosen,
            phones=max((rank for rank, _ in columns), default=1),
            labelled=frozenset(rank - 1 for rank, label in columns if label),
            custom=tuple(await store.custom_names(chosen)),
        )
        too_many = file_format == "xlsx" and await store.count(chosen) >= MAX_SHEET_ROWS
    if too_many:
        raise ExportError(f"A sheet holds {MAX_SHEET_ROWS - 1:,} leads at most; export them as CSV.")
    if len(plan.header) > MAX_COLUMNS:
        raise ExportError(
            f"The leads have more than {MAX_COLUMNS} columns together; export one list after the other."
        )
    return plan


async def export_csv(sessions: Sessions, plan: Plan) -> AsyncGenerator[bytes, None]:
    """The leads as CSV (RFC 4180, UTF-8), some rows at a time."""
    yield csv_lines([plan.header])
    async with aclosing(_pages(sessions, plan)) as pages:
        async for rows in pages:
            yield csv_lines(rows)


async def export_xlsx(sessions: Sessions, plan: Plan) -> AsyncGenerator[bytes, None]:
    """The leads as a workbook of one sheet, all of whose cells are text; some bytes at a time."""
    with TemporaryDirectory(prefix="dialer-export-") as folder:
        path = Path(folder) / "leads.xlsx"
        await _write_workbook(sessions, plan, path)
        with await in_thread(lambda: path.open("rb")) as file:
            while chunk := await in_thread(lambda: file.read(_CHUNK_BYTES)):
                yield chunk


async def export_file(sessions: Sessions, plan: Plan, file_format: str, path: Path) -> None:
    """Writes a file; it is there only when it is whole. Raises ExportError where it cannot be written."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    content = export_csv(sessions, plan) if file_format == "csv" else export_xlsx(sessions, plan)
    try:
        with await in_thread(lambda: unfinished.open("wb")) as file:
            async with aclosing(content):
                async for chunk in content:
                    await in_thread(partial(file.write, chunk))
        await in_thread(lambda: unfinished.replace(path))
    except OSError as error:
        raise ExportError(f"{path} cannot be written ({error.strerror}); choose another file.") from error
    finally:
        await in_thread(lambda: unfinished.unlink(missing_ok=True))


async def _write_workbook(sessions: Sessions, plan: Plan, path: Path) -> None:
    workbook = Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    try:
        sheet = workbook.add_worksheet("Leads")
        await in_thread(lambda: _write_rows(sheet, 0, [plan.header]))
        written = 1
        async with aclosing(_pages(sessions, plan)) as pages:
            async for rows in pages:
                # Leads that were loaded since the plan was made may be too many.
                fitting = rows[: MAX_SHEET_ROWS - written]
                await in_thread(partial(_write_rows, sheet, written, fitting))
                written += len(fitting)
    finally:
        await in_thread(workbook.close)


async def _pages(sessions: Sessions, plan: Plan) -> AsyncGenerator[list[list[str]], None]:
    """The rows, some at a time. No transaction stays open meanwhile: it would keep writers waiting."""
    last = 0
    while True:
        async with sessions() as session:
            store = SearchStore(session)
            leads = await store.page(plan.chosen, last, ROWS_PER_STATEMENT)
            phones = await store.phones([lead.id for lead in leads])
        if not leads:
            return
        yield [plan.row(lead, phones.get(lead.id, ())) for lead in leads]
        last = leads[-1].id


def csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as CSV; no cell is one that a spreadsheet takes for a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([neutral_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _write_rows(sheet: Any, first: int, rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, first):
        for column, cell in enumerate(row):
            if cell:
                sheet.write_string(number, column, neutral_cell(cell))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def _number(phone: Phone) -> str:
    return f"{phone.e164} ext. {phone.extension}" if phone.extension else phone.e164
