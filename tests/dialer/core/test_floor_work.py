"""What the calling floor promises about agents at work: turns, languages, ends of wrap-ups and of shifts."""

import pytest

from campaigns.core.agent_profile import AgentProfile
from campaigns.core.agent_work import AgentWork
from dialer.core.agent import AgentState
from dialer.core.effects import AgentChanged, Bridge, DispositionMissed, HangUpAgent, LeadWasShown
from dialer.core.floor import Floor
from dialer.core.floor_languages import Speaker
from dialer.core.floor_shifts import SOFTPHONE_GONE_LIMIT_S, WrapUpNotExtended
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from tests.dialer.core.claims import claimed
from tests.dialer.core.floors import ANN, BOB, BYE, CLEO, SALES, answer, floor_with, only, pacing, state, talk

SPANISH = AgentProfile.parse({}, ["es"], {})
ENGLISH = AgentProfile.parse({}, ["en"], {})


def floor_of(work, *profiles, mode="progressive"):
    """Agents 1, 2, … who became available one after the other, a second apart; the last one at 0."""
    floor = Floor()
    floor.open_campaign(SALES, make_pacer(mode, PacingSettings()), 30.0, at=-100.0, work=work)
    for session, profile in enumerate(profiles, start=1):
        at = float(session - len(profiles))
        floor.shifts.log_in(session, 100 + session, [SALES], at, profile)
        floor.shifts.line_up(session, at)
    return floor


def answer_of(floor, attempt, at, **lead):
    floor.place(attempt, SALES, lead=attempt, at=at - 5.0, **lead)
    return only(Bridge, floor.answered(attempt, at))


def in_wrap_up(**work):
    """A floor whose agent has talked from 1 to 10, and may wrap up until 40."""
    floor = floor_of(AgentWork(**work), ENGLISH)
    talk(floor, 7, ANN, at=1.0)
    floor.ended(7, BYE, at=10.0)
    return floor


# --- whose turn it is ---------------------------------------------------------------------------


def test_an_agent_whose_call_came_to_nothing_keeps_the_place():
    floor = floor_with(ANN, BOB, CLEO)
    assert Bridge(7, ANN) in answer(floor, 7, at=1.0)
    floor.ended(7, BYE, at=1.1)
    assert Bridge(8, ANN) in answer(floor, 8, at=2.0)
    floor.bridge_failed(8, ANN, at=2.1)
    assert Bridge(9, ANN) in answer(floor, 9, at=3.0)


def test_who_pauses_or_talks_comes_after_those_who_waited():
    floor = floor_with(ANN, BOB, CLEO)
    floor.shifts.pause(ANN, "break", at=1.0)
    floor.shifts.ready(ANN, at=2.0)
    talk(floor, 7, BOB, at=3.0)
    floor.ended(7, BYE, at=4.0)
    floor.dispositioned(7, at=5.0)
    turns = [only(Bridge, answer(floor, attempt, at=6.0))[0].session for attempt in (8, 9, 10)]
    assert turns == [CLEO, ANN, BOB]


def test_the_routing_of_the_calls_campaign_decides():
    skilled = [
        AgentProfile.parse({"cars": level}, [], {SALES: rank}) for level, rank in ((3, 2), (8, 3), (8, 1))
    ]
    for work, turns in (
        (AgentWork(), [1, 2, 3]),
        (AgentWork(routing="skill", skills=("cars",)), [2, 3, 1]),
        (AgentWork(routing="rank"), [3, 1, 2]),
    ):
        floor = floor_of(work, *skilled)
        assert [answer_of(floor, attempt, at=1.0)[0].session for attempt in (7, 8, 9)] == turns
    floor = floor_of(AgentWork(routing="past_contact"), *skilled)
    assert answer_of(floor, 7, at=1.0, last_agent=103) == [Bridge(7, 3)]
    assert answer_of(floor, 8, at=1.0, last_agent=103) == [Bridge(8, 1)]


# --- languages ----------------------------------------------------------------------------------


def test_a_caller_waits_for_an_agent_of_the_language_and_then_takes_anyone():
    floor = floor_of(AgentWork(language_routing="prefer", language_wait_s=1.0), ENGLISH)
    assert answer_of(floor, 7, at=1.0, language="es-MX") == []
    assert (floor.waiting, state(floor, ANN)) == ([7], AgentState.AVAILABLE)
    assert floor.tick(1.9) == []
    assert only(Bridge, floor.tick(2.0)) == [Bridge(7, ANN)]
    assert floor.waiting == []


def test_who_speaks_the_language_takes_the_caller_who_waits_for_it_and_nobody_else_does():
    for rule in ("prefer", "require"):
        floor = floor_of(AgentWork(language_routing=rule, language_wait_s=1.0), ENGLISH, SPANISH)
        assert answer_of(floor, 7, at=1.0, language="es") == [Bridge(7, BOB)]
        assert answer_of(floor, 8, at=1.0, language="es") == []
        assert answer_of(floor, 9, at=1.1, language="en") == [Bridge(9, ANN)]
        assert only(Bridge, floor.bridge_failed(7, BOB, at=1.2)) == [Bridge(8, BOB)]


def test_nobody_else_gets_a_caller_whose_language_is_required():
    floor = floor_of(AgentWork(language_routing="require"), ENGLISH)
    assert answer_of(floor, 7, at=1.0, language="es") == []
    assert only(Bridge, floor.tick(60.0)) == []


def test_a_lead_is_called_when_somebody_is_there_who_speaks_its_language():
    there, busy, nobody = Speaker.THERE, Speaker.BUSY, Speaker.NOBODY
    floor = floor_of(AgentWork(language_routing="require"), ENGLISH, SPANISH)
    assert floor.speakers(SALES, ["es", "es", "en", "pt"], 1.0) == [there, busy, there, nobody]
    floor.place(7, SALES, lead=7, at=1.0, language="es")
    assert floor.speakers(SALES, ["es", "en"], 1.0) == [busy, there]
    power = floor_of(AgentWork(language_routing="require"), ENGLISH, SPANISH, mode="power")
    assert power.speakers(SALES, ["es", "es", "pt"], 1.0) == [there, there, nobody]
    power.shifts.pause(BOB, "break", at=2.0)
    assert power.speakers(SALES, ["es", "en"], 2.0) == [busy, there]
    assert floor_of(AgentWork(), ENGLISH).speakers(SALES, ["es", ""], 1.0) == [there, there]


def test_an_agent_sees_the_leads_whose_language_the_agent_speaks():
    floor = floor_of(AgentWork(language_routing="require"), ENGLISH, SPANISH, mode="preview")
    shown = only(LeadWasShown, floor.previews.show(SALES, [claimed(7, language="es")], at=1.0))
    assert [each.session for each in shown] == [BOB]


# --- the end of a wrap-up -----------------------------------------------------------------------


def test_a_talk_of_which_nothing_is_said_until_the_limit_is_what_the_campaign_says():
    floor = in_wrap_up(default_disposition="hung_up")
    assert only(DispositionMissed, floor.tick(40.0)) == [DispositionMissed(7, 40.0, "hung_up")]
    assert state(floor, ANN) == AgentState.AVAILABLE


@pytest.mark.parametrize("leave", ["ready", "log_out"])
def test_an_agent_who_leaves_without_a_word_leaves_no_disposition(leave):
    floor = in_wrap_up(default_disposition="hung_up")
    effects = getattr(floor.shifts, leave)(ANN, at=12.0)
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 12.0, "no_disposition")]


def test_an_agent_is_paused_after_the_limit_where_the_campaign_wants_that():
    floor = in_wrap_up(after_wrap_up="paused")
    assert pacing(floor).agents_wrapping == 1
    assert only(AgentChanged, floor.tick(40.0)) == [
        AgentChanged(ANN, 101, AgentState.PAUSED, "wrap_up_over", None, 40.0)
    ]
    assert (pacing(floor).agents_paused, pacing(floor).agents_available) == (1, 0)
    floor.shifts.ready(ANN, at=50.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_the_pause_that_was_asked_for_has_its_own_reason():
    floor = in_wrap_up(after_wrap_up="paused")
    floor.shifts.pause(ANN, "lunch", at=12.0)
    floor.tick(40.0)
    assert (state(floor, ANN), floor.agents[ANN].reason) == (AgentState.PAUSED, "lunch")


def test_a_wrap_up_is_extended_once():
    floor = in_wrap_up(wrap_up_extension_s=20.0)
    assert floor.shifts.extend_wrap_up(ANN, at=35.0) == 60.0
    with pytest.raises(WrapUpNotExtended, match="already"):
        floor.shifts.extend_wrap_up(ANN, at=36.0)
    assert floor.tick(59.9) == []
    assert state(floor, ANN) == AgentState.WRAP_UP
    floor.tick(60.0)
    assert state(floor, ANN) == AgentState.AVAILABLE
    with pytest.raises(WrapUpNotExtended, match="does not wrap up"):
        floor.shifts.extend_wrap_up(ANN, at=61.0)
    talk(floor, 8, ANN, at=70.0)
    floor.ended(8, BYE, at=80.0)
    assert floor.shifts.extend_wrap_up(ANN, at=81.0) == 130.0


def test_a_wrap_up_is_not_extended_where_the_campaign_does_not_want_it():
    with pytest.raises(WrapUpNotExtended, match="wrap_up_extension_s"):
        in_wrap_up().shifts.extend_wrap_up(ANN, at=35.0)


# --- shifts that nobody ends --------------------------------------------------------------------


def test_an_agent_whose_softphone_stays_away_is_logged_out_and_the_time_ends_at_the_limit():
    floor = floor_with(ANN, BOB)
    floor.shifts.line_down(ANN, at=10.0, reason="softphone_gone")
    over = 10.0 + SOFTPHONE_GONE_LIMIT_S
    assert floor.tick(over - 0.1) == []
    assert floor.tick(over + 7.0) == [
        AgentChanged(ANN, 101, AgentState.LOGGED_OUT, "softphone_gone", None, over),
        HangUpAgent(ANN),
    ]
    assert list(floor.agents) == [BOB]
    assert pacing(floor).agents_available == 1


def test_a_softphone_that_never_answered_counts_from_the_log_in():
    floor = floor_with()
    floor.shifts.log_in(ANN, 101, [SALES], 0.0)
    floor.shifts.line_down(ANN, at=20.0, reason="softphone_404")
    floor.tick(SOFTPHONE_GONE_LIMIT_S)
    assert not floor.agents


def test_a_softphone_that_comes_back_or_is_busy_is_not_gone():
    floor = floor_with(ANN, BOB)
    for session in (ANN, BOB):
        floor.shifts.line_down(session, at=10.0, reason="softphone_gone")
    floor.shifts.line_up(ANN, at=500.0)
    floor.shifts.line_down(BOB, at=500.0, reason="softphone_486", busy=True)
    floor.tick(10.0 + SOFTPHONE_GONE_LIMIT_S)
    floor.shifts.line_down(ANN, at=3000.0, reason="softphone_gone")
    floor.tick(2999.0 + SOFTPHONE_GONE_LIMIT_S)
    assert set(floor.agents) == {ANN, BOB}
