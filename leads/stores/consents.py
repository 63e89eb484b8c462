"""Consents to be contacted, in the database. Rows are never deleted: a withdrawal says when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, or_, select

from leads.core.consent import WITHDRAWN_UNGIVEN, Channel, ConsentRecord
from leads.stores.shared import Session, chunks
from leads.tables import Consent


@dataclass(frozen=True, slots=True)
class Person:
    """Who consents: a number in E.164, an email address, or one who has both. At least one is there."""

    e164: str | None = None
    email: str | None = None


def records_of(consents: Iterable[Consent]) -> list[ConsentRecord]:
    """What the rules of consent look at."""
    return [ConsentRecord(each.channel, each.given_at, each.withdrawn_at, each.basis) for each in consents]


class ConsentStore:
    """What people agreed to, for a client."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, consent: Consent) -> Consent:
        """Records a consent; the record that is there if the very same was recorded before."""
        same = select(Consent).where(
            Consent.client_id == consent.client_id,
            col(Consent.e164).is_not_distinct_from(consent.e164),
            col(Consent.email).is_not_distinct_from(consent.email),
            Consent.channel == consent.channel,
            Consent.basis == consent.basis,
            Consent.given_at == consent.given_at,
        )
        if found := (await self._session.exec(same.order_by(col(Consent.id)))).first():
            return found
        self._session.add(consent)
        await self._session.flush()
        return consent

    async def withdraw(
        self, client_id: int, person: Person, channel: Channel, at: datetime, source: str, now: datetime
    ) -> int:
        """Ends every consent to a channel that was given until `at`, and tells how many those were.

        Where there was none, a record says that it was withdrawn, so that an older one that turns up later
        does not hold.
        """
        query = select(Consent).where(
            Consent.client_id == client_id,
            _of(person),
            Consent.channel == channel,
            col(Consent.withdrawn_at).is_(None),
            col(Consent.given_at) <= at,
        )
        open_ones = (await self._session.exec(query)).all()
        for consent in open_ones:
            consent.withdrawn_at, consent.withdrawn_source = at, source
            self._session.add(consent)
        if not open_ones:
            await self._record_withdrawal(client_id, person, channel, at, source, now)
        await self._session.flush()
        return len(open_ones)

    async def of(self, client_id: int | None, person: Person) -> Sequence[Consent]:
        """All records of a person, in the order in which they came; for one client, or for all (None)."""
        query = select(Consent).where(_of(person)).order_by(col(Consent.id))
        if client_id is not None:
            query = query.where(Consent.client_id == client_id)
        return (await self._session.exec(query)).all()

    async def page(self, client_id: int | None, person: Person, after: int, limit: int) -> Sequence[Consent]:
        """The person's `limit` records that follow number `after`."""
        query = select(Consent).where(_of(person), col(Consent.id) > after).order_by(col(Consent.id))
        if client_id is not None:
            query = query.where(Consent.client_id == client_id)
        return (await self._session.exec(query.limit(limit))).all()

    async def by_number(self, client_id: int, e164s: Iterable[str]) -> dict[str, list[Consent]]:
        """All records of each of the numbers that has any, for `consent_holds`."""
        found: dict[str, list[Consent]] = {}
        for chunk in chunks(sorted(set(e164s))):
            query = select(Consent).where(col(Consent.e164).in_(chunk), Consent.client_id == client_id)
            for consent in (await self._session.exec(query)).all():
                found.setdefault(consent.e164 or "", []).append(consent)
        return found

    async def by_email(self, client_id: int, addresses: Iterable[str]) -> dict[str, list[Consent]]:
        """All records of each of the e-mail addresses that has any, by the address in lower case."""
        found: dict[str, list[Consent]] = {}
        wanted = {each for address in addresses for each in (address, address.lower())}
        for chunk in chunks(sorted(wanted)):
            query = select(Consent).where(col(Consent.email).in_(chunk), Consent.client_id == client_id)
            for consent in (await self._session.exec(query)).all():
                found.setdefault((consent.email or "").lower(), []).append(consent)
        return found

    async def _record_withdrawal(
        self, client_id: int, person: Person, channel: Channel, at: datetime, source: str, now: datetime
    ) -> None:
        query = select(Consent.id).where(
            Consent.client_id == client_id,
            _of(person),
            Consent.channel == channel,
            col(Consent.withdrawn_at) >= at,
        )
        if (await self._session.exec(query.limit(1))).first() is not None:
            return
        self._session.add(
            Consent(
                client_id=client_id,
                e164=person.e164,
                email=person.email,
                channel=channel,
                basis=WITHDRAWN_UNGIVEN,
                source=source,
                given_at=at,
                withdrawn_at=at,
                withdrawn_source=source,
                recorded_at=now,
            )
        )


def _of(person: Person) -> ColumnElement[bool]:
    owners = [] if person.e164 is None else [col(Consent.e164) == person.e164]
    if person.email is not None:
        owners.append(col(Consent.email).in_({person.email, person.email.lower()}))
    return or_(*owners)
