"""Messages in the database."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from campaigns.stores.shared import Session
from campaigns.tables import Message
from leads.stores.shared import insert_missing


class MessageStore:
    """Messages to people, of every client that the session sees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, rows: Sequence[dict[str, Any]]) -> int:
        """Adds those that are not there yet, each one a step of a lead for a cause; how many those were."""
        return await insert_missing(self._session, Message, rows) if rows else 0

    async def of_step(
        self, lead_id: int, campaign_id: int | None, step: str, cause: str
    ) -> Message | None:
        """The message that a lead has for a step and a cause."""
        wanted = select(Message).where(
            Message.lead_id == lead_id,
            col(Message.campaign_id).is_not_distinct_from(campaign_id),
            Message.step == step,
            Message.cause == cause,
        )
        return (await self._session.exec(wanted)).first()
