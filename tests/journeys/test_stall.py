"""A database that keeps everybody waiting, and what has changed when it is back."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

from campaigns import service as campaigns
from dialer.bootstrap import running
from dialer.core.agent import AgentState
from dialer.simulation.options import SoftphonesOptions
from dialer.simulation.processes import SimulatedSoftphones
from leads.stores.shared import Sessions
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.support import eventually


async def test_nobody_is_called_for_an_agent_who_left_while_the_database_stalled(tmp_path: Path) -> None:
    async with (
        SimulatedSoftphones(SoftphonesOptions(1)) as phones,
        running(small_settings(tmp_path)) as service,
    ):
        campaign = await campaign_of_one_agent(service, phones.uri("agent1"))
        engine, sessions = service.engine, service.database.sessions
        (session,) = engine.floor.agents
        engine.pause(session, "tea")
        await engine.written()
        await campaigns.start_campaign(sessions, campaign, datetime.now(UTC))
        engine.look_now()
        await eventually(lambda: engine.floor.campaigns)
        async with stalled(tmp_path / "dialer.db"):
            engine.ready(session)
            assert engine.floor.calls_to_place(campaign, engine.now().timestamp()) == 1
            await asyncio.sleep(1.5)
            engine.pause(session, "tea")
        await engine.written()
        assert engine.agent(session).state == AgentState.PAUSED
        await nobody_is_claimed(service.database.sessions, campaign)
        assert not await campaigns.list_attempts(sessions, campaign, 0, 10)


@asynccontextmanager
async def stalled(path: Path) -> AsyncIterator[None]:
    """Somebody else writes, for as long as this lasts."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60, check_same_thread=False)) as other:
        # In a thread: what the service writes just now needs the loop to come to its end.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def nobody_is_claimed(sessions: Sessions, campaign: int) -> None:
    """Waits until every lead stands in line."""
    async with asyncio.timeout(30):
        while True:
            (status,) = await campaigns.campaign_statuses(sessions, campaign, datetime.now(UTC))
            if status.leads.claimed == 0 and status.leads.due == 2:
                return
            await asyncio.sleep(0.1)
