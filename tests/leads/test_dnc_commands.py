"""`dialer dnc` and `dialer consent`, on a real database."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
import typer
from typer.testing import CliRunner, Result

from dialer.database import opened
from leads.commands import consent, dnc
from leads.errors import (
    LeadsError,
    NotALeadFileError,
    OptOutStaysError,
    PhoneRejectedError,
    UnknownClientError,
    UnknownSheetError,
)
from leads.stores.leads import LeadStore
from leads.stores.shared import Sessions
from tests.leads.workbooks import sheets

T = TypeVar("T")
Run = Callable[..., Result]

app = typer.Typer()
app.add_typer(dnc.app, name="dnc")
app.add_typer(consent.app, name="consent")


class _Context:
    """A database with the client acme, whose campaign 7 is "sale"."""

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def main() -> T:
            async with opened(self._url) as database:
                async with database.sessions() as session, session.begin():
                    await LeadStore(session).ensure_client("acme", "Acme")
                return await work(database.sessions)

        return asyncio.run(main())

    async def find_campaign(self, _sessions: Sessions, reference: str) -> tuple[int, str]:
        assert reference in ("7", "sale")
        return 7, "acme"


@pytest.fixture
def run(database_url: str) -> Run:
    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), obj=_Context(database_url), input=stdin)

    return invoke


def _suppressed(run: Run, *arguments: str) -> bool:
    answer: bool = json.loads(run("dnc", "check", *arguments, "--json").stdout)["suppressed"]
    return answer


def test_a_number_is_put_on_a_list_and_found_there(run: Run) -> None:
    assert "on no do-not-call list" in run("dnc", "check", "415-555-0101").stdout
    assert "now on the do-not-call list of everyone" in run("dnc", "add", "415-555-0101").stdout
    assert "already on the do-not-call list" in run("dnc", "add", "+14155550101").stdout
    assert run("dnc", "check", "+14155550101").stdout == "The number is on everyone's do-not-call list.\n"


def test_a_list_binds_whom_it_is_for(run: Run) -> None:
    run("dnc", "add", "+14155550101", "--level", "client", "--client", "acme")
    run("dnc", "add", "+14155550102", "--campaign", "sale", "--list", "asked by letter")
    assert not _suppressed(run, "+14155550101")
    assert _suppressed(run, "+14155550101", "--client", "acme")
    assert _suppressed(run, "+14155550101", "--campaign", "sale")
    assert not _suppressed(run, "+14155550102", "--client", "acme")
    assert _suppressed(run, "+14155550102", "--campaign", "7")
    lists = json.loads(run("dnc", "lists", "--json").stdout)
    assert [(each["level"], each["owner_id"] > 0, each["name"], each["numbers"]) for each in lists] == [
        ("client", True, "internal", 1),
        ("campaign", True, "asked by letter", 1),
    ]
    assert "asked by letter" in run("dnc", "lists").stdout


def test_a_file_is_loaded_and_its_new_version_replaces_it(run: Run, tmp_path: Path) -> None:
    numbers = tmp_path / "dnc.csv"
    numbers.write_text("phone\n415-555-0101\n415-555-0102\nn/a\n")
    registry = ("--list", "National registry 2026-11", "--level", "everyone")
    first = run("dnc", "import", str(numbers), *registry)
    assert "3 numbers, 2 added, 0 there already, 1 rejected" in first.stdout
    assert json.loads(run("dnc", "import", str(numbers), *registry, "--json").stdout)["already"] == 2
    result = run("dnc", "import", "-", *registry, "--replace", stdin="+14155550102\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert not _suppressed(run, "+14155550101")
    assert _suppressed(run, "+14155550102")


def test_a_prefix_and_a_whole_list_come_and_go(run: Run) -> None:
    assert run("dnc", "add", "+1900*", "--list", "premium").exit_code == 0
    assert "now" in run("dnc", "add", "+1415*", "--list", "premium").stdout
    assert _suppressed(run, "+14155550101")
    assert run("dnc", "remove", "+1415*", "--list", "premium").stdout == "Removed.\n"
    assert run("dnc", "remove", "+1415*", "--list", "premium").stdout == "It was not on the list.\n"
    assert run("dnc", "remove", "--list", "premium").exit_code == 2
    assert run("dnc", "remove", "--list", "premium", "--yes").exit_code == 0
    assert run("dnc", "lists").stdout == "There is no do-not-call list yet.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["dnc", "add"],
        ["dnc", "check"],
        ["dnc", "check", "1", "--nonsense"],
        ["dnc", "add", "+14155550101", "--level", "nobody"],
        ["dnc", "add", "+14155550101", "--level", "client"],
        ["dnc", "add", "+14155550101", "--level", "everyone", "--client", "acme"],
        ["dnc", "add", "+14155550101", "--client", "acme", "--campaign", "7"],
        ["dnc", "import", "/nowhere.csv"],
        ["dnc", "remove", "+14155550101"],
        ["consent", "add", "+14155550101", "--client", "acme"],
        ["consent", "show", "+14155550101"],
        ["consent", "withdraw", "+14155550101", "--client", "acme", "--at", "yesterday"],
    ],
)
def test_a_wrong_call_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["dnc", "add", "n/a"], PhoneRejectedError),
        (["dnc", "check", "+14155550101", "--client", "nobody"], UnknownClientError),
        (["dnc", "import", __file__], NotALeadFileError),
        (["dnc", "import", __file__, "--replace"], OptOutStaysError),
        (["dnc", "remove", "+14155550101", "--list", "internal"], OptOutStaysError),
        (["consent", "show", "+14155550101", "--client", "nobody"], UnknownClientError),
    ],
)
def test_work_that_fails_gives_the_rooms_own_error(
    run: Run, arguments: list[str], error: type[LeadsError]
) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, error)


def test_consent_is_given_shown_and_withdrawn(run: Run) -> None:
    whose = ("+14155550101", "--client", "acme")
    given = ("--channel", "sms", "--basis", "express_written", "--source", "form", "--at", "2026-01-02")
    result = run("consent", "add", *whose, *given)
    assert "sms" in result.stdout
    assert "given 2026-01-02 00:00 (form)" in result.stdout
    assert "Consent holds for sms." in run("consent", "show", *whose).stdout
    ended = json.loads(run("consent", "withdraw", *whose, "--source", "letter", "--json").stdout)
    assert ended == {"channels": {"call": 0, "automated_call": 0, "sms": 1}, "opted_out": True}
    assert "No consent holds." in run("consent", "show", *whose).stdout
    assert "do-not-call list" in run("consent", "withdraw", *whose).stdout
    assert _suppressed(run, *whose)


def test_a_sheet_of_a_workbook_is_chosen_and_the_others_are_told(run: Run, tmp_path: Path) -> None:
    book = tmp_path / "dnc.xlsx"
    book.write_bytes(sheets({"May": [["phone"], ["+12025550101"]], "June": [["phone"], ["+12025550102"]]}))
    shown = run("dnc", "import", str(book)).stdout
    assert 'Read from the sheet "May". Other sheets have rows too: "June"' in shown
    assert run("dnc", "check", "+12025550102").exit_code == 0
    report = json.loads(run("dnc", "import", str(book), "--sheet", "June", "--json").stdout)
    assert (report["sheet"], report["other_sheets"], report["added"]) == ("June", ["May"], 1)
    assert isinstance(run("dnc", "import", str(book), "--sheet", "July").exception, UnknownSheetError)
