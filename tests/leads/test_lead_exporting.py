"""What is exported is safe in a spreadsheet, and can be loaded again."""

import asyncio
import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import true

from leads import exporting
from leads.core.columns import clean_cell, map_columns
from leads.core.intake import LeadDraft, read_row
from leads.core.lead_filter import LeadFilter
from leads.core.phone import ParsedPhone
from leads.errors import ExportError, UnknownListError
from leads.exporting import Plan, csv_lines, export_csv, export_file, export_xlsx, plan_export
from leads.reading import open_rows
from leads.stores.search import Chosen
from leads.stores.shared import Sessions
from leads.tables import Lead, Phone
from tests.leads.keeping import NOW, Kept, keep

ALL = LeadFilter(client="acme")
FULL = Kept(
    ["+18505550101", "+12025550102", "+442079460000"],
    ["mobile", "", "mother's"],
    zones=("America/Chicago", "America/New_York"),
    values={
        "external_id": "=cmd|' /C calc'!A0",
        "first_name": "Zoë",
        "last_name": 'van "der" Dijk,\nJr.',
        "email": "zoe@example.com",
        "country": "US",
        "region": "FL",
        "postal_code": "01234",
        "timezone": "America/Chicago",
        "language": "en",
        "owner": "@owner",
        "priority": -5,
        "rank": 7,
        "best_time": "17:00-20:00",
        "not_before": NOW,
        "custom": {"+formula": "-1+1", "nöte; two": "=HYPERLINK()", "date": "2026-01-01"},
    },
)
PLAIN = Kept(["+12025550103"])
WITH_EXTENSION = Kept(["+12025550104"], extension="42", values={"custom": {"other": "x"}})


def drafts(content: bytes) -> list[LeadDraft]:
    with open_rows(io.BytesIO(content), "export") as source:
        records = iter(source.records())
        columns = map_columns(next(records)[1])
        read = [read_row(cells, columns, "US") for _, cells in records]
    assert all(isinstance(each, LeadDraft) and not each.notes for each in read), read
    return [each for each in read if isinstance(each, LeadDraft)]


def assert_same(draft: LeadDraft, lead: Lead, phones: list[Phone]) -> None:
    for name in ("first_name", "last_name", "email", "country", "region", "postal_code", "timezone"):
        assert getattr(draft, name) == getattr(lead, name)
    for name in ("external_id", "language", "owner", "priority", "rank", "best_time", "not_before", "custom"):
        assert getattr(draft, name) == getattr(lead, name)
    assert [(each.e164, each.label, each.extension) for each in draft.phones] == [
        (each.e164, each.label, each.extension) for each in phones
    ]


async def whole(sessions: Sessions, file_format: str, wanted: LeadFilter = ALL) -> bytes:
    plan = await plan_export(sessions, wanted, file_format)
    content = export_csv(sessions, plan) if file_format == "csv" else export_xlsx(sessions, plan)
    return b"".join([chunk async for chunk in content])


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_what_is_exported_loads_as_the_same_leads(sessions: Sessions, file_format: str) -> None:
    ids = await keep(sessions, [FULL, PLAIN, WITH_EXTENSION])
    read = await asyncio.to_thread(drafts, await whole(sessions, file_format))
    async with sessions() as session:
        phones = await exporting.SearchStore(session).phones(ids)
        for lead_id, draft in zip(ids, read, strict=True):
            lead = await session.get(Lead, lead_id)
            assert lead is not None
            assert_same(draft, lead, phones[lead_id])


async def test_no_cell_is_a_formula(sessions: Sessions) -> None:
    await keep(sessions, [FULL])
    text = (await whole(sessions, "csv")).decode()
    assert "'=cmd" in text
    assert ",+18505550101," in text
    assert "'=HYPERLINK" in text
    workbook = zipfile.ZipFile(io.BytesIO(await whole(sessions, "xlsx")))
    sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>" not in sheet
    assert "'=HYPERLINK" in sheet


async def test_only_the_leads_that_are_chosen_are_exported(sessions: Sessions) -> None:
    await keep(sessions, [PLAIN, WITH_EXTENSION, Kept([], values={"erased_at": NOW})])
    text = (await whole(sessions, "csv", LeadFilter(phone="+12025550103"))).decode()
    assert len(text.splitlines()) == 2
    assert "other" not in text.splitlines()[0]
    assert len((await whole(sessions, "csv")).splitlines()) == 3
    assert len((await whole(sessions, "csv", LeadFilter(owner="nobody"))).splitlines()) == 1


async def test_many_leads_are_written_some_at_a_time(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "ROWS_PER_STATEMENT", 3)
    await keep(sessions, [Kept([]) for _ in range(7)])
    plan = await plan_export(sessions, ALL, "csv")
    chunks = [chunk async for chunk in export_csv(sessions, plan)]
    assert [len(chunk.splitlines()) for chunk in chunks] == [1, 3, 3, 1]


async def test_what_does_not_fit_is_refused_before_anything_is_written(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(sessions, [PLAIN, Kept([], values={"custom": {f"c{n}": "1" for n in range(300)}})])
    with pytest.raises(ExportError, match="columns"):
        await plan_export(sessions, ALL, "csv")
    with pytest.raises(ExportError, match="format"):
        await plan_export(sessions, ALL, "pdf")
    with pytest.raises(UnknownListError):
        await plan_export(sessions, replace(ALL, list="spring"), "csv")
    monkeypatch.setattr(exporting, "MAX_SHEET_ROWS", 2)
    with pytest.raises(ExportError, match="CSV"):
        await plan_export(sessions, ALL, "xlsx")


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_a_file_is_there_only_when_it_is_whole(
    sessions: Sessions, file_format: str, tmp_path: Path
) -> None:
    await keep(sessions, [PLAIN])
    plan = await plan_export(sessions, ALL, file_format)
    folder = tmp_path / "exports"
    with pytest.raises(ExportError):
        await export_file(sessions, plan, file_format, folder / "leads")
    folder.mkdir()
    await export_file(sessions, plan, file_format, folder / "leads")
    assert [each.name for each in folder.iterdir()] == ["leads"]
    assert len(await asyncio.to_thread(drafts, (folder / "leads").read_bytes())) == 1


CELL = (
    st.text(st.characters(codec="utf-8"), max_size=20)
    .map(clean_cell)
    .filter(lambda text: text == clean_cell(text))
)


@given(
    st.lists(
        st.tuples(CELL, CELL, CELL, CELL, st.integers(-1_000_000, 1_000_000), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_survives_the_round_trip(rows: list[tuple[str, str, str, str, int, bool]]) -> None:
    plan = Plan(Chosen(true()), 2, frozenset({1}), ("note", "=odd, name"))
    leads = [
        Lead(
            external_id=external_id or None,
            first_name=first,
            owner=owner,
            custom={"note": note, "=odd, name": first} if note and first else {},
            priority=priority,
            not_before=datetime(2026, 3, 1, 8, 30, tzinfo=UTC) if later else None,
        )
        for external_id, first, owner, note, priority, later in rows
    ]
    phones = [
        Phone(e164="+12025550101", label="", extension=""),
        Phone(e164="+442079460000", label="work", extension="12"),
    ]
    read = drafts(csv_lines([plan.header, *(plan.row(lead, phones) for lead in leads)]))
    for lead, draft in zip(leads, read, strict=True):
        assert isinstance(draft.phones[0], ParsedPhone)
        assert_same(draft, lead, phones)
