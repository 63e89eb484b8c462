"""Leads that agents look at are dialed once, on record first, and given up where they may not be called."""

import asyncio
from collections.abc import Callable

import pytest

from campaigns import service
from campaigns.core.attempt import StartedAttempt
from campaigns.errors import PreviewDeniedError
from campaigns.stores.shared import Sessions
from dialer.core.agent import AgentState
from dialer.core.effects import ClaimWasKept
from dialer.core.preview import NoPreview
from dialer.preview_desk import CannotDialNow
from dialer.records import instant
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads, suppress
from tests.dialer.preview_stage import ANN, BOB, CYD, FIRST, SECOND, Stage, show, stage_of, two_who_dial
from tests.support import eventually


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
    stage.carry_out(stage.floor.shifts.log_out(BOB, stage.now))
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
    stage.floor.shifts.log_in(CYD, stage.floor.agents[ANN].agent, [other], stage.now)
    stage.floor.shifts.line_up(CYD, stage.now)
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
        (
            lambda stage: stage.carry_out(stage.floor.shifts.pause(BOB, "lunch", stage.now)),
            AgentState.PAUSED,
            None,
        ),
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


async def test_a_claim_that_is_kept_while_the_record_is_written_is_on_record_when_it_is_dialed(
    sessions: Sessions,
) -> None:
    stage, _ = await stage_of(sessions)
    stage.now += 40
    stage.just_written = lambda: stage.carry_out(stage.floor.tick(stage.now))
    await stage.desk.dial(ANN)
    assert stage.placed == [FIRST]
    assert [each for each in stage.effects if isinstance(each, ClaimWasKept)]


async def test_nobody_else_gets_a_lead_that_is_being_dialed_however_long_that_takes(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, campaign = await stage_of(sessions)
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> StartedAttempt:
        begun.set()
        await goes_on.wait()
        raise OSError("the database is away")

    monkeypatch.setattr("dialer.preview_desk.start_previewed", slow)
    dial = asyncio.create_task(stage.desk.dial(ANN))
    await begun.wait()
    for _ in range(20):
        stage.now += 10
        stage.carry_out(stage.floor.tick(stage.now))
        await stage.written()
    others = await service.claim_permitted(sessions, NO_LAW, campaign, 5, instant(stage.now))
    assert [each.lead.e164 for each in others] == [SECOND]
    goes_on.set()
    with pytest.raises(OSError, match="away"):
        await dial
    assert stage.floor.previews.of(ANN).permitted.lead.e164 == FIRST


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
