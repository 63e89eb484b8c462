"""The first tables"""

import sqlalchemy as sa
from alembic import op

from leads.tables import BigId, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("slug", name=op.f("uq_client_slug")),
    )
    op.create_table(
        "dnc_list",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dnc_list")),
    )
    with op.batch_alter_table("dnc_list", schema=None) as batch_op:
        batch_op.create_index("uq_dnc_list_level_owner_name", ["level", "owner_id", "name"], unique=True)

    op.create_table(
        "rule_set",
        sa.Column("fingerprint", sa.String(length=16), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("first_used_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_rule_set")),
    )
    op.create_table(
        "zone_group",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("region", sa.String(length=2), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_group")),
        sa.UniqueConstraint("code", name=op.f("uq_zone_group_code")),
    )
    op.create_table(
        "agent",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sip_uri", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_agent_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
    )
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_client_id"), ["client_id"], unique=False)
        batch_op.create_index("uq_agent_client_name", ["client_id", "name"], unique=True)

    op.create_table(
        "campaign",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_since", UtcDateTime(), nullable=False),
        sa.Column("dial_mode", sa.String(length=12), nullable=False),
        sa.Column("lines_per_agent", sa.Float(), nullable=False),
        sa.Column("max_lines", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("caller_id", sa.String(), nullable=False),
        sa.Column("ring_timeout_s", sa.Float(), nullable=False),
        sa.Column("wrap_up_limit_s", sa.Float(), nullable=False),
        sa.Column("abandon_rate_target", sa.Float(), nullable=False),
        sa.Column("max_attempts_per_lead", sa.Integer(), nullable=False),
        sa.Column("lead_order", sa.String(length=24), nullable=False),
        sa.Column("callable_times", sa.JSON(), nullable=False),
        sa.Column("retry_rules", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("debt_field", sa.String(length=100), nullable=False),
        sa.Column("most_attempts_a_day", sa.Integer(), nullable=True),
        sa.Column("least_gap_s", sa.Float(), nullable=False),
        sa.Column("first_started_at", UtcDateTime(), nullable=True),
        sa.Column("asked_under", sa.String(length=16), nullable=False),
        sa.Column("consents_through", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_campaign_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_client_id"), ["client_id"], unique=False)
        batch_op.create_index("uq_campaign_client_name", ["client_id", "name"], unique=True)

    op.create_table(
        "column_mapping",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_column_mapping_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_mapping")),
    )
    with op.batch_alter_table("column_mapping", schema=None) as batch_op:
        batch_op.create_index("uq_column_mapping_client_name", ["client_id", "name"], unique=True)

    op.create_table(
        "consent",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("e164", sa.String(length=16), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_source", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_consent_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_e164_client", ["e164", "client_id"], unique=False)
        batch_op.create_index("ix_consent_email_client", ["email", "client_id"], unique=False)

    op.create_table(
        "dnc_entry",
        sa.Column("e164", sa.String(length=16), nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["dnc_list.id"], name=op.f("fk_dnc_entry_list_id")),
        sa.PrimaryKeyConstraint("e164", "list_id", name=op.f("pk_dnc_entry")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("dnc_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dnc_entry_list_id"), ["list_id"], unique=False)

    op.create_table(
        "dnc_prefix",
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["dnc_list.id"], name=op.f("fk_dnc_prefix_list_id")),
        sa.PrimaryKeyConstraint("prefix", "list_id", name=op.f("pk_dnc_prefix")),
    )
    with op.batch_alter_table("dnc_prefix", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dnc_prefix_list_id"), ["list_id"], unique=False)

    op.create_table(
        "exemption",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("rule_id", sa.String(length=60), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_exemption_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemption")),
    )
    with op.batch_alter_table("exemption", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exemption_client_id"), ["client_id"], unique=False)

    op.create_table(
        "lead_list",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("default_country", sa.String(length=2), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_lead_list_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_list")),
    )
    with op.batch_alter_table("lead_list", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lead_list_client_id"), ["client_id"], unique=False)
        batch_op.create_index("uq_lead_list_client_name", ["client_id", "name"], unique=True)

    op.create_table(
        "agent_session",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("campaign_ids", sa.JSON(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_session_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_session")),
    )
    with op.batch_alter_table("agent_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_session_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(
            "uq_agent_session_open",
            ["agent_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "answer_tally",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("quarter", UtcDateTime(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("machines_at_agents", sa.Integer(), nullable=False),
        sa.Column("machines_by_detection", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_answer_tally_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "country", "quarter", name=op.f("pk_answer_tally")),
    )
    op.create_table(
        "campaign_list",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_list_campaign_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_campaign_list_list_id")),
        sa.PrimaryKeyConstraint("campaign_id", "list_id", name=op.f("pk_campaign_list")),
    )
    op.create_table(
        "campaign_queue",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("zone_group_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_queue_campaign_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_campaign_queue_list_id")),
        sa.ForeignKeyConstraint(
            ["zone_group_id"], ["zone_group.id"], name=op.f("fk_campaign_queue_zone_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_queue")),
    )
    with op.batch_alter_table("campaign_queue", schema=None) as batch_op:
        batch_op.create_index(
            "uq_campaign_queue_list_group", ["campaign_id", "list_id", "zone_group_id"], unique=True
        )

    op.create_table(
        "closed_day",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("campaign_id", BigId, nullable=True),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_closed_day_campaign_id")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_closed_day_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closed_day")),
    )
    with op.batch_alter_table("closed_day", schema=None) as batch_op:
        batch_op.create_index("ix_closed_day_client", ["client_id", "day"], unique=False)

    op.create_table(
        "denial_tally",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("denials", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_denial_tally_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "day", "rule", "code", name=op.f("pk_denial_tally")),
    )
    op.create_table(
        "dial_tally",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_dial_tally_campaign_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_dial_tally_list_id")),
        sa.PrimaryKeyConstraint("campaign_id", "list_id", "hour", "attempt", name=op.f("pk_dial_tally")),
    )
    op.create_table(
        "lead_import",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("total_bytes", sa.Integer(), nullable=True),
        sa.Column("read_bytes", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_lead_import_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_import")),
    )
    with op.batch_alter_table("lead_import", schema=None) as batch_op:
        batch_op.create_index("ix_lead_import_list_state", ["list_id", "state"], unique=False)

    op.create_table(
        "pacing_now",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_pacing_now_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "node", name=op.f("pk_pacing_now")),
    )
    op.create_table(
        "campaign_load",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("import_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_load_campaign_id")),
        sa.ForeignKeyConstraint(["import_id"], ["lead_import.id"], name=op.f("fk_campaign_load_import_id")),
        sa.PrimaryKeyConstraint("campaign_id", "import_id", name=op.f("pk_campaign_load")),
    )
    op.create_table(
        "lead",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("import_id", BigId, nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("best_time", sa.String(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["lead_import.id"], name=op.f("fk_lead_import_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_lead_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
    )
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.create_index("ix_lead_import", ["import_id", "id"], unique=False)
        batch_op.create_index("ix_lead_list", ["list_id", "id"], unique=False)
        batch_op.create_index("ix_lead_list_external_id", ["list_id", "external_id"], unique=False)

    op.create_table(
        "lead_alias",
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_alias_lead_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_lead_alias_list_id")),
        sa.PrimaryKeyConstraint("list_id", "external_id", name=op.f("pk_lead_alias")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("lead_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lead_alias_lead_id"), ["lead_id"], unique=False)

    op.create_table(
        "phone",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(length=16), nullable=False),
        sa.Column("extension", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=2), nullable=False),
        sa.Column("zone_group_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_phone_lead_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_phone_list_id")),
        sa.ForeignKeyConstraint(["zone_group_id"], ["zone_group.id"], name=op.f("fk_phone_zone_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone")),
    )
    with op.batch_alter_table("phone", schema=None) as batch_op:
        batch_op.create_index("ix_phone_e164_list", ["e164", "list_id"], unique=False)
        batch_op.create_index("uq_phone_lead_position", ["lead_id", "position"], unique=True)

    op.create_table(
        "attempt",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("phone_id", BigId, nullable=False),
        sa.Column("list_id", BigId, nullable=False),
        sa.Column("local_hour", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("address_country", sa.String(length=2), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("debt", sa.String(length=100), nullable=False),
        sa.Column("caller_id", sa.String(length=16), nullable=False),
        sa.Column("permit", sa.JSON(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("ringing_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("connected_at", UtcDateTime(), nullable=True),
        sa.Column("message_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("sip_status", sa.Integer(), nullable=True),
        sa.Column("sip_reason", sa.String(), nullable=False),
        sa.Column("ended_by", sa.String(length=10), nullable=False),
        sa.Column("agent_id", BigId, nullable=True),
        sa.Column("disposition", sa.String(length=20), nullable=False),
        sa.Column("disposition_at", UtcDateTime(), nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_attempt_agent_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_attempt_campaign_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_attempt_lead_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_attempt_list_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_attempt_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index("ix_attempt_campaign", ["campaign_id", "id"], unique=False)
        batch_op.create_index(
            "ix_attempt_debt",
            ["debt", "placed_at"],
            unique=False,
            sqlite_where=sa.text("debt <> ''"),
            postgresql_where=sa.text("debt <> ''"),
        )
        batch_op.create_index("ix_attempt_e164", ["e164", "placed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempt_lead_id"), ["lead_id"], unique=False)
        batch_op.create_index(
            "ix_attempt_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("uq_attempt_number", ["campaign_id", "lead_id", "number"], unique=True)

    op.create_table(
        "campaign_lead",
        sa.Column("campaign_id", BigId, nullable=False),
        sa.Column("lead_id", BigId, nullable=False),
        sa.Column("queue_id", BigId, nullable=False),
        sa.Column("phone_id", BigId, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("denial", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("sort_key", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_lead_campaign_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_campaign_lead_lead_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_campaign_lead_phone_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["campaign_queue.id"], name=op.f("fk_campaign_lead_queue_id")),
        sa.PrimaryKeyConstraint("campaign_id", "lead_id", name=op.f("pk_campaign_lead")),
    )
    with op.batch_alter_table("campaign_lead", schema=None) as batch_op:
        batch_op.create_index(
            "ix_campaign_lead_claimed",
            ["campaign_id", "claimed_until"],
            unique=False,
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )
        batch_op.create_index("ix_campaign_lead_lead", ["lead_id"], unique=False)
        batch_op.create_index(
            "ix_campaign_lead_ready",
            ["queue_id", "sort_key", "lead_id"],
            unique=False,
            sqlite_where=sa.text("state = 'ready'"),
            postgresql_where=sa.text("state = 'ready'"),
        )
        batch_op.create_index(
            "ix_campaign_lead_waiting",
            ["campaign_id", "due_at", "lead_id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "agent_interval",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("session_id", BigId, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("attempt_id", BigId, nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_agent_interval_attempt_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["agent_session.id"], name=op.f("fk_agent_interval_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_interval")),
    )
    with op.batch_alter_table("agent_interval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_interval_session_id"), ["session_id"], unique=False)
        batch_op.create_index(
            "uq_agent_interval_open",
            ["session_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "caller_id_rest",
        sa.Column("caller_id", sa.String(length=16), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("attempt_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_caller_id_rest_attempt_id")),
        sa.PrimaryKeyConstraint("caller_id", name=op.f("pk_caller_id_rest")),
    )


def downgrade() -> None:
    op.drop_table("caller_id_rest")
    with op.batch_alter_table("agent_interval", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_agent_interval_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_agent_interval_session_id"))

    op.drop_table("agent_interval")
    with op.batch_alter_table("campaign_lead", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_campaign_lead_waiting",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index(
            "ix_campaign_lead_ready",
            sqlite_where=sa.text("state = 'ready'"),
            postgresql_where=sa.text("state = 'ready'"),
        )
        batch_op.drop_index("ix_campaign_lead_lead")
        batch_op.drop_index(
            "ix_campaign_lead_claimed",
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )

    op.drop_table("campaign_lead")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index("uq_attempt_number")
        batch_op.drop_index(
            "ix_attempt_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_attempt_lead_id"))
        batch_op.drop_index("ix_attempt_e164")
        batch_op.drop_index(
            "ix_attempt_debt", sqlite_where=sa.text("debt <> ''"), postgresql_where=sa.text("debt <> ''")
        )
        batch_op.drop_index("ix_attempt_campaign")
        batch_op.drop_index(batch_op.f("ix_attempt_agent_id"))

    op.drop_table("attempt")
    with op.batch_alter_table("phone", schema=None) as batch_op:
        batch_op.drop_index("uq_phone_lead_position")
        batch_op.drop_index("ix_phone_e164_list")

    op.drop_table("phone")
    with op.batch_alter_table("lead_alias", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lead_alias_lead_id"))

    op.drop_table("lead_alias")
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.drop_index("ix_lead_list_external_id")
        batch_op.drop_index("ix_lead_list")
        batch_op.drop_index("ix_lead_import")

    op.drop_table("lead")
    op.drop_table("campaign_load")
    op.drop_table("pacing_now")
    with op.batch_alter_table("lead_import", schema=None) as batch_op:
        batch_op.drop_index("ix_lead_import_list_state")

    op.drop_table("lead_import")
    op.drop_table("dial_tally")
    op.drop_table("denial_tally")
    with op.batch_alter_table("closed_day", schema=None) as batch_op:
        batch_op.drop_index("ix_closed_day_client")

    op.drop_table("closed_day")
    with op.batch_alter_table("campaign_queue", schema=None) as batch_op:
        batch_op.drop_index("uq_campaign_queue_list_group")

    op.drop_table("campaign_queue")
    op.drop_table("campaign_list")
    op.drop_table("answer_tally")
    with op.batch_alter_table("agent_session", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_agent_session_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_agent_session_agent_id"))

    op.drop_table("agent_session")
    with op.batch_alter_table("lead_list", schema=None) as batch_op:
        batch_op.drop_index("uq_lead_list_client_name")
        batch_op.drop_index(batch_op.f("ix_lead_list_client_id"))

    op.drop_table("lead_list")
    with op.batch_alter_table("exemption", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exemption_client_id"))

    op.drop_table("exemption")
    with op.batch_alter_table("dnc_prefix", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dnc_prefix_list_id"))

    op.drop_table("dnc_prefix")
    with op.batch_alter_table("dnc_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dnc_entry_list_id"))

    op.drop_table("dnc_entry")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_email_client")
        batch_op.drop_index("ix_consent_e164_client")

    op.drop_table("consent")
    with op.batch_alter_table("column_mapping", schema=None) as batch_op:
        batch_op.drop_index("uq_column_mapping_client_name")

    op.drop_table("column_mapping")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_index("uq_campaign_client_name")
        batch_op.drop_index(batch_op.f("ix_campaign_client_id"))

    op.drop_table("campaign")
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.drop_index("uq_agent_client_name")
        batch_op.drop_index(batch_op.f("ix_agent_client_id"))

    op.drop_table("agent")
    op.drop_table("zone_group")
    op.drop_table("rule_set")
    with op.batch_alter_table("dnc_list", schema=None) as batch_op:
        batch_op.drop_index("uq_dnc_list_level_owner_name")

    op.drop_table("dnc_list")
    op.drop_table("client")
