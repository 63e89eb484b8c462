"""Processes are killed while calls ring and talk: nobody is dialed twice, and nothing is forgotten."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from campaigns import service as campaigns
from campaigns.stores.agents import AgentStore
from dialer.simulation.people import Kind, World
from tests.campaigns.lawless import NO_LAW
from tests.journeys.service import lives
from tests.journeys.stage import Stage, staged
from tests.support import eventually

PEOPLE = [f"+1202555{1000 + index}" for index in range(2)]
MACHINE = "+12025552000"
RINGING = [f"+1202555{3000 + index}" for index in range(20)]
CONNECTION_LOST = "the connection to the switch is lost"
SWITCH_ENDED = "the switch had ended"
WORLD = World(ring_mean_s=0.4, talk_mean_s=600, patience_mean_s=600, machine_mean_s=5)
KINDS = {
    **dict.fromkeys(PEOPLE, Kind.PERSON),
    MACHINE: Kind.MACHINE,
    **dict.fromkeys(RINGING, Kind.RINGS_ON),
}


async def test_kill_9_of_the_engine_ends_no_conversation_and_dials_nobody_twice(
    tmp_path: Path, database_url: str
) -> None:
    ringing = RINGING[:6]
    async with staged(tmp_path, database_url, WORLD, KINDS, agents=3) as stage:
        campaign = await stage.prepare([*PEOPLE, MACHINE, *RINGING], lines_per_agent=3)
        await stage.begin()
        await stage.agents_are("talking")
        await eventually(lambda: stage.invited() == {*PEOPLE, MACHINE, *ringing})
        await stage.dialer.kill()

        # The switch lets them ring for as long as the law asks.
        await eventually(lambda: len(stage.ends(*ringing)) == len(ringing), within_s=90)
        (machine,) = await eventually(lambda: stage.ends(MACHINE), within_s=90)
        assert not machine["by_caller"]
        unsent = await commit_an_attempt(stage, campaign)
        await stage.dialer.serve()

        states = ["talking", "talking", "wrap_up"]
        await stage.all_agree(states, after="the engine was killed", since=0)
        assert not stage.ends(*PEOPLE)
        assert not stage.phones.events_of("ended")
        assert await stage.outcomes(unsent) == {"unknown"}
        assert await stage.outcomes(*ringing) == {"canceled"}
        assert await stage.outcomes(MACHINE) == {"human"}
        attempts = await stage.attempts()
        assert {attempts[number].outcome for number in PEOPLE} == {""}
        assert same_time(attempts[MACHINE].ended_at, machine["at"])
        await eventually(lambda: set(RINGING[7:]) & stage.invited())

        await stage.settle(*PEOPLE, MACHINE)
        await stage.agents_are("available")
        await stage.on_record()
        assert unsent not in stage.invited()

        # Once asks for an end, twice for one that does not wait for the calls that ring.
        stage.dialer.signal(signal.SIGTERM)
        stage.dialer.signal(signal.SIGINT)
        assert await stage.dialer.ended() == 0
        assert not stage.dialer.switches()
        await stage.on_record()
        await stage.shifts_without_gaps()


def same_time(instant: datetime | None, at: float) -> bool:
    """Whether what is on record is when it happened, as another process saw it (Unix seconds)."""
    return instant is not None and abs(instant.timestamp() - at) < 2


async def commit_an_attempt(stage: Stage, campaign: int) -> str:
    """What an engine does that is killed between the commit and the INVITE; the number it did not call."""
    sessions, now = stage.database.sessions, datetime.now(UTC)
    permitted = await campaigns.claim_permitted(sessions, NO_LAW, campaign, 1, now)
    (started,) = await campaigns.start_attempts(sessions, NO_LAW, campaign, permitted, now)
    return started.e164


async def test_what_the_engine_had_no_time_to_write_is_on_record_after_its_next_start(
    tmp_path: Path, sqlite_url: str
) -> None:
    person = PEOPLE[0]
    slow = World(ring_mean_s=3, talk_mean_s=600, patience_mean_s=600)
    async with staged(tmp_path, sqlite_url, slow, KINDS, agents=1) as stage:
        await stage.prepare([person])
        await stage.begin()
        await eventually(stage.invited)
        async with stage.database.sessions() as session:
            # This transaction is the only one that may write, so the engine has to wait.
            await session.exec(text("SELECT 1"))  # type: ignore[call-overload]
            (heard,) = await eventually(lambda: stage.phones.events_of("heard"))
            assert await stage.agent_states() == ["talking"]
            await stage.dialer.kill()
        assert (await stage.attempts())[person].answered_at is None

        await stage.dialer.serve()
        assert await stage.agent_states() == ["talking"]
        log_begins = len(log(stage))
        attempts = await stage.attempts_once(lambda found: found[person].connected_at is not None)
        assert same_time(attempts[person].connected_at, heard["at"])
        await take_the_switch_for_a_moment(stage)
        assert CONNECTION_LOST in log(stage)[log_begins:]
        assert SWITCH_ENDED not in log(stage)
        assert await stage.agent_states() == ["talking"]
        await stage.settle(person)
        await stage.agents_are("available")
        talks = [each for each in await stage.stretches(stage.shifts[0]) if each.state == "talking"]
        assert [(each.attempt_id, each.started_at) for each in talks] == [
            (attempts[person].id, attempts[person].connected_at)
        ]
        await stage.shifts_without_gaps()

        # A shift that ended while nobody was there to end its call.
        await stage.dialer.kill()
        async with stage.database.sessions() as session, session.begin():
            await AgentStore(session).close_session(stage.shifts[0], datetime.now(UTC))
        assert stage.phones.on_line("agent1")
        await stage.dialer.serve()
        await eventually(lambda: not stage.phones.on_line("agent1"))


def log(stage: Stage) -> str:
    """What the service has said."""
    return (stage.dialer.folder / "serve.log").read_text()


async def take_the_switch_for_a_moment(stage: Stage) -> None:
    """Has the engine lose its connection; it makes another, and neither side loses a call."""
    reader, writer = await asyncio.open_unix_connection(stage.dialer.folder / "switch.sock")
    assert await reader.read(4)
    writer.close()
    await writer.wait_closed()
    await stage.dialer.ready()


async def test_kill_9_of_the_switch_at_load_loses_its_calls_and_nothing_else(
    tmp_path: Path, sqlite_url: str
) -> None:
    agents, at_once = 20, 40
    numbers = [f"+1202555{1000 + index}" for index in range(3 * at_once)]
    kinds = dict.fromkeys(numbers[:agents], Kind.PERSON) | dict.fromkeys(numbers[agents:], Kind.RINGS_ON)
    first, second, third = (numbers[at:][:at_once] for at in (0, at_once, 2 * at_once))
    async with staged(tmp_path, sqlite_url, WORLD, kinds, agents, DIALER_SIP__LINES="80") as stage:
        await stage.prepare(numbers, lines_per_agent=2, wrap_up_limit_s=1, max_lines=at_once)
        await stage.begin()
        await stage.agents_are("talking")
        await eventually(lambda: stage.invited() == set(first))
        stage.dialer.switch().kill()
        assert await stage.outcomes(*first) == {"lost"}
        assert SWITCH_ENDED in log(stage)
        # The softphones believe in their calls, and are busy until no RTP has come for a while; they are
        # called again without being asked.
        await stage.agents_are("available")
        for shift in stage.shifts:
            assert "unavailable" in {each.state for each in await stage.stretches(shift)}
        await eventually(lambda: stage.invited() == {*first, *second}, within_s=90)
        await stage.on_record()

        # The power fails: nothing is left that could tell what became of the calls.
        switch = stage.dialer.switch()
        await stage.dialer.kill()
        switch.kill()
        await eventually(lambda: not lives(switch))
        await stage.dialer.serve()
        assert await stage.outcomes(*second) == {"unknown"}
        await stage.agents_are("available")
        await eventually(lambda: stage.invited() == set(numbers), within_s=90)
        assert set(third) <= set(await stage.attempts())
        await stage.on_record()
        await stage.shifts_without_gaps()


async def test_sigterm_waits_for_the_calls_that_are_up_and_leaves_nothing_behind(
    tmp_path: Path, sqlite_url: str
) -> None:
    numbers = [f"+1202555{2000 + index}" for index in range(10)]
    async with staged(tmp_path, sqlite_url, WORLD, dict.fromkeys(numbers, Kind.MACHINE), agents=2) as stage:
        await stage.prepare(numbers, dial_mode="progressive", wrap_up_limit_s=1)
        await stage.begin()
        await stage.agents_are("talking")
        switch = stage.dialer.switch()
        stage.dialer.signal(signal.SIGTERM)
        assert await stage.dialer.ended() == 0
        attempts = await stage.attempts()
        assert len(attempts) == 2
        assert {each.outcome for each in attempts.values()} == {"human"}
        assert not any(end["by_caller"] for end in stage.ends(*attempts))
        assert not lives(switch)
        await eventually(lambda: len(stage.phones.events_of("ended")) == 2)
        await stage.on_record()
        await stage.shifts_without_gaps()
