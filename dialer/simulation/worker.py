"""`python -m dialer.simulation.worker SECONDS`: simulates shifts in a process of its own.

It reads a list of `Job` as JSON from its standard input to the end and writes each `ForecastShift` as a JSON
line. It gives way to those who dial calls, and takes no more than so many seconds of processor time, for
whoever started it may be gone. Exit code 2: what it read are no jobs.
"""

import os
import resource
import sys

import msgspec

from dialer.simulation.forecasting import Job, simulate

_MOST_BYTES = 1 << 30
"""Of memory; a shift of some hundred agents takes a tenth of it."""
_NICE = 5


def main() -> int:
    """Works until all is simulated."""
    seconds = int(sys.argv[1])
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    try:
        jobs = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Job])
    except msgspec.MsgspecError as error:
        print(f"The jobs are not understood: {error}.", file=sys.stderr)
        return 2
    for job in jobs:
        print(msgspec.json.encode(simulate(job)).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
