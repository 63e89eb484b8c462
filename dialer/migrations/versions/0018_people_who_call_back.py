"""People who call back: which campaigns take their calls, and their calls among the attempts"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SETTINGS = (
    ("inbound", sa.String(length=3), "off"),
    ("inbound_wait_s", sa.Float(), "120"),
    ("inbound_music", sa.String(), ""),
    ("inbound_message", sa.String(), ""),
    ("inbound_list", sa.String(length=100), "callers"),
)
_OF_A_NUMBER = ["campaign_id", "lead_id", "number"]


def upgrade() -> None:
    # Not in a batch: SQLite would make the tables anew, and other tables refer to them.
    for name, kind, default in _SETTINGS:
        op.add_column("campaign", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column(
        "attempt", sa.Column("direction", sa.String(length=3), nullable=False, server_default="out")
    )
    op.drop_index("uq_attempt_number", "attempt")
    ours, theirs = sa.text("direction = 'out'"), sa.text("direction = 'in'")
    op.create_index(
        "uq_attempt_number", "attempt", _OF_A_NUMBER, unique=True, sqlite_where=ours, postgresql_where=ours
    )
    op.create_index(
        "ix_attempt_in", "attempt", ["campaign_id", "id"], sqlite_where=theirs, postgresql_where=theirs
    )


def downgrade() -> None:
    # They stay, each with a number that no other has.
    op.execute("UPDATE attempt SET number = -id WHERE direction = 'in'")
    op.drop_index("ix_attempt_in", "attempt")
    op.drop_index("uq_attempt_number", "attempt")
    op.create_index("uq_attempt_number", "attempt", _OF_A_NUMBER, unique=True)
    op.drop_column("attempt", "direction")
    for name, _, _ in _SETTINGS:
        op.drop_column("campaign", name)
