"""A call that rings for nobody is given up once it has rung as long as it must, and counts as unanswered."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns import service as campaigns
from campaigns.core.campaign import CampaignSettings
from campaigns.stores.agents import AgentStore
from dialer.bootstrap import running
from dialer.core.predictive import PredictivePacer
from dialer.settings import isolated_settings
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from leads.importing.load import import_list
from tests.campaigns.lawless import NO_LAW_DIR
from tests.journeys.service import RTP_PORT
from tests.journeys.stage import ALL_DAY, endpoint
from tests.support import eventually

NUMBER = "+12025551000"
CHOSEN = {"caller_id": "+12025550199", "dial_mode": "predictive", "callable_times": ALL_DAY}


async def test_a_call_that_is_given_up_has_rung_for_fifteen_seconds_and_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PredictivePacer, "surplus", lambda pacer, now: [*range(1, 10)])
    async with (
        SimulatedCarrier(CarrierOptions(kinds={NUMBER: Kind.RINGS_ON}, endpoint=endpoint(12000))) as carrier,
        SimulatedSoftphones(SoftphonesOptions(1, endpoint=endpoint(16000))) as phones,
        running(
            isolated_settings(
                data_dir=tmp_path,
                rules_dir=NO_LAW_DIR,
                mqtt={"port": 0},
                api={"port": 0},
                sip={"port": 0, "lines": 10, "rtp_port": RTP_PORT, "trunk": carrier.uri("{number}")},
            )
        ) as service,
    ):
        sessions, now = service.database.sessions, datetime.now(UTC)
        rows = io.BytesIO(f"phone\n{NUMBER}\n".encode())
        await import_list(
            sessions, client_slug="acme", list_name="all", default_country="US", source=rows, now=now
        )
        settings = CampaignSettings.parse(CHOSEN | {"ring_timeout_s": 120})
        campaign = await campaigns.create_campaign(sessions, "acme", "All", settings, ["all"], now)
        agent = await campaigns.add_agent(sessions, "acme", "Ann", phones.uri("agent1"), now)
        async with sessions() as session, session.begin():
            shift = await AgentStore(session).open_session(agent, [campaign], "unavailable", now)
        service.engine.log_in(shift, agent, "acme", phones.uri("agent1"), [campaign])
        await eventually(lambda: service.engine.agent(shift).line_up)
        await campaigns.start_campaign(sessions, campaign, service.engine.now())
        service.engine.look_now()
        await eventually(lambda: carrier.events_of("ended"))
        await eventually(lambda: not service.engine.floor.calls)
        await service.engine.written()
        (attempt,) = await campaigns.list_attempts(sessions, campaign, 0, 10)
    assert attempt.outcome == "no_answer"
    assert attempt.ringing_at is not None
    assert attempt.ended_at is not None
    assert 15.0 <= (attempt.ended_at - attempt.ringing_at).total_seconds() < 100.0
