"""`dialer caller-id …`, and caller IDs in `dialer campaign …`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from campaigns.commands import caller_id_app, campaign_app
from campaigns.errors import InvalidCallerIdError, InvalidInputError, InvalidSettingsError
from campaigns.stores.shared import Sessions
from tests.campaigns.seeds import people, seed_leads
from tests.campaigns.test_campaign_commands import AtUrl, Run

NEW_YORK, BOSTON = "+12125550100", "+16175550100"
RIGHT = ["--owner", "Acme Inc.", "--document", "LOA of 2026-11-03", "--recorded-by", "Ada"]
ACME = ["--client", "acme"]
CREATE = ["create", *ACME, "--name", "Sale", "--list", "autumn"]


@pytest.fixture
def run(migrated_sqlite: Path, tmp_path: Path) -> Run:
    """Runs a command of an app on a database with one list; errors come through."""
    path = tmp_path / "test.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = AtUrl(f"sqlite+aiosqlite:///{path}")

    async def seed(sessions: Sessions) -> None:
        await seed_leads(sessions, people(2))

    database.run(seed)

    def run_command(app: typer.Typer, *words: str) -> Result:
        return CliRunner().invoke(app, words, obj=database, catch_exceptions=False)

    return run_command


def test_a_number_is_added_changed_listed_and_given_back(run: Run) -> None:
    said = run(caller_id_app, "add", NEW_YORK, *ACME, *RIGHT, "--group", "east", "--daily-cap", "100").stdout
    assert said == f"The caller ID {NEW_YORK} is recorded for acme.\n"
    run(caller_id_app, "set", NEW_YORK, *ACME, "--inactive", "--daily-cap", "0", "--attestation", "A")
    (shown,) = json.loads(run(caller_id_app, "list", *ACME, "--json").stdout)
    assert (shown["caller_id"], shown["active"], shown["daily_cap"]) == (NEW_YORK, False, None)
    assert (shown["attestation"], shown["groups"], shown["figures"]["in_use"]) == ("A", ["east"], False)
    lines = run(caller_id_app, "list", *ACME).stdout.splitlines()
    assert lines[0] == "Caller IDs of acme, over 7 days"
    assert lines[2].split("  ")[:2] == [NEW_YORK, "not in use"]
    assert "LOA of 2026-11-03" in lines[-1]
    assert "no longer acme's" in run(caller_id_app, "retire", NEW_YORK, *ACME).stdout
    assert json.loads(run(caller_id_app, "list", *ACME, "--json").stdout) == []
    assert len(json.loads(run(caller_id_app, "list", *ACME, "--retired", "--json").stdout)) == 1


def test_a_file_of_numbers_is_imported_and_grouped(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text(f"caller_id,groups\n{NEW_YORK},east\n{BOSTON},\n911,\n")
    lines = run(caller_id_app, "import", str(file), *ACME, *RIGHT).stdout.splitlines()
    assert lines[0] == "3 caller IDs: 2 added, 0 changed, 0 unchanged, 1 refused."
    assert lines[1].startswith("row 4: ")
    report = json.loads(run(caller_id_app, "import", str(file), *ACME, *RIGHT, "--json").stdout)
    assert (report["unchanged"], report["refused"][0]["row"]) == (2, 4)
    lines = run(caller_id_app, "group", "east", *ACME, "--add", BOSTON, "--remove", NEW_YORK).stdout
    assert lines.splitlines() == ["Group east", "caller ID", BOSTON]
    (group,) = json.loads(run(caller_id_app, "groups", *ACME, "--json").stdout)
    assert group == {"name": "east", "caller_ids": 1}
    assert run(caller_id_app, "groups", *ACME).stdout.splitlines()[-1].split() == ["east", "1"]


def test_a_campaign_dials_with_a_group_and_its_status_shows_the_numbers(run: Run) -> None:
    for number in (NEW_YORK, BOSTON):
        run(caller_id_app, "add", number, *ACME, *RIGHT, "--group", "east")
    run(campaign_app, *CREATE, "--caller-id-group", "east", "--caller-id-rule", "local")
    (status,) = json.loads(run(campaign_app, "status", "Sale", "--json").stdout)
    assert [each["caller_id"] for each in status["caller_ids"]] == [NEW_YORK, BOSTON]
    lines = run(campaign_app, "status", "Sale").stdout.splitlines()
    assert lines[lines.index("Caller IDs, over 7 days") + 2].split()[:4] == [NEW_YORK, "free", "0", "-"]
    said = run(campaign_app, "set", "Sale", "--caller-id", NEW_YORK).stdout
    assert said.endswith(f"Its calls show {NEW_YORK}.\n")
    said = run(campaign_app, "set", "Sale", "--caller-id-group", "east", "--caller-id-rule", "rotate").stdout
    assert said.endswith("Its calls show a number of the group east (rotate).\n")


def test_what_is_wrong_is_said(run: Run) -> None:
    with pytest.raises(InvalidSettingsError, match="caller_id is missing"):
        run(campaign_app, *CREATE)
    with pytest.raises(InvalidSettingsError, match="give one of them"):
        run(campaign_app, *CREATE, "--caller-id", NEW_YORK, "--caller-id-group", "east")
    with pytest.raises(InvalidInputError, match="--from"):
        run(caller_id_app, "add", NEW_YORK, *ACME, *RIGHT, "--from", "3.11.2026")
    with pytest.raises(InvalidCallerIdError, match="attestation"):
        run(caller_id_app, "add", NEW_YORK, *ACME, *RIGHT, "--attestation", "E")
