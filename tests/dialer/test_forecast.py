"""`dialer forecast`: from a file to a table, and a sentence for whatever is wrong with it."""

import json
import sys
from pathlib import Path

import pytest

from dialer.cli import main
from dialer.forecast import InvalidTeamsError, forecast, read_teams, with_leads
from dialer.forecast_file import ForecastFileInvalid, read_plan
from dialer.forecast_text import forecast_table, plot

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "forecast.toml"
CAMPAIGN = """
dial_mode = "progressive"
[assumptions]
answer_rate = 0.4
talk_mean_s = 30
contact_share = 0.5
"""


@pytest.fixture
def file(tmp_path):
    written = tmp_path / "campaign.toml"
    written.write_text(CAMPAIGN)
    return written


@pytest.fixture
def cli(monkeypatch, capsys):
    """Calls the command line as a terminal does; gives the exit code, the output and the errors."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["dialer", "forecast", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return call


def test_a_team_is_forecast(cli, file):
    code, out, _ = cli(file, "--agents", 4, "--hours", 0.2, "--seeds", 1)
    assert code == 0
    title, heads, row = out.splitlines()
    assert title == "One shift of 0.2 hours"
    assert heads.split("  ")[0] == "agents"
    assert row.split()[:2] == ["4", "progressive"]
    assert "contacts/h" in heads
    assert "list worked through" not in heads


@pytest.mark.parametrize("compare", [[], ["--compare"]])
def test_an_agentless_campaign_has_no_agents_to_forecast_for_and_is_told_so_before_all_else(
    cli, file, compare
):
    file.write_text(CAMPAIGN.replace("progressive", "agentless"))
    code, out, err = cli(file, "--agents", 4, "--hours", 0.1, "--seeds", 1, *compare)
    assert (code, out) == (2, "")
    assert "how well agents are kept busy" in err
    assert "not agentless." in err


def test_a_range_of_teams_is_a_table_and_a_plot_from_several_processes(cli, file):
    code, out, err = cli(file, "--agents", "2..4", "--hours", 0.1, "--seeds", 2)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Means of 2 shifts of 0.1 hours, with their 95 % intervals"
    assert [line.split()[0] for line in lines[2:5]] == ["2", "3", "4"]
    assert all("±" in line for line in lines[2:5])
    assert sum("|" in line and "#" in line for line in lines) == 3
    assert "6 of 6 shifts" in err


def test_json_has_every_estimate(cli, file):
    code, out, _ = cli(file, "--agents", 4, "--hours", 0.1, "--seeds", 1, "--leads", 500, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["assumptions"]["leads"] == 500
    (one,) = found["forecasts"]
    assert one["agents"] == 4
    assert 0 < one["utilisation"]["mean"] < 1
    assert one["worked_through_h"]["mean"] > 0
    assert one["worked_through_h"]["shifts"] == 1
    assert one["out_of_leads_h"] is None
    assert one["conversions_per_hour"] is None


def test_a_list_that_runs_out_in_some_shifts_is_told_of_those_and_of_how_many(file):
    leads = 198
    found = forecast(with_leads(read_plan(file, 0.3), leads), [6], 5)
    (one,) = found.forecasts
    assert 0 < one.out_of_leads_h.shifts < 5, "another number of leads is wanted for this test"
    assert one.worked_through_h.shifts == 5
    table = forecast_table(found)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["first out of leads h"].endswith(f"({one.out_of_leads_h.shifts} of 5)")
    assert "(" not in row["list worked through h"]
    assert plot(found)[1].endswith(f"{one.worked_through_h.mean:.1f} h")


def test_policies_are_compared_on_the_same_seeds(file):
    found = forecast(read_plan(file, 0.1), [3], 1, compare=True)
    policies = [each.policy for each in found.forecasts]
    assert policies == ["progressive", "power", "incumbent", "predictive"]
    assert [row[1] for row in forecast_table(found).rows] == policies
    assert len(plot(found)) == 5


def test_the_example_in_the_docs_is_one(cli):
    code, out, _ = cli(EXAMPLE, "--agents", 5, "--hours", 0.2, "--seeds", 1)
    assert code == 0
    assert "conversions/h" in out
    assert "list worked through h" in out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"the table \[assumptions\] is missing"),
        ("max_lines = ", "is not TOML: Invalid value"),
        ("assumptions = 3", r"the table \[assumptions\] is missing"),
        ("max_lines = 0\n[assumptions]", "max_lines is from 1 to 2000, not 0"),
        ("lines = 9\n[assumptions]", "'lines' is not a setting"),
        ("[assumptions]\ntalk_mean_s = 9", r"\[assumptions\]: answer_rate is missing"),
        ("[assumptions]\nanswer_rate = 2\ntalk_mean_s = 9", r"\[assumptions\]: answer_rate is from"),
        ("[retry_rules]\nbusy = 3\n[assumptions]", "busy: a rule is"),
        ("\x00", "is not TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        ("x = " + "[" * 5000, "is not TOML"),
        (b"#" * 1_000_001, "is too long"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_name_and_the_key(tmp_path, content, says):
    written = tmp_path / "wrong.toml"
    written.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ForecastFileInvalid, match=says) as refused:
        read_plan(written, 8.0)
    assert "wrong.toml" in str(refused.value)


def test_a_file_that_is_not_there_or_nothing_at_all_is_a_sentence(cli, tmp_path):
    code, _, err = cli(tmp_path / "none.toml")
    assert code == 2
    assert "none.toml cannot be read: No such file or directory. [forecast-file-invalid]" in err
    code, _, err = cli()
    assert code == 2
    assert "Give a file, or --campaign" in err


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("25", [25]),
        ("50,5, 10", [5, 10, 50]),
        ("5..50", [5, 10, 15, 20, 25, 30, 35, 40, 45, 50]),
        ("1..3", [1, 2, 3]),
        ("7..7", [7]),
        ("9..3", [3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_team_sizes_can_be_given_in_three_ways(text, sizes):
    assert read_teams(text) == sizes


@pytest.mark.parametrize("text", ["", "0", "-3", "1..", "many", "5..1001", "1,,2", "٣", "9" * 30])
def test_team_sizes_that_are_none_are_refused(text):
    with pytest.raises(InvalidTeamsError, match="--agents"):
        read_teams(text)
