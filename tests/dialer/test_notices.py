"""What the bus is told of what happens on the floor."""

from datetime import UTC, datetime

import pytest

from campaigns.core.campaign import Progress
from campaigns.core.detection import detection_figures
from campaigns.core.inbound import inbound_figures
from campaigns.core.metrics import Counts, campaign_figures, team_figures
from campaigns.reports.campaign import CampaignReport, LeadGroup
from campaigns.stores.live import RunningCampaign
from campaigns.tables import Attempt
from dialer.bus.messages import (
    AgentCall,
    AgentMessage,
    AgentPreview,
    CallEvent,
    CallsInFlight,
    CampaignState,
    Pacing,
)
from dialer.bus.messages import AgentState as AgentStateMessage
from dialer.core.agent import AgentState
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallHasEnded,
    CallRang,
    CallSoftphone,
    CallStepped,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    DispositionMissed,
    HangUpAgent,
    HangUpCall,
    LeadWasPutBack,
    LeadWasShown,
    LeadWasSkipped,
    MessageBegan,
    MessageOver,
    PersonOptedOut,
)
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from dialer.notices import Notices
from tests.dialer.core.claims import claimed

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = NOON.timestamp()
CAMPAIGN, CALL, LEAD, SESSION, AGENT = 1, 7, 70, 3, 103
RUNNING = RunningCampaign(
    id=CAMPAIGN,
    client_slug="acme",
    state_since=NOON,
    dial_mode="power",
    lines_per_agent=2.0,
    max_lines=10,
    max_calls_per_second=50.0,
    max_lines_per_agent=None,
    weight=1,
    ring_timeout_s=25.0,
    wrap_up_limit_s=30.0,
    abandon_rate_target=0.03,
    message="",
    opt_out_key="9",
    preview_limit_s=None,
    preview_then="dial",
    amd_mode="off",
    amd_action="hang_up",
    amd_optimistic=True,
    voicemail_message="",
    amd_review_share=0.05,
)
ENDED = CallHasEnded(CALL, CAMPAIGN, AT, Outcome.BUSY, CallEnd(486))


@pytest.fixture
def notices():
    known = Notices()
    known.campaign_is(CAMPAIGN, "acme")
    known.agent_is(SESSION, "acme")
    known.call_is(CALL, CAMPAIGN, LEAD)
    return known


def call_event(kind, **more):
    return CallEvent(client="acme", attempt_id=CALL, campaign_id=CAMPAIGN, lead_id=LEAD, kind=kind, **more)


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (CallRang(CALL, AT), "ringing"),
        (CallWasAnswered(CALL, AT), "answered"),
        (CallWasAbandoned(CALL, AT), "abandoned"),
        (MessageBegan(CALL, AT), "playing"),
    ],
)
def test_each_step_of_a_call_is_told(notices, effect, kind):
    assert list(notices.of(effect)) == [call_event(kind)]


def test_a_call_that_is_placed_is_told(notices):
    (message,) = notices.of_placed(CALL)
    assert message == call_event("placed")
    assert message.topic == "dialer/v1/acme/call/7/event"


def test_a_connection_is_told_of_the_call_and_to_the_agents_desk(notices):
    event, desk = notices.of(CallWasConnected(CALL, SESSION, AGENT, AT, 0.2))
    assert event == call_event("connected", agent_id=AGENT)
    assert desk == AgentCall(
        client="acme", agent_id=AGENT, attempt_id=CALL, campaign_id=CAMPAIGN, lead_id=LEAD
    )
    assert desk.topic == "dialer/v1/acme/agent/103/call"


def test_the_end_is_told_with_its_outcome_and_the_call_is_forgotten(notices):
    assert list(notices.of(ENDED)) == [call_event("ended", outcome="busy")]
    assert list(notices.of(ENDED)) == []


def test_from_the_connection_on_each_step_names_who_was_connected_last(notices):
    for agent in (AGENT, AGENT + 1):
        list(notices.of(CallWasConnected(CALL, SESSION, agent, AT, 0.2)))
    assert list(notices.of(ENDED)) == [call_event("ended", agent_id=AGENT + 1, outcome="busy")]


def test_a_call_that_a_former_engine_connected_has_its_agent(notices):
    notices.call_is(CALL, CAMPAIGN, LEAD, AGENT)
    assert list(notices.of(ENDED)) == [call_event("ended", agent_id=AGENT, outcome="busy")]


def attempt(campaign):
    return Attempt(id=CALL, campaign_id=campaign, lead_id=LEAD, agent_id=AGENT)


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        (PersonOptedOut(CALL, AT), "opted_out"),
        (MessageOver(CALL, AT, heard_all=True), "message_played"),
        (MessageOver(CALL, AT, heard_all=False), "message_cut_short"),
    ],
)
def test_what_a_message_came_to_is_told_as_a_disposition(notices, effect, code):
    assert list(notices.of(effect)) == [call_event("dispositioned", disposition=code)]


def test_a_disposition_is_told_though_the_call_is_over(notices):
    list(notices.of(ENDED))
    (message,) = notices.of_disposition(attempt(CAMPAIGN), "sale")
    assert message == call_event("dispositioned", agent_id=AGENT, disposition="sale")


def test_what_an_agent_does_is_told_with_the_reason_and_since_when(notices):
    changed = AgentChanged(SESSION, AGENT, AgentState.PAUSED, "lunch", None, AT)
    (message,) = notices.of(changed)
    assert message == AgentStateMessage(
        client="acme", agent_id=AGENT, state="paused", reason="lunch", since=NOON
    )
    assert message.topic == "dialer/v1/acme/agent/103/state"


@pytest.mark.parametrize(("until", "told"), [(AT, NOON), (None, None)])
def test_a_lead_to_look_at_is_told_to_its_agent_alone(notices, until, told):
    (message,) = notices.of(LeadWasShown(SESSION, AGENT, CAMPAIGN, LEAD, AT - 20, until))
    assert message == AgentPreview(
        client="acme", agent_id=AGENT, session_id=SESSION, campaign_id=CAMPAIGN, lead_id=LEAD, until=told
    )
    assert message.topic == "dialer/v1/acme/agent/103/preview"


@pytest.mark.parametrize(
    "effect",
    [
        Bridge(CALL, SESSION),
        HangUpCall(CALL),
        HangUpAgent(SESSION),
        CallSoftphone(SESSION),
        DispositionMissed(CALL, AT),
        LeadWasSkipped(CAMPAIGN, claimed(LEAD).lead, AGENT, "later", AT),
        LeadWasPutBack(CAMPAIGN, claimed(LEAD).lead, AT),
    ],
)
def test_what_is_only_done_is_not_told(notices, effect):
    assert list(notices.of(effect)) == []


@pytest.mark.parametrize(
    "effect",
    [
        CallRang(99, AT),
        CallWasConnected(99, 99, AGENT, AT, 0.2),
        AgentChanged(99, AGENT, AgentState.AVAILABLE, "", None, AT),
        LeadWasShown(99, AGENT, CAMPAIGN, LEAD, AT, None),
    ],
)
def test_of_calls_and_agents_whose_client_is_not_known_nothing_is_told(notices, effect):
    assert list(notices.of(effect)) == []
    assert list(notices.of_disposition(attempt(99), "sale")) == []


def test_a_campaign_is_told_with_its_state(notices):
    assert notices.of_campaign(RUNNING, "running", NOON) == CampaignState(
        client="acme", campaign_id=CAMPAIGN, state="running", dial_mode="power", since=NOON
    )


def test_the_statistics_hold_what_was_counted_and_what_goes_on(notices):
    floor = Floor()
    floor.open_campaign(CAMPAIGN, make_pacer("power", PacingSettings(lines_per_agent=2.0)), 30.0, AT)
    floor.shifts.log_in(SESSION, AGENT, [CAMPAIGN], AT)
    floor.shifts.line_up(SESSION, AT)
    floor.shifts.log_in(4, 104, [2], AT)
    for attempt in range(1, 5):
        floor.place(attempt, CAMPAIGN, LEAD, AT)
    floor.place(5, 2, LEAD, AT)
    floor.rang(2, AT)
    floor.answered(3, AT)
    floor.connected(3, SESSION, AT)
    floor.answered(4, AT)
    floor.calls_to_place(CAMPAIGN, AT)
    counts = Counts(attempts=40, people=10, abandoned=1, contacts=6, conversions=2)
    stats = notices.of_stats(RUNNING, report_of(counts), floor, AT)
    assert stats.calls_in_flight == CallsInFlight(dialing=1, ringing=1, answered=1, connected=1)
    assert stats.agents == {"talking": 1}
    assert (stats.attempts, stats.people_answered, stats.abandoned) == (40, 10, 1)
    assert (stats.contacts, stats.conversions, stats.abandon_rate) == (6, 2, 0.1)
    assert stats.leads_ready == 7
    assert stats.pacing == Pacing(
        mode="power", reason="2 lines for each of 1 agents free or talking: 2, 4 in use."
    )


def test_before_anybody_answered_the_abandon_rate_is_0(notices):
    floor = Floor()
    floor.open_campaign(CAMPAIGN, make_pacer("power", PacingSettings()), 30.0, AT)
    assert notices.of_stats(RUNNING, report_of(Counts()), floor, AT).abandon_rate == 0.0


def report_of(counts):
    return CampaignReport(
        campaign_id=CAMPAIGN,
        name="Spring",
        client="acme",
        kind="sales",
        dial_mode="power",
        state="running",
        state_since=NOON,
        at=NOON,
        counts=counts,
        figures=campaign_figures(counts),
        abandon_rate_target=0.03,
        outcomes=[],
        dispositions=[],
        detection=detection_figures([]),
        inbound=inbound_figures([]),
        leads=[LeadGroup("ready", "new", 4), LeadGroup("ready", "retry", 3), LeadGroup("final", "sale", 9)],
        callbacks_missed=2,
        progress=Progress(due=4, waiting=3, claimed=0, calling=0, final=9, next_due_at=None),
        agents=[],
        team=team_figures([]),
    )


def test_what_somebody_writes_to_an_agent_goes_to_that_agent_alone() -> None:
    notices = Notices()
    notices.agent_is(8, "acme")
    (message,) = notices.of_message(8, 3, "Well done.")
    assert message == AgentMessage(client="acme", agent_id=3, session_id=8, text="Well done.")
    assert message.topic == "dialer/v1/acme/agent/3/message"
    assert list(notices.of_message(9, 3, "Nobody's.")) == []


def test_who_is_handed_a_call_or_consulted_hears_of_it() -> None:
    notices = Notices()
    notices.agent_is(8, "acme")
    notices.call_is(7, 1, 70)
    told = list(notices.of(CallStepped(7, 1.0, "consult", agent=101, to_agent=3, to_session=8)))
    assert told == [AgentCall(client="acme", agent_id=3, attempt_id=7, campaign_id=1, lead_id=70)]
    assert list(notices.of(CallStepped(7, 1.0, "hold", agent=101))) == []
