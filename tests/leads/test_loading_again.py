"""Loading the same file twice changes nothing, whatever its rows, its chunks and the choices are."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlmodel import col, delete, select

from leads.core.lead_changes import FIELDS, parse_changes
from leads.core.merging import Duplicates, Match
from leads.editing import edit_lead
from leads.errors import RowsReadOtherwiseError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.files import ImportFiles
from leads.importing.load import Import
from leads.importing.report import ImportProgress, ImportReport
from leads.persons import Scope, erase
from leads.stores.shared import Session, Sessions
from leads.tables import Consent, Lead, LeadAlias, LeadImport, Phone

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TARGET = ListTarget("acme", "autumn", "US")
TABLES: tuple[Any, ...] = (Lead, LeadAlias, Phone, Consent)

CONFLICT = "\n".join(
    [
        "phone,external_id,first_name,priority,timezone,phone_type,plan",
        "2125550101,A,Ann,1,America/Denver,mobile,gold",
        *(f"212555{i:04},N{i},Name {i},,,," for i in range(200, 210)),
        "2125550101,B,Anne,2,America/New_York,work,silver",
    ]
)
"""Two rows for one phone that contradict each other, and ten others between them."""

_times = count(1)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 4)
    monkeypatch.setattr("leads.importing.load.PAUSE_S", 0)


class Loaded:
    """What a load reported, its id map, and the leads that it moved."""

    def __init__(self, report: ImportReport, ids: list[tuple[str, ...]], moved: list[int]) -> None:
        self.report = report
        self.ids = ids
        self.moved = moved


async def load(
    sessions: Sessions, source: str | Path, folder: Path, *, on_progress: Any = None, **options: Any
) -> Loaded:
    """Loads a file; each load comes a second after the one before it."""
    moved: list[int] = []

    async def follow(session: Session, lead_ids: Sequence[int], now: datetime) -> None:
        moved.extend(lead_ids)

    target = options.pop("target", TARGET)
    id_map = folder / "ids.csv"
    one = Import(
        sessions,
        target,
        ImportChoices(**options),
        source if isinstance(source, Path) else io.BytesIO(bytes(source, "utf-8")),
        files=ImportFiles(None, id_map),
        follow=follow,
    )
    now = NOW + timedelta(seconds=next(_times))
    report = await one.run(lambda: now, on_progress)
    with id_map.open(encoding="utf-8-sig", newline="") as file:
        ids = [(row["row"], row["external_id"], row["lead_id"]) for row in csv.DictReader(file)]
    return Loaded(report, ids, moved)


async def tables(sessions: Sessions) -> list[Any]:
    async with sessions() as session:
        return [
            sorted(str(row.model_dump()) for row in (await session.exec(select(table))).all())
            for table in TABLES
        ]


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that write into the tables."""
    seen: list[str] = []
    names = tuple(table.__tablename__ for table in TABLES)

    def note(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        words = statement.split()
        if words[0] in ("UPDATE", "DELETE", "INSERT") and set(words[1:3]) & set(names):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def leads(sessions: Sessions) -> list[Lead]:
    async with sessions() as session:
        return list((await session.exec(select(Lead).order_by(col(Lead.id)))).all())


async def test_rows_that_contradict_each_other_are_not_written_again(
    sessions: Sessions, tmp_path: Path
) -> None:
    with writes() as written:
        first = await load(sessions, CONFLICT, tmp_path)
    assert written
    before = await tables(sessions)
    with writes() as written:
        again = await load(sessions, CONFLICT, tmp_path)
    assert written == []
    assert await tables(sessions) == before
    assert again.ids == first.ids
    assert again.moved == []
    assert (again.report.accepted, again.report.merged) == (0, 12)
    assert again.report.merges == {"duplicate-unchanged": 12}
    assert again.report.repeats == first.report.import_id
    third = await load(sessions, CONFLICT, tmp_path)
    assert third.report.repeats == first.report.import_id


async def test_rows_of_one_chunk_are_folded_also_where_the_file_is_not_known_again(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 100)
    await load(sessions, CONFLICT, tmp_path)
    before = await tables(sessions)
    with writes() as written:
        again = await load(sessions, CONFLICT, tmp_path, from_start=True)
    assert written == []
    assert await tables(sessions) == before
    assert (again.report.merges, again.report.repeats) == ({"duplicate-unchanged": 12}, None)
    assert again.moved == []


async def test_what_the_folded_rows_change_is_told_of_each(sessions: Sessions, tmp_path: Path) -> None:
    await load(sessions, "phone,first_name\n2125550101,Cy\n", tmp_path)
    text = "phone,first_name\n2125550101,Ann\n2125550101,Bob\n2125550101,Bob\n"
    assert (await load(sessions, text, tmp_path)).report.merges == {
        "duplicate-updated": 2,
        "duplicate-unchanged": 1,
    }


async def test_another_file_between_does_not_matter_unless_it_changed_leads(
    sessions: Sessions, tmp_path: Path
) -> None:
    await load(sessions, CONFLICT, tmp_path)
    await load(sessions, "phone\n3055550101\n", tmp_path)
    assert (await load(sessions, CONFLICT, tmp_path)).report.repeats is not None
    await load(sessions, "phone,first_name\n2125550101,Zoe\n", tmp_path)
    last = await load(sessions, CONFLICT, tmp_path)
    assert last.report.repeats is None
    assert (await leads(sessions))[0].first_name == "Anne", "The file that comes last has the last word."
    assert (await load(sessions, CONFLICT, tmp_path)).report.repeats is not None


async def test_what_was_edited_meanwhile_stays_unless_every_row_is_to_be_loaded(
    sessions: Sessions, tmp_path: Path
) -> None:
    await load(sessions, CONFLICT, tmp_path)
    lead_id = (await leads(sessions))[0].id
    await edit_lead(sessions, lead_id, parse_changes({"first_name": "Anna"}, allowed=FIELDS))
    await load(sessions, CONFLICT, tmp_path)
    assert (await leads(sessions))[0].first_name == "Anna"
    await load(sessions, CONFLICT, tmp_path, from_start=True)
    assert (await leads(sessions))[0].first_name == "Anne"


async def test_a_longer_file_or_another_choice_is_not_the_same_load(
    sessions: Sessions, tmp_path: Path
) -> None:
    await load(sessions, CONFLICT, tmp_path)
    longer = await load(sessions, f"{CONFLICT}\n2125550101,,Zoe,,,,", tmp_path)
    assert (longer.report.repeats, (await leads(sessions))[0].first_name) == (None, "Zoe")
    assert (await load(sessions, CONFLICT, tmp_path, match="phone")).report.repeats is None
    shorter = CONFLICT.rsplit("\n", 1)[0]
    assert (await load(sessions, shorter, tmp_path)).report.repeats is None


async def test_a_file_is_known_by_its_content_from_wherever_it_comes(
    sessions: Sessions, tmp_path: Path
) -> None:
    await load(sessions, CONFLICT, tmp_path)
    path = tmp_path / "other.csv"
    path.write_text(CONFLICT)
    assert (await load(sessions, path, tmp_path)).report.repeats is not None
    assert (await load(sessions, CONFLICT, tmp_path)).report.repeats is not None
    path.write_text(CONFLICT.replace("Anne", "Anna"))
    assert (await load(sessions, path, tmp_path)).report.repeats is None


async def test_a_person_who_was_erased_comes_in_again_with_all_that_the_rows_say(
    sessions: Sessions, tmp_path: Path
) -> None:
    await load(sessions, CONFLICT, tmp_path)
    async with sessions() as session, session.begin():
        await erase(session, Scope("+12125550101"), NOW)
    again = await load(sessions, CONFLICT, tmp_path)
    assert (again.report.accepted, again.report.merged) == (1, 11)
    async with sessions() as session:
        query = select(Lead).join(Phone, col(Phone.lead_id) == Lead.id).where(Phone.e164 == "+12125550101")
        lead = (await session.exec(query)).one()
    assert (lead.first_name, lead.priority, lead.custom) == ("Anne", 2, {"plan": "silver"})


class CutOff(Exception):
    """Ends a load as a kill would."""


def cut_off_at(rows: int) -> Any:
    def give_up(progress: ImportProgress) -> None:
        if progress.rows >= rows:
            raise CutOff

    return give_up


@pytest.mark.parametrize("duplicates", ["update", "keep"])
async def test_loads_that_were_cut_off_are_no_exception(
    sessions: Sessions, tmp_path: Path, duplicates: Duplicates
) -> None:
    with pytest.raises(CutOff):
        await load(sessions, CONFLICT, tmp_path, duplicates=duplicates, on_progress=cut_off_at(4))
    first = await load(sessions, CONFLICT, tmp_path, duplicates=duplicates)
    assert first.report.resumed_rows == 4
    before = await tables(sessions)
    with pytest.raises(CutOff):
        await load(sessions, CONFLICT, tmp_path, duplicates=duplicates, on_progress=cut_off_at(8))
    again = await load(sessions, CONFLICT, tmp_path, duplicates=duplicates)
    assert (again.report.resumed_rows, again.report.repeats) == (8, first.report.import_id)
    assert again.report.merges == {"duplicate-unchanged": 12}
    assert again.ids == first.ids
    assert await tables(sessions) == before


async def test_where_doubles_are_kept_those_of_one_file_are_and_those_of_a_repeat_are_not(
    sessions: Sessions, tmp_path: Path
) -> None:
    text = "phone,first_name\n" + "2125550101,Ann\n" * 5 + "2125550101,Bob\n"
    first = await load(sessions, text, tmp_path, duplicates="keep")
    async with sessions() as session, session.begin():
        await session.exec(delete(Phone).where(col(Phone.lead_id) == int(first.ids[0][2])))
    again = await load(sessions, text, tmp_path, duplicates="keep")
    assert (again.report.accepted, again.report.merged) == (0, 6)
    assert again.ids == first.ids
    await load(sessions, text, tmp_path, duplicates="keep", from_start=True)
    assert len(await leads(sessions)) == 12


async def test_rows_that_cannot_be_those_of_then_are_not_given_their_leads(
    sessions: Sessions, tmp_path: Path
) -> None:
    text = "phone\n2125550101\n2125550102\n"
    await load(sessions, text, tmp_path, duplicates="keep")
    async with sessions() as session, session.begin():
        phone = (await session.exec(select(Phone).where(Phone.e164 == "+12125550102"))).one()
        phone.e164 = "+12125550103"
    with pytest.raises(RowsReadOtherwiseError, match="--from-start"):
        await load(sessions, text, tmp_path, duplicates="keep")
    assert len(await leads(sessions)) == 2


HEADER = (
    "phone,phone2,external_id,first_name,priority,timezone,phone_type,note,"
    "consent_channel,consent_basis,consent_at"
)
NUMBER = st.integers(0, 6).map(lambda i: f"212555010{i}")
ROW = st.tuples(
    NUMBER | st.just("n/a"),
    NUMBER | st.just(""),
    st.sampled_from(["", "A", "B", "C"]),
    st.sampled_from(["", "Ann", "Bob"]),
    st.sampled_from(["", "0", "5"]),
    st.sampled_from(["", "UTC", "America/Denver"]),
    st.sampled_from(["", "home", "work"]),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from(["", "call"]),
)
FILE = st.lists(ROW, min_size=1, max_size=12).map(
    lambda rows: "\n".join([HEADER, *(",".join([*row, "express", "2026-01-01T09:00Z"]) for row in rows)])
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=FILE,
    there=FILE,
    duplicates=st.sampled_from(["skip", "update", "keep"]),
    match=st.sampled_from(["phone", "external-id", "both"]),
    scope=st.sampled_from(["list", "client"]),
)
async def test_any_file_loaded_twice_leaves_the_same_tables_and_the_same_id_map(
    sessions: Sessions,
    tmp_path: Path,
    text: str,
    there: str,
    duplicates: Duplicates,
    match: Match,
    scope: Any,
) -> None:
    client = f"client-{next(_times)}"
    await load(sessions, there, tmp_path, target=ListTarget(client, "there", "US"))
    options: Any = {"duplicates": duplicates, "match": match, "scope": scope}
    options["target"] = ListTarget(client, "autumn", "US")
    first = await load(sessions, text, tmp_path, **options)
    before = await tables(sessions)
    with writes() as written:
        again = await load(sessions, text, tmp_path, **options)
    assert written == []
    assert await tables(sessions) == before
    assert again.ids == first.ids
    assert again.moved == []
    assert (again.report.accepted, again.report.rejected) == (0, first.report.rejected)
    assert again.report.merged == first.report.accepted + first.report.merged
    assert set(again.report.merges) <= {"duplicate-unchanged", "duplicate-skipped"}
    if duplicates == "keep":
        return
    forced = await load(sessions, text, tmp_path, **options, from_start=True)
    assert await tables(sessions) == before, "Every row again leaves the last word as it was."
    assert forced.ids == first.ids


async def test_the_load_that_brought_a_file_is_told_with_the_repeat(
    sessions: Sessions, tmp_path: Path
) -> None:
    first = await load(sessions, CONFLICT, tmp_path)
    await load(sessions, CONFLICT, tmp_path)
    async with sessions() as session:
        query = select(LeadImport.options).order_by(col(LeadImport.id))
        repeats = [options["repeats"] for options in (await session.exec(query)).all()]
    assert repeats == [None, first.report.import_id]
