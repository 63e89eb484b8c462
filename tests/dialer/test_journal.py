"""What is added is written: in order, all of it, and whatever the database does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from dialer.journal import Journal
from tests.support import eventually


class DatabaseAway(Exception):
    """The database comes back by itself."""


class Store:
    """A database in memory: it takes a batch whole or not at all, and can be away, slow or particular."""

    def __init__(self, refuses: Sequence[int] = ()) -> None:
        self.batches: list[list[int]] = []
        self.away = False
        self.asked = 0
        self.turns: asyncio.Semaphore | None = None
        """Where there are turns, each write waits for its own."""
        self._refuses = set(refuses)

    @property
    def stored(self) -> list[int]:
        return [entry for batch in self.batches for entry in batch]

    async def write(self, batch: Sequence[int]) -> None:
        self.asked += 1
        if self.turns is not None:
            await self.turns.acquire()
        if self.away:
            raise DatabaseAway("connection refused")
        if self._refuses.intersection(batch):
            raise ValueError("no such attempt")
        self.batches.append(list(batch))


@asynccontextmanager
async def journal_on(store: Store) -> AsyncIterator[Journal[int]]:
    journal: Journal[int] = Journal(store.write, lambda error: isinstance(error, DatabaseAway))
    journal.start()
    yield journal
    store.away = False
    await journal.close()


async def test_what_is_added_is_written_in_its_order_and_many_at_a_time():
    store = Store()
    async with journal_on(store) as journal:
        for entry in range(1700):
            journal.add(entry)
        await journal.written()
        assert store.stored == list(range(1700))
        assert len(store.batches) < 100
        assert max(map(len, store.batches)) <= 25, "between them others may write"


async def test_adding_does_not_wait_for_the_database():
    store = Store()
    async with journal_on(store) as journal:
        store.turns = asyncio.Semaphore(0)
        journal.add(1)
        await eventually(lambda: store.asked)
        journal.add(2)
        journal.add(3)
        store.turns.release()
        store.turns.release()
        await journal.written()
        assert store.batches == [[1], [2, 3]]


async def test_while_the_database_is_away_entries_wait_and_then_all_are_written_once():
    store = Store()
    async with journal_on(store) as journal:
        store.away = True
        journal.add(1)
        await eventually(lambda: store.asked >= 2)
        journal.add(2)
        assert journal.behind
        assert store.stored == []
        store.away = False
        await journal.written()
        assert store.stored == [1, 2]
        assert not journal.behind
        assert journal.refused == 0


async def test_an_entry_that_cannot_be_written_costs_no_other_and_is_counted():
    store = Store(refuses=[3])
    async with journal_on(store) as journal:
        for entry in range(6):
            journal.add(entry)
        await journal.written()
        assert store.stored == [0, 1, 2, 4, 5]
        assert journal.refused == 1


async def test_an_entry_that_is_refused_when_the_database_is_back_leaves_no_lag_behind():
    store = Store(refuses=[1])
    async with journal_on(store) as journal:
        store.away = True
        journal.add(1)
        await eventually(lambda: journal.behind)
        store.away = False
        await journal.written()
        assert (journal.refused, journal.behind) == (1, False)


async def test_a_database_that_goes_away_amid_single_entries_costs_none():
    store = Store(refuses=[0])
    async with journal_on(store) as journal:
        store.turns = turns = asyncio.Semaphore(3)
        for entry in range(6):
            journal.add(entry)
        await eventually(lambda: store.stored == [1])
        store.away, store.turns = True, None
        turns.release()
        await eventually(lambda: journal.behind)
        store.away = False
        await journal.written()
        assert store.stored == [1, 2, 3, 4, 5]


async def test_written_waits_for_what_was_added_before_and_for_nothing_else():
    store = Store()
    async with journal_on(store) as journal:
        store.turns = asyncio.Semaphore(0)
        journal.add(1)
        await eventually(lambda: store.asked == 1)
        waiter = asyncio.create_task(journal.written())
        await asyncio.sleep(0)
        journal.add(2)
        assert not waiter.done()
        store.turns.release()
        await asyncio.wait_for(waiter, 5)
        assert store.stored == [1]
        store.turns.release()


async def test_written_is_not_kept_waiting_by_what_keeps_coming():
    store, stop = Store(), asyncio.Event()
    async with journal_on(store) as journal:

        async def keep_adding() -> None:
            entry = 0
            while not stop.is_set():
                journal.add(entry)
                entry += 1
                await asyncio.sleep(0)

        busy = asyncio.create_task(keep_adding())
        await eventually(lambda: store.stored)
        await asyncio.wait_for(journal.written(), 5)
        stop.set()
        await busy


async def test_with_nothing_to_write_written_returns_at_once():
    async with journal_on(Store()) as journal:
        await asyncio.wait_for(journal.written(), 1)


async def test_an_entry_that_is_refused_keeps_nobody_waiting():
    async with journal_on(Store(refuses=[1])) as journal:
        journal.add(1)
        await asyncio.wait_for(journal.written(), 5)


async def test_closing_writes_all_that_waits_even_if_the_database_has_to_come_back_first():
    store = Store()
    async with journal_on(store) as journal:
        store.away = True
        for entry in range(3):
            journal.add(entry)
        closing = asyncio.create_task(journal.close())
        await eventually(lambda: journal.behind)
        assert not closing.done()
        store.away = False
        await closing
        assert store.stored == [0, 1, 2]


@given(st.lists(st.booleans(), max_size=30), st.sets(st.integers(0, 29)))
async def test_all_but_the_refused_are_written_in_their_order(pauses, refuses):
    store = Store(refuses=refuses)
    async with journal_on(store) as journal:
        for entry, pause in enumerate(pauses):
            journal.add(entry)
            if pause:
                await asyncio.sleep(0)
    assert store.stored == [entry for entry in range(len(pauses)) if entry not in refuses]
    assert journal.refused == sum(entry in refuses for entry in range(len(pauses)))


async def test_closing_gives_up_in_time_where_the_database_stays_away() -> None:
    async def away(batch: Sequence[int]) -> None:
        raise OSError("away")

    journal: Journal[int] = Journal(away, lambda error: isinstance(error, OSError))
    journal.start()
    journal.add(1)
    await journal.close(within_s=0.05)
    assert journal.behind
