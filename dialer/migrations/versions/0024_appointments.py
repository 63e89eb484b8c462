"""Calendars, and appointments that are booked in them"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TAKES_SEAT = "state <> 'canceled'"
_IS_OPEN = "state IN ('booked', 'rescheduled')"
_REFERENCES = {
    "client_id": "client",
    "calendar_id": "calendar",
    "campaign_id": "campaign",
    "lead_id": "lead",
    "attempt_id": "attempt",
    "agent_id": "agent",
}


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    op.add_column("campaign", sa.Column("calendar", sa.String(length=100), nullable=False, server_default=""))
    op.create_table(
        "calendar",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("feed_key", sa.String(length=64), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_calendar_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar")),
    )
    op.create_index("uq_calendar_client_name", "calendar", ["client_id", "name"], unique=True)
    op.create_index("uq_calendar_feed_key", "calendar", ["feed_key"], unique=True)
    _create_appointment()


def _create_appointment() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("calendar_id", BigId, nullable=False),
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("attempt_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("state", sa.String(length=11), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("busy_from", UtcDateTime(), nullable=False),
        sa.Column("busy_until", UtcDateTime(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("hold_until", UtcDateTime(), nullable=True),
        sa.Column("remind_at", UtcDateTime(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_appointment_{name}"))
            for name, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    _index("uq_appointment_seat", ["calendar_id", "starts_at", "seat"], _TAKES_SEAT, unique=True)
    _index("uq_appointment_held", ["attempt_id"], "state = 'held'", unique=True)
    _index("uq_appointment_open", ["campaign_id", "lead_id"], _IS_OPEN, unique=True)
    _index("ix_appointment_busy", ["calendar_id", "busy_until"], _TAKES_SEAT)
    _index("ix_appointment_remind", ["remind_at"], "remind_at IS NOT NULL")
    _index("ix_appointment_starts", ["starts_at"], _IS_OPEN)
    op.create_index("ix_appointment_client", "appointment", ["client_id", "id"])
    op.create_index("ix_appointment_campaign", "appointment", ["campaign_id", "id"])
    for name in ("lead_id", "attempt_id"):
        op.create_index(op.f(f"ix_appointment_{name}"), "appointment", [name])


def _index(name: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, "appointment", columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("appointment")
    op.drop_table("calendar")
    op.drop_column("campaign", "calendar")
