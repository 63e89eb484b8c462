"""The command line of search, lists, show and export."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from dialer.database import opened
from leads.commands import leads_app
from leads.errors import BadLeadFilterError, ExportError, UnknownLeadError, UnknownListError
from leads.stores.shared import Sessions
from tests.leads.keeping import Kept, keep

T = TypeVar("T")
Run = Callable[..., Result]

LEADS = [
    Kept(
        ["+12025550101", "+12025550102"],
        ["mobile", ""],
        values={"first_name": "Ada", "owner": "Anna", "custom": {"plan": "=gold"}},
    ),
    Kept(["+12025550103"], extension="7", values={"last_name": "Bo", "priority": 5}),
]


class AtUrl:
    """Opens the database for each command, as the real command line does."""

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(run())


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs a command on a database with one list of two leads; errors come through."""
    database = AtUrl(database_url)
    database.run(lambda sessions: keep(sessions, LEADS))

    def run_command(*words: str) -> Result:
        return CliRunner().invoke(leads_app, words, obj=database, catch_exceptions=False)

    return run_command


def test_leads_are_found_by_any_condition(run: Run) -> None:
    assert "Ada" in run("search", "--phone", "(202) 555-0102").stdout
    assert run("search", "--where", "owner=Anna", "--where", "min_priority=1").stdout == ""
    (only,) = json.loads(run("search", "--name", "b", "--list", "autumn", "--json").stdout)
    assert (only["last_name"], only["phones"][0]["phone"]) == ("Bo", "+12025550103")
    assert "Ada" in run("search", "--custom", "plan==gold").stdout
    page = run("search", "--limit", "1")
    assert len(page.stdout.splitlines()) == 1
    assert "--after 1" in page.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--where", "owner"),
        ("--where", "colour=red"),
        ("--list", "a", "--where", "list=b"),
        ("--phone", "12"),
        ("--custom", "plan"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(BadLeadFilterError):
        run("search", *words)


def test_lists_and_single_leads_are_shown(run: Run) -> None:
    assert run("lists").stdout.split() == ["1", "2", "acme", "autumn"]
    assert json.loads(run("lists", "--client", "acme", "--json").stdout)[0]["leads"] == 2
    lines = run("show", "1").stdout.splitlines()
    assert "phone: +12025550101 (mobile, fixed_line_or_mobile, America/New_York)" in lines
    assert "custom plan: =gold" in lines
    assert "phone: +12025550103 ext. 7" in run("show", "2").stdout
    assert json.loads(run("show", "2", "--json").stdout)["priority"] == 5
    with pytest.raises(UnknownLeadError):
        run("show", "3")
    assert run("show", str(2**63)).exit_code == 2


def test_leads_are_exported_to_the_output_or_a_file(run: Run, tmp_path: Path) -> None:
    printed = run("export", "--list", "autumn", "--format", "csv").stdout_bytes
    assert printed.splitlines()[1].endswith(b",'=gold")
    file = tmp_path / "leads.csv"
    run("export", "--list", "autumn", "-o", str(file))
    assert file.read_bytes() == printed
    workbook = tmp_path / "leads.xlsx"
    run("export", "--list", "autumn", "-o", str(workbook))
    assert workbook.read_bytes().startswith(b"PK")


def test_an_export_that_cannot_be_made_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ExportError):
        run("export", "--format", "xlsx")
    with pytest.raises(ExportError):
        run("export", "--format", "pdf")
    with pytest.raises(ExportError):
        run("export", "-o", str(tmp_path / "missing" / "leads.csv"))
    with pytest.raises(UnknownListError):
        run("export", "--list", "winter", "-o", str(tmp_path / "leads.csv"))
    assert list(tmp_path.glob("leads*")) == []
