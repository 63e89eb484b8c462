"""What agents do on calls, and who is called into them"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_guest",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("attempt_id", BigId, nullable=False),
        sa.Column("to", sa.String(length=255), nullable=False),
        sa.Column("supervises", sa.Boolean(), nullable=False),
        sa.Column("called_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_call_guest_attempt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_guest")),
    )
    with op.batch_alter_table("call_guest", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_guest_attempt_id"), ["attempt_id"], unique=False)
    op.create_table(
        "call_step",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("attempt_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("to_agent_id", BigId, nullable=True),
        sa.Column("guest_id", BigId, nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_call_step_agent_id")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_call_step_attempt_id")),
        sa.ForeignKeyConstraint(["guest_id"], ["call_guest.id"], name=op.f("fk_call_step_guest_id")),
        sa.ForeignKeyConstraint(["to_agent_id"], ["agent.id"], name=op.f("fk_call_step_to_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_step")),
    )
    with op.batch_alter_table("call_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_step_attempt_id"), ["attempt_id"], unique=False)


def downgrade() -> None:
    op.drop_table("call_step")
    op.drop_table("call_guest")
