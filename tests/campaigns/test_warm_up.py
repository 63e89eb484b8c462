"""Messages before and after calls: each in line once, calls wait for them, and warm leads come first."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.core.message_effect import held_out
from campaigns.errors import InvalidSequenceError, InvalidTemplateError
from campaigns.explaining import explain, why
from campaigns.messaging import planning
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.filling import FillStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Campaign, MessageLink
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.messages import HELLO, came, messages, seed_channels, seed_warm_up, warm
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads, suppress

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MISSED = {
    "when": "after_attempt",
    "outcomes": ["no_answer"],
    "delay_s": 600,
    "channel": "sms",
    "text": "We called.",
}
BROCHURE = {"when": "after_disposition", "flags": ["conversion"], "channel": "sms", "text": "Thank you."}


async def claimed(sessions: Sessions, campaign_id: int, n: int, now: datetime) -> list[int]:
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        return [each.lead_id for each in await QueueStore(session).claim(campaign, n, now, 60)]


async def call(sessions: Sessions, campaign_id: int, outcome: str, now: datetime) -> int:
    """The first in line is called; the attempt."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, now)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, now)
    await service.finish_attempt(sessions, started.attempt_id, Ending(outcome), now)
    return started.attempt_id


async def test_first_calls_wait_for_their_messages_which_are_in_line_once(sessions: Sessions) -> None:
    campaign_id, (ann, bob) = await seed_warm_up(sessions, people(2), {"hello": HELLO})
    assert await claimed(sessions, campaign_id, 5, NOW) == []
    assert await warm(sessions, campaign_id) == 2
    assert await warm(sessions, campaign_id, NOW + HOUR) == 0
    first, _ = await messages(sessions)
    assert (first.lead_id, first.step, first.cause) == (ann, "hello", "before_first_call")
    assert first.body_text == "Hello Ada, Acme calls you soon. STOP ends this."
    assert (first.due_at, first.to_address, first.segments) == (NOW, "+12025550000", 1)
    assert await claimed(sessions, campaign_id, 5, NOW + HOUR) == []

    await came(sessions, first.id, "delivered", NOW + timedelta(minutes=5))
    rows = await lead_rows(sessions, campaign_id)
    assert (rows[ann].due_at, rows[bob].due_at) == (NOW + HOUR, NOW + 2 * HOUR)
    assert await claimed(sessions, campaign_id, 5, NOW + HOUR) == [ann]
    assert await claimed(sessions, campaign_id, 5, NOW + 2 * HOUR) == [ann, bob]


async def test_what_will_never_be_delivered_is_not_waited_for(sessions: Sessions) -> None:
    campaign_id, (ann, bob) = await seed_warm_up(
        sessions, [Person(["+12025550001"]), Person(["+12025550002"])], {"hello": HELLO}
    )
    await suppress(sessions, "+12025550002", client_id=1)
    assert await warm(sessions, campaign_id) == 1
    rows = await lead_rows(sessions, campaign_id)
    assert (rows[ann].due_at, rows[bob].due_at) == (NOW + 2 * HOUR, NOW + HOUR)
    (message,) = await messages(sessions)
    await came(sessions, message.id, "refused", NOW + 2 * HOUR)
    assert (await lead_rows(sessions, campaign_id))[ann].due_at == NOW + 2 * HOUR


async def test_of_many_leads_some_are_written_to_at_a_time_and_a_crash_loses_none(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "AT_A_TIME", 4)
    monkeypatch.setattr(planning, "_STEPS", 1)
    campaign_id, ids = await seed_warm_up(sessions, people(10), {"hello": HELLO})
    assert [await warm(sessions, campaign_id) for _ in range(4)] == [4, 4, 2, 0]
    later = await seed_leads(sessions, people(3, first=50))
    assert await service.take_up(sessions, campaign_id, NOW) == 3
    assert await warm(sessions, campaign_id) == 3
    assert [each.lead_id for each in await messages(sessions)] == [*ids, *later]


async def test_a_lead_that_an_agent_had_chosen_before_waits_on_when_it_is_let_go(sessions: Sessions) -> None:
    campaign_id, (ann,) = await seed_warm_up(sessions, people(1), {"hello": HELLO})
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        (phone,) = (await FillStore(session).phones(campaign_id, [ann]))[ann]
        claims = await QueueStore(session).claim_chosen(campaign_id, ann, phone, NOW, 60)
    await warm(sessions, campaign_id)
    async with sessions() as session, session.begin():
        await QueueStore(session).release(campaign, claims)
    row = (await lead_rows(sessions, campaign_id))[ann]
    assert (row.state, row.reason, row.due_at) == ("waiting", "waiting_for_message", NOW + 2 * HOUR)


async def test_a_campaign_that_does_not_run_writes_to_nobody(sessions: Sessions) -> None:
    campaign_id, _ = await seed_warm_up(sessions, people(1), {"hello": HELLO})
    await service.pause_campaign(sessions, campaign_id, NOW)
    assert await warm(sessions, campaign_id) == 0
    await service.start_campaign(sessions, campaign_id, NOW)
    assert await warm(sessions, campaign_id) == 1


async def test_warm_leads_come_first_the_warmest_before_all(sessions: Sessions) -> None:
    step = HELLO | {"before_s": 0, "call_waits_s": 0}
    persons = [Person([f"+1202555000{number}"], priority=number) for number in range(4)]
    campaign_id, (a, b, c, d) = await seed_warm_up(sessions, persons, {"hello": step})
    await warm(sessions, campaign_id)
    of = {each.lead_id: each.id for each in await messages(sessions)}
    await came(sessions, of[a], "opened", NOW)
    await came(sessions, of[b], "clicked", NOW)
    await came(sessions, of[c], "delivered", NOW)
    await came(sessions, of[b], "delivered", NOW)
    assert await claimed(sessions, campaign_id, 4, NOW) == [b, a, c, d]
    # They stay before the others when they are in line again.
    assert await claimed(sessions, campaign_id, 4, NOW + HOUR) == [b, a, c, d]
    await service.change_campaign(sessions, campaign_id, NOW, lead_order="newest")
    assert await claimed(sessions, campaign_id, 4, NOW + 2 * HOUR) == [b, a, c, d]


async def test_who_is_held_out_gets_nothing_and_waits_as_long(sessions: Sessions) -> None:
    steps = {"hello": HELLO, "missed": MISSED, "thanks": BROCHURE | {"held_out_too": True}}
    campaign_id, ids = await seed_warm_up(sessions, people(5), steps, sequence={"holdout_share": 0.5})
    await warm(sessions, campaign_id)
    out = {each for each in ids if held_out(each, campaign_id, 0.5)}
    assert 0 < len(out) < 5
    assert {each.lead_id for each in await messages(sessions)} == set(ids) - out
    rows = await lead_rows(sessions, campaign_id)
    assert {rows[each].due_at for each in out} == {NOW + HOUR}
    for number in range(5):
        await call(sessions, campaign_id, "no_answer", NOW + 3 * HOUR + timedelta(seconds=number))
    assert {each.lead_id for each in await messages(sessions) if each.step == "missed"} == set(ids) - out


async def test_a_call_without_contact_is_followed_once_and_ends_what_was_to_come_before(
    sessions: Sessions,
) -> None:
    steps = {"hello": HELLO | {"before_s": 60}, "missed": MISSED}
    campaign_id, (ann,) = await seed_warm_up(sessions, people(1), steps)
    await warm(sessions, campaign_id)
    late = NOW + 3 * HOUR
    attempt_id = await call(sessions, campaign_id, "no_answer", late)
    hello, missed = await messages(sessions, ann)
    assert (hello.state, hello.reason) == ("canceled", "called")
    assert (missed.step, missed.cause, missed.due_at) == (
        "missed",
        f"attempt:{attempt_id}",
        late + timedelta(minutes=10),
    )
    assert not await service.finish_attempt(sessions, attempt_id, Ending("no_answer"), late)
    assert len(await messages(sessions, ann)) == 2
    await call(sessions, campaign_id, "busy", late + DAY)
    assert len(await messages(sessions, ann)) == 2


async def test_a_condition_is_looked_at_when_the_call_is_over(sessions: Sessions) -> None:
    only_if = {"step": "hello", "reached": "opened"}
    steps = {"hello": HELLO | {"before_s": 0}, "missed": MISSED | {"only_if": only_if}}
    campaign_id, (ann, bob) = await seed_warm_up(sessions, people(2), steps)
    await warm(sessions, campaign_id)
    of = {each.lead_id: each.id for each in await messages(sessions)}
    await came(sessions, of[ann], "clicked", NOW)
    await came(sessions, of[bob], "delivered", NOW)
    for number in range(2):
        await call(sessions, campaign_id, "no_answer", NOW + 3 * HOUR + timedelta(seconds=number))
    assert [each.lead_id for each in await messages(sessions) if each.step == "missed"] == [ann]


async def test_a_corrected_disposition_takes_its_message_back_and_brings_the_right_one(
    sessions: Sessions,
) -> None:
    sorry = {
        "when": "after_disposition",
        "dispositions": ["not_interested"],
        "channel": "sms",
        "text": "A pity.",
    }
    campaign_id, (ann,) = await seed_warm_up(sessions, people(1), {"thanks": BROCHURE, "sorry": sorry})
    attempt_id = await call(sessions, campaign_id, "human", NOW)
    for code in ("sale", "sale", "not_interested", "sale"):
        await service.set_disposition(sessions, attempt_id, code, "", NOW)
    found = [(each.step, each.state) for each in await messages(sessions, ann)]
    assert found == [("thanks", "canceled"), ("sorry", "canceled")]
    await service.set_disposition(sessions, attempt_id, "do_not_call", "", NOW)
    assert len(await messages(sessions, ann)) == 2


async def test_a_step_follows_another_when_that_is_opened(sessions: Sessions) -> None:
    nudge = {
        "when": "after_step",
        "step": "hello",
        "reached": "opened",
        "delay_s": 60,
        "channel": "sms",
        "text": "?",
    }
    campaign_id, (ann,) = await seed_warm_up(sessions, people(1), {"hello": HELLO, "nudge": nudge})
    await warm(sessions, campaign_id)
    (hello,) = await messages(sessions)
    for how in ("sent", "delivered", "opened", "clicked"):
        await came(sessions, hello.id, how, NOW + HOUR)
    _, found = await messages(sessions, ann)
    assert (found.step, found.cause, found.due_at) == (
        "nudge",
        "before_first_call",
        NOW + HOUR + timedelta(minutes=1),
    )


async def test_an_appointment_is_reminded_of_and_one_that_is_moved_only_of_the_new_time(
    sessions: Sessions,
) -> None:
    reminder = {
        "when": "before_appointment",
        "before_s": 3600,
        "channel": "sms",
        "text": "At {{ appointment.starts_at | date('hh:mm') }}",
    }
    campaign_id, (ann,) = await seed_warm_up(sessions, people(1), {"reminder": reminder})
    async with sessions() as session, session.begin():
        await planning.on_appointment(session, campaign_id, ann, "appointment:7:0", NOW + DAY, NOW)
        await planning.on_appointment(session, campaign_id, ann, "appointment:7:0", NOW + DAY, NOW)
        await planning.on_appointment_over(session, campaign_id, ann, "appointment:7:0", "moved")
        await planning.on_appointment(session, campaign_id, ann, "appointment:7:1", NOW + 2 * DAY, NOW)
    old, new = await messages(sessions, ann)
    assert (old.state, old.reason, new.state) == ("canceled", "moved", "waiting")
    assert (new.body_text, new.due_at, new.expires_at) == ("At 15:00", NOW + 2 * DAY - HOUR, NOW + 2 * DAY)


async def test_why_a_lead_is_not_called_names_the_message_that_it_waits_for(sessions: Sessions) -> None:
    campaign_id, _ = await seed_warm_up(sessions, people(1), {"hello": HELLO})
    await warm(sessions, campaign_id)
    told = await explain(sessions, NO_LAW, "+12025550000", campaign_id, NOW)
    (facts,) = told.campaigns
    assert not facts.callable_now
    assert facts.reason == "waiting_for_message"
    assert "first call waits for its message, until 2026-11-23T17:00:00" in facts.sentence
    found = await why(sessions, campaign_id, NOW)
    assert [(each.kind, each.leads) for each in found.waiting_for] == [("warm_up", 1)]


async def test_links_are_kept_with_their_message(sessions: Sessions) -> None:
    step = HELLO | {"channel": "email", "subject": "Hi", "text": "https://acme.example/{{ external_id }}"}
    campaign_id, _ = await seed_warm_up(
        sessions,
        people(1),
        {"letter": step},
        email="ada{}@example.org",
        sequence={"links_at": "https://go.acme.example"},
    )
    await warm(sessions, campaign_id)
    (letter,) = await messages(sessions)
    assert letter.body_text == f"https://go.acme.example/m/{letter.token}/1"
    assert letter.unsubscribe_url == f"https://go.acme.example/m/{letter.token}/unsubscribe"
    async with sessions() as session:
        (link,) = (await session.exec(select(MessageLink))).all()
    assert (link.message_id, link.number, link.url) == (letter.id, 1, "https://acme.example/")


async def test_what_cannot_be_sent_is_said_before_the_start(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    hello: dict[str, Any] = {"hello": HELLO | {"text": "{{ custom.city }}"}}
    with pytest.raises(InvalidTemplateError, match="step hello, text, line 1: there is no value"):
        await seed_campaign(sessions, sequence={"steps": hello})
    with pytest.raises(InvalidSequenceError, match="no way to send sms"):
        await seed_campaign(sessions, "Second", sequence={"steps": {"hello": HELLO}})
    with pytest.raises(InvalidTemplateError, match="line 1"):
        await seed_campaign(sessions, "Third", sequence={"steps": {"hello": HELLO | {"text": "{{ 1 + "}}})
    await seed_channels(sessions)
    await seed_campaign(sessions, "Fourth", sequence={"steps": {"hello": HELLO}})
    async with sessions() as session:
        names = (await session.exec(select(Campaign.name).order_by(col(Campaign.id)))).all()
    assert "Third" not in names
