"""From a claimed lead to its report, on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest

from campaigns import service
from campaigns.core.attempt import Ending, StartedAttempt
from campaigns.core.campaign import CampaignSettings
from campaigns.errors import (
    AgentExistsError,
    AttemptNotFoundError,
    AttemptNotTalkedError,
    CampaignExistsError,
    CampaignNotFoundError,
    CampaignStateError,
    InvalidInputError,
    InvalidSettingsError,
    LeadListNotFoundError,
    UnknownDispositionError,
    UnknownOutcomeError,
)
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt
from leads.errors import UnknownClientError
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import (
    NOW,
    Person,
    lead_rows,
    people,
    seed_campaign,
    seed_leads,
    suppress,
    suppressed,
)

HOUR = timedelta(hours=1)
SETTINGS = CampaignSettings.parse({"caller_id": "+12025550199"})


async def start_one(sessions: Sessions, campaign_id: int) -> StartedAttempt:
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    return started


async def talk(sessions: Sessions, attempt_id: int) -> None:
    """The call is answered and connected, and ends."""
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(attempt_id, answered_at=NOW, connected_at=NOW)
    assert await service.finish_attempt(sessions, attempt_id, Ending("human", "customer", 200), NOW)


async def attempt_of(sessions: Sessions, attempt_id: int) -> Attempt:
    async with sessions() as session:
        return await AttemptStore(session).get_attempt(attempt_id)


# --- campaigns and agents ---------------------------------------------------------------------------


async def test_a_campaign_begins_in_draft_with_every_lead_of_its_lists(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    await seed_leads(sessions, people(2, first=3), list_name="winter")
    campaign_id = await service.create_campaign(
        sessions, "acme", " Sale ", SETTINGS, ["autumn", "winter", "autumn"], NOW
    )
    campaign = await service.get_campaign(sessions, campaign_id)
    assert (campaign.name, campaign.state) == ("Sale", "draft")
    assert len(await lead_rows(sessions, campaign_id)) == 5
    assert await service.claim_permitted(sessions, NO_LAW, campaign_id, 5, NOW) == []
    rows = await lead_rows(sessions, campaign_id)
    assert {(row.state, row.reason) for row in rows.values()} == {("ready", "new")}


async def test_a_campaign_that_cannot_be_made_leaves_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), slug="other", list_name="theirs")
    await seed_campaign(sessions, "Taken")
    for client, name, lists, error in (
        ("nobody", "Sale", ["autumn"], UnknownClientError),
        ("acme", "Sale", ["theirs"], LeadListNotFoundError),
        ("acme", "Sale", ["autumn", "missing"], LeadListNotFoundError),
        ("acme", "Sale", [], InvalidSettingsError),
        ("acme", "Taken", ["autumn"], CampaignExistsError),
        ("acme", " ", ["autumn"], InvalidInputError),
        ("acme", "two\nlines", ["autumn"], InvalidInputError),
        ("acme", "nul\x00", ["autumn"], InvalidInputError),
    ):
        with pytest.raises(error):
            await service.create_campaign(sessions, client, name, SETTINGS, lists, NOW)
    assert [each.name for each in await service.list_campaigns(sessions, 0, 10)] == ["Taken"]


async def test_starting_again_takes_up_leads_that_came_since(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    await seed_leads(sessions, people(3, first=2))
    await service.pause_campaign(sessions, campaign_id, NOW + HOUR)
    campaign = await service.start_campaign(sessions, campaign_id, NOW + 2 * HOUR)
    assert (campaign.state, campaign.state_since) == ("running", NOW + 2 * HOUR)
    assert len(await lead_rows(sessions, campaign_id)) == 5


async def test_a_stopped_campaign_is_not_started_and_stays_as_it_was(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    await service.stop_campaign(sessions, campaign_id, NOW)
    with pytest.raises(CampaignStateError):
        await service.start_campaign(sessions, campaign_id, NOW)
    again = await service.stop_campaign(sessions, campaign_id, NOW + HOUR)
    assert (again.state, again.state_since) == ("stopped", NOW)


async def test_a_campaign_is_found_by_id_and_by_a_name_that_is_the_only_one(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions, "Sale")
    assert await service.find_campaign(sessions, str(campaign_id)) == campaign_id
    assert await service.find_campaign(sessions, "Sale") == campaign_id
    await seed_leads(sessions, people(1), slug="other")
    await service.create_campaign(sessions, "other", "Sale", SETTINGS, ["autumn"], NOW)
    for unknown in ("Sale", "Nothing", "999", "9" * 30, "²"):
        with pytest.raises(CampaignNotFoundError):
            await service.find_campaign(sessions, unknown)


async def test_agents_have_a_sip_address_and_a_name_of_their_own(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    agent_id = await service.add_agent(sessions, "acme", "Anna", "sip:anna@pbx.example:5060", NOW)
    (agent,) = await service.list_agents(sessions, "acme", 0, 10)
    assert (agent.id, agent.name) == (agent_id, "Anna")
    with pytest.raises(AgentExistsError):
        await service.add_agent(sessions, "acme", "Anna", "sip:other@pbx.example", NOW)
    for uri in ("anna@pbx", "sip:anna", "sip:a@b\r\nVia: x", "sip:a@b c", "sip:" + "a" * 300 + "@b"):
        with pytest.raises(InvalidInputError):
            await service.add_agent(sessions, "acme", "Bea", uri, NOW)
    with pytest.raises(UnknownClientError):
        await service.list_agents(sessions, "nobody", 0, 10)


# --- permit at selection ----------------------------------------------------------------------------


async def test_denied_leads_wait_or_are_final_and_others_take_their_place(sessions: Sessions) -> None:
    ids = await seed_leads(
        sessions,
        [
            Person(["+12025550101"], priority=9, zones=[]),
            Person(["+12025550102"], priority=8),
            Person(["+12025550103"], priority=7, zones=["Asia/Tokyo"]),
            Person(["+12025550104"], priority=6, zones=["Etc/Unknown"]),
            Person(["+12025550105"]),
            Person(["+12025550106"]),
        ],
    )
    await suppress(sessions, "+12025550102")
    times = {day: [["09:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    campaign_id = await seed_campaign(sessions, callable_times=times)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    assert [each.lead.lead_id for each in permitted] == [ids[4]]
    rows = await lead_rows(sessions, campaign_id)
    assert [(rows[each].state, rows[each].reason) for each in ids] == [
        ("final", "zone_unknown"),
        ("final", "on_dnc_list"),
        ("ready", "new"),
        ("final", "zone_unknown"),
        ("claimed", "new"),
        ("ready", "new"),
    ]
    denial = rows[ids[1]].denial
    assert denial is not None
    assert denial["reasons"][0]["code"] == "on_dnc_list"
    (status,) = await service.campaign_statuses(sessions, campaign_id, NOW)
    assert (status.leads.due, status.leads.waiting, status.leads.next_due_at) == (1, 1, NOW)


async def test_a_number_on_another_clients_list_is_still_called(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), slug="other")
    campaign_id = await seed_campaign(sessions)
    await suppress(sessions, "+12025550000", client_id=2)
    assert len(await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)) == 1


async def test_a_long_row_of_denied_leads_is_passed_in_one_go(sessions: Sessions) -> None:
    await seed_leads(
        sessions, [Person([f"+1202666{number:04}"], priority=1, zones=[]) for number in range(150)]
    )
    await seed_leads(sessions, people(300))
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 3, NOW)
    assert len(permitted) == 3
    states = [row.state for row in (await lead_rows(sessions, campaign_id)).values()]
    assert (states.count("claimed"), states.count("final"), states.count("ready")) == (3, 150, 297)


# --- permit before the call -------------------------------------------------------------------------


async def test_an_attempt_is_on_record_before_its_call(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    started = await start_one(sessions, campaign_id)
    assert (started.number, started.lead_id, started.e164) == (1, lead_id, "+12025550000")
    attempt = await attempt_of(sessions, started.attempt_id)
    assert (attempt.placed_at, attempt.outcome, attempt.ended_at) == (NOW, "", None)
    assert attempt.permit["decision"] == "allow"
    assert attempt.permit["zones"] == ["America/New_York"]
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.attempts, row.claimed_until) == ("calling", 1, None)


async def test_an_opt_out_between_selection_and_call_stops_the_call(sessions: Sessions) -> None:
    first, second = await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 2, NOW)
    await suppress(sessions, "+12025550000")
    started = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    assert [each.lead_id for each in started] == [second]
    row = (await lead_rows(sessions, campaign_id))[first]
    assert (row.state, row.reason, row.attempts) == ("final", "on_dnc_list", 0)


async def test_a_pause_between_selection_and_call_stops_the_call(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    await service.pause_campaign(sessions, campaign_id, NOW)
    assert await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW) == []
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason, row.claimed_until) == ("ready", "campaign_not_running", None)
    await service.start_campaign(sessions, campaign_id, NOW)
    assert len(await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)) == 1


async def test_a_window_that_closes_between_selection_and_call_stops_the_call(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions, callable_times={"mon": [["09:00", "20:00"]]})
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    assert len(permitted) == 1
    assert await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW + 10 * HOUR) == []
    (row,) = (await lead_rows(sessions, campaign_id)).values()
    assert (row.state, row.reason) == ("waiting", "outside_callable_times")
    assert row.due_at == NOW + 7 * 24 * HOUR - HOUR


async def test_a_claim_that_passed_to_another_places_no_second_call(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    slow = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW, 10)
    quick = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW + HOUR, 10)
    assert len(await service.start_attempts(sessions, NO_LAW, campaign_id, quick, NOW + HOUR)) == 1
    assert await service.start_attempts(sessions, NO_LAW, campaign_id, slow, NOW + HOUR) == []
    assert await service.start_attempts(sessions, NO_LAW, campaign_id, quick, NOW + HOUR) == []


# --- ends and dispositions --------------------------------------------------------------------------


async def test_an_unanswered_call_makes_the_lead_due_by_its_rule(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions, max_attempts_per_lead=2)
    started = await start_one(sessions, campaign_id)
    ending = Ending("busy", "network", 486, "Busy\x00 \x1b[31mHere" + "!" * 500)
    assert await service.finish_attempt(sessions, started.attempt_id, ending, NOW)
    assert not await service.finish_attempt(sessions, started.attempt_id, Ending("human"), NOW + HOUR)
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason, row.due_at) == ("waiting", "retry_busy", NOW + HOUR / 6)
    kept = await attempt_of(sessions, started.attempt_id)
    assert kept.outcome == "busy"
    assert kept.sip_reason.startswith("Busy [31mHere!!!")
    assert len(kept.sip_reason) == 200

    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW + HOUR)
    (second,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW + HOUR)
    assert second.number == 2
    await service.finish_attempt(sessions, second.attempt_id, Ending("busy"), NOW + HOUR)
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason) == ("final", "max_attempts_reached")


async def test_ends_that_make_no_sense_are_refused(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    started = await start_one(sessions, await seed_campaign(sessions))
    with pytest.raises(UnknownOutcomeError):
        await service.finish_attempt(sessions, started.attempt_id, Ending("sale"), NOW)
    with pytest.raises(AttemptNotFoundError):
        await service.finish_attempt(sessions, started.attempt_id + 1, Ending("busy"), NOW)


async def test_a_lead_that_talked_waits_for_its_disposition(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    started = await start_one(sessions, campaign_id)
    await talk(sessions, started.attempt_id)
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason) == ("calling", "awaiting_disposition")
    assert await service.set_disposition(sessions, started.attempt_id, "sale", "Blue one", NOW) == "sale"
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason) == ("final", "sale")
    attempt = await attempt_of(sessions, started.attempt_id)
    assert (attempt.disposition, attempt.disposition_at, attempt.notes) == ("sale", NOW, "Blue one")


async def test_a_disposition_before_the_end_holds_at_the_end(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    started = await start_one(sessions, campaign_id)
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(started.attempt_id, connected_at=NOW)
    await service.set_disposition(sessions, started.attempt_id, "callback", "", NOW)
    assert (await lead_rows(sessions, campaign_id))[lead_id].state == "calling"
    await service.finish_attempt(sessions, started.attempt_id, Ending("human"), NOW)
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason, row.due_at) == ("waiting", "retry_callback", NOW + 24 * HOUR)


async def test_a_corrected_disposition_has_its_effects_once(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    started = await start_one(sessions, campaign_id)
    await talk(sessions, started.attempt_id)
    await service.set_disposition(sessions, started.attempt_id, "sale", "Blue one", NOW)
    await service.set_disposition(sessions, started.attempt_id, "callback", "", NOW + HOUR)
    await service.set_disposition(sessions, started.attempt_id, "callback", "", NOW + 2 * HOUR)
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.due_at) == ("waiting", NOW + 25 * HOUR)
    attempt = await attempt_of(sessions, started.attempt_id)
    assert (attempt.disposition, attempt.disposition_at) == ("callback", NOW + HOUR)
    assert attempt.notes == "Blue one"


async def test_an_opt_out_holds_whatever_is_said_later(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), slug="other")
    campaign_id = await seed_campaign(sessions)
    started = await start_one(sessions, campaign_id)
    await talk(sessions, started.attempt_id)
    for code in ("do_not_call", "callback", "callback", "not_available", "hung_up"):
        await service.set_disposition(sessions, started.attempt_id, code, "", NOW)
        assert await suppressed(sessions, "+12025550000")
        assert (await lead_rows(sessions, campaign_id))[lead_id].state == "final"
    assert not await suppressed(sessions, "+12025550000", "other")


async def test_no_disposition_replaces_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    started = await start_one(sessions, await seed_campaign(sessions))
    await talk(sessions, started.attempt_id)
    await service.set_disposition(sessions, started.attempt_id, "sale", "", NOW)
    assert await service.set_disposition(sessions, started.attempt_id, "no_disposition", "", NOW) == "sale"
    assert (await attempt_of(sessions, started.attempt_id)).disposition == "sale"


async def test_a_late_correction_does_not_touch_a_later_attempt(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    first = await start_one(sessions, campaign_id)
    await talk(sessions, first.attempt_id)
    await service.set_disposition(sessions, first.attempt_id, "hung_up", "", NOW)
    later = NOW + 24 * HOUR
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, later)
    await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, later)
    await service.set_disposition(sessions, first.attempt_id, "sale", "", later)
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.attempts) == ("calling", 2)


async def test_a_correction_takes_a_claimed_lead_off_the_line(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    first = await start_one(sessions, campaign_id)
    await talk(sessions, first.attempt_id)
    await service.set_disposition(sessions, first.attempt_id, "hung_up", "", NOW)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW + 24 * HOUR)
    await service.set_disposition(sessions, first.attempt_id, "sale", "", NOW + 24 * HOUR)
    assert await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW + 24 * HOUR) == []


async def test_what_nobody_talked_in_takes_no_disposition(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    started = await start_one(sessions, await seed_campaign(sessions))
    await service.finish_attempt(sessions, started.attempt_id, Ending("abandoned"), NOW)
    with pytest.raises(AttemptNotTalkedError):
        await service.set_disposition(sessions, started.attempt_id, "sale", "", NOW)
    with pytest.raises(UnknownDispositionError):
        await service.set_disposition(sessions, started.attempt_id, "sold", "", NOW)
    with pytest.raises(AttemptNotFoundError):
        await service.set_disposition(sessions, started.attempt_id + 1, "sale", "", NOW)


async def test_notes_from_outside_are_stored_without_control_characters(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    started = await start_one(sessions, await seed_campaign(sessions))
    await talk(sessions, started.attempt_id)
    await service.set_disposition(
        sessions, started.attempt_id, "sale", "a\x00b\x1b[0m\nJosé" + "x" * 9000, NOW
    )
    notes = (await attempt_of(sessions, started.attempt_id)).notes
    assert notes.startswith("ab[0m\nJosé")
    assert len(notes) == 4000
