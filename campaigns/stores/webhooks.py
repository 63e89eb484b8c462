"""Web hooks and what they are told, in the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, literal_column, or_, update
from sqlmodel import col, select

from campaigns.errors import WebhookNotFoundError
from campaigns.stores.shared import Session, write
from campaigns.tables import Webhook, WebhookDelivery
from leads.stores.shared import chunks

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class TriedDelivery:
    """What became of a delivery in one try: `values` are columns."""

    delivery_id: int
    values: Mapping[str, Any]


class WebhookStore:
    """Web hooks and their deliveries, of every client that the session sees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, webhook: Webhook) -> Webhook:
        """Records a web hook; its number is known then."""
        self._session.add(webhook)
        await self._session.flush()
        return webhook

    async def get(self, webhook_id: int) -> Webhook:
        """Raises WebhookNotFoundError."""
        wanted = select(Webhook).where(Webhook.id == webhook_id)
        found = (await self._session.exec(wanted)).first()
        if found is None:
            raise WebhookNotFoundError(f"There is no web hook {webhook_id}.")
        return found

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[Webhook]:
        """The `limit` web hooks of a client, or of all, that follow number `after`."""
        wanted = select(Webhook).where(Webhook.id > after).order_by(col(Webhook.id)).limit(limit)
        if client_id is not None:
            wanted = wanted.where(Webhook.client_id == client_id)
        return (await self._session.exec(wanted)).all()

    async def remove(self, webhook: Webhook) -> None:
        """Takes a web hook out, with all its deliveries."""
        of_it = col(WebhookDelivery.webhook_id) == webhook.id
        await write(self._session, delete(WebhookDelivery).where(of_it))
        await self._session.delete(webhook)

    async def listening(self, client_id: int) -> Sequence[Webhook]:
        """The client's web hooks that are told of events. Asked with each event."""
        wanted = select(Webhook).where(Webhook.client_id == client_id, Webhook.state == "active")
        return (await self._session.exec(wanted.order_by(col(Webhook.id)))).all()

    async def add_deliveries(self, rows: Sequence[WebhookDelivery]) -> None:
        """Puts events in line."""
        self._session.add_all(rows)
        await self._session.flush()

    async def delivery(self, webhook_id: int, delivery_id: int) -> WebhookDelivery:
        """Raises WebhookNotFoundError."""
        wanted = select(WebhookDelivery).where(
            WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook_id
        )
        found = (await self._session.exec(wanted)).first()
        if found is None:
            raise WebhookNotFoundError(f"Web hook {webhook_id} has no delivery {delivery_id}.")
        return found

    async def deliveries(
        self, webhook_id: int, state: str | None, after: int, limit: int
    ) -> Sequence[WebhookDelivery]:
        """The `limit` deliveries that follow number `after`."""
        wanted = select(WebhookDelivery).where(
            WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.id > after
        )
        if state is not None:
            wanted = wanted.where(WebhookDelivery.state == state)
        return (await self._session.exec(wanted.order_by(col(WebhookDelivery.id)).limit(limit))).all()

    async def counts(self, webhook_ids: Collection[int]) -> dict[int, dict[str, int]]:
        """How many deliveries each of these has in each state."""
        found: dict[int, dict[str, int]] = {each: {} for each in webhook_ids}
        state = col(WebhookDelivery.state)
        wanted = (
            select(col(WebhookDelivery.webhook_id), state, func.count())
            .where(col(WebhookDelivery.webhook_id).in_(webhook_ids))
            .group_by(col(WebhookDelivery.webhook_id), state)
        )
        for webhook_id, name, count in (await self._session.exec(wanted)).all():
            found[webhook_id][name] = count
        return found

    async def due(self, now: datetime) -> Sequence[int]:
        """The web hooks that have something to be told now, and that no node sends to. Asked often."""
        something = exists().where(col(WebhookDelivery.webhook_id) == col(Webhook.id), *_due(now))
        wanted = select(Webhook.id).where(*_free(now), something)
        return (await self._session.exec(wanted.order_by(col(Webhook.id)))).all()

    async def claim(self, webhook_id: int, now: datetime, until: datetime) -> Webhook | None:
        """The web hook, for one node until then; None where another has it, it rests, or it is disabled."""
        claimed = update(Webhook).where(col(Webhook.id) == webhook_id, *_free(now))
        done = await write(self._session, claimed.values(claimed_until=until))
        return await self.get(webhook_id) if done.rowcount else None

    async def take_due(self, webhook_id: int, now: datetime, limit: int) -> Sequence[WebhookDelivery]:
        """What it is to be told now, in the order in which it happened; what failed before comes last."""
        wanted = (
            select(WebhookDelivery)
            .where(WebhookDelivery.webhook_id == webhook_id, *_due(now))
            .order_by(col(WebhookDelivery.next_at), col(WebhookDelivery.id))
            .limit(limit)
        )
        return (await self._session.exec(wanted)).all()

    async def record(
        self, webhook_id: int, tried: Sequence[TriedDelivery], health: Mapping[str, Any], until: datetime
    ) -> None:
        """What became of a turn, and how the web hook fares; for whoever has claimed it `until` then.

        One that was canceled meanwhile stays so.
        """
        for each in tried:
            of_it = col(WebhookDelivery.id) == each.delivery_id, col(WebhookDelivery.state) == "waiting"
            await write(self._session, update(WebhookDelivery).where(*of_it).values(**each.values))
        own = col(Webhook.id) == webhook_id, col(Webhook.claimed_until) == until
        await write(self._session, update(Webhook).where(*own).values(claimed_until=None, **health))

    async def erase(self, lead_ids: Collection[int]) -> None:
        """Forgets what was or is to be told about leads."""
        for chunk in chunks(sorted(lead_ids)):
            await write(self._session, delete(WebhookDelivery).where(col(WebhookDelivery.lead_id).in_(chunk)))

    async def forget(self, before: datetime) -> int:
        """Forgets some deliveries from before then, also such as wait for what is disabled; how many."""
        old = (
            select(WebhookDelivery.id)
            .where(col(WebhookDelivery.created_at) < before)
            .order_by(col(WebhookDelivery.created_at))
            .limit(ROWS_AT_A_TIME)
        )
        ids = (await self._session.exec(old)).all()
        await write(self._session, delete(WebhookDelivery).where(col(WebhookDelivery.id).in_(ids)))
        return len(ids)


def _free(now: datetime) -> tuple[Any, ...]:
    """Web hooks that are told of events, that rest no more, and to which no node sends."""
    return (
        col(Webhook.state) == "active",
        or_(col(Webhook.claimed_until).is_(None), col(Webhook.claimed_until) <= now),
        or_(col(Webhook.rest_until).is_(None), col(Webhook.rest_until) <= now),
    )


def _due(now: datetime) -> tuple[Any, ...]:
    # Spelled out in the statement: only so is the partial index used.
    return col(WebhookDelivery.state) == literal_column("'waiting'"), col(WebhookDelivery.next_at) <= now
