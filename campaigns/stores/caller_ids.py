"""Clients' caller IDs and their groups, in the database."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from campaigns.core.caller_ids import HELD_BY
from campaigns.errors import CallerIdExistsError, CallerIdGroupNotFoundError, CallerIdNotFoundError
from campaigns.stores.shared import Session, in_state, read, write
from campaigns.tables import CallerId, CallerIdGroup, CallerIdMember, Campaign, CampaignLead
from leads.stores.shared import insert_missing
from leads.tables import UtcDateTime


class CallerIdStore:
    """Numbers that clients have, and the groups that campaigns choose among."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, number: CallerId) -> CallerId:
        """Records a number. Raises CallerIdExistsError where it is on record as somebody's now."""
        self.session.add(number)
        try:
            await self.session.flush()
        except IntegrityError as error:
            message = f"The caller ID {number.e164} is on record already; it is one client's at a time."
            raise CallerIdExistsError(message) from error
        return number

    async def holder(self, e164: str) -> CallerId | None:
        """The record of the client whose number it is now; None where nobody has it."""
        wanted = select(CallerId).where(col(CallerId.e164) == e164, col(CallerId.retired_at).is_(None))
        return (await read(self.session, wanted)).scalars().one_or_none()

    async def of_client(self, client_id: int, e164: str) -> CallerId:
        """The client's record of a number that it has now. Raises CallerIdNotFoundError."""
        found = await self.holder(e164)
        if found is None or found.client_id != client_id:
            raise CallerIdNotFoundError(f"The client has no caller ID {e164}; `caller-id list` shows them.")
        return found

    async def page(self, client_id: int, group: str | None, *, retired: bool) -> Sequence[CallerId]:
        """A client's numbers, or those of one group of it; with `retired`, those that it had as well."""
        wanted = select(CallerId).where(col(CallerId.client_id) == client_id)
        if not retired:
            wanted = wanted.where(col(CallerId.retired_at).is_(None))
        if group is not None:
            members = select(col(CallerIdMember.number_id)).where(
                col(CallerIdMember.group_id) == (await self.group(client_id, group)).id
            )
            wanted = wanted.where(col(CallerId.id).in_(members))
        rows = await read(self.session, wanted.order_by(col(CallerId.e164), col(CallerId.id)))
        return rows.scalars().all()

    async def retire(self, number: CallerId, now: datetime) -> None:
        """The client has the number no longer: it is in no group, and free for another client."""
        number.retired_at = now
        await write(self.session, delete(CallerIdMember).where(col(CallerIdMember.number_id) == number.id))
        await self.session.flush()

    async def ensure_group(self, client_id: int, name: str) -> CallerIdGroup:
        """The client's group of that name; made if there is none yet."""
        await insert_missing(self.session, CallerIdGroup, [{"client_id": client_id, "name": name}])
        return await self.group(client_id, name)

    async def group(self, client_id: int, name: str) -> CallerIdGroup:
        """The client's group of that name. Raises CallerIdGroupNotFoundError."""
        wanted = select(CallerIdGroup).where(
            col(CallerIdGroup.client_id) == client_id, col(CallerIdGroup.name) == name
        )
        found: CallerIdGroup | None = (await read(self.session, wanted)).scalars().one_or_none()
        if found is None:
            raise CallerIdGroupNotFoundError(
                f"The client has no group of caller IDs {name[:100]!r}; `caller-id group` makes one."
            )
        return found

    async def groups(self, client_id: int) -> list[tuple[str, int]]:
        """The client's groups by name, each with how many numbers it has."""
        wanted = (
            select(col(CallerIdGroup.name), func.count(col(CallerIdMember.number_id)))
            .outerjoin(CallerIdMember, col(CallerIdMember.group_id) == col(CallerIdGroup.id))
            .where(col(CallerIdGroup.client_id) == client_id)
            .group_by(col(CallerIdGroup.id), col(CallerIdGroup.name))
            .order_by(col(CallerIdGroup.name))
        )
        return [(name, count) for name, count in await read(self.session, wanted)]

    async def groups_of(self, client_id: int) -> dict[int, list[str]]:
        """The client's numbers, by the id of their record, to the groups that they are in."""
        wanted = (
            select(col(CallerIdMember.number_id), col(CallerIdGroup.name))
            .join(CallerIdGroup, col(CallerIdGroup.id) == col(CallerIdMember.group_id))
            .where(col(CallerIdGroup.client_id) == client_id)
            .order_by(col(CallerIdGroup.name))
        )
        found: dict[int, list[str]] = {}
        for number_id, name in await read(self.session, wanted):
            found.setdefault(number_id, []).append(name)
        return found

    async def put_in(self, group: CallerIdGroup, numbers: Iterable[CallerId]) -> None:
        """Puts the client's numbers in a group of it; one that is in it stays."""
        rows = [
            {"group_id": group.id, "number_id": each.id, "client_id": group.client_id} for each in numbers
        ]
        if rows:
            await insert_missing(self.session, CallerIdMember, rows)

    async def take_out(self, group: CallerIdGroup, numbers: Iterable[CallerId]) -> None:
        """Takes numbers out of a group."""
        ids = [each.id for each in numbers]
        mine = col(CallerIdMember.group_id) == group.id
        await write(self.session, delete(CallerIdMember).where(mine, col(CallerIdMember.number_id).in_(ids)))

    async def wake(self, e164: str, now: datetime, reasons: Collection[str] = tuple(HELD_BY)) -> None:
        """Has the leads asked about again that wait for a caller ID in campaigns that may show this one."""
        await self._wake(col(CampaignLead.campaign_id).in_(_campaigns_with(e164)), now, reasons)

    async def wake_campaign(self, campaign_id: int, now: datetime) -> None:
        """Has the leads of a campaign asked about again that wait for a caller ID."""
        await self._wake(col(CampaignLead.campaign_id) == campaign_id, now, tuple(HELD_BY))

    async def _wake(self, mine: ColumnElement[bool], now: datetime, reasons: Collection[str]) -> None:
        await write(
            self.session,
            update(CampaignLead)
            .where(mine, in_state("waiting"), col(CampaignLead.reason).in_(reasons))
            .values(due_at=literal(now, UtcDateTime())),
        )


def _campaigns_with(e164: str) -> ColumnElement[int]:
    """The campaigns whose one caller ID it is, or whose group has it."""
    in_group = (
        select(col(CallerIdGroup.id))
        .join(CallerIdMember, col(CallerIdMember.group_id) == col(CallerIdGroup.id))
        .join(CallerId, col(CallerId.id) == col(CallerIdMember.number_id))
        .where(
            col(CallerIdGroup.client_id) == col(Campaign.client_id),
            col(CallerIdGroup.name) == col(Campaign.caller_id_group),
            col(CallerId.e164) == e164,
        )
        .exists()
    )
    return select(col(Campaign.id)).where(or_(col(Campaign.caller_id) == e164, in_group)).scalar_subquery()
