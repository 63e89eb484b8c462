"""`dialer leads` and `dialer dnc`, on a real database."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
import typer
from typer.testing import CliRunner, Result

from dialer.database import opened
from leads.commands import dnc_app, leads_app
from leads.errors import LeadsError, NotALeadFileError, PhoneRejectedError, UnknownClientError
from leads.store import Sessions

T = TypeVar("T")


class _WithDatabase:
    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def main() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(main())


Run = Callable[..., Result]

app = typer.Typer()
app.add_typer(leads_app, name="leads")
app.add_typer(dnc_app, name="dnc")


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
    assert "4 of 4 rows" in result.stderr


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
    assert (result.exit_code, result.exception, result.stderr) == (0, None, "1 of 1 rows\n")
    assert json.loads(result.stdout)["accepted"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["leads", "import"],
        ["leads", "import", "/nowhere.csv", "--list", "x", "--client", "acme"],
        ["leads", "import", "/", "--list", "x", "--client", "acme"],
        ["leads", "import", __file__, "--client", "acme"],
        ["leads", "import", __file__, "--list", "x"],
        ["leads", "nonsense"],
        ["dnc", "add"],
        ["dnc", "check"],
        ["dnc", "check", "1", "--nonsense"],
    ],
)
def test_a_wrong_call_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["leads", "import", __file__, "--list", "x", "--client", "acme"], NotALeadFileError),
        (["dnc", "add", "n/a"], PhoneRejectedError),
        (["dnc", "check", "+14155550101", "--client", "nobody"], UnknownClientError),
        (["dnc", "import", __file__], NotALeadFileError),
    ],
)
def test_work_that_fails_gives_the_rooms_own_error(
    run: Run, arguments: list[str], error: type[LeadsError]
) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, error)


def test_a_number_is_put_on_the_list_and_found_there(run: Run) -> None:
    assert "on no do-not-call list" in run("dnc", "check", "415-555-0101").stdout
    assert "now on the do-not-call list" in run("dnc", "add", "415-555-0101", "--reason", "asked").stdout
    assert "already on the do-not-call list" in run("dnc", "add", "+14155550101").stdout
    assert run("dnc", "check", "+14155550101").stdout.strip().endswith("do-not-call list: asked.")


def test_dnc_speaks_json(run: Run) -> None:
    added = json.loads(run("dnc", "add", "020 7946 0123", "--default-country", "GB", "--json").stdout)
    assert added == {"phone": "+442079460123", "client": None, "added": True}
    answer = json.loads(run("dnc", "check", "+442079460123", "--json").stdout)
    assert answer["suppressed"] is True
    assert json.loads(run("dnc", "check", "+14155550101", "--json").stdout)["suppressed"] is False


def test_a_file_of_numbers_is_loaded(run: Run, tmp_path: Path) -> None:
    numbers = tmp_path / "dnc.csv"
    numbers.write_text("phone\n415-555-0101\n415-555-0102\nn/a\n")
    first = run("dnc", "import", str(numbers))
    assert "3 numbers, 2 added, 0 there already, 1 rejected" in first.stdout
    assert json.loads(run("dnc", "import", str(numbers), "--json").stdout)["already"] == 2


def test_one_clients_entry_is_not_anothers(run: Run, lead_file: Path) -> None:
    _import(run, lead_file)
    run("dnc", "add", "+14155550101", "--client", "acme")
    assert json.loads(run("dnc", "check", "+14155550101", "--client", "acme", "--json").stdout)["suppressed"]
    assert not json.loads(run("dnc", "check", "+14155550101", "--json").stdout)["suppressed"]
