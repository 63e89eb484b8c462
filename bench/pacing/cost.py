"""`python -m bench.pacing.cost`: the processor time of one predictive decision, by team and calls."""

import random
from time import process_time

from dialer.core.pacing import Pacer, make_pacer
from dialer.core.pacing_events import (
    AgentReady,
    AgentTalking,
    AgentWrapping,
    CallAnswered,
    CallConnected,
    CallPlaced,
    CallUnanswered,
)
from dialer.core.pacing_settings import PacingSettings

_ASKED = 2000
_NOW = 1000.0


def _taught(agents: int) -> Pacer:
    """A pacer that has seen a fifth of 3,000 calls answered."""
    pacer = make_pacer("predictive", PacingSettings(max_lines=5000, max_calls_per_second=1000.0))
    for call in range(-3000, 0):
        at = _NOW + call / 10 - 100
        pacer.observe(CallPlaced(at, call, 0.2))
        if call % 5:
            pacer.observe(CallUnanswered(at + 25, call))
            continue
        agent = call % agents
        pacer.observe(CallAnswered(at + 8, call))
        pacer.observe(CallConnected(at + 8, call, agent, 0.0))
        pacer.observe(AgentWrapping(at + 68, agent))
        pacer.observe(AgentReady(at + 80, agent))
    return pacer


def took_ms(agents: int, calls: int) -> tuple[float, float]:
    """Median and 99th percentile of a decision with so many agents in talks and calls that ring."""
    chance = random.Random(1)
    pacer = _taught(agents)
    for agent in range(agents):
        pacer.observe(AgentTalking(_NOW - 100 * chance.random(), agent))
    for call in range(calls):
        pacer.observe(CallPlaced(_NOW - 20 + 20 * call / calls, call, 0.4 * chance.random()))
    upcoming = [0.4 * chance.random() for _ in range(2 * agents)]
    took = []
    for number in range(_ASKED):
        started = process_time()
        pacer.calls_to_place(_NOW + number / 1000, upcoming)
        took.append(1000 * (process_time() - started))
    took.sort()
    return took[_ASKED // 2], took[_ASKED * 99 // 100]


def main() -> None:
    """Prints a line for each team."""
    print("agents  calls  p50 ms  p99 ms")
    for agents, calls in ((50, 150), (100, 300), (200, 600), (400, 1200)):
        median, high = took_ms(agents, calls)
        print(f"{agents:6} {calls:6} {median:7.3f} {high:7.3f}")


if __name__ == "__main__":
    main()
