"""Reads what an audit of a campaign is made of, some at a time; never writes."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, text, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from campaigns.stores.shared import Session, placed_by_us, read
from campaigns.tables import AnswerTally, Attempt, Campaign, DenialTally, RuleSet
from leads.stores.shared import chunks
from leads.tables import DncEntry, DncList


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One attempt. `e164` is empty where the number is no longer kept."""

    id: int
    placed_at: datetime
    e164: str
    permit: dict[str, object]
    country: str
    outcome: str
    disposition: str
    disposition_flags: int
    disposition_at: datetime | None
    message_at: datetime | None
    sip_status: int | None
    ended_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    debt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denials:
    """How many times compliance denied a call on one day (UTC) for one reason of one rule."""

    day: date
    rule: str
    code: str
    denials: int


class AuditStore:
    """What is on record of one campaign and its client."""

    def __init__(self, session: Session, campaign: Campaign) -> None:
        self._session = session
        self._campaign = campaign

    async def calls(self, start: datetime, end: datetime, after: int, limit: int) -> list[RecordedCall]:
        """The campaign's next `limit` attempts after one that were placed from `start` until before `end`."""
        wanted = (
            select(
                col(Attempt.id),
                col(Attempt.placed_at),
                col(Attempt.e164),
                col(Attempt.permit),
                col(Attempt.country),
                col(Attempt.outcome),
                col(Attempt.disposition),
                col(Attempt.disposition_flags),
                col(Attempt.disposition_at),
                col(Attempt.message_at),
                col(Attempt.sip_status),
                col(Attempt.ended_at),
                col(Attempt.answered_at),
                col(Attempt.connected_at),
                col(Attempt.debt),
            )
            .where(
                placed_by_us(),
                col(Attempt.campaign_id) == self._campaign.id,
                col(Attempt.id) > after,
                col(Attempt.placed_at) >= start,
                col(Attempt.placed_at) < end,
            )
            .order_by(col(Attempt.id))
            .limit(limit)
        )
        return [RecordedCall(*row) for row in await read(self._session, wanted)]

    async def placed(
        self, e164s: Collection[str], since: datetime, until: datetime
    ) -> dict[str, list[datetime]]:
        """When each number was called for the client, in order, from `since` until `until`."""
        return await self._placed(col(Attempt.e164), e164s, since, until, true())

    async def placed_about(
        self, debts: Collection[str], since: datetime, until: datetime
    ) -> dict[str, list[datetime]]:
        """When the client called about each debt, in order, from `since` until `until`."""
        # Spelled out, so that the partial index of debts is used.
        return await self._placed(col(Attempt.debt), debts, since, until, text("attempt.debt <> ''"))

    async def _placed(
        self, column: Any, values: Collection[str], since: datetime, until: datetime, narrower: Any
    ) -> dict[str, list[datetime]]:
        found: dict[str, list[datetime]] = {value: [] for value in values}
        for chunk in chunks(sorted(values)):
            wanted = (
                select(column, col(Attempt.placed_at))
                .where(
                    placed_by_us(),
                    column.in_(chunk),
                    narrower,
                    col(Attempt.placed_at) >= since,
                    col(Attempt.placed_at) <= until,
                    col(Attempt.campaign_id).in_(self._campaigns_of_client()),
                )
                .order_by(col(Attempt.placed_at))
            )
            for value, placed_at in await read(self._session, wanted):
                found[value].append(placed_at)
        return found

    async def calls_after(self, asked: Mapping[int, datetime]) -> dict[int, int]:
        """Attempt to how many calls to its number were placed for the client after it `asked`."""
        first, later = aliased(Attempt), aliased(Attempt)
        same_number = and_(col(later.e164) == col(first.e164), col(first.e164) != "")
        found: Counter[int] = Counter()
        for chunk in chunks(sorted(asked)):
            wanted = (
                select(col(first.id), col(later.placed_at))
                .join(later, and_(same_number, col(later.placed_at) > col(first.placed_at)))
                .where(col(first.id).in_(chunk), placed_by_us(later))
                .where(col(later.campaign_id).in_(self._campaigns_of_client()))
            )
            found.update(number for number, at in await read(self._session, wanted) if at > asked[number])
        return dict(found)

    async def entered_by(self, numbers: Mapping[int, str]) -> dict[int, datetime]:
        """Attempt to when it put its number on the client's do-not-call list, for `numbers` by attempt."""
        found: dict[int, datetime] = {}
        for chunk in chunks(sorted(set(numbers.values()))):
            wanted = (
                select(col(DncEntry.source), col(DncEntry.created_at))
                .join(DncList, col(DncList.id) == col(DncEntry.list_id))
                .where(
                    col(DncEntry.e164).in_(chunk),
                    col(DncList.level) == "client",
                    col(DncList.owner_id) == self._campaign.client_id,
                )
            )
            for source, created_at in await read(self._session, wanted):
                kind, _, number = source.partition(" ")
                if kind == "attempt" and number.isdecimal() and int(number) in numbers:
                    found[int(number)] = created_at
        return found

    async def listed_since(self, e164s: Collection[str]) -> dict[str, datetime]:
        """Number to when it first came on a do-not-call list that binds the campaign."""
        owners = {"everyone": 0, "client": self._campaign.client_id, "campaign": self._campaign.id}
        binds = or_(
            *(
                and_(col(DncList.level) == level, col(DncList.owner_id) == owner)
                for level, owner in owners.items()
            )
        )
        found: dict[str, datetime] = {}
        for chunk in chunks(sorted(e164s)):
            wanted = (
                select(col(DncEntry.e164), func.min(col(DncEntry.created_at)))
                .join(DncList, col(DncList.id) == col(DncEntry.list_id))
                .where(col(DncEntry.e164).in_(chunk), binds)
                .group_by(col(DncEntry.e164))
            )
            found |= {row[0]: row[1] for row in await read(self._session, wanted)}
        return found

    async def denials(self, first: date, last: date) -> list[Denials]:
        """The campaign's denials from one day to another, both included."""
        wanted = (
            select(
                col(DenialTally.day),
                col(DenialTally.rule),
                col(DenialTally.code),
                col(DenialTally.denials),
            )
            .where(
                col(DenialTally.campaign_id) == self._campaign.id,
                col(DenialTally.day) >= first.isoformat(),
                col(DenialTally.day) <= last.isoformat(),
            )
            .order_by(col(DenialTally.day), col(DenialTally.rule), col(DenialTally.code))
        )
        return [
            Denials(day=date.fromisoformat(day), rule=rule, code=code, denials=count)
            for day, rule, code, count in await read(self._session, wanted)
        ]

    async def answered_between(self, country: str) -> tuple[datetime, datetime]:
        """When the first and the last quarter of an hour began in which somebody of a country answered.

        It is one of those that `AnswerStore.countries` gave.
        """
        quarter = col(AnswerTally.quarter)
        wanted = select(func.min(quarter), func.max(quarter)).where(
            col(AnswerTally.campaign_id) == self._campaign.id, col(AnswerTally.country) == country
        )
        first, last = (await read(self._session, wanted)).one()
        return first, last

    async def rule_sets(self, fingerprints: Collection[str]) -> dict[str, RuleSet]:
        """Fingerprint to what it stands for; those that are not on record are left out."""
        found: dict[str, RuleSet] = {}
        for chunk in chunks(sorted(fingerprints)):
            wanted = select(RuleSet).where(col(RuleSet.fingerprint).in_(chunk))
            found |= {each.fingerprint: each for (each,) in await read(self._session, wanted)}
        return found

    def _campaigns_of_client(self) -> Select[int]:
        return select(col(Campaign.id)).where(col(Campaign.client_id) == self._campaign.client_id)
