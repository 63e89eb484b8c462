"""The chance of an answer follows what a list, an hour and an attempt gave, and trusts little at first."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import service
from campaigns.core.answer_chance import LAST_ATTEMPT, PRIOR_RATE, DialCount, learn
from campaigns.core.attempt import Ending
from campaigns.stores.dials import DialStore
from campaigns.stores.shared import Sessions
from dialer.database import opened
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with opened(database_url) as database:
        yield database.sessions


def test_where_nothing_is_known_it_is_the_prior() -> None:
    assert learn([]).of(1, 10, 1) == pytest.approx(PRIOR_RATE)


def test_a_better_list_a_better_hour_and_an_earlier_attempt_have_better_chances() -> None:
    chances = learn(
        [
            DialCount(1, 10, 1, 500, 200),
            DialCount(2, 10, 1, 500, 50),
            DialCount(1, 18, 1, 500, 300),
            DialCount(1, 10, 4, 500, 100),
        ]
    )
    assert chances.of(1, 10, 1) > chances.of(2, 10, 1)
    assert chances.of(1, 18, 1) > chances.of(1, 10, 1)
    assert chances.of(1, 10, 1) > chances.of(1, 10, 4)


def test_a_few_calls_move_it_little() -> None:
    base = DialCount(1, 10, 1, 1000, 200)
    lucky = learn([base, DialCount(2, 10, 1, 3, 3)])
    assert lucky.of(2, 10, 1) < 1.3 * lucky.of(1, 10, 1)


counts = st.builds(
    lambda list_id, hour, attempt, calls, share: DialCount(list_id, hour, attempt, calls, int(calls * share)),
    st.integers(1, 4),
    st.integers(0, 23),
    st.integers(1, LAST_ATTEMPT),
    st.integers(0, 10_000),
    st.floats(0, 1),
)


@given(st.lists(counts, max_size=20), st.integers(1, 5), st.integers(0, 23), st.integers(1, 99))
def test_a_chance_is_always_a_chance(known: list[DialCount], list_id: int, hour: int, attempt: int) -> None:
    assert 0 < learn(known).of(list_id, hour, attempt) < 1


@given(st.lists(counts, max_size=10), counts, st.integers(1, 100))
def test_an_answer_more_never_makes_its_own_chance_worse(
    known: list[DialCount], each: DialCount, more: int
) -> None:
    before, after = learn([*known, each]), learn([*known, each, DialCount(*_key(each), more, more)])
    assert after.of(*_key(each)) >= before.of(*_key(each)) - 1e-9


def _key(each: DialCount) -> tuple[int, int, int]:
    return each.list_id, each.hour, each.attempt


async def test_calls_are_counted_as_they_end(sessions: Sessions) -> None:
    await seed_leads(sessions, people(4))
    campaign = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 4, NOW)
    started = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    assert {(each.list_id, each.local_hour, each.number) for each in started} == {(1, 10, 1)}
    for each, outcome in zip(started, ("human", "busy", "abandoned", "canceled"), strict=True):
        await service.finish_attempt(sessions, each.attempt_id, Ending(outcome), NOW)
        await service.finish_attempt(sessions, each.attempt_id, Ending(outcome), NOW)
    async with sessions() as session:
        assert await DialStore(session).counts(campaign) == [DialCount(1, 10, 1, 3, 2)]
