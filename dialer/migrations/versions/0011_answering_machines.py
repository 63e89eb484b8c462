"""Answering-machine detection: what a campaign wants of it, and what it heard in a call"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_SETTINGS = (
    ("amd_mode", sa.String(length=4), "off"),
    ("amd_action", sa.String(length=8), "hang_up"),
    ("amd_optimistic", sa.Boolean(), sa.true()),
    ("voicemail_message", sa.String(), ""),
    ("amd_review_share", sa.Float(), "0.05"),
)


def upgrade() -> None:
    # Not in a batch: SQLite would make the tables anew, and other tables refer to them.
    for name, kind, value in _SETTINGS:
        op.add_column("campaign", sa.Column(name, kind, nullable=False, server_default=value))
    op.add_column("attempt", sa.Column("amd_verdict", sa.String(length=8), nullable=False, server_default=""))
    op.add_column("attempt", sa.Column("amd_confidence", sa.Float(), nullable=True))
    op.add_column("attempt", sa.Column("amd_took_s", sa.Float(), nullable=True))


def downgrade() -> None:
    for name in ("amd_took_s", "amd_confidence", "amd_verdict"):
        op.drop_column("attempt", name)
    for name, _, _ in reversed(_SETTINGS):
        op.drop_column("campaign", name)
