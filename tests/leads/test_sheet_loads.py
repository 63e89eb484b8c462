"""Loads and dry runs of workbooks with several sheets: which one is read, said, and kept to."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, func, select

from leads.errors import UnknownSheetError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.load import Import
from leads.importing.preview import preview
from leads.importing.report import ImportProgress, ImportReport
from leads.importing.view import get_import
from leads.stores.shared import Sessions
from leads.tables import Client, Lead, LeadImport
from tests.leads.workbooks import sheets

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TARGET = ListTarget("acme", "spring", "US")


def _rows(first: int, count: int) -> list[list[str]]:
    return [["phone"], *([f"212555{number:04}"] for number in range(first, first + count))]


AUTUMN, WINTER = _rows(100, 40), _rows(200, 40)
BOTH = sheets({"autumn": AUTUMN, "winter": WINTER})


class _CutOff(Exception):
    """Ends a load as a kill would: what is committed stays, and nothing is told."""


async def _load(sessions: Sessions, content: bytes, *, until: int = 1_000, **choices: Any) -> ImportReport:
    def cut_off(progress: ImportProgress) -> None:
        if progress.rows >= until:
            raise _CutOff

    load = Import(sessions, TARGET, ImportChoices(**choices), io.BytesIO(content), name="leads.xlsx")
    return await load.run(lambda: NOW, cut_off)


async def _phones(sessions: Sessions) -> int:
    async with sessions() as session, session.begin():
        return (await session.exec(select(func.count(col(Lead.id))))).one()


async def test_a_load_says_which_sheet_it_read_and_which_others_have_rows(sessions: Sessions) -> None:
    report = await _load(sessions, BOTH)
    assert (report.sheet, report.other_sheets, report.accepted) == ("autumn", ["winter"], 40)
    report = await _load(sessions, BOTH, sheet="winter")
    assert (report.sheet, report.other_sheets, report.accepted) == ("winter", ["autumn"], 40)
    view = await get_import(sessions, report.import_id)
    assert (view.sheet, view.other_sheets) == ("winter", ["autumn"])
    report = await _load(sessions, b"phone\n2125550100\n")
    assert (report.sheet, report.other_sheets) == ("", [])


async def test_a_load_that_was_cut_off_goes_on_with_its_sheet_and_with_no_other(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    with pytest.raises(_CutOff):
        await _load(sessions, BOTH, sheet="winter", until=20)
    autumn = await _load(sessions, BOTH, sheet="autumn")
    assert (autumn.resumed_rows, autumn.accepted) == (0, 40)
    winter = await _load(sessions, BOTH, sheet="winter")
    assert (winter.resumed_rows, winter.accepted, winter.sheet) == (20, 40, "winter")
    assert await _phones(sessions) == 80


async def test_a_load_without_a_name_goes_on_with_the_sheet_it_has_begun(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    with pytest.raises(_CutOff):
        await _load(sessions, BOTH, until=20)
    report = await _load(sessions, BOTH)
    assert (report.resumed_rows, report.sheet, await _phones(sessions)) == (20, "autumn", 40)


async def test_an_unknown_sheet_leaves_nothing_behind(sessions: Sessions) -> None:
    with pytest.raises(UnknownSheetError, match='"autumn", "winter"'):
        await _load(sessions, BOTH, sheet="summer")
    async with sessions() as session, session.begin():
        for table in (Client, LeadImport):
            assert (await session.exec(select(table))).first() is None


async def test_a_dry_run_says_the_same() -> None:
    found = await preview(TARGET, io.BytesIO(BOTH), "leads.xlsx")
    assert (found.sheet, found.other_sheets, found.first_rows[0].phones) == (
        "autumn", ["winter"], ["+12125550100"],
    )  # fmt: skip
    found = await preview(TARGET, io.BytesIO(BOTH), "leads.xlsx", sheet="winter")
    assert (found.sheet, found.first_rows[0].phones) == ("winter", ["+12125550200"])
    with pytest.raises(UnknownSheetError):
        await preview(TARGET, io.BytesIO(BOTH), "leads.xlsx", sheet="summer")
