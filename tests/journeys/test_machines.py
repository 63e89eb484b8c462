"""A campaign that detects: people talk to agents, machines are left a message, and all is on record."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import numpy as np
import pytest

from campaigns import service as campaigns
from campaigns.core.calling_window import DAYS
from campaigns.core.campaign import CampaignSettings
from campaigns.prompts.library import add_prompt
from campaigns.stores.attempts import AttemptStore
from campaigns.tables import Attempt
from dialer.bootstrap import Service, running
from dialer.core.agent import AgentState
from leads.importing.load import import_list
from tests.dialer.switch.conftest import exchange, switch_options
from tests.dialer.switch.far_end import FarEnd, called
from tests.dialer.switch.test_detection import VOICEMAIL_S, greeting, has_tone, hello
from tests.dialer.switch.test_listening import vacant
from tests.journeys.small import small_settings
from tests.sounds import tone as tone_file
from tests.support import eventually
from tests.telephone import cadence, silence, speech, tone

NUMBERS = PERSON, MACHINE, FAX, ANNOUNCED, EARLY_BUSY = tuple(f"+1202555010{n}" for n in range(5))
AGENT_HZ = 1500
PROMPT = "mailbox"


def everybody() -> dict[str, FarEnd]:
    return {
        PERSON: FarEnd(hello()),
        MACHINE: FarEnd(greeting()),
        FAX: FarEnd(np.concatenate([silence(0.5), tone([2100], 2.8), silence(5)])),
        ANNOUNCED: FarEnd(np.concatenate([vacant(), speech(4)])),
        EARLY_BUSY: FarEnd(early=cadence((480, 620), (0.5, 0.5), 20), answers_after_s=None),
    }


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def dialing(
    folder: Path, trunk: str, agents: Mapping[str, FarEnd], voicemail: Path, **chosen: object
) -> AsyncIterator[Service]:
    """The service with a campaign that calls everybody at once; the voicemail is a prompt, too."""
    endpoint = switch_options(folder).endpoint
    settings = small_settings(
        folder,
        trunk,
        lines=endpoint.max_calls,
        rtp_port=endpoint.rtp_port,
        rtp_port_count=endpoint.rtp_port_count,
    )
    async with running(settings) as service:
        sessions = service.database.sessions
        rows = io.BytesIO(("phone\n" + "\n".join(NUMBERS) + "\n").encode())
        await import_list(
            sessions, client_slug="acme", list_name="all", default_country="US", source=rows, now=_now()
        )
        with voicemail.open("rb") as recording:
            await add_prompt(sessions, "acme", PROMPT, "en", recording, _now())
        wanted = {
            "caller_id": "+12025550199",
            "dial_mode": "power",
            "lines_per_agent": 10,
            "callable_times": {day: [["00:00", "24:00"]] for day in DAYS},
        }
        campaign = await campaigns.create_campaign(
            sessions, "acme", "All", CampaignSettings.parse(wanted | chosen), ["all"], _now()
        )
        headers = {"Authorization": f"Bearer {service.api_key}"}
        async with httpx2.AsyncClient(base_url=service.api_url, headers=headers) as client:
            for name, phone in agents.items():
                agent = await campaigns.add_agent(sessions, "acme", name, phone.uri, _now())
                shift = {"agent_id": agent, "campaign_ids": [campaign]}
                (await client.post("/api/v1/agent-sessions", json=shift)).raise_for_status()
        floor = service.engine.floor
        await eventually(
            lambda: [each.state for each in floor.agents.values()] == [AgentState.AVAILABLE] * len(agents)
        )
        await campaigns.start_campaign(sessions, campaign, _now())
        service.engine.look_now()
        yield service


async def attempts_of(service: Service) -> dict[str, Attempt]:
    async with service.database.sessions() as session:
        return {each.e164: each for each in await AttemptStore(session).attempts_page(None, 0, 100)}


async def all_but_the_person(service: Service) -> dict[str, Attempt]:
    """Every attempt, once all are over but that with the person, who is left to talk."""
    floor = service.engine.floor
    await eventually(lambda: len(floor.calls) == 1 and len(floor.agents) == 3, within_s=60)
    await service.engine.written()
    return await attempts_of(service)


@pytest.mark.parametrize(("optimistic", "by_name"), [(True, False), (False, True)])
async def test_people_talk_to_agents_and_machines_do_not(
    tmp_path: Path, optimistic: bool, by_name: bool
) -> None:
    voicemail = tone_file(tmp_path / "voicemail.wav", length_s=VOICEMAIL_S)
    callees = everybody()
    agents = {f"Agent {n}": FarEnd(tone([AGENT_HZ], 60)) for n in range(3)}
    async with (
        called(*callees.values(), *agents.values()),
        exchange(callees) as trunk,
        dialing(
            tmp_path,
            trunk,
            agents,
            voicemail,
            amd_mode="act",
            amd_action="message",
            amd_review_share=0,
            amd_optimistic=optimistic,
            voicemail_message=PROMPT if by_name else str(voicemail),
        ) as service,
    ):
        await eventually(lambda: len(service.engine.floor.calls) == 5)
        attempts = await all_but_the_person(service)
        outcomes = {number: attempt.outcome for number, attempt in attempts.items()}
        assert outcomes == {
            PERSON: "",
            MACHINE: "machine",
            FAX: "fax",
            ANNOUNCED: "invalid_number",
            EARLY_BUSY: "busy",
        }
        assert (attempts[ANNOUNCED].heard, attempts[EARLY_BUSY].heard) == ("sit_vacant", "busy")
        assert attempts[MACHINE].amd_verdict == "machine"
        assert attempts[MACHINE].amd_took_s is not None
        assert attempts[MACHINE].message_at is not None
        assert (attempts[MACHINE].connected_at is not None) == optimistic
        assert attempts[PERSON].connected_at is not None
        assert has_tone(callees[MACHINE].heard()).sum() * 0.02 == pytest.approx(VOICEMAIL_S, abs=0.2)
        await eventually(lambda: has_tone(callees[PERSON].heard(), AGENT_HZ).sum() > 25)
        states = sorted(each.state for each in service.engine.floor.agents.values())
        assert states == [AgentState.AVAILABLE, AgentState.AVAILABLE, AgentState.TALKING]
        callees[PERSON].hang_up()
        await eventually(lambda: not service.engine.floor.calls)
        await service.engine.written()
        assert (await attempts_of(service))[PERSON].outcome == "human"
