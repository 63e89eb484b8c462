"""A limit of lines for each agent"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    op.add_column("campaign", sa.Column("max_lines_per_agent", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaign", "max_lines_per_agent")
