"""What the tables of this room share."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, text
from sqlmodel import Field

from leads.tables import BigId


def where(condition: str) -> dict[str, Any]:
    """An index over a part of the table, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


NOT_ENDED = where("ended_at IS NULL")


def part_of_key(target: str) -> Any:
    """A column of a primary key that refers to another table's key (`table.column`)."""
    return Field(default=None, sa_column=Column(BigId, ForeignKey(target), primary_key=True))


def no_reference() -> Any:
    """A column of a primary key that holds a key of another table, or 0."""
    return Field(default=0, sa_column=Column(BigId, primary_key=True, autoincrement=False))


def big_count() -> Any:
    """A count that may grow beyond 32 bits; each table that shares it gets a column of its own."""
    return Field(default=0, sa_type=BigInteger, nullable=False)
