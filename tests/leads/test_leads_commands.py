"""`dialer leads import`, `mappings` and `template`, on a real database."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import typer
from sqlmodel import select
from typer.testing import CliRunner, Result

from dialer.database import opened
from leads.commands import leads_app
from leads.errors import (
    BadMappingError,
    BadNameError,
    LeadsError,
    NotALeadFileError,
    RejectsFileError,
    UnknownCountryError,
    UnknownMappingError,
    UnknownSheetError,
)
from leads.stores.shared import Session, Sessions
from leads.tables import LeadList
from tests.leads.workbooks import sheets

T = TypeVar("T")


class _WithDatabase:
    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def main() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(main())

    async def lists_of_campaign(self, sessions: Sessions, reference: str) -> tuple[int, ...]:
        assert reference == "Autumn"
        async with sessions() as session, session.begin():
            return tuple((await session.exec(select(LeadList.id))).all())

    async def follow_merges(self, _session: Session, _lead_ids: Sequence[int], _now: datetime) -> None:
        """There are no campaigns."""


Run = Callable[..., Result]

app = typer.Typer()
app.add_typer(leads_app, name="leads")


@pytest.fixture
def run(database_url: str) -> Run:
    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), obj=_WithDatabase(database_url), input=stdin)

    return invoke


@pytest.fixture
def lead_file(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    path.write_text("phone,name\n415-555-0101,Ann\nn/a,Bob\n4155550101,Anne\n020 7946 0123,Zoë\n")
    return path


def _import(run: Run, lead_file: Path, *options: str) -> Result:
    return run("leads", "import", str(lead_file), "--list", "spring", "--client", "acme", *options)


def test_import_says_what_became_of_the_rows(run: Run, lead_file: Path) -> None:
    result = _import(run, lead_file)
    assert result.exit_code == 0
    assert "4 rows, 1 accepted, 1 merged, 2 rejected" in result.stdout
    assert "phone-not-a-number" in result.stdout
    assert "row 3" in result.stdout
    assert "Traceback" not in result.stderr


def test_import_gives_json(run: Run, lead_file: Path) -> None:
    result = _import(run, lead_file, "--json", "--default-country", "GB")
    report = json.loads(result.stdout)
    assert (report["rows"], report["accepted"], report["merged"], report["rejected"]) == (4, 1, 0, 3)
    assert sum(report["reasons"].values()) == 3


def test_import_writes_the_rejected_rows(run: Run, lead_file: Path, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    assert _import(run, lead_file, "--rejects", str(rejects)).exit_code == 0
    assert len(rejects.read_text("utf-8-sig").splitlines()) == 3


def test_import_reads_the_standard_input(run: Run) -> None:
    result = run(
        "leads", "import", "-", "--list", "x", "--client", "acme", "--json", stdin="phone\n415-555-0101\n"
    )
    assert (result.exit_code, result.exception, result.stderr) == (0, None, "")
    assert json.loads(result.stdout)["accepted"] == 1


def test_import_writes_which_lead_each_row_became(run: Run, lead_file: Path, tmp_path: Path) -> None:
    id_map = tmp_path / "ids.csv"
    assert _import(run, lead_file, "--id-map", str(id_map)).exit_code == 0
    lines = id_map.read_text("utf-8-sig").splitlines()
    assert lines[0] == "row,external_id,lead_id,outcome,code"
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "4"]


def test_a_dry_run_shows_the_columns_and_rows_and_stores_nothing(run: Run, lead_file: Path) -> None:
    result = _import(run, lead_file, "--dry-run")
    assert result.exit_code == 0
    assert "phone: phone, by its name" in result.stdout
    assert "row 2: +14155550101; first_name: Ann" in result.stdout
    assert "2 can be read, 2 would be rejected" in result.stdout
    found = json.loads(_import(run, lead_file, "--dry-run", "--all", "--json").stdout)
    assert (found["rows"], found["readable"], found["rejected"], found["whole"]) == (4, 2, 2, True)
    assert json.loads(_import(run, lead_file, "--json").stdout)["accepted"] == 1


def test_a_sheet_is_chosen_and_the_others_are_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    rows = [["phone"], ["4155550101"]]
    path.write_bytes(sheets({"autumn": rows, "winter": [*rows, ["4155550102"]], "notes": []}))
    told = 'Read from the sheet "autumn". Other sheets have rows too: "winter"; --sheet reads one of them.'
    assert told in _import(run, path, "--dry-run").stdout
    assert told in _import(run, path).stdout
    report = json.loads(_import(run, path, "--sheet", "winter", "--json").stdout)
    assert (report["sheet"], report["other_sheets"], report["rows"]) == ("winter", ["autumn"], 2)
    assert "Other sheets" not in _import(run, path, "--sheet", "winter", "--dry-run", "--json").stdout
    for more in ((), ("--dry-run",)):
        assert isinstance(_import(run, path, "--sheet", "summer", *more).exception, UnknownSheetError)


def test_columns_are_mapped_by_hand_and_the_mapping_is_saved(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("Ring here,Who\n4155550101,Ann\n")
    mapped = ("--map", "phone=Ring here", "--map", "first_name=Who", "--save-mapping", "odd")
    assert "phone: Ring here" not in run("leads", "mappings", "--client", "acme").stdout
    assert _import(run, path, *mapped).exit_code == 0
    assert "odd: phone=Ring here, first_name=Who" in run("leads", "mappings", "--client", "acme").stdout
    again = _import(run, path, "--mapping", "odd", "--json")
    assert json.loads(again.stdout)["merges"] == {"duplicate-unchanged": 1}
    saved = json.loads(run("leads", "mappings", "--client", "acme", "--json").stdout)
    assert saved[0]["columns"] == {"phone": "Ring here", "first_name": "Who"}


def test_a_preset_needs_no_header(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "vicidial.csv"
    path.write_text("V1,,,1,4155550101,,Ann,,Lee\n")
    result = _import(run, path, "--preset", "vicidial", "--json")
    assert json.loads(result.stdout)["accepted"] == 1


def test_duplicates_in_a_campaign_are_looked_for_in_its_lists(run: Run, lead_file: Path) -> None:
    _import(run, lead_file)
    options = ("--scope", "campaign", "--campaign", "Autumn", "--duplicates", "skip", "--json")
    result = run("leads", "import", str(lead_file), "--list", "other", "--client", "acme", *options)
    assert json.loads(result.stdout)["merges"] == {"duplicate-skipped": 2}


def test_the_template_can_be_loaded(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "template.csv"
    assert run("leads", "template", str(path)).exit_code == 0
    assert run("leads", "template").stdout.splitlines()[0] == path.read_text().splitlines()[0]
    report = json.loads(_import(run, path, "--json").stdout)
    assert (report["accepted"], report["rejected"], report["notes"]) == (2, 0, {})
    assert isinstance(run("leads", "template", str(path)).exception, RejectsFileError)


@pytest.mark.parametrize(
    "arguments",
    [
        ["leads", "import"],
        ["leads", "import", "/nowhere.csv", "--list", "x", "--client", "acme"],
        ["leads", "import", "/", "--list", "x", "--client", "acme"],
        ["leads", "import", __file__, "--client", "acme"],
        ["leads", "import", __file__, "--list", "x"],
        ["leads", "import", __file__, "--list", "x", "--client", "acme", "--duplicates", "nonsense"],
        ["leads", "import", __file__, "--list", "x", "--client", "acme", "--scope", "campaign"],
        ["leads", "nonsense"],
        ["leads", "mappings"],
    ],
)
def test_a_wrong_call_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ([], NotALeadFileError),
        (["--client", "Not A Slug"], BadNameError),
        (["--list", " "], BadNameError),
        (["--default-country", "Narnia"], UnknownCountryError),
        (["--map", "phone"], BadMappingError),
        (["--map", "phone=No such column"], BadMappingError),
        (["--mapping", "nobody's"], UnknownMappingError),
        (["--save-mapping", " "], BadNameError),
    ],
)
def test_work_that_fails_gives_the_rooms_own_error(
    run: Run, options: list[str], error: type[LeadsError]
) -> None:
    result = run("leads", "import", __file__, "--list", "x", "--client", "acme", *options)
    assert result.exit_code == 1
    assert isinstance(result.exception, error)
