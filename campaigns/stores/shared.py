"""What all stores of the campaigns room share. Stores never commit: whoever opened the session does."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, extract, func, literal_column
from sqlalchemy.engine import CursorResult, Result
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import col

from campaigns.core.callback import CALLBACK
from campaigns.core.disposition import Flag, bits_of
from campaigns.tables import Attempt, Callback, CampaignLead
from leads.stores.shared import Session as Session
from leads.stores.shared import Sessions as Sessions
from leads.stores.shared import on_postgresql

_SECONDS_A_DAY = 86_400
UNSYNCHRONIZED = {"synchronize_session": False, "preserve_rowcount": True}


async def read(
    session: Session, query: Any, values: Mapping[str, Any] | None = None
) -> Result[*tuple[Any, ...]]:
    """The rows of a query of SQLAlchemy's own `select`, with the values that it leaves open."""
    result: Result[*tuple[Any, ...]] = await session.exec(query, params=values)
    return result


async def write(session: Session, statement: UpdateBase) -> CursorResult[Any]:
    """Carry out an INSERT or UPDATE of many rows, past the objects in the session."""
    result: CursorResult[Any] = await session.exec(statement, execution_options=UNSYNCHRONIZED)
    return result


def in_state(state: str) -> ColumnElement[bool]:
    """Campaign leads in a state, spelled out in the statement: only so is a partial index used."""
    return col(CampaignLead.state) == literal_column(f"'{state}'")


def callback_is_open() -> ColumnElement[bool]:
    """Callbacks whose call is still owed."""
    return col(Callback.next_at).is_not(None)


def awaits_callback() -> ColumnElement[bool]:
    """Campaign leads that wait for a callback, or are claimed for one; spelled out for the same reason."""
    return col(CampaignLead.reason) == literal_column(f"'{CALLBACK}'")


def was_said(flag: Flag, attempt: Any = Attempt) -> ColumnElement[bool]:
    """The attempts whose disposition had a flag when it was said."""
    said: ColumnElement[bool] = col(attempt.disposition_flags).bitwise_and(bits_of([flag])) != 0
    return said


def placed_by_us(attempt: Any = Attempt) -> ColumnElement[bool]:
    """The attempts that are calls of ours, spelled out as `in_state` does."""
    return col(attempt.direction) == literal_column("'out'")


def made_to_us(attempt: Any = Attempt) -> ColumnElement[bool]:
    """The attempts that are calls of people to us, spelled out as `in_state` does."""
    return col(attempt.direction) == literal_column("'in'")


def seconds_between(session: Session, start: Any, end: Any) -> ColumnElement[Any]:
    """To the millisecond, on both databases."""
    if on_postgresql(session):
        return extract("epoch", end - start)
    return func.round((func.julianday(end) - func.julianday(start)) * _SECONDS_A_DAY, 3)
