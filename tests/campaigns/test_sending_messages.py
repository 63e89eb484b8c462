"""Messages that are due are sent once each, as far as compliance lets them, and each is accounted for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.compliance.rulebook import Rulebook
from campaigns.errors import MessageNotFoundError
from campaigns.messaging import receipts
from campaigns.messaging.drivers import Surroundings, make_driver
from campaigns.messaging.port import Receipt
from campaigns.messaging.receipts import BouncesRead, read_bounces, receive
from campaigns.messaging.sending import CLAIM, ChannelSender, Turn
from campaigns.service import pause_campaign
from campaigns.stores.messages import MessageStore
from campaigns.stores.shared import Sessions
from campaigns.tables import MessageChannel, UnusableAddress
from leads import consents
from leads.consents import Whose
from leads.tables import Lead
from tests.campaigns.lawful import LAW
from tests.campaigns.outgoing import (
    Outbox,
    add_channel,
    address,
    change,
    consent,
    mail,
    outbox,
    phone,
    queue,
    rows,
    states,
    text,
)
from tests.campaigns.seeds import NOW, suppress
from tests.campaigns.test_bounces import report
from tests.mail_server import MailServer, mail_server


class Deaf:
    async def received(self, receipt: Any) -> None: ...

    async def replied(self, reply: Any) -> None: ...


@asynccontextmanager
async def sending(
    sessions: Sessions, channel: MessageChannel, now: datetime = NOW, rules: Rulebook = LAW
) -> AsyncIterator[ChannelSender]:
    driver = make_driver(channel.driver, channel.options, Surroundings({}, Deaf(), lambda: now))
    try:
        yield ChannelSender(sessions, rules, driver, lambda: now, lambda: 0.0)
    finally:
        await driver.close()


async def one_turn(sessions: Sessions, channel: MessageChannel, now: datetime = NOW, room: int = 50) -> Turn:
    async with sending(sessions, channel, now) as sender:
        return await sender.turn(channel, is_first=True, room=room)


async def by_mail(sessions: Sessions, of: Outbox, server: MailServer) -> MessageChannel:
    options = {"host": "127.0.0.1", "port": server.port, "security": "none", "own_name": "dialer.example"}
    return await add_channel(sessions, of.client_id, **options)


async def test_a_lead_has_one_message_for_a_step_and_a_cause(sessions: Sessions) -> None:
    of = await outbox(sessions)
    assert await queue(sessions, [mail(of), mail(of, subject="another")]) == 1
    assert await queue(sessions, [mail(of), mail(of, step="again"), mail(of, cause="attempt:1")]) == 2
    alone = mail(of, campaign_id=None)
    assert await queue(sessions, [alone, alone]) == 1
    assert await queue(sessions, [mail(of, campaign_id=None)]) == 0
    found = await rows(sessions)
    assert len({each.token for each in found}) == len(found) == 4


async def test_what_is_due_is_sent_as_far_as_compliance_lets_it(sessions: Sessions) -> None:
    of, other = await outbox(sessions, 9), await outbox(sessions, 1, 100)
    await queue(sessions, [mail(of, place) for place in range(8)])
    await queue(sessions, [mail(of, 8, due_at=NOW + timedelta(minutes=1))])
    await queue(sessions, [mail(other, 0, to_address=address(100))])
    await pause_campaign(sessions, other.campaign_id, NOW)
    async with sessions() as session, session.begin():
        erased = await session.get(Lead, of.lead_ids[3])
        assert erased is not None
        erased.erased_at = NOW
        session.add(erased)
        session.add(
            UnusableAddress(
                client_id=of.client_id, channel="email", address=address(4), reason="5.1.1", recorded_at=NOW
            )
        )
    whose = Whose(email=address(1))
    await consents.withdraw_consent(sessions, "acme", whose, channel="email", source="", at=NOW, now=NOW)
    queued = await rows(sessions)
    await change(sessions, queued[2].id, to_address="stranger@example.com")
    await change(sessions, queued[5].id, expires_at=NOW)
    # A number on a do-not-call list is no reason against mail.
    await suppress(sessions, phone(6))
    async with mail_server() as server:
        turn = await one_turn(sessions, await by_mail(sessions, of, server))
    assert (turn.claimed, turn.accepted) == (3, 3)
    assert sorted(server.recipients) == [address(0), address(6), address(7)]
    found = await states(sessions)
    assert [found[each] for each in of.lead_ids] == [
        ("sent", ""),
        ("refused", "consent_withdrawn"),
        ("refused", "no_consent"),
        ("refused", "erased"),
        ("refused", "address_unusable"),
        ("canceled", "too_late"),
        ("sent", ""),
        ("sent", ""),
        ("waiting", ""),
    ]
    assert found[other.lead_ids[0]] == ("waiting", "")


async def test_nobody_is_written_to_at_night_or_on_a_number_that_is_suppressed(
    sessions: Sessions, tmp_path: Any
) -> None:
    of = await outbox(sessions, 2)
    await queue(sessions, [text(of, 0), text(of, 1)])
    await suppress(sessions, phone(1))
    channel = await add_channel(sessions, of.client_id, "file", path=str(tmp_path / "sent"))
    # Three in the morning in New York, where it is allowed from eight on.
    night = NOW.replace(hour=8)
    await change(sessions, (await rows(sessions))[0].id, due_at=night)
    assert await one_turn(sessions, channel, night) == Turn()
    [first, _] = await rows(sessions)
    assert (first.state, first.reason, first.due_at) == ("waiting", "quiet_hours", NOW.replace(hour=13))
    assert (await one_turn(sessions, channel, NOW.replace(hour=13))).accepted == 1
    await one_turn(sessions, channel, NOW)
    assert [each[0] for each in (await states(sessions)).values()] == ["sent", "refused"]
    assert (await rows(sessions))[0].segments == 1


async def test_each_failure_has_its_own_end(sessions: Sessions) -> None:
    of = await outbox(sessions, 5)
    wanted = ("gone", "full", "drop", "spam")
    await queue(sessions, [mail(of, place) for place in range(5)])
    queued = await rows(sessions)
    async with sessions() as session, session.begin():
        session.add_all(consent(of.client_id, "email", email=f"{who}@example.com") for who in wanted)
    for message, who in zip(queued, wanted, strict=False):
        await change(sessions, message.id, to_address=f"{who}@example.com")
    async with mail_server() as server:
        channel = await by_mail(sessions, of, server)
        assert (await one_turn(sessions, channel)).accepted == 1
    found = await states(sessions)
    reasons = [found[each] for each in of.lead_ids]
    assert reasons[:2] == [("bounced", "5.1.1"), ("waiting", "4.2.2")]
    assert reasons[2][0] == "unknown"
    assert reasons[3:] == [("failed", "5.7.1"), ("sent", "")]
    again = (await rows(sessions))[1]
    assert (again.tries, again.due_at) == (1, NOW + timedelta(seconds=30))
    # The server is gone: the message has nothing to do with that, and its tries do not count.
    turn = await one_turn(sessions, channel, NOW + timedelta(minutes=1))
    assert turn.down
    again = (await rows(sessions))[1]
    assert (again.state, again.reason, again.tries) == ("waiting", "channel_down", 1)
    # To an address that leads nowhere nothing more is sent.
    async with mail_server() as server:
        other = await by_mail(sessions, of, server)
        await queue(sessions, [mail(of, 0, step="second", to_address="GONE@example.com")])
        await one_turn(sessions, other)
    assert (await rows(sessions))[-1].state == "refused"


async def test_many_senders_send_each_message_once(sessions: Sessions) -> None:
    of = await outbox(sessions, 60)
    await queue(sessions, [mail(of, place) for place in range(60)])
    async with mail_server() as server:
        channel = await by_mail(sessions, of, server)
        async with sending(sessions, channel) as one, sending(sessions, channel) as other:

            async def work(sender: ChannelSender) -> int:
                accepted = 0
                while (turn := await sender.turn(channel, is_first=True, room=7)).claimed:
                    accepted += turn.accepted
                return accepted

            assert sum(await asyncio.gather(work(one), work(other), work(one))) == 60
    assert sorted(server.recipients) == sorted(address(each) for each in range(60))


async def test_what_was_being_sent_when_somebody_died_is_not_sent_again(
    sessions: Sessions, tmp_path: Any
) -> None:
    of = await outbox(sessions, 3)
    await queue(sessions, [text(of, place) for place in range(3)])
    knowing = await add_channel(sessions, of.client_id, "http", url="http://127.0.0.1:9", deduplicates=True)
    forgetful = await add_channel(sessions, of.client_id, "file", path=str(tmp_path / "sent"))
    first, second, third = await rows(sessions)
    for message, channel in ((first, knowing), (second, forgetful), (third, forgetful)):
        until = NOW + CLAIM
        await change(
            sessions, message.id, state="sending", claimed_until=until, message_channel_id=channel.id
        )
    await change(sessions, third.id, claimed_until=NOW + 2 * CLAIM)
    async with sessions() as session, session.begin():
        assert await MessageStore(session).lose(NOW + CLAIM + timedelta(seconds=1), [knowing.id]) == (1, 1)
    assert [each[0] for each in (await states(sessions)).values()] == ["waiting", "unknown", "sending"]
    assert await one_turn(sessions, forgetful, NOW + 3 * CLAIM) == Turn()


async def test_reports_come_in_any_order_and_as_often_as_they_like(sessions: Sessions) -> None:
    of = await outbox(sessions, 3)
    channel = await add_channel(sessions, of.client_id, "http", url="http://127.0.0.1:9")
    await queue(sessions, [text(of, place) for place in range(3)])
    for number, message in enumerate(await rows(sessions)):
        values = {"state": "sent", "provider_id": f"gw-{number}", "message_channel_id": channel.id}
        await change(sessions, message.id, **values)
    for _ in range(2):
        await receive(sessions, channel.id, Receipt("delivered", provider_id="gw-0"), NOW)
        await receive(sessions, channel.id, Receipt("failed", "EXPIRED", provider_id="gw-1"), NOW)
        await receive(sessions, channel.id, Receipt("unreachable", "absent", provider_id="gw-2"), NOW)
    await receive(sessions, channel.id, Receipt("failed", provider_id="gw-0"), NOW)
    with pytest.raises(MessageNotFoundError):
        await receive(sessions, channel.id, Receipt("delivered", provider_id="gw-9"), NOW)
    with pytest.raises(MessageNotFoundError):
        await receive(sessions, channel.id + 1, Receipt("delivered", provider_id="gw-0"), NOW)
    found = list((await states(sessions)).values())
    assert found == [("delivered", ""), ("failed", "EXPIRED"), ("bounced", "absent")]
    assert (await rows(sessions))[0].delivered_at == NOW
    async with sessions() as session:
        assert await MessageStore(session).unusable(of.client_id, [phone(2)]) == {("sms", phone(2))}


async def test_a_gateways_report_is_read_as_its_channel_says(sessions: Sessions) -> None:
    of = await outbox(sessions, 1)
    options = {
        "url": "http://127.0.0.1:9",
        "receipt_id_path": "message.id",
        "receipt_status_path": "status",
        "receipt_delivered": ["delivered"],
    }
    channel = await add_channel(sessions, of.client_id, "http", **options)
    await queue(sessions, [text(of)])
    [message] = await rows(sessions)
    await change(sessions, message.id, state="sent", provider_id="77", message_channel_id=channel.id)
    async with sessions() as session, session.begin():
        channel.receipt_hash = receipts.hash_of("the-key")
        session.add(channel)

    async def said(status: str, key: str = "the-key", name: object = 77) -> None:
        document = {"message": {"id": name}, "status": status}
        await receipts.receive_document(sessions, channel.id, key, document, NOW)

    await said("buffered")
    assert (await rows(sessions))[0].state == "sent"
    with pytest.raises(MessageNotFoundError):
        await said("delivered", name=78)
    for key, name in (("other", 77), ("", None)):
        with pytest.raises(receipts.WrongReportKey):
            await said("delivered", key, name)
    await said("Delivered")
    assert (await rows(sessions))[0].state == "delivered"


async def test_mails_that_come_back_end_or_repeat_their_messages(sessions: Sessions) -> None:
    of = await outbox(sessions, 4)
    await queue(sessions, [mail(of, place) for place in range(4)])
    queued = await rows(sessions)
    for message in queued:
        await change(sessions, message.id, state="sent", tries=1)
    mails = [
        report("failed", "5.1.1", envelope_id=queued[0].token),
        report("failed", "5.2.2", message_id=f"<{queued[1].token}@acme.example>"),
        report("delivered", "2.0.0", envelope_id=queued[2].token),
        report("failed", "5.7.1", envelope_id=queued[3].token),
        report("failed", "5.1.1", envelope_id="x" * 32),
        b"Subject: Hello\r\n\r\nAn ordinary mail",
    ]
    read = await read_bounces(sessions, mails, NOW)
    assert read == BouncesRead(mails=6, delivered=1, bounced=2, retried=1, unknown=1, other=1)
    found = list((await states(sessions)).values())
    assert found == [("bounced", "5.1.1"), ("waiting", "5.2.2"), ("delivered", ""), ("failed", "5.7.1")]
    async with sessions() as session:
        known = {address(each) for each in range(4)}
        assert await MessageStore(session).unusable(of.client_id, known) == {("email", address(0))}
