"""People who call back, over real SIP: they wait with music, talk with the agent, or hear why not."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import SOCK_DGRAM

from sqlmodel import col, select

from campaigns import service as campaigns
from campaigns.callbacks import list_callbacks
from campaigns.lead_history import screen_pop
from campaigns.prompts.library import add_prompt
from campaigns.stores.callbacks import CallbackFilter
from campaigns.tables import Attempt
from dialer.bootstrap import Service, running
from dialer.core.agent import AgentState
from dialer.database import opened
from leads.importing.load import import_list
from leads.stores.shared import Sessions
from tests.journeys.callers import Caller, Callers, callers
from tests.journeys.service import Dialer
from tests.journeys.small import NOBODY, campaign_of_one_agent, small_settings
from tests.journeys.stage import Stage
from tests.journeys.test_survey import tone
from tests.journeys.tone_phones import Phone, tone_phones
from tests.servers import free_port
from tests.support import eventually

LEAD, STRANGER, OURS = "+12025551000", "+12025551777", "+12025550199"
AGENT_HZ, CALLER_HZ, MUSIC_HZ, MESSAGE_HZ = 1100, 700, 500, 800
SETTINGS = {"inbound": "on", "inbound_music": "music", "inbound_message": "message", "inbound_wait_s": 600}


@dataclass
class _Centre:
    """A service that runs, with one agent on the line."""

    service: Service
    campaign: int
    people: Callers
    agent: Phone

    async def called(self, caller: str, hz: float = CALLER_HZ) -> Caller:
        return await self.people.call(caller, OURS, hz)

    async def attempt_of(self, caller: str) -> Attempt:
        """Their newest call."""
        wanted = select(Attempt).where(Attempt.e164 == caller, Attempt.direction == "in")
        async with self.service.database.sessions() as session:
            found = await session.exec(wanted.order_by(col(Attempt.id).desc()))
            return found.first() or Attempt()

    async def became(self, caller: str, outcome: str) -> Attempt:
        async with asyncio.timeout(60):
            while (attempt := await self.attempt_of(caller)).outcome != outcome:
                await asyncio.sleep(0.05)
        return attempt

    async def says(self, attempt: int, code: str) -> None:
        sessions, now = self.service.database.sessions, datetime.now(UTC)
        await campaigns.set_disposition(sessions, attempt, code, "", now)
        async with sessions() as session:
            found = await session.get(Attempt, attempt)
        assert found is not None
        self.service.engine.dispositioned(found, code)


async def _make_prompts(sessions: Sessions, folder: Path) -> None:
    """For a client that is there as soon as it has a list."""
    now, rows = datetime.now(UTC), io.BytesIO(b"phone\n+12025559999\n")
    seed = {"client_slug": "acme", "list_name": "seed", "default_country": "US", "source": rows}
    await import_list(sessions, now=now, **seed)  # type: ignore[arg-type]
    for name, hz in (("music", MUSIC_HZ), ("message", MESSAGE_HZ)):
        with tone(folder / f"{name}.wav", hz, 1.0).open("rb") as sound:
            await add_prompt(sessions, "acme", name, "en", sound, now)


@asynccontextmanager
async def centre(folder: Path, **chosen: object) -> AsyncIterator[_Centre]:
    """A campaign that runs, and that has called its lead in vain."""
    port = free_port(SOCK_DGRAM)
    async with (
        tone_phones({"agent1": AGENT_HZ}) as phones,
        running(small_settings(folder, port=port)) as service,
    ):
        sessions = service.database.sessions
        await _make_prompts(sessions, folder)
        settings = SETTINGS | chosen
        campaign = await campaign_of_one_agent(service, phones.uri("agent1"), [LEAD], **settings)
        await campaigns.start_campaign(sessions, campaign, datetime.now(UTC))
        service.engine.look_now()
        async with asyncio.timeout(60):
            while not any(each.outcome for each in await campaigns.list_attempts(sessions, campaign, 0, 10)):
                await asyncio.sleep(0.05)
        with callers(port) as people:
            yield _Centre(service, campaign, people, await phones.called("agent1"))


async def test_who_calls_back_talks_with_the_agent_or_waits_for_their_turn(tmp_path: Path) -> None:
    asking = {"inbound_callback_key": "1", "inbound_callback_message": "message"}
    async with centre(tmp_path, **asking) as office:
        sessions = office.service.database.sessions
        first = await office.called(LEAD)
        await asyncio.gather(first.hears(AGENT_HZ), office.agent.hears(CALLER_HZ))
        assert first.statuses[-2:] == [180, 200]
        talk = await office.attempt_of(LEAD)
        pop = await screen_pop(sessions, talk.id)
        assert (pop.direction, pop.phone, [each.direction for each in pop.history]) == ("in", LEAD, ["out"])

        gives_up, waits = await office.called(STRANGER), await office.called("+12025551778", 900)
        await asyncio.gather(gives_up.hears(MUSIC_HZ), waits.hears(MUSIC_HZ))
        gives_up.hang_up()
        assert (await office.became(STRANGER, "gave_up")).ended_by == "customer"

        asks = await office.called("+12025551779", 950)
        await asks.hears(MUSIC_HZ)
        asks.audio.press("1")
        await asks.is_ended()
        await asks.has_heard(MESSAGE_HZ)
        asked = await office.became("+12025551779", "asked_back")
        (owed,) = await list_callbacks(sessions, CallbackFilter(campaign_id=office.campaign), 0, 10)
        assert (owed.lead_id, owed.agent_id, owed.state) == (asked.lead_id, None, "waiting")

        first.hang_up()
        ended = await office.became(LEAD, "human")
        assert (ended.lead_id, ended.connected_at is not None) == (pop.lead.id, True)
        assert office.service.engine.floor.waiting, "the agent wraps up first"
        await office.says(ended.id, "sale")
        await asyncio.gather(waits.hears(AGENT_HZ), office.agent.hears(900))
        office.service.engine.hang_up((await office.attempt_of("+12025551778")).id)
        await waits.is_ended()
        report = await campaigns.report(sessions, office.campaign, datetime.now(UTC))
        callers = report.inbound
        assert (callers.offered, callers.gave_up, callers.asked_back, report.counts.attempts) == (4, 1, 1, 1)


async def test_who_waits_too_long_is_told_and_who_is_no_trunks_caller_is_refused(tmp_path: Path) -> None:
    async with centre(tmp_path, inbound_wait_s=5) as office:
        floor, now = office.service.engine.floor, office.service.engine.now
        (session,) = floor.agents
        office.service.engine.pause(session, "lunch")
        assert floor.agents[session].state == AgentState.PAUSED
        waits = await office.called(LEAD)
        await waits.hears(MUSIC_HZ)
        await waits.is_ended()
        await waits.has_heard(MESSAGE_HZ)
        told = await office.became(LEAD, "told")
        assert told.message_at is not None
        assert (told.message_at - told.placed_at).total_seconds() >= 4.9
        assert now() >= told.message_at

        elsewhere = await office.people.call(LEAD, OURS, host="127.0.0.2")
        assert await elsewhere.refused() == 403
        nobody = await office.people.call(LEAD, "+12025550111")
        assert await nobody.refused() == 404
        withheld = await office.people.call(LEAD, OURS, more="Privacy: id")
        assert await withheld.refused() == 433

        office.service.engine.log_out(session)
        late = await office.called(STRANGER)
        await late.is_ended()
        await late.has_heard(MESSAGE_HZ)
        await office.became(STRANGER, "told")

        sessions = office.service.database.sessions
        await campaigns.pause_campaign(sessions, office.campaign, now())
        await eventually(lambda: not floor.campaigns[office.campaign].running)
        paused = await office.called("+12025551779")
        await paused.is_ended()
        await paused.has_heard(MESSAGE_HZ)
        await office.became("+12025551779", "told")


async def test_who_waits_as_the_engine_dies_is_told(tmp_path: Path, sqlite_url: str) -> None:
    port = free_port(SOCK_DGRAM)
    async with tone_phones({"agent1": AGENT_HZ}) as phones, opened(sqlite_url) as database:
        more = {"DIALER_SIP__PORT": str(port)}
        dialer = Dialer(tmp_path, NOBODY, sqlite_url, **more)
        stage = Stage(dialer, database, phones, phones, 1)  # type: ignore[arg-type]
        try:
            await _make_prompts(database.sessions, tmp_path)
            await stage.prepare([LEAD], dial_mode="progressive", **SETTINGS)
            await stage.begin()
            async with dialer.client() as client:
                pause = f"/api/v1/agent-sessions/{stage.shifts[0]}/pause"
                (await client.post(pause, json={"reason": "lunch"})).raise_for_status()
            await stage.agents_are("paused")
            with callers(port) as people:
                waits = await people.call_until_taken(STRANGER, OURS)
                await waits.hears(MUSIC_HZ)
                await dialer.kill()
                await waits.is_ended()
                await waits.has_heard(MESSAGE_HZ)
            await dialer.serve()
            attempts = await stage.attempts_once(lambda found: bool(found[STRANGER].outcome))
            assert attempts[STRANGER].outcome == "told"
            assert attempts[STRANGER].message_at is not None
        finally:
            await dialer.close()
