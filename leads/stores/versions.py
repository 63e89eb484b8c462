"""Versions of what is edited: an edit names the one that was seen, and is refused where that is over."""

import hashlib
from collections.abc import Collection
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy.exc import InvalidRequestError
from sqlmodel import SQLModel

from leads.errors import ChangedMeanwhileError
from leads.stores.shared import Session
from leads.tables import Client

Versions = Collection[str]
"""Those that an edit allows."""


def version_of(content: Any) -> str:
    """The version of a row, of a dataclass, or of a mapping or list: the same on every database and node.

    What a table names as `unversioned` is nothing that anybody edits, and leaves the version as it is.
    """
    if isinstance(content, SQLModel):
        content = content.model_dump(exclude=set(getattr(content, "unversioned", ())))
    elif is_dataclass(content):
        content = {each.name: getattr(content, each.name) for each in fields(content)}
    if isinstance(content, dict):
        content = {name: _as_kept(value) for name, value in content.items()}
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()[:32]


def check_version(content: Any, if_match: Versions | None) -> None:
    """Raises ChangedMeanwhileError; `if_match` of None allows any version. Only for what is locked."""
    if if_match is not None and version_of(content) not in if_match:
        raise ChangedMeanwhileError("It has changed meanwhile; read it again, then change it.")


async def require_version(session: Session, row: SQLModel, if_match: Versions | None) -> None:
    """Locks a row, as it is now, and checks its version. Raises ChangedMeanwhileError."""
    if if_match is not None:
        await lock_row(session, row)
        check_version(row, if_match)


async def lock_row(session: Session, row: SQLModel) -> None:
    """Keeps others from changing a row until the transaction ends.

    Raises ChangedMeanwhileError if it is gone.
    """
    try:
        await session.refresh(row, with_for_update={"key_share": True})
    except InvalidRequestError as error:
        raise ChangedMeanwhileError("It is gone meanwhile; read again what there is.") from error


async def lock_client(session: Session, client_id: int) -> None:
    """For what a client has as a whole, such as its limits."""
    await lock_row(session, await session.get_one(Client, client_id))


def _as_kept(value: Any) -> Any:
    """A value as the database gives it back: instants to the millisecond, and 3 for a number that was 3.0."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return int(value) if isinstance(value, float) and value.is_integer() else value
