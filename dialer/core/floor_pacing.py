"""The campaigns of a calling floor, and what their pacers are told of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.core.agent_work import AS_USUAL, AgentWork
from campaigns.core.menu import Menu
from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.detection import OFF, Detection
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.outcome import Outcome
from dialer.core.pacing import Pacer, surplus_calls
from dialer.core.pacing_events import (
    AgentPaused,
    AgentPreviewing,
    AgentReady,
    AgentsSpokenFor,
    AgentTalking,
    AgentWillPause,
    AgentWrapping,
    CallAbandoned,
    CallAnswered,
    CallConnected,
    CallFailed,
    CallPlaced,
    CallUnanswered,
    MessageEnded,
    PacingEvent,
)
from dialer.core.preview import PreviewRule

_WRAP_UP_LIMIT_S = 60.0
"""For a call whose campaign was stopped before the engine started."""
_ONE_FOR_EACH = ("progressive", "preview")
"""Modes that need an agent for each call."""
_PRESUMED_ANSWERED = 0.5
"""Of calls of which no pacer says how many will be answered."""


@dataclass
class FloorCampaign:
    """A campaign that runs, or whose calls still live."""

    campaign: int
    pacer: Pacer
    wrap_up_limit_s: float
    agentless: bool = False
    opt_out_key: str = ""
    preview: PreviewRule = field(default_factory=PreviewRule)
    detection: Detection = OFF
    menu: Menu | None = None
    work: AgentWork = AS_USUAL
    running: bool = True


class FloorPacing:
    """Tells each campaign's pacer what becomes of its calls and of the agents who work for it."""

    def __init__(self, agents: Mapping[int, FloorAgent], calls: Mapping[int, FloorCall]) -> None:
        """Agents by session and calls by attempt, as they are on the floor at any time."""
        self.campaigns: dict[int, FloorCampaign] = {}
        self._agents = agents
        self._calls = calls

    def open(self, opened: FloorCampaign, at: float) -> None:
        """The campaign dials from now on; its pacer is told who is there and which calls are up."""
        self.campaigns[opened.campaign] = opened
        for call in self._calls.values():
            if call.campaign == opened.campaign:
                self.call_is_up(call, at)
        for each in self._agents.values():
            if opened.campaign in each.campaigns:
                self._agent_is_there(opened, each, at)

    def close(self, campaign: int) -> None:
        """No more calls are placed; those that live go on."""
        if known := self.campaigns.get(campaign):
            known.running = False

    def runs(self, campaign: int) -> bool:
        """Whether the campaign dials."""
        known = self.campaigns.get(campaign)
        return known is not None and known.running

    def calls_to_place(self, campaign: int, now: float) -> int:
        """What the campaign's pacer says; 0 where it does not run.

        One call for each free agent means one among all the campaigns that the agent works for, and a
        predictive pacer is told how many agents the calls of other campaigns are expected to take.
        """
        known = self.campaigns.get(campaign)
        if known is None or not known.running:
            return 0
        known.pacer.observe(AgentsSpokenFor(now, self._expected_by_others(campaign, now)))
        wanted = known.pacer.calls_to_place(now)
        if wanted > 0 and self.is_one_for_each(campaign, now):
            wanted = max(0, wanted - self._spoken_for(campaign))
        return wanted

    def is_one_for_each(self, campaign: int, now: float) -> bool:
        """Whether the campaign places at most one call for each free agent now."""
        known = self.campaigns.get(campaign)
        return known is not None and known.pacer.explain(now).mode in _ONE_FOR_EACH

    def given_up(self, campaign: int, now: float) -> list[FloorCall]:
        """The calls that the campaign's pacer gives up, of those that may be; they are marked so."""
        known = self.campaigns.get(campaign)
        surplus = surplus_calls(known.pacer, now) if known else []
        calls = [self._calls[each] for each in surplus if isinstance(each, int) and each in self._calls]
        let_go = [call for call in calls if call.may_be_given_up(now)]
        for call in let_go:
            call.given_up = True
        return let_go

    def _spoken_for(self, campaign: int) -> int:
        """Free agents of a campaign whom calls of other campaigns may need, and who has called us.

        Those are the calls beyond the free agents whom the other campaign does not share with this one.
        """
        free = [each for each in self._agents.values() if each.state == AgentState.AVAILABLE]
        seeking = Counter(each.campaign for each in self._calls.values() if each.seeks_an_agent)
        seeking.pop(campaign, None)
        seeking += self._in_line()
        spoken_for = 0
        for other, calls in seeking.items():
            apart = sum(other in each.campaigns and campaign not in each.campaigns for each in free)
            shared = sum({other, campaign} <= each.campaigns for each in free)
            spoken_for += min(shared, max(0, calls - apart))
        return spoken_for

    def _expected_by_others(self, campaign: int, now: float) -> float:
        """Of the agents of a campaign, how many are likely to be needed by the calls of other campaigns, and
        by those who have called us."""
        seeking = Counter(each.campaign for each in self._calls.values() if each.seeks_an_agent)
        seeking.pop(campaign, None)
        in_line = self._in_line()
        expected = 0.0
        for other in seeking.keys() | in_line.keys():
            theirs = [each for each in self._agents.values() if other in each.campaigns]
            shared = sum(campaign in each.campaigns for each in theirs)
            if shared:
                answers = self._answers_of(other, seeking[other], now) if seeking[other] else 0.0
                expected += shared / len(theirs) * (answers + in_line[other])
        return expected

    def _in_line(self) -> Counter[int]:
        """How many who have called each campaign wait for an agent."""
        return Counter(each.campaign for each in self._calls.values() if each.stands_in_line)

    def _answers_of(self, campaign: int, calls: int, now: float) -> float:
        """How many of a campaign's calls that ring or wait are likely to need an agent."""
        known = self.campaigns.get(campaign)
        told = known.pacer.explain(now) if known else None
        if told is None or told.expected_answers is None:
            return _PRESUMED_ANSWERED * calls
        return told.expected_answers + told.calls_waiting

    def wrap_up_limit_s(self, campaign: int) -> float:
        """How long an agent may wrap up a call of the campaign."""
        known = self.campaigns.get(campaign)
        return known.wrap_up_limit_s if known else _WRAP_UP_LIMIT_S

    def work(self, campaign: int | None) -> AgentWork:
        """How agents work for the campaign."""
        known = self.campaigns.get(campaign) if campaign is not None else None
        return known.work if known else AS_USUAL

    def tell(self, campaign: int, event: PacingEvent) -> None:
        """Something happened to a call of the campaign."""
        if known := self.campaigns.get(campaign):
            known.pacer.observe(event)

    def tell_all(self, each: FloorAgent, event: PacingEvent, besides: int | None = None) -> None:
        """Something happened to an agent: all campaigns the agent works for are told, `besides` that one."""
        for campaign in each.campaigns:
            if campaign != besides:
                self.tell(campaign, event)

    def agent_is_free(self, each: FloorAgent, at: float) -> None:
        """An agent is available to all campaigns that the agent works for, unless a callback is due."""
        self.tell_all(
            each, AgentPaused(at, each.session) if each.callback_due else AgentReady(at, each.session)
        )

    def call_is_up(self, call: FloorCall, at: float) -> None:
        """Makes a call known that is up already; a talk becomes known with its agent."""
        if call.came or call.was_connected or call.state in (CallState.ABANDONED, CallState.MACHINE):
            return
        self.tell(call.campaign, CallPlaced(at, call.attempt))
        if call.state in (CallState.ANSWERED, CallState.PLAYING) and not call.is_kept:
            self.tell(call.campaign, CallAnswered(at, call.attempt))

    def call_ended(self, call: FloorCall, outcome: Outcome, at: float) -> None:
        """A call is over; of a talk the pacer hears by its agent's wrap-up."""
        if call.came:
            return
        if call.answered_at is None:
            rang_out = outcome in (Outcome.NO_ANSWER, Outcome.CANCELED)
            self.tell(
                call.campaign, CallUnanswered(at, call.attempt) if rang_out else CallFailed(at, call.attempt)
            )
        elif call.agentless:
            self.tell(call.campaign, MessageEnded(at, call.attempt))
        elif call.state == CallState.ANSWERED and not call.was_connected:
            if outcome == Outcome.HUMAN and call.session is not None:
                waited_s = at - call.answered_at
                self.tell(call.campaign, CallConnected(at, call.attempt, call.session, waited_s))
            else:
                self.tell(call.campaign, CallAbandoned(at, call.attempt))

    def agent_is_there(self, each: FloorAgent, at: float, campaign: int | None = None) -> None:
        """Makes known what an agent does who is on shift already: to one campaign, or to all of them."""
        for number in each.campaigns if campaign is None else [campaign]:
            if known := self.campaigns.get(number):
                self._agent_is_there(known, each, at)

    def _agent_is_there(self, campaign: FloorCampaign, each: FloorAgent, at: float) -> None:
        call = each.call_among(self._calls)
        placed = call is not None and call.campaign == campaign.campaign and not call.came
        mine = call if placed else None
        event: PacingEvent
        match each.state:
            case AgentState.TALKING if mine is not None:
                event = CallConnected(at, mine.attempt, each.session, waited_s=0.0)
            case AgentState.PREVIEW if each.preview and each.preview.campaign == campaign.campaign:
                event = AgentPreviewing(at, each.session)
            case AgentState.RESERVED if mine is not None and not mine.was_connected:
                event = AgentReady(at, each.session)
            case AgentState.AVAILABLE if not each.callback_due:
                event = AgentReady(at, each.session)
            case AgentState.RESERVED if call is not None and call.answered_at is None:
                event = AgentPaused(at, each.session)
            case AgentState.RESERVED | AgentState.TALKING:
                event = AgentTalking(at, each.session)
            case AgentState.WRAP_UP:
                event = AgentWrapping(at, each.session)
            case _:
                event = AgentPaused(at, each.session)
        campaign.pacer.observe(event)
        if each.pause_asked is not None:
            campaign.pacer.observe(AgentWillPause(at, each.session))
