"""`python -m bench.pacing`: the table policy by scenario, from simulated shifts on all cores."""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from bench.pacing.comparison import Bench, Row
from bench.pacing.policies import POLICIES
from bench.pacing.scenarios import GROUPS, KNOWN
from dialer.simulation.worlds import ShiftWorld


def line(row: Row, seeds: int) -> str:
    """A row of the table; last, what is known to be reachable."""
    parameter = f"{row.parameter:g}" if row.parameter else ""
    known = f"{KNOWN[row.scenario]:6.1f}" if row.policy == "predictive" and row.scenario in KNOWN else ""
    return (
        f"{row.scenario:34} {row.policy:19} {parameter:>4} "
        f"{100 * row.utilisation:6.2f} ± {100 * row.utilisation_error:4.2f}  "
        f"{100 * row.abandon_rate:6.2f} ± {100 * row.abandon_rate_error:4.2f}  "
        f"{row.shifts_over_target:3}/{seeds:<3} {row.calls:8.0f} {row.lines_at_peak:6} {row.took_s:6.1f} "
        f"{known}"
    ).rstrip()


_HEAD = (
    f"{'scenario':34} {'policy':19} {'par.':>4} {'utilisation %':>14}  {'abandoned %':>14}  "
    f"{'over':>7} {'calls':>8} {'lines':>6} {'s':>6} {'known':>6}"
)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pacing", description=__doc__)
    parser.add_argument(
        "--scenarios", default="usual", help=f"groups or parts of names: {', '.join(GROUPS)}, all"
    )
    parser.add_argument("--policies", default="all", help=f"parts of names: {'; '.join(POLICIES)}")
    parser.add_argument("--agents", default="", help="only scenarios with these teams, as 10,25")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=None, help="other shifts than those of the scenarios")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, default=None, help="write every shift to this file")
    return parser.parse_args()


def _chosen_worlds(given: argparse.Namespace) -> list[ShiftWorld]:
    wanted = [each.strip() for each in given.scenarios.split(";")]
    worlds = [
        world
        for group, worlds in GROUPS.items()
        for world in worlds
        if any(each in ("all", group) or (each not in GROUPS and each in world.name) for each in wanted)
    ]
    if given.agents:
        teams = {int(each) for each in given.agents.split(",")}
        worlds = [world for world in worlds if world.agents in teams]
    return [replace(world, hours=given.hours) for world in worlds] if given.hours else worlds


def main() -> None:
    """Simulates and prints; exit code 2 where nothing was chosen."""
    given = _options()
    worlds = _chosen_worlds(given)
    wanted = [each.strip() for each in given.policies.split(";")]
    policies = [name for name in POLICIES if any(each == "all" or each in name for each in wanted)]
    if not worlds or not policies:
        sys.exit("No scenario or no policy has that name; see --help.")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    rows = []
    print(_HEAD)
    with ProcessPoolExecutor(given.processes) as pool:
        bench = Bench(pool, seeds)
        for world in worlds:
            for policy in policies:
                rows.append(bench.row(world, policy))
                print(line(rows[-1], len(seeds)), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
