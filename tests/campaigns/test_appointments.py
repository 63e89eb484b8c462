"""A slot is held while an agent talks, booked with the disposition, and nobody else gets it meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from icalendar import Calendar

from campaigns import appointments, reminder_calls, service
from campaigns.compliance.message_permits import MessagePermits
from campaigns.core.attempt import Ending
from campaigns.core.message_permit import Answer, Never, Send
from campaigns.errors import (
    AppointmentMissingError,
    AppointmentStateError,
    CalendarNotFoundError,
    SlotTakenError,
)
from campaigns.persons import erase_person, export_person
from campaigns.stores.appointments import AppointmentStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Appointment, Message
from leads.tables import Consent
from tests.campaigns.booked import TOMORROW, booked, booking, invitations, talks
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads

MINUTE, HALF_HOUR, HOUR = timedelta(minutes=1), timedelta(minutes=30), timedelta(hours=1)
TEN = TOMORROW.replace(hour=15)
"""Ten o'clock in New York."""


async def says(sessions: Sessions, attempt: int, code: str, now: datetime = NOW) -> None:
    await service.set_disposition(sessions, attempt, code, "", now)


async def hangs_up(sessions: Sessions, attempt: int, now: datetime = NOW, outcome: str = "human") -> None:
    await service.finish_attempt(sessions, attempt, Ending(outcome), now)


async def free(sessions: Sessions, calendar: int, now: datetime = NOW) -> dict[datetime, int]:
    found = await appointments.slots_of_calendar(sessions, calendar, TEN - HOUR, TEN + 2 * HOUR, now)
    return {each.starts_at: each.free for each in found}


def states(rows: list[Appointment]) -> list[str]:
    return [each.state for each in rows]


async def test_what_is_held_is_nobody_elses_and_is_booked_with_the_disposition(sessions: Sessions) -> None:
    campaign, agent, calendar = await booking(sessions, 2)
    mine, other = await talks(sessions, campaign, agent, 2)
    held = await appointments.hold_slot(sessions, mine, TEN, NOW, notes="wants the big one")
    assert (held.state, held.seat, held.zone) == ("held", 1, "America/New_York")
    assert TEN not in await free(sessions, calendar)
    with pytest.raises(SlotTakenError):
        await appointments.hold_slot(sessions, other, TEN, NOW)
    with pytest.raises(AppointmentMissingError, match="hold one"):
        await says(sessions, other, "appointment_set")
    await says(sessions, mine, "appointment_set")
    await hangs_up(sessions, mine)
    (row,) = await booked(sessions)
    assert (row.state, row.notes, row.attempt_id, row.agent_id) == (
        "booked",
        "wants the big one",
        mine,
        agent,
    )
    assert (row.starts_at, row.ends_at) == (TEN, TEN + HALF_HOUR)
    lead = (await lead_rows(sessions, campaign))[row.lead_id]
    assert (lead.state, lead.reason) == ("final", "appointment_set")
    # Said again, nothing happens again.
    await says(sessions, mine, "appointment_set")
    assert len(await invitations(sessions)) == 1


async def test_of_many_agents_who_want_one_time_as_many_get_it_as_there_are_seats(sessions: Sessions) -> None:
    campaign, agent, calendar = await booking(
        sessions, 9, capacity=2, step_minutes=15, buffer_after_minutes=10
    )
    calls = await talks(sessions, campaign, agent, 9)

    async def wants(attempt: int, at: datetime) -> str:
        try:
            await appointments.hold_slot(sessions, attempt, at, NOW)
            await says(sessions, attempt, "appointment_set")
        except SlotTakenError as error:
            return error.code
        return "booked"

    quarter = timedelta(minutes=15)
    tries = [wants(attempt, TEN + index % 3 * quarter) for index, attempt in enumerate(calls)]
    said = Counter(await asyncio.gather(*tries))
    rows = await booked(sessions)
    assert said["booked"] == len(rows) == 2
    assert {each.seat for each in rows} == {1, 2}
    assert await free(sessions, calendar) == await free(sessions, calendar, NOW + HOUR)


async def test_a_hold_ends_with_another_word_with_its_time_and_with_a_call_that_is_lost(
    sessions: Sessions,
) -> None:
    campaign, agent, calendar = await booking(sessions, 4)
    first, second, third, fourth = await talks(sessions, campaign, agent, 4)
    await appointments.hold_slot(sessions, first, TEN, NOW)
    await appointments.hold_slot(sessions, first, TEN + HALF_HOUR, NOW)
    assert set(states(await booked(sessions))) == {"canceled", "held"}
    await says(sessions, first, "not_interested")
    assert await free(sessions, calendar) != {}
    await appointments.hold_slot(sessions, second, TEN, NOW)
    with pytest.raises(SlotTakenError):
        await appointments.hold_slot(sessions, third, TEN, NOW + 15 * MINUTE - timedelta(seconds=1))
    await appointments.hold_slot(sessions, third, TEN, NOW + 15 * MINUTE)
    await hangs_up(sessions, third, NOW + 16 * MINUTE, "lost")
    await appointments.hold_slot(sessions, fourth, TEN, NOW + 16 * MINUTE)
    # From hanging up on it has as long as the wrap-up may take.
    await hangs_up(sessions, fourth, NOW + 17 * MINUTE)
    assert (await booked(sessions))[-1].hold_until == NOW + 17 * MINUTE + timedelta(seconds=90)
    await says(sessions, fourth, "no_disposition", NOW + 18 * MINUTE)
    assert Counter(each.reason for each in await booked(sessions)) == {
        "another_slot": 1,
        "not_booked": 2,
        "hold_over": 1,
        "call_lost": 1,
    }
    assert len(await free(sessions, calendar)) == 6


async def test_a_corrected_disposition_cancels_what_the_call_has_booked(sessions: Sessions) -> None:
    campaign, agent, calendar = await booking(sessions)
    (call,) = await talks(sessions, campaign, agent, 1)
    await appointments.hold_slot(sessions, call, TEN, NOW)
    await says(sessions, call, "appointment_set")
    await hangs_up(sessions, call)
    await says(sessions, call, "callback")
    (row,) = await booked(sessions)
    assert (row.state, row.reason, row.sequence) == ("canceled", "disposition_changed", 1)
    assert (await lead_rows(sessions, campaign))[row.lead_id].state == "waiting"
    assert TEN in await free(sessions, calendar)
    assert [each.subject.split(":")[0] for each in await invitations(sessions)] == [
        "Appointment",
        "Appointment, canceled",
    ]


async def allowed(sessions: Sessions, messages: Sequence[Message]) -> list[Answer]:
    async with sessions() as session:
        permits = MessagePermits(session, NO_LAW, messages[0].client_id)
        return [answer for _, answer in await permits.ask(messages, NOW)]


async def test_nobody_is_invited_by_e_mail_who_does_not_want_any(sessions: Sessions) -> None:
    campaign, _, _ = await booking(sessions)
    (lead,) = await lead_rows(sessions, campaign)
    await appointments.book(sessions, campaign, lead, TEN, NOW)
    (sent,) = await invitations(sessions)
    async with sessions() as session, session.begin():
        session.add(
            Consent(
                client_id=sent.client_id,
                email=sent.to_address,
                channel="email",
                basis="express",
                source="form",
                given_at=NOW - HOUR,
                withdrawn_at=NOW - MINUTE,
                recorded_at=NOW - HOUR,
            )
        )
    assert await allowed(sessions, [sent]) == [Never("consent_withdrawn")]
    await service.stop_campaign(sessions, campaign, NOW)
    assert [each.state for each in await invitations(sessions)] == ["waiting"]


async def test_one_event_is_invited_to_moved_and_called_off(sessions: Sessions) -> None:
    campaign, agent, _ = await booking(sessions, location="12 Main Street", organizer_name="Acme; Advice")
    (call,) = await talks(sessions, campaign, agent, 1)
    await appointments.hold_slot(sessions, call, TEN, NOW)
    await says(sessions, call, "appointment_set")
    (row,) = await booked(sessions)
    moved = await appointments.reschedule(sessions, row.id, TEN + HOUR, NOW + MINUTE, reason="asked for it")
    assert (moved.state, moved.starts_at, moved.reason) == ("rescheduled", TEN + HOUR, "asked for it")
    await appointments.cancel(sessions, row.id, "ill", NOW + 2 * MINUTE)
    with pytest.raises(AppointmentStateError, match="canceled"):
        await appointments.reschedule(sessions, row.id, TEN, NOW + 2 * MINUTE)
    sent = await invitations(sessions)
    assert await allowed(sessions, sent) == [Send()] * 3
    events = []
    for message in sent:
        assert message.to_address == f"ada{row.lead_id}@person.example"
        feed = Calendar.from_ical(message.calendar)
        (event,) = feed.walk("VEVENT")
        assert event["ORGANIZER"] == "mailto:office@acme.example"
        assert event["ATTENDEE"] == f"mailto:{message.to_address}"
        assert str(event["LOCATION"]) == "12 Main Street"
        events.append(
            (str(feed["METHOD"]), event["SEQUENCE"], str(event["UID"]), event.start, event["STATUS"])
        )
    uid = events[0][2]
    assert events == [
        ("REQUEST", 0, uid, TEN, "CONFIRMED"),
        ("REQUEST", 1, uid, TEN + HOUR, "CONFIRMED"),
        ("CANCEL", 2, uid, TEN + HOUR, "CANCELLED"),
    ]
    assert "10:00 (America/New_York)" in sent[0].body_text


async def test_in_a_second_call_the_appointment_is_moved_and_stays_one(sessions: Sessions) -> None:
    campaign, agent, _ = await booking(sessions, campaign={"retry_rules": {"no_show": {"delay_s": 60}}})
    (call,) = await talks(sessions, campaign, agent, 1)
    await appointments.hold_slot(sessions, call, TEN, NOW)
    await says(sessions, call, "appointment_set")
    await hangs_up(sessions, call)
    row = (await booked(sessions))[0]
    with pytest.raises(AppointmentStateError, match="yet"):
        await appointments.say_no_show(sessions, row.id, TEN - MINUTE)
    late = TEN + HOUR
    assert (await appointments.say_no_show(sessions, row.id, late)).state == "no_show"
    lead = (await lead_rows(sessions, campaign))[row.lead_id]
    assert (lead.state, lead.reason, lead.due_at) == ("waiting", "retry_no_show", late + MINUTE)
    # It was a mistake, and then it was none.
    await appointments.say_kept(sessions, row.id, late)
    assert (await lead_rows(sessions, campaign))[row.lead_id].state == "final"
    await appointments.say_no_show(sessions, row.id, late)
    (again,) = await talks(sessions, campaign, agent, 1, late + 2 * MINUTE)
    next_day = TEN + timedelta(days=1)
    await appointments.hold_slot(sessions, again, next_day, late + 2 * MINUTE)
    await says(sessions, again, "appointment_set", late + 3 * MINUTE)
    await hangs_up(sessions, again, late + 3 * MINUTE)
    (third,) = [each for each in await booked(sessions) if each.state == "booked"]
    assert (third.starts_at, third.attempt_id) == (next_day, again)
    assert (await lead_rows(sessions, campaign))[row.lead_id].reason == "appointment_set"


async def test_besides_a_call_a_lead_is_booked_once_and_called_for_it_no_more(sessions: Sessions) -> None:
    campaign, _, calendar = await booking(sessions)
    (lead,) = await lead_rows(sessions, campaign)
    made = await appointments.book(sessions, campaign, lead, TEN, NOW)
    assert await service.claim_permitted(sessions, NO_LAW, campaign, 5, NOW) == []
    with pytest.raises(AppointmentStateError, match="move that one"):
        await appointments.book(sessions, campaign, lead, TEN + HOUR, NOW)
    async with sessions() as session:
        near = await AppointmentStore(session).starting(NOW, TEN + MINUTE, campaign_id=campaign)
    assert [each.id for each in near] == [made.id]
    await appointments.cancel(sessions, made.id, "", NOW, call_again=True)
    (claim,) = await service.claim_permitted(sessions, NO_LAW, campaign, 5, NOW)
    assert claim.lead.lead_id == lead
    assert len(await free(sessions, calendar)) == 6


async def test_before_it_begins_the_person_is_called_as_a_reminder_and_then_no_more(
    sessions: Sessions,
) -> None:
    campaign, agent, _ = await booking(sessions, reminder_call_minutes=120)
    (call,) = await talks(sessions, campaign, agent, 1)
    await appointments.hold_slot(sessions, call, TEN, NOW)
    await says(sessions, call, "appointment_set")
    await hangs_up(sessions, call)
    at = TEN - 2 * HOUR
    assert await reminder_calls.promise_due(sessions, NO_LAW, at - MINUTE) == 0
    due = await asyncio.gather(*(reminder_calls.promise_due(sessions, NO_LAW, at) for _ in range(4)))
    assert sum(due) == 1
    assert not await reminder_calls.has_work(sessions, at)
    (claim,) = await service.claim_permitted(sessions, NO_LAW, campaign, 5, at + MINUTE)
    assert claim.lead.callback_id is not None
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign, [claim], at + MINUTE)
    await hangs_up(sessions, started.attempt_id, at + 2 * MINUTE, "no_answer")
    (row,) = await booked(sessions)
    lead = (await lead_rows(sessions, campaign))[row.lead_id]
    assert (row.state, lead.state, lead.reason) == ("booked", "final", "appointment_set")


async def test_an_erased_persons_seat_is_free_and_what_is_kept_of_it_is_handed_out(
    sessions: Sessions,
) -> None:
    campaign, agent, calendar = await booking(sessions)
    (call,) = await talks(sessions, campaign, agent, 1)
    await appointments.hold_slot(sessions, call, TEN, NOW, notes="deaf in one ear")
    await says(sessions, call, "appointment_set")
    await hangs_up(sessions, call)
    (phone,) = people(1)[0].phones
    exported = await export_person(sessions, phone)
    assert [each.notes for each in exported.appointments] == ["deaf in one ear"]
    await erase_person(sessions, phone, now=NOW)
    (row,) = await booked(sessions)
    assert (row.state, row.reason, row.notes) == ("canceled", "erased", "")
    assert len(await free(sessions, calendar)) == 6


async def test_a_campaign_books_in_a_calendar_that_there_is(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    with pytest.raises(CalendarNotFoundError, match="advice"):
        await seed_campaign(sessions, calendar="advice")
