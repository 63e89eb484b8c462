"""The ways in which clients' messages go, in the database."""

from collections.abc import Sequence

from sqlmodel import col, select

from campaigns.errors import ChannelNotFoundError
from campaigns.stores.shared import Session
from campaigns.tables import MessageChannel


class MessageChannelStore:
    """Message channels, of every client that the session sees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, channel: MessageChannel) -> MessageChannel:
        """Records a channel; its number is known then."""
        self._session.add(channel)
        await self._session.flush()
        return channel

    async def get(self, channel_id: int) -> MessageChannel:
        """Raises ChannelNotFoundError."""
        found = await self._session.get(MessageChannel, channel_id)
        if found is None:
            raise ChannelNotFoundError(f"There is no message channel {channel_id}.")
        return found

    async def named(self, client_id: int, name: str) -> MessageChannel | None:
        """The client's channel of that name."""
        wanted = select(MessageChannel).where(
            MessageChannel.client_id == client_id, MessageChannel.name == name
        )
        return (await self._session.exec(wanted)).first()

    async def all(self, client_id: int | None = None) -> Sequence[MessageChannel]:
        """A client's channels, or everyone's, in the order in which they were added."""
        wanted = select(MessageChannel).order_by(col(MessageChannel.id))
        if client_id is not None:
            wanted = wanted.where(MessageChannel.client_id == client_id)
        return (await self._session.exec(wanted)).all()
