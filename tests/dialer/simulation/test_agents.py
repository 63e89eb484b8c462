"""Simulated agents against an HTTP face that keeps the API's contract: they do what a desktop does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.disposition import STANDARD, Flag
from dialer.bus.messages import AgentCall, AgentPreview, AgentState, CallEvent, Envelope, Message
from dialer.simulation.agent_api import Shift
from dialer.simulation.agents import Habits, SimulatedAgents, Who, wrap_up
from tests.support import eventually

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
HABITS = Habits(pace=0.01, break_share=0)


class Api:
    """Notes every request; the next ones can be made to fail."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.failing: list[int] = []
        self.app = FastAPI()

        @self.app.post("/api/v1/{path:path}")
        async def take(path: str, request: Request, response: Response) -> dict[str, int]:
            assert request.headers["idempotency-key"]
            self.requests.append((path, await request.json()))
            if self.failing:
                response.status_code = self.failing.pop(0)
            elif path == "agent-sessions":
                response.status_code = 201
            return {"id": 7}

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="http://dialer")

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    @property
    def dispositions(self) -> dict[str, str]:
        return {path: body["disposition"] for path, body in self.requests if path.startswith("attempts/")}


def call(attempt_id: int, agent_id: int = 1) -> AgentCall:
    return AgentCall(client="acme", agent_id=agent_id, attempt_id=attempt_id, campaign_id=3, lead_id=4)


def state(name: str, minute: int, agent_id: int = 1) -> AgentState:
    return AgentState(client="acme", agent_id=agent_id, state=name, since=START + timedelta(minutes=minute))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with api.client() as client:
        yield client


def a_person(attempt_id: int) -> Who | None:
    return "person"


async def test_a_shift_begins_ready_and_ends(api: Api, client: httpx2.AsyncClient) -> None:
    async with SimulatedAgents([Shift(5, [3])], client, a_person, HABITS) as agents:
        await eventually(lambda: len(api.requests) == 2)
    assert api.requests[0] == ("agent-sessions", {"agent_id": 5, "campaign_ids": [3]})
    assert api.paths == ["agent-sessions", "agent-sessions/7/ready", "agent-sessions/7/end"]
    assert agents.troubles == []


async def test_after_a_call_the_agent_says_what_it_came_to_and_is_ready(
    api: Api, client: httpx2.AsyncClient
) -> None:
    async with SimulatedAgents([Shift(1, [3])], client, a_person, HABITS) as agents:
        for message in (state("talking", 0), call(41), state("wrap_up", 1)):
            agents.hear(message)
        await eventually(lambda: len(api.requests) == 4)
        assert api.paths[2:] == ["attempts/41/disposition", "agent-sessions/7/ready"]
        assert api.dispositions["attempts/41/disposition"] in HABITS.dispositions["person"]


@pytest.mark.parametrize(("skip_share", "does"), [(0, "dial"), (1, "skip")])
async def test_a_lead_that_is_shown_is_dialed_or_skipped(
    api: Api, client: httpx2.AsyncClient, skip_share: float, does: str
) -> None:
    habits = Habits(pace=0.01, skip_share=skip_share)
    shown = AgentPreview(client="acme", agent_id=1, session_id=7, campaign_id=3, lead_id=4)
    async with SimulatedAgents([Shift(1, [3])], client, a_person, habits) as agents:
        api.failing = [201, 200, 409]
        agents.hear(shown)
        await eventually(lambda: len(api.requests) == 3)
    assert api.paths[2] == f"agent-sessions/7/preview/{does}"
    assert agents.troubles == []


async def test_a_machine_is_told_to_have_been_a_machine(api: Api, client: httpx2.AsyncClient) -> None:
    async with SimulatedAgents([Shift(1, [3])], client, lambda _: "machine", HABITS) as agents:
        for message in (call(41), state("wrap_up", 1)):
            agents.hear(message)
        await eventually(lambda: api.dispositions)
    assert api.dispositions == {"attempts/41/disposition": "answering_machine"}


async def test_repeats_and_late_messages_change_nothing(api: Api, client: httpx2.AsyncClient) -> None:
    async with SimulatedAgents([Shift(1, [3])], client, a_person, HABITS) as agents:
        wrap_up_first = (state("wrap_up", 1), call(41), call(41), state("wrap_up", 1))
        for message in (*wrap_up_first, state("available", 2), state("talking", 3), call(42)):
            agents.hear(message)
        await eventually(lambda: api.dispositions)
        agents.hear(state("wrap_up", 4))
        await eventually(lambda: len(api.dispositions) == 2)
    assert [path for path in api.paths if path.startswith("attempts/")] == [
        "attempts/41/disposition",
        "attempts/42/disposition",
    ]


async def test_of_a_call_that_detection_took_an_agent_says_nothing(
    api: Api, client: httpx2.AsyncClient
) -> None:
    async with SimulatedAgents([Shift(1, [3])], client, a_person, HABITS) as agents:
        for message in (call(41), state("wrap_up", 1), state("available", 1), call(42)):
            agents.hear(message)
        agents.hear(state("wrap_up", 4))
        await eventually(lambda: api.dispositions)
    assert list(api.dispositions) == ["attempts/42/disposition"]


async def test_each_agent_hears_of_its_own_calls_only(api: Api, client: httpx2.AsyncClient) -> None:
    async def said() -> AsyncIterator[tuple[str, Envelope]]:
        strange = CallEvent(client="acme", attempt_id=9, campaign_id=3, lead_id=4, kind="placed")
        of_others = (call(43, agent_id=9), state("wrap_up", 1, agent_id=9))
        of_ours: tuple[Message, ...] = (
            call(41, agent_id=1),
            call(42, agent_id=2),
            state("wrap_up", 1, agent_id=2),
        )
        for number, message in enumerate((strange, *of_others, *of_ours)):
            yield message.topic, Envelope(id=str(number), type="", time=START, seq=number, data=message)

    async with SimulatedAgents([Shift(1, [3]), Shift(2, [3])], client, a_person, HABITS) as agents:
        await agents.follow(said())
        await eventually(lambda: api.dispositions)
    assert list(api.dispositions) == ["attempts/42/disposition"]


async def test_an_agent_may_take_a_break(api: Api, client: httpx2.AsyncClient) -> None:
    habits = Habits(pace=0.01, break_share=1)
    async with SimulatedAgents([Shift(1, [3])], client, a_person, habits) as agents:
        for message in (call(41), state("wrap_up", 1)):
            agents.hear(message)
        await eventually(lambda: len(api.requests) == 5)
    assert api.requests[3] == ("agent-sessions/7/pause", {"reason": "break"})
    assert api.paths[4] == "agent-sessions/7/ready"


async def test_an_agent_who_is_to_leave_says_first_what_the_call_came_to(
    api: Api, client: httpx2.AsyncClient
) -> None:
    slow = Habits(wrap_mean_s=3600)
    async with SimulatedAgents([Shift(1, [3])], client, a_person, slow) as agents:
        for message in (call(41), state("wrap_up", 1)):
            agents.hear(message)
        await eventually(lambda: len(api.requests) == 2)
    assert api.paths[2:] == ["attempts/41/disposition", "agent-sessions/7/end"]


async def test_a_server_that_stumbles_is_asked_again(api: Api, client: httpx2.AsyncClient) -> None:
    api.failing = [503, 429]
    async with SimulatedAgents([Shift(1, [3])], client, a_person, HABITS) as agents:
        await eventually(lambda: "agent-sessions/7/ready" in api.paths)
    assert api.paths.count("agent-sessions") == 3
    assert agents.troubles == []


async def test_a_request_that_is_refused_is_reported_and_not_repeated(
    api: Api, client: httpx2.AsyncClient
) -> None:
    async with SimulatedAgents([Shift(1, [3])], client, a_person, HABITS) as agents:
        await eventually(lambda: len(api.requests) == 2)
        api.failing = [422]
        for message in (call(41), state("wrap_up", 1)):
            agents.hear(message)
        await eventually(lambda: agents.troubles)
    assert api.paths.count("attempts/41/disposition") == 1
    assert "attempts/41/disposition did not work: 422" in agents.troubles[0]


async def test_a_server_that_is_not_there_is_reported() -> None:
    async with (
        httpx2.AsyncClient(base_url="http://127.0.0.1:9") as nowhere,
        SimulatedAgents([Shift(1, [3])], nowhere, a_person, HABITS) as agents,
    ):
        await eventually(lambda: agents.troubles)
    assert "ConnectError" in agents.troubles[0]


@given(st.integers(0), st.sampled_from(["person", "machine", None]), st.text(max_size=10))
def test_what_an_agent_says_fits_who_answered(attempt_id: int, who: Who | None, seed: str) -> None:
    plan = wrap_up(attempt_id, who, Habits(seed=seed))
    assert plan == wrap_up(attempt_id, who, Habits(seed=seed))
    assert (Flag.MACHINE in STANDARD[plan.disposition].flags) == (who == "machine")
    assert plan.wrap_s > 0


def test_every_disposition_that_agents_use_is_a_standard_one() -> None:
    used = {code for weights in Habits().dispositions.values() for code in weights}
    assert used <= set(STANDARD)
