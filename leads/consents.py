"""What people do with consents: record them, withdraw them, ask whether they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leads.checks import checked_number, checked_past, client_id_of, short_text
from leads.core.columns import clean_cell
from leads.core.consent import (
    CHANNELS,
    CHANNELS_OF_A_PHONE,
    CHANNELS_OF_AN_ADDRESS,
    Channel,
    basis_code,
    consent_holds,
)
from leads.core.values import read_email
from leads.errors import BadConsentError
from leads.stores.consents import ConsentStore, Person, records_of
from leads.stores.dnc import DncStore
from leads.stores.shared import Session, Sessions
from leads.tables import Consent

ALL_CHANNELS = "all"
_PHONE_OR_EMAIL = "Give a phone number or an email address."


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """A person as given: by phone (E.164, or as written in `default_country`), by email address, or both."""

    phone: str | None = None
    email: str | None = None
    default_country: str = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """A consent's record; `withdrawn_at` is null until then. Basis none: only the withdrawal is known."""

    id: int
    client_id: int
    phone: str | None
    email: str | None
    channel: str
    basis: str
    source: str
    given_at: datetime
    withdrawn_at: datetime | None
    withdrawn_source: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """How many consents a withdrawal ended, by channel; `opted_out`: nobody calls for this client now."""

    channels: dict[str, int]
    opted_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAnswer:
    """A person's records for one client, and which channels they let it use now."""

    holds: dict[str, bool]
    records: list[ConsentView]


async def give_consent(
    sessions: Sessions,
    client: str,
    whose: Whose,
    *,
    channel: str,
    basis: str,
    source: str,
    given_at: datetime,
    now: datetime,
) -> ConsentView:
    """Records a consent; the record that is there where the very same was recorded before.

    Raises BadConsentError, InvalidInputError, PhoneRejectedError, UnknownClientError, UnknownCountryError.
    """
    code, where = basis_code(basis), short_text(source)
    if code is None:
        raise BadConsentError("A basis is a word such as express_written, express or existing_relationship.")
    if not where:
        raise BadConsentError("Say where the consent was given: a form's address, a recording, a file.")
    person = _person(whose, _channel(channel))
    at = checked_past(given_at, now)
    async with sessions() as session, session.begin():
        consent = Consent(
            client_id=await client_id_of(session, client),
            e164=person.e164,
            email=person.email,
            channel=channel,
            basis=code,
            source=where,
            given_at=at,
            recorded_at=now,
        )
        return view_consent(await ConsentStore(session).add(consent))


async def withdraw_consent(
    sessions: Sessions,
    client: str,
    whose: Whose,
    *,
    channel: Channel | Literal["all"] | str,
    source: str,
    at: datetime,
    now: datetime,
) -> Withdrawn:
    """Ends a person's consents to a channel; to all of them (`all`) is an opt-out, at once and for good.

    Raises BadConsentError, InvalidInputError, PhoneRejectedError, UnknownClientError, UnknownCountryError.
    """
    when, where = checked_past(at, now), short_text(source)
    people = _people(whose, channel)
    async with sessions() as session, session.begin():
        client_id = await client_id_of(session, client)
        store = ConsentStore(session)
        ended: dict[str, int] = {
            each: await store.withdraw(client_id, person, each, when, where, now)
            for each, person in people.items()
        }
        opted_out = channel == ALL_CHANNELS and await _opt_out(session, client_id, people, where, now)
    return Withdrawn(channels=ended, opted_out=opted_out)


async def show_consents(sessions: Sessions, client: str, whose: Whose, now: datetime) -> ConsentAnswer:
    """What a person agreed to, for a client.

    Raises BadConsentError, PhoneRejectedError, UnknownClientError and UnknownCountryError.
    """
    person = _checked(whose)
    async with sessions() as session:
        records = await ConsentStore(session).of(await client_id_of(session, client), person)
    known = records_of(records)
    return ConsentAnswer(
        holds={channel: consent_holds(known, channel, now) for channel in CHANNELS},
        records=[view_consent(each) for each in records],
    )


async def list_consents(
    sessions: Sessions, client: str | None, whose: Whose, after: int, limit: int
) -> Sequence[ConsentView]:
    """The person's `limit` records that follow number `after`, for a client or all; see `show_consents`."""
    person = _checked(whose)
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        found = await ConsentStore(session).page(client_id, person, after, limit)
    return [view_consent(each) for each in found]


def view_consent(consent: Consent) -> ConsentView:
    """A consent as the command line and the API show it."""
    return ConsentView(
        id=consent.id,
        client_id=consent.client_id,
        phone=consent.e164,
        email=consent.email,
        channel=consent.channel,
        basis=consent.basis,
        source=consent.source,
        given_at=consent.given_at,
        withdrawn_at=consent.withdrawn_at,
        withdrawn_source=consent.withdrawn_source,
        recorded_at=consent.recorded_at,
    )


async def _opt_out(
    session: Session, client_id: int, people: dict[Channel, Person], source: str, now: datetime
) -> bool:
    numbers = {person.e164 for person in people.values() if person.e164 is not None}
    for e164 in numbers:
        await DncStore(session).add_number(
            e164, "client", client_id, reason="withdrew every consent", source=source or "withdrawal", now=now
        )
    return bool(numbers)


def _channel(text: str) -> Channel:
    if text not in CHANNELS:
        raise BadConsentError(f"A channel is one of {', '.join(CHANNELS)}.")
    return text


def _people(whose: Whose, channel: str) -> dict[Channel, Person]:
    """Each channel that is meant, with who it reaches."""
    if channel != ALL_CHANNELS:
        return {_channel(channel): _person(whose, _channel(channel))}
    given = _checked(whose)
    by_phone = dict.fromkeys(CHANNELS_OF_A_PHONE, Person(e164=given.e164)) if given.e164 else {}
    by_email = dict.fromkeys(CHANNELS_OF_AN_ADDRESS, Person(email=given.email)) if given.email else {}
    return by_phone | by_email


def _person(whose: Whose, channel: Channel) -> Person:
    """Who a channel reaches: a number, but an address where the channel is email."""
    given = _checked(whose)
    if channel in CHANNELS_OF_AN_ADDRESS:
        if given.email is None:
            raise BadConsentError("Consent to email needs the email address.")
        return Person(email=given.email)
    if given.e164 is None:
        raise BadConsentError(f"Consent to {channel} needs the phone number.")
    return Person(e164=given.e164)


def _checked(whose: Whose) -> Person:
    e164 = checked_number(whose.phone, whose.default_country) if whose.phone else None
    email = None
    if whose.email:
        email, note = read_email(clean_cell(whose.email))
        if note is not None:
            raise BadConsentError("That is no email address.")
    if e164 is None and email is None:
        raise BadConsentError(_PHONE_OR_EMAIL)
    return Person(e164, email)
