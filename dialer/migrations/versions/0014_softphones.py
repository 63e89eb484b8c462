"""Softphones at our own registrar, and how each agent's is called"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    op.add_column("agent", sa.Column("sip_user", sa.String(length=40), nullable=True))
    op.add_column("agent", sa.Column("sip_ha1", sa.String(length=32), nullable=True))
    op.add_column(
        "agent", sa.Column("leg", sa.String(length=12), nullable=False, server_default="persistent")
    )
    op.add_column("agent", sa.Column("auto_answer", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("uq_agent_sip_user", "agent", ["sip_user"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_agent_sip_user", table_name="agent")
    for column in ("auto_answer", "leg", "sip_ha1", "sip_user"):
        op.drop_column("agent", column)
