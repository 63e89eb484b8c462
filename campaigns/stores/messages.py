"""Messages in the database: put in line, taken to be sent, and what became of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    delete,
    exists,
    func,
    inspect,
    literal_column,
    or_,
    update,
)
from sqlmodel import col, select

from campaigns.core.attempt import ClaimedLead
from campaigns.core.message_states import MessageState
from campaigns.errors import MessageNotFoundError
from campaigns.stores.explain import as_if_claimed
from campaigns.stores.shared import Session, write
from campaigns.tables import Campaign, Message, MessageChannel, UnusableAddress
from leads.stores.shared import chunks, insert_into, insert_missing
from leads.tables import Lead, Phone, ZoneGroup

_ROWS = cast(Table, inspect(Message).local_table)
_CHANGE = update(_ROWS).where(_ROWS.c.id == bindparam("of_id"), _ROWS.c.state == bindparam("of_state"))


@dataclass(frozen=True, slots=True)
class MessagePerson:
    """Whom a message is for: the lead at the number, or at its first one, and the kind of campaign."""

    lead: ClaimedLead
    erased: bool
    kind: str
    dial_mode: str
    """Both empty for a message of no campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are listed; None does not ask."""

    client_id: int | None = None
    campaign_id: int | None = None
    lead_id: int | None = None
    state: str | None = None


class MessageStore:
    """Messages to people, of every client that the session sees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, rows: Sequence[dict[str, Any]]) -> int:
        """Adds those that are not there yet, each one a step of a lead for a cause; how many those were."""
        return await insert_missing(self._session, Message, rows) if rows else 0

    async def get(self, message_id: int, *, lock: bool = False) -> Message:
        """Raises MessageNotFoundError."""
        wanted = select(Message).where(Message.id == message_id)
        found = (await self._session.exec(wanted.with_for_update() if lock else wanted)).first()
        if found is None:
            raise MessageNotFoundError(f"There is no message {message_id}.")
        return found

    async def of_step(self, lead_id: int, campaign_id: int | None, step: str, cause: str) -> Message | None:
        """The message that a lead has for a step and a cause."""
        wanted = select(Message).where(
            Message.lead_id == lead_id,
            col(Message.campaign_id).is_not_distinct_from(campaign_id),
            Message.step == step,
            Message.cause == cause,
        )
        return (await self._session.exec(wanted)).first()

    async def page(self, wanted: MessageFilter, after: int, limit: int) -> Sequence[Message]:
        """The `limit` messages that follow number `after`."""
        query = select(Message).where(col(Message.id) > after).order_by(col(Message.id)).limit(limit)
        if wanted.client_id is not None:
            query = query.where(Message.client_id == wanted.client_id)
        if wanted.campaign_id is not None:
            query = query.where(Message.campaign_id == wanted.campaign_id)
        if wanted.lead_id is not None:
            query = query.where(Message.lead_id == wanted.lead_id)
        if wanted.state is not None:
            query = query.where(Message.state == wanted.state)
        return (await self._session.exec(query)).all()

    async def of_leads(self, lead_ids: Collection[int]) -> list[Message]:
        """All messages to these leads, in the order in which they were made."""
        found: list[Message] = []
        for chunk in chunks(sorted(lead_ids)):
            query = select(Message).where(col(Message.lead_id).in_(chunk)).order_by(col(Message.id))
            found += (await self._session.exec(query)).all()
        return found

    async def counts(self, client_id: int, channel: str) -> dict[str, int]:
        """How many messages a client has in each state."""
        query = (
            select(col(Message.state), func.count())
            .where(Message.client_id == client_id, Message.channel == channel)
            .group_by(col(Message.state))
        )
        return dict((await self._session.exec(query)).all())

    async def due_campaigns(self, channel: MessageChannel, now: datetime) -> list[int | None]:
        """The running campaigns that have something due for a client in a channel, and None where something
        of no campaign is; in no order. Asked often."""
        due = _due(channel.client_id, channel.channel, now)
        alone = select(Message.id).where(*due, col(Message.campaign_id).is_(None)).limit(1)
        running = select(Campaign.id).where(
            Campaign.client_id == channel.client_id,
            Campaign.state == "running",
            exists().where(*due, col(Message.campaign_id) == col(Campaign.id)),
        )
        of_none = [None] if (await self._session.exec(alone)).first() is not None else []
        return [*of_none, *(await self._session.exec(running.order_by(func.random()))).all()]

    async def take_due(
        self, channel: MessageChannel, *, is_first: bool, limit: int, now: datetime
    ) -> list[Message]:
        """The messages that are due to go this way, locked: of the running campaigns, and of none.

        `is_first`: it is the client's first way of its kind, which messages take that name none.
        """
        own = col(Message.message_channel_id)
        of_way = or_(own == channel.id, own.is_(None)) if is_first else own == channel.id
        found: list[Message] = []
        for campaign_id in await self.due_campaigns(channel, now):
            of = col(Message.campaign_id)
            query = (
                select(Message)
                .where(
                    *_due(channel.client_id, channel.channel, now),
                    of.is_(None) if campaign_id is None else of == campaign_id,
                    of_way,
                )
                .order_by(col(Message.due_at), col(Message.id))
                .limit(limit - len(found))
                .with_for_update(skip_locked=True)
            )
            found += (await self._session.exec(query)).all()
            if len(found) >= limit:
                break
        return found

    async def people(self, messages: Sequence[Message], now: datetime) -> dict[int, MessagePerson]:
        """Message to whom it is for; those whose lead has no number are left out."""
        lead_ids = {each.lead_id for each in messages}
        phones: dict[int, list[tuple[Phone, Sequence[str]]]] = {}
        leads: dict[int, Lead] = {}
        for chunk in chunks(sorted(lead_ids)):
            query = (
                select(Lead, Phone, ZoneGroup.zones)
                .join(Phone, col(Phone.lead_id) == Lead.id)
                .join(ZoneGroup, col(ZoneGroup.id) == Phone.zone_group_id)
                .where(col(Lead.id).in_(chunk))
                .order_by(col(Phone.lead_id), col(Phone.position))
            )
            for lead, phone, zones in (await self._session.exec(query)).all():
                leads[lead.id] = lead
                phones.setdefault(lead.id, []).append((phone, zones))
        kinds = await self._kinds({each.campaign_id for each in messages if each.campaign_id is not None})
        people: dict[int, MessagePerson] = {}
        for message in messages:
            found = leads.get(message.lead_id)
            if found is None:
                continue
            at = phones[found.id]
            phone, zones = next((each for each in at if each[0].e164 == message.to_address), at[0])
            claimed = as_if_claimed(found, None, phone, tuple(zones), now)
            kind, mode = kinds.get(message.campaign_id or 0, ("", ""))
            people[message.id] = MessagePerson(claimed, found.erased_at is not None, kind, mode)
        return people

    async def _kinds(self, campaign_ids: Collection[int]) -> dict[int, tuple[str, str]]:
        query = select(Campaign.id, Campaign.kind, Campaign.dial_mode).where(
            col(Campaign.id).in_(campaign_ids)
        )
        return {key: (kind, mode) for key, kind, mode in (await self._session.exec(query)).all()}

    async def unusable(self, client_id: int, addresses: Collection[str]) -> set[tuple[str, str]]:
        """(channel, address in lower case) of those of the addresses that lead nowhere."""
        found: set[tuple[str, str]] = set()
        for chunk in chunks(sorted({each.lower() for each in addresses})):
            query = select(UnusableAddress).where(
                UnusableAddress.client_id == client_id, col(UnusableAddress.address).in_(chunk)
            )
            found |= {(each.channel, each.address) for each in (await self._session.exec(query)).all()}
        return found

    async def mark_unusable(
        self, client_id: int, channel: str, address: str, reason: str, now: datetime
    ) -> None:
        """An address leads nowhere; what was known before stays."""
        if not address:
            return
        row = {
            "client_id": client_id,
            "channel": channel,
            "address": address.lower(),
            "reason": reason[:60],
            "recorded_at": now,
        }
        await write(
            self._session, insert_into(self._session, UnusableAddress).values(row).on_conflict_do_nothing()
        )

    async def change(self, message_id: int, from_state: str, values: Mapping[str, Any]) -> bool:
        """Changes a message that is in that state still; whether it was.

        For who sends, and not for a client's sessions: it goes past the objects, which takes half the time.
        """
        connection = await self._session.connection()
        statement = _CHANGE.values({name: bindparam(f"new_{name}") for name in values})
        given = {f"new_{name}": value for name, value in values.items()}
        done = await connection.execute(statement, {"of_id": message_id, "of_state": from_state} | given)
        return done.rowcount > 0

    async def of_report(self, channel_id: int, provider_id: str, token: str) -> Message | None:
        """The message that a report is about, by our own name for it or the other side's; locked."""
        if token:
            query = select(Message).where(Message.token == token)
        else:
            query = select(Message).where(
                Message.message_channel_id == channel_id,
                Message.provider_id == provider_id,
                literal_column("provider_id <> ''"),
            )
        found = (await self._session.exec(query.with_for_update())).first()
        return found if found is None or found.message_channel_id in (None, channel_id) else None

    async def by_token(self, token: str) -> Message | None:
        """The message of that name, locked."""
        query = select(Message).where(Message.token == token).with_for_update()
        return (await self._session.exec(query)).first()

    async def lose(self, now: datetime, deduplicating: Collection[int]) -> tuple[int, int]:
        """What was being sent by somebody who died: goes back in line where the way knows it again
        (`deduplicating` ways), and is unknown else. How many of each."""
        gone = update(Message).where(
            col(Message.state) == literal_column("'sending'"), col(Message.claimed_until) < now
        )
        again = gone.where(col(Message.message_channel_id).in_(deduplicating))
        back = {"state": MessageState.WAITING.value, "claimed_until": None, "due_at": now}
        repeated = (await write(self._session, again.values(**back))).rowcount if deduplicating else 0
        lost = {"state": MessageState.UNKNOWN.value, "reason": "crash", "claimed_until": None}
        return repeated, (await write(self._session, gone.values(**lost))).rowcount

    async def cancel_of_stopped(self) -> int:
        """Messages that wait for a campaign which was stopped are not wanted any more."""
        stopped = select(Campaign.id).where(Campaign.state == "stopped")
        statement = update(Message).where(
            col(Message.state) == literal_column("'waiting'"), col(Message.campaign_id).in_(stopped)
        )
        values = {"state": MessageState.CANCELED.value, "reason": "campaign_stopped"}
        return (await write(self._session, statement.values(**values))).rowcount

    async def erase(self, lead_ids: Collection[int]) -> int:
        """Leaves of messages when they went and how, but neither the address nor what they said."""
        erased = 0
        for chunk in chunks(sorted(lead_ids)):
            mine = update(Message).where(col(Message.lead_id).in_(chunk))
            known = exists().where(
                col(Message.lead_id).in_(chunk),
                col(Message.client_id) == col(UnusableAddress.client_id),
                func.lower(col(Message.to_address)) == col(UnusableAddress.address),
            )
            await write(self._session, delete(UnusableAddress).where(known))
            waiting = mine.where(col(Message.state) == literal_column("'waiting'"))
            await write(self._session, waiting.values(state=MessageState.CANCELED.value, reason="erased"))
            emptied = {"to_address": "", "subject": "", "body_text": "", "body_html": "", "calendar": ""}
            emptied |= {"unsubscribe_url": "", "provider_id": ""}
            erased += (await write(self._session, mine.values(**emptied))).rowcount
        return erased


def _due(client_id: int, channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Spelled out as the partial index is."""
    return (
        col(Message.client_id) == client_id,
        col(Message.channel) == channel,
        col(Message.state) == literal_column("'waiting'"),
        col(Message.due_at) <= now,
    )
