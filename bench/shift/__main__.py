"""`python -m bench.shift`: agents and lines for some minutes, and what agents and people are promised."""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from bench.shift.work import Size, work


def main() -> None:
    """Works a shift and prints its figures; exit code 1 where somebody was neither connected nor told."""
    parser = argparse.ArgumentParser(prog="python -m bench.shift", description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--lines", type=int, default=600)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--mode", default="predictive", help="dial mode")
    parser.add_argument("--json", type=Path, help="a file for every figure")
    given = parser.parse_args()
    figures = asyncio.run(work(Size(given.agents, given.lines, given.minutes, given.mode)))
    encoded = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    sys.stdout.write(encoded.decode() + "\n")
    if given.json is not None:
        given.json.write_bytes(encoded + b"\n")
    sys.exit(1 if figures.neither or figures.shifts_complete != figures.shifts else 0)


if __name__ == "__main__":
    main()
