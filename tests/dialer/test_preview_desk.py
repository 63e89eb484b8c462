"""Leads that agents look at are dialed once, on record first, and given up where they may not be called."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from campaigns import service
from campaigns.core.attempt import StartedAttempt
from campaigns.errors import PreviewDeniedError
from campaigns.stores.live import RunningCampaign
from campaigns.stores.shared import Sessions
from dialer.campaign_watch import CampaignWatch
from dialer.core.agent import AgentState
from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.core.pacing_settings import PacingSettings
from dialer.core.preview import NoPreview, Preview
from dialer.core.preview_pacer import PreviewPacer
from dialer.notices import Notices
from dialer.preview_desk import CannotDialNow, Hands, PreviewDesk
from dialer.records import write
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads, suppress
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
        self.watch = CampaignWatch(sessions, NO_LAW, self.floor, Notices(), _Deaf())  # type: ignore[arg-type]
        hands = Hands(lambda: self.now, lambda: self.can_place, self._place, self.carry_out, self.written)
        self.desk = PreviewDesk(self.floor, sessions, NO_LAW, self.watch.running, hands)
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

    @property
    def state(self) -> AgentState:
        return self.floor.agents[ANN].state


class _Deaf:
    def publish(self, message: Any) -> None:
        """Nobody listens."""


async def stage_of(sessions: Sessions, **settings: object) -> tuple[Stage, int]:
    await seed_leads(sessions, people(2))
    campaign = await seed_campaign(sessions, dial_mode="preview", **settings)
    stage = Stage(sessions)
    await stage.watch.look(NOW)
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    stage.floor.log_in(ANN, agent, [campaign], stage.now)
    stage.floor.line_up(ANN, stage.now)
    await show(stage, campaign)
    return stage, campaign


async def show(stage: Stage, campaign: int) -> None:
    permitted = await service.claim_permitted(stage.sessions, NO_LAW, campaign, 1, NOW)
    stage.carry_out(stage.floor.previews.show(campaign, permitted, stage.now))


async def test_however_often_it_is_asked_for_a_lead_is_dialed_once(sessions: Sessions) -> None:
    stage, campaign = await stage_of(sessions)
    results = await asyncio.gather(*(stage.desk.dial(ANN) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in results].count(NoPreview) == 4
    assert stage.placed == [FIRST]
    assert stage.state == AgentState.RESERVED
    assert len(await service.list_attempts(sessions, campaign, 0, 10)) == 1


async def test_who_goes_away_while_asking_does_not_leave_an_attempt_behind(sessions: Sessions) -> None:
    stage, _ = await stage_of(sessions)
    asking = asyncio.create_task(stage.desk.dial(ANN))
    await eventually(lambda: stage.desk.tasks)
    asking.cancel()
    await eventually(lambda: stage.placed == [FIRST])


async def two_who_dial(stage: Stage, campaign: int) -> list[asyncio.Task[None]]:
    """Ann and Bob have their leads dialed at one moment; one call a second is allowed."""
    slow = PreviewPacer(PacingSettings(max_calls_per_second=1.0))
    stage.floor.open_campaign(campaign, slow, 30.0, stage.now)
    stage.floor.log_in(BOB, stage.floor.agents[ANN].agent, [campaign], stage.now)
    stage.floor.line_up(BOB, stage.now)
    await show(stage, campaign)
    dials = [asyncio.create_task(stage.desk.dial(each)) for each in (ANN, BOB)]
    await eventually(lambda: stage.placed == [FIRST])
    assert not dials[1].done()
    return dials


async def test_dials_of_one_moment_follow_each_other_as_the_limit_of_calls_a_second_allows(
    sessions: Sessions,
) -> None:
    stage, campaign = await stage_of(sessions)
    dials = await two_who_dial(stage, campaign)
    stage.now += 1.0
    await asyncio.gather(*dials)
    assert stage.placed == [FIRST, SECOND]


async def test_who_logs_out_before_it_is_their_turn_leaves_the_lead_in_line(sessions: Sessions) -> None:
    stage, campaign = await stage_of(sessions)
    _, waits = await two_who_dial(stage, campaign)
    stage.carry_out(stage.floor.log_out(BOB, stage.now))
    stage.now += 1.0
    with pytest.raises(NoPreview, match="looks at the lead no more"):
        await waits
    await stage.written()
    assert stage.placed == [FIRST]
    rows = (await lead_rows(sessions, campaign)).values()
    assert [(row.state, row.attempts) for row in rows] == [("calling", 1), ("ready", 0)]


async def test_a_campaign_whose_limit_is_slow_holds_up_no_other(sessions: Sessions) -> None:
    stage, campaign = await stage_of(sessions)
    _, waits = await two_who_dial(stage, campaign)
    await seed_leads(sessions, people(1, 50), list_name="spring")
    other = await seed_campaign(sessions, "Other", lists=["spring"], dial_mode="preview")
    await stage.watch.look(NOW)
    stage.floor.log_in(CYD, stage.floor.agents[ANN].agent, [other], stage.now)
    stage.floor.line_up(CYD, stage.now)
    await show(stage, other)
    await asyncio.wait_for(stage.desk.dial(CYD), timeout=30)
    assert len(stage.placed) == 2
    assert not waits.done()
    stage.now += 1.0
    await waits


@pytest.mark.parametrize(
    ("leave", "after", "left_in_line"),
    [
        (lambda stage: stage.desk.skip(BOB, "later"), AgentState.AVAILABLE, ("waiting", "retry_skipped")),
        (lambda stage: stage.carry_out(stage.floor.pause(BOB, "lunch", stage.now)), AgentState.PAUSED, None),
    ],
)
async def test_who_waits_for_the_turn_of_a_lead_can_still_skip_it_and_pause(
    sessions: Sessions,
    leave: Callable[[Stage], None],
    after: AgentState,
    left_in_line: tuple[str, str] | None,
) -> None:
    stage, campaign = await stage_of(sessions)
    _, waits = await two_who_dial(stage, campaign)
    with pytest.raises(NoPreview, match="dialed already"):
        await stage.desk.dial(BOB)
    leave(stage)
    assert stage.floor.agents[BOB].state == after
    with pytest.raises(NoPreview, match="looks at the lead no more"):
        await asyncio.wait_for(waits, timeout=30)
    await stage.written()
    assert stage.placed == [FIRST]
    row = list((await lead_rows(sessions, campaign)).values())[1]
    assert (row.state, row.reason) == (left_in_line or ("ready", row.reason))
    assert row.attempts == 0


async def test_the_lead_that_waits_for_its_turn_is_not_called_once_the_campaign_is_paused(
    sessions: Sessions,
) -> None:
    stage, campaign = await stage_of(sessions)
    _, waits = await two_who_dial(stage, campaign)
    await service.pause_campaign(sessions, campaign, NOW)
    await stage.watch.look(NOW)
    with pytest.raises(NoPreview, match="dials no more"):
        await asyncio.wait_for(waits, timeout=30)
    stage.carry_out(stage.floor.tick(stage.now))
    assert stage.floor.agents[BOB].state == AgentState.AVAILABLE


async def test_after_a_denial_the_agent_is_free_for_the_next_lead(sessions: Sessions) -> None:
    stage, campaign = await stage_of(sessions)
    await suppress(sessions, FIRST)
    with pytest.raises(PreviewDeniedError, match="do-not-call"):
        await stage.desk.dial(ANN)
    assert (stage.state, stage.placed) == (AgentState.AVAILABLE, [])
    await show(stage, campaign)
    await stage.desk.dial(ANN)
    assert stage.placed == [SECOND]


async def test_what_an_agent_skips_is_on_record_before_the_next_lead_is_dialed(sessions: Sessions) -> None:
    stage, campaign = await stage_of(sessions)
    stage.desk.skip(ANN, "later")
    with pytest.raises(NoPreview):
        stage.desk.skip(ANN, "later")
    await show(stage, campaign)
    await stage.desk.dial(ANN)
    assert stage.placed == [SECOND]
    reasons = [row.reason for row in (await lead_rows(sessions, campaign)).values()]
    assert reasons == ["retry_skipped", "calling"]


async def test_a_lead_whose_claim_was_kept_meanwhile_is_dialed(sessions: Sessions) -> None:
    stage, _ = await stage_of(sessions)
    for _ in range(4):
        stage.now += 100
        stage.carry_out(stage.floor.tick(stage.now))
        await stage.written()
    await stage.desk.dial(ANN)
    assert stage.placed == [FIRST]


async def test_where_no_call_can_be_placed_the_agent_keeps_the_lead(sessions: Sessions) -> None:
    stage, _ = await stage_of(sessions)
    stage.can_place = False
    with pytest.raises(CannotDialNow, match="try again"):
        await stage.desk.dial(ANN)
    assert stage.state == AgentState.PREVIEW
    stage.can_place = True
    await stage.desk.dial(ANN)
    assert stage.placed == [FIRST]


async def test_when_the_time_is_over_the_lead_is_dialed_by_itself(sessions: Sessions) -> None:
    stage, _ = await stage_of(sessions, preview_limit_s=20)
    stage.desk.dial_due()
    assert not stage.desk.tasks
    stage.now += 20
    stage.desk.dial_due()
    stage.desk.dial_due()
    assert len(stage.desk.tasks) == 1
    await eventually(lambda: stage.placed == [FIRST])


async def test_a_database_that_fails_is_asked_again_a_second_later(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _ = await stage_of(sessions, preview_limit_s=20)
    stage.now += 20

    async def away(*_: object) -> StartedAttempt:
        raise OSError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr("dialer.preview_desk.start_previewed", away)
        stage.desk.dial_due()
        await eventually(lambda: not stage.desk.tasks)
    stage.desk.dial_due()
    assert not stage.desk.tasks, "it is not tried at once again"
    stage.now += 1.0
    stage.desk.dial_due()
    await eventually(lambda: stage.placed == [FIRST])
