"""Whose a call is that comes: which campaign shows the number that was called, and which lead calls."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_, select
from sqlmodel import col

from campaigns.stores.shared import Session, placed_by_us, read
from campaigns.tables import Attempt, CallerId, CallerIdGroup, CallerIdMember, Campaign, CampaignList
from leads.tables import Lead, Phone, ZoneGroup


@dataclass(frozen=True, slots=True)
class CallingLead:
    """A lead at the number that it calls from; what `jurisdiction.place_of` and the clocks need."""

    lead_id: int
    phone_id: int
    list_id: int
    phone_region: str
    country: str
    region: str
    language: str
    zones: tuple[str, ...]


class InboundStore:
    """Reads who calls whom."""

    def __init__(self, session: Session, running: Collection[int] | None) -> None:
        """`running`: the campaigns that run on this node; None: those that are paused and tell callers so."""
        self._session = session
        self._running = None if running is None else sorted(running)

    async def campaign_of_last_call(self, caller: str, called: str) -> Campaign | None:
        """The campaign whose newest call to the caller showed that number, of those that take calls now."""
        wanted = (
            select(Campaign)
            .join(Attempt, col(Attempt.campaign_id) == col(Campaign.id))
            .where(
                placed_by_us(),
                col(Attempt.e164) == caller,
                col(Attempt.caller_id) == called,
                self._takes_calls(),
            )
            .order_by(col(Attempt.id).desc())
            .limit(1)
        )
        return (await read(self._session, wanted)).scalars().first()

    async def campaigns_showing(self, called: str) -> list[Campaign]:
        """The campaigns whose calls may show that number, of those that take calls now; by id."""
        wanted = select(Campaign).where(self._takes_calls(), _shows(called)).order_by(col(Campaign.id))
        return list((await read(self._session, wanted)).scalars())

    async def is_ours(self, called: str) -> bool:
        """Whether a client has that number, or a campaign showed it, whatever it does now."""
        held = select(literal(1)).where(col(CallerId.e164) == called, col(CallerId.retired_at).is_(None))
        shown = select(literal(1)).where(col(Campaign.caller_id) == called)
        wanted = select(or_(held.exists(), shown.exists()))
        return bool((await read(self._session, wanted)).scalar_one())

    async def lead_last_called(self, client_id: int, caller: str) -> CallingLead | None:
        """The lead of the client's newest call to that number, or from it; not one that was erased."""
        of_client = select(col(Campaign.id)).where(col(Campaign.client_id) == client_id)
        wanted = (
            select(col(Attempt.lead_id))
            .join(Lead, col(Lead.id) == col(Attempt.lead_id))
            .where(
                col(Attempt.e164) == caller,
                col(Attempt.campaign_id).in_(of_client),
                col(Lead.erased_at).is_(None),
            )
            .order_by(col(Attempt.id).desc())
            .limit(1)
        )
        lead_id = (await read(self._session, wanted)).scalar_one_or_none()
        return None if lead_id is None else await self._lead(col(Phone.lead_id) == lead_id, caller)

    async def lead_in_lists(self, campaign_id: int, caller: str) -> CallingLead | None:
        """The first lead of the campaign's lists with that number."""
        lists = select(col(CampaignList.list_id)).where(col(CampaignList.campaign_id) == campaign_id)
        return await self._lead(col(Phone.list_id).in_(lists), caller)

    def _takes_calls(self) -> ColumnElement[bool]:
        on = col(Campaign.inbound) == "on"
        if self._running is None:
            return and_(on, col(Campaign.state) == "paused", col(Campaign.inbound_message) != "")
        return and_(on, col(Campaign.state) == "running", col(Campaign.id).in_(self._running))

    async def _lead(self, whose: ColumnElement[bool], caller: str) -> CallingLead | None:
        wanted: Any = (
            select(
                col(Lead.id).label("lead_id"),
                col(Phone.id).label("phone_id"),
                col(Lead.list_id),
                col(Phone.region).label("phone_region"),
                col(Lead.country),
                col(Lead.region),
                col(Lead.language),
                col(ZoneGroup.zones),
            )
            .select_from(Phone)
            .join(Lead, col(Lead.id) == col(Phone.lead_id))
            .join(ZoneGroup, col(ZoneGroup.id) == col(Phone.zone_group_id))
            .where(col(Phone.e164) == caller, whose)
            .order_by(col(Lead.id), col(Phone.position))
            .limit(1)
        )
        row = (await read(self._session, wanted)).first()
        if row is None:
            return None
        known = {each.name: getattr(row, each.name) for each in fields(CallingLead)}
        return CallingLead(**known | {"zones": tuple(row.zones)})


def _shows(called: str) -> ColumnElement[bool]:
    in_group = (
        select(literal(1))
        .select_from(CallerIdGroup)
        .join(CallerIdMember, col(CallerIdMember.group_id) == col(CallerIdGroup.id))
        .join(CallerId, col(CallerId.id) == col(CallerIdMember.number_id))
        .where(
            col(CallerIdGroup.client_id) == col(Campaign.client_id),
            col(CallerIdGroup.name) == col(Campaign.caller_id_group),
            col(CallerId.e164) == called,
        )
        .correlate(Campaign)
        .exists()
    )
    return or_(col(Campaign.caller_id) == called, in_group)
