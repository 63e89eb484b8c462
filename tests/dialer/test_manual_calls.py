"""Agents call whom they choose: one call on record, at the number that they choose, or none."""

import asyncio

import pytest

from campaigns import service
from campaigns.errors import CallDeniedError, LeadNotFreeError
from campaigns.stores.shared import Sessions
from dialer.core.agent import AgentState
from dialer.core.preview import NoPreview, NotFreeToCall
from dialer.preview_desk import CannotDialNow
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, seed_campaign, seed_leads, suppress
from tests.campaigns.test_manual import found_at
from tests.dialer.preview_stage import ANN, BOB, FIRST, SECOND, Stage, stage_of

OTHER = "+12025559999"


async def paused(sessions: Sessions) -> tuple[Stage, int, int, int]:
    """Ann, who looked at the first lead, pauses; the campaign, and the second lead with its phone."""
    stage, campaign = await stage_of(sessions)
    stage.carry_out(stage.floor.shifts.pause(ANN, "lunch", stage.now))
    await stage.written()
    return stage, campaign, *await found_at(sessions, campaign, SECOND)


async def test_who_pauses_calls_a_lead_of_their_choice_with_its_attempt_on_record(sessions: Sessions) -> None:
    stage, campaign, lead, phone = await paused(sessions)
    results = await asyncio.gather(
        *(stage.desk.call(ANN, campaign, lead, phone) for _ in range(3)), return_exceptions=True
    )
    assert sorted(str(type(each).__name__) for each in results if each) == ["NotFreeToCall"] * 2
    assert (stage.placed, stage.state) == ([SECOND], AgentState.RESERVED)
    (attempt,) = await service.list_attempts(sessions, campaign, 0, 10)
    assert (attempt.lead_id, attempt.phone_id) == (lead, phone)


async def test_a_denial_leaves_the_agent_paused_and_nobody_called(sessions: Sessions) -> None:
    stage, campaign, lead, _ = await paused(sessions)
    await suppress(sessions, SECOND)
    with pytest.raises(CallDeniedError, match="do-not-call"):
        await stage.desk.call(ANN, campaign, lead)
    assert (stage.placed, stage.state) == ([], AgentState.PAUSED)
    assert stage.floor.agents[ANN].reason == "lunch"
    assert await service.list_attempts(sessions, campaign, 0, 10) == []


async def test_nobody_is_called_where_that_is_not_possible(sessions: Sessions) -> None:
    stage, campaign, lead, _ = await paused(sessions)
    stage.can_place = False
    with pytest.raises(CannotDialNow):
        await stage.desk.call(ANN, campaign, lead)
    stage.can_place = True
    with pytest.raises(NoPreview, match="does not dial now"):
        await stage.desk.call(ANN, campaign + 1, lead)
    with pytest.raises(NotFreeToCall):
        await stage.desk.call(99, campaign, lead)
    await stage.desk.call(ANN, campaign, lead)
    stage.floor.shifts.log_in(BOB, stage.floor.agents[ANN].agent, [campaign], stage.now)
    stage.floor.shifts.line_up(BOB, stage.now)
    with pytest.raises(LeadNotFreeError):
        await stage.desk.call(BOB, campaign, lead)


async def other_number(sessions: Sessions) -> tuple[Stage, int]:
    """Ann looks at a lead that has another number, too; that number's id."""
    stage, _ = await stage_of(sessions)
    stage.desk.skip(ANN, "later")
    await seed_leads(sessions, [Person([FIRST.replace("0000", "0777"), OTHER])], list_name="two")
    campaign = await seed_campaign(sessions, "Two", lists=["two"], dial_mode="preview")
    await stage.watch.look(NOW)
    agent = stage.floor.agents[ANN].agent
    stage.carry_out(stage.floor.shifts.log_out(ANN, stage.now))
    stage.floor.shifts.log_in(ANN, agent, [campaign], stage.now)
    stage.floor.shifts.line_up(ANN, stage.now)
    lead, phone = await found_at(sessions, campaign, OTHER)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    stage.carry_out(stage.floor.previews.show(campaign, permitted, stage.now))
    assert [each.lead.lead_id for each in permitted] == [lead]
    return stage, phone


async def test_another_number_of_the_lead_is_dialed(sessions: Sessions) -> None:
    stage, phone = await other_number(sessions)
    await stage.desk.dial(ANN, phone)
    assert stage.placed == [OTHER]


async def test_where_the_other_number_is_denied_the_agent_keeps_the_lead(sessions: Sessions) -> None:
    stage, phone = await other_number(sessions)
    campaign = stage.floor.previews.of(ANN).campaign
    await suppress(sessions, OTHER)
    with pytest.raises(CallDeniedError, match="do-not-call"):
        await stage.desk.dial(ANN, phone)
    assert stage.state == AgentState.PREVIEW
    await stage.desk.dial(ANN)
    assert stage.placed == [FIRST.replace("0000", "0777")]
    assert [row.state for row in (await lead_rows(sessions, campaign)).values()] == ["calling"]


async def test_who_asks_twice_does_not_change_the_number_that_is_dialed(sessions: Sessions) -> None:
    stage, phone = await other_number(sessions)
    results = await asyncio.gather(stage.desk.dial(ANN), stage.desk.dial(ANN, phone), return_exceptions=True)
    assert [type(each) for each in results] == [type(None), NoPreview]
    assert stage.placed == [FIRST.replace("0000", "0777")]


async def test_a_dial_that_failed_leaves_no_other_number_behind(sessions: Sessions) -> None:
    stage, phone = await other_number(sessions)
    stage.can_place = False
    with pytest.raises(CannotDialNow):
        await stage.desk.dial(ANN, phone)
    stage.can_place = True
    await stage.desk.dial(ANN)
    assert stage.placed == [FIRST.replace("0000", "0777")]
