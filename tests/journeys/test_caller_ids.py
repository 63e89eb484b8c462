"""A campaign with a group shows each person the number of their area, on the wire and on record."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from campaigns import caller_ids
from campaigns import service as campaigns
from dialer.bootstrap import running
from dialer.core.call import CallState
from dialer.simulation.options import SoftphonesOptions
from dialer.simulation.processes import SimulatedSoftphones
from tests.dialer.switch.conftest import Sipp, StartSipp, sipp
from tests.journeys.small import campaign_of_one_agent, small_settings

__all__ = ["sipp"]

CALLEES = {"+12125551000": "+12125550100", "+16175551000": "+16175550100"}
"""People to the numbers that they are to see."""
RIGHT = {"owner": "Acme Inc.", "document": "LOA of 2026-11-03", "recorded_by": "Ada"}


async def test_local_presence_reaches_the_carrier(tmp_path: Path, sipp: StartSipp) -> None:
    carriers: dict[str, Sipp] = {
        callee: await sipp(
            "checks_and_answers", where="hdr", header='header="From:"', pattern=f"sip:\\{shown}@"
        )
        for callee, shown in CALLEES.items()
    }
    settings = small_settings(
        tmp_path,
        trunks={
            f"to{callee[1:]}": {"uri": carrier.uri("{number}"), "prefixes": [callee], "keep_alive_s": 0}
            for callee, carrier in carriers.items()
        },
    )
    async with SimulatedSoftphones(SoftphonesOptions()) as softphones, running(settings) as service:
        sessions, now = service.database.sessions, datetime.now(UTC)
        campaign = await campaign_of_one_agent(
            service, softphones.uri("agent1"), [*CALLEES], dial_mode="power", lines_per_agent=4
        )
        for shown in CALLEES.values():
            await caller_ids.add_caller_id(sessions, "acme", shown, RIGHT, ["local"], now)
        change = campaigns.CallerIdChange(group="local", rule="local")
        await campaigns.change_campaign(sessions, campaign, now, shown=change)
        await campaigns.start_campaign(sessions, campaign, now)
        service.engine.look_now()
        async with asyncio.timeout(60):
            while True:
                for call in list(service.engine.floor.calls.values()):
                    if call.state == CallState.CONNECTED:
                        service.engine.hang_up(call.attempt)
                attempts = await campaigns.list_attempts(sessions, campaign, 0, 10)
                if len(attempts) == len(CALLEES) and all(each.ended_at for each in attempts):
                    break
                await asyncio.sleep(0.05)
        assert {each.e164: each.caller_id for each in attempts} == CALLEES
        assert {each.outcome for each in attempts} <= {"human", "abandoned"}
        for carrier in carriers.values():
            await carrier.content()
