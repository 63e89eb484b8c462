"""What people and the engine do with callbacks: calls that are promised for a time, and kept."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns import effects, promises
from campaigns.compliance.permits import Permits
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import MAX_NOTES, PermittedLead, plain_text
from campaigns.core.callback import (
    ENDED,
    GIVEN_UP,
    OPEN,
    OWNERS,
    CallbackEvent,
    CallbackState,
    Timing,
    next_step,
)
from campaigns.core.compliance import Allow
from campaigns.errors import CallbackStateError, InvalidInputError
from campaigns.promises import CallbackWish
from campaigns.stores.callbacks import CallbackFilter, CallbackNews, CallbackStore, DueCallback, change
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.promised import PromisedStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Callback, CampaignLead
from leads.stores.versions import Versions, check_version

_AT_A_TIME = 100
_LOOKED_AT_AGAIN = timedelta(seconds=30)
"""A callback whose lead an agent looks at, or that is being called, is left alone so long."""
_MAX_REASON = 40


@dataclass(frozen=True, slots=True)
class CallbackChange:
    """What is to be different; None leaves it as it is. `anyone`: it has no owner from now on."""

    at: datetime | None = None
    zone: str | None = None
    agent_id: int | None = None
    anyone: bool = False
    notes: str | None = None


async def promise_callback(
    sessions: Sessions, rules: Rulebook, campaign_id: int, lead_id: int, wish: CallbackWish, now: datetime
) -> Callback:
    """Promise a call to a lead of a campaign; see `promises.promise`. Raises CampaignNotFoundError, too."""
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        if campaign.state == "stopped":
            raise CallbackStateError("The campaign is stopped for good; choose another.")
        return await promises.promise(session, rules, campaign, lead_id, wish, now)


async def change_callback(
    sessions: Sessions,
    rules: Rulebook,
    callback_id: int,
    given: CallbackChange,
    now: datetime,
    *,
    if_match: Versions | None = None,
) -> Callback:
    """Promise an open callback for another time or by somebody else, or change its notes.

    Raises CallbackNotFoundError, CallbackStateError, CallbackTimeError, CallbackDeniedError,
    AgentNotFoundError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        callback = await _open(session, callback_id)
        check_version(callback, if_match)
        campaign = await CampaignStore(session).get(callback.campaign_id)
        owner = None if given.anyone else given.agent_id or callback.agent_id
        wish = CallbackWish(
            at=given.at or callback.due_at,
            zone=given.zone if given.zone is not None else callback.zone if given.at is None else "",
            agent_id=owner,
            notes=given.notes if given.notes is not None else callback.notes,
        )
        if given.at is None and owner == callback.agent_id:
            callback.notes, callback.changed_at = plain_text(wish.notes, MAX_NOTES), now
            return callback
        return await promises.promise(session, rules, campaign, callback.lead_id, wish, now)


async def cancel_callback(sessions: Sessions, callback_id: int, reason: str, now: datetime) -> Callback:
    """Take a promise back: its lead is in line again. Raises CallbackNotFoundError and CallbackStateError."""
    clean = reason.strip()
    if len(clean) > _MAX_REASON or not clean.isprintable():
        raise InvalidInputError(f"A reason has at most {_MAX_REASON} printable characters on one line.")
    async with sessions() as session, session.begin():
        callback = await _open(session, callback_id)
        await promises.end_all(session, [callback], clean or "canceled", now)
        return callback


async def get_callback(sessions: Sessions, callback_id: int) -> Callback:
    """A callback. Raises CallbackNotFoundError."""
    async with sessions() as session:
        return await CallbackStore(session).get(callback_id)


async def list_callbacks(
    sessions: Sessions, wanted: CallbackFilter, after: int, limit: int
) -> Sequence[Callback]:
    """The `limit` callbacks that follow number `after`. Raises InvalidInputError for a state there is not."""
    if wanted.state is not None and wanted.state not in list(CallbackState):
        raise InvalidInputError(f"{wanted.state[:20]!r} is no state; use {', '.join(CallbackState)}.")
    async with sessions() as session:
        return await CallbackStore(session).page(wanted, after, limit)


# --- what the engine does -----------------------------------------------------------------------


async def due_for(sessions: Sessions, agent_ids: Collection[int], now: datetime) -> list[DueCallback]:
    """The callbacks of these agents that they are to be offered now, the longest due first."""
    if not agent_ids:
        return []
    async with sessions() as session:
        return await CallbackStore(session).due_for(agent_ids, now)


async def claim_for_owner(
    sessions: Sessions, rules: Rulebook, due: DueCallback, now: datetime, claim_s: float = 60.0
) -> PermittedLead | None:
    """The lead of a due callback, kept from others for `claim_s` seconds, to be shown to its owner.

    None where another has it, or compliance denies the call: then it is put to the next time that is allowed,
    or canceled, and its owner is told. Raises CampaignNotFoundError.
    """
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(due.campaign_id)
        if campaign.state != "running":
            return None
        claims = await QueueStore(session).claim_callback(campaign.id, due.lead_id, now, claim_s)
        callback = await CallbackStore(session).get(due.id, lock=True)
        still_due = callback.agent_id == due.agent_id and callback.due_at <= now
        if not claims or not still_due or callback.state not in OWNERS:
            await QueueStore(session).release(campaign, claims)
            return None
        permits = Permits(session, rules, campaign)
        answers = await permits.ask(claims, now)
        await effects.deny(session, campaign, permits, answers, now)
        ((lead, answer),) = answers
        if not isinstance(answer, Allow):
            return None
        timing = settings_of(campaign).callback_timing
        change(callback, CallbackEvent.OFFER, timing, now, tell="offered")
        return PermittedLead(lead, answer)


async def has_work(readings: Sessions, now: datetime) -> bool:
    """Whether there is anything for `let_time_pass` or `tell`."""
    async with readings() as session:
        store = CallbackStore(session)
        return bool(await store.to_look_at(now, 1)) or await store.any_untold()


async def let_time_pass(sessions: Sessions, now: datetime) -> int:
    """Have owners reminded, and callbacks missed and given up, whose time for that has come; how many."""
    async with sessions() as session:
        found = await CallbackStore(session).to_look_at(now, _AT_A_TIME)
    changed = 0
    for callback_id in found:
        async with sessions() as session, session.begin():
            changed += await _step(session, callback_id, now)
    return changed


async def tell(sessions: Sessions, say: Callable[[CallbackNews], None]) -> int:
    """Say what owners have not been told, and have it count as told; how much that was.

    What was said when the database fails is said again: better twice than never.
    """
    async with sessions() as session, session.begin():
        told = await CallbackStore(session).take_untold(_AT_A_TIME)
        for each in told:
            say(each)
    return len(told)


async def missed(sessions: Sessions, campaign_ids: Collection[int]) -> dict[int, int]:
    """By campaign, how many callbacks were missed and are still owed."""
    async with sessions() as session:
        found = await CallbackStore(session).missed(campaign_ids)
    return {each: found.get(each, 0) for each in campaign_ids}


async def _step(session: Session, callback_id: int, now: datetime) -> bool:
    """What time brings to one callback; each step is taken once, whoever looks."""
    held = await CallbackStore(session).hold(callback_id)
    if held is None:
        return False
    callback, lead, campaign = held
    timing = settings_of(campaign).callback_timing
    if lead.state == "final":
        promises.cancel(callback, campaign, lead.reason, now)
        return True
    before = callback.state
    while (event := _event(callback, timing, now)) is not None:
        if event != CallbackEvent.REMIND and not _is_left_alone(lead, now):
            callback.next_at = now + _LOOKED_AT_AGAIN
            break
        if event == CallbackEvent.CANCEL:
            promises.cancel(callback, campaign, GIVEN_UP, now)
            await PromisedStore(session).end(campaign, callback.lead_id, ENDED, now)
            break
        change(callback, event, timing, now, tell="reminded" if event == CallbackEvent.REMIND else "missed")
        if event == CallbackEvent.MISS:
            break  # it stands on the list of missed ones before it is given up
    return callback.state != before


def _event(callback: Callback, timing: Timing, now: datetime) -> CallbackEvent | None:
    state, owned = CallbackState(callback.state), callback.agent_id is not None
    step = next_step(state, callback.due_at, timing, owned=owned)
    return step[1] if step is not None and step[0] <= now else None


def _is_left_alone(lead: CampaignLead, now: datetime) -> bool:
    """Whether nobody looks at the lead or calls it."""
    claim_is_over = lead.claimed_until is not None and lead.claimed_until <= now
    return lead.state == "waiting" or (lead.state == "claimed" and claim_is_over)


async def _open(session: Session, callback_id: int) -> Callback:
    """An open callback, locked after its lead. Raises CallbackNotFoundError and CallbackStateError."""
    store = CallbackStore(session)
    found = await store.get(callback_id)
    await PromisedStore(session).lock(found.campaign_id, found.lead_id)
    callback = await store.get(callback_id, lock=True)
    if callback.state not in OPEN:
        raise CallbackStateError(f"Callback {callback_id} is {callback.state}, and cannot change any more.")
    return callback
