"""The demo, as a newcomer runs it: `make demo`, and `dialer demo` on a terminal."""

import asyncio
import json
import os
import pty
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.docker.scripts import DOCKER, SETUP, executable, kept_wheel, machine, python_with, run
from tests.journeys.service import DIALER, lives, processes_with
from tests.support import eventually

_TIMES = ("available_ms", "preview_ms", "talk_ms", "hold_ms", "wrap_ms", "pause_ms", "other_ms")


class Demo:
    """A demo that runs, and what it prints."""

    def __init__(self, process: asyncio.subprocess.Process, output: asyncio.StreamReader) -> None:
        self._process = process
        self._output = output
        self._read = b""

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def printed(self) -> str:
        """All that was printed and read so far."""
        return self._read.decode(errors="replace")

    async def prints(self, pattern: str) -> None:
        """Reads until it has printed such a text."""
        while not re.search(pattern, self.printed):
            assert await self._reads(), self.printed

    async def ends(self) -> int:
        """Its exit code, once it has ended by itself."""
        while await self._reads():
            pass
        return await self._process.wait()

    async def _reads(self) -> bool:
        """Reads on; whether there was more."""
        try:
            some = await self._output.read(65536)
        except OSError:  # how a terminal says that nobody writes to it any more
            some = b""
        self._read += some
        return bool(some)


def report(folder: Path) -> dict[str, Any]:
    """Every figure."""
    figures: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return figures


def options(folder: Path, leads: int, agents: int) -> tuple[str, ...]:
    """What the demo is asked for, with its files in that folder."""
    files = ("--json", str(folder / "out.json"), "--data-dir", str(folder / "data"))
    return ("--leads", str(leads), "--agents", str(agents), *files)


async def start(*command: str, **environment: str) -> Demo:
    """A demo whose output goes into a pipe."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=DOCKER.parent,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    return Demo(process, process.stdout)


class Terminal:
    """A terminal to run a demo on."""

    def __init__(self) -> None:
        self._ours, self._theirs = pty.openpty()

    async def start(self, *command: str) -> Demo:
        """A demo that has the terminal for itself."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(self._ours), "rb", buffering=0)
        )
        process = await asyncio.create_subprocess_exec(
            *("setsid", "--ctty", *command),
            env=os.environ | {"TERM": "xterm"},
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
        )
        os.close(self._theirs)
        return Demo(process, reader)

    def press_ctrl_c(self) -> None:
        """Whoever is in the foreground gets a SIGINT from the terminal."""
        os.write(self._ours, b"\x03")

    def close(self) -> None:
        """After the end."""
        os.close(self._ours)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.fixture
def set_up(tmp_path: Path) -> dict[str, str]:
    """A machine where everything is set up, and where nothing can be installed."""
    venv = tmp_path / "venv"
    tools = tmp_path / "python"
    environment = {"VENV": str(venv), "PYTHON": str(python_with("", tools)), **kept_wheel()}
    made = run(SETUP, "python", "dev", **environment)
    assert made.returncode == 0, made.stderr
    dialer = "from dialer.cli import main; main()"
    executable(venv / "bin" / "dialer", f"#!/bin/sh\nexec {sys.executable} -c '{dialer}' \"$@\"\n")
    python_with("echo pip was asked to install >&2; exit 1", tools)
    path = machine(tmp_path, without=("apt-get", "sudo"), dpkg_query="echo installed")
    return environment | {"PATH": path}


async def test_make_demo_dials_its_leads_and_ends_with_a_report_that_adds_up(
    tmp_path: Path, set_up: dict[str, str]
) -> None:
    demo = await start("make", "demo", f"ARGS={' '.join(options(tmp_path, leads=30, agents=24))}", **set_up)
    async with asyncio.timeout(120):
        assert await demo.ends() == 0, demo.printed
    assert "installing" not in demo.printed
    assert "\x1b" not in demo.printed
    assert re.search(r"^\d+ attempts; .* talking; agents: \d", demo.printed, re.MULTILINE)
    assert "Traceback" not in (tmp_path / "data" / "demo.log").read_text()
    _adds_up(report(tmp_path), leads=30)
    assert f"{report(tmp_path)['campaign']['counts']['attempts']}" in demo.printed


def _adds_up(report: Mapping[str, Any], leads: int) -> None:
    assert (report["ended"], report["troubles"]) == ("done", [])
    intake, campaign, heard = report["intake"], report["campaign"], report["hearing"]
    assert intake["rows"] == leads == intake["accepted"] + intake["merged"] + intake["rejected"]
    assert sum(intake["reasons"].values()) == intake["rejected"]

    counts = campaign["counts"]
    outcomes, dispositions = tally(campaign["outcomes"]), tally(campaign["dispositions"])
    assert sum(outcomes.values()) == counts["attempts"] > 0
    assert outcomes.get("abandoned", 0) == counts["abandoned"]
    assert "in_progress" not in outcomes
    assert sum(group["count"] for group in campaign["leads"]) == counts["leads_loaded"] == intake["accepted"]
    progress = campaign["progress"]
    assert progress["due"] == progress["claimed"] == progress["calling"] == 0
    assert progress["waiting"] + progress["final"] == counts["leads_loaded"]

    talks = heard["conversations"] + heard["cut_short"]
    assert talks == campaign["team"]["calls_handled"]
    # Whoever hangs up while being connected was a person, and talked with nobody; a machine is taken away.
    assert outcomes["human"] == sum(dispositions.values())
    assert talks <= outcomes["human"] + outcomes.get("machine", 0)
    assert heard["agent_heard"] == heard["customer_heard"] == heard["conversations"] > 0
    for name in (*_TIMES, "logged_in_ms", "calls_handled", "contacts", "conversions"):
        assert sum(agent["figures"][name] for agent in campaign["agents"]) == campaign["team"][name]
    for agent in campaign["agents"]:
        assert sum(agent["figures"][name] for name in _TIMES) == agent["figures"]["logged_in_ms"]
    for rate in rates(campaign):
        assert rate["value"] == pytest.approx(rate["numerator"] / rate["denominator"])


async def test_ctrl_c_on_a_terminal_hangs_up_reports_what_there_is_and_leaves_no_process(
    tmp_path: Path, terminal: Terminal
) -> None:
    demo = await terminal.start(*DIALER, "demo", *options(tmp_path, leads=200, agents=6))
    async with asyncio.timeout(180):
        await demo.prints(r"calls .*[1-9]\d* talking")
        await demo.prints(r"(?s)attempts +│ +(\d+) .*attempts +│ +(?!\1 )\d+")
    processes = [
        *psutil.Process(demo.pid).children(recursive=True),
        *processes_with(str(tmp_path / "data")),
    ]
    assert len(processes) >= 3, "a carrier, softphones and a switch"
    terminal.press_ctrl_c()
    async with asyncio.timeout(90):
        assert await demo.ends() == 130, demo.printed
    await eventually(lambda: not any(lives(each) for each in processes))
    _was_redrawn(demo.printed)
    figures = report(tmp_path)
    assert figures["ended"] == "asked"
    assert "the report is partial" in demo.printed
    counts = figures["campaign"]["counts"]
    outcomes = tally(figures["campaign"]["outcomes"])
    assert sum(outcomes.values()) == counts["attempts"] > 0
    assert "in_progress" not in outcomes
    assert "Traceback" not in demo.printed + (tmp_path / "data" / "demo.log").read_text()


def _was_redrawn(printed: str) -> None:
    """The table of figures was drawn over itself, and nothing else."""
    drawn = re.findall(r"attempts +│ +(\d+)", printed)
    assert printed.count("\x1b[1A") >= len(drawn) - 1
    assert not re.search(r"^\d+ attempts;", printed, re.MULTILINE), "lines are for elsewhere"


async def test_ctrl_c_before_the_first_call_leaves_nothing_at_all(tmp_path: Path) -> None:
    demo = await start(*DIALER, "demo", "--agents", "2", TMPDIR=str(tmp_path))
    async with asyncio.timeout(90):
        await demo.prints("Starting")
        psutil.Process(demo.pid).send_signal(signal.SIGINT)
        assert await demo.ends() == 130, demo.printed
    assert "the report is partial" in demo.printed
    assert "Traceback" not in demo.printed
    assert os.listdir(tmp_path) == []
    assert not processes_with(str(tmp_path))


def tally(shares: list[dict[str, Any]]) -> dict[str, int]:
    """The counts of a table, by code."""
    return {share["code"]: share["count"] for share in shares}


def rates(value: object) -> Iterator[Mapping[str, Any]]:
    """Every rate in a report that has a denominator."""
    if isinstance(value, Mapping):
        if value.get("denominator"):
            yield value
        for each in value.values():
            yield from rates(each)
    elif isinstance(value, list):
        for each in value:
            yield from rates(each)
