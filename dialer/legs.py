"""How the engine names the switch's legs, and what the switch's events are to the floor."""

from collections.abc import Callable
from dataclasses import replace

from dialer.core.amd import Verdict
from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.core.floor_shifts import NO_ANSWER
from dialer.core.outcome import CallEnd, Outcome, outcome_of_unanswered
from dialer.switch.messages import (
    AnyEvent,
    BridgeFailed,
    LegAnswered,
    LegEnded,
    LegHeard,
    LegJudged,
    LegKey,
    LegMessage,
    LegRinging,
    LegsBridged,
    LegUnclaimed,
    PromptEnded,
)


def call_leg(attempt: int) -> str:
    """The switch's name for a customer's leg."""
    return f"call-{attempt}"


def agent_leg(session: int) -> str:
    """The switch's name for an agent's leg."""
    return f"agent-{session}"


def guest_leg(number: int) -> str:
    """The switch's name for the leg of somebody who is called into a conversation."""
    return f"guest-{number}"


def attempt_of(leg: str) -> int:
    """The attempt whose leg it is, or 0 where it is no customer's."""
    return _number(leg, "call")


def session_of(leg: str) -> int:
    """The session whose leg it is, or 0 where it is no agent's."""
    return _number(leg, "agent")


def guest_of(leg: str) -> int:
    """The guest whose leg it is, or 0 where it is no guest's."""
    return _number(leg, "guest")


def effects_of(
    event: AnyEvent, floor: Floor, attestation: Callable[[str], str] = lambda _: ""
) -> list[Effect]:
    """Tells the floor what the switch says; returns what the floor answers.

    `attestation`: how a trunk signs our calls, by its name.
    """
    at = event.at
    match event:
        case LegRinging(leg=leg) if attempt := attempt_of(leg):
            return floor.rang(attempt, at)
        case LegAnswered(leg=leg) if attempt := attempt_of(leg):
            return floor.answered(attempt, at)
        case LegAnswered(leg=leg) if session := session_of(leg):
            return floor.shifts.line_up(session, at)
        case LegAnswered(leg=leg) if number := guest_of(leg):
            return floor.conversations.guest_answered(number, at)
        case LegUnclaimed(leg=leg) if attempt := attempt_of(leg):
            return floor.unclaimed(attempt, at)
        case LegJudged(leg=leg) if attempt := attempt_of(leg):
            return floor.judged(attempt, Verdict(event.verdict), event.confidence, event.took_s, at)
        case LegMessage(leg=leg) if attempt := attempt_of(leg):
            return floor.message_left(attempt, at)
        case LegHeard(leg=leg, tone=tone) if attempt := attempt_of(leg):
            return floor.tone_heard(attempt, tone, at)
        case LegKey(leg=leg, digit=digit) if attempt := attempt_of(leg):
            return floor.key_pressed(attempt, digit, at)
        case PromptEnded(leg=leg, number=number) if attempt := attempt_of(leg):
            return floor.prompt_ended(attempt, number, at)
        case LegsBridged(leg=leg, other=other):
            return floor.connected(attempt_of(leg), session_of(other), at)
        case BridgeFailed(leg=leg, other=other):
            return floor.bridge_failed(attempt_of(leg), session_of(other), at)
        case LegEnded(leg=leg) if attempt := attempt_of(leg):
            end = replace(_call_end(event), attestation=attestation(event.trunk))
            return floor.ended(attempt, end, at)
        case LegEnded(leg=leg) if number := guest_of(leg):
            return floor.conversations.guest_left(number, _guest_outcome(event), at)
        case LegEnded(leg=leg, status=status) if session := session_of(leg):
            reason = f"softphone_{status}" if status else "softphone_gone"
            busy = outcome_of_unanswered(_call_end(event)) == Outcome.BUSY
            hung_up = event.ended_by == "far_end"
            reason = NO_ANSWER if event.timed_out else reason
            return floor.shifts.line_down(session, at, reason, busy=busy, hung_up=hung_up)
    return []


def _number(leg: str, kind: str) -> int:
    named, _, number = leg.partition("-")
    return int(number) if named == kind and number.isdecimal() else 0


def _guest_outcome(event: LegEnded) -> str:
    answered = event.status // 100 == 2
    return "answered" if answered else outcome_of_unanswered(_call_end(event)).value


def _call_end(event: LegEnded) -> CallEnd:
    return CallEnd(
        status=event.status,
        reason=event.reason,
        by_far_end=event.ended_by == "far_end",
        timed_out=event.timed_out,
        provisional=event.provisional,
        q850_cause=event.q850_cause,
        reason_header=event.reason_header,
        heard_all=event.heard_all,
        heard=event.heard,
        no_audio=event.no_audio,
        answered_late=event.answered_late,
        trunk=event.trunk,
        rerouted=tuple(event.rerouted),
    )
