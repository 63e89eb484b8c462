"""`dialer user`, `dialer api-key` and `dialer audit`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.cli import app

PASSWORD = "a long enough sentence\n"  # noqa: S105 - of nobody


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))


def run(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=given, catch_exceptions=True)


def test_users_are_added_listed_and_disabled_and_the_log_has_it() -> None:
    added = run("user", "add", "Root", "--role", "operator", given=PASSWORD)
    assert (added.exit_code, added.output) == (0, "User root (1) signs in as operator.\n")
    (listed,) = json.loads(run("user", "list", "--json").output)
    assert (listed["name"], listed["role"], listed["disabled_at"]) == ("root", "operator", None)
    assert "password_hash" not in listed
    assert run("user", "password", "root", given=PASSWORD).exit_code == 0
    assert run("user", "disable", "root").exit_code == 0
    assert "disabled" in run("user", "list").output
    log = json.loads(run("audit", "--json").output)
    assert [each["action"] for each in log] == ["add-user", "set-password", "disable-user"]
    assert all(each["actor"].startswith("command line: ") for each in log)
    assert "sentence" not in str(log)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["user", "add", "anna", "--role", "manager"], "invalid-user"),
        (["user", "add", "anna", "--role", "manager", "--client", "nowhere"], "unknown-client"),
        (["user", "password", "nobody"], "user-not-found"),
        (["user", "disable", "nobody"], "user-not-found"),
        (["api-key", "add", "job", "--client", "nowhere", "--role", "manager"], "unknown-client"),
        (["api-key", "add", "job", "--client", "nowhere", "--role", "agent"], "invalid-user"),
        (["api-key", "revoke", "7"], "api-key-not-found"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], code: str) -> None:
    done = run(*words, given=PASSWORD)
    assert done.exit_code != 0
    assert getattr(done.exception, "code", None) == code


def test_a_short_password_is_refused() -> None:
    done = run("user", "add", "root", "--role", "operator", given="short\n")
    assert getattr(done.exception, "code", None) == "weak-password"
