"""How the trunks of each node are, in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from campaigns.stores.shared import Session, write
from campaigns.tables import TrunkNow
from leads.stores.shared import insert_into


class TrunkStore:
    """A row a trunk of a node."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def save(self, node: str, at: datetime, states: Mapping[str, Mapping[str, Any]]) -> None:
        """Writes how a node's trunks are; those that it has no more are taken away."""
        others = col(TrunkNow.trunk).not_in(list(states))
        await write(self.session, delete(TrunkNow).where(col(TrunkNow.node) == node, others))
        for trunk, state in states.items():
            keys = {"node": node, "trunk": trunk}
            now = {"at": at, "state": dict(state)}
            insert = insert_into(self.session, TrunkNow).values(**keys, **now)
            await write(self.session, insert.on_conflict_do_update(index_elements=list(keys), set_=now))

    async def standings(self) -> Sequence[TrunkNow]:
        """Every node's trunks, as they were when the node looked last."""
        wanted = select(TrunkNow).order_by(col(TrunkNow.node), col(TrunkNow.trunk))
        return (await self.session.exec(wanted)).all()
