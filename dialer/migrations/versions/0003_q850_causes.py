"""Q.850 causes"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    op.add_column("attempt", sa.Column("q850_cause", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "q850_cause")
