"""Attempts of one campaign over ninety days, made by the database itself."""

import psycopg

CAMPAIGN = 1
_EMPTY = {
    "json": "'{}'",
    "boolean": "false",
    "timestamp with time zone": "now()",
    "character varying": "''",
}
_CODES = "ARRAY['sale', 'not_interested', 'callback', 'hung_up']"
_AGENTS = 100
_LISTS = 4


def seed(url: str, attempts: int) -> None:
    """About four calls a lead, a quarter answered by people."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        made = Maker(connection)
        made.rows("client", 1, slug="'bench'", name="'Bench'", timezone="'Europe/Berlin'")
        made.rows("lead_list", _LISTS, client_id="1", name="'list ' || i", default_country="'US'")
        made.rows("lead_import", 1, list_id="1", source="'bench'", state="'done'", options="'{}'")
        made.rows("zone_group", 1, code="'none'", region="'US'", zones="'[\"America/New_York\"]'")
        leads = max(1, attempts // 4)
        list_of = f"1 + i % {_LISTS}"
        made.rows("lead", leads, list_id=list_of, import_id="1")
        phone = {"lead_id": "i", "list_id": list_of, "e164": "'+1202' || (1000000 + i)", "zone_group_id": "1"}
        made.rows("phone", leads, kind="'mobile'", region="'US'", position="0", **phone)
        made.rows(
            "agent", _AGENTS, client_id="1", name="'agent ' || i", sip_uri="'sip:' || i", leg="'persistent'"
        )
        made.rows(
            "campaign",
            1,
            client_id="1",
            name="'Big'",
            callable_times='\'{"mon": [["09:00", "20:00"]]}\'',
            kind="'sales'",
            state="'stopped'",
            dial_mode="'power'",
        )
        made.rows("campaign_list", _LISTS, campaign_id="1", list_id="i")
        made.rows("campaign_queue", 1, campaign_id="1", list_id="1", zone_group_id="1")
        lead = {"campaign_id": "1", "lead_id": "i", "queue_id": "1", "phone_id": "i", "attempts": "4"}
        made.rows("campaign_lead", leads, state="'final'", reason="'max_attempts'", **lead)
        _attempts(made, attempts, leads, list_of)
        connection.execute("VACUUM ANALYZE")


def _attempts(made: "Maker", attempts: int, leads: int, list_of: str) -> None:
    # A call's fate by its number, so that calls are alike in each run: 1/4 people, of whom 9/10 talk.
    fate = "(i * 7919) % 1000"
    placed = f"now() - interval '90 days' + interval '90 days' * i / {attempts + 1}"
    talked = f"{fate} < 225"
    code = "((i * 104729) % 4)::int"
    made.rows(
        "attempt",
        attempts,
        direction="'out'",
        campaign_id="1",
        lead_id=f"1 + (i - 1) % {leads}",
        phone_id=f"1 + (i - 1) % {leads}",
        list_id=list_of.replace("i ", f"(1 + (i - 1) % {leads}) "),
        local_hour=f"(extract(hour FROM {placed}))::int",
        e164=f"'+1202' || (1000000 + 1 + (i - 1) % {leads})",
        number=f"1 + (i - 1) / {leads}",
        country="'US'",
        caller_id="'+12025550199'",
        trunk="'main'",
        permit='\'{"rule_set": "0123456789abcdef", "facts": {"caller_id": "+12025550199"}}\'',
        placed_at=placed,
        ringing_at=f"{placed} + interval '2 seconds'",
        answered_at=f"CASE WHEN {fate} < 300 THEN {placed} + interval '9 seconds' END",
        connected_at=f"CASE WHEN {talked} THEN {placed} + interval '10 seconds' END",
        ended_at=f"{placed} + interval '1 second' * (20 + i % 200)",
        outcome=f"CASE WHEN {talked} THEN 'human' WHEN {fate} < 230 THEN 'abandoned' "
        f"WHEN {fate} < 300 THEN 'machine' WHEN {fate} < 400 THEN 'busy' ELSE 'no_answer' END",
        agent_id=f"CASE WHEN {talked} THEN 1 + (i * 31) % {_AGENTS} END",
        disposition=f"CASE WHEN {talked} THEN ({_CODES})[1 + {code}] ELSE '' END",
        disposition_flags=f"CASE WHEN {talked} THEN (ARRAY[143, 151, 71, 1])[1 + {code}] ELSE 0 END",
    )


class Maker:
    """Fills tables; a column that is not named gets something empty."""

    def __init__(self, connection: psycopg.Connection[tuple[str, ...]]) -> None:
        self._connection = connection

    def rows(self, table: str, count: int, **values: str) -> None:
        """Rows 1 to `count`; values are SQL over the row's number i."""
        columns = self._connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
            "AND is_nullable = 'NO' AND column_default IS NULL",
            (table,),
        ).fetchall()
        needed = {name: _EMPTY.get(kind, "0") for name, kind in columns if name != "id"}
        given = needed | values
        names = ", ".join(f'"{name}"' for name in given)
        self._connection.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(given.values())} "  # type: ignore[arg-type] # noqa: S608
            f"FROM generate_series(1, {count}::bigint) i"
        )
