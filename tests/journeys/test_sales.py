"""The example of a campaign that sells, worked to its end; its figures are those of the raw calls."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlmodel import select

from campaigns import service as campaigns
from campaigns.campaign_file import read_campaign
from campaigns.tables import Attempt, CampaignLead, SaleLine
from dialer.bootstrap import Service, running
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.journeys.stage import ALL_DAY, endpoint
from tests.journeys.test_preview import RTP_PORTS, Desk

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "sales.toml"
PEOPLE = [f"+1202555100{number}" for number in range(4)]
BUSY, GONE = "+12025551010", "+12025551011"
KINDS = dict.fromkeys(PEOPLE, Kind.PERSON) | {BUSY: Kind.BUSY, GONE: Kind.GONE}
WORLD = World(ring_mean_s=0.3, talk_mean_s=600, patience_mean_s=600)
UPSELL = [{"product": "Blue one", "quantity": 2, "amount": "39.80"}, {"product": "Case", "amount": "9.05"}]
LATE = [{"product": "Blue one", "amount": "19.90"}]


async def worked(client: httpx2.AsyncClient, desk: Desk, body: dict[str, Any]) -> int:
    """The agent's next talk, ended and said of what is said of it; the attempt."""
    told = await desk.once(lambda told: told["state"] == "talking")
    talk = int(told["attempt_id"])
    await client.post(f"/api/v1/attempts/{talk}/hangup")
    await desk.once(lambda told: told["state"] == "wrap_up")
    answer = await client.post(f"/api/v1/attempts/{talk}/disposition", json=body)
    assert answer.is_success, answer.text
    return talk


async def test_the_example_of_sales_runs_to_its_end(tmp_path: Path) -> None:
    chosen = dict(read_campaign(EXAMPLE).settings) | {"callable_times": ALL_DAY, "max_attempts_per_lead": 1}
    async with (
        SimulatedCarrier(CarrierOptions(world=WORLD, kinds=KINDS, endpoint=endpoint(12000))) as carrier,
        SimulatedSoftphones(SoftphonesOptions(1, endpoint=endpoint(16000))) as phones,
        running(small_settings(tmp_path, carrier.uri("{number}"), **RTP_PORTS)) as service,
    ):
        campaign = await campaign_of_one_agent(service, phones.uri("agent1"), list(KINDS), **chosen)
        headers = {"Authorization": f"Bearer {service.api_key}"}
        async with httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client:
            (shift,) = service.engine.floor.agents
            desk = Desk(client, shift)
            told = (await client.get(f"/api/v1/campaigns/{campaign}/dispositions")).json()
            by_key = {each["key"]: each["code"] for each in told if each["key"]}
            await campaigns.start_campaign(service.database.sessions, campaign, datetime.now(UTC))
            service.engine.look_now()
            for body in (
                {"disposition": by_key["1"], "sale": UPSELL},
                {"disposition": "NI", "notes": "has one"},
                {"disposition": by_key["4"]},
            ):
                await worked(client, desk, body)
            last = await worked(client, desk, {"disposition": "hung_up"})
            sold = {"disposition": "SALE", "sale": LATE, "reason": "rang back and ordered"}
            assert (await client.patch(f"/api/v1/attempts/{last}", json=sold)).is_success
            attempts = await at_its_end(service, campaign)
            report = (await client.get(f"/api/v1/campaigns/{campaign}/report")).json()
        await agree(service, attempts, report)


async def at_its_end(service: Service, campaign: int) -> list[Attempt]:
    """The attempts, once no lead is left to be called."""

    leads = select(CampaignLead.state).where(CampaignLead.campaign_id == campaign)
    states = {""}
    async with asyncio.timeout(60):
        while states != {"final"}:
            await asyncio.sleep(0.02)
            async with service.database.sessions() as session:
                states = set((await session.exec(leads)).all())
    async with service.database.sessions() as session:
        return list((await session.exec(select(Attempt))).all())


async def agree(service: Service, attempts: list[Attempt], report: dict[str, Any]) -> None:
    """Counts everything anew from the rows alone."""
    async with service.database.sessions() as session:
        lines = (await session.exec(select(SaleLine))).all()
    by_number = {each.e164: each.disposition or each.outcome for each in attempts}
    assert (by_number[BUSY], by_number[GONE]) == ("busy", "disconnected")
    said = sorted(by_number[each] for each in PEOPLE)
    assert said == ["not_interested", "sale", "sale", "thinks_it_over"]
    sales = report["sales"]
    (revenue,) = sales["total"]["revenue"]
    assert revenue == {
        "currency": "EUR",
        "amount": "68.75",
        "minor": sum(each.amount_minor for each in lines),
    }
    assert {each["product"]: each["quantity"] for each in sales["products"]} == {"Blue one": 3, "Case": 1}
    talks = [each for each in attempts if each.connected_at is not None]
    assert (sales["total"]["talks"], sales["total"]["contacts"]) == (len(talks), 4)
    rate = sales["total"]["conversion_rate"]
    assert rate == rate | {"value": 0.5, "numerator": 2, "denominator": 4}
    (ann,) = sales["by_agent"]
    assert ann | {"name": "all"} == sales["total"]
    counts = report["counts"]
    assert (counts["attempts"], counts["conversions"], counts["right_parties"]) == (len(attempts), 2, 4)
