"""Prompts, the messages for abandoned people, menus, and what was answered in them"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    op.add_column("campaign", sa.Column("menu", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "prompt_sound",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("wav", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_prompt_sound")),
    )
    op.create_table(
        "prompt",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("length_s", sa.Float(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_prompt_client_id")),
        sa.ForeignKeyConstraint(["sha256"], ["prompt_sound.sha256"], name=op.f("fk_prompt_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt")),
    )
    op.create_index("uq_prompt_client_name", "prompt", ["client_id", "name"], unique=True)
    op.create_table(
        "abandoned_message",
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("prompt_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_abandoned_message_client_id")),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompt.id"], name=op.f("fk_abandoned_message_prompt_id")),
        sa.PrimaryKeyConstraint("client_id", "country", "language", name=op.f("pk_abandoned_message")),
    )
    op.create_index(op.f("ix_abandoned_message_prompt_id"), "abandoned_message", ["prompt_id"])
    op.create_table(
        "attempt_answer",
        sa.Column("attempt_id", BigId, nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=1), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_attempt_answer_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", "question", name=op.f("pk_attempt_answer")),
    )


def downgrade() -> None:
    op.drop_table("attempt_answer")
    op.drop_table("abandoned_message")
    op.drop_table("prompt")
    op.drop_table("prompt_sound")
    op.drop_column("campaign", "menu")
