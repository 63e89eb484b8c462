"""What people answer counts at once: opt-outs in every channel that they name; the rest reaches the agent."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns.messaging import links
from campaigns.messaging.receipts import WrongReportKey, hash_of
from campaigns.messaging.replies import (
    list_replies,
    number_of,
    read_replies,
    received,
    received_document,
    tell,
)
from campaigns.persons import erase_person, export_person
from campaigns.stores.replies import ReplyNews
from campaigns.stores.shared import Sessions
from campaigns.tables import Agent, Attempt, Message, MessageChannel, MessageLink, MessageReply
from leads.consents import Whose, show_consents
from tests.campaigns.messages import HELLO, came, consent, messages, seed_warm_up, warm
from tests.campaigns.seeds import NOW, Person, people, suppressed
from tests.campaigns.test_incoming_email import mail
from tests.campaigns.test_lead_history import called

NUMBER, OTHER = "+12025550001", "+12025550002"
SMS, EMAIL = 1, 2
LATER = NOW + timedelta(minutes=5)
LETTER = HELLO | {
    "channel": "email",
    "subject": "Hi",
    "text": "See https://acme.example/offer?id={{ external_id }}",
    "html": '<a href="https://acme.example/">x</a>',
}


async def seed(sessions: Sessions, **more: object) -> tuple[int, int, Message]:
    """A lead with two numbers that was sent a text message; the campaign, the lead, the message."""
    steps = {"hello": HELLO, "more": HELLO | {"before_s": 0}}
    campaign_id, (ann,) = await seed_warm_up(
        sessions, [Person([NUMBER, OTHER])], steps, email="Ada{}@example.org", **more
    )
    await consent(sessions, ann, "sms", "email", "call")
    await warm(sessions, campaign_id)
    first = (await messages(sessions))[0]
    await came(sessions, first.id, "sent", NOW)
    return campaign_id, ann, first


async def holds(sessions: Sessions, phone: str = NUMBER, email: str | None = None) -> set[str]:
    """The channels that a person consents to."""
    told = await show_consents(sessions, "acme", Whose(phone=phone, email=email), LATER)
    return {channel for channel, is_held in told.holds.items() if is_held}


async def test_stop_ends_texts_and_calls_of_all_the_persons_numbers_at_once(sessions: Sessions) -> None:
    campaign_id, ann, first = await seed(sessions)
    taken = await received(sessions, SMS, "12025550001", "Stop!", LATER, provider_id="in-1")
    assert taken is not None
    assert (taken.lead_id, taken.kind, taken.ended) == (ann, "stop", ["automated_call", "call", "sms"])
    assert await holds(sessions, email=f"Ada{ann}@example.org") == {"email"}
    assert await suppressed(sessions, NUMBER)
    assert await suppressed(sessions, OTHER)
    waiting = [each for each in await messages(sessions) if each.id != first.id]
    assert {(each.state, each.reason) for each in waiting} == {("canceled", "opted_out")}
    (reply,) = await list_replies(sessions, 0, 10, campaign_id=campaign_id)
    assert (reply.message_id, reply.from_address, reply.text) == (first.id, NUMBER, "Stop!")
    assert await received(sessions, SMS, "12025550001", "Stop!", LATER, provider_id="in-1") is None


async def test_who_names_texts_alone_may_still_be_called_by_people(sessions: Sessions) -> None:
    await seed(sessions)
    await received(sessions, SMS, NUMBER, "please stop texting me", LATER)
    assert await holds(sessions) == {"call"}
    assert not await suppressed(sessions, NUMBER)


async def test_a_number_that_no_lead_has_opts_out_as_well(sessions: Sessions) -> None:
    await seed(sessions)
    taken = await received(sessions, SMS, "+12025559999", "STOP", LATER)
    assert taken is not None
    assert taken.lead_id is None
    assert await suppressed(sessions, "+12025559999")
    assert await received(sessions, 99, NUMBER, "STOP", LATER) is None


async def test_help_is_given_once_a_day(sessions: Sessions) -> None:
    _, ann, first = await seed(sessions)
    for _ in range(3):
        await received(sessions, SMS, NUMBER, "HELP", LATER)
    helped = [each for each in await messages(sessions, ann) if each.step == "help"]
    assert [(each.to_address, each.body_text) for each in helped] == [
        (NUMBER, "Acme: reply STOP to end messages and calls.")
    ]
    await received(sessions, SMS, NUMBER, "HELP", LATER + timedelta(days=1))
    assert len([each for each in await messages(sessions, ann) if each.step == "help"]) == 2
    assert first.step != "help"


async def test_start_is_recorded_and_takes_no_number_off_the_list(sessions: Sessions) -> None:
    await seed(sessions)
    await received(sessions, SMS, NUMBER, "STOP", LATER)
    await received(sessions, SMS, NUMBER, "START", LATER + timedelta(minutes=1))
    told = await show_consents(sessions, "acme", Whose(phone=NUMBER), LATER + timedelta(hours=1))
    assert told.holds["sms"]
    assert not told.holds["call"]
    assert await suppressed(sessions, NUMBER)


async def test_any_other_answer_reaches_the_agent_who_talks_with_the_person(sessions: Sessions) -> None:
    campaign_id, ann, _ = await seed(sessions)
    async with sessions() as session, session.begin():
        for name in ("Eve", "Bea"):
            session.add(Agent(client_id=1, name=name, sip_uri=f"sip:{name}@x", created_at=NOW))
        await session.flush()
    await called(sessions, campaign_id, ann, NUMBER, 30, agent_id=1, outcome="human")
    await received(sessions, SMS, NUMBER, "Tomorrow at five?", LATER)
    talking = await called(sessions, campaign_id, ann, NUMBER, 1, agent_id=2)
    async with sessions() as session, session.begin():
        (await session.exec(select(Attempt).where(Attempt.id == talking))).one().ended_at = None
    await received(sessions, SMS, NUMBER, "I am at the bus stop", LATER)
    told: list[ReplyNews] = []
    await tell(sessions, sessions, told.append)
    await tell(sessions, sessions, told.append)
    assert [(each.client_slug, each.lead_id, each.agent_id, each.kind) for each in told] == [
        ("acme", ann, 1, "other"),
        ("acme", ann, 2, "other"),
    ]
    assert [each.text for each in await list_replies(sessions, 0, 9, agent_id=2)] == ["I am at the bus stop"]


async def test_an_answer_by_email_is_known_by_the_message_that_it_answers(sessions: Sessions) -> None:
    campaign_id, (ann,) = await seed_warm_up(
        sessions, people(1), {"letter": LETTER}, email="ada{}@example.org"
    )
    await consent(sessions, ann, "sms", "email", "call")
    await warm(sessions, campaign_id)
    (letter,) = await messages(sessions)
    ours = f"<{letter.token}@acme.example>"
    mails = [
        mail("Please unsubscribe me.", In_Reply_To=ours, References="", From="someone@else.example"),
        mail("Please unsubscribe me.", In_Reply_To=ours, References="", From="someone@else.example"),
        mail("Out of office", In_Reply_To=ours, References="", Auto_Submitted="auto-replied"),
        mail("Stop", In_Reply_To="", References="", From="nobody@else.example", Message_ID="<2@x.example>"),
        b"\xff\x00 not a mail",
    ]
    read = await read_replies(sessions, mails, LATER)
    assert (read.mails, read.kept, read.opted_out, read.other) == (5, 1, 1, 4)
    assert await holds(sessions, "+12025550000", f"ada{ann}@example.org") == {"sms", "call"}
    assert not await suppressed(sessions, "+12025550000")


async def test_a_gateways_answer_needs_its_key(sessions: Sessions) -> None:
    await seed(sessions)
    async with sessions() as session, session.begin():
        channel = (await session.exec(select(MessageChannel).where(MessageChannel.id == SMS))).one()
        channel.driver, channel.options = (
            "http",
            {"url": "https://gate.example", "reply_from_path": "msg.from"},
        )
        channel.receipt_hash = hash_of("key")
    document = {"msg": {"from": NUMBER}, "text": "stop", "id": "1"}
    with pytest.raises(WrongReportKey):
        await received_document(sessions, SMS, "wrong", document, LATER)
    await received_document(sessions, SMS, "key", {"text": "stop"}, LATER)
    assert not await suppressed(sessions, NUMBER)
    await received_document(sessions, SMS, "key", document, LATER)
    assert await suppressed(sessions, NUMBER)


async def test_links_lead_where_the_template_says_and_count_once(sessions: Sessions) -> None:
    campaign_id, (ann,) = await seed_warm_up(
        sessions,
        people(1),
        {"letter": LETTER},
        email="ada{}@example.org",
        sequence={"links_at": "https://go.acme.example"},
    )
    await consent(sessions, ann, "sms", "email")
    await warm(sessions, campaign_id)
    (letter,) = await messages(sessions)
    assert await links.click(sessions, letter.token, 1, LATER) == "https://acme.example/offer?id="
    assert await links.click(sessions, letter.token, 2, LATER + timedelta(1)) == "https://acme.example/"
    for token, number in ((letter.token, 3), (letter.token, 0), ("x" * 32, 1), ("../" * 9, 1), ("", 1)):
        assert await links.click(sessions, token, number, LATER) is None
    await links.opened(sessions, letter.token, LATER + timedelta(1))
    await links.opened(sessions, "x" * 32, LATER)
    (letter,) = await messages(sessions)
    assert (letter.clicked_at, letter.opened_at) == (LATER, LATER)

    assert not await links.unsubscribe(sessions, "x" * 32, LATER)
    assert await links.unsubscribe(sessions, letter.token, LATER)
    assert await links.unsubscribe(sessions, letter.token, LATER)
    assert await holds(sessions, "+12025550000", f"ada{ann}@example.org") == {"sms"}
    assert await links.unsubscribe(sessions, letter.token, LATER, everything=True)
    assert await holds(sessions, "+12025550000", f"ada{ann}@example.org") == set()
    assert await suppressed(sessions, "+12025550000")


async def test_what_a_person_wrote_is_handed_out_and_erased(sessions: Sessions) -> None:
    _, ann, _ = await seed(sessions)
    await received(sessions, SMS, NUMBER, "I am Ada", LATER)
    told = await export_person(sessions, NUMBER)
    assert [(each.lead_id, each.text) for each in told.replies] == [(ann, "I am Ada")]
    assert [each.to_address for each in told.messages] == [NUMBER, NUMBER]
    await erase_person(sessions, NUMBER, now=LATER)
    kept = await messages(sessions)
    assert {(each.to_address, each.body_text, each.state) for each in kept} == {
        ("", "", "sent"),
        ("", "", "canceled"),
    }
    async with sessions() as session:
        (reply,) = (await session.exec(select(MessageReply))).all()
        assert (reply.text, reply.from_address) == ("", "")
        assert (await session.exec(select(MessageLink))).all() == []


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+1 (202) 555-0001", NUMBER),
        ("12025550001", NUMBER),
        ("0012025550001", NUMBER),
        ("12345", "12345"),
        ("ACME", "ACME"),
    ],
)
def test_numbers_are_known_as_gateways_write_them(written: str, number: str) -> None:
    assert number_of(written) == number
