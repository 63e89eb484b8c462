"""Puts messages in line to be sent, each once."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from campaigns.core.message_states import MessageState
from campaigns.stores.messages import MessageStore
from campaigns.stores.shared import Session
from leads.stores.shared import chunks

MessageKind = Literal["sms", "email"]

_TOKEN_BYTES = 24


def new_token() -> str:
    """An unguessable name for a message, for links; 32 letters, digits, - and _."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message that is to be sent, as the columns of the table `message` say.

    `token` is made by whoever puts links into the text (`new_token`); `message_channel_id` names a way to
    send it other than the client's first for the channel.
    """

    client_id: int
    lead_id: int
    channel: MessageKind
    cause: str
    to_address: str
    due_at: datetime
    campaign_id: int | None = None
    phone_id: int | None = None
    message_channel_id: int | None = None
    step: str = ""
    subject: str = ""
    body_text: str = ""
    body_html: str = ""
    calendar: str = ""
    unsubscribe_url: str = ""
    expires_at: datetime | None = None
    segments: int = 0
    token: str = field(default_factory=new_token)


async def enqueue(session: Session, messages: Sequence[NewMessage], now: datetime) -> int:
    """Puts messages in line, in the caller's transaction; how many of them were new.

    A lead has one message for a step, a campaign and a cause: whoever asks for it again changes nothing.
    Whether it may be sent is asked when it is due, not here.
    """
    added = 0
    for chunk in chunks(messages):
        added += await MessageStore(session).add([_row(each, now) for each in chunk])
    return added


def _row(message: NewMessage, now: datetime) -> dict[str, Any]:
    fresh = {"state": MessageState.WAITING.value, "reason": "", "tries": 0, "provider_id": ""}
    return asdict(message) | fresh | {"created_at": now}
