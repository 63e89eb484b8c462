"""Which trunk had a call, and how trunks are"""

import sqlalchemy as sa
from alembic import op

from leads.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    for name, length in (("trunk", 32), ("attestation", 1)):
        op.add_column("attempt", sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
    op.add_column("attempt", sa.Column("rerouted", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "trunk_now",
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("trunk", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("node", "trunk"),
    )


def downgrade() -> None:
    op.drop_table("trunk_now")
    for name in ("trunk", "attestation", "rerouted"):
        op.drop_column("attempt", name)
