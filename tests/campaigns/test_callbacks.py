"""A call that is promised is placed, by its agent or by anyone, or somebody is told why not."""

import asyncio
from datetime import datetime, timedelta

import pytest

from campaigns import callbacks, previewing, service
from campaigns.callbacks import CallbackChange, CallbackWish
from campaigns.core.attempt import Ending
from campaigns.errors import CallbackStateError, CallbackTimeError, InvalidInputError
from campaigns.explaining import explain, why
from campaigns.persons import erase_person, export_person
from campaigns.stores.callbacks import CallbackFilter
from campaigns.stores.shared import Sessions
from dialer.database import Database
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.promised import DUE, MISSED, offered, only, promised, talked, told
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads, suppress
from tests.campaigns.test_queue import plan, statements

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def claimed(sessions: Sessions, campaign: int, now: datetime, n: int = 5) -> list[int]:
    """The leads that anyone is given now, in their order."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, n, now)
    return [each.lead.lead_id for each in permitted]


async def row(sessions: Sessions, campaign: int):  # type: ignore[no-untyped-def]
    lead = (await only(sessions)).lead_id
    return (await lead_rows(sessions, campaign))[lead]


async def test_until_it_is_due_nobody_is_given_the_lead_then_its_agent_alone(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    assert (callback.agent_id, callback.due_at, callback.zone) == (agent, DUE, "America/New_York")
    assert callback.notes == "wants the blue one"
    for now in (NOW + MINUTE, DUE - SECOND, DUE, MISSED - SECOND):
        assert await claimed(sessions, campaign, now) == []
    assert await offered(sessions, agent, DUE - SECOND) == []
    (shown,) = await offered(sessions, agent)
    assert (shown.lead.lead_id, shown.lead.callback_id) == (callback.lead_id, callback.id)
    assert await offered(sessions, agent, DUE + SECOND) == []
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, shown, DUE + SECOND)
    done = await only(sessions)
    assert (done.state, done.done_attempt_id, done.next_at) == ("done", started.attempt_id, None)


async def test_anyones_callback_comes_before_all_other_leads_when_it_is_due(sessions: Sessions) -> None:
    campaign, _, callback = await promised(sessions, mine=False, leads=4, lead_order="newest")
    before = await service.claim_permitted(sessions, NO_LAW, campaign, 1, DUE - SECOND)
    assert before[0].lead.lead_id != callback.lead_id
    assert (await claimed(sessions, campaign, DUE, 2))[0] == callback.lead_id


@pytest.mark.parametrize("order", ["best_hour", "priority", "random"])
async def test_whatever_the_order_a_missed_callback_is_first(sessions: Sessions, order: str) -> None:
    campaign, _, callback = await promised(sessions, leads=4, lead_order=order)
    found = await only(sessions)
    assert await claimed(sessions, campaign, MISSED, 1) == [found.lead_id]
    assert callback.id == found.id


async def test_the_owner_is_reminded_once_and_then_it_is_missed_and_rescued(sessions: Sessions) -> None:
    campaign, _, _ = await promised(sessions)
    assert await callbacks.let_time_pass(sessions, DUE - 5 * MINUTE - SECOND) == 0
    looks = [callbacks.let_time_pass(sessions, DUE - 5 * MINUTE) for _ in range(3)]
    assert sum(await asyncio.gather(*looks)) == 1
    assert await told(sessions) == ["reminded"]
    assert await told(sessions) == []
    assert await callbacks.let_time_pass(sessions, MISSED - SECOND) == 0
    assert await callbacks.let_time_pass(sessions, MISSED) == 1
    assert ((await only(sessions)).state, await told(sessions)) == ("missed", ["missed"])
    (status,) = await service.campaign_statuses(sessions, campaign, MISSED)
    assert status.callbacks_missed == 1
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, MISSED)
    await service.start_attempts(sessions, NO_LAW, campaign, permitted, MISSED)
    assert ((await only(sessions)).state, await told(sessions)) == ("rescued", ["rescued"])
    assert (await callbacks.missed(sessions, [campaign])) == {campaign: 0}


async def test_a_missed_callback_is_given_up_after_a_week_and_the_lead_is_in_line_again(
    sessions: Sessions,
) -> None:
    campaign, _, callback = await promised(sessions)
    await callbacks.let_time_pass(sessions, MISSED)
    assert await callbacks.let_time_pass(sessions, DUE + 7 * DAY) == 1
    ended = await only(sessions)
    assert (ended.state, ended.reason, await told(sessions)) == ("canceled", "given_up", ["canceled"])
    assert await claimed(sessions, campaign, DUE + 7 * DAY) == [callback.lead_id]


async def test_a_callback_whose_agent_looks_at_the_lead_is_not_missed_meanwhile(sessions: Sessions) -> None:
    campaign, agent, _ = await promised(sessions)
    (shown,) = await offered(sessions, agent)
    async with sessions() as session, session.begin():
        assert await previewing.keep(session, campaign, shown.lead, MISSED + 2 * MINUTE)
    await callbacks.let_time_pass(sessions, DUE)
    await callbacks.let_time_pass(sessions, MISSED + MINUTE)
    assert (await only(sessions)).state == "offered"
    await callbacks.let_time_pass(sessions, MISSED + 2 * MINUTE)
    assert (await only(sessions)).state == "missed"


async def test_what_an_engine_that_died_was_showing_is_offered_again(sessions: Sessions) -> None:
    campaign, agent, _ = await promised(sessions)
    assert len(await offered(sessions, agent)) == 1
    assert await offered(sessions, agent, DUE + 59 * SECOND) == []
    assert await claimed(sessions, campaign, DUE + MINUTE) == []
    assert len(await offered(sessions, agent, DUE + 61 * SECOND)) == 1


async def test_two_nodes_offer_it_once(sessions: Sessions) -> None:
    _, agent, _ = await promised(sessions)
    shown = await asyncio.gather(*(offered(sessions, agent) for _ in range(5)))
    assert sum(map(len, shown)) == 1


async def test_one_that_is_skipped_counts_as_missed_and_comes_again_to_anyone(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    (shown,) = await offered(sessions, agent)
    async with sessions() as session, session.begin():
        await previewing.skip(session, campaign, shown.lead, agent, "busy", DUE)
    assert ((await only(sessions)).state, await told(sessions)) == ("missed", ["missed"])
    assert await claimed(sessions, campaign, DUE + timedelta(minutes=59)) == []
    assert await claimed(sessions, campaign, DUE + timedelta(hours=1)) == [callback.lead_id]


async def test_one_that_is_denied_when_it_is_due_is_put_to_the_next_time_and_its_owner_told(
    sessions: Sessions,
) -> None:
    hours = {"callable_times": {"mon": [["09:00", "18:00"]], "tue": [["09:00", "18:00"]]}}
    campaign, agent, _ = await promised(sessions, **hours)
    night = datetime.fromisoformat("2026-11-23T20:00:00-05:00")
    assert await offered(sessions, agent, night) == []
    moved = await only(sessions)
    assert (moved.state, moved.reason) == ("waiting", "outside_callable_times")
    assert moved.due_at == datetime.fromisoformat("2026-11-24T09:00:00-05:00")
    assert await told(sessions) == ["moved"]
    assert (await row(sessions, campaign)).reason == "callback"
    assert len(await offered(sessions, agent, moved.due_at)) == 1


async def test_it_is_kept_though_the_attempts_are_used_up_and_then_the_lead_is_final(
    sessions: Sessions,
) -> None:
    campaign, agent, _ = await promised(sessions, max_attempts_per_lead=1)
    (shown,) = await offered(sessions, agent)
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, shown, DUE)
    await service.finish_attempt(sessions, started.attempt_id, Ending("no_answer"), DUE + MINUTE)
    now = await row(sessions, campaign)
    assert (now.state, now.reason, now.attempts) == ("final", "max_attempts_reached", 2)


@pytest.mark.parametrize(
    ("outcome", "state"), [("no_answer", "done"), ("congestion", "waiting"), ("unknown", "waiting")]
)
async def test_a_call_that_never_reached_the_person_does_not_keep_the_promise(
    sessions: Sessions, outcome: str, state: str
) -> None:
    campaign, agent, _ = await promised(sessions)
    (shown,) = await offered(sessions, agent)
    started = await previewing.start_previewed(sessions, NO_LAW, campaign, shown, DUE)
    await service.finish_attempt(sessions, started.attempt_id, Ending(outcome), DUE + MINUTE)
    found, lead = await only(sessions), await row(sessions, campaign)
    assert found.state == state
    assert (lead.reason == "callback") == (state == "waiting")
    if state == "waiting":
        assert found.due_at > DUE + MINUTE
        assert len(await offered(sessions, agent, found.due_at)) == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [("sale", "sale"), ("hung_up", "disposition_changed"), ("do_not_call", "opted_out")],
)
async def test_another_disposition_of_the_same_talk_cancels_it(
    sessions: Sessions, code: str, reason: str
) -> None:
    campaign, agent, callback = await promised(sessions)
    assert callback.attempt_id is not None
    await service.set_disposition(sessions, callback.attempt_id, code, "", NOW + 4 * MINUTE)
    ended = await only(sessions)
    assert (ended.state, ended.reason) == ("canceled", reason)
    assert (await row(sessions, campaign)).reason != "callback"
    assert await offered(sessions, agent) == []


async def test_given_again_with_another_time_it_is_moved(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    assert callback.attempt_id is not None
    wish = CallbackWish(DUE + DAY, agent_id=None)
    again = NOW + 4 * MINUTE
    await service.set_disposition(
        sessions, callback.attempt_id, "callback", "", again, rules=NO_LAW, wish=wish
    )
    moved = await only(sessions)
    assert (moved.due_at, moved.agent_id, moved.sequence) == (DUE + DAY, None, 1)
    assert await offered(sessions, agent) == []
    assert await claimed(sessions, campaign, DUE + DAY - SECOND) == []
    assert await claimed(sessions, campaign, DUE + DAY) == [callback.lead_id]


async def test_only_dispositions_that_ask_for_it_take_a_callback(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions)
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    attempt = await talked(sessions, campaign, agent)
    with pytest.raises(InvalidInputError, match="callback or not_available"):
        await service.set_disposition(
            sessions, attempt, "sale", "", NOW, rules=NO_LAW, wish=CallbackWish(DUE)
        )
    with pytest.raises(CallbackTimeError):
        await service.set_disposition(
            sessions, attempt, "callback", "", NOW, rules=NO_LAW, wish=CallbackWish(NOW - MINUTE)
        )
    (on_record,) = await service.list_attempts(sessions, campaign, 0, 10)
    assert on_record.disposition == ""


async def test_a_number_that_was_listed_meanwhile_is_not_called_and_its_owner_is_told(
    sessions: Sessions,
) -> None:
    campaign, agent, _ = await promised(sessions)
    await suppress(sessions, "+12025550101")
    assert await offered(sessions, agent) == []
    ended = await only(sessions)
    assert (ended.state, ended.reason, await told(sessions)) == ("canceled", "on_dnc_list", ["canceled"])
    assert (await row(sessions, campaign)).state == "final"


async def test_a_campaign_that_stops_for_good_owes_nothing(sessions: Sessions) -> None:
    campaign, _, _ = await promised(sessions)
    await service.stop_campaign(sessions, campaign, NOW)
    ended = await only(sessions)
    assert (ended.state, ended.reason, await told(sessions)) == (
        "canceled",
        "campaign_stopped",
        ["canceled"],
    )
    with pytest.raises(CallbackStateError, match="stopped"):
        await callbacks.promise_callback(sessions, NO_LAW, campaign, ended.lead_id, CallbackWish(DUE), NOW)


async def test_what_a_paused_campaign_owes_is_missed_and_not_forgotten(sessions: Sessions) -> None:
    campaign, agent, _ = await promised(sessions)
    await service.pause_campaign(sessions, campaign, NOW)
    assert await offered(sessions, agent) == []
    await callbacks.let_time_pass(sessions, DUE - MINUTE)
    await callbacks.let_time_pass(sessions, MISSED)
    assert (await only(sessions)).state == "missed"
    await service.start_campaign(sessions, campaign, MISSED)
    assert len(await claimed(sessions, campaign, MISSED)) == 1


async def test_promised_by_itself_changed_and_canceled(sessions: Sessions) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions)
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    made = await callbacks.promise_callback(sessions, NO_LAW, campaign, lead, CallbackWish(DUE), NOW)
    assert await claimed(sessions, campaign, NOW) == []
    change = CallbackChange(agent_id=agent, notes="ask for Ada")
    changed = await callbacks.change_callback(sessions, NO_LAW, made.id, change, NOW)
    assert (changed.agent_id, changed.due_at, changed.notes) == (agent, DUE, "ask for Ada")
    assert await claimed(sessions, campaign, DUE) == []
    page = await callbacks.list_callbacks(sessions, CallbackFilter(agent_id=agent, state="waiting"), 0, 10)
    assert [each.id for each in page] == [made.id]
    with pytest.raises(CallbackTimeError):
        await callbacks.change_callback(sessions, NO_LAW, made.id, CallbackChange(at=NOW - DAY), NOW)
    await callbacks.cancel_callback(sessions, made.id, "rang us himself", NOW)
    assert await told(sessions) == ["canceled"]
    assert await claimed(sessions, campaign, NOW) == [lead]
    with pytest.raises(CallbackStateError, match="is canceled"):
        await callbacks.cancel_callback(sessions, made.id, "", NOW)
    with pytest.raises(CallbackStateError, match="just being called"):
        await callbacks.promise_callback(sessions, NO_LAW, campaign, lead, CallbackWish(DUE), NOW)
    with pytest.raises(InvalidInputError, match="no state"):
        await callbacks.list_callbacks(sessions, CallbackFilter(state="late"), 0, 10)


async def test_a_person_who_is_erased_is_owed_nothing_and_the_notes_are_gone(sessions: Sessions) -> None:
    await promised(sessions)
    (owed,) = (await export_person(sessions, "+12025550101")).callbacks
    assert (owed.due_at, owed.notes) == (DUE, "wants the blue one")
    await erase_person(sessions, "+12025550101", now=NOW)
    ended = await only(sessions)
    assert (ended.state, ended.reason, ended.notes) == ("canceled", "erased", "")


async def test_why_a_lead_is_not_called_names_its_callback(sessions: Sessions) -> None:
    campaign, agent, callback = await promised(sessions)
    (facts,) = (await explain(sessions, NO_LAW, "+12025550101", campaign, NOW + HOUR)).campaigns
    assert facts.callback is not None
    assert facts.callback.sentence == "Ann is to call back at 2026-11-23 12:00 (America/New_York)."
    assert (facts.callable_now, facts.next_callable_at) == (False, DUE)
    (line,) = (await why(sessions, campaign, NOW + HOUR)).waiting_for
    assert (line.kind, line.detail) == ("callback", "callback")
    await callbacks.cancel_callback(sessions, callback.id, "rang us", NOW + HOUR)
    (facts,) = (await explain(sessions, NO_LAW, "+12025550101", campaign, NOW + HOUR)).campaigns
    assert facts.callback is None
    said = [each.sentence for each in facts.history if each.what.startswith("callback")]
    assert said == ["A call back was promised by Ann.", "The call back was canceled: rang us."]
    assert await offered(sessions, agent) == []


async def test_looking_for_what_is_due_scans_nothing(sessions: Sessions, database: Database) -> None:
    campaign, agent, _ = await promised(sessions)
    async with statements(database) as seen:
        await callbacks.has_work(sessions, DUE)
        await callbacks.let_time_pass(sessions, DUE)
        await callbacks.missed(sessions, [campaign])
        await offered(sessions, agent)
    plans = [
        await plan(database, *each) for each in seen if each[0].lstrip().startswith(("SELECT", "UPDATE"))
    ]
    assert len(plans) > 10
    for table in ("callback", "campaign_lead"):
        assert not any(f"Seq Scan on {table} " in found for found in plans)
        scans = [line for found in plans for line in found.splitlines() if line.startswith(f"SCAN {table}")]
        assert all("USING" in line for line in scans)
