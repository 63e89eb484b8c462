"""Web hooks and what they are told, hooks by which leads come, and what agents' screens open"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_SETTINGS = (("screen_pop_url", sa.String(length=2000)), ("screen_pop_secret", sa.String(length=43)))


def upgrade() -> None:
    for name, kind in _SETTINGS:
        op.add_column("campaign", sa.Column(name, kind, nullable=False, server_default=""))
    _create_webhook()
    _create_delivery()
    _create_lead_hook()


def _create_webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("former_secret", sa.String(length=100), nullable=False),
        sa.Column("former_until", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("rest_until", UtcDateTime(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_webhook_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index(op.f("ix_webhook_client_id"), "webhook", ["client_id"])


def _create_delivery() -> None:
    references = {"client_id": "client", "webhook_id": "webhook", "lead_id": "lead"}
    op.create_table(
        "webhook_delivery",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("webhook_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=True),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("took_s", sa.Float(), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_webhook_delivery_{name}"))
            for name, table in references.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    for name in ("client_id", "lead_id"):
        op.create_index(op.f(f"ix_webhook_delivery_{name}"), "webhook_delivery", [name])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["webhook_id", "next_at", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_webhook_delivery_webhook", "webhook_delivery", ["webhook_id", "state", "id"])
    op.create_index("ix_webhook_delivery_created", "webhook_delivery", ["created_at"])


def _create_lead_hook() -> None:
    op.create_table(
        "lead_hook",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("list_name", sa.String(length=200), nullable=False),
        sa.Column("default_country", sa.String(length=2), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("items", sa.String(length=200), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_lead_hook_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_hook")),
    )
    op.create_index("uq_lead_hook_client_name", "lead_hook", ["client_id", "name"], unique=True)
    op.create_index("uq_lead_hook_token", "lead_hook", ["token_hash"], unique=True)
    op.create_table(
        "lead_hook_delivery",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("lead_hook_id", BigId, nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_lead_hook_delivery_client_id")),
        sa.ForeignKeyConstraint(
            ["lead_hook_id"], ["lead_hook.id"], name=op.f("fk_lead_hook_delivery_lead_hook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_hook_delivery")),
    )
    key = ["client_id", "lead_hook_id", "event_id"]
    op.create_index("uq_lead_hook_delivery", "lead_hook_delivery", key, unique=True)
    op.create_index("ix_lead_hook_delivery_at", "lead_hook_delivery", ["received_at"])


def downgrade() -> None:
    for table in ("lead_hook_delivery", "lead_hook", "webhook_delivery", "webhook"):
        op.drop_table(table)
    for name, _ in _SETTINGS:
        op.drop_column("campaign", name)
