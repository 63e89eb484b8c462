"""What becomes of callbacks as their leads go their way: steps in a transaction that the caller owns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns import announcing
from campaigns.compliance.permits import Permits
from campaigns.compliance.rulebook import Rulebook
from campaigns.core import callback_time
from campaigns.core.attempt import MAX_NOTES, ClaimedLead, EndedAttempt, plain_text
from campaigns.core.callback import (
    CALLBACK,
    DISPOSITION_CHANGED,
    ENDED,
    OWNERS,
    UNREACHED,
    CallbackEvent,
    CallbackState,
    anyone_at,
)
from campaigns.core.callback_time import Promise
from campaigns.core.compliance import Deny
from campaigns.core.disposition import Disposition, Flag
from campaigns.core.retry import ATTEMPTS_USED_UP, Final, RetryAt
from campaigns.core.selection import LeadPhone
from campaigns.errors import CallbackNotFoundError, CallbackStateError
from campaigns.stores.agents import AgentStore
from campaigns.stores.callbacks import CallbackStore, change, set_time
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.doubles import DUPLICATE
from campaigns.stores.explain import ExplainStore, as_if_claimed
from campaigns.stores.filling import FillStore
from campaigns.stores.persons import ERASED
from campaigns.stores.promised import PromisedStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session
from campaigns.tables import Attempt, Callback, Campaign, CampaignLead
from leads.tables import Lead

_NOT_TO_BE_CALLED = (DUPLICATE, ERASED)
_ENDED_TOLD = "canceled"


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """A time that a person has named: naive on the clock of `zone`, or of the lead where that is empty.

    `agent_id` is who is to call (None: anyone), and `phone` one of the lead's numbers; empty for the next.
    """

    at: datetime
    zone: str = ""
    agent_id: int | None = None
    notes: str = ""
    phone: str = ""
    in_talk: bool = True
    """Whether they have said so to an agent, so that the call that is up counts as a conversation."""


async def promise(
    session: Session,
    rules: Rulebook,
    campaign: Campaign,
    lead_id: int,
    wish: CallbackWish,
    now: datetime,
    *,
    attempt: Attempt | None = None,
) -> Callback:
    """Promise a call to a lead, in a talk (`attempt`) or besides; one that is promised already is moved.

    Of a talk, the lead is placed where its attempt is settled. Raises CallbackTimeError, CallbackDeniedError,
    CallbackStateError, CallbackNotFoundError and AgentNotFoundError.
    """
    row = await PromisedStore(session).lock(campaign.id, lead_id)
    if row is None:
        raise CallbackNotFoundError(
            f"Campaign {campaign.id} does not have lead {lead_id}; load its list first."
        )
    _check_free(row, attempt)
    if wish.agent_id is not None:
        await _check_agent(session, campaign, wish.agent_id)
    phone = await _phone(session, row, wish.phone, attempt)
    when = await when_allowed(session, rules, campaign, row, phone, wish, now)
    callback = await _write(session, campaign, row, phone, wish, when, attempt, now)
    await announcing.callback_made(session, callback, now)
    if attempt is None:
        await _place(session, campaign, callback, phone)
    return callback


async def promise_caller(
    session: Session, rules: Rulebook, campaign: Campaign, attempt: Attempt, wish: CallbackWish, now: datetime
) -> Callback:
    """Promise a call to whoever has called: the lead that the campaign has at the number, else theirs.

    One that no list of the campaign has is the campaign's for this call. Raises what `promise` does.
    """
    named = replace(wish, phone=wish.phone or attempt.e164)
    lead_id = attempt.lead_id
    if await PromisedStore(session).lock(campaign.id, lead_id) is None:
        known = await QueueStore(session).with_number(campaign.id, attempt.e164)
        if known is not None:
            lead_id = known[0]
        else:
            fill = FillStore(session)
            phones = (await fill.phones(campaign.id, [lead_id]))[lead_id]
            for phone in [each for each in phones if each.e164 == named.phone]:
                await fill.take_in(campaign, lead_id, phone, now)
    return await promise(session, rules, campaign, lead_id, named, now)


async def when_allowed(
    session: Session,
    rules: Rulebook,
    campaign: Campaign,
    row: CampaignLead,
    phone: LeadPhone,
    wish: CallbackWish,
    now: datetime,
) -> Promise:
    """The instant that is wished, if compliance would allow the call then; see `callback_time.promise`."""
    lead = await session.get(Lead, row.lead_id)
    found = [each for each in await ExplainStore(session).phones(row.lead_id) if each[0].id == phone.phone_id]
    if lead is None or not found:
        raise CallbackNotFoundError(f"Lead {row.lead_id} has no number to be called back.")
    claimed = as_if_claimed(lead, row, found[0][0], found[0][1], now)
    ((_, snapshot),) = await Permits(session, rules, campaign).snapshots([claimed], now)
    if not wish.in_talk:
        over = (each for each in snapshot.history if each.outcome or each.ended_at is not None)
        snapshot = replace(snapshot, history=tuple(over))
    return callback_time.promise(snapshot, wish.at, wish.zone, now)


async def settle(
    session: Session,
    campaign: Campaign,
    ended: EndedAttempt,
    result: str | Disposition,
    decision: RetryAt | Final,
    now: datetime,
) -> tuple[RetryAt | Final, Callback | None]:
    """What becomes of a lead whose attempt is over, and the call that is still owed to it.

    A promise outlasts the campaign's cap on attempts, and a call that never reached the person. What ends the
    lead for good, or a disposition that replaces the one with the promise, cancels it.
    """
    store, timing = CallbackStore(session), settings_of(campaign).callback_timing
    owed = await store.open_of(campaign.id, ended.lead_id)
    placed = None
    if owed is None and result in UNREACHED and isinstance(decision, RetryAt):
        placed = await store.placed_for(ended.attempt_id)
    if (found := owed or placed) is None:
        return decision, None
    row = await PromisedStore(session).lock(campaign.id, ended.lead_id)
    if row is None or row.attempts != ended.number:
        return decision, None
    callback = await store.get(found.id, lock=True)
    if placed is not None and isinstance(decision, RetryAt):
        change(
            callback,
            CallbackEvent.REOPEN,
            timing,
            now,
            tell="moved",
            reason=str(result),
            due_at=decision.at,
        )
    promises_again = isinstance(result, Disposition) and Flag.CALLBACK in result.flags
    if callback.attempt_id == ended.attempt_id and not promises_again and result not in UNREACHED:
        reason = decision.reason if isinstance(decision, Final) else DISPOSITION_CHANGED
        cancel(callback, campaign, reason, now)
        return decision, None
    if isinstance(decision, Final) and not (promises_again and decision.reason == ATTEMPTS_USED_UP):
        cancel(callback, campaign, decision.reason, now)
        return decision, None
    at = anyone_at(callback.due_at, timing, owned=callback.agent_id is not None)
    return RetryAt(at, CALLBACK), callback


async def dialed(
    session: Session, campaign: Campaign, calls: Sequence[tuple[ClaimedLead, int]], now: datetime
) -> None:
    """Calls are about to be placed, each with its attempt: those that were promised are done."""
    timing = settings_of(campaign).callback_timing
    for lead, attempt_id in calls:
        if lead.callback_id is None:
            continue
        callback = await CallbackStore(session).get(lead.callback_id, lock=True)
        if callback.state in OWNERS and now >= anyone_at(callback.due_at, timing, owned=True):
            change(callback, CallbackEvent.MISS, timing, now)
        rescued = callback.state == CallbackState.MISSED
        change(callback, CallbackEvent.DIAL, timing, now, tell="rescued" if rescued else "")
        callback.done_attempt_id = attempt_id
    await session.flush()


async def denied(
    session: Session, campaign: Campaign, lead: ClaimedLead, denial: Deny, now: datetime
) -> None:
    """A promised call is denied: it is put to the next lawful time, or canceled, and its owner told."""
    callback = await _of_claim(session, lead)
    timing = settings_of(campaign).callback_timing
    if denial.final:
        cancel(callback, campaign, denial.code, now)
        return
    anyone = None
    if denial.next_time is not None:
        change(
            callback,
            CallbackEvent.MOVE,
            timing,
            now,
            tell="moved",
            reason=denial.code,
            due_at=denial.next_time,
        )
        anyone = anyone_at(callback.due_at, timing, owned=callback.agent_id is not None)
    await PromisedStore(session).put_off(campaign.id, lead.lead_id, denial, anyone)


async def give_way(session: Session, lead: ClaimedLead, phone: LeadPhone) -> None:
    """A promised call goes to another of the lead's numbers."""
    (await _of_claim(session, lead)).phone_id = phone.phone_id


async def skipped(
    session: Session, campaign: Campaign, lead: ClaimedLead, decision: RetryAt | Final, now: datetime
) -> None:
    """Who was shown a promised call did not place it: it counts as missed, so that nobody overlooks it."""
    callback = await _of_claim(session, lead)
    if isinstance(decision, Final):
        cancel(callback, campaign, decision.reason, now)
    elif callback.state in OWNERS:
        timing = settings_of(campaign).callback_timing
        change(callback, CallbackEvent.MISS, timing, now, tell="missed", reason=decision.reason)


def cancel(callback: Callback, campaign: Campaign, reason: str, now: datetime) -> None:
    """The call is not owed any more; its owner is told why."""
    timing = settings_of(campaign).callback_timing
    change(callback, CallbackEvent.CANCEL, timing, now, tell=_ENDED_TOLD, reason=reason[:40])


async def end_all(session: Session, callbacks: Sequence[Callback], reason: str, now: datetime) -> None:
    """None of these calls is owed any more; their leads are in line again, unless they are done with."""
    for found in sorted(callbacks, key=lambda each: (each.campaign_id, each.lead_id)):
        await PromisedStore(session).lock(found.campaign_id, found.lead_id)
        callback = await CallbackStore(session).get(found.id, lock=True)
        if callback.state not in (CallbackState.DONE, CallbackState.RESCUED, CallbackState.CANCELED):
            campaign = await CampaignStore(session).get(callback.campaign_id)
            cancel(callback, campaign, reason, now)
            await PromisedStore(session).end(campaign, callback.lead_id, ENDED, now)
    await session.flush()


async def _of_claim(session: Session, lead: ClaimedLead) -> Callback:
    if lead.callback_id is None:
        raise CallbackNotFoundError(f"No call is owed to lead {lead.lead_id}.")
    return await CallbackStore(session).get(lead.callback_id, lock=True)


def _check_free(row: CampaignLead, attempt: Attempt | None) -> None:
    """Whether a call may be promised now."""
    if row.state == "final" and row.reason in _NOT_TO_BE_CALLED:
        raise CallbackStateError(f"The campaign never calls this lead ({row.reason.replace('_', ' ')}).")
    if attempt is not None and row.attempts != attempt.number:
        raise CallbackStateError("The lead was called again since that call; promise a callback by itself.")
    if attempt is None and row.state in ("claimed", "calling"):
        raise CallbackStateError("The lead is just being called, or shown to an agent; try again afterwards.")


async def _check_agent(session: Session, campaign: Campaign, agent_id: int) -> None:
    agent = await AgentStore(session).get(agent_id)
    if agent.client_id != campaign.client_id:
        raise CallbackStateError(f"Agent {agent_id} works for another client; choose one of this client's.")


async def _phone(session: Session, row: CampaignLead, e164: str, attempt: Attempt | None) -> LeadPhone:
    """The number to be called back: the one that is named, or that of the talk, or the next."""
    phones = (await FillStore(session).phones(row.campaign_id, [row.lead_id]))[row.lead_id]
    wanted = attempt.phone_id if attempt is not None else row.phone_id
    chosen = [each for each in phones if (each.e164 == e164 if e164 else each.phone_id == wanted)]
    if not chosen:
        raise CallbackNotFoundError(f"The lead has no number {e164[:20]!r}; name one of its own, or none.")
    return chosen[0]


async def _write(
    session: Session,
    campaign: Campaign,
    row: CampaignLead,
    phone: LeadPhone,
    wish: CallbackWish,
    when: Promise,
    attempt: Attempt | None,
    now: datetime,
) -> Callback:
    timing, store = settings_of(campaign).callback_timing, CallbackStore(session)
    found = await store.open_of(campaign.id, row.lead_id)
    if found is None:
        callback = Callback(
            client_id=campaign.client_id,
            campaign_id=campaign.id,
            lead_id=row.lead_id,
            phone_id=phone.phone_id,
            agent_id=wish.agent_id,
            due_at=when.at,
            zone=when.zone,
            state=CallbackState.WAITING.value,
            notes=plain_text(wish.notes, MAX_NOTES),
            attempt_id=attempt.id if attempt is not None else None,
            created_at=now,
            changed_at=now,
        )
        return await store.add(callback, timing)
    callback = await store.get(found.id, lock=True)
    await move(session, campaign, callback, wish, when, now)
    callback.phone_id = phone.phone_id
    callback.attempt_id = attempt.id if attempt is not None else callback.attempt_id
    return callback


async def move(
    session: Session, campaign: Campaign, callback: Callback, wish: CallbackWish, when: Promise, now: datetime
) -> None:
    """An open callback is for another time or owner, or has other notes; its new owner is told."""
    timing = settings_of(campaign).callback_timing
    change(callback, CallbackEvent.MOVE, timing, now, tell="moved", due_at=when.at)
    callback.agent_id, callback.zone = wish.agent_id, when.zone
    callback.notes = plain_text(wish.notes, MAX_NOTES) or callback.notes
    if callback.agent_id is None:
        callback.untold = ""
    set_time(callback, timing)
    await session.flush()


async def _place(session: Session, campaign: Campaign, callback: Callback, phone: LeadPhone) -> None:
    timing = settings_of(campaign).callback_timing
    at = anyone_at(callback.due_at, timing, owned=callback.agent_id is not None)
    await PromisedStore(session).promise(campaign.id, callback.lead_id, phone, at)
