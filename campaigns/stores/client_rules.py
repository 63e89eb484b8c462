"""A client's limits, exemptions and closed days in the database."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import col, select

from campaigns.core.client_limits import NO_LIMITS, ClientLimits
from campaigns.core.policy import Exemption as PolicyExemption
from campaigns.errors import ExemptionNotFoundError
from campaigns.stores.shared import Session
from campaigns.tables import ClientLimit, ClosedDay, Exemption


class ClientRulesStore:
    """What a client asks beyond the laws, and from which of their rules it is exempt."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add_exemption(self, exemption: Exemption) -> Exemption:
        """Records an exemption; its number is known then."""
        self.session.add(exemption)
        await self.session.flush()
        return exemption

    async def exemption(self, exemption_id: int) -> Exemption:
        """Raises ExemptionNotFoundError."""
        exemption = await self.session.get(Exemption, exemption_id)
        if exemption is None:
            raise ExemptionNotFoundError(f"There is no exemption {exemption_id}.")
        return exemption

    async def exemptions(self, client_id: int) -> Sequence[Exemption]:
        """All of a client's exemptions, ended ones too, as they were recorded."""
        wanted = select(Exemption).where(Exemption.client_id == client_id).order_by(col(Exemption.id))
        return (await self.session.exec(wanted)).all()

    async def exempt_from(self, client_id: int) -> tuple[PolicyExemption, ...]:
        """The exemptions that hold now."""
        found = [each for each in await self.exemptions(client_id) if each.ended_at is None]
        return tuple(PolicyExemption(each.rule_id, each.granted_by, each.reference) for each in found)

    async def set_limits(self, client_id: int, limits: ClientLimits, now: datetime) -> None:
        """Replaces what the client asks of all its campaigns."""
        await self.session.merge(ClientLimit(client_id=client_id, limits=limits.to_json(), recorded_at=now))
        await self.session.flush()

    async def limits(self, client_id: int) -> ClientLimits:
        """What the client asks of all its campaigns."""
        kept = await self.session.get(ClientLimit, client_id, populate_existing=True)
        return NO_LIMITS if kept is None else ClientLimits.parse(kept.limits)

    async def close(self, client_id: int, campaign_id: int | None, day: date, name: str) -> ClosedDay:
        """Closes a date; one that is closed gets the name."""
        closed = await self._closed(client_id, campaign_id, day)
        if closed is None:
            closed = ClosedDay(client_id=client_id, campaign_id=campaign_id, day=day.isoformat())
        closed.name = name
        self.session.add(closed)
        await self.session.flush()
        return closed

    async def open(self, client_id: int, campaign_id: int | None, day: date) -> bool:
        """Opens a date again; whether it was closed."""
        closed = await self._closed(client_id, campaign_id, day)
        if closed is not None:
            await self.session.delete(closed)
        return closed is not None

    async def closed_days(self, client_id: int) -> Sequence[ClosedDay]:
        """The closed dates of a client and of its campaigns, in order."""
        wanted = select(ClosedDay).where(ClosedDay.client_id == client_id)
        return (await self.session.exec(wanted.order_by(col(ClosedDay.day), col(ClosedDay.id)))).all()

    async def closed_on(self, client_id: int, campaign_id: int) -> frozenset[date]:
        """The dates on which a campaign calls nobody."""
        found = await self.closed_days(client_id)
        return frozenset(
            date.fromisoformat(each.day) for each in found if each.campaign_id in (None, campaign_id)
        )

    async def _closed(self, client_id: int, campaign_id: int | None, day: date) -> ClosedDay | None:
        wanted = select(ClosedDay).where(
            ClosedDay.client_id == client_id,
            col(ClosedDay.campaign_id).is_not_distinct_from(campaign_id),
            ClosedDay.day == day.isoformat(),
        )
        return (await self.session.exec(wanted)).first()
