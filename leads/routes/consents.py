"""Consents over HTTP: recorded, withdrawn, asked for; never deleted. Errors pass through to the API."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from leads import consents
from leads.consents import ALL_CHANNELS, ConsentAnswer, ConsentView, Whose, Withdrawn
from leads.routes.access import needs
from leads.routes.leads import plus_of_query
from leads.routes.shared import After, Limit, Now, Page, SessionsOf

router = APIRouter(tags=["consents"])

Phone = Annotated[str | None, Query(max_length=250, description="Best as %2B14155550101.")]
Email = Annotated[str | None, Query(max_length=254)]
Country = Annotated[str, Query(max_length=60)]


class _PersonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    phone: str | None = Field(None, max_length=250)
    email: str | None = Field(None, max_length=254)
    default_country: str = Field("US", max_length=60)

    def whose(self) -> Whose:
        return Whose(phone=self.phone, email=self.email, default_country=self.default_country)


class ConsentIn(_PersonIn):
    """A consent to one channel: call, automated_call, sms or email. Left out, `given_at` is now."""

    channel: str = Field(max_length=20)
    basis: str = Field(max_length=40)
    source: str = Field(max_length=1000)
    given_at: AwareDatetime | None = None


class WithdrawalIn(_PersonIn):
    """The end of a person's consents to a channel, or to all, which is an opt-out. Left out, `at` is now."""

    channel: str = Field(ALL_CHANNELS, max_length=20)
    source: str = Field("", max_length=1000)
    at: AwareDatetime | None = None


@router.get("/consents", dependencies=[needs("consents.read")])
async def list_consents(
    sessions: SessionsOf,
    phone: Phone = None,
    email: Email = None,
    client: Annotated[str | None, Query(max_length=64)] = None,
    default_country: Country = "US",
    after: After = 0,
    limit: Limit = 100,
) -> Page[ConsentView]:
    """A person's records, withdrawn ones as well, a page at a time."""
    whose = Whose(phone=plus_of_query(phone), email=email, default_country=default_country)
    found = await consents.list_consents(sessions, client, whose, after, limit)
    return Page(items=list(found), next=found[-1].id if len(found) == limit else None)


@router.post("/consents", status_code=201, dependencies=[needs("consents.write")])
async def give_consent(sessions: SessionsOf, now: Now, given: ConsentIn) -> ConsentView:
    """Record a consent; the very same again gives the record that is there."""
    return await consents.give_consent(
        sessions,
        given.client,
        given.whose(),
        channel=given.channel,
        basis=given.basis,
        source=given.source,
        given_at=given.given_at or now,
        now=now,
    )


@router.post("/consents/withdraw", dependencies=[needs("consents.write")])
async def withdraw_consent(sessions: SessionsOf, now: Now, given: WithdrawalIn) -> Withdrawn:
    """End a person's consents; the records stay, with when."""
    return await consents.withdraw_consent(
        sessions,
        given.client,
        given.whose(),
        channel=given.channel,
        source=given.source,
        at=given.at or now,
        now=now,
    )


@router.get("/consents/check", dependencies=[needs("consents.read")])
async def check_consents(
    sessions: SessionsOf,
    now: Now,
    client: Annotated[str, Query(max_length=64)],
    phone: Phone = None,
    email: Email = None,
    default_country: Country = "US",
) -> ConsentAnswer:
    """Which channels a person's consents let a client use now."""
    whose = Whose(phone=plus_of_query(phone), email=email, default_country=default_country)
    return await consents.show_consents(sessions, client, whose, now)
