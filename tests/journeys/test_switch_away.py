"""What agents ask of a switch that is away: they are told so, nothing is lost, and it works again later."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from sqlmodel import select

from campaigns import service as campaigns
from campaigns.tables import Attempt, Recording
from dialer.bootstrap import Service, running
from dialer.core.agent import AgentState
from tests.journeys.service import processes_with
from tests.journeys.small import NUMBERS, campaign_of_one_agent, small_settings
from tests.journeys.tone_phones import tone_phones
from tests.support import eventually

CALLER_HZ, AGENT_HZ = 700, 1100


@contextlib.asynccontextmanager
async def away(service: Service, folder: Path) -> AsyncIterator[None]:
    """The switch was killed, and none can be started meanwhile."""
    log = folder / "switch.log"
    log.rename(folder / "switch.log.old")
    log.mkdir()
    (switch,) = processes_with(str(folder / "switch.sock"))
    switch.kill()
    await eventually(lambda: not service.engine.switch_up)
    try:
        yield
    finally:
        log.rmdir()
        await eventually(lambda: service.engine.switch_up)


async def is_asked_again(client: httpx2.AsyncClient, path: str, code: str, body: object = None) -> None:
    """The answer says that nothing was done, and when to ask again."""
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"] == "1"
    assert "moment" in answer.json()["detail"] or "as soon as it is back" in answer.json()["detail"]


async def test_agents_are_told_that_the_switch_is_away_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with (
        tone_phones({**dict.fromkeys(NUMBERS, CALLER_HZ), "agent1": AGENT_HZ}) as phones,
        running(small_settings(folder, phones.uri("{number}"))) as service,
    ):
        campaign = await campaign_of_one_agent(
            service, phones.uri("agent1"), dial_mode="preview", recording="always"
        )
        sessions, headers = service.database.sessions, {"Authorization": f"Bearer {service.api_key}"}
        await campaigns.start_campaign(sessions, campaign, datetime.now(UTC))
        service.engine.look_now()
        (shift,) = service.engine.floor.agents
        desk = f"/api/v1/agent-sessions/{shift}"
        async with httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client:
            preview = await eventually(lambda: service.engine.agent(shift).preview)
            async with away(service, folder):
                await is_asked_again(client, f"{desk}/preview/dial", "cannot-dial-now")
                seen = (await client.get(desk)).json()["preview"]
                assert seen["phone"] == preview.permitted.lead.e164, "the agent keeps the lead"

            await eventually(lambda: service.engine.agent(shift).preview)
            (await client.post(f"{desk}/preview/dial")).raise_for_status()
            await eventually(lambda: service.engine.agent(shift).state == AgentState.TALKING)
            attempt = service.engine.agent(shift).attempt
            await eventually(lambda: service.engine.recordings.active)
            async with away(service, folder):
                await is_asked_again(client, f"{desk}/recording/pause", "switch-not-told")
                assert (await client.get(f"{desk}/recording")).json()["state"] == "on"
                await is_asked_again(
                    client, f"{desk}/recording/consent", "switch-not-told", {"agreed": False}
                )
                await is_asked_again(client, f"/api/v1/attempts/{attempt}/hangup", "switch-not-told")

            await eventually(lambda: service.engine.agent(shift).state != AgentState.TALKING)
            await service.engine.written()
            async with sessions() as session:
                call = await session.get_one(Attempt, attempt)
                mine = select(Recording).where(Recording.attempt_id == attempt)
                assert (await session.exec(mine)).one().consent == "refused", "the no is on record"
            assert call.outcome == "lost"
            over = await client.post(f"/api/v1/attempts/{attempt}/hangup")
            assert over.status_code == 202, "it is over, as the agent wanted"
            said = {"disposition": "not_available"}
            (await client.post(f"/api/v1/attempts/{attempt}/disposition", json=said)).raise_for_status()
            await eventually(lambda: service.engine.agent(shift).preview)
            (await client.post(f"{desk}/preview/dial")).raise_for_status()
            await eventually(lambda: service.engine.agent(shift).state == AgentState.TALKING)
        await service.stop(drain_s=0)
        found = await campaigns.list_attempts(sessions, campaign, 0, 10)
        assert {each.e164 for each in found} == set(NUMBERS)
        assert len(found) == len(NUMBERS)
