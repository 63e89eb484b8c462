"""What compliance looks at, in the database, and what it leaves there."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlmodel import col

from campaigns.core.attempt import IN, UNWANTED, ClaimedLead
from campaigns.core.disposition import Flag, flags_of
from campaigns.core.facts import PastAttempt
from campaigns.core.policy import Policy
from campaigns.stores.shared import Session, read, was_said, write
from campaigns.tables import Attempt, CallerIdRest, Campaign, DenialTally, RuleSet
from leads.stores.shared import chunks, insert_into, on_postgresql
from leads.tables import Lead, Phone, ZoneGroup

_LONGEST_DEBT = 100
_FIRST_REST = timedelta(hours=1)
_LATER_REST = timedelta(days=1)
_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(CAST(:names AS text[])) AS name"
)


async def lock_persons(
    session: Session, client_id: int, leads: Iterable[ClaimedLead], debts: Iterable[str]
) -> None:
    """Has others that are about to call one of these leads or numbers, or about one of these debts, for the
    client wait for our end.

    SQLite has one writer, who needs no lock.
    """
    if not on_postgresql(session):
        return
    names = {f"{client_id} {name}" for lead in leads for name in (lead.e164, f"lead {lead.lead_id}")}
    names |= {f"{client_id} debt {debt}" for debt in debts}
    # In one order for all, so that nobody waits in a circle.
    await read(session, _LOCK.bindparams(names=sorted(names)))


class ComplianceStore:
    """History, debts, resting caller IDs, rule sets, and tallies of denials."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def history(
        self,
        client_id: int,
        e164s: Collection[str],
        lead_ids: Collection[int],
        debts: Collection[str],
        since: datetime,
    ) -> list[PastAttempt]:
        """The client's attempts since then to any of the numbers or leads, or about any of the debts, and
        what such a person has called about.

        Opt-outs and calls that a network blocked come however old they are. Each comes once, in no order.
        """
        found: dict[int, PastAttempt] = {}
        of_client = select(col(Campaign.id)).where(col(Campaign.client_id) == client_id)
        # Spelled out, so that the partial index of debts is used.
        has_debt = text("attempt.debt <> ''")
        same: list[ColumnElement[bool]] = [
            *(col(Attempt.e164).in_(chunk) for chunk in chunks(sorted(e164s))),
            *(col(Attempt.lead_id).in_(chunk) for chunk in chunks(sorted(lead_ids))),
            *(and_(has_debt, col(Attempt.debt).in_(chunk)) for chunk in chunks(sorted(debts))),
        ]
        for_good = or_(
            col(Attempt.outcome) == "blocked",
            was_said(Flag.DNC),
            col(Attempt.sip_status) == UNWANTED,
        )
        for condition in same:
            wanted = select(
                col(Attempt.id),
                col(Attempt.placed_at),
                col(Attempt.outcome),
                col(Attempt.e164),
                col(Attempt.lead_id),
                col(Attempt.campaign_id),
                col(Attempt.subject),
                col(Attempt.debt),
                col(Attempt.ended_at),
                col(Attempt.connected_at),
                col(Attempt.disposition),
                col(Attempt.disposition_flags),
                col(Attempt.caller_id),
                col(Attempt.answered_at),
                col(Attempt.sip_status),
                col(Attempt.direction),
            ).where(
                condition,
                or_(col(Attempt.placed_at) >= since, for_good),
                col(Attempt.campaign_id).in_(of_client),
            )
            for row in await read(self.session, wanted):
                found[row.id] = _past(row)
        return list(found.values())

    async def debts(self, lead_ids: Collection[int], name: str) -> dict[int, str]:
        """Lead to what its custom field `name` says; leads that say nothing are left out."""
        found: dict[int, str] = {}
        for chunk in chunks(sorted(lead_ids)):
            wanted = select(col(Lead.id), col(Lead.custom)).where(col(Lead.id).in_(chunk))
            for row in await read(self.session, wanted):
                if name in row.custom:
                    found[row.id] = row.custom[name][:_LONGEST_DEBT]
        return found

    async def zones_of_phones(self, lead_ids: Collection[int]) -> dict[int, set[str]]:
        """Lead to the zones of all its phones."""
        found: dict[int, set[str]] = {}
        for chunk in chunks(sorted(lead_ids)):
            wanted = (
                select(col(Phone.lead_id), col(ZoneGroup.zones))
                .join(ZoneGroup, col(ZoneGroup.id) == col(Phone.zone_group_id))
                .where(col(Phone.lead_id).in_(chunk))
            )
            for lead_id, zones in await read(self.session, wanted):
                found.setdefault(lead_id, set()).update(zones)
        return found

    async def rest(self, caller_id: str, now: datetime, attempt_id: int) -> None:
        """A network blocked a caller ID: nobody is called from it for an hour, or a day where it is again."""
        row = await self.session.get(CallerIdRest, caller_id, populate_existing=True)
        if row is None:
            row = CallerIdRest(caller_id=caller_id, until=now + _FIRST_REST, attempt_id=attempt_id)
        elif now < row.until + _LATER_REST:
            row.until, row.attempt_id = max(row.until, now + _LATER_REST), attempt_id
        else:
            row.until, row.attempt_id = now + _FIRST_REST, attempt_id
        self.session.add(row)
        await self.session.flush()

    async def keep_rule_sets(self, policies: Collection[Policy], now: datetime) -> None:
        """Writes what each policy is made of, once."""
        known = {each.fingerprint: each for each in policies}
        wanted = select(col(RuleSet.fingerprint)).where(col(RuleSet.fingerprint).in_(sorted(known)))
        there = {row.fingerprint for row in await read(self.session, wanted)}
        rows = [
            {"fingerprint": fingerprint, "body": policy.to_json(), "first_used_at": now}
            for fingerprint, policy in sorted(known.items())
            if fingerprint not in there
        ]
        if rows:
            insert = insert_into(self.session, RuleSet).values(rows)
            await write(self.session, insert.on_conflict_do_nothing())

    async def tally_denials(
        self, campaign_id: int, day: date, denials: Mapping[tuple[str, str], int]
    ) -> None:
        """Counts denials by (rule, code)."""
        for (rule, code), count in sorted(denials.items()):
            values = {"campaign_id": campaign_id, "day": day.isoformat(), "rule": rule, "code": code}
            insert = insert_into(self.session, DenialTally).values(**values, denials=count)
            more = {"denials": col(DenialTally.denials) + count}
            await write(self.session, insert.on_conflict_do_update(index_elements=list(values), set_=more))


def _past(row: Any) -> PastAttempt:
    flags = flags_of(row.disposition_flags)
    return PastAttempt(
        at=row.placed_at,
        outcome=row.outcome,
        e164=row.e164,
        lead_id=row.lead_id,
        campaign_id=row.campaign_id,
        subject=row.subject,
        debt=row.debt,
        ended_at=row.ended_at,
        talked=row.connected_at is not None,
        refused=Flag.NOT_INTERESTED in flags,
        machine=Flag.MACHINE in flags,
        caller_id=row.caller_id,
        answered=row.answered_at is not None,
        called_us=row.direction == IN,
        undecided=row.connected_at is not None and not row.disposition,
        opted_out=Flag.DNC in flags or row.sip_status == UNWANTED,
    )
