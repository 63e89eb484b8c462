"""`dialer demo`, as a newcomer runs it."""

import asyncio
import json
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journeys.service import DIALER, WORKER, lives, processes_with
from tests.support import eventually

_TIMES = ("available_ms", "talk_ms", "hold_ms", "wrap_ms", "pause_ms", "other_ms")


class Demo:
    """A demo that runs, and what it prints."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.printed = ""

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def prints(self, pattern: str) -> None:
        """Reads until it has printed such a text."""
        assert self._process.stdout is not None
        while not re.search(pattern, self.printed):
            line = await self._process.stdout.readline()
            assert line, self.printed
            self.printed += line.decode()

    async def ends(self) -> int:
        """Its exit code, once it has ended by itself."""
        rest, _ = await self._process.communicate()
        self.printed += rest.decode()
        assert self._process.returncode is not None
        return self._process.returncode

    def report(self) -> dict[str, Any]:
        """Every figure."""
        report: dict[str, Any] = json.loads((self._folder / "out.json").read_text())
        return report


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """RTP ports that no other worker's switch uses."""
    monkeypatch.setenv("DIALER_SIP__RTP_PORT", str(20000 + 2000 * (WORKER % 6)))


async def start(folder: Path, *options: str) -> Demo:
    """A demo with its data in that folder."""
    process = await asyncio.create_subprocess_exec(
        *(*DIALER, "demo", *options, "--json", str(folder / "out.json"), "--data-dir", str(folder / "data")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return Demo(process, folder)


async def test_the_demo_dials_its_leads_and_ends_with_a_report_that_adds_up(tmp_path: Path) -> None:
    demo = await start(tmp_path, "--leads", "40", "--agents", "12")
    async with asyncio.timeout(120):
        assert await demo.ends() == 0, demo.printed
    report = demo.report()
    assert (report["ended"], report["troubles"]) == ("done", [])
    intake, campaign, heard = report["intake"], report["campaign"], report["hearing"]
    assert intake["rows"] == 40 == intake["accepted"] + intake["merged"] + intake["rejected"]
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
    # Whoever hangs up while being connected was a person, and talked with nobody.
    assert talks <= outcomes["human"] == sum(dispositions.values())
    assert heard["agent_heard"] == heard["customer_heard"] == heard["conversations"] > 0
    for name in (*_TIMES, "logged_in_ms", "calls_handled", "contacts", "conversions"):
        assert sum(agent["figures"][name] for agent in campaign["agents"]) == campaign["team"][name]
    for agent in campaign["agents"]:
        assert sum(agent["figures"][name] for name in _TIMES) == agent["figures"]["logged_in_ms"]
    for rate in rates(campaign):
        assert rate["value"] == pytest.approx(rate["numerator"] / rate["denominator"])
    assert f"{counts['attempts']}" in demo.printed


async def test_ctrl_c_hangs_up_reports_what_there_is_and_leaves_no_process(tmp_path: Path) -> None:
    demo = await start(tmp_path, "--leads", "200", "--agents", "6")
    async with asyncio.timeout(60):
        await demo.prints(r"[1-9]\d* talking")
    processes = [
        *psutil.Process(demo.pid).children(recursive=True),
        *processes_with(str(tmp_path / "data")),
    ]
    assert len(processes) >= 3, "a carrier, softphones and a switch"
    psutil.Process(demo.pid).send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        assert await demo.ends() == 130, demo.printed
    await eventually(lambda: not any(lives(each) for each in processes))
    report = demo.report()
    assert report["ended"] == "asked"
    assert "the report is partial" in demo.printed
    counts = report["campaign"]["counts"]
    outcomes = tally(report["campaign"]["outcomes"])
    assert sum(outcomes.values()) == counts["attempts"] > 0
    assert "in_progress" not in outcomes
    assert "Traceback" not in demo.printed + (tmp_path / "data" / "demo.log").read_text()


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
