"""Sequences of messages, what people answer to them, and where their links lead"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_REFERENCES = {
    "client_id": "client",
    "lead_id": "lead",
    "campaign_id": "campaign",
    "message_id": "message",
    "agent_id": "agent",
}


def upgrade() -> None:
    op.add_column("campaign", sa.Column("sequence", sa.JSON(), nullable=True))
    op.add_column(
        "campaign_load", sa.Column("warmed_through", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column("campaign_lead", sa.Column("warmth", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "message_reply",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=True),
        sa.Column("campaign_id", BigId, nullable=True),
        sa.Column("message_id", BigId, nullable=True),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("from_address", sa.String(length=254), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("ended", sa.JSON(), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=False),
        sa.Column("untold", sa.Boolean(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_message_reply_{name}"))
            for name, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_reply")),
    )
    _index("ix_message_reply_client", ["client_id", "id"])
    _index("ix_message_reply_lead", ["lead_id", "id"])
    _index("ix_message_reply_address", ["client_id", "from_address"])
    _index("ix_message_reply_message_id", ["message_id"])
    _index("ix_message_reply_untold", ["id"], "untold")
    _index(
        "uq_message_reply_provider", ["client_id", "channel", "provider_id"], "provider_id <> ''", unique=True
    )
    op.create_table(
        "message_link",
        sa.Column("message_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_link_message_id")),
        sa.PrimaryKeyConstraint("message_id", "number", name=op.f("pk_message_link")),
    )


def _index(name: str, columns: list[str], condition: str | None = None, *, unique: bool = False) -> None:
    where = sa.text(condition) if condition else None
    op.create_index(name, "message_reply", columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("message_link")
    op.drop_table("message_reply")
    op.drop_column("campaign_lead", "warmth")
    op.drop_column("campaign_load", "warmed_through")
    op.drop_column("campaign", "sequence")
