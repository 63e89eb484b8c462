"""Scripts with questions, people's answers to them, and quotas"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("script", sa.JSON(), nullable=True))
    op.add_column("campaign", sa.Column("quotas", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "questionnaire_document",
        sa.Column("sha256", sa.String(length=64), primary_key=True),
        sa.Column("body", sa.JSON(), nullable=False),
    )
    op.create_table(
        "questionnaire_run",
        sa.Column("id", _BIG, primary_key=True, autoincrement=True),
        sa.Column("client_id", _BIG, sa.ForeignKey("client.id"), nullable=False),
        sa.Column("campaign_id", _BIG, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("lead_id", _BIG, sa.ForeignKey("lead.id"), nullable=False),
        sa.Column("attempt_id", _BIG, sa.ForeignKey("attempt.id"), nullable=True),
        sa.Column("agent_id", _BIG, sa.ForeignKey("agent.id"), nullable=True),
        sa.Column(
            "document",
            sa.String(length=64),
            sa.ForeignKey("questionnaire_document.sha256"),
            nullable=False,
        ),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.Column("page", sa.String(length=40), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=True),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT, nullable=True),
    )
    in_a_call, with_a_link = sa.text("attempt_id IS NOT NULL"), sa.text("token_sha256 <> ''")
    for name, columns, condition in (
        ("uq_questionnaire_run_attempt", ["attempt_id"], in_a_call),
        ("uq_questionnaire_run_token", ["token_sha256"], with_a_link),
    ):
        op.create_index(
            name,
            "questionnaire_run",
            columns,
            unique=True,
            sqlite_where=condition,
            postgresql_where=condition,
        )
    op.create_index("ix_questionnaire_run_campaign", "questionnaire_run", ["campaign_id", "id"])
    op.create_index("ix_questionnaire_run_lead", "questionnaire_run", ["lead_id", "campaign_id"])
    op.create_table(
        "questionnaire_answer",
        sa.Column("run_id", _BIG, sa.ForeignKey("questionnaire_run.id"), primary_key=True),
        sa.Column("question", sa.String(length=40), primary_key=True),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("answered_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "questionnaire_segment",
        sa.Column("run_id", _BIG, sa.ForeignKey("questionnaire_run.id"), primary_key=True),
        sa.Column("quota", sa.String(length=40), primary_key=True),
    )
    op.create_table(
        "quota_count",
        sa.Column("campaign_id", _BIG, sa.ForeignKey("campaign.id"), primary_key=True),
        sa.Column("quota", sa.String(length=40), primary_key=True),
        sa.Column("completed", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for table in (
        "quota_count",
        "questionnaire_segment",
        "questionnaire_answer",
        "questionnaire_run",
        "questionnaire_document",
    ):
        op.drop_table(table)
    op.drop_column("campaign", "quotas")
    op.drop_column("campaign", "script")
