"""What people do with messages that are in line, sent, or stuck: see them, cancel them, send them again."""

from collections.abc import Sequence
from datetime import datetime

from campaigns.core.message_states import MessageEvent, MessageState, after
from campaigns.errors import InvalidInputError, MessageStateError
from campaigns.stores.messages import MessageFilter, MessageStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Message


async def list_messages(
    sessions: Sessions, wanted: MessageFilter, after_id: int, limit: int
) -> Sequence[Message]:
    """The `limit` messages that follow number `after_id`. Raises InvalidInputError for an unknown state."""
    if wanted.state is not None and wanted.state not in set(MessageState):
        raise InvalidInputError(f"A message's state is one of {', '.join(MessageState)}.")
    async with sessions() as session:
        return await MessageStore(session).page(wanted, after_id, limit)


async def get_message(sessions: Sessions, message_id: int) -> Message:
    """Raises MessageNotFoundError."""
    async with sessions() as session:
        return await MessageStore(session).get(message_id)


async def cancel_message(sessions: Sessions, message_id: int) -> Message:
    """Takes a message out of line. Raises MessageNotFoundError and MessageStateError."""
    async with sessions() as session, session.begin():
        message = await MessageStore(session).get(message_id, lock=True)
        message.state = _next(message, MessageEvent.CANCEL, "canceled")
        message.reason = "by_hand"
        session.add(message)
        return message


async def send_again(sessions: Sessions, message_id: int, now: datetime) -> Message:
    """Puts a message in line again that failed, or of which nobody knows whether it went: the person may then
    get it twice. Raises MessageNotFoundError and MessageStateError."""
    async with sessions() as session, session.begin():
        message = await MessageStore(session).get(message_id, lock=True)
        message.state = _next(message, MessageEvent.SEND_AGAIN, "sent again")
        message.reason, message.due_at, message.tries = "", now, 0
        session.add(message)
        return message


def _next(message: Message, event: MessageEvent, what: str) -> MessageState:
    state = after(message.state, event)
    if state is None:
        raise MessageStateError(f"Message {message.id} is {message.state}; it cannot be {what}.")
    return state
