"""A calling floor whose agents look at leads, for tests."""

from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from dialer.core.preview import PreviewRule
from tests.dialer.core.claims import claimed

VISITS, SALES = 1, 2
ANN, BOB = 1, 2
LEAD = claimed(70, at=0.0)
NO_ANSWER = CallEnd(487, by_far_end=False, timed_out=True, provisional=True)


def floor_with(*sessions, campaigns=(VISITS,), rule=PreviewRule(), **settings):  # noqa: B008 - it is frozen
    """Agents who became available one after the other, the last one at 0; sales dials progressively."""
    floor = Floor()
    pacer = make_pacer("preview", PacingSettings(**settings))
    floor.open_campaign(VISITS, pacer, wrap_up_limit_s=30.0, at=-100.0, preview=rule)
    floor.open_campaign(SALES, make_pacer("progressive", PacingSettings()), wrap_up_limit_s=30.0, at=-100.0)
    for number, session in enumerate(sessions):
        at = float(number + 1 - len(sessions))
        floor.shifts.log_in(session, 100 + session, campaigns, at)
        floor.shifts.line_up(session, at)
    return floor


def show(floor, *leads, at=1.0):
    return floor.previews.show(VISITS, leads or [LEAD], at)


def dial(floor, attempt=7, session=ANN, at=2.0):
    """The agent has the lead dialed, and compliance has nothing against it."""
    preview = floor.previews.of(session)
    floor.previews.begin(preview)
    floor.place(attempt, VISITS, preview.permitted.lead.lead_id, at)
    return floor.previews.dialed(preview, attempt, at)


def only(kind, effects):
    return [each for each in effects if isinstance(each, kind)]


def state(floor, session=ANN):
    return floor.agents[session].state


def wanted(floor, campaign=VISITS, now=1.0):
    return floor.calls_to_place(campaign, now)
