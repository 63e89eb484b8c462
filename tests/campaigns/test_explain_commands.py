"""The command line of explain, why and update."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from campaigns.compliance.rulebook import Rulebook
from campaigns.errors import CampaignNotFoundError, InvalidInputError
from campaigns.stores.shared import Sessions
from dialer.cli import app as whole_app
from dialer.database import opened
from leads.errors import BadLeadChangesError, BadLeadFilterError, PhoneRejectedError
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import Person, seed_campaign, seed_leads, suppress

T = TypeVar("T")
Run = Callable[..., Result]

PHONE = "+12025550101"


class AtUrl:
    """Opens the database for each command, as the real command line does."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def rules(self) -> Rulebook:
        return NO_LAW

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(run())


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of the whole program on a database with one campaign; errors come through."""
    database = AtUrl(database_url)

    async def seed(sessions: Sessions) -> None:
        await seed_leads(sessions, [Person([PHONE]), Person(["+12025550102"])])
        await seed_campaign(sessions)
        await suppress(sessions, "+12025550102")

    database.run(seed)
    return command_of(database, monkeypatch)


def command_of(database: AtUrl, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs commands of the whole program on that database."""
    monkeypatch.setattr("dialer.cli.CommandContext", lambda: database)

    def run_command(*words: str) -> Result:
        return CliRunner().invoke(whole_app, words, catch_exceptions=False)

    return run_command


def test_a_number_is_explained_to_people_and_to_programs(run: Run) -> None:
    lines = run("leads", "explain", PHONE, "--campaign", "Autumn sale").stdout.splitlines()
    assert lines[0].startswith(f"{PHONE}: 1 of 1 campaign lead(s) with this number can be called now.")
    assert any(line.startswith("  yes  own-calendar: ") for line in lines)
    assert "  in line: 0 before it, of 2" in lines
    read = json.loads(run("leads", "explain", "(202) 555-0102", "--json").stdout)
    (only,) = read["campaigns"]
    assert only["callable_now"] is False
    assert [rule["code"] for rule in only["rules"] if not rule["passed"]] == ["on_dnc_list"]
    assert "do-not-call list internal" in run("leads", "explain", "+12025550102").stdout
    assert "No lead has this number" in run("leads", "explain", "+12025550109").stdout


def test_another_time_is_explained(run: Run) -> None:
    read = json.loads(run("leads", "explain", PHONE, "--at", "2030-01-01T00:00+01:00", "--json").stdout)
    assert read["at"] == "2029-12-31T23:00:00Z"
    with pytest.raises(InvalidInputError):
        run("leads", "explain", PHONE, "--at", "tomorrow")
    with pytest.raises(CampaignNotFoundError):
        run("leads", "explain", PHONE, "--campaign", "Spring sale")
    with pytest.raises(PhoneRejectedError):
        run("leads", "explain", "911")


def test_why_sums_up_a_campaign(run: Run) -> None:
    lines = run("campaign", "why", "Autumn sale").stdout.splitlines()
    assert lines[0] == "Autumn sale: 2 leads. The campaign is running. It dials."
    assert lines[2].split()[:2] == ["ready", "1"]
    assert json.loads(run("campaign", "why", "1", "--json").stdout)["leads"] == 2


def test_leads_are_counted_and_with_yes_changed(run: Run) -> None:
    words = ("leads", "update", "--list", "autumn", "--set", "priority=3", "--set-custom", "plan=a=b")
    assert run(*words).stdout == "2 leads would be changed; --yes changes them.\n"
    assert json.loads(run("leads", "search", "--where", "min_priority=3", "--json").stdout) == []
    assert run(*words, "--yes").stdout == "2 leads were changed.\n"
    assert json.loads(run(*words, "--json").stdout) == {"chosen": 2, "updated": 0}
    found = json.loads(run("leads", "search", "--custom", "plan=a=b", "--json").stdout)
    assert [lead["priority"] for lead in found] == [3, 3]


def test_an_update_that_makes_no_sense_is_refused(run: Run) -> None:
    for words in ((), ("--set", "priority"), ("--set", "id=1"), ("--set", "owner=a", "--set", "owner=b")):
        with pytest.raises(BadLeadChangesError):
            run("leads", "update", "--list", "autumn", *words)
    with pytest.raises(BadLeadFilterError):
        run("leads", "update", "--set", "owner=a")
