"""Previews: how long an agent looks at a lead, and which leads were skipped"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("preview_limit_s", sa.Float(), nullable=True))
    op.add_column(
        "campaign", sa.Column("preview_then", sa.String(length=8), nullable=False, server_default="dial")
    )
    op.create_table(
        "lead_skip",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("skipped_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_lead_skip_agent_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_lead_skip_campaign_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_skip_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_skip")),
    )
    with op.batch_alter_table("lead_skip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lead_skip_lead_id"), ["lead_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("lead_skip", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lead_skip_lead_id"))

    op.drop_table("lead_skip")
    op.drop_column("campaign", "preview_then")
    op.drop_column("campaign", "preview_limit_s")
