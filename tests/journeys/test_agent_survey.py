"""The example of a survey by agents, worked to its end; its figures are those of the raw answers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlmodel import select

from campaigns import service as campaigns
from campaigns.campaign_file import read_campaign
from campaigns.tables import QuestionnaireAnswer, QuestionnaireRun
from dialer.bootstrap import Service, running
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.journeys.stage import ALL_DAY, endpoint
from tests.journeys.test_preview import RTP_PORTS, Desk
from tests.journeys.test_sales import at_its_end

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "survey-agents.toml"
PEOPLE = dict.fromkeys((f"+1202555100{number}" for number in range(4)), Kind.PERSON)
WORLD = World(ring_mean_s=0.3, talk_mean_s=600, patience_mean_s=600)
CONTENT = [
    {"willing": "yes"},
    {"age": 30},
    {"recommend": 9, "content": 5},
    {"spent": "12.50", "since": "2020-02-29"},
]
ONE_TOO_MANY = [{"willing": "yes"}, {"age": 20}]
UNWILLING = [{"willing": "no"}]
UNHAPPY = [{"willing": "yes"}, {"age": 60}, {"recommend": 3}, {"reasons": ["staff", "price"]}, {}]
SAID = (
    (CONTENT, "completed"),
    (ONE_TOO_MANY, "quota_full"),
    (UNWILLING, "screened_out"),
    (UNHAPPY, "completed"),
)


async def asked(client: httpx2.AsyncClient, desk: Desk, answers: list[dict[str, Any]], result: str) -> None:
    """The agent's next talk: every page is asked until the questionnaire ends."""
    told = await desk.once(lambda told: told["state"] == "talking")
    path = f"/api/v1/agent-sessions/{told['id']}/questionnaire"
    view = (await client.get(path)).raise_for_status().json()
    for each in answers:
        body = {"page": view["page"]["name"], "answers": each}
        view = (await client.post(path, json=body)).raise_for_status().json()
    assert view["result"] == result
    talk = int(told["attempt_id"])
    await client.post(f"/api/v1/attempts/{talk}/hangup")
    await desk.once(lambda told: told["state"] == "wrap_up")
    said = "survey_completed" if result == "completed" else "not_interested"
    (await client.post(f"/api/v1/attempts/{talk}/disposition", json={"disposition": said})).raise_for_status()


async def test_the_example_of_a_survey_runs_to_its_end(tmp_path: Path) -> None:
    chosen = dict(read_campaign(EXAMPLE).settings) | {"callable_times": ALL_DAY, "max_attempts_per_lead": 1}
    chosen["quotas"] = [each | {"target": 1 if each["name"] == "young" else 10} for each in chosen["quotas"]]
    async with (
        SimulatedCarrier(CarrierOptions(world=WORLD, kinds=PEOPLE, endpoint=endpoint(12000))) as carrier,
        SimulatedSoftphones(SoftphonesOptions(1, endpoint=endpoint(16000))) as phones,
        running(small_settings(tmp_path, carrier.uri("{number}"), **RTP_PORTS)) as service,
    ):
        campaign = await campaign_of_one_agent(service, phones.uri("agent1"), list(PEOPLE), **chosen)
        headers = {"Authorization": f"Bearer {service.api_key}"}
        async with httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client:
            (shift,) = service.engine.floor.agents
            desk = Desk(client, shift)
            await campaigns.start_campaign(service.database.sessions, campaign, datetime.now(UTC))
            service.engine.look_now()
            for answers, result in SAID:
                await asked(client, desk, answers, result)
            assert len(await at_its_end(service, campaign)) == len(PEOPLE)
            found = (await client.get(f"/api/v1/campaigns/{campaign}/survey-results")).json()
            file = (await client.get(f"/api/v1/campaigns/{campaign}/answers.csv")).text
        await agree(service, found)
        assert len(file.splitlines()) == 1 + len(PEOPLE)


async def agree(service: Service, found: dict[str, Any]) -> None:
    """Counts everything anew from the rows alone."""
    async with service.database.sessions() as session:
        runs = {each.id: each for each in (await session.exec(select(QuestionnaireRun))).all()}
        rows = (await session.exec(select(QuestionnaireAnswer))).all()
    results = sorted(each.result for each in runs.values())
    assert results == ["completed", "completed", "quota_full", "screened_out"]
    assert found["runs"] == {"completed": 2, "screened_out": 1, "quota_full": 1, "unfinished": 0}
    raw: dict[str, list[Any]] = {}
    for each in rows:
        if runs[each.run_id].result == "completed":
            raw.setdefault(each.question, []).append(json.loads(each.value))
    by_name = {each["question"]: each for each in found["questions"]}
    assert {name: each["answered"] for name, each in by_name.items() if each["answered"]} == {
        name: len(each) for name, each in raw.items()
    }
    assert sorted(raw["recommend"]) == [3, 9]
    assert by_name["recommend"]["score"]["value"] == 0.0
    assert by_name["age"]["mean"]["value"] == sum(raw["age"]) / len(raw["age"])
    assert {each["answer"] for each in by_name["reasons"]["counts"] if each["count"]} == {"staff", "price"}
    quotas = {each["quota"]["quota"]: each["quota"]["completed"] for each in found["segments"]}
    assert quotas == {"all": 2, "west": 0, "young": sum(age < 35 for age in raw["age"])}
