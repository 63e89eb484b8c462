"""What the pacers of each node last decided, and why, in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from campaigns.stores.shared import Session, write
from campaigns.tables import PacingNow
from leads.stores.shared import insert_into


class PacingStore:
    """A campaign's pacing, a row a node."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def save(self, campaign_id: int, node: str, at: datetime, state: Mapping[str, Any]) -> None:
        """Writes what a node's pacer thinks, in place of what it thought before."""
        keys = {"campaign_id": campaign_id, "node": node}
        now = {"at": at, "state": dict(state)}
        insert = insert_into(self.session, PacingNow).values(**keys, **now)
        await write(self.session, insert.on_conflict_do_update(index_elements=list(keys), set_=now))

    async def of(self, campaign_id: int) -> Sequence[PacingNow]:
        """What each node's pacer last thought, by node."""
        wanted = select(PacingNow).where(PacingNow.campaign_id == campaign_id)
        return (await self.session.exec(wanted.order_by(col(PacingNow.node)))).all()
