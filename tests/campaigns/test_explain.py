"""A number is explained: where it is, which rules let it be called, and what happened to it."""

from datetime import datetime, timedelta

import pytest

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.errors import CampaignNotFoundError
from campaigns.explaining import CampaignFacts, Explanation, explain
from campaigns.lead_editing import edit_lead, update_leads
from campaigns.stores.shared import Sessions
from leads.core.lead_changes import parse_changes
from leads.core.lead_filter import LeadFilter
from leads.stores.consents import ConsentStore
from leads.stores.dnc import DncStore
from leads.tables import Consent, Lead
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads, suppress

PHONE = "+12025550101"
WEEKDAYS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


async def facts(
    sessions: Sessions, phone: str = PHONE, campaign: int | None = None, at: datetime = NOW
) -> CampaignFacts:
    (only,) = (await explain(sessions, NO_LAW, phone, campaign, at)).campaigns
    return only


async def test_a_number_that_is_nowhere_is_said_to_be_nowhere(sessions: Sessions) -> None:
    found = await explain(sessions, NO_LAW, PHONE, None, NOW)
    assert found == Explanation(
        phone=PHONE,
        at=NOW,
        sentence="No lead has this number. It is on no do-not-call list.",
        leads=[],
        campaigns=[],
        dnc=[],
    )
    async with sessions() as session, session.begin():
        store = DncStore(session)
        await store.add_prefix("+1202", "everyone", 0, list_name="city", reason="law", source="x", now=NOW)
    await suppress(sessions, PHONE)
    found = await explain(sessions, NO_LAW, PHONE, None, NOW)
    assert found.sentence == "No lead has this number. It is on 2 do-not-call list(s)."
    assert {(each.dnc_list, each.prefix) for each in found.dnc} == {("city", "+1202"), ("internal", "")}
    with pytest.raises(CampaignNotFoundError):
        await explain(sessions, NO_LAW, PHONE, 7, NOW)


async def test_a_lead_that_is_ready_is_explained(sessions: Sessions) -> None:
    await seed_leads(
        sessions, [Person(["+12025550102"], priority=5), Person([PHONE]), Person(["+12025550103"])]
    )
    await seed_campaign(sessions)
    only = await facts(sessions)
    assert only.callable_now
    assert only.next_callable_at == NOW
    assert all(rule.passed for rule in only.rules)
    assert only.queue is not None
    assert (only.queue.before, only.queue.of, only.queue.more) == (1, 3, False)
    assert [(zone.zone, str(zone.local_time)) for zone in only.zones] == [
        ("America/New_York", "2026-11-23 10:00:00-05:00")
    ]
    assert [(phone.phone, phone.next, phone.suppressed) for phone in only.phones] == [(PHONE, True, None)]
    assert [event.what for event in only.history] == ["loaded", "now"]


async def test_the_lists_own_zone_is_shown_alone_as_it_is_asked_alone(sessions: Sessions) -> None:
    (lead,) = await seed_leads(sessions, [Person([PHONE])])
    await seed_campaign(sessions)
    async with sessions() as session, session.begin():
        (await session.get_one(Lead, lead)).region = "Hawaii"
    zones = {zone.zone for zone in (await facts(sessions)).zones}
    assert zones == {"America/New_York", "Pacific/Honolulu"}
    await edit_lead(sessions, lead, parse_changes({"timezone": "America/Denver"}), NOW)
    assert [zone.zone for zone in (await facts(sessions)).zones] == ["America/Denver"]


async def test_a_lead_whose_load_was_cut_off_says_what_to_do(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([PHONE])], state="running")
    await seed_campaign(sessions)
    only = await facts(sessions)
    assert not only.callable_now
    assert "if it was cut off, load the file again" in only.sentence
    assert only.history[-1].sentence in only.sentence


async def test_every_campaign_is_asked_or_the_named_one(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([PHONE])])
    await seed_leads(sessions, [Person([PHONE])], list_name="winter")
    await seed_leads(sessions, [Person([PHONE])], slug="other")
    both = await seed_campaign(sessions, lists=("autumn", "winter"))
    one = await seed_campaign(sessions, "One")
    found = await explain(sessions, NO_LAW, PHONE, None, NOW)
    assert [(each.client, each.lead_list) for each in found.leads] == [
        ("acme", "autumn"),
        ("acme", "winter"),
        ("other", "autumn"),
    ]
    assert [each.campaign_id for each in found.campaigns] == [both, both, one]
    duplicate = found.campaigns[1]
    assert (duplicate.callable_now, duplicate.state) == (False, "final")
    assert [each.campaign_id for each in (await explain(sessions, NO_LAW, PHONE, one, NOW)).campaigns] == [
        one
    ]


async def test_another_time_may_be_asked_about(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([PHONE])])
    await seed_campaign(sessions, callable_times=WEEKDAYS)
    assert (await facts(sessions)).callable_now
    sunday = NOW - timedelta(days=1)
    only = await facts(sessions, at=sunday)
    assert not only.callable_now
    assert only.next_callable_at == NOW.replace(hour=14)
    (objection,) = [rule for rule in only.rules if not rule.passed]
    assert (objection.rule, objection.code) == ("own-calendar", "outside_callable_times")


async def test_all_that_happened_is_told_in_its_order(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([PHONE])])
    campaign = await seed_campaign(sessions)
    async with sessions() as session, session.begin():
        given = {"basis": "express_written", "source": "form", "given_at": NOW - timedelta(days=2)}
        consent = Consent(client_id=1, e164=PHONE, channel="call", recorded_at=NOW, **given)
        await ConsentStore(session).add(consent)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    (attempt,) = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    assert not (await facts(sessions)).callable_now
    ended = NOW + timedelta(seconds=30)
    await service.finish_attempt(sessions, attempt.attempt_id, Ending("busy", "network", 486), ended)
    only = await facts(sessions, at=ended)
    assert [event.what for event in only.history] == ["consent", "loaded", "attempt", "now"]
    assert only.history[2].sentence == f"Call 1 to {PHONE}: busy, SIP 486."
    assert (only.state, only.reason, only.queue) == ("waiting", "retry_busy", None)
    assert only.next_callable_at == only.due_at == ended + timedelta(minutes=10)
    assert [(each.channel, each.withdrawn_at) for each in only.consents] == [("call", None)]


async def test_a_denial_and_its_list_are_told(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([PHONE])])
    campaign = await seed_campaign(sessions)
    await suppress(sessions, PHONE)
    only = await facts(sessions)
    assert not only.callable_now
    assert only.next_callable_at is None
    assert only.phones[0].suppressed is not None
    assert await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW) == []
    only = await facts(sessions)
    assert (only.state, only.reason) == ("final", "on_dnc_list")
    assert {"dnc", "denied"} < {event.what for event in only.history}


async def test_of_several_phones_the_next_one_is_named(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([PHONE, "+12025550102"])])
    await seed_campaign(sessions)
    second = await facts(sessions, "+12025550102")
    assert not second.callable_now
    assert second.rules[-1].code == "another_phone_next"
    assert [phone.next for phone in second.phones] == [True, False]


async def test_a_lead_that_came_later_is_not_taken_up_yet(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_campaign(sessions)
    await seed_leads(sessions, [Person([PHONE])])
    only = await facts(sessions)
    assert (only.state, only.callable_now, only.queue) == ("", False, None)


async def test_a_queue_is_not_counted_to_its_end(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.stores.explain.MOST_COUNTED", 3)
    await seed_leads(sessions, [*people(5), Person([PHONE])])
    await seed_campaign(sessions)
    only = await facts(sessions)
    assert only.queue is not None
    assert (only.queue.before, only.queue.of, only.queue.more) == (3, 3, True)


async def test_the_order_follows_a_change_of_priority(sessions: Sessions) -> None:
    (first, last) = await seed_leads(sessions, [Person(["+12025550102"]), Person([PHONE])])
    campaign = await seed_campaign(sessions)
    await update_leads(
        sessions, LeadFilter(phone=PHONE), parse_changes({"priority": "9"}), NOW, dry_run=False
    )
    rows = await lead_rows(sessions, campaign)
    assert rows[last].sort_key < rows[first].sort_key
    queue = (await facts(sessions)).queue
    assert queue is not None
    assert queue.before == 0


async def test_the_place_follows_a_change_of_time_zone_and_first_time(sessions: Sessions) -> None:
    (lead,) = await seed_leads(sessions, [Person([PHONE], not_before=NOW + timedelta(days=1))])
    campaign = await seed_campaign(sessions)
    before = (await lead_rows(sessions, campaign))[lead]
    changes = parse_changes({"timezone": "Asia/Tokyo", "not_before": ""})
    await edit_lead(sessions, lead, changes, NOW)
    after = (await lead_rows(sessions, campaign))[lead]
    assert after.queue_id != before.queue_id
    only = await facts(sessions)
    assert [zone.zone for zone in only.zones] == ["Asia/Tokyo"]
    assert only.callable_now
