"""Floors with agents, and what happens on them, for tests."""

from dialer.core.effects import (
    Bridge,
)
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings

SALES, SURVEY = 1, 2
BYE = CallEnd(200)
ANN, BOB, CLEO = 1, 2, 3
"""Sessions; the agent behind session n is 100 + n."""


def floor_with(*sessions, campaigns=(SALES,), mode="progressive"):
    """Agents who became available one after the other, a second apart; the last one at 0."""
    floor = Floor()
    for campaign in campaigns:
        floor.open_campaign(campaign, make_pacer(mode, PacingSettings()), wrap_up_limit_s=30.0, at=-100.0)
    for number, session in enumerate(sessions):
        at = float(number + 1 - len(sessions))
        floor.shifts.log_in(session, 100 + session, campaigns, at)
        floor.shifts.line_up(session, at)
    return floor


def answer(floor, attempt, at, campaign=SALES):
    floor.place(attempt, campaign, lead=attempt, at=at - 5.0)
    return floor.answered(attempt, at)


def talk(floor, attempt, session, at):
    assert Bridge(attempt, session) in answer(floor, attempt, at)
    floor.connected(attempt, session, at)


def only(kind, effects):
    return [each for each in effects if isinstance(each, kind)]


def state(floor, session):
    return floor.agents[session].state


def pacing(floor, campaign=SALES):
    return floor.campaigns[campaign].pacer.explain(0.0)
