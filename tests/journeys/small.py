"""The smallest service that dials: one agent, two leads, in the test's own process."""

import io
from datetime import UTC, datetime
from pathlib import Path

from campaigns import service as campaigns
from campaigns.core.campaign import CampaignSettings
from campaigns.stores.agents import AgentStore
from dialer.bootstrap import Service
from dialer.settings import Settings, isolated_settings
from leads.importing.load import import_list
from tests.campaigns.lawless import NO_LAW_DIR
from tests.journeys.stage import ALL_DAY
from tests.support import eventually

NUMBERS = ("+12025551000", "+12025551001")
NOBODY = "sip:{number}@127.0.0.1:9"


def small_settings(folder: Path, trunk: str = NOBODY) -> Settings:
    """Of a service with its data in that folder."""
    return isolated_settings(
        data_dir=folder,
        rules_dir=NO_LAW_DIR,
        mqtt={"port": 0},
        api={"port": 0},
        sip={"port": 0, "lines": 10, "trunk": trunk},
    )


async def campaign_of_one_agent(service: Service, softphone: str) -> int:
    """A campaign in draft with two leads, and its agent on the line."""
    sessions, now = service.database.sessions, datetime.now(UTC)
    await import_list(
        sessions,
        client_slug="acme",
        list_name="all",
        default_country="US",
        source=io.BytesIO("\n".join(["phone", *NUMBERS]).encode()),
        now=now,
    )
    chosen = {"caller_id": "+12025550199", "dial_mode": "progressive", "callable_times": ALL_DAY}
    campaign = await campaigns.create_campaign(
        sessions, "acme", "All", CampaignSettings.parse(chosen), ["all"], now
    )
    agent = await campaigns.add_agent(sessions, "acme", "Ann", softphone, now)
    async with sessions() as session, session.begin():
        shift = await AgentStore(session).open_session(agent, [campaign], "unavailable", now)
    service.engine.log_in(shift, agent, "acme", softphone, [campaign])
    await eventually(lambda: service.engine.agent(shift).line_up)
    return campaign
