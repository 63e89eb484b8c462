"""The smallest service that dials: one agent, two leads, in the test's own process."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from campaigns import service as campaigns
from campaigns.core.campaign import CampaignSettings
from campaigns.stores.agents import AgentStore
from campaigns.stores.live import LiveStore
from dialer.bootstrap import Service
from dialer.settings import Settings, isolated_settings
from leads.importing.load import import_list
from tests.campaigns.lawless import NO_LAW_DIR
from tests.journeys.stage import ALL_DAY
from tests.support import eventually

NUMBERS = ("+12025551000", "+12025551001")
NOBODY = "sip:{number}@127.0.0.1:9"


def small_settings(
    folder: Path,
    trunk: str = NOBODY,
    trunks: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    **sip: object,
) -> Settings:
    """Of a service with its data in that folder; `sip`: other settings of SIP than the smallest.

    With `trunks` there are several, by their names, in place of the one.
    """
    return isolated_settings(
        data_dir=folder,
        rules_dir=NO_LAW_DIR,
        mqtt={"port": 0},
        api={"port": 0},
        sip={"port": 0, "lines": 10, "trunk": trunk} | sip,
        trunks=dict(trunks),
    )


async def campaign_in_draft(service: Service, rows: Sequence[str], **chosen: object) -> int:
    """A campaign of acme's with the leads of these rows, the first of which is the header."""
    sessions, now = service.database.sessions, datetime.now(UTC)
    await import_list(
        sessions,
        client_slug="acme",
        list_name="all",
        default_country="US",
        source=io.BytesIO("\n".join(rows).encode()),
        now=now,
    )
    settings = CampaignSettings.parse({"caller_id": "+12025550199", "callable_times": ALL_DAY} | chosen)
    return await campaigns.create_campaign(sessions, "acme", "All", settings, ["all"], now)


async def campaign_of_one_agent(
    service: Service, softphone: str, numbers: Sequence[str] = NUMBERS, **chosen: object
) -> int:
    """A campaign in draft with these leads, and its agent on the line."""
    sessions, now = service.database.sessions, datetime.now(UTC)
    campaign = await campaign_in_draft(service, ["phone", *numbers], **chosen)
    agent = await campaigns.add_agent(sessions, "acme", "Ann", softphone, now)
    async with sessions() as session, session.begin():
        shift = await AgentStore(session).open_session(agent, [campaign], "unavailable", now)
        (begun,) = await LiveStore(session).open_shifts(shift)
    service.engine.log_in(begun)
    await eventually(lambda: service.engine.agent(shift).line_up)
    return campaign
