"""Calls are counted as they end, for reports; a client has a time zone"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_COUNTS = (
    "calls",
    "answered",
    "people",
    "contacts",
    "right_parties",
    "conversions",
    "abandoned",
    "talks",
    "talk_contacts",
    "talk_conversions",
    "said_person",
    "said_person_checked",
    "said_person_wrong",
    "said_machine",
    "said_machine_checked",
    "said_machine_wrong",
    "ring_ms",
    "talk_ms",
)
_LEADS = ("attempted", "answered", "people", "contacted", "right_parties", "converted")


def _create_tally(name: str, *hour: sa.Column[object]) -> None:
    key = ("campaign_id", *(each.name for each in hour), "direction", "list_id", "agent_id")
    op.create_table(
        name,
        sa.Column("campaign_id", BigId, nullable=False),
        *hour,
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("agent_id", BigId, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("disposition", sa.String(length=20), nullable=False),
        *(sa.Column(each, sa.BigInteger(), nullable=False) for each in _COUNTS),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f(f"fk_{name}_campaign_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f(f"fk_{name}_list_id")),
        sa.PrimaryKeyConstraint(*key, "outcome", "disposition", name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    zone = sa.Column("timezone", sa.String(length=64), nullable=False, server_default="UTC")
    op.add_column("client", zone)
    _create_tally("call_tally", sa.Column("hour", UtcDateTime(), nullable=False))
    _create_tally("call_total", sa.Column("local_hour", sa.Integer(), nullable=False))
    op.create_table(
        "lead_total",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        *(sa.Column(each, sa.Integer(), nullable=False) for each in _LEADS),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_lead_total_campaign_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_lead_total_list_id")),
        sa.PrimaryKeyConstraint("campaign_id", "list_id", name=op.f("pk_lead_total")),
    )
    op.create_index("ix_attempt_campaign_placed", "attempt", ["campaign_id", "placed_at"])


def downgrade() -> None:
    op.drop_index("ix_attempt_campaign_placed", table_name="attempt")
    op.drop_table("lead_total")
    op.drop_table("call_total")
    op.drop_table("call_tally")
    op.drop_column("client", "timezone")
