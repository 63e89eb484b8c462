"""Messages to people, the ways they are sent, and addresses that lead nowhere"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_REFERENCES = {
    "client_id": "client",
    "campaign_id": "campaign",
    "lead_id": "lead",
    "phone_id": "phone",
    "message_channel_id": "message_channel",
}


def upgrade() -> None:
    op.create_table(
        "message_channel",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("driver", sa.String(length=10), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("rate_per_s", sa.Float(), nullable=False),
        sa.Column("receipt_hash", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_message_channel_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_channel")),
    )
    op.create_index("uq_message_channel_client_name", "message_channel", ["client_id", "name"], unique=True)
    _create_message()
    op.create_table(
        "unusable_address",
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_unusable_address_client_id")),
        sa.PrimaryKeyConstraint("client_id", "channel", "address", name=op.f("pk_unusable_address")),
    )


def _create_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("campaign_id", BigId, nullable=True),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("phone_id", BigId, nullable=True),
        sa.Column("message_channel_id", BigId, nullable=True),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body_text", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("unsubscribe_url", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("clicked_at", UtcDateTime(), nullable=True),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_message_{name}"))
            for name, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    step = ["lead_id", "campaign_id", "step", "cause"]
    _index("uq_message_step", step, "campaign_id IS NOT NULL", unique=True)
    step.remove("campaign_id")
    _index("uq_message_step_alone", step, "campaign_id IS NULL", unique=True)
    op.create_index("uq_message_token", "message", ["token"], unique=True)
    due = ["client_id", "channel", "campaign_id", "due_at", "id"]
    _index("ix_message_due", due, "state = 'waiting'")
    _index("ix_message_sending", ["claimed_until"], "state = 'sending'")
    _index("ix_message_provider", ["message_channel_id", "provider_id"], "provider_id <> ''")
    op.create_index("ix_message_campaign", "message", ["campaign_id", "state", "id"])
    op.create_index("ix_message_client", "message", ["client_id", "state", "id"])
    op.create_index("ix_message_address", "message", ["client_id", "to_address"])


def _index(name: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, "message", columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("unusable_address")
    op.drop_table("message")
    op.drop_table("message_channel")
