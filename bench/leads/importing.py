"""How long a load takes, against a bare pass of phonenumbers over the same numbers on one core.

Each load is the real command in a process of its own. Peak memory is that of the command with its workers
(shared pages counted once), without PostgreSQL's own.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import phonenumbers
import psutil
from phonenumbers.timezone import time_zones_for_number

from bench.leads.rows import write_rows
from tests.servers import postgresql

LIMIT = 1.5
"""How many times the bare pass a load may take."""

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Measured:
    """One run of something over all rows. Seconds, and MiB."""

    what: str
    wall_s: float
    cpu_s: float
    ratio: float = 1.0
    peak_mib: float = 0.0


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m bench.leads import --rows 1000000 --json FILE`."""
    parser = argparse.ArgumentParser(prog="python -m bench.leads import", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-import-") as name:
        file = Path(name) / "leads.csv"
        write_rows(file, options.rows)
        print(f"{options.rows:,} rows, {file.stat().st_size / 2**20:,.0f} MiB, load {os.getloadavg()[0]:.2f}")
        runs = [bare(file)]
        print(_line(runs[0], options.rows), flush=True)
        for kind in options.database or ("sqlite", "postgresql"):
            with database(kind, Path(name)) as environment:
                runs.append(load(kind, file, options.rows, environment, runs[0].wall_s))
            print(_line(runs[-1], options.rows), flush=True)
    if options.json:
        figures = {"rows": options.rows, "cores": len(os.sched_getaffinity(0)), "limit": LIMIT}
        options.json.write_text(json.dumps(figures | {"runs": [asdict(run) for run in runs]}, indent=2))


def bare(file: Path) -> Measured:
    """Parses, checks, classifies, formats and places every number, and does nothing else."""
    with file.open(encoding="utf-8", newline="") as rows:
        reader = csv.DictReader(rows)
        numbers = [(row[name], row["country"]) for row in reader for name in ("phone", "phone2") if row[name]]
    wall, cpu = time.perf_counter(), time.process_time()
    for text, country in numbers:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            phonenumbers.number_type(number)
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            time_zones_for_number(number)
    return Measured("bare phonenumbers", time.perf_counter() - wall, time.process_time() - cpu)


def load(kind: str, file: Path, rows: int, environment: dict[str, str], bare_s: float) -> Measured:
    """One load by the command. Fails where not every row is accounted for."""
    command = [sys.executable, "-m", "dialer"]
    subprocess.run([*command, "db", "upgrade"], env=environment, check=True, stdout=subprocess.DEVNULL)
    arguments = ["leads", "import", str(file), "--list", "bench", "--client", "bench", "--json"]
    before = os.times()
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(_LOOK_EVERY_S)
    wall = time.perf_counter() - start
    after = os.times()
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    assert process.returncode == 0
    assert report["rows"] == report["accepted"] + report["merged"] + report["rejected"] == rows
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(kind, wall, cpu, wall / bare_s, peak / 2**20)


def _memory(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_full_info().pss
    except psutil.Error:
        return 0
    return total


@contextmanager
def database(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a command that works on an empty database."""
    data = folder / kind
    data.mkdir()
    environment = os.environ | {"DIALER_DATA_DIR": str(data)}
    if kind == "sqlite":
        yield environment
        return
    with postgresql() as server:
        yield environment | {"DIALER_DATABASE__URL": f"{server}/postgres".replace("+psycopg", "")}


def _line(run: Measured, rows: int) -> str:
    peak = f", peak {run.peak_mib:,.0f} MiB" if run.peak_mib else ""
    cpu = f"{run.cpu_s:7.1f} s CPU ({run.cpu_s / rows * 1e6:.0f} µs a row)"
    return f"{run.what:18} {run.wall_s:7.1f} s wall, {cpu}, {run.ratio:.2f} times the bare pass{peak}"


if __name__ == "__main__":
    main()
