"""What operators do with message channels: add them, see them, try them, change and stop them."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from campaigns.errors import ChannelExistsError, ChannelNotFoundError, InvalidChannelError
from campaigns.messaging.drivers import CARRIES, Surroundings, make_driver, options_of
from campaigns.messaging.mime import address_of
from campaigns.messaging.port import PermanentFailure, Receipt, Reply, Secrets, SendError
from campaigns.messaging.receipts import hash_of
from campaigns.stores.message_channels import MessageChannelStore
from campaigns.stores.messages import MessageStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import MessageChannel
from leads.checks import client_id_of

FASTEST_PER_S = 1000.0
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SENDER_OF_TEXTS = re.compile(r"\+[1-9][0-9]{4,14}|[0-9]{3,8}|[A-Za-z0-9 ._-]{1,11}")
_KEY_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelView:
    """A message channel. `options` name secrets and hold none; `messages` counts the client's messages of its
    kind by state."""

    id: int
    client_id: int
    name: str
    channel: str
    driver: str
    sender: str
    options: dict[str, Any]
    rate_per_s: float
    active: bool
    takes_receipts: bool
    created_at: datetime
    messages: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAdded:
    """A channel that was added. `receipt_path` is where its gateway sends delivery reports, which nobody is
    told again; empty for drivers that hear of them otherwise."""

    channel: ChannelView
    receipt_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWish:
    """A channel as somebody describes it."""

    client: str
    name: str
    driver: str
    sender: str
    options: Any
    channel: str = ""
    """sms or email; empty for what the driver carries."""
    rate_per_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChecked:
    """Whether the other side of a channel is there and lets us in; `problem` says why not."""

    name: str
    works: bool
    problem: str


async def add_channel(
    sessions: Sessions, wish: ChannelWish, known: Secrets | None, now: datetime
) -> ChannelAdded:
    """Adds a way to send a client's messages. `known`: the service's secrets, where they can be looked at.

    Raises UnknownClientError, InvalidChannelError and ChannelExistsError.
    """
    options, kind = _checked(wish)
    if known is not None:
        _require_secret(wish.driver, options, known)
    key = secrets.token_urlsafe(_KEY_BYTES) if wish.driver == "http" else ""
    async with sessions() as session, session.begin():
        store = MessageChannelStore(session)
        client_id = await client_id_of(session, wish.client)
        if await store.named(client_id, wish.name) is not None:
            raise ChannelExistsError(f"The client has a message channel {wish.name!r}; choose another name.")
        made = await store.add(
            MessageChannel(
                client_id=client_id,
                name=wish.name,
                channel=kind,
                driver=wish.driver,
                sender=wish.sender,
                options=msgspec.to_builtins(options),
                rate_per_s=float(wish.rate_per_s),
                receipt_hash=hash_of(key) if key else "",
                created_at=now,
            )
        )
        view = await _view(session, made)
    path = f"/api/v1/message-receipts/{made.id}/{key}" if key else ""
    return ChannelAdded(channel=view, receipt_path=path)


async def list_channels(sessions: Sessions, client: str | None = None) -> list[ChannelView]:
    """A client's channels, or all. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        return [await _view(session, each) for each in await MessageChannelStore(session).all(client_id)]


async def set_active(sessions: Sessions, channel_id: int, *, active: bool) -> ChannelView:
    """Has a channel send, or not; messages wait meanwhile. Raises ChannelNotFoundError."""
    async with sessions() as session, session.begin():
        channel = await MessageChannelStore(session).get(channel_id)
        channel.active = active
        session.add(channel)
        return await _view(session, channel)


async def find_channel(sessions: Sessions, client: str, name: str) -> MessageChannel:
    """A client's channel by its name. Raises UnknownClientError and ChannelNotFoundError."""
    async with sessions() as session:
        found = await MessageChannelStore(session).named(await client_id_of(session, client), name)
    if found is None:
        raise ChannelNotFoundError(f"The client has no message channel {name[:40]!r}.")
    return found


async def check_channel(channel: MessageChannel, known: Secrets, now: datetime) -> ChannelChecked:
    """Connects and signs in, and sends nothing. Raises InvalidChannelError."""
    driver = make_driver(channel.driver, channel.options, Surroundings(known, _Deaf(), lambda: now))
    try:
        await driver.check()
    except SendError as error:
        return ChannelChecked(name=channel.name, works=False, problem=error.reason)
    finally:
        await driver.close()
    return ChannelChecked(name=channel.name, works=True, problem="")


class _Deaf:
    """Takes nothing, so that the other side keeps it for who sends."""

    async def received(self, receipt: Receipt) -> None:
        raise ChannelNotFoundError("Nobody listens during a check.")

    async def replied(self, reply: Reply) -> None:
        raise ChannelNotFoundError("Nobody listens during a check.")


def _checked(wish: ChannelWish) -> tuple[Any, str]:
    """The options and the channel, sms or email."""
    if not _NAME.fullmatch(wish.name):
        raise InvalidChannelError(
            "A channel's name is of lower-case letters, digits and hyphens, 40 at most."
        )
    options = options_of(wish.driver, wish.options)
    carries = CARRIES[wish.driver]
    kind = wish.channel or carries[0]
    if kind not in carries:
        raise InvalidChannelError(
            f"The driver {wish.driver} carries {' and '.join(carries)}, not {kind[:20]!r}."
        )
    rate = wish.rate_per_s
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.01 <= rate <= FASTEST_PER_S:
        raise InvalidChannelError(f"rate_per_s is from 0.01 to {FASTEST_PER_S:g} messages a second.")
    if kind == "sms" and not _SENDER_OF_TEXTS.fullmatch(wish.sender):
        raise InvalidChannelError(
            "sender is a number such as +12025550123, a short code, or a name of at most 11 letters."
        )
    if kind == "email":
        try:
            address_of(wish.sender)
        except PermanentFailure:
            raise InvalidChannelError("sender is an address such as Acme <news@example.com>.") from None
        if len(wish.sender) > 254 or not wish.sender.isprintable():
            raise InvalidChannelError("sender is at most 254 characters on one line.")
    return options, kind


def _require_secret(driver: str, options: Any, known: Secrets) -> None:
    make_driver(driver, msgspec.to_builtins(options), Surroundings(known, _Deaf(), datetime.now))


async def _view(session: Session, channel: MessageChannel) -> ChannelView:
    return ChannelView(
        id=channel.id,
        client_id=channel.client_id,
        name=channel.name,
        channel=channel.channel,
        driver=channel.driver,
        sender=channel.sender,
        options=_shown(channel.options),
        rate_per_s=channel.rate_per_s,
        active=channel.active,
        takes_receipts=bool(channel.receipt_hash),
        created_at=channel.created_at,
        messages=await MessageStore(session).counts(channel.client_id, channel.channel),
    )


def _shown(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options for people: what headers say may be a key that somebody wrote there all the same."""
    headers = dict.fromkeys(options.get("headers", {}), "(set)")
    return {**options, **({"headers": headers} if headers else {})}
