"""A call that is promised in a talk is offered to its agent at its time, and reaches the person again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from campaigns import service as campaigns
from dialer.bootstrap import running
from dialer.bus.messages import AgentCallback
from dialer.bus.mqtt import Subscriber
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.journeys.stage import endpoint
from tests.journeys.test_preview import RTP_PORTS, Desk
from tests.support import eventually

PERSON = "+12025551000"
WORLD = World(ring_mean_s=0.3, talk_mean_s=600, patience_mean_s=600)


async def test_a_callback_is_kept_in_a_power_campaign(tmp_path: Path) -> None:
    carrier_options = CarrierOptions(world=WORLD, kinds={PERSON: Kind.PERSON}, endpoint=endpoint(12000))
    async with (
        SimulatedCarrier(carrier_options) as carrier,
        SimulatedSoftphones(SoftphonesOptions(1, endpoint=endpoint(16000))) as phones,
        running(small_settings(tmp_path, carrier.uri("{number}"), **RTP_PORTS)) as service,
    ):
        sessions, kinds = service.database.sessions, list[str]()
        campaign = await campaign_of_one_agent(service, phones.uri("agent1"), [PERSON], dial_mode="power")

        async def listen(bus: Subscriber) -> None:
            async for _, envelope in bus:
                assert isinstance(envelope.data, AgentCallback)
                kinds.append(envelope.data.kind)

        headers = {"Authorization": f"Bearer {service.api_key}"}
        async with (
            httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client,
            Subscriber(service.mqtt, "dialer/v1/acme/agent/+/callback") as bus,
            asyncio.TaskGroup() as tasks,
        ):
            listening = tasks.create_task(listen(bus))
            (shift,) = service.engine.floor.agents
            desk = Desk(client, shift)
            await campaigns.start_campaign(sessions, campaign, datetime.now(UTC))
            service.engine.look_now()
            talk = (await desk.once(lambda told: told["state"] == "talking"))["attempt_id"]
            await client.post(f"/api/v1/attempts/{talk}/hangup")
            await desk.once(lambda told: told["state"] == "wrap_up")
            path, asked = f"/api/v1/attempts/{talk}/disposition", {"disposition": "callback"}
            over = datetime.now(UTC) - timedelta(minutes=1)
            refused = await client.post(path, json=asked | {"callback": {"at": over.isoformat()}})
            assert (refused.status_code, refused.json()["code"]) == (422, "callback-time-not-allowed")
            due = datetime.now(UTC) + timedelta(seconds=3)
            promise = {"notes": "wants the blue one", "callback": {"at": due.isoformat()}}
            assert (await client.post(path, json=asked | promise)).is_success

            seen = await desk.sees(PERSON)
            assert datetime.now(UTC) >= due.replace(microsecond=0)
            assert (seen["callback"]["notes"], seen["attempts"]) == ("wants the blue one", 1)
            assert (await desk.does("preview/dial")).is_success
            await desk.ends_its_talk()
            await eventually(lambda: kinds == ["reminded", "offered"])
            (done,) = (await client.get("/api/v1/callbacks", params={"state": "done"})).json()["items"]
            assert (done["attempt_id"], done["done_attempt_id"] > talk) == (talk, True)
            listening.cancel()
            own = f"/api/v1/agent-sessions/{shift}"
            assert (await client.get(f"{own}/callbacks", params={"state": "done"})).json()["items"] == [done]
            feed = await client.post(f"{own}/calendar")
            async with httpx2.AsyncClient(base_url=service.api_url) as calendar_program:
                answer = await calendar_program.get(feed.json()["path"])
            assert b"Call back lead" in answer.raise_for_status().content
        await service.stop(drain_s=0)
        assert [each["number"] for each in carrier.events_of("invite")] == [PERSON, PERSON]
