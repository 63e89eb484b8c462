"""Agents look at their leads before these are dialed, from the lists to the talk, through the bootstrap."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlmodel import col, select

from campaigns import service as campaigns
from campaigns.explaining import explain
from campaigns.tables import Attempt, CampaignLead
from dialer.bootstrap import Service, running
from dialer.bus.messages import AgentPreview
from dialer.bus.mqtt import Subscriber
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from leads.stores.dnc import DncStore
from leads.tables import Phone
from tests.campaigns.lawless import NO_LAW
from tests.journeys.service import WORKER
from tests.journeys.small import campaign_in_draft, small_settings
from tests.journeys.stage import Stage, endpoint, staged
from tests.support import eventually

SKIPPED, PERSON, LISTED, SLOW, SILENT = (f"+1202555{1000 + index}" for index in range(5))
WORLD = World(ring_mean_s=0.4, talk_mean_s=600, patience_mean_s=600)
KINDS = {PERSON: Kind.PERSON, SLOW: Kind.PERSON, SILENT: Kind.BUSY, SKIPPED: Kind.PERSON, LISTED: Kind.PERSON}
LIMIT_S = 20.0
RTP_PORTS = {"rtp_port": 20000 + 2000 * (WORKER % 6), "rtp_port_count": 2000}
RINGING = [f"+1202555{2000 + index}" for index in range(3)]


class Desk:
    """An agent's desktop, over HTTP."""

    def __init__(self, client: httpx2.AsyncClient, shift: int) -> None:
        self._client = client
        self._path = f"/api/v1/agent-sessions/{shift}"

    async def now(self) -> Mapping[str, Any]:
        answer = await self._client.get(self._path)
        return dict(answer.raise_for_status().json())

    async def once(self, condition: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """What the API says of the agent, once that is so."""
        async with asyncio.timeout(60):
            while not condition(told := await self.now()):
                await asyncio.sleep(0.02)
        return told

    async def sees(self, number: str) -> Mapping[str, Any]:
        """The lead that the agent looks at, once it is the one with this number."""
        told = await self.once(lambda told: bool(told["preview"]) and told["preview"]["phone"] == number)
        assert told["state"] == "preview"
        return dict(told["preview"])

    async def does(self, what: str, body: object = None) -> httpx2.Response:
        return await self._client.post(f"{self._path}/{what}", json=body)

    async def ends_its_talk(self) -> None:
        talk = (await self.once(lambda told: told["state"] == "talking"))["attempt_id"]
        await self._client.post(f"/api/v1/attempts/{talk}/hangup")
        await self.once(lambda told: told["state"] == "wrap_up")
        answer = await self._client.post(f"/api/v1/attempts/{talk}/disposition", json={"disposition": "sale"})
        assert answer.is_success


@asynccontextmanager
async def preview_service(folder: Path) -> AsyncIterator[tuple[Service, SimulatedCarrier, str]]:
    """The whole service, a carrier, and the address of a softphone."""
    carrier_options = CarrierOptions(world=WORLD, kinds=KINDS, endpoint=endpoint(12000))
    async with (
        SimulatedCarrier(carrier_options) as carrier,
        SimulatedSoftphones(SoftphonesOptions(1, endpoint=endpoint(16000))) as phones,
    ):
        settings = small_settings(folder, carrier.uri("{number}"), **RTP_PORTS)
        async with running(settings) as service:
            yield service, carrier, phones.uri("agent1")
            await service.stop(drain_s=0)


async def campaign_of(service: Service, numbers: list[str]) -> int:
    """A running campaign that shows these numbers in their order."""
    rows = [f"{number},Ada,{len(numbers) - index},red" for index, number in enumerate(numbers)]
    campaign = await campaign_in_draft(
        service,
        ["phone,first_name,priority,colour", *rows],
        dial_mode="preview",
        preview_limit_s=LIMIT_S,
        preview_then="dial",
    )
    await campaigns.start_campaign(service.database.sessions, campaign, datetime.now(UTC))
    return campaign


async def attempts(service: Service, campaign: int) -> Mapping[str, Attempt]:
    found = await campaigns.list_attempts(service.database.sessions, campaign, 0, 10)
    assert len({each.e164 for each in found}) == len(found)
    return {each.e164: each for each in found}


async def test_an_agent_looks_at_leads_skips_one_and_talks_with_those_that_are_dialed(tmp_path: Path) -> None:
    async with preview_service(tmp_path) as (service, carrier, softphone):
        sessions, now = service.database.sessions, datetime.now(UTC)
        campaign = await campaign_of(service, [SKIPPED, PERSON, LISTED, SLOW, SILENT])
        agent = await campaigns.add_agent(sessions, "acme", "Ann", softphone, now)
        headers = {"Authorization": f"Bearer {service.api_key}"}
        news: list[AgentPreview] = []

        async def listen(bus: Subscriber) -> None:
            async for topic, envelope in bus:
                assert isinstance(envelope.data, AgentPreview)
                assert topic == f"dialer/v1/acme/agent/{agent}/preview"
                news.append(envelope.data)

        async with (
            httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client,
            Subscriber(service.mqtt, "dialer/v1/acme/agent/+/preview") as bus,
            asyncio.TaskGroup() as tasks,
        ):
            listening = tasks.create_task(listen(bus))
            begun = await client.post(
                "/api/v1/agent-sessions", json={"agent_id": agent, "campaign_ids": [campaign]}
            )
            desk = Desk(client, begun.json()["id"])

            first = await desk.sees(SKIPPED)
            assert (first["first_name"], first["attempts"], first["custom"]) == ("Ada", 0, {"colour": "red"})
            length = datetime.fromisoformat(first["until"]) - datetime.fromisoformat(first["since"])
            assert (length, first["then"]) == (timedelta(seconds=LIMIT_S), "dial")
            await eventually(lambda: [each.lead_id for each in news] == [first["lead_id"]])
            assert (await desk.does("preview/skip", {"reason": "wrong_time"})).is_success

            await desk.sees(PERSON)
            assert carrier.events_of("invite") == []
            dialed = await desk.does("preview/dial")
            assert (dialed.json()["state"], dialed.json()["preview"]) == ("reserved", None)
            again = await desk.does("preview/dial")
            assert (again.status_code, again.json()["code"]) == (409, "no-preview")
            await desk.ends_its_talk()

            await desk.sees(LISTED)
            async with sessions() as session, session.begin():
                await DncStore(session).add_number(LISTED, "everyone", 0, reason="", source="test", now=now)
            denied = await desk.does("preview/dial")
            assert (denied.status_code, denied.json()["code"]) == (409, "preview-denied")
            assert "do-not-call" in denied.json()["detail"]

            await desk.sees(SLOW)
            await desk.ends_its_talk()

            # Nobody answers, and the agent is there for the next lead, of which there is none.
            await desk.sees(SILENT)
            await desk.does("preview/dial")
            await desk.once(lambda told: told["state"] == "available")
            listening.cancel()

        called = await attempts(service, campaign)
        assert {number: each.outcome for number, each in called.items()} == {
            PERSON: "human",
            SLOW: "human",
            SILENT: "busy",
        }
        assert {called[PERSON].agent_id, called[SLOW].agent_id} == {agent}
        assert [each["number"] for each in carrier.events_of("invite")] == [PERSON, SLOW, SILENT]
        await the_skip_is_on_record(service, campaign)


async def the_skip_is_on_record(service: Service, campaign: int) -> None:
    """It says who let the lead go by and why, and that it comes again after an hour."""
    await service.engine.written()
    explained = await explain(service.database.readings, NO_LAW, SKIPPED, campaign, datetime.now(UTC))
    (facts,) = explained.campaigns
    (skip,) = [each for each in facts.history if each.what == "skipped"]
    assert skip.sentence == "Ann skipped the lead: wrong time."
    assert (facts.state, facts.reason) == ("waiting", "retry_skipped")
    assert facts.due_at is not None
    assert abs(facts.due_at - skip.at - timedelta(hours=1)) < timedelta(seconds=1)


async def test_kill_9_of_the_engine_loses_neither_the_lead_that_is_looked_at_nor_the_call_that_rings(
    tmp_path: Path, sqlite_url: str
) -> None:
    first, second, third = RINGING
    async with staged(tmp_path, sqlite_url, WORLD, dict.fromkeys(RINGING, Kind.RINGS_ON), agents=1) as stage:
        await stage.prepare(RINGING, dial_mode="preview")
        await stage.begin()
        async with stage.dialer.client() as client:
            desk = Desk(client, stage.shifts[0])
            await desk.sees(first)
            await stage.dialer.kill()
            await stage.dialer.serve()
            await desk.sees(second)  # the claim of the first has not ended yet
            assert (await desk.does("preview/dial")).is_success
            await eventually(lambda: stage.invited() == {second})
            await is_on_record_as(stage, "reserved")
            await stage.dialer.kill()
            await stage.dialer.serve()
            ringing = await desk.now()
            attempt = (await stage.attempts())[second]
            assert (ringing["state"], ringing["attempt_id"]) == ("reserved", attempt.id)

            await client.post(f"/api/v1/attempts/{attempt.id}/hangup")
            assert await stage.outcomes(second) == {"canceled"}
            await desk.sees(third)
            assert (await desk.does("pause", {"reason": "lunch"})).json()["state"] == "paused"
            await is_in_line_again(stage, third)
            await stage.shifts_without_gaps()
            assert stage.invited() == {second}


async def is_on_record_as(stage: Stage, state: str) -> None:
    """What the agent does now is in the database."""
    async with asyncio.timeout(30):
        while (await stage.stretches(stage.shifts[0]))[-1].state != state:
            await asyncio.sleep(0.05)


async def is_in_line_again(stage: Stage, number: str) -> None:
    """The lead goes back without delay; it had no attempt."""

    async def row() -> CampaignLead:
        async with stage.database.sessions() as session:
            of_number = select(CampaignLead).join(Phone, col(Phone.id) == col(CampaignLead.phone_id))
            return (await session.exec(of_number.where(Phone.e164 == number))).one()

    async with asyncio.timeout(30):
        while (found := await row()).state != "ready":
            await asyncio.sleep(0.05)
    assert (found.claimed_until, found.attempts) == (None, 0)
