"""What has been between a client and a person, in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, or_
from sqlmodel import col, select

from campaigns.core.sales import Sold
from campaigns.core.tiers import HANDED_OVER
from campaigns.errors import AttemptNotFoundError
from campaigns.stores.sales import SaleStore
from campaigns.stores.shared import Session
from campaigns.tables import Agent, Appointment, Attempt, CallStep, Campaign
from leads.tables import Lead, LeadList


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call to the person, or (`direction` "in") of the person to us, which has the number 0.

    `talk_s` is how long an agent talked with them, None where none did.
    """

    attempt_id: int
    direction: str
    campaign_id: int
    campaign: str
    lead_id: int
    number: int
    phone: str
    placed_at: datetime
    outcome: str
    disposition: str
    disposition_label: str
    notes: str
    sale: list[dict[str, Any]]
    """What was sold, a line each."""
    agent: str
    talk_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAppointment:
    """An appointment of the person, also one to come; `zone` is that on whose clock they were told of it."""

    appointment_id: int
    campaign: str
    state: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    notes: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """By whom a call was given on, when, and what they noted for whoever gets it."""

    by: str
    at: datetime
    notes: str


class LeadHistoryStore:
    """Calls to a lead, and to its numbers under whichever lead they were."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def call(self, attempt_id: int) -> tuple[Attempt, Campaign]:
        """A call and its campaign, to look at. Raises AttemptNotFoundError."""
        wanted = (
            select(Attempt, Campaign)
            .join(Campaign, col(Campaign.id) == Attempt.campaign_id)
            .where(Attempt.id == attempt_id)
        )
        found = (await self.session.exec(wanted)).first()
        if found is None:
            raise AttemptNotFoundError(f"There is no attempt {attempt_id}.")
        return found

    async def handed_over(self, attempt_id: int) -> HandedOver | None:
        """Who gave the call on last, with notes if there are any; None for a call that nobody gave on."""
        wanted = (
            select(CallStep, col(Agent.name))
            .join(Agent, col(Agent.id) == CallStep.agent_id)
            .where(CallStep.attempt_id == attempt_id, col(CallStep.kind).in_(HANDED_OVER))
            .order_by(case((col(CallStep.notes) == "", 1), else_=0), col(CallStep.id).desc())
            .limit(1)
        )
        found = (await self.session.exec(wanted)).first()
        return None if found is None else HandedOver(by=found[1], at=found[0].at, notes=found[0].notes)

    async def appointments(self, lead_id: int, limit: int) -> list[PastAppointment]:
        """The newest `limit` of them, the newest first."""
        wanted = (
            select(Appointment, col(Campaign.name), col(Agent.name))
            .join(Campaign, col(Campaign.id) == Appointment.campaign_id)
            .outerjoin(Agent, col(Agent.id) == Appointment.agent_id)
            .where(Appointment.lead_id == lead_id)
            .order_by(col(Appointment.id).desc())
            .limit(limit)
        )
        return [_appointment(*row) for row in (await self.session.exec(wanted)).all()]

    async def client_of(self, lead_id: int) -> int:
        """Whose lead it is; the lead is there."""
        wanted = select(LeadList.client_id).join(Lead, col(Lead.list_id) == LeadList.id)
        return (await self.session.exec(wanted.where(Lead.id == lead_id))).one()

    async def calls(
        self, client_id: int, lead_id: int, numbers: Collection[str], before: int, limit: int
    ) -> list[PastCall]:
        """The newest `limit` of them for that client, with an attempt id below `before`, the newest first."""
        wanted = (
            select(Attempt, col(Campaign.name), col(Agent.name))
            .join(Campaign, col(Campaign.id) == Attempt.campaign_id)
            .outerjoin(Agent, col(Agent.id) == Attempt.agent_id)
            .where(
                Campaign.client_id == client_id,
                Attempt.id < before,
                or_(col(Attempt.lead_id) == lead_id, col(Attempt.e164).in_(numbers)),
            )
            .order_by(col(Attempt.id).desc())
            .limit(limit)
        )
        rows = (await self.session.exec(wanted)).all()
        sales = await SaleStore(self.session).of([attempt.id for attempt, _, _ in rows])
        return [_past(*row, sales.get(row[0].id, ())) for row in rows]


def _appointment(row: Appointment, campaign: str, agent: str | None) -> PastAppointment:
    return PastAppointment(
        appointment_id=row.id,
        campaign=campaign,
        state=row.state,
        reason=row.reason,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        zone=row.zone,
        notes=row.notes,
        agent=agent or "",
    )


def _past(attempt: Attempt, campaign: str, agent: str | None, sale: Sequence[Sold]) -> PastCall:
    talk = None
    if attempt.connected_at is not None and attempt.ended_at is not None:
        talk = attempt.ended_at - attempt.connected_at
    return PastCall(
        attempt_id=attempt.id,
        direction=attempt.direction,
        campaign_id=attempt.campaign_id,
        campaign=campaign,
        lead_id=attempt.lead_id,
        number=attempt.number,
        phone=attempt.e164,
        placed_at=attempt.placed_at,
        outcome=attempt.outcome,
        disposition=attempt.disposition,
        disposition_label=attempt.disposition_label,
        notes=attempt.notes,
        sale=[each.to_json() for each in sale],
        agent=agent or "",
        talk_s=None if talk is None else talk.total_seconds(),
    )
