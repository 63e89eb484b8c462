"""Client limits"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_limit",
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_limit_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_limit")),
    )


def downgrade() -> None:
    op.drop_table("client_limit")
