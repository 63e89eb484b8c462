"""Callbacks: calls that are promised for a time, by one agent or by anyone"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OWED = "next_at IS NOT NULL"
_SETTINGS = {"callback_remind_s": "300", "callback_miss_s": "900", "callback_give_up_s": "604800"}
_REFERENCES = {
    "client_id": "client",
    "campaign_id": "campaign",
    "lead_id": "lead",
    "phone_id": "phone",
    "agent_id": "agent",
    "attempt_id": "attempt",
    "done_attempt_id": "attempt",
}


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    for name, default in _SETTINGS.items():
        op.add_column("campaign", sa.Column(name, sa.Float(), nullable=False, server_default=default))
    op.add_column("agent", sa.Column("calendar_key", sa.String(length=64), nullable=True))
    op.create_index("uq_agent_calendar_key", "agent", ["calendar_key"], unique=True)
    _index(
        "ix_campaign_lead_callback",
        "campaign_lead",
        ["campaign_id", "due_at", "lead_id"],
        "state = 'waiting' AND reason = 'callback'",
    )
    _create_callback()


def _create_callback() -> None:
    op.create_table(
        "callback",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("phone_id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("untold", sa.String(length=10), nullable=False),
        sa.Column("attempt_id", BigId, nullable=True),
        sa.Column("done_attempt_id", BigId, nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_callback_{name}"))
            for name, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
    )
    _index("uq_callback_open", "callback", ["campaign_id", "lead_id"], _OWED, unique=True)
    _index("ix_callback_next", "callback", ["next_at"], _OWED)
    _index("ix_callback_due", "callback", ["agent_id", "due_at"], _OWED)
    _index("ix_callback_untold", "callback", ["id"], "untold <> ''")
    op.create_index("ix_callback_campaign", "callback", ["campaign_id", "state", "id"])
    op.create_index("ix_callback_agent", "callback", ["agent_id", "id"])
    op.create_index("ix_callback_client", "callback", ["client_id", "id"])
    for name in ("lead_id", "attempt_id", "done_attempt_id"):
        op.create_index(op.f(f"ix_callback_{name}"), "callback", [name])


def _index(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("callback")
    op.drop_index("ix_campaign_lead_callback", "campaign_lead")
    op.drop_index("uq_agent_calendar_key", "agent")
    op.drop_column("agent", "calendar_key")
    for name in reversed(_SETTINGS):
        op.drop_column("campaign", name)
