"""What is given at the edge, checked: each gives the clean value, or raises what tells what to do."""

from datetime import UTC, datetime

from leads.core.columns import clean_cell
from leads.core.country import country_code
from leads.core.phone import PhoneRejection, parse_phone
from leads.core.suppression import is_prefix, parse_prefix
from leads.errors import (
    BadDncEntryError,
    BadNameError,
    InvalidInputError,
    PhoneRejectedError,
    UnknownClientError,
    UnknownCountryError,
)
from leads.stores.leads import LeadStore
from leads.stores.shared import Session

MAX_NAME_CHARS = 200
MAX_TEXT_CHARS = 200


def checked_country(text: str) -> str:
    """A country's two-letter code. Raises UnknownCountryError."""
    code = country_code(text)
    if code is None:
        raise UnknownCountryError("The default country is not known; give a two-letter code such as US.")
    return code


def checked_number(phone: str, default_country: str) -> str:
    """A number in E.164. Raises PhoneRejectedError and UnknownCountryError."""
    parsed = parse_phone(phone, checked_country(default_country))
    if isinstance(parsed, PhoneRejection):
        raise PhoneRejectedError(f"{parsed.sentence} Give it as +14155550101, for example.")
    return parsed.e164


def checked_number_or_prefix(phone: str, default_country: str) -> str:
    """A number in E.164, or the beginning of numbers where a * or … is behind it.

    Raises BadDncEntryError, PhoneRejectedError and UnknownCountryError.
    """
    if not is_prefix(phone):
        return checked_number(phone, default_country)
    prefix = parse_prefix(phone)
    if prefix is None:
        raise BadDncEntryError("A prefix is a plus, the country's code and what follows, as in +1900*.")
    return prefix


def checked_list_name(name: str) -> str:
    """A list's name. Raises BadNameError."""
    clean = name.strip()
    if not clean or len(clean) > MAX_NAME_CHARS or not clean.isprintable():
        raise BadNameError(f"A list needs a name of 1 to {MAX_NAME_CHARS} printable characters.")
    return clean


def short_text(text: str) -> str:
    """A remark on one line, without what no database could hold, cut to MAX_TEXT_CHARS."""
    return clean_cell(" ".join(text.split()))[:MAX_TEXT_CHARS]


def checked_past(at: datetime, now: datetime) -> datetime:
    """An instant that is not in the future; one without a zone is UTC. Raises InvalidInputError."""
    try:
        instant = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise InvalidInputError("The time is none that a calendar has.") from error
    if instant > now:
        raise InvalidInputError("The time lies in the future; give when it happened.")
    return instant


async def client_id_of(session: Session, slug: str) -> int:
    """The number of the client of that slug. Raises UnknownClientError."""
    client = await LeadStore(session).client(clean_cell(slug))
    if client is None:
        raise UnknownClientError("There is no client of that slug; load a list for it first.")
    return client.id
