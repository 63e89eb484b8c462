"""Calls that agents choose: claimed before their time, by the same rules, and back where they were."""

from datetime import timedelta

import pytest

from campaigns import effects, manual, previewing, service
from campaigns.core.attempt import PermittedLead
from campaigns.errors import CallDeniedError, LeadNotFreeError, LeadNotInCampaignError, PreviewLostError
from campaigns.stores.explain import ExplainStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Sessions
from leads.core.phone import ParsedPhone, parse_phone
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.promised import DUE, promised
from tests.campaigns.seeds import NOW, Person, lead_rows, seed_campaign, seed_leads, suppress
from tests.dialer.core.claims import claimed

FIRST, SECOND, NEW = "+12025550101", "+12025550102", "+12125550103"
ANN = 1
SOON = NOW + timedelta(seconds=5)
EXPIRED = NOW + timedelta(minutes=5)


async def one_lead(sessions: Sessions, **settings: object) -> tuple[int, int]:
    """A campaign, and its one lead with two phones."""
    (lead,) = await seed_leads(sessions, [Person([FIRST, SECOND])])
    return await seed_campaign(sessions, **settings), lead


async def found_at(sessions: Sessions, campaign: int, number: str) -> tuple[int, int]:
    """The lead that the campaign has at a number, and its phone there."""
    async with sessions() as session:
        found = await QueueStore(session).with_number(campaign, number)
    assert found is not None
    return found


async def call(sessions: Sessions, campaign: int, number: str) -> PermittedLead:
    """Ann calls whoever has the number."""
    parsed = parse_phone(number, "US")
    assert isinstance(parsed, ParsedPhone)
    return await manual.claim_number(sessions, NO_LAW, campaign, parsed, ANN, NOW)


async def called_in_vain(sessions: Sessions, **settings: object) -> tuple[int, int]:
    """The same, whose lead was busy just now and waits an hour."""
    campaign, lead = await one_lead(sessions, retry_rules={"busy": {"delay_s": 3600}}, **settings)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    await service.finish_attempt(sessions, started.attempt_id, effects.Ending("busy"), NOW)
    return campaign, lead


async def test_a_lead_is_called_before_its_time_at_the_number_that_is_chosen(sessions: Sessions) -> None:
    campaign, lead = await called_in_vain(sessions)
    found = await found_at(sessions, campaign, SECOND)
    assert found[0] == lead
    permitted = await manual.claim_chosen(sessions, NO_LAW, campaign, *found, ANN, SOON)
    assert permitted.lead.e164 == SECOND
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, SOON)
    newest = (await service.list_attempts(sessions, campaign, 0, 10))[-1]
    assert (started.e164, newest.phone_id, newest.number) == (SECOND, found[1], 2)


@pytest.mark.parametrize("expires", [False, True])
async def test_a_lead_that_is_put_back_waits_for_its_time_again(sessions: Sessions, expires: bool) -> None:
    campaign, lead = await called_in_vain(sessions)
    permitted = await manual.claim_chosen(sessions, NO_LAW, campaign, lead, None, ANN, SOON)
    if not expires:
        await service.release(sessions, campaign, [permitted])
    assert await service.claim_permitted(sessions, NO_LAW, campaign, 1, EXPIRED) == []
    row = (await lead_rows(sessions, campaign))[lead]
    assert (row.state, row.due_at) == ("waiting", NOW + timedelta(hours=1))
    assert await service.claim_permitted(sessions, NO_LAW, campaign, 1, row.due_at)


async def test_whom_somebody_else_has_or_the_campaign_is_done_with_cannot_be_called(
    sessions: Sessions,
) -> None:
    campaign, lead = await one_lead(sessions)
    permitted = await manual.claim_chosen(sessions, NO_LAW, campaign, lead, None, ANN, NOW)
    with pytest.raises(LeadNotFreeError, match="try again afterwards"):
        await manual.claim_chosen(sessions, NO_LAW, campaign, lead, None, ANN, SOON)
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, SOON)
    with pytest.raises(LeadNotFreeError, match="try again afterwards"):
        await manual.claim_chosen(sessions, NO_LAW, campaign, lead, None, ANN, EXPIRED)
    await service.finish_attempt(sessions, started.attempt_id, effects.Ending("human"), SOON)
    await service.set_disposition(sessions, started.attempt_id, "sale", "", SOON)
    with pytest.raises(LeadNotFreeError, match="done with this lead"):
        await manual.claim_chosen(sessions, NO_LAW, campaign, lead, None, ANN, EXPIRED)


async def test_a_claim_that_has_ended_keeps_nobody_out(sessions: Sessions) -> None:
    campaign, lead = await one_lead(sessions)
    await manual.claim_chosen(sessions, NO_LAW, campaign, lead, None, ANN, NOW)
    assert await manual.claim_chosen(sessions, NO_LAW, campaign, lead, None, ANN, EXPIRED)


async def test_a_denied_call_says_why_and_leaves_the_lead_as_it_was(sessions: Sessions) -> None:
    campaign, lead = await one_lead(sessions)
    before = (await lead_rows(sessions, campaign))[lead]
    await suppress(sessions, SECOND)
    _, phone = await found_at(sessions, campaign, SECOND)
    with pytest.raises(CallDeniedError, match="do-not-call"):
        await manual.claim_chosen(sessions, NO_LAW, campaign, lead, phone, ANN, SOON)
    after = (await lead_rows(sessions, campaign))[lead]
    assert (after.state, after.phone_id, after.due_at) == (before.state, before.phone_id, before.due_at)


async def test_the_caps_on_attempts_and_the_rests_hold_for_the_other_number_too(sessions: Sessions) -> None:
    campaign, lead = await called_in_vain(sessions, least_gap_s=600)
    _, phone = await found_at(sessions, campaign, SECOND)
    with pytest.raises(CallDeniedError):
        await manual.claim_chosen(sessions, NO_LAW, campaign, lead, phone, ANN, SOON)
    assert await manual.claim_chosen(
        sessions, NO_LAW, campaign, lead, phone, ANN, NOW + timedelta(seconds=600)
    )


async def test_only_leads_of_the_campaign_and_numbers_of_the_lead_can_be_called(sessions: Sessions) -> None:
    campaign, lead = await one_lead(sessions)
    (other,) = await seed_leads(sessions, [Person(["+12025550500"])], list_name="spring")
    await seed_campaign(sessions, "Spring", lists=["spring"])
    with pytest.raises(LeadNotInCampaignError):
        await manual.claim_chosen(sessions, NO_LAW, campaign, other, None, ANN, NOW)
    with pytest.raises(LeadNotInCampaignError, match="has no phone"):
        await manual.claim_chosen(sessions, NO_LAW, campaign, lead, 9999, ANN, NOW)
    with pytest.raises(LeadNotInCampaignError, match="a list that the campaign does not dial"):
        await call(sessions, campaign, "+12025550500")


async def test_a_promised_call_is_kept_by_calling_early_and_only_by_its_owner(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    early = DUE - timedelta(minutes=20)
    with pytest.raises(LeadNotFreeError, match="promised"):
        await manual.claim_chosen(sessions, NO_LAW, campaign, callback.lead_id, None, agent + 1, early)
    mine = await manual.claim_chosen(sessions, NO_LAW, campaign, callback.lead_id, None, agent, early)
    assert mine.lead.callback_id == callback.id


async def test_a_claimed_lead_is_dialed_at_another_number_unless_that_is_denied(sessions: Sessions) -> None:
    campaign, lead = await one_lead(sessions)
    (shown,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    _, phone = await found_at(sessions, campaign, SECOND)
    moved = await manual.redirect(sessions, NO_LAW, campaign, shown.lead, phone, SOON)
    assert (moved.lead.e164, moved.lead.claimed_until) == (SECOND, shown.lead.claimed_until)
    await suppress(sessions, FIRST)
    with pytest.raises(CallDeniedError, match="do-not-call"):
        await manual.redirect(sessions, NO_LAW, campaign, moved.lead, shown.lead.phone_id, SOON)
    with pytest.raises(PreviewLostError):
        await manual.redirect(sessions, NO_LAW, campaign, claimed(lead).lead, phone, SOON)
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, moved, SOON)
    assert started.e164 == SECOND


async def test_a_number_that_is_nobodys_becomes_a_lead_of_the_list_for_them(sessions: Sessions) -> None:
    campaign, lead = await one_lead(sessions)
    with pytest.raises(LeadNotInCampaignError, match="manual_list"):
        await call(sessions, campaign, NEW)
    await service.change_campaign(sessions, campaign, NOW, work={"manual_list": "autumn"})
    permitted = await call(sessions, campaign, NEW)
    assert (permitted.lead.e164, permitted.lead.zones) == (NEW, ("America/New_York",))
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, permitted, SOON)
    assert started.number == 1
    assert (await call(sessions, campaign, FIRST)).lead.lead_id == lead
    assert len(await lead_rows(sessions, campaign)) == 2


async def test_of_a_call_to_a_new_number_that_is_denied_nothing_is_left(sessions: Sessions) -> None:
    campaign, _ = await one_lead(sessions, manual_list="autumn")
    await suppress(sessions, NEW)
    with pytest.raises(CallDeniedError, match="do-not-call"):
        await call(sessions, campaign, NEW)
    assert len(await lead_rows(sessions, campaign)) == 1
    async with sessions() as session:
        assert await ExplainStore(session).leads_with(NEW) == []
