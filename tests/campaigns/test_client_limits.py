"""What a client asks of all its campaigns holds in each, together with the campaign's own and the laws."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import service
from campaigns.asking_again import AskingAgain
from campaigns.compliance.client_rules import limits_of, set_limits
from campaigns.core.attempt import Ending
from campaigns.core.calendar import ALWAYS
from campaigns.core.client_limits import NO_LIMITS, ClientLimits
from campaigns.errors import InvalidCallableTimesError, InvalidLimitError
from campaigns.stores.shared import Sessions
from leads.errors import UnknownClientError
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import ALL_DAY, NOW, Person, lead_rows, people, seed_campaign, seed_leads

HOUR = timedelta(hours=1)
FROM_ELEVEN = {"mon": [["11:00", "12:00"]]}
"""An hour after NOW in New York, which is a Monday there."""


async def call(sessions: Sessions, campaign_id: int, at: Any = NOW) -> int:
    """How many leads of one may be called at that time; each that may is, and is busy."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, at)
    for attempt in await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, at):
        await service.finish_attempt(sessions, attempt.attempt_id, Ending("busy"), at)
    return len(permitted)


async def limit(sessions: Sessions, **limits: object) -> None:
    await set_limits(sessions, "acme", ClientLimits.parse(limits), NOW)


async def reasons(sessions: Sessions, campaign_id: int) -> set[str]:
    return {row.reason for row in (await lead_rows(sessions, campaign_id)).values()}


async def test_a_client_without_limits_asks_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    assert await limits_of(sessions, "acme") == NO_LIMITS
    assert await call(sessions, await seed_campaign(sessions)) == 1


async def test_the_clients_hours_hold_in_each_of_its_campaigns(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await limit(sessions, callable_times=FROM_ELEVEN)
    campaign = await seed_campaign(sessions)
    assert await call(sessions, campaign) == 0
    assert await reasons(sessions, campaign) == {"outside_callable_times"}
    assert await call(sessions, campaign, NOW + HOUR) == 1


async def test_the_stricter_of_client_and_campaign_holds(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await limit(sessions, callable_times=FROM_ELEVEN)
    campaign = await seed_campaign(sessions, callable_times={"mon": [["11:30", "13:00"]]})
    assert await call(sessions, campaign, NOW + HOUR) == 0
    assert await call(sessions, campaign, NOW + 1.5 * HOUR) == 1


@pytest.mark.parametrize("limits", [{"most_attempts_a_day": 1}, {"least_gap_s": 7200}])
async def test_one_persons_calls_are_counted_over_all_campaigns(
    sessions: Sessions, limits: Mapping[str, object]
) -> None:
    await seed_leads(sessions, [Person(["+12025550123"])])
    await seed_leads(sessions, [Person(["+12025550123"])], list_name="winter")
    autumn, winter = await seed_campaign(sessions), await seed_campaign(sessions, "Winter sale", ["winter"])
    await limit(sessions, **limits)
    assert await call(sessions, autumn) == 1
    assert await call(sessions, winter, NOW + HOUR) == 0
    assert await reasons(sessions, winter) == {"too_many_attempts"}


async def test_another_clients_limits_are_its_own(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), slug="beta")
    await set_limits(sessions, "beta", ClientLimits.parse({"callable_times": FROM_ELEVEN}), NOW)
    assert await call(sessions, await seed_campaign(sessions)) == 1


async def test_limits_that_are_lifted_have_leads_asked_again_at_once(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    await limit(sessions, callable_times=FROM_ELEVEN)
    campaign = await seed_campaign(sessions)
    asking = AskingAgain(sessions, NO_LAW)
    await asking.look([campaign], NOW)
    assert await call(sessions, campaign) == 0
    await limit(sessions)
    assert await asking.look([campaign], NOW) == 2
    assert await call(sessions, campaign) == 1


async def test_limits_are_replaced_as_a_whole(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await limit(sessions, most_attempts_a_day=2, least_gap_s=60)
    await limit(sessions, callable_times=ALL_DAY)
    kept = await limits_of(sessions, "acme")
    assert (kept.most_attempts_a_day, kept.least_gap_s) == (None, 0)
    assert kept.callable_times != ALWAYS
    with pytest.raises(UnknownClientError):
        await set_limits(sessions, "nobody", NO_LIMITS, NOW)


@given(
    most=st.none() | st.integers(1, 100),
    gap=st.floats(0, 5_184_000),
    times=st.sampled_from([None, FROM_ELEVEN, ALL_DAY]),
)
def test_limits_are_read_as_they_were_written(most: int | None, gap: float, times: object) -> None:
    limits = ClientLimits.parse({"most_attempts_a_day": most, "least_gap_s": gap, "callable_times": times})
    assert ClientLimits.parse(limits.to_json()) == limits


@pytest.mark.parametrize(
    "wrong",
    [
        {"most_attempts_a_day": 0},
        {"most_attempts_a_day": 1.5},
        {"most_attempts_a_day": True},
        {"most_attempts_a_day": "2"},
        {"least_gap_s": -1},
        {"least_gap_s": float("nan")},
        {"least_gap_s": 1e12},
        {"least_gap_s": "60"},
        {"hours": {}},
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(wrong: Mapping[str, object]) -> None:
    with pytest.raises(InvalidLimitError):
        ClientLimits.parse(wrong)


def test_hours_that_allow_no_call_are_refused() -> None:
    with pytest.raises(InvalidCallableTimesError):
        ClientLimits.parse({"callable_times": {}})
