"""What people answer to messages, whom they are, and where links lead, in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, literal_column, select, update
from sqlmodel import col

from campaigns.core.message_states import MessageState
from campaigns.stores.shared import Session, read, write
from campaigns.tables import (
    Attempt,
    Callback,
    Message,
    MessageChannel,
    MessageLink,
    MessageReply,
)
from leads.stores.bulk import among
from leads.stores.shared import chunks
from leads.tables import Client, Lead, LeadList, Phone


@dataclass(frozen=True, slots=True)
class ReplyNews:
    """A reply of which nobody has been told yet."""

    reply_id: int
    client_slug: str
    lead_id: int | None
    campaign_id: int | None
    agent_id: int | None
    channel: str
    kind: str


class ReplyStore:
    """Replies, and the messages that they answer."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def channel(self, channel_id: int) -> MessageChannel | None:
        """A way that messages go and come."""
        return await self.session.get(MessageChannel, channel_id)

    async def client_ids(self) -> list[int]:
        """Every client."""
        return list((await read(self.session, select(col(Client.id)).order_by(col(Client.id)))).scalars())

    async def with_token(self, token: str, *, lock: bool = False) -> Message | None:
        """The message of that name."""
        wanted = select(Message).where(col(Message.token) == token)
        if lock:
            wanted = wanted.with_for_update().execution_options(populate_existing=True)
        return (await read(self.session, wanted)).scalars().first()

    async def newest_to(self, client_id: int, channel: str, addresses: Collection[str]) -> Message | None:
        """The newest message of a client to an address that may have left."""
        wanted = (
            select(Message)
            .where(
                col(Message.client_id) == client_id,
                col(Message.to_address).in_(sorted(addresses)),
                col(Message.channel) == channel,
                col(Message.sent_at).is_not(None),
            )
            .order_by(col(Message.id).desc())
            .limit(1)
        )
        return (await read(self.session, wanted)).scalars().first()

    async def leads_with(self, client_id: int, numbers: Collection[str]) -> list[int]:
        """The client's leads with one of the numbers, the newest first."""
        wanted = (
            select(col(Phone.lead_id))
            .join(LeadList, col(LeadList.id) == col(Phone.list_id))
            .where(col(Phone.e164).in_(sorted(numbers)), col(LeadList.client_id) == client_id)
            .order_by(col(Phone.lead_id).desc())
            .distinct()
        )
        return list((await read(self.session, wanted)).scalars()) if numbers else []

    async def reached_at(self, lead_ids: Collection[int]) -> tuple[frozenset[str], frozenset[str]]:
        """The numbers and the e-mail addresses of leads."""
        numbers: set[str] = set()
        emails: set[str] = set()
        for chunk in chunks(sorted(lead_ids)):
            of_phones = select(col(Phone.e164)).where(among(self.session, col(Phone.lead_id), chunk))
            of_leads = select(col(Lead.email)).where(among(self.session, col(Lead.id), chunk))
            numbers |= set((await read(self.session, of_phones)).scalars())
            emails |= set((await read(self.session, of_leads)).scalars())
        return frozenset(numbers - {""}), frozenset(emails - {""})

    async def agent_for(self, lead_id: int) -> int | None:
        """Who talks with the lead now, else who owes it a call, else who talked with it last."""
        talks = (
            select(col(Attempt.agent_id), col(Attempt.ended_at))
            .where(col(Attempt.lead_id) == lead_id, col(Attempt.agent_id).is_not(None))
            .order_by(col(Attempt.id).desc())
            .limit(1)
        )
        last = (await read(self.session, talks)).first()
        if last is not None and last.ended_at is None:
            return int(last.agent_id)
        owed = select(col(Callback.agent_id)).where(
            col(Callback.lead_id) == lead_id,
            col(Callback.next_at).is_not(None),
            col(Callback.agent_id).is_not(None),
        )
        owner = (await read(self.session, owed.limit(1))).scalars().first()
        return owner if owner is not None else (None if last is None else int(last.agent_id))

    async def add(self, reply: MessageReply) -> bool:
        """Keep a reply; False where the very same is there already, by what the other side calls it."""
        if reply.provider_id:
            same = select(col(MessageReply.id)).where(
                col(MessageReply.client_id) == reply.client_id,
                col(MessageReply.channel) == reply.channel,
                col(MessageReply.provider_id) == reply.provider_id,
            )
            if (await read(self.session, same)).first() is not None:
                return False
        self.session.add(reply)
        await self.session.flush()
        return True

    async def cancel_waiting(
        self, client_id: int, *channels: tuple[str, Collection[str]], reason: str
    ) -> None:
        """Have nothing be sent that waits for these addresses, by channel."""
        for channel, addresses in channels:
            if addresses:
                await write(
                    self.session,
                    update(Message)
                    .where(
                        col(Message.client_id) == client_id,
                        col(Message.to_address).in_(sorted(addresses)),
                        col(Message.channel) == channel,
                        col(Message.state) == MessageState.WAITING.value,
                    )
                    .values(state=MessageState.CANCELED.value, reason=reason),
                )

    async def page(
        self,
        after: int,
        limit: int,
        *,
        campaign_id: int | None = None,
        lead_id: int | None = None,
        agent_id: int | None = None,
    ) -> Sequence[MessageReply]:
        """The `limit` replies that follow number `after`, to a campaign, of a lead, or for an agent."""
        query = select(MessageReply).where(col(MessageReply.id) > after).order_by(col(MessageReply.id))
        if campaign_id is not None:
            query = query.where(col(MessageReply.campaign_id) == campaign_id)
        if lead_id is not None:
            query = query.where(col(MessageReply.lead_id) == lead_id)
        if agent_id is not None:
            query = query.where(col(MessageReply.agent_id) == agent_id)
        return (await read(self.session, query.limit(limit))).scalars().all()

    async def link(self, message_id: int, number: int) -> str | None:
        """Where a message's link leads."""
        found = await self.session.get(MessageLink, (message_id, number))
        return None if found is None else found.url

    # --- what is told ---------------------------------------------------------------------------

    async def any_untold(self) -> bool:
        """Whether there is a reply of which nobody has been told."""
        wanted = select(col(MessageReply.id)).where(_untold()).limit(1)
        return (await read(self.session, wanted)).first() is not None

    async def take_untold(self, limit: int) -> list[ReplyNews]:
        """Replies of which nobody has been told; they count as told once the transaction is committed."""
        wanted = (
            select(MessageReply, col(Client.slug))
            .join(Client, col(Client.id) == col(MessageReply.client_id))
            .where(_untold())
            .order_by(col(MessageReply.id))
            .limit(limit)
            .with_for_update(skip_locked=True, of=MessageReply)
        )
        news = [
            ReplyNews(
                reply.id, slug, reply.lead_id, reply.campaign_id, reply.agent_id, reply.channel, reply.kind
            )
            for reply, slug in await read(self.session, wanted)
        ]
        if ids := [each.reply_id for each in news]:
            told = update(MessageReply).where(col(MessageReply.id).in_(ids)).values(untold=False)
            await write(self.session, told)
        return news

    # --- persons --------------------------------------------------------------------------------

    async def of_person(
        self, lead_ids: Collection[int], addresses: Collection[str], client_id: int | None = None
    ) -> list[MessageReply]:
        """What the leads have written, and what came from these addresses, to one client or to any."""
        found: dict[int, MessageReply] = {}
        for chunk in chunks(sorted(lead_ids)):
            of_leads = select(MessageReply).where(among(self.session, col(MessageReply.lead_id), chunk))
            found |= {each.id: each for each in (await read(self.session, of_leads)).scalars()}
        clients = [client_id] if client_id is not None else await self.client_ids()
        for each in clients if addresses else ():
            of_address = select(MessageReply).where(
                col(MessageReply.client_id) == each, col(MessageReply.from_address).in_(sorted(addresses))
            )
            found |= {reply.id: reply for reply in (await read(self.session, of_address)).scalars()}
        return [found[each] for each in sorted(found)]

    async def erase(self, reply_ids: Collection[int]) -> None:
        """Leaves of replies when they came and what they ended, but neither who wrote nor what."""
        for chunk in chunks(sorted(reply_ids)):
            emptied = update(MessageReply).where(col(MessageReply.id).in_(chunk))
            await write(self.session, emptied.values(text="", from_address="", provider_id=""))

    async def erase_links(self, lead_ids: Collection[int]) -> None:
        """Forget where the links in messages to leads lead, which may hold what the leads' fields hold."""
        for chunk in chunks(sorted(lead_ids)):
            theirs = select(col(Message.id)).where(among(self.session, col(Message.lead_id), chunk))
            await write(self.session, delete(MessageLink).where(col(MessageLink.message_id).in_(theirs)))


def _untold() -> Any:
    # Spelled out: only so is the partial index used.
    return literal_column("untold")
