"""The network's tones that were heard in a call"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    op.add_column("attempt", sa.Column("heard", sa.String(length=20), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("attempt", "heard")
