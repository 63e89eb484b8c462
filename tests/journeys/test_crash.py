"""Processes are killed while calls ring and talk: nobody is dialed twice, and nothing is forgotten."""

import signal
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from campaigns import service as campaigns
from campaigns.tables import Attempt
from dialer.simulation.people import Kind, World
from tests.journeys.stage import Stage, lives, staged
from tests.support import eventually

PEOPLE = [f"+1202555{1000 + index}" for index in range(2)]
MACHINE = "+12025552000"
RINGING = [f"+1202555{3000 + index}" for index in range(20)]
WORLD = World(ring_mean_s=0.4, talk_mean_s=600, patience_mean_s=600, machine_mean_s=5)
KINDS = {
    **dict.fromkeys(PEOPLE, Kind.PERSON),
    MACHINE: Kind.MACHINE,
    **dict.fromkeys(RINGING, Kind.RINGS_ON),
}
AGENTS, LINES_PER_AGENT = 3, 3
RINGS_AT_FIRST = RINGING[: AGENTS * LINES_PER_AGENT - len(PEOPLE) - 1]


def now() -> datetime:
    return datetime.now(UTC)


async def test_kill_9_of_the_engine_ends_no_conversation_and_dials_nobody_twice(
    tmp_path: Path, database_url: str
) -> None:
    async with staged(tmp_path, database_url, KINDS, WORLD, AGENTS) as stage:
        await stage.prepare(AGENTS, [*PEOPLE, MACHINE, *RINGING], lines_per_agent=LINES_PER_AGENT)
        await stage.go()
        await stage.agents_are(["talking"] * AGENTS)
        await eventually(lambda: set(RINGS_AT_FIRST) <= set(stage.invited()))
        await stage.dialer.kill()

        await eventually(lambda: all(stage.ended(number) for number in RINGS_AT_FIRST))
        machine = await eventually(lambda: stage.ended(MACHINE), within_s=15)
        assert not machine["by_caller"]
        assert not any(stage.ended(number) for number in PEOPLE)
        unsent = await commit_an_attempt(stage)

        await stage.dialer.serve()
        assert sorted(await stage.agent_states()) == ["talking", "talking", "wrap_up"]
        attempts = await stage.attempts_when(lambda found: found[unsent].outcome != "")
        assert attempts[unsent].outcome == "unknown"
        assert {attempts[number].outcome for number in RINGS_AT_FIRST} == {"canceled"}
        assert attempts[MACHINE].outcome == "human"
        assert abs(attempts[MACHINE].ended_at.timestamp() - machine["at"]) < 1
        assert {attempts[number].outcome for number in PEOPLE} == {""}
        assert not any(stage.ended(number) for number in PEOPLE)
        assert not stage.phones.events_of("ended")
        await eventually(lambda: set(stage.invited()) - {*PEOPLE, MACHINE, *RINGS_AT_FIRST})

        await settle(stage, [attempts[number] for number in (*PEOPLE, MACHINE)])
        await stage.agents_are(["available"] * AGENTS)
        await stage.on_record()
        assert unsent not in stage.invited()

        stage.dialer.signal(signal.SIGTERM)
        stage.dialer.signal(signal.SIGTERM)
        assert await stage.dialer.ended() == 0
        await stage.on_record()
        await stage.shifts_without_gaps()
        assert not stage.dialer.switches()


async def commit_an_attempt(stage: Stage) -> str:
    """What an engine does that is killed between the commit and the INVITE; the number it did not call."""
    sessions = stage.database.sessions
    permitted = await campaigns.claim_permitted(sessions, stage.campaign, 1, now())
    (started,) = await campaigns.start_attempts(sessions, stage.campaign, permitted, now())
    return started.e164


async def settle(stage: Stage, talks: list[Attempt]) -> None:
    """Ends each talk as an agent does, says how it went, and looks that it is on record."""
    async with stage.dialer.client() as client:
        for talk in talks:
            (await client.post(f"/api/v1/attempts/{talk.id}/hangup")).raise_for_status()
        ended = await stage.attempts_when(lambda found: all(found[each.e164].outcome for each in talks))
        for talk in talks:
            assert ended[talk.e164].outcome == "human"
            said = {"disposition": "sale"}
            (await client.post(f"/api/v1/attempts/{talk.id}/disposition", json=said)).raise_for_status()
    found = await stage.attempts()
    for talk in talks:
        end = found[talk.e164]
        assert end.disposition == "sale"
        assert end.agent_id in stage.agents
        assert end.placed_at <= end.answered_at <= end.connected_at <= end.ended_at


async def test_what_the_engine_had_no_time_to_write_is_on_record_after_its_next_start(
    tmp_path: Path, sqlite_url: str
) -> None:
    person = PEOPLE[0]
    slow = World(ring_mean_s=2, talk_mean_s=600, patience_mean_s=600)
    async with staged(tmp_path, sqlite_url, KINDS, slow, 1) as stage:
        await stage.prepare(1, [person])
        await stage.go()
        await eventually(lambda: stage.invited())
        async with stage.database.sessions() as session, session.begin():
            await session.exec(text("UPDATE campaign SET name = name"))  # type: ignore[call-overload]
            (heard,) = await eventually(lambda: stage.phones.events_of("heard"))
            assert await stage.agent_states() == ["talking"]
            await stage.dialer.kill()
            await session.rollback()
        assert (await stage.attempts())[person].answered_at is None

        await stage.dialer.serve()
        assert await stage.agent_states() == ["talking"]
        attempt = (await stage.attempts_when(lambda found: found[person].connected_at is not None))[person]
        assert attempt.ringing_at < attempt.answered_at <= attempt.connected_at
        assert abs(attempt.connected_at.timestamp() - heard["at"]) < 1
        await settle(stage, [attempt])
        await stage.agents_are(["available"])
        talked = [each for each in await stage.stretches(stage.sessions[0]) if each.state == "talking"]
        assert [(each.attempt_id, each.started_at) for each in talked] == [(attempt.id, attempt.connected_at)]
        await stage.shifts_without_gaps()


async def test_kill_9_of_the_switch_loses_its_calls_and_nothing_else(tmp_path: Path, sqlite_url: str) -> None:
    numbers = [*PEOPLE, *RINGING]
    async with staged(tmp_path, sqlite_url, KINDS, WORLD, 2) as stage:
        await stage.prepare(2, numbers, lines_per_agent=2)
        await stage.go()
        await stage.agents_are(["talking"] * 2)
        await eventually(lambda: len(stage.invited()) == 4)
        (switch,) = stage.dialer.switches()
        switch.kill()
        attempts = await stage.attempts_when(lambda found: all(found[each].outcome for each in numbers[:4]))
        assert {attempts[each].outcome for each in numbers[:4]} == {"lost"}
        await stage.agents_are(["available"] * 2)
        await eventually(lambda: len(stage.invited()) == 8)
        assert len(stage.phones.events_of("answered")) == 4
        await stage.on_record()

        # The power fails: both are gone, and with them whatever could tell what became of the calls.
        (switch,) = stage.dialer.switches()
        await stage.dialer.kill()
        switch.kill()
        await eventually(lambda: not lives(switch))
        await stage.dialer.serve()
        attempts = await stage.attempts_when(lambda found: all(found[each].outcome for each in numbers[:8]))
        assert {attempts[each].outcome for each in numbers[4:8]} == {"unknown"}
        await stage.agents_are(["available"] * 2)
        await eventually(lambda: len(stage.invited()) == 12)
        await stage.on_record()
        await stage.shifts_without_gaps()


async def test_sigterm_waits_for_the_calls_that_are_up_and_leaves_nothing_behind(
    tmp_path: Path, sqlite_url: str
) -> None:
    numbers = [f"+1202555{2000 + index}" for index in range(10)]
    kinds = dict.fromkeys(numbers, Kind.MACHINE)
    async with staged(tmp_path, sqlite_url, kinds, WORLD, 2) as stage:
        await stage.prepare(2, numbers, dial_mode="progressive", wrap_up_limit_s=1)
        await stage.go()
        await stage.agents_are(["talking"] * 2)
        (switch,) = stage.dialer.switches()
        stage.dialer.signal(signal.SIGTERM)
        assert await stage.dialer.ended() == 0
        attempts = await stage.attempts()
        assert len(attempts) == 2
        assert {each.outcome for each in attempts.values()} == {"human"}
        assert not any(stage.ended(number)["by_caller"] for number in attempts)
        assert not lives(switch)
        await eventually(lambda: len(stage.phones.events_of("ended")) == 2)
        await stage.on_record()
        await stage.shifts_without_gaps()
