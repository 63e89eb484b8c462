"""What agents can do, who gets which call, pause reasons, and shifts that end by themselves"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ADDED = (
    ("campaign", "wrap_up_extension_s", sa.Float(), "0"),
    ("campaign", "after_wrap_up", sa.String(length=9), "available"),
    ("campaign", "default_disposition", sa.String(length=20), "no_disposition"),
    ("campaign", "routing", sa.String(length=15), "longest_waiting"),
    ("campaign", "skills", sa.JSON(), "[]"),
    ("campaign", "language_routing", sa.String(length=7), "any"),
    ("campaign", "language_wait_s", sa.Float(), "0"),
    ("agent", "skills", sa.JSON(), "{}"),
    ("agent", "languages", sa.JSON(), "[]"),
    ("agent", "ranks", sa.JSON(), "{}"),
    ("agent", "disabled", sa.Boolean(), sa.false()),
    ("agent_session", "end_reason", sa.String(length=40), ""),
    ("attempt", "disposition_by", sa.String(length=6), ""),
)


def upgrade() -> None:
    # Not in a batch: SQLite would make the tables anew, and other tables refer to them.
    for table, name, kind, value in _ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=value))
    op.add_column("agent_session", sa.Column("seen_at", UtcDateTime(), nullable=True))
    op.create_table(
        "pause_reason",
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("limit_minutes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_pause_reason_client_id")),
        sa.PrimaryKeyConstraint("client_id", "code", name=op.f("pk_pause_reason")),
    )


def downgrade() -> None:
    op.drop_table("pause_reason")
    op.drop_column("agent_session", "seen_at")
    for table, name, _, _ in reversed(_ADDED):
        op.drop_column(table, name)
