"""How what happened on the floor is written to the database: a batch is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns import dispositions, effects, previewing, questionnaires
from campaigns.core.attempt import MAX_SIP_REASON, Ending, plain_text
from campaigns.core.disposition import BY_NOBODY, MESSAGE_CUT_SHORT, MESSAGE_PLAYED, OPTED_OUT
from campaigns.dispositions import Words
from campaigns.message_results import record_message
from campaigns.recordings import keeping
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.conversations import ConversationStore
from campaigns.stores.menu_answers import MenuAnswerStore
from campaigns.stores.shared import Session
from dialer.core.agent import AgentState
from dialer.core.effects import (
    AgentChanged,
    CallHasEnded,
    CallRang,
    CallStepped,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    CallWasJudged,
    ClaimWasKept,
    ConsentWasSaid,
    DispositionMissed,
    Effect,
    GuestAnswered,
    GuestLeft,
    LeadWasPutBack,
    LeadWasSkipped,
    MessageBegan,
    MessageOver,
    PersonOptedOut,
    QuestionAnswered,
    RecordingBegan,
    RecordingDidFail,
)
from dialer.core.outcome import Outcome
from leads.stores.shared import Sessions


@dataclass(frozen=True)
class Recorded:
    """A mark: all that the switch said up to this number is before it."""

    seq: int


Entry = Effect | Recorded

_NOBODY_TELLS = (Outcome.LOST, Outcome.UNKNOWN)
"""A switch has died with the call, and with everybody who was called into it."""


def instant(at: float) -> datetime:
    """Unix seconds as an instant."""
    return datetime.fromtimestamp(at, UTC)


async def write(sessions: Sessions, entries: Sequence[Entry]) -> None:
    """Writes the entries in their order, all or none."""
    async with sessions() as session, session.begin():
        for entry in entries:
            await _write_one(session, entry)


async def _write_one(session: Session, entry: Entry) -> None:
    attempts = AttemptStore(session)
    match entry:
        case CallRang(attempt=attempt, at=at):
            await attempts.update_attempt(attempt, ringing_at=instant(at))
        case CallWasAnswered(attempt=attempt, at=at):
            await attempts.update_attempt(attempt, answered_at=instant(at))
        case CallWasConnected(attempt=attempt, agent=agent, at=at):
            await attempts.update_attempt(attempt, connected_at=instant(at), agent_id=agent)
        case CallWasAbandoned(attempt=attempt, at=at) | MessageBegan(attempt=attempt, at=at):
            await attempts.update_attempt(attempt, message_at=instant(at))
        case CallWasJudged(attempt=attempt, verdict=verdict):
            await attempts.update_attempt(
                attempt,
                amd_verdict=verdict.value,
                amd_confidence=entry.confidence,
                amd_took_s=entry.took_s,
            )
        case PersonOptedOut(attempt=attempt, at=at) | MessageOver(attempt=attempt, at=at):
            await record_message(session, attempt, message_code(entry), instant(at))
            heard_all = isinstance(entry, MessageOver) and entry.heard_all
            await questionnaires.keys_over(session, attempt, instant(at), heard_all=heard_all)
        case QuestionAnswered(attempt=attempt, question=question, key=key, at=at):
            if not await questionnaires.key_pressed(session, attempt, question, key, instant(at)):
                await MenuAnswerStore(session).put(attempt, question, key, instant(at))
        case CallHasEnded(attempt=attempt, at=at):
            await effects.finish_attempt(session, attempt, _ending(entry), instant(at))
            if entry.outcome in _NOBODY_TELLS:
                await ConversationStore(session).all_left(attempt, instant(at), entry.outcome.value)
        case DispositionMissed(attempt=attempt, at=at, disposition=code):
            await dispositions.say(session, attempt, Words(code=code, by=BY_NOBODY), instant(at))
        case LeadWasSkipped(campaign=campaign, claim=claim, agent=agent, reason=reason, at=at):
            await previewing.skip(session, campaign, claim, agent, reason, instant(at))
        case LeadWasPutBack(campaign=campaign, claim=claim):
            await effects.release(session, campaign, [claim])
        case ClaimWasKept(campaign=campaign, claim=claim, until=until):
            await previewing.keep(session, campaign, claim, until)
        case RecordingBegan(attempt=attempt, node=node, consent=consent, laws=laws, at=at):
            await keeping.began(session, attempt, node, consent, list(laws), instant(at))
        case RecordingDidFail(attempt=attempt, node=node, why=why):
            await keeping.failed(session, attempt, node, why)
        case ConsentWasSaid(attempt=attempt, node=node, agent=agent, laws=laws, at=at, agreed=agreed):
            await keeping.consent_said(session, attempt, node, agent, list(laws), instant(at), agreed=agreed)
        case CallStepped():
            await _step(ConversationStore(session), entry)
        case GuestAnswered(number=number, at=at):
            await ConversationStore(session).guest_answered(number, instant(at))
        case GuestLeft(number=number, at=at, outcome=outcome):
            await ConversationStore(session).guest_left(number, instant(at), outcome)
        case AgentChanged():
            await _change_agent(AgentStore(session), entry)


def message_code(effect: PersonOptedOut | MessageOver) -> str:
    """The disposition that says what came of a message."""
    if isinstance(effect, PersonOptedOut):
        return OPTED_OUT
    return effect.disposition or (MESSAGE_PLAYED if effect.heard_all else MESSAGE_CUT_SHORT)


def _ending(ended: CallHasEnded) -> Ending:
    end = ended.end
    return Ending(
        outcome=ended.outcome.value,
        ended_by="customer" if end.by_far_end else "dialer",
        sip_status=end.status or None,
        sip_reason=", ".join(each for each in (end.reason, end.reason_header) if each),
        q850_cause=end.q850_cause,
        heard=end.heard,
        trunk=end.trunk,
        attestation=end.attestation,
        rerouted=tuple(plain_text(each, MAX_SIP_REASON) for each in end.rerouted),
    )


async def _step(conversations: ConversationStore, stepped: CallStepped) -> None:
    await conversations.step(
        stepped.attempt,
        instant(stepped.at),
        stepped.kind,
        agent_id=stepped.agent,
        to_agent_id=stepped.to_agent,
        guest_id=stepped.guest,
        notes=stepped.notes,
    )


async def _change_agent(agents: AgentStore, changed: AgentChanged) -> None:
    at = instant(changed.at)
    if changed.state == AgentState.LOGGED_OUT:
        await agents.close_session(changed.session, at, changed.reason)
    else:
        await agents.change_state(
            changed.session, changed.state.value, at, reason=changed.reason, attempt_id=changed.attempt
        )
