"""Takes up what a former engine left: its shifts, its open attempts, and the legs that still live.

The switch repeats what the former engine had not recorded; only then is it known which attempts have no
story, and these become `unknown`, never to be dialed again by themselves.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from campaigns.core.attempt import IN
from campaigns.core.campaign import AGENTLESS
from campaigns.core.disposition import OPTED_OUT
from campaigns.stores.live import LiveStore, OpenAttempt, OpenShift
from dialer.core.agent import AgentState
from dialer.core.amd import Verdict
from dialer.core.call import CallState
from dialer.core.conversation import Conversation
from dialer.core.detection import OFF, detection_of
from dialer.core.effects import (
    AgentChanged,
    CallRang,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    DispositionMissed,
    Effect,
    MessageBegan,
)
from dialer.core.floor import Floor
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_shifts import SOFTPHONE_GONE
from dialer.core.outcome import Outcome
from dialer.legs import agent_leg, attempt_of, call_leg, session_of
from dialer.mixing import conversation_of
from dialer.switch.messages import AnyEvent, LegAnswered, LegRinging, LegsBridged, LegUnclaimed, LiveLeg
from dialer.waiting import wait_of
from leads.stores.shared import Sessions

_WRAP_UP_AGAIN_S = 60.0
"""How long an agent who was wrapping up when the engine ended may go on."""


@dataclass
class Leftover:
    """What the database says was under way."""

    shifts: Sequence[OpenShift]
    attempts: Sequence[OpenAttempt]
    awaiting_disposition: Sequence[int]
    """Attempts that ended in a conversation whose disposition has not come."""
    _live: dict[str, LiveLeg] = field(default_factory=dict)

    def restore(self, floor: Floor, live: Sequence[LiveLeg], now: float) -> None:
        """Puts the calls and the agents on the floor as the switch says they are now."""
        self._live = {leg.leg: leg for leg in live}
        for attempt in self.attempts:
            floor.restore_call(self._call(attempt), now)
        for shift in self.shifts:
            floor.shifts.restore_agent(self._agent(shift, now))

    def unrecorded(self, event: AnyEvent, floor: Floor) -> list[Effect]:
        """What the switch repeats of a call that is restored as it is now, and that was never written.

        For events that change nothing on the floor any more.
        """
        if isinstance(event, LegRinging | LegAnswered | LegsBridged | LegUnclaimed):
            for attempt in self.attempts:
                if event.leg == call_leg(attempt.attempt_id) and event.leg in self._live:
                    return self._of_call(attempt, event, floor)
        return []

    def settle(self, floor: Floor, ended: Collection[int], now: float) -> list[Effect]:
        """What follows once the switch has repeated all that it remembers; `ended`: calls without a leg.

        Agents who are gone leave before their calls are over, so that no time counts as a talk that was none.
        """
        effects = [*self.missed_dispositions(floor, now), *self.lost_lines(floor, ended)]
        for attempt in ended:
            effects += floor.lost(attempt, Outcome.UNKNOWN, now)
        return effects + floor.offer_unclaimed(now)

    def missed_dispositions(self, floor: Floor, now: float) -> list[Effect]:
        """Conversations whose agent is not wrapping them up any more."""
        wrapping = {each.attempt for each in floor.agents.values() if each.state == AgentState.WRAP_UP}
        return [DispositionMissed(each, now) for each in self.awaiting_disposition if each not in wrapping]

    def lost_lines(self, floor: Floor, ended: Collection[int]) -> list[Effect]:
        """Agents whose softphone is not on the line any more, from when they were last seen.

        `ended`: attempts that have no leg, so that nobody talks in them.
        """
        effects: list[Effect] = []
        for each in [each for each in floor.agents.values() if not each.can_be_connected]:
            call = each.call_among(floor.calls)
            if each.state == AgentState.UNAVAILABLE or (call is not None and call.attempt not in ended):
                continue
            if call is not None:
                call.session = None  # nobody is to be offered a call that is over
            gone_at = each.since if each.line_gone_since is None else each.line_gone_since
            effects += floor.shifts.line_down(each.session, gone_at, SOFTPHONE_GONE)
        return effects

    def _of_call(
        self, attempt: OpenAttempt, event: LegRinging | LegAnswered | LegsBridged | LegUnclaimed, floor: Floor
    ) -> list[Effect]:
        match event:
            case LegRinging() if attempt.ringing_at is None:
                return [CallRang(attempt.attempt_id, event.at)]
            case LegAnswered() if attempt.answered_at is None:
                return [CallWasAnswered(attempt.attempt_id, event.at)]
            case LegUnclaimed() if attempt.message_at is None and attempt.connected_at is None:
                told = MessageBegan if _hears_a_message(attempt) else CallWasAbandoned
                return [told(attempt.attempt_id, event.at)]
            case LegsBridged() if attempt.connected_at is None:
                return self._talk(attempt, event, floor)
        return []

    def _talk(self, attempt: OpenAttempt, event: LegsBridged, floor: Floor) -> list[Effect]:
        call, agent = floor.calls[attempt.attempt_id], floor.agents.get(session_of(event.other))
        if agent is None or call.session != agent.session:
            return []
        agent.since = event.at
        waited_s = event.at - (call.answered_at or event.at)
        return [
            CallWasConnected(call.attempt, agent.session, agent.agent, event.at, waited_s),
            AgentChanged(agent.session, agent.agent, agent.state, "", call.attempt, event.at),
        ]

    def _call(self, attempt: OpenAttempt) -> FloorCall:
        came = attempt.direction == IN
        call = FloorCall(
            attempt=attempt.attempt_id,
            campaign=attempt.campaign_id,
            lead=attempt.lead_id,
            state=_recorded_state(attempt),
            answered_at=attempt.answered_at.timestamp() if attempt.answered_at else None,
            was_connected=attempt.connected_at is not None,
            agentless=attempt.dial_mode == AGENTLESS and not came,
            opt_out_key="" if came else attempt.opt_out_key,
            opted_out=attempt.disposition == OPTED_OUT,
            detection=OFF if came else detection_of(attempt),
            waiting=wait_of(attempt.inbound) if came else None,
            verdict=Verdict(attempt.amd_verdict) if attempt.amd_verdict else None,
            language=attempt.language,
        )
        leg = self._live.get(call_leg(attempt.attempt_id))
        if leg is None:
            if call.verdict is not None and call.is_taken(call.verdict):
                call.state, call.dispositioned = CallState.MACHINE, True
            return call
        call.answered_at = leg.answered_at
        if leg.state in ("bridged", "parked"):
            self._restore_talk(call, leg)
        elif leg.answered_at is not None:
            waits = leg.state == "answered" or (
                came and leg.state == "prompted" and attempt.message_at is None
            )
            call.state = CallState.ANSWERED if waits else _leaving(attempt)
            if leg.state == "leaving" and call.verdict is not None and call.is_taken(call.verdict):
                call.state, call.dispositioned = CallState.MACHINE, True
        return call

    def _restore_talk(self, call: FloorCall, leg: LiveLeg) -> None:
        session = session_of(leg.partner) if leg.partner is not None else None
        call.conversation = conversation_of(leg, self._live) or Conversation(session)
        call.session, call.was_connected = call.conversation.agent, True
        call.state = CallState.ANSWERED if leg.state == "parked" else CallState.CONNECTED

    def _agent(self, shift: OpenShift, now: float) -> FloorAgent:
        leg = self._live.get(agent_leg(shift.session_id))
        line_up = leg is not None and leg.answered_at is not None
        agent = FloorAgent(
            session=shift.session_id,
            agent=shift.agent_id,
            campaigns=frozenset(shift.campaign_ids),
            state=AgentState(shift.state),
            since=shift.since.timestamp(),
            reason=shift.reason,
            attempt=shift.attempt_id,
            line_up=line_up,
            per_call=shift.leg == "per_call",
            line_called=leg is not None and not line_up and shift.leg == "per_call",
            wraps_up_for=shift.campaign_id,
            profile=shift.profile,
        )
        if not line_up:
            seen_at = shift.seen_at.timestamp() if shift.seen_at else agent.since
            agent.line_is_gone(
                agent.since if agent.state == AgentState.UNAVAILABLE else max(agent.since, seen_at)
            )
        if agent.state == AgentState.WRAP_UP:
            agent.wrap_up_ends_at = now + _WRAP_UP_AGAIN_S
        elif leg is not None and leg.partner is not None:
            agent.state = AgentState.TALKING
            agent.attempt = attempt_of(leg.partner)
        return agent


async def load_leftover(sessions: Sessions) -> Leftover:
    """Reads what was under way."""
    async with sessions() as session:
        live = LiveStore(session)
        return Leftover(
            shifts=await live.open_shifts(),
            attempts=await live.open_attempts(),
            awaiting_disposition=await live.awaiting_disposition(),
        )


def _leaving(attempt: OpenAttempt) -> CallState:
    """The state of a call that has no agent and hears a message."""
    return CallState.PLAYING if _hears_a_message(attempt) else CallState.ABANDONED


def _hears_a_message(attempt: OpenAttempt) -> bool:
    """Whether nobody abandons whom it plays its message to: its campaign has no agents, or they called us."""
    return attempt.dial_mode == AGENTLESS or attempt.direction == IN


def _recorded_state(attempt: OpenAttempt) -> CallState:
    if attempt.connected_at is not None:
        return CallState.CONNECTED
    if attempt.message_at is not None:
        return _leaving(attempt)
    if attempt.answered_at is not None:
        return CallState.ANSWERED
    return CallState.RINGING if attempt.ringing_at is not None else CallState.PLACED
