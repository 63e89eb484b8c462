"""Who waits for an agent may ask to be called back: the key, and what they hear then"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_SETTINGS = (("inbound_callback_key", sa.String(length=1)), ("inbound_callback_message", sa.String()))


def upgrade() -> None:
    for name, kind in _SETTINGS:
        op.add_column("campaign", sa.Column(name, kind, nullable=False, server_default=""))


def downgrade() -> None:
    for name, _ in _SETTINGS:
        op.drop_column("campaign", name)
