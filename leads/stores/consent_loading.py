"""Saves the consents that the rows of a file report."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select as select_columns
from sqlmodel import col, select

from leads.core.rows import TEXT_FIELDS, LeadRow
from leads.stores.bulk import among, insert_rows, instants_for
from leads.stores.shared import Session
from leads.tables import Client, Consent

_COLUMNS = (
    *("client_id", "e164", "email", "channel", "basis", "source", "given_at", "withdrawn_source"),
    "recorded_at",
)
_EMAIL = TEXT_FIELDS.index("email")

_Key = tuple[str | None, str | None, str, str, datetime]
"""Number or address, channel, basis, when it was given."""


class ConsentLoadingStore:
    """Adds consents in bulk; concurrent loads for one client wait for each other."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def save(self, client_id: int, source: str, rows: Iterable[LeadRow], now: datetime) -> None:
        """Adds what is new; a consent that is there, even withdrawn, stays as it is.

        It holds for all numbers of its row, one by email for its address. `source` is where it was given,
        if the row does not say.
        """
        wanted: dict[_Key, str] = {}
        for row in rows:
            for consent in row.consents:
                what = (consent.channel, consent.basis, consent.given_at)
                given = consent.source or source
                if consent.channel != "email":
                    wanted |= {(phone.e164, None, *what): given for phone in row.phones}
                elif address := row.texts[_EMAIL]:
                    wanted[(None, address, *what)] = given
        if not wanted:
            return
        client = select(Client.id).where(Client.id == client_id)
        await self._session.exec(client.with_for_update(key_share=True))
        known = await self._known(client_id, wanted)
        instant = instants_for(self._session)
        recorded_at = instant(now)
        new = [
            (client_id, e164, email, channel, basis, given, instant(given_at), "", recorded_at)
            for (e164, email, channel, basis, given_at), given in wanted.items()
            if (e164, email, channel, basis, given_at) not in known
        ]
        await insert_rows(self._session, Consent, _COLUMNS, new)

    async def _known(self, client_id: int, wanted: Iterable[_Key]) -> set[Any]:
        columns = (Consent.e164, Consent.email, Consent.channel, Consent.basis, Consent.given_at)
        connection = await self._session.connection()
        found: set[Any] = set()
        for values, column in (
            ({key[0] for key in wanted if key[0]}, col(Consent.e164)),
            ({key[1] for key in wanted if key[1]}, col(Consent.email)),
        ):
            if values:
                query = select_columns(*map(col, columns)).where(
                    among(self._session, column, sorted(values)), col(Consent.client_id) == client_id
                )
                found |= {tuple(row) for row in await connection.execute(query)}
        return found
