"""`python -m bench.reports`: reports over many attempts on PostgreSQL, and the cost of counting them."""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from bench.reports.seeding import CAMPAIGN, seed
from campaigns import effects, service
from campaigns.core.attempt import CallsWanted, Ending
from campaigns.core.campaign import CampaignSettings
from campaigns.dispositions import Words, say
from campaigns.reports.calls import CallsAsked, report_calls
from campaigns.reports.verifying import verify
from campaigns.stores import tallies
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from dialer.database import PASSING, Database, opened
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import ALL_DAY, people, seed_leads
from tests.servers import postgresql

_ROUNDS = 11
_BATCH = 25
_TRIES = 10


def main() -> None:
    """Seeds, measures, and prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000_000)
    parser.add_argument("--calls", type=int, default=1000, help="placed and ended for the cost of counting")
    parser.add_argument("--nodes", type=int, default=4, help="that end calls at once")
    options = parser.parse_args()
    with postgresql() as server:
        print(json.dumps(asyncio.run(_measure(f"{server}/postgres", options)), indent=2))


async def _measure(url: str, options: argparse.Namespace) -> dict[str, object]:
    async with opened(url) as database:
        await database.migrate()
        began = time.perf_counter()
        await asyncio.to_thread(seed, url, options.attempts)
        found: dict[str, object] = {"attempts": options.attempts, "seeding_s": _since(began)}
        began = time.perf_counter()
        await verify(database.sessions, CAMPAIGN, repair=True)
        found["recount_and_write_s"] = _since(began)
        began = time.perf_counter()
        checked = await verify(database.sessions, CAMPAIGN)
        found |= {"full_recount_s": _since(began), "differences": len(checked.differences)}
        found |= await _readings(database)
        print(json.dumps(found), file=sys.stderr)
        found |= await _cost(database, options.calls, options.nodes)
        return found


async def _readings(database: Database) -> dict[str, float]:
    """Medians in milliseconds."""
    sessions, now = database.sessions, datetime.now(UTC)
    day = CallsAsked(by="day", campaign_id=CAMPAIGN)
    agent = CallsAsked(by="agent", campaign_id=CAMPAIGN)

    async def page(wanted: CallsWanted, after: int) -> None:
        async with sessions() as session:
            assert await AttemptStore(session).attempts_page(CAMPAIGN, after, 100, wanted)

    sold = CallsWanted(disposition="sale")
    week = CallsWanted(placed_from=now - timedelta(days=20), placed_before=now - timedelta(days=13))
    return {
        "campaign_report_ms": await _median(lambda: service.report(sessions, CAMPAIGN, now, whole=False)),
        "campaign_report_with_sales_ms": await _median(lambda: service.report(sessions, CAMPAIGN, now)),
        "calls_by_day_ms": await _median(lambda: report_calls(sessions, day)),
        "calls_by_agent_ms": await _median(lambda: report_calls(sessions, agent)),
        "page_of_sales_ms": await _median(lambda: page(sold, 0)),
        "page_of_a_week_ms": await _median(lambda: page(week, 0)),
    }


async def _cost(database: Database, calls: int, nodes: int) -> dict[str, object]:
    """Calls a second with and without counting, one node and several; the tallies are right afterwards."""
    sessions = database.sessions
    await seed_leads(sessions, people(calls * 6), slug="bench", list_name="calls")
    campaign = await _campaign(sessions)
    agent = await service.add_agent(sessions, "bench", "Live", "sip:live@pbx.example", datetime.now(UTC))
    write = tallies._write_pending  # noqa: SLF001 - what is measured
    rounds: dict[str, list[float]] = {"counted": [], "not_counted": []}
    for _ in range(3):
        for name, wanted in (("counted", write), ("not_counted", lambda _session: None)):
            tallies._write_pending = wanted  # noqa: SLF001
            rounds[name].append(await _live(sessions, campaign, agent, calls // 3))
    tallies._write_pending = write  # noqa: SLF001
    await verify(sessions, campaign, repair=True)
    began = time.perf_counter()
    await asyncio.gather(*(_live(sessions, campaign, agent, calls // nodes) for _ in range(nodes)))
    at_once = time.perf_counter() - began
    own, counted = statistics.median(rounds["not_counted"]), statistics.median(rounds["counted"])
    return {
        "call_ms": round(own, 3),
        "call_counted_ms": round(counted, 3),
        "cost_of_counting": round(counted / own - 1, 4),
        f"calls_a_second_of_{nodes}_nodes": round(calls / at_once, 1),
        "differences_after_it": len((await verify(sessions, campaign)).differences),
    }


async def _campaign(sessions: Sessions) -> int:
    """A running campaign over the list of live calls."""
    settings = CampaignSettings.parse({"caller_id": "+12025550199", "callable_times": ALL_DAY})
    now = datetime.now(UTC)
    campaign = await service.create_campaign(sessions, "bench", "Live", settings, ("calls",), now)
    await service.start_campaign(sessions, campaign, now)
    return campaign


async def _live(sessions: Sessions, campaign: int, agent: int, calls: int) -> float:
    """Places, answers and ends calls, as the engine does, and says what they came to; milliseconds a call."""
    chance, now, done, spent = random.Random(calls), datetime.now(UTC), 0, 0.0
    while done < calls:
        permitted = await service.claim_permitted(sessions, NO_LAW, campaign, _BATCH, now)
        began = time.perf_counter()
        started = await service.start_attempts(sessions, NO_LAW, campaign, permitted, now)
        if not started:
            break
        talks = [each.attempt_id for each in started if chance.random() < 0.25]
        async with sessions() as session, session.begin():
            for each in started:
                await AttemptStore(session).update_attempt(each.attempt_id, ringing_at=now)
        async with sessions() as session, session.begin():
            for each in talks:
                await AttemptStore(session).update_attempt(each, answered_at=now)
                await AttemptStore(session).update_attempt(each, connected_at=now, agent_id=agent)
        ends = {
            each.attempt_id: "human"
            if each.attempt_id in talks
            else chance.choice(("no_answer", "busy", "rejected"))
            for each in started
        }
        await _end(sessions, ends, now)
        for each in talks:
            await _say(sessions, each, chance.choice(("sale", "not_interested", "callback")), now)
        spent, done = spent + time.perf_counter() - began, done + len(started)
    return spent * 1000 / max(done, 1)


async def _end(sessions: Sessions, ends: dict[int, str], now: datetime) -> None:
    """One transaction, again where the database broke it off, as the journal does."""
    for _ in range(_TRIES):
        try:
            async with sessions() as session, session.begin():
                for attempt, outcome in ends.items():
                    await effects.finish_attempt(session, attempt, Ending(outcome), now)
        except PASSING as error:
            print(f"tried again: {error}", file=sys.stderr)
            continue
        return


async def _say(sessions: Sessions, attempt: int, code: str, now: datetime) -> None:
    session: AsyncSession
    async with sessions() as session, session.begin():
        await say(session, attempt, Words(code=code), now)


async def _median(work: Callable[[], Awaitable[object]]) -> float:
    taken = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return round(statistics.median(taken[1:]) * 1000, 1)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)


if __name__ == "__main__":
    main()
