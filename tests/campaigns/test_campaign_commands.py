"""The command line of campaigns, agents and reports."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
import typer
from typer.testing import CliRunner, Result

from campaigns.commands import agent_app, campaign_app, report_app, survey_app
from campaigns.core.metrics import Rate
from campaigns.errors import (
    AgentNotFoundError,
    CampaignNotFoundError,
    InvalidAgentError,
    InvalidInputError,
    InvalidSettingsError,
    LeadListNotFoundError,
)
from campaigns.reports.text import Table, plain, show, written
from campaigns.stores.shared import Sessions
from dialer.database import opened
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_leads

T = TypeVar("T")
Run = Callable[..., Result]

CREATE = ["create", "--client", "acme", "--name", "Sale", "--list", "autumn", "--caller-id", "+12025550199"]


class AtUrl:
    """Opens the database for each command, as the real command line does."""

    rules = NO_LAW

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(run())


@pytest.fixture
def run(database_url: str, sessions: Sessions) -> Run:
    """Runs a command of an app on a database with one list; errors come through."""
    database = AtUrl(database_url)
    database.run(lambda opened_sessions: seed_leads(opened_sessions, people(2)))

    def run_command(app: typer.Typer, *words: str) -> Result:
        return CliRunner().invoke(app, words, obj=database, catch_exceptions=False)

    return run_command


def test_a_campaign_is_created_started_and_stopped(run: Run) -> None:
    created = json.loads(run(campaign_app, *CREATE, "--json").stdout)
    assert run(campaign_app, "start", str(created["id"])).stdout == "Campaign 1 (Sale) is running.\n"
    (status,) = json.loads(run(campaign_app, "status", "Sale", "--json").stdout)
    leads = status["leads"]
    assert (status["state"], leads["due"] + leads["waiting"]) == ("running", 2)
    assert run(campaign_app, "pause", "Sale").stdout == "Campaign 1 (Sale) is paused.\n"
    assert run(campaign_app, "stop", "Sale").stdout == "Campaign 1 (Sale) is stopped.\n"
    lines = run(campaign_app, "status").stdout.splitlines()
    assert lines[0] == "Campaigns"
    assert lines[2].split()[:4] == ["1", "acme", "Sale", "stopped"]


def test_any_setting_can_be_given_at_creation(run: Run) -> None:
    words = ["--dial-mode", "power", "--lines-per-agent", "2"]
    words += ["--set", "max_lines=60", "--set", 'callable_times={"mon": [["09:00", "17:00"]]}']
    assert "draft" in run(campaign_app, *CREATE, *words).stdout


def test_lists_are_given_with_their_weights_and_an_order_and_can_be_changed(run: Run) -> None:
    words = [*CREATE[:-4], "--list", "autumn=70", *CREATE[-2:], "--order", "newest"]
    run(campaign_app, *words)
    said = run(campaign_app, "set", "Sale", "--order", "random", "--list", "autumn=30").stdout
    assert said == "Campaign 1 (Sale) dials by random; lists: autumn (30).\n"
    changed = json.loads(run(campaign_app, "set", "Sale", "--list", "autumn", "--json").stdout)
    assert changed == {
        "id": 1,
        "lead_order": "random",
        "lists": [{"list_id": 1, "name": "autumn", "weight": 0}],
    }


def test_the_example_of_a_campaign_that_sells_is_created_from_its_file(run: Run) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "sales.toml"
    assert "draft" in run(campaign_app, "create", str(example)).stdout
    said = json.loads(run(campaign_app, "dispositions", "Autumn sale", "--json").stdout)
    keys = {each["key"]: each["code"] for each in said if each["key"]}
    assert (keys["1"], keys["9"]) == ("sale", "do_not_call")
    assert "Wants to think it over" in run(campaign_app, "dispositions", "Autumn sale").stdout
    lists = ["--list", "autumn=7", "--name", "Other", "--set", "max_lines=7", "--caller-id", "+12025550198"]
    run(campaign_app, "create", str(example), *lists)
    (status,) = json.loads(run(campaign_app, "status", "Other", "--json").stdout)
    assert status["client"] == "acme"


def test_the_example_of_a_survey_by_agents_is_created_from_its_file(run: Run) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "survey-agents.toml"
    assert "draft" in run(campaign_app, "create", str(example), "--list", "autumn").stdout
    told = run(survey_app, "results", "Customer survey").stdout
    assert "young  0          100" in told
    assert "recommend: How likely is it that you recommend us to a friend? (0 answered)" in told
    raised = '[{"name": "all", "target": 500}]'
    run(campaign_app, "set", "Customer survey", "--set", f"quotas={raised}")
    found = json.loads(run(survey_app, "results", "Customer survey", "--json").stdout)
    assert [each["quota"] for each in found["segments"]] == [{"quota": "all", "target": 500, "completed": 0}]


def test_a_campaigns_file_says_what_is_wrong_with_it(run: Run, tmp_path: Path) -> None:
    def refused(text: str, why: str) -> None:
        file = tmp_path / "campaign.toml"
        file.write_text(text)
        with pytest.raises(InvalidSettingsError, match=why):
            run(campaign_app, "create", str(file), "--client", "acme", "--name", "n", "--list", "autumn")

    refused("name = ", "neither TOML nor JSON")
    refused("colour = 1", "'colour' is not a setting")
    refused("name = 3", "name is a text")
    refused("lists = 3", "lists is a list")
    refused('caller_id = "+12025550199"\n[dispositions.sale]\nkey = "F1"', "dispositions.sale: key")
    refused('menu_file = "nowhere.toml"', "cannot be read")
    refused('menu_file = "a"\n[menu]\nstart = "a"', "give one of them")
    with pytest.raises(InvalidSettingsError, match="cannot be read"):
        run(campaign_app, "create", str(tmp_path))


def test_a_set_is_changed_in_a_run(run: Run, tmp_path: Path) -> None:
    run(campaign_app, *CREATE)
    file = tmp_path / "set.toml"
    file.write_text('leave_out = ["deceased"]\n[sale]\nlabel = "Sold"\nkey = "s"\n')
    told = run(campaign_app, "dispositions", "Sale", "--file", str(file)).stdout
    assert "Sold" in told
    assert "deceased" not in told
    changed = run(campaign_app, "set", "Sale", "--set", 'currency="USD"', "--json").stdout
    assert json.loads(changed)["currency"] == "USD"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--order", "by_name"], InvalidSettingsError),
        (["--list", "autumn=1001"], InvalidSettingsError),
        (["--list", "missing=1"], LeadListNotFoundError),
        (["--list", "autumn=-1"], LeadListNotFoundError),
    ],
)
def test_an_order_or_mix_that_makes_no_sense_is_refused(
    run: Run, words: list[str], error: type[Exception]
) -> None:
    run(campaign_app, *CREATE)
    with pytest.raises(error):
        run(campaign_app, "set", "Sale", *words)


@pytest.mark.parametrize("setting", ["max_lines=0", "max_lines=many", "max_lines", "colour=1", "={}"])
def test_a_setting_that_makes_no_sense_is_refused(run: Run, setting: str) -> None:
    with pytest.raises(InvalidSettingsError):
        run(campaign_app, *CREATE, "--set", setting)


def test_what_is_missing_is_a_wrong_call(run: Run) -> None:
    assert run(campaign_app, "create", "--client", "acme").exit_code == 2
    with pytest.raises(CampaignNotFoundError):
        run(report_app, "campaign", "Nothing")


def test_agents_are_added_and_listed(run: Run) -> None:
    words = ("add", "--client", "acme", "--name", "Anna", "--sip-uri", "sip:anna@pbx.example")
    assert run(agent_app, *words).stdout == "Agent 1 is Anna.\n"
    (agent,) = json.loads(run(agent_app, "list", "--client", "acme", "--json").stdout)
    assert (agent["name"], agent["sip_uri"]) == ("Anna", "sip:anna@pbx.example")
    shown = ["1", "Anna", "sip:anna@pbx.example", "persistent"]
    assert run(agent_app, "list").stdout.splitlines()[2].split() == shown


def test_an_agent_at_our_registrar_gets_a_secret_that_is_shown_once(run: Run) -> None:
    made = json.loads(run(agent_app, "add", "--client", "acme", "--name", "Anna", "--json").stdout)
    assert (made["id"], made["sip_user"]) == (1, "agent1")
    assert re.fullmatch("[0-9a-f]{32}", made["sip_secret"])
    said = run(agent_app, "sip-secret", "1").stdout.splitlines()
    assert "agent1" in said[0]
    assert re.fullmatch("[0-9a-f]{32}", said[1])
    assert said[1] != made["sip_secret"]
    listed = run(agent_app, "list", "--json").stdout
    assert not re.findall("[0-9a-f]{32}", listed)
    assert "ha1" not in listed


def test_how_a_softphone_is_called_is_set_and_what_makes_no_sense_is_refused(run: Run) -> None:
    run(agent_app, "add", "--client", "acme", "--name", "Anna", "--leg", "per_call")
    assert run(agent_app, "list").stdout.splitlines()[2].split() == ["1", "Anna", "agent1", "per_call"]
    words = (
        "set",
        "1",
        "--sip-uri",
        "sip:anna@pbx.example",
        "--leg",
        "persistent",
        "--auto-answer",
        "--json",
    )
    changed = json.loads(run(agent_app, *words).stdout)
    assert (changed["sip_uri"], changed["sip_user"]) == ("sip:anna@pbx.example", None)
    assert (changed["leg"], changed["auto_answer"]) == ("persistent", True)
    for wrong in (("sip-secret", "1"), ("set", "1", "--leg", "both"), ("set", "1", "--sip-uri", "anna")):
        with pytest.raises(InvalidInputError):
            run(agent_app, *wrong)
    with pytest.raises(AgentNotFoundError):
        run(agent_app, "sip-secret", "2")
    with pytest.raises(InvalidInputError):
        run(agent_app, "add", "--client", "acme", "--name", "Bea", "--leg", "both")
    run(agent_app, "set", "1", "--our-registrar")
    assert "agent1" in run(agent_app, "sip-secret", "1").stdout


def test_what_an_agent_can_do_is_said_on_the_command_line(run: Run) -> None:
    run(campaign_app, *CREATE)
    words = ("--client", "acme", "--name", "Anna", "--sip-uri", "sip:anna@pbx.example", "--skill", "cars=3")
    run(agent_app, "add", *words, "--language", "es", "--rank", "Sale=2")
    run(agent_app, "set", "Anna", "--skill", "cars=0", "--skill", "homes=9", "--rank", "1=1", "--disable")
    (agent,) = json.loads(run(agent_app, "list", "--json").stdout)
    assert (agent["skills"], agent["languages"], agent["ranks"]) == ({"homes": 9}, ["es"], {"1": 1})
    assert agent["disabled"]
    shown = run(agent_app, "set", "1", "--enable", "--language", "en", "--language", "pt-BR").stdout
    assert shown.splitlines()[2].split() == [
        "1",
        "Anna",
        "sip:anna@pbx.example",
        "persistent",
        "homes=9",
        "en,",
        "pt-BR",
        "1=1",
    ]
    for wrong in ("homes", "homes=ten", "=3"):
        with pytest.raises(InvalidAgentError, match="NAME=NUMBER"):
            run(agent_app, "set", "Anna", "--skill", wrong)


def test_how_agents_work_for_a_campaign_changes_on_the_command_line(run: Run) -> None:
    run(campaign_app, *CREATE)
    words = ("--set", 'routing="skill"', "--set", 'skills=["cars"]', "--json")
    changed = json.loads(run(campaign_app, "set", "Sale", *words).stdout)
    assert (changed["routing"], changed["skills"]) == ("skill", ["cars"])
    with pytest.raises(InvalidSettingsError, match="does not change in a run"):
        run(campaign_app, "set", "Sale", "--set", "max_lines=60")


def test_an_agents_day_is_accounted_for_on_the_command_line(run: Run) -> None:
    words = ("add", "--client", "acme", "--name", "Anna", "--sip-uri", "sip:anna@pbx.example")
    run(agent_app, *words)
    spent = json.loads(run(agent_app, "time", "Anna", "--date", "2026-11-23", "--json").stdout)
    assert (spent["agent_id"], spent["logged_in_ms"], spent["since"][:10]) == (1, 0, "2026-11-23")
    text = run(agent_app, "time", "1", "--date", "2026-11-23", "--zone", "Asia/Tokyo").stdout
    assert "2026-11-22 15:00 to 2026-11-23 15:00 UTC" in text
    for wrong in (
        ("--date", "yesterday"),
        ("--date", "2026-11-23", "--zone", "Mars"),
        ("--date", "9999-12-31"),
    ):
        with pytest.raises(InvalidInputError):
            run(agent_app, "time", "Anna", *wrong)


def test_pause_reasons_are_kept_on_the_command_line(run: Run) -> None:
    client = ("--client", "acme", "--json")
    before = json.loads(run(agent_app, "pause-reason", "list", *client).stdout)
    run(agent_app, "pause-reason", "set", "tea", "--name", "Tea", "--unpaid", "--limit", "10", *client)
    run(agent_app, "pause-reason", "remove", "lunch", "--client", "acme")
    after = json.loads(run(agent_app, "pause-reason", "list", *client).stdout)
    assert [each for each in before if each["code"] != "lunch"] == after[:-1]
    assert after[-1] == {"code": "tea", "name": "Tea", "paid": False, "limit_minutes": 10}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("campaign", "Campaign 1: Sale"),
        ("dispositions", "Attempts by outcome"),
        ("agents", "Agents' time"),
        ("abandonment", "Abandoned calls"),
    ],
)
def test_each_report_is_read_by_people_and_by_programs(run: Run, name: str, title: str) -> None:
    run(campaign_app, *CREATE)
    assert run(report_app, name, "Sale").stdout.splitlines()[0] == title
    assert json.loads(run(report_app, name, "Sale", "--json").stdout)["figures"]["penetration"] == {
        "value": 0.0,
        "numerator": 0,
        "denominator": 2,
        "low": 0.0,
        "high": pytest.approx(0.6576, abs=1e-4),
    }


def test_cells_show_a_rate_with_its_parts() -> None:
    assert written(Rate(0.0325, 1300, 40_000)) == "3.25% (1,300 / 40,000)"
    assert written(Rate(None, 0, 0)) == "- (0 / 0)"
    assert written(None) == "-"
    assert written(NOW) == "2026-11-23 15:00:00+00:00"
    assert plain(Table("T", ("a", "bb"), [("x", 1), ("yyy", 2)])) == "T\na    bb\nx    1\nyyy  2"


def test_a_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    show([Table("Leads", ("state", "leads"), [("[bold]final", 3)])])
    drawn = capsys.readouterr().out
    assert "──" in drawn
    assert "[bold]final" in drawn
