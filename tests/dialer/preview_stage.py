"""A floor with agents who look at leads of a real campaign, and an engine's hands."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from campaigns import service
from campaigns.core.attempt import StartedAttempt
from campaigns.stores.live import RunningCampaign
from campaigns.stores.shared import Sessions
from dialer.campaign_watch import CampaignWatch
from dialer.core.agent import AgentState
from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.core.pacing_settings import PacingSettings
from dialer.core.preview import Preview
from dialer.core.preview_pacer import PreviewPacer
from dialer.notices import Notices
from dialer.preview_desk import Hands, PreviewDesk
from dialer.prompt_files import PromptFiles
from dialer.records import write
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.support import eventually

ANN, BOB, CYD = 1, 2, 3
FIRST, SECOND = "+12025550000", "+12025550001"


class Stage:
    """A floor with one agent who looks at the first lead of a campaign, and an engine's hands."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.now = NOW.timestamp()
        self.can_place = True
        self.placed: list[str] = []
        self.effects: list[Effect] = []
        self.floor = Floor()
        files = PromptFiles(Path("no-such-folder"), sessions)
        self.watch = CampaignWatch(sessions, NO_LAW, self.floor, Notices(), Deaf(), files)  # type: ignore[arg-type]
        hands = Hands(lambda: self.now, lambda _: self.can_place, self._place, self.carry_out, self.written)
        self.desk = PreviewDesk(self.floor, sessions, NO_LAW, self.watch.running, hands)
        self.just_written: Callable[[], None] = lambda: None
        self._written = 0

    def carry_out(self, effects: Sequence[Effect]) -> None:
        self.effects += effects

    def _place(self, campaign: RunningCampaign, started: StartedAttempt, preview: Preview) -> None:
        self.floor.place(started.attempt_id, campaign.id, started.lead_id, self.now)
        self.carry_out(self.floor.previews.dialed(preview, started.attempt_id, self.now))
        self.placed.append(started.e164)

    async def written(self) -> None:
        """Everything that happened is on record, but for agents' shifts, of which there are none here."""
        new = [each for each in self.effects[self._written :] if type(each).__name__ != "AgentChanged"]
        self._written = len(self.effects)
        await write(self.sessions, new)
        self.just_written()

    @property
    def state(self) -> AgentState:
        return self.floor.agents[ANN].state


class Deaf:
    def publish(self, message: Any) -> None:
        """Nobody listens."""


async def stage_of(sessions: Sessions, **settings: object) -> tuple[Stage, int]:
    await seed_leads(sessions, people(2))
    campaign = await seed_campaign(sessions, dial_mode="preview", **settings)
    stage = Stage(sessions)
    await stage.watch.look(NOW)
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    stage.floor.shifts.log_in(ANN, agent, [campaign], stage.now)
    stage.floor.shifts.line_up(ANN, stage.now)
    await show(stage, campaign)
    return stage, campaign


async def show(stage: Stage, campaign: int) -> None:
    permitted = await service.claim_permitted(stage.sessions, NO_LAW, campaign, 1, NOW)
    stage.carry_out(stage.floor.previews.show(campaign, permitted, stage.now))


async def two_who_dial(stage: Stage, campaign: int) -> list[asyncio.Task[None]]:
    """Ann and Bob have their leads dialed at one moment; one call a second is allowed."""
    slow = PreviewPacer(PacingSettings(max_calls_per_second=1.0))
    stage.floor.open_campaign(campaign, slow, 30.0, stage.now)
    stage.floor.shifts.log_in(BOB, stage.floor.agents[ANN].agent, [campaign], stage.now)
    stage.floor.shifts.line_up(BOB, stage.now)
    await show(stage, campaign)
    dials = [asyncio.create_task(stage.desk.dial(each)) for each in (ANN, BOB)]
    await eventually(lambda: stage.placed == [FIRST])
    assert not dials[1].done()
    return dials
