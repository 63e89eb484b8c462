"""What operators and managers do with web hooks: add them, see how they fare, change, try and remove them."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.webhook import Network, checked_url, parse_events
from campaigns.errors import InvalidWebhookError
from campaigns.stores.shared import Session, Sessions
from campaigns.stores.webhooks import WebhookStore
from campaigns.tables import Webhook, WebhookDelivery
from leads.checks import client_id_of
from leads.stores.versions import Versions, require_version

ACTIVE, DISABLED = "active", "disabled"
STATES = ("waiting", "delivered", "failed", "canceled")
"""Of deliveries."""
LONGEST_OVERLAP_S = 7 * 86_400.0
_SECRET_BYTES = 32
_BY_HAND = "somebody has disabled it"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """A web hook without its secret; `deliveries` counts those of the last 30 days by state."""

    id: int
    client_id: int
    url: str
    events: list[str]
    state: str
    reason: str
    failing_since: datetime | None
    rest_until: datetime | None
    created_at: datetime
    deliveries: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMade:
    """A web hook, and the secret that signs, which nobody is told again."""

    webhook: WebhookView
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """What is to be different; None leaves it as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    active: bool | None = None


def new_secret() -> str:
    """256 random bits in the form of Standard Webhooks."""
    return f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


async def add_webhook(
    sessions: Sessions,
    client: str,
    url: str,
    events: Sequence[str],
    now: datetime,
    *,
    allowed: Sequence[Network] = (),
) -> WebhookMade:
    """Has an address told of a client's events from now on.

    Raises UnknownClientError and InvalidWebhookError.
    """
    row = Webhook(
        url=checked_url(url, allowed),
        events=list(parse_events(events)),
        secret=new_secret(),
        state=ACTIVE,
        created_at=now,
    )
    async with sessions() as session, session.begin():
        row.client_id = await client_id_of(session, client)
        made = await WebhookStore(session).add(row)
        return WebhookMade(webhook=await _view(session, made), secret=made.secret)


async def list_webhooks(sessions: Sessions, client: str | None, after: int, limit: int) -> list[WebhookView]:
    """The `limit` web hooks of a client, or of all, that follow number `after`. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        found = await WebhookStore(session).page(client_id, after, limit)
        return await _views(session, found)


async def get_webhook(sessions: Sessions, webhook_id: int) -> tuple[Webhook, WebhookView]:
    """A web hook, as it is kept and as it is shown. Raises WebhookNotFoundError."""
    async with sessions() as session:
        found = await WebhookStore(session).get(webhook_id)
        return found, await _view(session, found)


async def change_webhook(
    sessions: Sessions,
    webhook_id: int,
    change: WebhookChange,
    *,
    allowed: Sequence[Network] = (),
    if_match: Versions | None = None,
) -> tuple[Webhook, WebhookView]:
    """Changes a web hook; one that is active again goes on with what waits for it.

    Raises WebhookNotFoundError, InvalidWebhookError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        found = await WebhookStore(session).get(webhook_id)
        await require_version(session, found, if_match)
        if change.url is not None:
            found.url = checked_url(change.url, allowed)
        if change.events is not None:
            found.events = list(parse_events(change.events))
        if change.active is not None:
            found.state = ACTIVE if change.active else DISABLED
            found.reason = "" if change.active else _BY_HAND
        if change.active or change.url is not None:
            found.failures, found.failing_since, found.rest_until = 0, None, None
        await session.flush()
        return found, await _view(session, found)


async def remove_webhook(sessions: Sessions, webhook_id: int, *, if_match: Versions | None = None) -> None:
    """Forgets a web hook and what it was told. Raises WebhookNotFoundError and ChangedMeanwhileError."""
    async with sessions() as session, session.begin():
        store = WebhookStore(session)
        found = await store.get(webhook_id)
        await require_version(session, found, if_match)
        await store.remove(found)


async def rotate_secret(
    sessions: Sessions, webhook_id: int, now: datetime, *, overlap_s: float = 86_400.0
) -> WebhookMade:
    """A new secret; the former one signs beside it for `overlap_s` more.

    Raises WebhookNotFoundError and InvalidWebhookError.
    """
    if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
        raise InvalidWebhookError(f"overlap_s is from 0 to {LONGEST_OVERLAP_S:g}.")
    async with sessions() as session, session.begin():
        found = await WebhookStore(session).get(webhook_id)
        found.former_secret, found.former_until = found.secret, now + timedelta(seconds=overlap_s)
        found.secret = new_secret()
        await session.flush()
        return WebhookMade(webhook=await _view(session, found), secret=found.secret)


async def list_deliveries(
    sessions: Sessions, webhook_id: int, state: str | None, after: int, limit: int
) -> Sequence[WebhookDelivery]:
    """What a web hook was told, or is to be. Raises WebhookNotFoundError and InvalidWebhookError."""
    if state is not None and state not in STATES:
        raise InvalidWebhookError(f"The state of a delivery is one of {', '.join(STATES)}.")
    async with sessions() as session:
        store = WebhookStore(session)
        await store.get(webhook_id)
        return await store.deliveries(webhook_id, state, after, limit)


async def redeliver(sessions: Sessions, webhook_id: int, delivery_id: int, now: datetime) -> WebhookDelivery:
    """Sends an event once more, under the same name. Raises WebhookNotFoundError."""
    async with sessions() as session, session.begin():
        found = await WebhookStore(session).delivery(webhook_id, delivery_id)
        found.state, found.tries, found.next_at, found.done_at = "waiting", 0, now, None
        await session.flush()
        return found


async def _view(session: Session, webhook: Webhook) -> WebhookView:
    (view,) = await _views(session, [webhook])
    return view


async def _views(session: Session, webhooks: Sequence[Webhook]) -> list[WebhookView]:
    counts = await WebhookStore(session).counts([each.id for each in webhooks])
    return [
        WebhookView(
            id=each.id,
            client_id=each.client_id,
            url=each.url,
            events=each.events,
            state=each.state,
            reason=each.reason,
            failing_since=each.failing_since,
            rest_until=each.rest_until,
            created_at=each.created_at,
            deliveries=counts[each.id],
        )
        for each in webhooks
    ]
