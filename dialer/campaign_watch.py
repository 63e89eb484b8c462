"""Which campaigns dial: what the managers want, as the floor and the bus are told of it."""

from datetime import datetime
from typing import cast

import structlog

from campaigns import service as campaigns
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.live import LiveStore, RunningCampaign
from dialer.bus.mqtt import Publisher
from dialer.core.floor import Floor
from dialer.core.pacing import DialMode, PacingSettings, make_pacer
from dialer.metrics import Metrics
from dialer.notices import Notices
from leads.stores.shared import Sessions

log = structlog.get_logger("campaigns")


class CampaignWatch:
    """The campaigns that run, as the database said when it was last looked at."""

    def __init__(self, readings: Sessions, floor: Floor, notices: Notices, publisher: Publisher) -> None:
        self.running: dict[int, RunningCampaign] = {}
        self._readings = readings
        self._floor = floor
        self._notices = notices
        self._publisher = publisher

    async def look(self, now: datetime) -> None:
        """Makes the floor agree with what the managers want."""
        async with self._readings() as session:
            wanted = {each.id: each for each in await LiveStore(session).running_campaigns()}
        for campaign in wanted.values():
            if campaign.id not in self.running:
                self._open(campaign, now.timestamp())
            self.running[campaign.id] = campaign
        for campaign_id in set(self.running) - set(wanted):
            log.info("campaign no longer dials", campaign=campaign_id)
            self._floor.close_campaign(campaign_id)
            gone = self.running.pop(campaign_id)
            await self._say_state(gone)

    async def count(self, now: datetime, metrics: Metrics) -> None:
        """Tells the bus and the metrics each running campaign's figures."""
        for campaign in list(self.running.values()):
            report = await campaigns.report(self._readings, campaign.id, now)
            stats = self._notices.of_stats(campaign, report, self._floor, now.timestamp())
            self._publisher.publish(stats)
            metrics.leads_ready(campaign.id, stats.leads_ready)

    def _open(self, campaign: RunningCampaign, at: float) -> None:
        settings = PacingSettings(
            abandon_target=campaign.abandon_rate_target,
            ring_timeout_s=campaign.ring_timeout_s,
            max_lines=campaign.max_lines,
            lines_per_agent=campaign.lines_per_agent,
        )
        pacer = make_pacer(cast(DialMode, campaign.dial_mode), settings)
        self._floor.open_campaign(campaign.id, pacer, campaign.wrap_up_limit_s, at)
        self._notices.campaign_is(campaign.id, campaign.client_slug)
        self._publisher.publish(self._notices.of_campaign(campaign, "running", campaign.state_since))
        log.info("campaign dials", campaign=campaign.id, mode=campaign.dial_mode)

    async def _say_state(self, campaign: RunningCampaign) -> None:
        async with self._readings() as session:
            now = await CampaignStore(session).get(campaign.id)
        self._publisher.publish(self._notices.of_campaign(campaign, now.state, now.state_since))
