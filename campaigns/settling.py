"""What becomes of a lead after an attempt: decided by rules, and written in the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from campaigns import bookings, promises
from campaigns.core.appointment import SET
from campaigns.core.attempt import EndedAttempt
from campaigns.core.disposition import Disposition, Flag
from campaigns.core.retry import Final, LastCall, RetryAt, decide, keeps_phone
from campaigns.core.selection import LeadPhone, next_phone
from campaigns.messaging import planning
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import settings_of
from campaigns.stores.filling import FillStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session
from campaigns.tables import Campaign
from leads.core.suppression import Suppressed
from leads.stores.dnc import DncStore


async def settle(
    session: Session, campaign: Campaign, ended: EndedAttempt, outcome: str, now: datetime
) -> None:
    """Decide what becomes of a lead after an attempt, by what was said of it or else its outcome, and write
    it."""
    settings = settings_of(campaign)
    result: str | Disposition = outcome
    if ended.disposition:
        result = settings.dispositions.as_said(ended.disposition, ended.flags)
    phones = (await FillStore(session).phones(campaign.id, [ended.lead_id]))[ended.lead_id]
    following = next_phone(phones)
    another = following is not None and following.phone_id != ended.phone_id
    decision = decide(
        result,
        ended.number,
        settings.max_attempts_per_lead,
        settings.retry_rules,
        now,
        another_phone=another,
        last=_last_call(phones, ended),
    )
    decision, owed = await promises.settle(session, campaign, ended, result, decision, now)
    goes_on = owed is None and isinstance(decision, RetryAt)
    if goes_on and await bookings.is_expected(session, campaign, ended, now):
        decision = Final(SET)
    phone = None
    if isinstance(decision, RetryAt):
        # An opt-out of this very call may stand behind what was said after it.
        barred = await _suppressed(session, campaign, [each.e164 for each in phones])
        stays = keeps_phone(result) and not decision.next_phone
        called, stays = (ended.phone_id, stays) if owed is None else (owed.phone_id, True)
        phone = _phone_after(phones, called, barred, stays=stays)
        if phone is None:
            decision = Final("on_dnc_list" if barred else "no_phone_left")
    if owed is not None and isinstance(decision, Final):
        promises.cancel(owed, campaign, decision.reason, now)
    await QueueStore(session).settle(campaign, ended, decision, phone, now)
    await planning.on_attempt_ended(session, campaign, ended, result, now)


async def settle_after_talk(session: Session, campaign: Campaign, ended: EndedAttempt, now: datetime) -> None:
    """Decide what becomes of a lead that has called, by what its agent says; it is no attempt of ours.

    A call that is owed to it stays so, unless it is done with.
    """
    queue = QueueStore(session)
    attempts = await queue.attempts_so_far(campaign.id, ended.lead_id)
    if attempts is None:
        return
    settings = settings_of(campaign)
    result = settings.dispositions.as_said(ended.disposition, ended.flags)
    decision = decide(result, attempts, settings.max_attempts_per_lead, settings.retry_rules, now)
    owed = await CallbackStore(session).open_of(campaign.id, ended.lead_id)
    if owed is not None:
        if Flag.CALLBACK in result.flags or isinstance(decision, RetryAt):
            return
        await promises.end_all(session, [owed], decision.reason, now)
    await queue.settle_after_talk(campaign.id, ended.lead_id, decision)


def _last_call(phones: Sequence[LeadPhone], ended: EndedAttempt) -> LastCall | None:
    """When it was where the person is; None where nobody knows."""
    zones = next((each.zones for each in phones if each.phone_id == ended.phone_id), ())
    return LastCall(ended.local_hour, zones[0]) if zones else None


async def _suppressed(
    session: Session, campaign: Campaign, numbers: Iterable[str]
) -> Mapping[str, Suppressed]:
    return await DncStore(session).suppressed(numbers, campaign.client_id, campaign.id)


def _phone_after(
    phones: Sequence[LeadPhone], called: int, barred: Collection[str], *, stays: bool
) -> LeadPhone | None:
    """The phone to be called after `called`: the same where it `stays` or no other is left."""
    same = next((each for each in phones if each.phone_id == called and each.e164 not in barred), None)
    return same if stays and same else next_phone(phones, barred) or same
