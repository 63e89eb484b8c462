"""Loads as the API shows them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leads.errors import ImportNotFoundError
from leads.importing.report import report_of
from leads.stores.imports import ImportStore
from leads.stores.shared import Session, Sessions
from leads.tables import Client, LeadImport, LeadList


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExampleView:
    """A row that was rejected; `row` as a spreadsheet numbers it."""

    row: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """A load; `state` is running, done or failed, and rows = accepted + merged + rejected.

    `reasons` counts the rejected rows by code, `merges` the merged ones; `progress` runs from 0 to 1 where
    the size is known. `sheet` is the one that is read of a workbook, and `other_sheets` are others of it that
    have rows. `repeats` is the load that has brought the same file before, so that its rows were left as they
    are.
    """

    id: int
    client: str
    list_id: int | None
    list_name: str
    source: str
    sheet: str = ""
    other_sheets: list[str] = field(default_factory=list)
    repeats: int | None = None
    state: str
    rows: int = 0
    accepted: int = 0
    merged: int = 0
    rejected: int = 0
    reasons: dict[str, int]
    merges: dict[str, int]
    notes: dict[str, int]
    examples: list[RowExampleView]
    read_bytes: int = 0
    total_bytes: int | None = None
    progress: float | None = None
    error_code: str = ""
    error: str = ""
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None


async def get_import(sessions: Sessions, import_id: int) -> ImportView:
    """Raises ImportNotFoundError."""
    async with sessions() as session, session.begin():
        view = await _view(session, await ImportStore(session).get(import_id))
    if view is None:
        raise ImportNotFoundError(f"There is no load {import_id}.")
    return view


async def list_imports(
    sessions: Sessions, after: int, limit: int, list_id: int | None = None
) -> list[ImportView]:
    """Loads with a greater number, by number."""
    async with sessions() as session, session.begin():
        loads = await ImportStore(session).page(after, limit, list_id)
        views = [await _view(session, load) for load in loads]
    return [view for view in views if view is not None]


async def _view(session: Session, load: LeadImport) -> ImportView | None:
    """None where the load is just being taken back, and its list with it."""
    lead_list = await session.get(LeadList, load.list_id)
    client = None if lead_list is None else await session.get(Client, lead_list.client_id)
    if lead_list is None or client is None:
        return None
    return view_of(load, client.slug, lead_list.name)


def view_of(load: LeadImport, client: str, list_name: str) -> ImportView:
    """A load of a client's list."""
    report = report_of(load, client, list_name)
    progress = min(1.0, load.read_bytes / load.total_bytes) if load.total_bytes else None
    return ImportView(
        id=load.id,
        client=client,
        list_id=load.list_id,
        list_name=list_name,
        source=load.source,
        sheet=report.sheet,
        other_sheets=report.other_sheets,
        repeats=report.repeats,
        state=load.state,
        rows=load.rows,
        accepted=load.accepted,
        merged=load.merged,
        rejected=load.rejected,
        reasons=report.reasons,
        merges=report.merges,
        notes=report.notes,
        examples=[RowExampleView(row=e.row, code=e.code, sentence=e.sentence) for e in report.examples],
        read_bytes=load.read_bytes,
        total_bytes=load.total_bytes,
        progress=1.0 if load.state == "done" else progress,
        error_code=load.error_code,
        error=load.error,
        started_at=load.started_at,
        updated_at=load.updated_at,
        finished_at=load.finished_at,
    )


def failed_view(import_id: int, kept: dict[str, Any]) -> ImportView:
    """A load that failed and left nothing in the database. Raises ImportNotFoundError."""
    try:
        at = datetime.fromisoformat(kept["at"])
        return ImportView(
            id=import_id,
            client=kept["client"],
            list_id=None,
            list_name=kept["list_name"],
            source=kept["source"],
            state="failed",
            reasons={},
            merges={},
            notes={},
            examples=[],
            error_code=kept["code"],
            error=kept["error"],
            started_at=at,
            updated_at=at,
            finished_at=at,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ImportNotFoundError(f"There is no load {import_id}.") from error
