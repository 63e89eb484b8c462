"""What comes of the links in messages: clicks, opened e-mails, and opt-outs with one click (RFC 8058).

A token that nobody has is answered like one that somebody had: what is asked of it does nothing.
"""

import re
from datetime import datetime

from campaigns.core.reply_words import ended_by
from campaigns.core.sequence import EMAIL
from campaigns.messaging.planning import on_message
from campaigns.opting_out import Reached, opt_out_of
from campaigns.stores.replies import ReplyStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Message

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,43}")
_MOST_NUMBER = 100


async def click(sessions: Sessions, token: str, number: int, now: datetime) -> str | None:
    """Where a link leads, as the message's template says; None for a token or a number that is none.

    The first click is noted, and that the message was opened.
    """
    if not 1 <= number <= _MOST_NUMBER:
        return None
    async with sessions() as session, session.begin():
        message = await _message(session, token)
        if message is None:
            return None
        url = await ReplyStore(session).link(message.id, number)
        if url is not None and message.clicked_at is None:
            message.clicked_at = now
            message.opened_at = message.opened_at or now
            await _came_farther(session, message, now)
        return url


async def opened(sessions: Sessions, token: str, now: datetime) -> None:
    """An e-mail's picture was fetched: it counts as opened, the first time."""
    async with sessions() as session, session.begin():
        message = await _message(session, token)
        if message is not None and message.opened_at is None:
            message.opened_at = now
            await _came_farther(session, message, now)


async def unsubscribe(sessions: Sessions, token: str, now: datetime, *, everything: bool = False) -> bool:
    """The person does not want messages like this one any more, or nothing at all; False for a wrong token.

    At once, and as often as it is asked.
    """
    async with sessions() as session, session.begin():
        message = await _message(session, token)
        if message is None or not message.to_address:
            return False
        store = ReplyStore(session)
        numbers, emails = await store.reached_at([message.lead_id])
        if message.channel == EMAIL:
            emails |= {message.to_address}
        else:
            numbers |= {message.to_address}
        lead_ids = {message.lead_id, *await store.leads_with(message.client_id, numbers)}
        ended = ended_by(message.channel, {"all"} if everything else ())
        whom = Reached(numbers, emails, frozenset(lead_ids))
        await opt_out_of(session, message.client_id, whom, ended, f"link in message {message.id}", now)
        return True


async def _message(session: Session, token: str) -> Message | None:
    if not _TOKEN.fullmatch(token):
        return None
    return await ReplyStore(session).with_token(token, lock=True)


async def _came_farther(session: Session, message: Message, now: datetime) -> None:
    await session.flush()
    await on_message(session, message, now)
