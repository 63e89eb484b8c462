"""Caller IDs: whose they are, groups of them that campaigns choose among, and their calls of a day"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COLUMNS = (("caller_id_group", sa.String(length=100), ""), ("caller_id_rule", sa.String(length=8), "rotate"))


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    for name, kind, value in _COLUMNS:
        op.add_column("campaign", sa.Column(name, kind, nullable=False, server_default=value))
    op.create_index("ix_attempt_caller_id", "attempt", ["caller_id", "placed_at"], unique=False)
    _numbers()
    _groups()
    op.create_table(
        "caller_id_day",
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("caller_id", sa.String(length=16), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_caller_id_day_client_id")),
        sa.PrimaryKeyConstraint("client_id", "caller_id", "day", name=op.f("pk_caller_id_day")),
    )


def _numbers() -> None:
    op.create_table(
        "caller_id",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("e164", sa.String(length=16), nullable=False),
        sa.Column("display_name", sa.String(length=32), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("attestation", sa.String(length=1), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("owned_from", sa.String(length=10), nullable=False),
        sa.Column("owned_until", sa.String(length=10), nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_caller_id_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caller_id")),
        sa.UniqueConstraint("id", "client_id", name=op.f("uq_caller_id_id_client_id")),
    )
    held_now = sa.text("retired_at IS NULL")
    op.create_index(op.f("ix_caller_id_client_id"), "caller_id", ["client_id"], unique=False)
    op.create_index("ix_caller_id_e164", "caller_id", ["e164", "id"], unique=False)
    op.create_index(
        "uq_caller_id_number",
        "caller_id",
        ["e164"],
        unique=True,
        sqlite_where=held_now,
        postgresql_where=held_now,
    )


def _groups() -> None:
    op.create_table(
        "caller_id_group",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_caller_id_group_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caller_id_group")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_caller_id_group_client_id_name")),
        sa.UniqueConstraint("id", "client_id", name=op.f("uq_caller_id_group_id_client_id")),
    )
    op.create_table(
        "caller_id_member",
        sa.Column("group_id", BigId, autoincrement=False, nullable=False),
        sa.Column("number_id", BigId, autoincrement=False, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id", "client_id"],
            ["caller_id_group.id", "caller_id_group.client_id"],
            name=op.f("fk_caller_id_member_group_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["number_id", "client_id"],
            ["caller_id.id", "caller_id.client_id"],
            name=op.f("fk_caller_id_member_number_id_client_id"),
        ),
        sa.PrimaryKeyConstraint("group_id", "number_id", name=op.f("pk_caller_id_member")),
    )
    op.create_index("ix_caller_id_member_number", "caller_id_member", ["number_id"], unique=False)


def downgrade() -> None:
    for table in ("caller_id_day", "caller_id_member", "caller_id_group", "caller_id"):
        op.drop_table(table)
    op.drop_index("ix_attempt_caller_id", "attempt")
    for name, _, _ in reversed(_COLUMNS):
        op.drop_column("campaign", name)
