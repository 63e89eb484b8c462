"""Loading lead files: every row is accounted for, and a file can be loaded again."""

import asyncio
import csv
import gzip
import io
import threading
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from leads.core.merging import Duplicates, Match
from leads.errors import (
    ImportCutOffError,
    LeadFileUnreadableError,
    NotALeadFileError,
    RejectsFileError,
)
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.files import ImportFiles
from leads.importing.load import Import
from leads.importing.report import ImportProgress, ImportReport
from leads.stores.shared import Sessions
from leads.tables import Client, Consent, Lead, LeadImport, LeadList, Phone, ZoneGroup

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TARGET = ListTarget("acme", "spring", "US")

MIXED = """\
external_id,phone,phone2,first_name,product_interest
A,(415) 555-0101,,Ann,"Solar, 6 kW"
B,+442079460123,n/a,Łukasz,"two
lines"
C,n/a,,Carl,
A,415.555.0101,415-555-0102,Anne,Heat pump
,,,,
D,6.39171E+11,555-0123,Dora,
E,911,,Eve,=cmd()
"""


def _source(content: str | bytes | Path) -> Path | BinaryIO:
    if isinstance(content, Path):
        return content
    return io.BytesIO(content.encode() if isinstance(content, str) else content)


async def _import(sessions: Sessions, content: str | bytes | Path, **options: Any) -> ImportReport:
    target, now = options.pop("target", TARGET), options.pop("now", NOW)
    files = ImportFiles(options.pop("rejects_path", None), options.pop("id_map_path", None))
    on_progress = options.pop("on_progress", None)
    load = Import(sessions, target, ImportChoices(**options), _source(content), files=files)
    return await load.run(lambda: now, on_progress)


async def _count(
    sessions: Sessions, table: type[Client | LeadList | Lead | Phone | Consent | LeadImport]
) -> int:
    async with sessions() as session, session.begin():
        return (await session.exec(select(func.count()).select_from(table))).one()


async def _dump(sessions: Sessions) -> list[Any]:
    async with sessions() as session, session.begin():
        leads = (await session.exec(select(Lead).order_by(col(Lead.id)))).all()
        phones = (await session.exec(select(Phone).order_by(col(Phone.id)))).all()
        return [row.model_dump() for row in (*leads, *phones)]


async def test_every_row_is_accepted_merged_or_rejected_with_a_reason(sessions: Sessions) -> None:
    report = await _import(sessions, MIXED)
    assert (report.rows, report.accepted, report.merged, report.rejected) == (7, 2, 1, 4)
    assert report.reasons == {
        "phone-not-a-number": 1,
        "row-empty": 1,
        "phone-scientific-notation": 1,
        "phone-not-dialable": 1,
    }
    assert report.notes == {"phone-not-a-number": 1}
    assert [(e.row, e.code) for e in report.examples] == [
        (4, "phone-not-a-number"),
        (6, "row-empty"),
        (7, "phone-scientific-notation"),
        (8, "phone-not-dialable"),
    ]
    assert (report.client, report.list_name) == ("acme", "spring")
    assert (await _count(sessions, Lead), await _count(sessions, Phone)) == (2, 3)


async def test_the_lead_has_what_the_file_says(sessions: Sessions) -> None:
    report = await _import(sessions, MIXED)
    async with sessions() as session, session.begin():
        leads = (await session.exec(select(Lead).order_by(col(Lead.id)))).all()
    assert [(lead.external_id, lead.first_name) for lead in leads] == [("A", "Anne"), ("B", "Łukasz")]
    assert leads[1].custom == {"product_interest": "two\nlines"}
    assert {lead.list_id for lead in leads} == {report.list_id}


async def test_loading_the_same_file_again_changes_nothing(sessions: Sessions) -> None:
    first = await _import(sessions, MIXED)
    before = await _dump(sessions)
    again = await _import(sessions, MIXED)
    assert (again.accepted, again.merged, again.rejected) == (
        0,
        first.accepted + first.merged,
        first.rejected,
    )
    assert again.list_id == first.list_id
    assert await _dump(sessions) == before


async def test_a_long_file_goes_in_chunks_that_tell_how_far_they_are(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    source = tmp_path / "long.csv"
    source.write_text("\n".join(["phone", *(f"212555{i:04}" if i % 5 else "n/a" for i in range(100, 195))]))
    seen: list[ImportProgress] = []
    report = await _import(sessions, source, on_progress=seen.append)
    assert [progress.rows for progress in seen] == [0, *range(10, 100, 10), 95]
    assert {progress.total_bytes for progress in seen} == {source.stat().st_size}
    assert seen[-1].read_bytes == source.stat().st_size
    assert all(p.accepted + p.merged + p.rejected == p.rows for p in seen)
    assert (report.accepted, report.rejected) == (76, 19)


class _CutOff(Exception):
    """Ends a load as a kill would: what is committed stays, and nothing is told."""


async def _cut_off(sessions: Sessions, content: str | bytes | Path, rows: int, **options: Any) -> None:
    def give_up(progress: ImportProgress) -> None:
        if progress.rows >= rows:
            raise _CutOff

    with pytest.raises(_CutOff):
        await _import(sessions, content, on_progress=give_up, **options)


FIFTY = "\n".join(["phone,external_id", *(f"212555{i:04},{i % 40}" for i in range(100, 150))])


@pytest.mark.parametrize("duplicates", ["skip", "update", "keep"])
async def test_a_load_that_was_cut_off_goes_on_where_it_was(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, duplicates: Duplicates
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    rejects, id_map = tmp_path / "rejects.csv", tmp_path / "ids.csv"
    content = f"{FIFTY}\nn/a,\n"
    files: Any = {"rejects_path": rejects, "id_map_path": id_map}
    whole = await _import(
        sessions, content, target=ListTarget("acme", "other", "US"), duplicates=duplicates, **files
    )
    expected = rejects.read_text(), [line.split(",")[0] for line in id_map.read_text().splitlines()]
    await _cut_off(sessions, content, 30, duplicates=duplicates, **files)
    report = await _import(sessions, content, duplicates=duplicates, **files)
    assert report.resumed_rows == 30
    assert (report.accepted, report.merged, report.rejected) == (whole.accepted, whole.merged, whole.rejected)
    assert await _count(sessions, Lead) == 2 * whole.accepted
    assert (rejects.read_text(), [line.split(",")[0] for line in id_map.read_text().splitlines()]) == expected
    assert await _count(sessions, LeadImport) == 2


async def test_a_stream_goes_on_as_well(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    await _cut_off(sessions, FIFTY, 30, duplicates="keep")
    assert (await _import(sessions, FIFTY.encode(), duplicates="keep")).resumed_rows == 30
    assert await _count(sessions, Lead) == 50


async def test_another_file_begins_at_its_first_row(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    await _cut_off(sessions, FIFTY, 30)
    other = FIFTY.replace("2125550105", "2125559105")
    report = await _import(sessions, other)
    assert (report.resumed_rows, report.rows) == (0, 50)
    assert (await _import(sessions, FIFTY)).resumed_rows == 30


async def test_where_doubles_are_kept_another_file_has_to_be_told_to_begin(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    await _cut_off(sessions, FIFTY, 30, duplicates="keep")
    with pytest.raises(ImportCutOffError, match="--from-start"):
        await _import(sessions, "phone\n4155550101\n", duplicates="keep")
    assert await _count(sessions, Lead) == 30
    report = await _import(sessions, "phone\n4155550101\n", duplicates="keep", from_start=True)
    assert report.accepted == 1
    async with sessions() as session, session.begin():
        states = (await session.exec(select(LeadImport.state).order_by(col(LeadImport.id)))).all()
    assert states == ["failed", "done"]


async def test_what_proves_no_list_in_its_middle_is_taken_out_again(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 10)
    await _import(sessions, "phone\n2125550100\n")
    rows = "".join(f"212555{i:04}\n" for i in range(300))
    with pytest.raises(NotALeadFileError):
        await _import(sessions, f'phone\n{rows}1,"' + "x" * 50_000)
    assert await _count(sessions, Lead) == 1
    assert await _count(sessions, Phone) == 1
    async with sessions() as session, session.begin():
        load = (await session.exec(select(LeadImport).order_by(col(LeadImport.id).desc()))).first()
    assert load is not None
    assert (load.state, load.error_code) == ("failed", "not-a-lead-file")
    assert load.error


@pytest.mark.parametrize("match", ["phone", "external-id", "both"])
@pytest.mark.parametrize("duplicates", ["skip", "update"])
async def test_what_is_the_same_lead_is_a_choice(
    sessions: Sessions, duplicates: Duplicates, match: Match
) -> None:
    content = "external_id,phone,first_name\nA,4155550101,Ann\nB,4155550101,Bob\nA,4155550102,Cy\n"
    report = await _import(sessions, content, duplicates=duplicates, match=match)
    assert (report.accepted, report.merged) == {
        "phone": (2, 1),
        "external-id": (2, 1),
        "both": (1, 2),
    }[match]
    assert sum(report.merges.values()) == report.merged
    if duplicates == "skip":
        assert set(report.merges) == {"duplicate-skipped"}
    again = await _import(sessions, content, duplicates=duplicates, match=match)
    assert again.merged == 3


async def test_duplicates_are_looked_for_where_it_is_said(sessions: Sessions) -> None:
    first = await _import(sessions, "phone\n4155550101\n")
    other = ListTarget("acme", "autumn", "US")
    assert (await _import(sessions, "phone\n4155550101\n", target=other, scope="client")).merged == 1
    campaign: Any = {"scope": "campaign", "scope_lists": (first.list_id,)}
    assert (await _import(sessions, "phone\n4155550101\n", target=other, **campaign)).merged == 1
    assert (await _import(sessions, "phone\n4155550101\n", target=other)).accepted == 1
    stranger = ListTarget("beta", "spring", "US")
    assert (await _import(sessions, "phone\n4155550101\n", target=stranger, scope="client")).accepted == 1


async def test_a_lead_that_gets_a_zone_takes_its_numbers_along(sessions: Sessions) -> None:
    await _import(sessions, "phone,phone2\n2125550101,3055550101\n")
    await _import(sessions, "phone,timezone,phone3\n2125550101,America/Denver,4155550101\n")
    async with sessions() as session, session.begin():
        query = select(ZoneGroup.code).join(Phone, col(Phone.zone_group_id) == col(ZoneGroup.id))
        assert set((await session.exec(query)).all()) == {"US:America/Denver"}


async def test_the_id_map_tells_which_lead_each_row_became(sessions: Sessions, tmp_path: Path) -> None:
    id_map = tmp_path / "ids.csv"
    await _import(sessions, MIXED, id_map_path=id_map)
    with id_map.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    async with sessions() as session, session.begin():
        ids = (await session.exec(select(Lead.id).order_by(col(Lead.id)))).all()
    assert [(row["row"], row["external_id"], row["outcome"], row["code"]) for row in rows] == [
        ("2", "A", "accepted", "new"),
        ("3", "B", "accepted", "new"),
        ("5", "A", "merged", "duplicate-updated"),
    ]
    assert [int(row["lead_id"]) for row in rows] == [ids[0], ids[1], ids[0]]


async def test_consents_are_kept_once_and_stay_withdrawn(sessions: Sessions) -> None:
    content = (
        "phone,email,consent_channel,consent_basis,consent_at\n"
        "4155550101,a@example.com,call;email,web form,2026-01-12T10:15:00Z\n"
    )
    await _import(sessions, content)
    async with sessions() as session, session.begin():
        consents = (await session.exec(select(Consent).order_by(col(Consent.id)))).all()
        assert {(c.e164, c.email, c.channel, c.basis) for c in consents} == {
            ("+14155550101", None, "call", "web_form"),
            (None, "a@example.com", "email", "web_form"),
        }
        for consent in consents:
            consent.withdrawn_at = NOW
            session.add(consent)
    await _import(sessions, content)
    async with sessions() as session, session.begin():
        assert [c.withdrawn_at for c in (await session.exec(select(Consent))).all()] == [NOW, NOW]


async def test_rejected_rows_come_back_ready_to_be_mended_and_loaded(
    sessions: Sessions, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    await _import(sessions, MIXED, rejects_path=rejects)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rejected_row"], row["rejected_code"]) for row in rows] == [
        ("4", "phone-not-a-number"),
        ("6", "row-empty"),
        ("7", "phone-scientific-notation"),
        ("8", "phone-not-dialable"),
    ]
    assert all(row["rejected_reason"].endswith(".") for row in rows)
    assert rows[3]["product_interest"] == "'=cmd()"
    mended = rejects.read_text("utf-8-sig").replace(",911,", ",212-555-0123,")
    report = await _import(sessions, mended)
    assert (report.accepted, report.rejected) == (1, 3)
    async with sessions() as session, session.begin():
        lead = (await session.exec(select(Lead).where(Lead.external_id == "E"))).one()
    assert lead.custom == {"product_interest": "=cmd()"}


async def test_without_rejects_the_file_has_its_header_alone(sessions: Sessions, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    await _import(sessions, "phone\n212-555-0123\n", rejects_path=rejects)
    assert rejects.read_text("utf-8-sig").splitlines() == ["rejected_row,rejected_code,rejected_reason,phone"]


async def test_rejects_cannot_go_over_the_file_that_is_read_nor_nowhere(
    sessions: Sessions, tmp_path: Path
) -> None:
    source = tmp_path / "leads.csv"
    source.write_text(MIXED)
    with pytest.raises(RejectsFileError):
        await _import(sessions, source, rejects_path=source)
    with pytest.raises(RejectsFileError):
        await _import(sessions, source, rejects_path=tmp_path / "no" / "folder.csv")
    assert source.read_text() == MIXED
    assert await _count(sessions, Client) == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"phone,name\n",
        b"name,city\nAnn,Berlin\n",
        b"4155550101,Ann\n4155550102,Bob\n",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00",
        gzip.compress(FIFTY.encode())[:-20],
        b"PK\x03\x04\x00\x00",
        b"phone," * 10_000 + b"\n1\n",
        b"phone,note\n+14155550101,ok\n1," + b"x" * 2_000_000,
        b"phone,note\n" + b"+14155550101,ok\n" * 3_000 + b'1,"' + b"x" * 50_000,
    ],
)
async def test_a_file_that_is_no_list_leaves_nothing_behind(
    sessions: Sessions, content: bytes, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    with pytest.raises(NotALeadFileError):
        await _import(sessions, content, rejects_path=rejects)
    assert not rejects.exists()
    for table in (Client, LeadList, Lead, Phone, LeadImport):
        assert await _count(sessions, table) == 0


async def test_a_file_that_is_not_there_leaves_nothing_behind(sessions: Sessions, tmp_path: Path) -> None:
    with pytest.raises(LeadFileUnreadableError):
        await _import(sessions, tmp_path / "nowhere.csv")
    assert await _count(sessions, Client) == 0


async def test_two_loads_of_one_file_at_once_make_no_lead_twice(sessions: Sessions) -> None:
    content = "\n".join(["phone", *(f"212555{i:04}" for i in range(100, 200))])
    one, two = await asyncio.gather(_import(sessions, content), _import(sessions, content))
    assert one.accepted + two.accepted == 100
    assert one.merged + two.merged == 100
    assert await _count(sessions, Lead) == 100


class _Watched(io.BytesIO):
    """Notes which threads read it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.readers: set[int] = set()

    def read(self, size: int | None = -1, /) -> bytes:
        self.readers.add(threading.get_ident())
        return super().read(size)

    def read1(self, size: int | None = -1, /) -> bytes:
        self.readers.add(threading.get_ident())
        return super().read1(-1 if size is None else size)


async def test_the_event_loop_never_reads_the_file_itself(sessions: Sessions) -> None:
    source = _Watched(MIXED.encode())
    await Import(sessions, TARGET, ImportChoices(), source).run(lambda: NOW)
    assert source.readers
    assert threading.get_ident() not in source.readers


async def test_a_cancelled_load_ends_and_closes_its_file(sessions: Sessions, tmp_path: Path) -> None:
    source = tmp_path / "leads.csv"
    source.write_text("\n".join(["phone", *(f"212555{i % 10000:04}" for i in range(20_000))]))
    started = asyncio.Event()
    load = asyncio.create_task(_import(sessions, source, on_progress=lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 30)
    load.cancel()
    with pytest.raises(asyncio.CancelledError):
        await load


CELL = st.one_of(
    st.sampled_from(
        ["+14155550101", "415-555-0102", "n/a", "", "911", "A", "B", "=1+1", "US", "Narnia", "UTC"]
    ),
    st.text(max_size=8),
)
HEADER = ["phone", "external_id", "country", "timezone", "first_name", "x"]
_names = count()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELL, min_size=1, max_size=7), min_size=1, max_size=15),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    duplicates=st.sampled_from(["skip", "update", "keep"]),
    match=st.sampled_from(["phone", "external-id", "both"]),
)
async def test_accepted_and_merged_and_rejected_make_up_the_rows_whatever_they_are(
    sessions: Sessions, rows: list[list[str]], encoding: str, duplicates: Duplicates, match: Match
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER, *rows])
    content = text.getvalue().encode(encoding, errors="replace")
    target = ListTarget("acme", f"list {next(_names)}", "US")
    choice: Any = {"target": target, "duplicates": duplicates, "match": match}
    try:
        report = await _import(sessions, content, **choice)
    except NotALeadFileError:
        assert b"\x00" in content
        return
    assert report.rows == len(rows)
    assert report.accepted + report.merged + report.rejected == report.rows
    assert sum(report.reasons.values()) == report.rejected
    assert sum(report.merges.values()) == report.merged
    if duplicates == "keep":
        assert report.merged == 0
        return
    before = await _dump(sessions)
    again = await _import(sessions, content, **choice)
    assert (again.accepted, again.merged) == (0, report.accepted + report.merged)
    assert await _dump(sessions) == before
