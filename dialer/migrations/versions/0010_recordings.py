"""Recordings: whether a campaign records, what became of each, and who heard it"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_PARTS = {
    "ix_recording_open": ("id", "state = 'recording'"),
    "ix_recording_due": ("delete_after", "state = 'kept'"),
    "ix_recording_deleting": ("id", "state = 'deleting'"),
}


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    for name, length, default in (("recording", 10, "never"), ("recording_consent", 10, "ask")):
        op.add_column(
            "campaign", sa.Column(name, sa.String(length=length), nullable=False, server_default=default)
        )
    op.add_column("campaign", sa.Column("recording_days", sa.Integer(), nullable=False, server_default="90"))
    _create_recording()
    _create_access()


def _create_recording() -> None:
    op.create_table(
        "recording",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("attempt_id", BigId, nullable=False),
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("consent", sa.String(length=10), nullable=False),
        sa.Column("consent_at", UtcDateTime(), nullable=True),
        sa.Column("consent_agent_id", BigId, nullable=True),
        sa.Column("consent_laws", sa.JSON(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("length_s", sa.Float(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=100), nullable=False),
        sa.Column("pauses", sa.JSON(), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.Column("delete_after", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_why", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_recording_attempt_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_recording_campaign_id")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_recording_client_id")),
        sa.ForeignKeyConstraint(
            ["consent_agent_id"], ["agent.id"], name=op.f("fk_recording_consent_agent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
    )
    op.create_index("uq_recording_attempt", "recording", ["attempt_id"], unique=True)
    op.create_index("ix_recording_client", "recording", ["client_id", "id"])
    op.create_index("ix_recording_campaign", "recording", ["campaign_id", "id"])
    for name, (column, condition) in _PARTS.items():
        where = sa.text(condition)
        op.create_index(name, "recording", [column], sqlite_where=where, postgresql_where=where)


def _create_access() -> None:
    op.create_table(
        "recording_access",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("recording_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_recording_access_recording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_access")),
    )
    op.create_index(op.f("ix_recording_access_recording_id"), "recording_access", ["recording_id"])


def downgrade() -> None:
    op.drop_table("recording_access")
    op.drop_table("recording")
    for name in ("recording_days", "recording_consent", "recording"):
        op.drop_column("campaign", name)
