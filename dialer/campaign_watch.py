"""Which campaigns dial: what the managers want, as the floor and the bus are told of it."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import cast

import structlog

from campaigns import service as campaigns
from campaigns.compliance.abandonment import tightest_budget
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.abandoned_message import choose
from campaigns.core.abandonment_rules import Budget
from campaigns.core.answer_chance import FEWEST_CALLS, AnswerChances, learn
from campaigns.core.attempt import StartedAttempt
from campaigns.errors import CampaignsError
from campaigns.prompts.abandoned import missing_message
from campaigns.sound_file import why_unplayable
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.dials import DialStore
from campaigns.stores.live import LiveStore, RunningCampaign
from campaigns.stores.pacing import PacingStore
from campaigns.stores.prompts import PromptStore
from dialer.call_history import prior_of
from dialer.core.detection import detection_of
from dialer.core.floor import Floor
from dialer.core.pacing import make_pacer
from dialer.core.pacing_events import BudgetLooked
from dialer.core.pacing_settings import DialMode, PacingSettings
from dialer.core.preview import PreviewRule, PreviewThen
from dialer.event_feed import Announcer
from dialer.metrics import Metrics
from dialer.notices import Notices
from dialer.prompt_files import PromptFiles
from leads.stores.shared import Sessions
from leads.threads import in_thread

log = structlog.get_logger("campaigns")


class CampaignWatch:
    """The campaigns that run, as the database said when it was last looked at."""

    def __init__(
        self,
        readings: Sessions,
        rules: Rulebook,
        floor: Floor,
        notices: Notices,
        publisher: Announcer,
        files: PromptFiles,
    ) -> None:
        self.running: dict[int, RunningCampaign] = {}
        self._files = files
        self._sounds: dict[int, dict[str, Path]] = {}
        self._chances: dict[int, AnswerChances] = {}
        self._at_limit: set[int] = set()
        self._unheard: set[int] = set()
        self._readings = readings
        self._rules = rules
        self._floor = floor
        self._notices = notices
        self._publisher = publisher

    async def look(self, now: datetime) -> None:
        """Makes the floor agree with what the managers want."""
        async with self._readings() as session:
            running = await LiveStore(session).running_campaigns()
        wanted = {each.id: each for each in running if await self._can_be_heard(each)}
        for campaign in wanted.values():
            if campaign.id not in self.running:
                await self._open(campaign, now)
            self._floor.work_changes(campaign.id, campaign.work)
            self._floor.menu_changes(campaign.id, campaign.menu)
            self.running[campaign.id] = campaign
        for campaign_id in set(self.running) - set(wanted):
            log.info("campaign no longer dials", campaign=campaign_id)
            self._floor.close_campaign(campaign_id)
            gone = self.running.pop(campaign_id)
            await self._say_state(gone)

    async def _can_be_heard(self, campaign: RunningCampaign) -> bool:
        """A campaign that cannot be heard dials nobody until it can: people would meet silence."""
        why = await self._why_unheard(campaign)
        if why and campaign.id not in self._unheard:
            log.error("the message cannot be played; nobody is called", campaign=campaign.id, why=why)
        (self._unheard.add if why else self._unheard.discard)(campaign.id)
        return not why

    async def _why_unheard(self, campaign: RunningCampaign) -> str:
        if missing := sorted(campaign.prompts - campaign.sounds.keys()):
            return f"there is no prompt {missing[0]}"
        try:
            paths = await self._files.paths({name: campaign.sounds[name] for name in campaign.prompts})
        except (CampaignsError, OSError) as error:
            return str(error)
        self._sounds[campaign.id] = paths
        if not campaign.agentless or campaign.menu is not None or campaign.message in paths:
            return ""
        path = paths[campaign.message] = Path(campaign.message)
        return await in_thread(lambda: why_unplayable(path))

    def sound(self, campaign_id: int, prompt: str) -> Path | None:
        """The file of a prompt that a campaign plays, or played when it last ran."""
        return self._sounds.get(campaign_id, {}).get(prompt)

    async def fetch(self, campaign_id: int, client_id: int, prompt: str) -> None:
        """Has the file of a prompt at hand for a campaign that does not run here. Raises OSError."""
        if self.sound(campaign_id, prompt) is not None:
            return
        async with self._readings() as session:
            found = (await PromptStore(session).sounds_of([client_id])).get((client_id, prompt))
        if found is not None:
            paths = await self._files.paths({prompt: found})
            self._sounds.setdefault(campaign_id, {}).update(paths)

    def message(self, campaign: RunningCampaign, started: StartedAttempt) -> Path | None:
        """What the person hears who answers and gets no agent, or whom an agentless campaign calls; None
        where the client has chosen nothing."""
        if campaign.agentless and campaign.menu is None:
            return self.sound(campaign.id, campaign.message)
        chosen = choose(campaign.abandoned, started.place.countries, started.language)
        return None if chosen is None else self.sound(campaign.id, chosen.prompt)

    def answer_chance(self, started: StartedAttempt, campaign_id: int) -> float | None:
        """The chance that a person answers, by what the campaign's calls have taught; None before that."""
        chances = self._chances.get(campaign_id)
        if chances is None or chances.calls < FEWEST_CALLS:
            return None
        return chances.of(started.list_id, started.local_hour, started.number)

    async def learn(self, now: datetime) -> None:
        """Looks at what the calls have come to: the chances of an answer, and what the laws on abandoned
        calls leave, of which the pacers are told."""
        for campaign_id in list(self.running):
            async with self._readings() as session:
                found = await tightest_budget(session, self._rules, campaign_id, now)
                self._chances[campaign_id] = learn(await DialStore(session).counts(campaign_id))
            if found is not None:
                self._note_limit(campaign_id, found)
                budget = BudgetLooked(
                    at=now.timestamp(),
                    rule=found.rule_id,
                    rate=found.share.rate,
                    most_rate=found.most_rate,
                    remaining=found.remaining,
                    period_ends_at=found.period.end.timestamp(),
                    at_limit=found.at_limit,
                )
                self._floor.budget_looked(campaign_id, budget)

    def _note_limit(self, campaign_id: int, found: Budget) -> None:
        if found.at_limit == (campaign_id in self._at_limit):
            return
        if found.at_limit:
            self._at_limit.add(campaign_id)
            log.warning(
                "limit of abandoned calls reached: one call for each free agent",
                campaign=campaign_id,
                rule=found.rule_id,
            )
        else:
            self._at_limit.discard(campaign_id)
            log.info("below the limit of abandoned calls again", campaign=campaign_id, rule=found.rule_id)

    async def keep(self, sessions: Sessions, node: str, now: datetime) -> None:
        """Writes what each pacer thinks, for managers to see."""
        states = {
            each: asdict(self._floor.campaigns[each].pacer.explain(now.timestamp())) for each in self.running
        }
        if states:
            async with sessions() as session, session.begin():
                for campaign_id, state in sorted(states.items()):
                    await PacingStore(session).save(campaign_id, node, now, state)

    async def count(self, now: datetime, metrics: Metrics) -> None:
        """Tells the bus and the metrics each running campaign's figures."""
        for campaign in list(self.running.values()):
            report = await campaigns.report(self._readings, campaign.id, now, whole=False)
            stats = self._notices.of_stats(campaign, report, self._floor, now.timestamp())
            self._publisher.publish(stats)
            metrics.leads_ready(campaign.id, stats.leads_ready)

    async def _open(self, campaign: RunningCampaign, now: datetime) -> None:
        async with self._readings() as session:
            prior = await prior_of(session, campaign.id, campaign.wrap_up_limit_s, now)
            if missing := await missing_message(session, self._rules, campaign.id):
                log.warning("people may not hear who has called", campaign=campaign.id, why=missing)
        settings = PacingSettings(
            abandon_target=campaign.abandon_rate_target,
            ring_timeout_s=campaign.ring_timeout_s,
            max_lines=campaign.max_lines,
            max_calls_per_second=campaign.max_calls_per_second,
            max_lines_per_agent=campaign.max_lines_per_agent,
            lines_per_agent=campaign.lines_per_agent,
            prior=prior,
        )
        pacer = make_pacer(cast(DialMode, campaign.dial_mode), settings)
        self._floor.open_campaign(
            campaign.id,
            pacer,
            campaign.wrap_up_limit_s,
            now.timestamp(),
            agentless=campaign.agentless,
            opt_out_key=campaign.opt_out_key,
            preview=PreviewRule(campaign.preview_limit_s, cast(PreviewThen, campaign.preview_then)),
            detection=detection_of(campaign),
            menu=campaign.menu,
            work=campaign.work,
        )
        self._notices.campaign_is(campaign.id, campaign.client_slug)
        self._publisher.publish(self._notices.of_campaign(campaign, "running", campaign.state_since))
        log.info("campaign dials", campaign=campaign.id, mode=campaign.dial_mode)

    async def _say_state(self, campaign: RunningCampaign) -> None:
        async with self._readings() as session:
            now = await CampaignStore(session).get(campaign.id)
        self._publisher.publish(self._notices.of_campaign(campaign, now.state, now.state_since))
