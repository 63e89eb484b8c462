"""What people do with do-not-call lists."""

import gzip
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from leads import dnc
from leads.dnc import DncListRef
from leads.errors import (
    BadDncEntryError,
    BadNameError,
    DncListNotFoundError,
    LeadsError,
    NotALeadFileError,
    OptOutStaysError,
    PhoneRejectedError,
    UnknownClientError,
    UnknownCountryError,
)
from leads.importing import numbers
from leads.importing.numbers import DncReport
from leads.stores.shared import Sessions
from leads.tables import Client, DncEntry, DncList

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN, ZOE = "+14155550101", "+442079460123"
EVERYONE = DncListRef()
REGISTRY = DncListRef(name="National registry")


@pytest.fixture
async def clients(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        session.add_all([Client(slug=slug, name=slug) for slug in ("acme", "beta")])


async def _add(sessions: Sessions, phone: str, ref: DncListRef = EVERYONE, reason: str = "") -> dnc.DncAdded:
    return await dnc.add_dnc(sessions, ref, phone=phone, default_country="US", now=NOW, reason=reason)


async def _check(sessions: Sessions, phone: str, **whom: Any) -> dnc.DncAnswer:
    return await dnc.check_dnc(sessions, phone=phone, default_country="US", **whom)


async def _import(
    sessions: Sessions, content: str | bytes, ref: DncListRef = EVERYONE, **more: Any
) -> DncReport:
    source = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return await dnc.import_dnc(sessions, ref, source=source, default_country="US", now=NOW, **more)


async def test_an_opt_out_is_known_at_once_and_for_good(sessions: Sessions, clients: None) -> None:
    before = await _check(sessions, "415-555-0101")
    assert (before.phone, before.suppressed, before.reason) == (ANN, False, "")
    added = await _add(sessions, "415-555-0101", reason="asked on a call")
    assert (added.phone, added.level, added.list_name, added.added) == (ANN, "everyone", "internal", True)
    assert not (await _add(sessions, "(415) 555-0101", reason="something else")).added
    for whom in ({}, {"client": "acme"}, {"client": "acme", "campaign_id": 3}):
        answer = await _check(sessions, "415-555-0101", **whom)
        assert answer.suppressed
        assert answer.reason == "The number is on everyone's do-not-call list: asked on a call."


async def test_a_reason_that_no_database_could_hold_is_cleaned(sessions: Sessions) -> None:
    await _add(sessions, ANN, reason="asked\x00 on a \udcffcall\n")
    assert (await _check(sessions, ANN)).reason.endswith("list: asked on a call.")


async def test_an_entry_of_a_client_or_of_a_campaign_forbids_only_that_one(
    sessions: Sessions, clients: None
) -> None:
    await _add(sessions, ANN, DncListRef(client="acme"))
    await _add(sessions, ZOE, DncListRef(campaign_id=3))

    async def suppressed(phone: str, **whom: Any) -> bool:
        return (await _check(sessions, phone, **whom)).suppressed

    assert await suppressed(ANN, client="acme")
    assert not await suppressed(ANN, client="beta")
    assert not await suppressed(ANN)
    assert await suppressed(ZOE, client="beta", campaign_id=3)
    assert not await suppressed(ZOE, client="acme", campaign_id=4)
    assert not await suppressed(ZOE, client="acme")


async def test_a_prefix_forbids_every_number_behind_it(sessions: Sessions) -> None:
    assert (await _add(sessions, "+1 415*", reason="cells")).phone == "+1415"
    answer = await _check(sessions, ANN)
    assert answer.reason == "Every number that begins with +1415 is on everyone's do-not-call list: cells."
    assert not (await _check(sessions, ZOE)).suppressed


@pytest.mark.parametrize("phone", ["", "n/a", "555-0123", "911", "6.39171E+11", "x" * 10_000])
async def test_what_is_no_number_is_refused_with_its_reason(sessions: Sessions, phone: str) -> None:
    with pytest.raises(PhoneRejectedError, match=r"\."):
        await _add(sessions, phone)
    with pytest.raises(PhoneRejectedError):
        await _check(sessions, phone)


@pytest.mark.parametrize("phone", ["*", "+*", "1900*", "+0*", "a*", "+1\x00*", "+1234567890123456*"])
async def test_what_is_no_prefix_is_refused(sessions: Sessions, phone: str) -> None:
    with pytest.raises(BadDncEntryError):
        await _add(sessions, phone)


async def test_a_client_a_country_or_a_name_that_cannot_be_is_refused(sessions: Sessions) -> None:
    for slug in ("nobody", "", "a\x00b", "\udcff"):
        with pytest.raises(UnknownClientError):
            await _check(sessions, ANN, client=slug)
        with pytest.raises(UnknownClientError):
            await _import(sessions, ANN, DncListRef(client=slug))
    for name in ("", " ", "x" * 201, "a\nb", "\x00"):
        with pytest.raises(BadNameError):
            await _add(sessions, ANN, DncListRef(name=name))
    with pytest.raises(UnknownCountryError):
        await dnc.check_dnc(sessions, phone=ANN, default_country="Narnia")


@pytest.mark.parametrize(
    "content",
    [
        "phone,reason\n415-555-0101,by letter\n+44 20 7946 0123,\nn/a,\n415-555-0101,again\n",
        "415-555-0101\n+44 20 7946 0123\nn/a\n4155550101\n",
        "+14155550101;x\n+442079460123;y\n911;z\n+14155550101;x\n",
        "Mobile,Home Phone\n415-555-0101,+44 20 7946 0123\nn/a,\n,4155550101\n",
    ],
)
async def test_a_file_of_numbers_is_put_on_the_list(sessions: Sessions, content: str) -> None:
    async def load(content: str | bytes) -> tuple[int, ...]:
        report = await _import(sessions, content, reason="register")
        assert sum(report.reasons.values()) == report.rejected
        return report.numbers, report.added, report.already, report.rejected

    assert await load(content) == (4, 2, 1, 1)
    assert await load(gzip.compress(content.encode())) == (4, 0, 3, 1)
    answer = await _check(sessions, ZOE)
    assert answer.reason == "The number is on everyone's do-not-call list: register."


async def test_the_files_own_reason_goes_first(sessions: Sessions) -> None:
    await _import(sessions, "phone,reason\n415-555-0101,by letter\n", reason="register")
    assert "by letter" in (await _check(sessions, ANN)).reason


async def test_a_file_may_hold_prefixes(sessions: Sessions) -> None:
    report = await _import(sessions, "+1415*\n+44*\n+1415…\n+*\n")
    assert (report.numbers, report.added, report.already, report.rejected) == (4, 2, 1, 1)
    assert (await _check(sessions, ANN)).suppressed
    assert (await _check(sessions, ZOE)).suppressed


async def test_a_number_with_a_trunk_prefix_behind_its_country_is_known_for_what_it_is(
    sessions: Sessions,
) -> None:
    await _import(sessions, "+4402079460123\n")
    assert (await _check(sessions, ZOE)).suppressed


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "BATCH_ROWS", 10)


async def test_a_long_file_goes_in_batches_that_tell_how_far_they_are(
    sessions: Sessions, small_batches: None
) -> None:
    content = "".join(f"+1202555{number:04}\n" for number in range(45))
    seen: list[numbers.DncProgress] = []
    report = await _import(sessions, content, REGISTRY, on_progress=seen.append)
    assert report.added == 45
    assert [each.numbers for each in seen] == [10, 20, 30, 40, 45]
    assert seen[-1].read_bytes == len(content)


async def test_a_new_version_of_a_list_takes_the_place_of_the_old_one(
    sessions: Sessions, small_batches: None
) -> None:
    old = "+1900*\n" + "".join(f"+1202555{number:04}\n" for number in range(25))
    await _import(sessions, old, REGISTRY)
    report = await _import(sessions, "+12025550003\n+12025550199\n", REGISTRY, replace=True)
    assert (report.added, report.already) == (2, 0)
    held = [(await _check(sessions, f"+120255501{n:02}")).suppressed for n in (3, 99)]
    assert held == [False, True]
    assert (await _check(sessions, "+12025550003")).list_name == "National registry"
    async with sessions() as session:
        assert len((await session.exec(select(DncEntry))).all()) == 2
    assert [(each.name, each.numbers, each.prefixes) for each in await dnc.dnc_lists(sessions)] == [
        ("National registry", 2, 0)
    ]


@pytest.mark.parametrize("content", [b"", b"name\nAnn\n", b"\x00\x01", b"phone\nn/a\n", b"phone\n"])
async def test_a_file_that_is_no_list_never_empties_one(sessions: Sessions, content: bytes) -> None:
    await _import(sessions, ANN, REGISTRY)
    with pytest.raises(NotALeadFileError):
        await _import(sessions, content, REGISTRY, replace=True)
    assert (await _check(sessions, ANN)).suppressed
    async with sessions() as session:
        assert len((await session.exec(select(DncList))).all()) == 1


async def test_a_list_whose_new_version_was_cut_off_is_replaced_by_the_next_try(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, small_batches: None
) -> None:
    await _import(sessions, ANN, REGISTRY)

    def cut_off(_progress: object) -> None:
        raise RuntimeError("the machine is gone")

    numbers = "".join(f"+1202555{number:04}\n" for number in range(25))
    with pytest.raises(RuntimeError):
        await _import(sessions, numbers, REGISTRY, replace=True, on_progress=cut_off)
    assert (await _check(sessions, ANN)).suppressed
    assert not (await _check(sessions, "+12025550101")).suppressed
    await _import(sessions, numbers, REGISTRY, replace=True)
    assert not (await _check(sessions, ANN)).suppressed
    async with sessions() as session:
        assert len((await session.exec(select(DncEntry))).all()) == 25


async def test_the_list_of_opt_outs_is_neither_replaced_nor_emptied(sessions: Sessions) -> None:
    await _add(sessions, ANN)
    with pytest.raises(OptOutStaysError):
        await _import(sessions, ZOE, replace=True)
    with pytest.raises(OptOutStaysError):
        await dnc.remove_dnc(sessions, EVERYONE, phone=ANN, default_country="US")
    with pytest.raises(OptOutStaysError):
        await dnc.remove_dnc_list(sessions, DncListRef(name=" internal "))
    assert (await _check(sessions, ANN)).suppressed


async def test_a_number_a_prefix_or_all_of_another_list_can_be_taken_off(sessions: Sessions) -> None:
    await _import(sessions, f"{ANN}\n{ZOE}\n+1900*\n", REGISTRY)

    async def remove(phone: str) -> bool:
        return await dnc.remove_dnc(sessions, REGISTRY, phone=phone, default_country="US")

    assert [await remove("415-555-0101"), await remove(ANN), await remove("+1900*")] == [True, False, True]
    assert not (await _check(sessions, ANN)).suppressed
    await dnc.remove_dnc_list(sessions, REGISTRY)
    assert not (await _check(sessions, ZOE)).suppressed
    with pytest.raises(DncListNotFoundError):
        await remove(ZOE)
    async with sessions() as session:
        assert (await session.exec(select(DncEntry))).all() == []


async def test_a_file_that_is_not_there_is_named(sessions: Sessions, tmp_path: Path) -> None:
    with pytest.raises(LeadsError, match=r"none\.csv"):
        await dnc.import_dnc(sessions, EVERYONE, source=tmp_path / "none.csv", default_country="US", now=NOW)
