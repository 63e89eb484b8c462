"""The rule that managers tune by hand says what it counts, as every pacer does."""

from bench.pacing.fixed_ratio import FixedRatioPacer
from dialer.core.pacing_events import AgentReady, CallAnswered, CallConnected, CallPlaced


def test_it_keeps_its_ratio_and_tells_what_it_counts():
    pacer = FixedRatioPacer(2.5, 25.0)
    for agent in range(2):
        pacer.observe(AgentReady(0.0, agent))
    assert pacer.calls_to_place(0.0) == 5
    for call in range(5):
        pacer.observe(CallPlaced(0.0, call))
    pacer.observe(CallAnswered(5.0, 0))
    pacer.observe(CallConnected(5.0, 0, 0, 0.0))
    assert pacer.calls_to_place(5.0) == 0
    told = pacer.explain(5.0)
    assert (told.agents_available, told.agents_talking, told.calls_ringing, told.calls_connected) == (
        1,
        1,
        4,
        1,
    )
    assert told.last_decision == 0
    assert told.reason == "2.5 calls that ring for each free agent."
