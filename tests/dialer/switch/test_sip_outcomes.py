"""Every way a carrier can treat a call, played by sipp, has its outcome and leaves no call behind."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from campaigns import service as campaigns
from campaigns.core.calling_window import DAYS
from campaigns.core.campaign import CampaignSettings
from campaigns.tables import Attempt
from dialer.bootstrap import Service, running
from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.switch.messages import LegAnswered, LegEnded
from leads.importing.load import import_list
from tests.dialer.switch.conftest import Sipp, StartSipp, Switch, exchange, look, switch_options
from tests.journeys.small import small_settings
from tests.support import eventually

AGENTS = 3
RING_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Fate:
    """What a number's carrier does, and what has to come of it."""

    scenario: str
    outcome: str
    sip_status: int | None
    values: dict[str, str] = field(default_factory=dict)


def _refused(status: str, outcome: str, scenario: str = "refuses", **values: str) -> Fate:
    return Fate(scenario, outcome, int(status[:3]), {"status": status, **values})


FATES = {
    "busy": _refused("486 Busy Here", "busy"),
    "not found": _refused("404 Not Found", "invalid_number"),
    "unavailable": _refused("480 Temporarily Unavailable", "no_answer"),
    "terminated by the network": _refused("487 Request Terminated", "canceled"),
    "congestion": _refused("503 Service Unavailable", "congestion"),
    "declined": _refused("603 Decline", "rejected"),
    "declined, with a reason": _refused(
        "603 Decline", "rejected", "refuses_with_reason", reason='SIP;cause=603;text="analytics"'
    ),
    "unavailable, with a cause": _refused(
        "480 Temporarily Unavailable", "no_answer", "refuses_with_reason", reason="Q.850;cause=18"
    ),
    "unavailable, and the network knows better": _refused(
        "480 Temporarily Unavailable", "disconnected", "refuses_with_reason", reason="Q.850;cause=22"
    ),
    "declined by analytics": _refused(
        "603 Decline", "blocked", "refuses_with_reason", reason='SIP;cause=603;text="v=analytics1"'
    ),
    "early media, then busy": _refused("486 Busy Here", "busy", "early_media_then_refuses"),
    "early media, then an answer": Fate("early_media_then_answers", "human", 200),
    "an answer": Fate("answers", "human", 200),
    "rings on": Fate("rings_on", "no_answer", 487),
    "an answer as we give up": Fate("answers_as_we_give_up", "abandoned", 200),
    "an answer before it agrees to our giving up": Fate("answers_before_it_agrees", "abandoned", 200),
    "trying, and nothing more": Fate("tries_on", "network_failure", 487),
    "no reply at all": Fate("silent", "network_failure", 408),
}
HANGS_UP = "answers and hangs up at once"
NUMBERS = {name: f"+1202555{1000 + index}" for index, name in enumerate([*FATES, HANGS_UP])}


async def test_each_way_a_call_can_go_has_its_outcome_and_leaves_no_call(
    tmp_path: Path, sipp: StartSipp
) -> None:
    phones = {NUMBERS[name]: await sipp(fate.scenario, 1, **fate.values) for name, fate in FATES.items()}
    phones[NUMBERS[HANGS_UP]] = await sipp("hangs_up_at_once")
    softphones = await sipp("answers", calls=AGENTS)
    async with exchange(phones) as trunk, dialing(tmp_path, trunk, softphones) as (service, campaign_id):
        attempts = await ended_attempts(service, campaign_id)
        left = await look(tmp_path / "switch.sock")

    found = {each.e164: (each.outcome, each.sip_status) for each in attempts}
    assert found.pop(NUMBERS[HANGS_UP]) in {("human", 200), ("abandoned", 200)}
    assert found == {NUMBERS[name]: (fate.outcome, fate.sip_status) for name, fate in FATES.items()}
    assert len(attempts) == len(NUMBERS)
    causes = {each.e164: each.q850_cause for each in attempts if each.q850_cause is not None}
    assert causes == {
        NUMBERS["unavailable, with a cause"]: 18,
        NUMBERS["unavailable, and the network knows better"]: 22,
    }
    for attempt in attempts:
        assert consistent(attempt), attempt
    assert {leg.role for leg in left.live} == {"agent"}
    for name, number in NUMBERS.items():
        if name != "no reply at all":
            await phones[number].content()
    await softphones.content()


async def ended_attempts(service: Service, campaign_id: int) -> Sequence[Attempt]:
    """The attempts, once all have ended; conversations are ended by the agent."""
    engine, sessions = service.engine, service.database.sessions
    async with asyncio.timeout(60):
        while True:
            for call in list(engine.floor.calls.values()):
                if call.state == CallState.CONNECTED:
                    engine.hang_up(call.attempt)
            attempts = await campaigns.list_attempts(sessions, campaign_id, 0, 100)
            if len(attempts) == len(NUMBERS) and all(attempt.ended_at for attempt in attempts):
                return attempts
            await asyncio.sleep(0.1)


def consistent(attempt: Attempt) -> bool:
    """Whether what is recorded of a call fits together."""
    answered, met = attempt.answered_at is not None, attempt.connected_at is not None
    instants = [attempt.placed_at, attempt.answered_at, attempt.connected_at, attempt.ended_at]
    known = [instant for instant in instants if instant is not None]
    return (
        known == sorted(known)
        and answered == (attempt.outcome in ("human", "abandoned"))
        and met == (attempt.agent_id is not None)
        and (attempt.outcome == "human" or not met)
    )


@asynccontextmanager
async def dialing(folder: Path, trunk: str, softphones: Sipp) -> AsyncIterator[tuple[Service, int]]:
    """The service with a campaign that calls all the numbers at once; its id."""
    endpoint = switch_options(folder).endpoint
    settings = small_settings(
        folder,
        trunk,
        lines=endpoint.max_calls,
        rtp_port=endpoint.rtp_port,
        rtp_port_count=endpoint.rtp_port_count,
        # What plays the agents here sends no audio.
        softphone_silence_limit_s=0,
    )
    async with running(settings) as service:
        campaign_id = await _campaign(service)
        await _log_in(service, campaign_id, softphones)
        await campaigns.start_campaign(service.database.sessions, campaign_id, _now())
        service.engine.look_now()
        yield service, campaign_id


async def _campaign(service: Service) -> int:
    sessions = service.database.sessions
    rows = "phone\n" + "\n".join(NUMBERS.values()) + "\n"
    report = await import_list(
        sessions,
        client_slug="acme",
        list_name="all",
        default_country="US",
        source=io.BytesIO(rows.encode()),
        now=_now(),
    )
    assert report.accepted == len(NUMBERS)
    settings = CampaignSettings.parse(
        {
            "caller_id": "+12025550199",
            "dial_mode": "power",
            "lines_per_agent": 10,
            "ring_timeout_s": RING_TIMEOUT_S,
            "callable_times": {day: [["00:00", "24:00"]] for day in DAYS},
        }
    )
    return await campaigns.create_campaign(sessions, "acme", "All", settings, ["all"], _now())


async def _log_in(service: Service, campaign_id: int, softphones: Sipp) -> None:
    headers = {"Authorization": f"Bearer {service.api_key}"}
    async with httpx2.AsyncClient(base_url=service.api_url, headers=headers) as client:
        for number in range(AGENTS):
            agent = await campaigns.add_agent(
                service.database.sessions, "acme", f"Agent {number}", softphones.uri(f"agent{number}"), _now()
            )
            shift = {"agent_id": agent, "campaign_ids": [campaign_id]}
            (await client.post("/api/v1/agent-sessions", json=shift)).raise_for_status()
    agents = service.engine.floor.agents.values()
    await eventually(lambda: [each.state for each in agents] == [AgentState.AVAILABLE] * AGENTS)


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Q.850;cause=18", 18),
        ('Q.850; cause=1; text="Unallocated"', 1),
        ('Q.850;cause=16;text="Terminated", SIP;cause=603', 16),
        ('SIP;cause=603;text="analytics", q.850;text="a, b";cause=21', 21),
        ('SIP;cause=603;text="no other"', None),
        ("Q.850;cause=", None),
    ],
)
async def test_the_networks_own_cause_comes_with_the_end(
    switch: Switch, sipp: StartSipp, reason: str, cause: int | None
) -> None:
    carrier = await sipp("refuses_with_reason", status="480 Temporarily Unavailable", reason=reason)
    switch.place("call", carrier.uri("+12025551000"))
    ended = await switch.said(LegEnded, "call")
    assert (ended.status, ended.q850_cause) == (480, cause)
    assert ended.reason_header == reason


@pytest.mark.parametrize("scenario", ["answers_as_we_give_up", "answers_before_it_agrees"])
async def test_an_answer_that_crosses_our_giving_up_is_ended_and_told_of(
    switch: Switch, sipp: StartSipp, scenario: str
) -> None:
    carrier = await sipp(scenario)
    switch.place("call", carrier.uri("+12025551000"), ring_timeout_s=0.5)
    ended = await switch.said(LegEnded, "call")
    await carrier.content()
    assert (ended.answered_late, ended.timed_out, ended.ended_by) == (True, True, "switch")
    assert not switch.of(LegAnswered, "call")


async def test_a_far_end_that_does_not_agree_to_our_giving_up_is_not_waited_for(
    switch: Switch, sipp: StartSipp
) -> None:
    carrier = await sipp("ignores_our_giving_up")
    switch.place("call", carrier.uri("+12025551000"), ring_timeout_s=0.5)
    ended = await switch.said(LegEnded, "call", within_s=10)
    assert (ended.answered_late, ended.timed_out, ended.status) == (False, True, 487)


@pytest.mark.parametrize(("after_ms", "counts"), [("1000", True), ("3500", False)])
async def test_who_answers_long_after_we_gave_up_is_let_go_at_once(
    switch: Switch, sipp: StartSipp, after_ms: str, *, counts: bool
) -> None:
    carrier = await sipp("answers_too_late", after_ms=after_ms)
    switch.place("call", carrier.uri("+12025551000"), ring_timeout_s=0.5)
    ended = await switch.said(LegEnded, "call")
    assert (ended.timed_out, ended.answered_late) == (True, counts)
    await carrier.content()
    assert not switch.of(LegAnswered, "call")
    assert not (await look(switch.options.socket)).live
