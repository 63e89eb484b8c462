"""Agentless campaigns: their message, the key that opts out, and the calls that a node places a second"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("max_calls_per_second", sa.Float(), "50"),
    ("message", sa.String(), ""),
    ("opt_out_key", sa.String(length=1), "9"),
)


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    for name, kind, value in _COLUMNS:
        op.add_column("campaign", sa.Column(name, kind, nullable=False, server_default=value))


def downgrade() -> None:
    for name, _, _ in reversed(_COLUMNS):
        op.drop_column("campaign", name)
