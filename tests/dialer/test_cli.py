"""The command line: from nothing to a campaign, and a sentence instead of a traceback."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from dialer.cli import main
from leads import samples

DIALER = (sys.executable, "-c", "from dialer.cli import main; main()")


class Cli:
    """The entry point, called as the installed command calls it: a process for each would cost minutes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["dialer", *words])
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), *self._capsys.readouterr())


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings from nowhere but the test."""
    for name in [name for name in os.environ if name.startswith("DIALER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))


def process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [*DIALER, *words], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    before = list(logging.root.handlers)
    yield Cli(monkeypatch, capsys)
    logging.root.handlers[:] = before
    structlog.reset_defaults()


def test_from_nothing_to_a_campaign(cli: Cli) -> None:
    loaded = cli("leads", "import", str(samples.DEMO_LEADS), "--list", "l", "--client", "acme", "--json")
    counts = json.loads(loaded.stdout)
    assert counts["accepted"] + counts["merged"] + counts["rejected"] == counts["rows"]
    assert cli("dnc", "import", str(samples.DEMO_DNC)).returncode == 0
    created = cli(
        "campaign", "create", "--client", "acme", "--name", "A", "--list", "l", "--caller-id", "+12025550123"
    )
    assert "dialer campaign start 1" in created.stdout
    assert (
        cli("agent", "add", "--client", "acme", "--name", "Anna", "--sip-uri", "sip:anna@x").returncode == 0
    )
    assert "[abandoned-message-missing]" in cli("campaign", "start", "A").stderr
    words = "This is Acme, at +12025550123, with an offer. Press 9 to be called no more."
    assert cli("prompts", "say", words, "--client", "acme", "--name", "sorry").returncode == 0
    assert cli("prompts", "set-abandoned", "sorry", "--client", "acme").returncode == 0
    assert cli("campaign", "start", "A").returncode == 0
    (status,) = json.loads(cli("campaign", "status", "--json").stdout)
    assert status["state"] == "running"
    # Where it is not the time to call, a lead waits.
    assert status["leads"]["due"] + status["leads"]["waiting"] == counts["accepted"]
    report = json.loads(cli("report", "campaign", "A", "--json").stdout)
    assert report["counts"]["leads_loaded"] == counts["accepted"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("campaign", "start", "nothing"), 1, "campaign-not-found"),
        (("agent", "add", "--client", "no", "--name", "A", "--sip-uri", "sip:a@b"), 1, "unknown-client"),
        (("dnc", "check", "12"), 1, "phone"),
        (("leads", "import", "/nowhere.csv", "--list", "l", "--client", "c"), 2, "nowhere.csv"),
        (("demo", "--agents", "0"), 2, "--agents"),
        (("demo", "--leads", "100000"), 2, "sample file has"),
        (("demo", "--mode", "hopeful"), 2, "--mode"),
        (("demo", "--json", "/nowhere/out.json"), 2, "cannot be written"),
        (("demo", "--data-dir", "/dev/null/x"), 1, "data-folder-unusable"),
        (("nothing",), 2, "No such command"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(cli: Cli, words: tuple[str, ...], code: int, says: str) -> None:
    ended = cli(*words)
    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["serve", "doctor", "db upgrade", "campaign status"])
def test_a_wrong_setting_is_named(cli: Cli, command: str) -> None:
    ended = cli(*command.split(), DIALER_SIP__LINES="many")
    assert ended.returncode == 2
    assert "DIALER_SIP__LINES" in ended.stderr
    assert "settings-invalid" in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DIALER_SIP__TRUNK", "sip:nobody@127.0.0.1", "DIALER_SIP__TRUNK"),
        ("DIALER_SIP__TRUNK", "sip:{number}@sip.carrier.example", "DIALER_SIP__HOST"),
        ("DIALER_SIP__UNCLAIMED_MESSAGE", "/nowhere.wav", "message-unreadable"),
        ("DIALER_DATA_DIR", "/tmp/" + "d" * 100, "DIALER_DATA_DIR to a shorter"),  # noqa: S108 - never made
        ("DIALER_DATA_DIR", "/dev/null/x", "data-folder-unusable"),
        ("DIALER_DATABASE__URL", "nonsense", "bad-database-url"),
        ("DIALER_DATABASE__URL", "mysql://a@b/c", "bad-database-url"),
        ("DIALER_DATABASE__URL", "postgresql://127.0.0.1:1/x", "database-unavailable"),
    ],
)
def test_a_service_that_could_not_work_does_not_start(cli: Cli, name: str, value: str, says: str) -> None:
    ended = cli("serve", **{name: value})
    assert ended.returncode in (1, 2)
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DIALER_API__KEY", "", "DIALER_API__KEY"),
        ("DIALER_DATABASE__URL", "nonsense", "bad-database-url"),
        ("DIALER_MQTT__URL", "nonsense", "bad-mqtt-url"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_the_callers_mistake(
    cli: Cli, name: str, value: str, says: str
) -> None:
    ended = cli("serve", **{name: value})
    assert ended.returncode == 2
    assert says in ended.stderr


def test_a_terminal_with_few_letters_gets_what_it_can_show() -> None:
    words = ("leads", "import", "/nowhere-…-é.csv", "--list", "l", "--client", "c")
    ended = process(*words, PYTHONIOENCODING="ascii:strict")
    assert ended.returncode == 2
    assert "/nowhere-?-?.csv" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_demo_that_fails_keeps_its_logs_and_says_where(tmp_path: Path) -> None:
    (tmp_path / "pjsua2.py").write_text("raise ImportError('not for this machine')")
    (tmp_path / "tmp").mkdir()
    ended = process("demo", "--leads", "5", PYTHONPATH=str(tmp_path), TMPDIR=str(tmp_path / "tmp"))
    assert ended.returncode == 1
    assert "did not start" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    (kept,) = (tmp_path / "tmp").iterdir()
    assert str(kept) in ended.stdout
    assert "not for this machine" in (kept / "demo.log").read_text()


def test_serving_on_a_database_of_another_version_says_what_to_do(cli: Cli, tmp_path: Path) -> None:
    ended = cli("serve", DIALER_DATABASE__URL=f"sqlite:///{tmp_path / 'other.db'}")
    assert ended.returncode == 1
    assert "dialer db upgrade" in ended.stderr


FREE_PORTS = {"DIALER_SIP__PORT": "0", "DIALER_API__PORT": "0", "DIALER_MQTT__PORT": "0"}


def test_the_doctor_says_what_the_set_up_has(cli: Cli) -> None:
    ended = cli("doctor", **FREE_PORTS)
    assert ended.returncode == 0, ended.stdout
    for words in ("the binding holds 2000 calls", "SIP over TLS is there", "SRTP is there", "SQLite"):
        assert words in ended.stdout


def test_the_doctor_finds_what_is_missing(cli: Cli) -> None:
    ended = cli(
        "doctor",
        **FREE_PORTS
        | {"DIALER_MQTT__URL": "mqtt://127.0.0.1:1", "DIALER_DATABASE__URL": "postgresql://127.0.0.1:1/x"},
    )
    assert ended.returncode == 1
    assert ended.stdout.count("not ok") == 2


def test_every_command_has_help(cli: Cli) -> None:
    said = cli("--help").stdout
    for command in ("serve", "demo", "doctor", "db", "leads", "dnc", "campaign", "agent", "report"):
        assert command in said
        assert cli(command, "--help").returncode == 0
