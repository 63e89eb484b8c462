"""The rule files are loaded at start, or refused with file, line and what is wrong."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.campaign import KINDS
from campaigns.core.jurisdiction import place_of
from campaigns.core.rules import DIAL_MODES, WindowRule
from campaigns.errors import InvalidRuleFileError

GOOD = """\
name = "Nowhere"
country = "LK"

[[rules]]
id = "xx-window"
kind = "window"
source = "Law 1"
read = 2026-11-23
times = { "mon-fri" = [["09:00", "20:00"]] }

[[rules]]
id = "xx-frequency"
kind = "frequency"
source = "Law 2"
read = 2026-11-23
most = 3
hours = 24
"""


def test_our_own_files_are_good_and_name_their_sources() -> None:
    rulebook = load_rulebook()
    assert {each.id for each in rulebook.jurisdictions} == {
        *("au", "ca", "de", "fr", "gb", "in", "ph", "us"),
        *("us-fl", "us-la", "us-md", "us-ok", "us-reg-f", "us-wa"),
    }
    for jurisdiction in rulebook.jurisdictions:
        for rule in jurisdiction.rules:
            assert rulebook.rules[rule.id] is rule
            assert rule.id.startswith(jurisdiction.id)
            assert len(rule.source) > 5
            assert rule.read


def test_figures_that_nobody_read_in_the_text_are_marked() -> None:
    unchecked = {rule.id for rule in load_rulebook().rules.values() if not rule.checked}
    assert unchecked >= {"gb-window", "gb-records", "ca-abandonment", "in-promotional-window"}


@pytest.mark.parametrize("country", ["AU", "CA", "DE", "FR", "GB", "IN", "PH", "US"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", DIAL_MODES)
def test_every_kind_of_campaign_has_a_calling_window_in_every_country_with_rules(
    country: str, kind: str, mode: str
) -> None:
    policy = load_rulebook().policy(place_of("", country), kind, mode)
    assert any(isinstance(rule, WindowRule) for rule, _ in policy.windows)


def test_the_version_is_that_of_what_was_loaded(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(GOOD)
    first = load_rulebook(tmp_path)
    assert load_rulebook(tmp_path).version == first.version
    (tmp_path / "xx.toml").write_text(GOOD.replace("20:00", "21:00"))
    assert load_rulebook(tmp_path).version != first.version
    assert list(first.rules) == ["xx-window", "xx-frequency"]
    assert len(first.version) == 16


def test_a_policy_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(GOOD)
    rulebook = load_rulebook(tmp_path)
    place = place_of("", "LK")
    assert rulebook.policy(place, "sales", "power") is rulebook.policy(place, "sales", "power")


@pytest.mark.parametrize(
    ("wrong", "right", "line", "words"),
    [
        ("country = ", "country = 5 # ", 2, "country is a text"),
        ('"LK"', '"UK"', 2, "'UK' is no country"),
        ('"LK"', '"PR"', 2, 'write country = "US", subdivision = "PR"'),
        ('"LK"', '"US"\nsubdivision = "FLA"', 3, "'FLA' is no subdivision of US"),
        ("hours = 24", "hours = 0.01", 17, "at least one minute"),
        ('name = "Nowhere"\n', "", 1, "name is missing"),
        ('kind = "window"', 'kind = "wnidow"', 6, "kind is one of"),
        ('[[rules]]\nid = "xx-f', '\n[[rules]]\nid = "X-f', 13, "lower-case"),
        ('source = "Law 2"\n', "", 11, "source is missing"),
        ("most = 3", "most = 0", 16, "most is a whole number"),
        ("hours = 24", "hours = 24\nper_day = 3", 18, "'per_day' is not a key"),
        ("xx-frequency", "xx-window", 12, "Another rule has the id"),
        ('"mon-fri"', '"mon-fry"', 9, "mon-fry"),
        ("most = 3", "most = ", 16, "not TOML"),
        ("most = 3", "most = 3\nmost = 4", 17, "not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(
    tmp_path: Path, wrong: str, right: str, line: int, words: str
) -> None:
    assert wrong in GOOD
    (tmp_path / "xx.toml").write_text(GOOD.replace(wrong, right, 1))
    with pytest.raises(InvalidRuleFileError) as refused:
        load_rulebook(tmp_path)
    assert str(refused.value).startswith(f"xx.toml, line {line}: ")
    assert words in str(refused.value)


def test_a_rule_of_an_inline_array_is_told_by_the_arrays_line(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text('name = "A"\ncountry = "LK"\n\nrules = [\n  { id = "X" },\n]\n')
    with pytest.raises(InvalidRuleFileError, match=r"^xx.toml, line 4: "):
        load_rulebook(tmp_path)


@pytest.mark.parametrize(
    ("span", "days"), [("hours = 24", 62), ("days = 60", 62), ("days = 366", 368), ("hours = 8784", 368)]
)
def test_attempts_are_looked_back_for_as_far_as_any_rule_counts(tmp_path: Path, span: str, days: int) -> None:
    (tmp_path / "xx.toml").write_text(GOOD.replace("hours = 24", span))
    assert load_rulebook(tmp_path).look_back == timedelta(days=days)
    cooling = (
        GOOD.replace("hours = 24", span)
        .replace('"frequency"', '"cooling"')
        .replace("most = 3", 'after = "refusal"')
    )
    (tmp_path / "xx.toml").write_text(cooling)
    assert load_rulebook(tmp_path).look_back == timedelta(days=days)


@pytest.mark.parametrize(
    "limit", ['campaigns = ["sales", "survey", "appointment"]', 'dial_modes = ["preview", "power"]']
)
def test_a_country_that_leaves_some_calls_without_hours_is_refused(tmp_path: Path, limit: str) -> None:
    narrow = GOOD.replace('kind = "window"', f'kind = "window"\n{limit}')
    (tmp_path / "xx.toml").write_text(narrow)
    with pytest.raises(InvalidRuleFileError, match=r"^xx.toml, line 1: .*have no hours in LK"):
        load_rulebook(tmp_path)
    rest = GOOD.replace("xx-", "xy-")
    (tmp_path / "xy.toml").write_text(rest)
    assert load_rulebook(tmp_path).rules


def test_a_file_whose_name_is_shouted_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(GOOD)
    (tmp_path / "xy.TOML").write_text(GOOD.replace("xx-", "xy-"))
    with pytest.raises(InvalidRuleFileError, match=r"^xy.TOML, line 1: .*in small letters"):
        load_rulebook(tmp_path)


@pytest.mark.parametrize("taken", ["own-daily-cap", "client-least-gap", "zone", "caller-id-quarantine"])
def test_a_rule_may_not_take_the_id_of_one_of_the_programs_own(tmp_path: Path, taken: str) -> None:
    (tmp_path / "xx.toml").write_text(GOOD.replace("xx-frequency", taken))
    with pytest.raises(InvalidRuleFileError, match=r"^xx.toml, line 12: .*one of the program's own"):
        load_rulebook(tmp_path)


def test_a_rule_that_somebody_will_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(GOOD.replace("read = 2026-11-23", "read = 2026-11-25", 1))
    with pytest.raises(InvalidRuleFileError, match=r"^xx.toml, line 8: 2026-11-25 lies in the future"):
        load_rulebook(tmp_path, date(2026, 11, 23))
    assert load_rulebook(tmp_path, date(2026, 11, 24)).rules


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000, "1e999", "nan", "[[]]", "{ a = { b = 1 } }"])
@pytest.mark.parametrize("key", ["most", "id", "hours", "read", "of", "not_counted"])
def test_a_hostile_value_is_refused_like_any_other(tmp_path: Path, key: str, value: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(key + " ") or "xx-window" in line]
    (tmp_path / "xx.toml").write_text("\n".join([*lines, f"{key} = {value}"]))
    with pytest.raises(InvalidRuleFileError, match=r"^xx.toml, line \d+: "):
        load_rulebook(tmp_path)


def test_two_files_may_not_have_a_rule_of_one_id(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_text(GOOD)
    (tmp_path / "xy.toml").write_text(GOOD.replace("xx-window", "xy-window"))
    with pytest.raises(InvalidRuleFileError, match=r"^xy.toml, line 12: Another file has"):
        load_rulebook(tmp_path)


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_bytes(GOOD.encode() + b'note = "\xff"\n')
    with pytest.raises(InvalidRuleFileError, match=r"^xx.toml, line 18: The file is not UTF-8"):
        load_rulebook(tmp_path)


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRuleFileError, match="no file of rules"):
        load_rulebook(tmp_path)
    with pytest.raises(InvalidRuleFileError, match="cannot be read"):
        load_rulebook(tmp_path / "missing")
