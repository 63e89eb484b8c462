"""`dialer compliance …` for people and for programs."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from campaigns import service
from campaigns.compliance.rulebook import Rulebook, load_rulebook
from campaigns.core.attempt import Ending
from campaigns.errors import (
    CampaignNotFoundError,
    ExemptionNotFoundError,
    InvalidExemptionError,
    InvalidInputError,
    InvalidLimitError,
    NotFoundError,
)
from campaigns.stores.shared import Sessions
from campaigns.tables import CallerIdRest
from dialer.cli import app as whole_app
from dialer.cli import main
from dialer.database import opened
from leads.errors import PhoneRejectedError, UnknownClientError
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

T = TypeVar("T")
Run = Callable[..., Result]

PHONE = "+12025550000"
CALLER_ID = "+12025550199"
NIGHT = "2026-11-26T22:30:00-05:00"


class AtUrl:
    """Opens the database for each command, as the real command line does, under the laws' rules."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def rules(self) -> Rulebook:
        return load_rulebook()

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(run())


async def seed(sessions: Sessions, rules: Rulebook) -> None:
    """A campaign with one call at NOW, which was a sale, and a caller ID that rests."""
    await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, rules, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(sessions, rules, campaign_id, permitted, NOW)
    await service.finish_attempt(sessions, started.attempt_id, Ending("human", sip_reason="OK"), NOW)
    await service.set_disposition(sessions, started.attempt_id, "do_not_call", "", NOW)
    async with sessions() as session, session.begin():
        until = datetime.now(UTC) + timedelta(hours=1)
        session.add(CallerIdRest(caller_id=CALLER_ID, until=until, attempt_id=started.attempt_id))


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of the whole program on that database; errors come through."""
    database = AtUrl(database_url)
    database.run(lambda sessions: seed(sessions, database.rules))
    monkeypatch.setattr("dialer.cli.CommandContext", lambda: database)

    def run_command(*words: str) -> Result:
        return CliRunner().invoke(whole_app, ["compliance", *words], catch_exceptions=False)

    return run_command


def test_rules_are_listed(run: Run) -> None:
    lines = run("rules", "--jurisdiction", "us-fl").stdout.splitlines()
    assert lines[0] == "United States: Florida (us-fl)"
    assert lines[2] == "      Fla. Stat. 501.616(6)(a); read 2026-11-23, in its own text"
    assert lines[-1].startswith("Version of the rules: ")
    read = json.loads(run("rules", "--json").stdout)
    assert read["version"] == load_rulebook().version
    assert {"id", "name", "country", "subdivision", "rules"} == set(read["jurisdictions"][0])
    with pytest.raises(NotFoundError, match="There is no jurisdiction 'atlantis'"):
        run("rules", "--jurisdiction", "atlantis")


def test_a_number_is_explained_before_it_is_loaded(run: Run) -> None:
    words = ("explain", "--phone", "(813) 555-0101", "--at", NIGHT, "--campaign", "Autumn sale")
    lines = run(*words).stdout.splitlines()
    assert lines[0].startswith("+18135550101 at 2026-11-27T03:30:00+00:00 in campaign Autumn sale (sales, ")
    assert "  us-fl (United States: Florida): By area code 813, the number may be in US-FL." in lines
    assert "  zone America/New_York: Thu 2026-11-26 22:30 EST, closed" in lines
    assert any(
        line.startswith("  NO   us-fl-window: Fla. Stat. 501.616(6)(a): the hour is") for line in lines
    )
    assert "       Calls only every day 08:00-20:00, on the clock of the person called." in lines
    (answer,) = json.loads(run(*words, "--json").stdout)["answers"]
    assert (answer["lead_id"], answer["allowed"], answer["next_allowed_at"]) == (None, False, None)


def test_the_report_is_for_people_and_for_programs(run: Run) -> None:
    words = ("report", "--campaign", "Autumn sale", "--from", "2026-11-23", "--to", "2026-11-23")
    shown = run(*words).stdout
    assert "Campaign 1: Autumn sale" in shown
    assert "Opt-outs: 1; held 1, not held 0, not known 0; calls after 0" in shown
    day = next(line for line in shown.splitlines() if line.startswith("2026-11-23"))
    assert day.split() == ["2026-11-23", "1", "10:00:00", "10:00:00", "0", "0", "1", "1", "0", "0", "1"]
    read = json.loads(run(*words, "--json").stdout)
    assert (read["calls"], read["outside_window"], read["opt_outs"]["held"]) == (1, 0, 1)
    assert (read["first_day"], read["last_day"]) == ("2026-11-23", "2026-11-23")
    assert read["messages"]["heard"] == 0
    assert "+1202" not in json.dumps(read)


def test_a_report_of_days_that_make_no_sense_is_refused(run: Run) -> None:
    with pytest.raises(InvalidInputError, match="--from comes after --to"):
        run("report", "--campaign", "1", "--from", "2026-11-24", "--to", "2026-11-23")
    for text in ("yesterday", "2026-02-30", "20261123", "2026-W48-1", "2026-11-23T10:00"):
        with pytest.raises(InvalidInputError, match="--to takes a date such as 2026-11-23"):
            run("report", "--campaign", "1", "--to", text)
    with pytest.raises(CampaignNotFoundError):
        run("report", "--campaign", "Spring sale")


def test_a_clients_limits_are_set_and_shown(run: Run) -> None:
    times = {"mon": [["11:00", "12:00"], ["13:00", "14:00"]]}
    given = ("--set", "most_attempts_a_day=2", "--set", f"callable_times={json.dumps(times)}")
    shown = run("set-limits", "--client", "acme", *given).stdout
    assert "mon 11:00-12:00, 13:00-14:00" in shown
    assert run("limits", "--client", "acme").stdout == shown
    read = json.loads(run("limits", "--client", "acme", "--json").stdout)
    assert (read["most_attempts_a_day"], read["least_gap_s"]) == (2, 0)
    explained = run("explain", "--phone", "+12025550123", "--campaign", "1").stdout
    assert "The client's own limit" in explained
    with pytest.raises(InvalidLimitError, match="'hours' is no limit"):
        run("set-limits", "--client", "acme", "--set", "hours=3")


def test_an_exemption_is_recorded_holds_and_is_ended(run: Run) -> None:
    words = ("--client", "acme", "--granted-by", "The FTC", "--reference", "letter 7")
    made = json.loads(run("exempt", "--rule", "us-tsr-window", *words, "--json").stdout)
    assert (made["rule_id"], made["granted_by"], made["ended_at"]) == ("us-tsr-window", "The FTC", None)
    explained = ("explain", "--phone", "+12025550123", "--campaign", "1", "--json")
    (answer,) = json.loads(run(*explained).stdout)["answers"]
    assert [each["rule_id"] for each in answer["exemptions"]] == ["us-tsr-window"]
    assert "us-tsr-window" in run("exemptions", "--client", "acme").stdout
    assert run("end-exemption", str(made["id"])).stdout == "Exemption 1 has ended: us-tsr-window holds.\n"
    (answer,) = json.loads(run(*explained).stdout)["answers"]
    assert answer["exemptions"] == []
    (listed,) = json.loads(run("exemptions", "--client", "acme", "--json").stdout)
    assert listed["ended_at"]


def test_an_exemption_from_nothing_or_by_nobody_is_refused(run: Run) -> None:
    words = ("exempt", "--client", "acme", "--reference", "letter 7")
    with pytest.raises(
        InvalidExemptionError, match="'us-window' is not a rule; `compliance rules` lists them"
    ):
        run(*words, "--rule", "us-window", "--granted-by", "The FTC")
    with pytest.raises(InvalidExemptionError, match="who granted it"):
        run(*words, "--rule", "us-tsr-window", "--granted-by", " ")
    with pytest.raises(UnknownClientError):
        run("exempt", "--client", "no", "--rule", "us-tsr-window", "--granted-by", "A", "--reference", "B")
    with pytest.raises(ExemptionNotFoundError):
        run("end-exemption", "7")
    assert run("exempt", "--client", "acme", "--rule", "us-tsr-window").exit_code == 2


def test_a_day_is_closed_and_opened(run: Run) -> None:
    closed = run("close-day", "--client", "acme", "2026-12-24", "--name", "Christmas Eve").stdout
    assert closed == "Nobody is called on 2026-12-24, by campaigns of acme.\n"
    only = run("close-day", "--client", "acme", "2026-12-31", "--campaign", "Autumn sale", "--name", "Party")
    assert only.stdout == "Nobody is called on 2026-12-31, by campaign 1.\n"
    listed = json.loads(run("closed-days", "--client", "acme", "--json").stdout)
    assert [(each["day"], each["name"], each["campaign_id"]) for each in listed] == [
        ("2026-12-24", "Christmas Eve", None),
        ("2026-12-31", "Party", 1),
    ]
    assert "Party" in run("closed-days", "--client", "acme").stdout
    at = ("explain", "--phone", PHONE, "--campaign", "1", "--at", "2026-12-24T15:00Z", "--json")
    codes = {each["code"] for each in json.loads(run(*at).stdout)["answers"][0]["rules"]}
    assert "closed_day" in codes
    assert run("open-day", "--client", "acme", "2026-12-24").stdout == "2026-12-24 is open.\n"
    again = json.loads(run("open-day", "--client", "acme", "2026-12-24", "--json").stdout)
    assert again == {"day": "2026-12-24", "was_closed": False}
    with pytest.raises(InvalidInputError, match="DATE takes a date"):
        run("close-day", "--client", "acme", "Christmas", "--name", "Christmas")
    with pytest.raises(CampaignNotFoundError):
        run("close-day", "--client", "acme", "2026-12-24", "--campaign", "9", "--name", "x")


def test_a_resting_caller_id_is_listed_and_released(run: Run) -> None:
    assert CALLER_ID in run("caller-ids").stdout
    (resting,) = json.loads(run("caller-ids", "--json").stdout)
    assert resting["sentence"] == "A network blocked attempt 1 (SIP OK)."
    released = run("release-caller-id", "(202) 555-0199").stdout
    assert released == f"The caller ID {CALLER_ID} is in use again.\n"
    assert json.loads(run("caller-ids", "--json").stdout) == []
    with pytest.raises(NotFoundError, match="does not rest"):
        run("release-caller-id", CALLER_ID)


def test_a_purge_says_what_it_did_and_refuses_what_makes_no_sense(run: Run) -> None:
    shown = run("purge", "--dry-run").stdout
    assert shown.startswith("Calls that would be emptied: 0\n")
    assert "What stays of each call" in shown
    read = json.loads(run("purge", "--client", "acme", "--keep-months", "12", "--json").stdout)
    assert (read["emptied"], read["dry_run"], read["next"]) == (0, False, None)
    with pytest.raises(UnknownClientError):
        run("purge", "--client", "nobody")
    with pytest.raises(InvalidInputError, match="3 to 1200 months"):
        run("purge", "--keep-months", "1")


def test_an_explanation_of_what_is_no_number_or_time_is_refused(run: Run) -> None:
    with pytest.raises(PhoneRejectedError):
        run("explain", "--phone", "911", "--campaign", "1")
    with pytest.raises(InvalidInputError, match="--at takes a time"):
        run("explain", "--phone", PHONE, "--campaign", "1", "--at", "tomorrow")
    with pytest.raises(InvalidInputError, match="from 2000 to 2200"):
        run("explain", "--phone", PHONE, "--campaign", "1", "--at", "9999-12-31T23:00Z")
    with pytest.raises(CampaignNotFoundError):
        run("explain", "--phone", PHONE, "--campaign", "Spring sale")
    assert run("explain", "--phone", PHONE).exit_code == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("rules --jurisdiction atlantis", 1, "There is no jurisdiction 'atlantis'"),
        ("report --campaign nothing", 1, "campaign-not-found"),
        ("report --campaign nothing --from 2026-11-24 --to x", 1, "--to takes a date such as 2026-11-23"),
        ("exempt --client no --rule us-tsr-window --granted-by A --reference B", 1, "unknown-client"),
        ("exempt --client no --rule none --granted-by A --reference B", 1, "invalid-exemption"),
        ("end-exemption 0", 2, "ID"),
        ("end-exemption 12", 1, "exemption-not-found"),
        ("purge --keep-months 2", 1, "3 to 1200 months"),
        ("purge --keep-months some", 2, "--keep-months"),
        ("release-caller-id 12", 1, "phone"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    code: int,
    says: str,
) -> None:
    for name in [name for name in os.environ if name.startswith("DIALER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["dialer", "compliance", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == code
    assert says in said
    assert "Traceback" not in said
