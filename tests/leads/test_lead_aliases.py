"""The external id of a merged row is not lost: the lead is found by it later."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from leads.core.lead_filter import LeadFilter
from leads.core.merging import Duplicates, Match
from leads.errors import NotALeadFileError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.files import ImportFiles
from leads.importing.load import Import
from leads.importing.report import ImportReport
from leads.persons import Scope, collect, erase
from leads.stores.shared import Sessions
from leads.tables import Lead, LeadAlias, Phone
from leads.viewing import search_leads

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN, BOB, CY = "+12125550101", "+12125550102", "+12125550103"


async def load(
    sessions: Sessions, rows: str, *, to: str = "autumn", id_map: Path | None = None, **choices: Any
) -> ImportReport:
    """Loads rows of phone and external id."""
    return await Import(
        sessions,
        ListTarget("acme", to, "US"),
        ImportChoices(**choices),
        io.BytesIO(f"phone,external_id\n{rows}".encode()),
        files=ImportFiles(None, id_map),
    ).run(lambda: NOW)


async def own_ids(sessions: Sessions) -> list[str | None]:
    """Of all leads, the oldest first."""
    async with sessions() as session:
        return list((await session.exec(select(Lead.external_id).order_by(col(Lead.id)))).all())


async def aliases(sessions: Sessions) -> dict[str, str | None]:
    """Other external ids, with the lead's own."""
    async with sessions() as session:
        query = select(LeadAlias.external_id, Lead.external_id).join(Lead, col(Lead.id) == LeadAlias.lead_id)
        return dict((await session.exec(query)).all())


async def phones(sessions: Sessions, own: str) -> list[str]:
    async with sessions() as session:
        query = select(Phone.e164).join(Lead, col(Lead.id) == Phone.lead_id).where(Lead.external_id == own)
        return list((await session.exec(query.order_by(col(Phone.position)))).all())


@pytest.mark.parametrize("duplicates", ["update", "skip"])
@pytest.mark.parametrize("match", ["both", "external-id"])
async def test_a_row_that_came_under_another_id_is_found_by_it_later(
    sessions: Sessions, duplicates: Duplicates, match: Match
) -> None:
    await load(sessions, f"{ANN},X1\n{ANN},X2\n")
    assert await aliases(sessions) == {"X2": "X1"}
    later = await load(sessions, f"{BOB},X2\n", duplicates=duplicates, match=match)
    assert (later.accepted, later.merged) == (0, 1)
    assert await own_ids(sessions) == ["X1"]
    assert await phones(sessions, "X1") == ([ANN, BOB] if duplicates == "update" else [ANN])


async def test_a_lead_without_an_id_gets_the_one_of_its_row_and_then_others_beside_it(
    sessions: Sessions,
) -> None:
    await load(sessions, f"{ANN},\n")
    report = await load(sessions, f"{ANN},X1\n{ANN},X2\n{ANN},X3\n{ANN},X2\n")
    assert await own_ids(sessions) == ["X1"]
    assert await aliases(sessions) == {"X2": "X1", "X3": "X1"}
    assert report.merges == {"duplicate-updated": 3, "duplicate-unchanged": 1}


@pytest.mark.parametrize("match", ["both", "phone"])
async def test_an_id_that_a_lead_has_stays_with_that_lead(sessions: Sessions, match: Match) -> None:
    await load(sessions, f"{ANN},\n{BOB},X2\n{CY},X3\n{CY},X4\n")
    report = await load(sessions, f"{ANN},X2\n{ANN},X4\n{BOB},X4\n{BOB},X2\n", match=match)
    assert report.merges == {"duplicate-unchanged": 4}
    assert await own_ids(sessions) == [None, "X2", "X3"]
    assert await aliases(sessions) == {"X4": "X3"}


async def test_a_row_that_is_left_out_leaves_no_id(sessions: Sessions) -> None:
    await load(sessions, f"{ANN},X1\n")
    await load(sessions, f"{ANN},X2\n", duplicates="skip")
    assert await aliases(sessions) == {}


async def test_ids_are_of_the_list_that_the_lead_is_in(sessions: Sessions) -> None:
    await load(sessions, f"{ANN},X1\n{ANN},X2\n")
    assert (await load(sessions, f"{BOB},X2\n", to="winter")).accepted == 1
    assert (await load(sessions, f"{CY},X2\n", to="spring", scope="client")).merged == 1
    assert await phones(sessions, "X2") == [BOB, CY], "A lead's own id goes before another's other one."
    assert (await load(sessions, f"{ANN},X5\n", to="spring", scope="client")).merged == 1
    assert await aliases(sessions) == {"X2": "X1", "X5": "X1"}


async def test_the_id_map_names_the_lead_of_every_merged_row(sessions: Sessions, tmp_path: Path) -> None:
    id_map = tmp_path / "ids.csv"
    await load(sessions, f"{ANN},X1\n{ANN},X2\n{BOB},X2\n{BOB},X1\n", id_map=id_map)
    with id_map.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["external_id"] for row in rows] == ["X1", "X2", "X2", "X1"]
    assert len({row["lead_id"] for row in rows}) == 1


async def test_a_search_finds_a_lead_by_any_of_its_ids_and_shows_them(sessions: Sessions) -> None:
    await load(sessions, f"{ANN},X1\n{ANN},X3\n{ANN},X2\n{BOB},X9\n")
    for wanted in (LeadFilter(external_id="X2"), LeadFilter(external_id="X1", list="autumn")):
        [found] = await search_leads(sessions, wanted, 0, 10)
        assert (found.external_id, found.other_external_ids) == ("X1", ["X2", "X3"])


async def test_a_person_is_handed_their_ids_and_loses_them_when_erased(sessions: Sessions) -> None:
    await load(sessions, f"{ANN},X1\n{ANN},X2\n{BOB},X8\n{BOB},X9\n")
    async with sessions() as session, session.begin():
        kept = await collect(session, Scope(ANN))
        assert kept.leads[0].lead.other_external_ids == ["X2"]
        await erase(session, Scope(ANN), NOW)
    assert await aliases(sessions) == {"X9": "X8"}


async def test_a_load_that_is_taken_back_takes_the_ids_of_its_leads_along(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    rows = "".join(f"212555{i:04},N{i}\n212555{i:04},M{i}\n" for i in range(300, 400))
    with pytest.raises(NotALeadFileError):
        await load(sessions, f'{rows}1,"' + "x" * 50_000)
    assert (await own_ids(sessions), await aliases(sessions)) == ([], {})
