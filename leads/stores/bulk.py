"""Many rows at once, by the driver's own means: executemany for SQLite, COPY for PostgreSQL."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from psycopg import sql
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Dialect, String, Table, any_, bindparam, func, select
from sqlalchemy import insert as insert_into
from sqlalchemy.dialects import sqlite

from leads.stores.shared import Session, on_postgresql
from leads.tables import UtcDateTime
from leads.threads import in_thread

_COPY_SPECIAL = re.compile(r"[\\\t\n\r\0]")
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": ""})


def among(session: Session, column: Any, values: Sequence[int] | Sequence[str]) -> ColumnElement[bool]:
    """Whether a column has one of the values, however many, in one bound parameter and by index."""
    if len(values) == 1:
        return column == values[0]  # type: ignore[no-any-return]
    if on_postgresql(session):
        kind = String() if values and isinstance(values[0], str) else BigInteger()
        return column == any_(bindparam(None, list(values), type_=ARRAY(kind)))  # type: ignore[no-any-return]
    listed = func.json_each(json.dumps(values)).table_valued("value")
    return column.in_(select(listed.c.value))  # type: ignore[no-any-return]


async def insert_rows(
    session: Session, table: Any, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Inserts rows, whose values are as `columns` says, in the table's order, as the driver takes them.

    An instant has to come from `instants_for`, JSON as text.
    """
    if not rows:
        return
    names = tuple(columns)
    connection = await session.connection()
    if not on_postgresql(session):
        await connection.exec_driver_sql(_insertion(table.__table__, names), list(rows))
        return
    block = await in_thread(lambda: copy_block(rows))
    raw = await connection.get_raw_connection()
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.__table__.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    driver: Any = raw.driver_connection
    async with driver.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(block)


@lru_cache(maxsize=32)
def _insertion(table: Table, columns: tuple[str, ...]) -> str:
    ordered = [column.name for column in table.columns if column.name in columns]
    if tuple(ordered) != columns:
        raise ValueError(f"the columns of {table.name} have another order: {ordered}")
    return str(insert_into(table).compile(dialect=sqlite.dialect(), column_keys=ordered))


def copy_block(rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Rows in the text format of COPY.

    Source: PostgreSQL documentation, COPY, "Text Format".
    """
    return "".join(["\t".join(map(_copy_cell, row)) + "\n" for row in rows]).encode()


def _copy_cell(value: Any) -> str:
    if isinstance(value, str):
        return value.translate(_COPY_ESCAPES) if _COPY_SPECIAL.search(value) else value
    return "\\N" if value is None else str(value)


def instants_for(session: Session) -> Callable[[datetime | None], Any]:
    """What turns an instant into what the driver stores, as the tables' own type does it."""
    process = _instant_processor(session.get_bind().dialect)
    return lambda value: None if value is None else process(value)


def _instant_processor(dialect: Dialect) -> Callable[[datetime], Any]:
    process = UtcDateTime().bind_processor(dialect)
    if process is None:
        raise TypeError(f"{dialect.name} stores no instants as this program does")
    return process
