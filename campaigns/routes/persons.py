"""A person's data over HTTP: handed out or erased, by phone. Errors pass through to the API."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from campaigns import persons
from campaigns.persons import PersonErased, PersonExport
from campaigns.routes.shared import RecordingsOf
from leads.routes.access import needs
from leads.routes.shared import Now, SessionsOf

router = APIRouter(tags=["persons"])

Phone = Annotated[str, Path(max_length=250, description="A number, as %2B14155550101.")]
Client = Annotated[
    str | None, Query(max_length=64, description="Only what this client has; else everything.")
]
Country = Annotated[str, Query(max_length=60)]


@router.get("/persons/{phone}/export", dependencies=[needs("persons.read")])
async def export_person(
    sessions: SessionsOf, phone: Phone, client: Client = None, default_country: Country = "US"
) -> PersonExport:
    """All that is kept about the person with a number."""
    return await persons.export_person(sessions, phone, default_country=default_country, client=client)


@router.post("/persons/{phone}/erase", dependencies=[needs("persons.erase")])
async def erase_person(
    sessions: SessionsOf,
    recordings: RecordingsOf,
    now: Now,
    phone: Phone,
    client: Client = None,
    default_country: Country = "US",
) -> PersonErased:
    """Take everything personal about them out of the database and the recordings, and say what remains."""
    return await persons.erase_person(
        sessions, phone, now=now, default_country=default_country, client=client, folder=recordings
    )
