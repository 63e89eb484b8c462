"""What people answer: an opt-out counts at once, help is given once a day, the rest is for agents."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaigns import announcing
from campaigns.core.incoming_email import IncomingEmail, read_email
from campaigns.core.message_answers import text_at
from campaigns.core.reply_words import Reading, ended_by, read_reply
from campaigns.core.sequence import EMAIL, SMS
from campaigns.messaging.outbox import NewMessage, enqueue
from campaigns.messaging.receipts import options_behind
from campaigns.opting_out import Reached, opt_out_of
from campaigns.stores.campaigns import CampaignStore, sequence_of
from campaigns.stores.replies import ReplyNews, ReplyStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Message, MessageReply
from leads.checks import client_id_of
from leads.core.consent import Channel
from leads.stores.consents import ConsentStore
from leads.tables import Client, Consent

MOST_TEXT = 10_000
_HELP_AGAIN = timedelta(hours=24)
"""Two programs that ask each other for help would do so for ever."""
_HELP = "{client}: reply STOP to end messages and calls."
_TOLD_AT_ONCE = 100
_LONGEST_PROVIDER_ID = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Something that a person wrote. `message`: what it answers, where it says so."""

    channel: str
    from_address: str
    text: str
    subject: str = ""
    provider_id: str = ""
    message: Message | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTaken:
    """A reply that was kept: what it asked for, and which channels it ended."""

    id: int
    client_id: int
    lead_id: int | None
    kind: str
    ended: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesRead:
    """How many mails were read: kept, opting out among those, and others (known, by no person, or of nobody
    to whom anything was written)."""

    mails: int
    kept: int
    opted_out: int
    other: int


async def received(
    sessions: Sessions, channel_id: int, from_address: str, text: str, now: datetime, *, provider_id: str = ""
) -> ReplyTaken | None:
    """A text message that came by a client's message channel; None for one that is known, or for a channel
    that is not."""
    async with sessions() as session, session.begin():
        channel = await ReplyStore(session).channel(channel_id)
        if channel is None:
            return None
        incoming = Incoming(
            channel=SMS, from_address=number_of(from_address), text=text, provider_id=provider_id
        )
        return await take(session, channel.client_id, incoming, now)


async def received_document(
    sessions: Sessions, channel_id: int, key: str, document: Any, now: datetime
) -> None:
    """An answer that a gateway hands over, read as the channel's options say; one without a number is none.

    Raises WrongReportKey, also for a channel that takes none.
    """
    options = await options_behind(sessions, channel_id, key)
    sender = text_at(document, options.reply_from_path)
    if sender:
        text, name = text_at(document, options.reply_text_path), text_at(document, options.reply_id_path)
        await received(sessions, channel_id, sender, text, now, provider_id=name)


async def received_email(
    sessions: Sessions, content: bytes, now: datetime, *, client_id: int | None = None
) -> list[ReplyTaken]:
    """An e-mail that came in reply to one of ours: from each client whose message it answers.

    It is known by the message that it answers; else by its sender, to whoever has written there (or for
    `client_id` alone). None of it counts that no person wrote: absence notes, bounces, lists.
    """
    email = read_email(content)
    if email is None or email.by_machine:
        return []
    taken: list[ReplyTaken] = []
    async with sessions() as session, session.begin():
        answered = await _answered(session, email)
        for each, message in answered or await _writers(session, email, client_id):
            incoming = Incoming(
                channel=EMAIL,
                from_address=email.sender,
                text=email.text,
                subject=email.subject,
                provider_id=email.message_id,
                message=message,
            )
            if (kept := await take(session, each, incoming, now)) is not None:
                taken.append(kept)
    return taken


async def read_replies(
    sessions: Sessions, mails: Sequence[bytes], now: datetime, *, client: str | None = None
) -> RepliesRead:
    """Takes mails that were answered; `client` is whose they are that do not say what they answer.

    Raises UnknownClientError.
    """
    client_id = None
    if client is not None:
        async with sessions() as session:
            client_id = await client_id_of(session, client)
    counts = Counter[str]()
    for mail in mails:
        taken = await received_email(sessions, mail, now, client_id=client_id)
        counts["other"] += not taken
        counts["opted_out"] += any(each.kind == "stop" for each in taken)
        counts["kept"] += bool(taken)
    return RepliesRead(
        mails=len(mails), kept=counts["kept"], opted_out=counts["opted_out"], other=counts["other"]
    )


async def take(session: Session, client_id: int, incoming: Incoming, now: datetime) -> ReplyTaken | None:
    """Keep a reply to a client, and do at once what it asks for; None where it was kept before."""
    store = ReplyStore(session)
    message = incoming.message or await store.newest_to(client_id, incoming.channel, {incoming.from_address})
    numbers = {incoming.from_address} if incoming.channel == SMS else set()
    lead_ids = [message.lead_id] if message is not None else await store.leads_with(client_id, numbers)
    lead_id = lead_ids[0] if lead_ids else None
    reading = _read(incoming)
    ended = ended_by(incoming.channel, reading.named) if reading.kind == "stop" else frozenset[Channel]()
    reply = MessageReply(
        client_id=client_id,
        lead_id=lead_id,
        campaign_id=message.campaign_id if message is not None else None,
        message_id=message.id if message is not None else None,
        agent_id=None if lead_id is None else await store.agent_for(lead_id),
        channel=incoming.channel,
        from_address=incoming.from_address[:254],
        text=_kept_text(incoming),
        kind=reading.kind,
        ended=sorted(ended),
        provider_id=incoming.provider_id[:_LONGEST_PROVIDER_ID],
        untold=True,
        received_at=now,
    )
    if not await store.add(reply):
        return None
    await announcing.replied(session, reply, now)
    source = f"reply {reply.id} by {incoming.channel}"
    if ended:
        whom = await _reached(session, client_id, incoming, lead_ids)
        await opt_out_of(session, client_id, whom, ended, source, now)
    elif reading.kind == "help" and message is not None:
        await _help(session, message, reply, now)
    elif reading.kind == "start":
        await _start(session, client_id, incoming, source, now)
    return ReplyTaken(id=reply.id, client_id=client_id, lead_id=lead_id, kind=reply.kind, ended=reply.ended)


async def list_replies(
    sessions: Sessions,
    after: int,
    limit: int,
    *,
    campaign_id: int | None = None,
    lead_id: int | None = None,
    agent_id: int | None = None,
) -> Sequence[MessageReply]:
    """The `limit` replies that follow number `after`, to a campaign, of a lead, or for an agent."""
    async with sessions() as session:
        return await ReplyStore(session).page(
            after, limit, campaign_id=campaign_id, lead_id=lead_id, agent_id=agent_id
        )


async def tell(sessions: Sessions, readings: Sessions, say: Callable[[ReplyNews], None]) -> None:
    """Says of what came that nobody has been told of yet; after a crash some of it may be said again."""
    async with readings() as session:
        if not await ReplyStore(session).any_untold():
            return
    async with sessions() as session, session.begin():
        news = await ReplyStore(session).take_untold(_TOLD_AT_ONCE)
        for each in news:
            say(each)


def number_of(address: str) -> str:
    """A sender's number as gateways write it, in E.164 as far as it can be told."""
    bare = "".join(each for each in address if each.isascii() and (each.isdigit() or each == "+"))
    if bare.startswith("+"):
        return "+" + bare.replace("+", "")
    digits = bare.replace("+", "").removeprefix("00")
    return f"+{digits}" if len(digits) >= 7 else address.strip()[:254]


def _read(incoming: Incoming) -> Reading:
    """Of an e-mail without words of its own, its subject is read: some programs unsubscribe so."""
    if incoming.channel == EMAIL and not incoming.text.strip():
        return read_reply(incoming.subject)
    return read_reply(incoming.text)


def _kept_text(incoming: Incoming) -> str:
    text = incoming.text if incoming.text.strip() else incoming.subject
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text)[:MOST_TEXT].strip()


async def _answered(session: Session, email: IncomingEmail) -> list[tuple[int, Message | None]]:
    """The client and the message that an e-mail answers, by the ids that it names: ours begin with the
    message's token."""
    store = ReplyStore(session)
    for each in email.answers:
        message = await store.with_token(each.partition("@")[0])
        if message is not None:
            return [(message.client_id, message)]
    return []


async def _writers(
    session: Session, email: IncomingEmail, client_id: int | None
) -> Sequence[tuple[int, Message | None]]:
    """The clients who have written to an e-mail's sender, each with its newest message there."""
    store = ReplyStore(session)
    if client_id is not None:
        return [(client_id, None)]
    found = [(each, await store.newest_to(each, EMAIL, {email.sender})) for each in await store.client_ids()]
    return [(each, message) for each, message in found if message is not None]


async def _reached(session: Session, client_id: int, incoming: Incoming, lead_ids: Sequence[int]) -> Reached:
    """Every number and address of the person, the one that they wrote from among them."""
    store = ReplyStore(session)
    numbers, emails = await store.reached_at(lead_ids)
    if incoming.channel == SMS:
        numbers |= {incoming.from_address}
    else:
        emails |= {incoming.from_address}
    same = await store.leads_with(client_id, numbers)
    return Reached(numbers, emails, frozenset(same) | frozenset(lead_ids))


async def _help(session: Session, message: Message, reply: MessageReply, now: datetime) -> None:
    """Answers who asks for help, once a day at most."""
    client = await session.get_one(Client, message.client_id)
    sequence = None
    if message.campaign_id is not None:
        sequence = sequence_of(await CampaignStore(session).get(message.campaign_id))
    text = (sequence.help_text if sequence is not None else "") or _HELP.format(client=client.name)
    answer = NewMessage(
        client_id=message.client_id,
        campaign_id=message.campaign_id,
        lead_id=message.lead_id,
        phone_id=message.phone_id,
        message_channel_id=message.message_channel_id,
        channel="sms" if reply.channel == SMS else "email",
        step="help",
        cause=f"help:{now:%Y-%m-%d}",
        to_address=reply.from_address,
        subject="" if reply.channel == SMS else f"{client.name}",
        body_text=text,
        due_at=now,
        expires_at=now + _HELP_AGAIN,
    )
    await enqueue(session, [answer], now)


async def _start(session: Session, client_id: int, incoming: Incoming, source: str, now: datetime) -> None:
    """Records that the person consents to hear from the client by this channel; a do-not-call list that they
    are on holds as before."""
    await ConsentStore(session).add(
        Consent(
            client_id=client_id,
            e164=incoming.from_address if incoming.channel == SMS else None,
            email=incoming.from_address if incoming.channel == EMAIL else None,
            channel="sms" if incoming.channel == SMS else "email",
            basis="express",
            source=source,
            given_at=now,
            recorded_at=now,
        )
    )
