"""A call that rings for nobody is given up once it has rung as long as it must, and counts as unanswered."""

from pathlib import Path

import pytest

from campaigns import service as campaigns
from dialer.bootstrap import running
from dialer.core.predictive import PredictivePacer
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from tests.journeys.service import RTP_PORT
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.journeys.stage import endpoint
from tests.support import eventually

NUMBER = "+12025551000"


async def test_a_call_that_is_given_up_has_rung_for_fifteen_seconds_and_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PredictivePacer, "surplus", lambda pacer, now: [*range(1, 10)])
    async with (
        SimulatedCarrier(CarrierOptions(kinds={NUMBER: Kind.RINGS_ON}, endpoint=endpoint(12000))) as carrier,
        SimulatedSoftphones(SoftphonesOptions(1, endpoint=endpoint(16000))) as phones,
        running(small_settings(tmp_path, carrier.uri("{number}"), rtp_port=RTP_PORT)) as service,
    ):
        sessions = service.database.sessions
        campaign = await campaign_of_one_agent(
            service, phones.uri("agent1"), [NUMBER], dial_mode="predictive", ring_timeout_s=120
        )
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
