"""Do-not-call lists in the database."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from dialer.database import Database
from leads.core.suppression import INTERNAL, LEVELS, Level, Suppressed
from leads.errors import DncListChangedError
from leads.stores.dnc import DncStore
from leads.stores.dnc_loading import DncLoadingStore
from leads.tables import DncEntry, DncList, DncPrefix

Sessions = async_sessionmaker[AsyncSession]
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ANN, BEN, ZOE = "+14155550101", "+14155550102", "+442079460123"


async def _add(
    sessions: Sessions, e164: str, level: Level, owner: int = 0, name: str = INTERNAL, reason: str = ""
) -> bool:
    async with sessions() as session, session.begin():
        return await DncStore(session).add_number(
            e164, level, owner, list_name=name, reason=reason, source="test", now=NOW
        )


async def _suppressed(
    sessions: Sessions, *e164s: str, client: int | None = 1, campaign: int | None = 7
) -> dict[str, Suppressed]:
    async with sessions() as session:
        return await DncStore(session).suppressed(e164s, client, campaign)


@pytest.mark.parametrize(
    ("level", "owner", "client", "campaign", "binds"),
    [
        ("everyone", 0, 1, 7, True),
        ("everyone", 0, None, None, True),
        ("client", 1, 1, 7, True),
        ("client", 1, 1, None, True),
        ("client", 1, 2, 7, False),
        ("client", 1, None, None, False),
        ("campaign", 7, 1, 7, True),
        ("campaign", 7, 1, 8, False),
        ("campaign", 7, 1, None, False),
        ("campaign", 1, 1, 7, False),
        ("client", 7, 1, 7, False),
    ],
)
async def test_a_list_binds_everyone_its_client_or_its_campaign(
    sessions: Sessions, level: Level, owner: int, client: int | None, campaign: int | None, binds: bool
) -> None:
    await _add(sessions, ANN, level, owner)
    found = await _suppressed(sessions, ANN, BEN, client=client, campaign=campaign)
    assert set(found) == ({ANN} if binds else set())


async def test_an_entry_that_is_there_stays_as_it_was(sessions: Sessions) -> None:
    assert await _add(sessions, ANN, "client", 1, reason="asked on a call")
    assert not await _add(sessions, ANN, "client", 1, reason="something else")
    assert (await _suppressed(sessions, ANN))[ANN] == Suppressed("client", INTERNAL, "asked on a call")


async def test_of_several_entries_the_farthest_reaching_is_named(sessions: Sessions) -> None:
    for level, owner in (("campaign", 7), ("client", 1), ("everyone", 0)):
        await _add(sessions, ANN, level, owner, reason=level)
    assert (await _suppressed(sessions, ANN))[ANN].reason == "everyone"


async def test_a_prefix_forbids_all_numbers_that_begin_with_it(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        store = DncStore(session)
        values = {"list_name": "cells", "reason": "", "source": "test", "now": NOW}
        assert await store.add_prefix("+1415", "client", 1, **values)
        assert not await store.add_prefix("+1415", "client", 1, **values)
    found = await _suppressed(sessions, ANN, ZOE)
    assert found == {ANN: Suppressed("client", "cells", "", "+1415")}
    assert await _suppressed(sessions, ANN, client=2) == {}


async def test_nothing_asked_is_nothing_answered(sessions: Sessions) -> None:
    assert await _suppressed(sessions) == {}


async def test_thousands_of_numbers_can_be_asked_for_at_once(sessions: Sessions) -> None:
    numbers = [f"+1202{number:07}" for number in range(3_000)]
    await _load(sessions, dict.fromkeys(numbers[::3], ""))
    assert set(await _suppressed(sessions, *numbers)) == set(numbers[::3])


NUMBERS = st.sampled_from(["+12025550101", "+12025550102", "+12035550103", "+442079460123", "+33123456789"])
PREFIXES = st.sampled_from(["+1", "+12", "+1202", "+44", "+3312345678"])
OWNERS = st.sampled_from([("everyone", 0), ("client", 1), ("client", 2), ("campaign", 1), ("campaign", 2)])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.lists(st.tuples(NUMBERS | PREFIXES, OWNERS), max_size=12),
    asked=st.lists(NUMBERS, max_size=5),
    client=st.none() | st.integers(1, 2),
    campaign=st.none() | st.integers(1, 2),
)
async def test_what_is_suppressed_is_what_a_list_that_binds_holds(
    database: Database,
    entries: Sequence[tuple[str, tuple[Level, int]]],
    asked: Sequence[str],
    client: int | None,
    campaign: int | None,
) -> None:
    binding = {("everyone", 0), ("client", client), ("campaign", campaign)}
    expected = {
        each for each in asked for what, owner in entries if owner in binding and each.startswith(what)
    }
    async with database.sessions() as session:
        store = DncStore(session)
        for what, (level, owner) in entries:
            add = store.add_number if len(what) > 11 else store.add_prefix
            await add(what, level, owner, reason="", source="", now=NOW)
        assert set(await store.suppressed(asked, client, campaign)) == expected
        await session.rollback()


async def _load(
    sessions: Sessions, reasons: dict[str, str], name: str = "registry", level: Level = "everyone"
) -> int:
    async with sessions() as session, session.begin():
        dnc_list = await DncStore(session).ensure_list(level, 0, name, NOW)
        return await DncLoadingStore(session).add(dnc_list.id, reasons, "file.csv", NOW)


async def test_numbers_in_bulk_are_like_numbers_one_by_one(sessions: Sessions) -> None:
    reasons = {ANN: "moved", BEN: "", ZOE: 'odd \\ "reason"\t\u2028'}
    assert await _load(sessions, reasons) == 3
    assert await _load(sessions, reasons | {"+12025550199": ""}) == 1
    found = await _suppressed(sessions, *reasons)
    assert {e164: hit.reason for e164, hit in found.items()} == reasons
    async with sessions() as session:
        rows = (await session.exec(select(DncEntry))).all()
        assert {(each.source, each.created_at) for each in rows} == {("file.csv", NOW)}


async def _begun(sessions: Sessions, name: str, reasons: dict[str, str]) -> int:
    async with sessions() as session, session.begin():
        store = DncLoadingStore(session)
        list_id = await store.begin("everyone", 0, name, NOW)
        await store.add(list_id, reasons, "new.csv", NOW)
        return list_id


async def _put_in_place(sessions: Sessions, list_id: int, name: str) -> None:
    async with sessions() as session, session.begin():
        await DncLoadingStore(session).put_in_place(list_id, "everyone", 0, name)


async def test_a_list_that_is_loaded_binds_nobody_until_it_is_in_place_and_then_the_old_one_does_not(
    sessions: Sessions,
) -> None:
    await _load(sessions, {ANN: ""})
    list_id = await _begun(sessions, "registry", {BEN: ""})
    assert set(await _suppressed(sessions, ANN, BEN)) == {ANN}
    await _put_in_place(sessions, list_id, "registry")
    assert set(await _suppressed(sessions, ANN, BEN)) == {BEN}
    async with sessions() as session:
        assert [(each.name, n) for each, n, _ in await DncStore(session).lists()] == [("registry", 1)]


async def test_what_is_out_of_force_is_cleared_bit_by_bit(sessions: Sessions) -> None:
    await _load(sessions, {f"+1202555{number:04}": "" for number in range(25)})
    await _put_in_place(sessions, await _begun(sessions, "registry", {ANN: ""}), "registry")
    rounds = 0
    async with sessions() as session, session.begin():
        store = DncLoadingStore(session)
        (leftover,) = await store.leftovers()
        while not await store.clear(leftover, 10):
            rounds += 1
        assert await store.leftovers() == []
        assert [each.e164 for each in (await session.exec(select(DncEntry))).all()] == [ANN]
        assert len((await session.exec(select(DncList))).all()) == 1
    assert rounds == 3


async def test_a_second_load_of_the_same_list_makes_the_first_give_up(sessions: Sessions) -> None:
    first = await _begun(sessions, "registry", {ANN: ""})
    second = await _begun(sessions, "registry", {BEN: ""})
    async with sessions() as session:
        store = DncLoadingStore(session)
        with pytest.raises(DncListChangedError):
            await store.add(first, {ZOE: ""}, "", NOW)
        with pytest.raises(DncListChangedError):
            await store.put_in_place(first, "everyone", 0, "registry")
    await _put_in_place(sessions, second, "registry")
    assert set(await _suppressed(sessions, ANN, BEN, ZOE)) == {BEN}


async def test_numbers_that_are_added_while_the_list_is_replaced_are_not_lost(sessions: Sessions) -> None:
    await _load(sessions, {ANN: ""})
    list_id = await _begun(sessions, "registry", {ANN: ""})
    numbers = [f"+1202555{number:04}" for number in range(10)]
    await asyncio.gather(
        _put_in_place(sessions, list_id, "registry"),
        *(_add(sessions, number, "everyone", 0, "other") for number in numbers),
    )
    assert set(await _suppressed(sessions, ANN, *numbers)) == {ANN, *numbers}


@pytest.mark.parametrize("level", LEVELS)
async def test_an_entry_is_in_the_order_of_pages_and_can_be_taken_off(
    sessions: Sessions, level: Level
) -> None:
    for e164 in (ZOE, ANN, BEN):
        await _add(sessions, e164, level, 0, "registry")
    async with sessions() as session, session.begin():
        store = DncStore(session)
        ((found, count, prefixes),) = await store.lists()
        assert (found.name, count, prefixes) == ("registry", 3, 0)
        first = await store.entries(found.id, "", 2)
        rest = await store.entries(found.id, first[-1].e164, 2)
        assert [each.e164 for each in (*first, *rest)] == [ANN, BEN, ZOE]
        assert await store.remove_number(found.id, ANN)
        assert not await store.remove_number(found.id, ANN)
        assert [each.e164 for each in await store.entries(found.id, "", 9)] == [BEN, ZOE]
        assert (await session.exec(select(DncPrefix))).all() == []
