"""Empty PostgreSQL databases for tests. One is emptied and used again, which takes a tenth of making one."""

import psycopg

TEMPLATE = "template_dialer"
_GROWN_BY = 16 * 1024 * 1024
"""A database that has so many bytes more than an empty one is made anew: plans go by the size of files."""

_END_SESSIONS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY = """
DO $$
DECLARE
    each regclass;
    used boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        CONTINUE WHEN each = 'alembic_version'::regclass;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', each) INTO used;
        IF used THEN
            EXECUTE format('DELETE FROM %s', each);
        END IF;
    END LOOP;
    FOR each IN SELECT oid FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('SELECT is_called FROM %s', each) INTO used;
        IF used THEN
            EXECUTE format('ALTER SEQUENCE %s RESTART', each);
        END IF;
    END LOOP;
END $$
"""
_SHAPE = """
SELECT md5(string_agg(shape, ';' ORDER BY shape)), pg_database_size(current_database()) FROM (
    SELECT format('%s %s %s', relkind, relname, attname) AS shape
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
) AS shapes
"""


class Databases:
    """The databases of one server that has a migrated template; one is lent at a time, or several."""

    def __init__(self, server: str) -> None:
        """`server` is a URL without a database's name."""
        self._server = server
        self._spare: list[str] = []
        self._made = 0
        with self._connected(TEMPLATE) as template:
            self._shape, self._size = self._look(template)

    def take(self) -> str:
        """The name of an empty, migrated database."""
        if self._spare:
            return self._spare.pop()
        self._made += 1
        name = f"test_{self._made}"
        with self._connected("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return name

    def give_back(self, name: str) -> None:
        """Ends whoever is still connected, and keeps the database for the next, if it is as it was."""
        with self._connected(name) as connection:
            connection.execute(_END_SESSIONS)
            try:
                connection.execute(_EMPTY)
                shape, size = self._look(connection)
            except psycopg.Error:
                shape, size = "", 0
        if shape == self._shape and size < self._size + _GROWN_BY:
            self._spare.append(name)
            return
        with self._connected("postgres") as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _connected(self, name: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(f"{self._server}/{name}", autocommit=True)

    @staticmethod
    def _look(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[str, int]:
        """What tables and columns there are, as a hash, and how many bytes."""
        row = connection.execute(_SHAPE).fetchone()
        assert row is not None
        return str(row[0]), int(str(row[1]))
