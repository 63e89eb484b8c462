"""What clients' people hear who answer and get no agent, in the database."""

from collections.abc import Collection

from sqlmodel import col, select

from campaigns.core.abandoned_message import AbandonedMessage
from campaigns.stores.shared import Session, read
from campaigns.tables import AbandonedMessage as Row
from campaigns.tables import Prompt


class AbandonedMessageStore:
    """A client's messages by country and language."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def of(self, client_ids: Collection[int]) -> dict[int, tuple[AbandonedMessage, ...]]:
        """The messages of each of the clients."""
        wanted = (
            select(Row, Prompt)
            .join(Prompt, col(Prompt.id) == col(Row.prompt_id))
            .where(col(Row.client_id).in_(client_ids))
            .order_by(col(Row.country), col(Row.language))
        )
        found: dict[int, tuple[AbandonedMessage, ...]] = dict.fromkeys(client_ids, ())
        for row, prompt in await read(self.session, wanted):
            each = AbandonedMessage(row.country, row.language, prompt.name)
            found[row.client_id] = (*found[row.client_id], each)
        return found

    async def set(self, client_id: int, country: str, language: str, prompt_id: int) -> None:
        """Has a prompt played in a country and language, in place of what was there."""
        row = Row(client_id=client_id, country=country, language=language, prompt_id=prompt_id)
        await self.session.merge(row)
        await self.session.flush()

    async def unset(self, client_id: int, country: str, language: str) -> bool:
        """Takes a message out; whether there was one."""
        found = await self.session.get(Row, (client_id, country, language))
        if found is not None:
            await self.session.delete(found)
            await self.session.flush()
        return found is not None

    async def plays(self, prompt_id: int) -> bool:
        """Whether a prompt is one of them."""
        wanted = select(col(Row.client_id)).where(Row.prompt_id == prompt_id).limit(1)
        return (await read(self.session, wanted)).first() is not None
