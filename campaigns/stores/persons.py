"""What the campaigns room knows of a person, by phone, in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.engine import CursorResult
from sqlmodel import col, select

from campaigns.stores.shared import Session
from campaigns.tables import Attempt, AttemptAnswer, CallStep, Campaign, CampaignLead
from leads.stores.shared import chunks

ERASED = "erased"
"""Why a lead is final that was erased before it had come to its end."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a person may have left some: calls to the number or to the leads, at one client or all (None)."""

    e164: str
    lead_ids: Sequence[int]
    client_id: int | None


class PersonStore:
    """The calls to a person, and how far campaigns have come with their leads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def attempts(self, traces: Traces) -> list[Attempt]:
        """Every call to the number or to one of the leads."""
        found: dict[int, Attempt] = {}
        columns = ((col(Attempt.e164), [traces.e164]), (col(Attempt.lead_id), traces.lead_ids))
        for column, values in columns:
            for chunk in chunks(values):
                query = select(Attempt).where(column.in_(chunk))
                if traces.client_id is not None:
                    mine = select(Campaign.id).where(Campaign.client_id == traces.client_id)
                    query = query.where(col(Attempt.campaign_id).in_(mine))
                found |= {each.id: each for each in (await self._session.exec(query)).all()}
        return [found[each] for each in sorted(found)]

    async def answers(self, attempt_ids: Sequence[int]) -> dict[int, dict[str, str]]:
        """What was answered in menus: by call, question to key."""
        found: dict[int, dict[str, str]] = {}
        for chunk in chunks(attempt_ids):
            query = select(AttemptAnswer).where(col(AttemptAnswer.attempt_id).in_(chunk))
            for each in (await self._session.exec(query)).all():
                found.setdefault(each.attempt_id, {})[each.question] = each.key
        return found

    async def campaign_ids(self, client_id: int) -> frozenset[int]:
        """The client's campaigns."""
        query = select(Campaign.id).where(Campaign.client_id == client_id)
        return frozenset((await self._session.exec(query)).all())

    async def progress(self, lead_ids: Sequence[int]) -> list[CampaignLead]:
        """How far each campaign has come with each of the leads; nobody changes it in this transaction."""
        found: list[CampaignLead] = []
        for chunk in chunks(lead_ids):
            query = select(CampaignLead).where(col(CampaignLead.lead_id).in_(chunk)).with_for_update()
            found += (await self._session.exec(query)).all()
        return sorted(found, key=lambda row: (row.campaign_id, row.lead_id))

    async def finish(self, lead_ids: Sequence[int]) -> int:
        """Has no campaign call the leads any more; how many that ends. What was final stays as it ended."""
        finished = 0
        for chunk in chunks(lead_ids):
            mine = update(CampaignLead).where(col(CampaignLead.lead_id).in_(chunk))
            ended = {"state": "final", "reason": ERASED, "claimed_until": None}
            done: CursorResult[Any] = await self._session.exec(
                mine.where(col(CampaignLead.state) != "final").values(ended)
            )
            finished += done.rowcount
            await self._session.exec(mine.values(denial=None))
        return finished

    async def erase_attempts(self, attempt_ids: Sequence[int]) -> None:
        """Leaves of calls when they were and how they went, but neither the number nor what was noted."""
        for chunk in chunks(attempt_ids):
            erasure = update(Attempt).where(col(Attempt.id).in_(chunk))
            await self._session.exec(erasure.values(e164="", notes="", debt="", sip_reason=""))
            steps = update(CallStep).where(col(CallStep.attempt_id).in_(chunk))
            await self._session.exec(steps.values(notes=""))
