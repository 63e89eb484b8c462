"""Levels of agents to whom calls are handed up, and lists for numbers that agents call"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("tiers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column(
        "campaign", sa.Column("manual_list", sa.String(length=100), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("campaign", "manual_list")
    op.drop_column("campaign", "tiers")
