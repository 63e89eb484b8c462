"""Dispositions of a campaign's own, what they meant when they were said, corrections, and sales"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_STANDARD = {
    "sale": ("Sale", 143),
    "appointment_set": ("Appointment set", 143),
    "survey_completed": ("Survey completed", 143),
    "promise_to_pay": ("Promise to pay", 143),
    "not_interested": ("Not interested", 151),
    "callback": ("Asked to be called back", 71),
    "do_not_call": ("Asked not to be called again", 35),
    "not_available": ("Somebody else answered; try again", 65),
    "hung_up": ("Hung up before the talk began", 1),
    "wrong_number": ("Wrong number", 257),
    "language_barrier": ("No common language", 257),
    "deceased": ("Has died", 257),
    "answering_machine": ("Answering machine", 512),
    "fax_or_modem": ("Fax or modem", 768),
    "message_played": ("Message played to its end", 128),
    "message_cut_short": ("Message not played to its end", 0),
    "opted_out": ("Opted out by key", 33),
    "dead_air": ("Nobody spoke", 0),
    "no_disposition": ("No disposition given", 0),
}
"""Code to label and flags: human_answered 1, customer_contact 2, right_party 4, conversion 8, not_interested
16, dnc 32, callback 64, completed 128, unworkable 256, machine 512."""


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and other tables refer to it.
    _add("campaign", "dispositions", sa.JSON(), "{}")
    _add("campaign", "correction_limit_s", sa.Float(), "86400")
    _add("campaign", "currency", sa.String(length=3), "")
    _add("attempt", "disposition_label", sa.String(length=100), "")
    _add("attempt", "disposition_flags", sa.Integer(), "0")
    for code, (label, flags) in _STANDARD.items():
        attempt = sa.table(
            "attempt",
            sa.column("disposition", sa.String()),
            sa.column("disposition_label", sa.String()),
            sa.column("disposition_flags", sa.Integer()),
        )
        values = {"disposition_label": label, "disposition_flags": flags}
        op.execute(sa.update(attempt).where(attempt.c.disposition == code).values(values))
    _create_disposition_change()
    op.create_table(
        "sale_line",
        sa.Column("attempt_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(length=100), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_sale_line_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", "number", name=op.f("pk_sale_line")),
    )


def _add(table: str, name: str, kind: sa.types.TypeEngine[Any], default: str) -> None:
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))


def _create_disposition_change() -> None:
    op.create_table(
        "disposition_change",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("attempt_id", BigId, nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("disposition", sa.String(length=20), nullable=False),
        sa.Column("disposition_label", sa.String(length=100), nullable=False),
        sa.Column("disposition_flags", sa.Integer(), nullable=False),
        sa.Column("disposition_at", UtcDateTime(), nullable=True),
        sa.Column("disposition_by", sa.String(length=6), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("sale", sa.JSON(), nullable=False),
        sa.Column("becomes", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_disposition_change_attempt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposition_change")),
    )
    op.create_index(op.f("ix_disposition_change_attempt_id"), "disposition_change", ["attempt_id"])


def downgrade() -> None:
    op.drop_table("sale_line")
    op.drop_table("disposition_change")
    for name in ("disposition_flags", "disposition_label"):
        op.drop_column("attempt", name)
    for name in ("currency", "correction_limit_s", "dispositions"):
        op.drop_column("campaign", name)
