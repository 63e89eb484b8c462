"""What happens to leads and attempts, each a step in a transaction that the caller owns.

The engine puts several facts into one transaction; the service wraps single ones.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from campaigns.core.attempt import (
    MAX_NOTES,
    MAX_SIP_REASON,
    ClaimedLead,
    EndedAttempt,
    Ending,
    NewAttempt,
    PermittedLead,
    StartedAttempt,
    plain_text,
)
from campaigns.core.campaign import CampaignSettings
from campaigns.core.compliance import Allow, Deny, Snapshot, permit
from campaigns.core.disposition import NO_DISPOSITION, Flag, disposition
from campaigns.core.retry import OUTCOMES, Final, RetryAt, decide, keeps_phone
from campaigns.core.selection import LeadPhone, never_opens, next_phone
from campaigns.errors import AttemptNotTalkedError, UnknownOutcomeError
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.filling import FillStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session
from campaigns.tables import Attempt, Campaign
from leads.core.suppression import Suppressed
from leads.stores.dnc import DncStore
from leads.stores.persons import phones_of_lead

_OF_THE_PHONE = frozenset({"on_dnc_list", "zone_unknown", "never_callable"})
"""Final reasons that another phone of the lead may not share."""


async def claim_permitted(
    session: Session, campaign_id: int, n: int, now: datetime, *, look_at: int, claim_s: float
) -> tuple[list[PermittedLead], bool]:
    """Claim up to `n` leads that may be called now, out of the first `look_at`; and whether more may be due.

    A denied lead goes on with its next phone, waits for its next time, or is final, with the reason. Raises
    CampaignNotFoundError.
    """
    campaign = await CampaignStore(session).get(campaign_id)
    if campaign.state != "running":
        return [], False
    queue = QueueStore(session)
    claims = await queue.claim(campaign, max(n, look_at), now, claim_s)
    answers = await _ask(session, campaign, claims, now)
    allowed = [PermittedLead(lead, answer) for lead, answer in answers if isinstance(answer, Allow)]
    moved = await _deny(session, campaign, answers, now)
    await queue.release(campaign, [each.lead for each in allowed[n:]])
    return allowed[:n], moved or len(claims) == max(n, look_at)


async def start_attempts(
    session: Session, campaign_id: int, permitted: Sequence[PermittedLead], now: datetime
) -> list[StartedAttempt]:
    """Ask again who may be called, and record an attempt for each who may; place calls after the commit.

    A lead whose claim has passed to somebody else is left out. Raises CampaignNotFoundError.
    """
    if not permitted:
        return []
    held = await QueueStore(session).hold(campaign_id, [each.lead for each in permitted])
    campaign = await CampaignStore(session).get(campaign_id)
    leads = [
        replace(each.lead, attempts=held[each.lead.lead_id])
        for each in permitted
        if each.lead.lead_id in held
    ]
    answers = await _ask(session, campaign, leads, now)
    await _deny(session, campaign, answers, now)
    allowed = [(lead, answer) for lead, answer in answers if isinstance(answer, Allow)]
    attempts = [
        NewAttempt(lead.lead_id, lead.phone_id, lead.e164, lead.attempts + 1, answer.to_json())
        for lead, answer in allowed
    ]
    ids = await AttemptStore(session).record_attempts(campaign_id, attempts, now)
    return [
        StartedAttempt(attempt_id, lead.attempts + 1, lead.lead_id, lead.e164)
        for attempt_id, (lead, _) in zip(ids, allowed, strict=True)
    ]


async def finish_attempt(session: Session, attempt_id: int, ending: Ending, now: datetime) -> bool:
    """Record that a call ended at `now` and what becomes of its lead; False if it had ended before.

    A lead that talked to an agent waits for the disposition, unless that came first. Raises
    UnknownOutcomeError and AttemptNotFoundError.
    """
    if ending.outcome not in OUTCOMES:
        raise UnknownOutcomeError(f"{ending.outcome[:40]!r} is not an outcome; use {', '.join(OUTCOMES)}.")
    store = AttemptStore(session)
    clean = replace(ending, sip_reason=plain_text(ending.sip_reason, MAX_SIP_REASON))
    ended = await store.finish_attempt(attempt_id, clean, now)
    if ended is None:
        await store.get_attempt(attempt_id)
        return False
    result = ended.disposition or ending.outcome
    if result == "human":
        await QueueStore(session).await_disposition(ended)
    else:
        campaign = await CampaignStore(session).get(ended.campaign_id)
        await _settle(session, campaign, ended, result, now)
    return True


async def set_disposition(session: Session, attempt_id: int, code: str, notes: str, now: datetime) -> str:
    """Record what a talk came to, with its effects; the code that now holds.

    A code that replaces another has its effects once; given again it has none. An opt-out holds whatever is
    said later, and `no_disposition` replaces nothing. Empty notes leave those there are. Raises
    UnknownDispositionError, AttemptNotFoundError and AttemptNotTalkedError.
    """
    chosen = disposition(code)
    attempt = await AttemptStore(session).get_attempt(attempt_id)
    if attempt.connected_at is None and attempt.outcome != "human":
        raise AttemptNotTalkedError(f"Attempt {attempt_id} reached no agent, so it takes no disposition.")
    previous = attempt.disposition
    if previous and code == NO_DISPOSITION:
        return previous
    attempt.notes = plain_text(notes, MAX_NOTES) or attempt.notes
    if code == previous:
        return code
    attempt.disposition, attempt.disposition_at = code, now
    await session.flush()
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    if Flag.DNC in chosen.flags:
        await _opt_out(session, campaign, attempt, now)
    if attempt.ended_at is not None:
        ended = EndedAttempt(attempt.campaign_id, attempt.lead_id, attempt.phone_id, attempt.number, code)
        await _settle(session, campaign, ended, code, now)
    return code


async def _opt_out(session: Session, campaign: Campaign, attempt: Attempt, now: datetime) -> None:
    """No number of the lead is called again for the client."""
    numbers = {attempt.e164, *await phones_of_lead(session, attempt.lead_id)}
    for e164 in sorted(numbers):
        await DncStore(session).add_number(
            e164,
            "client",
            campaign.client_id,
            reason="asked not to be called again",
            source=f"attempt {attempt.id}",
            now=now,
        )


async def _suppressed(
    session: Session, campaign: Campaign, numbers: Iterable[str]
) -> Mapping[str, Suppressed]:
    return await DncStore(session).suppressed(numbers, campaign.client_id, campaign.id)


async def _ask(
    session: Session, campaign: Campaign, leads: Sequence[ClaimedLead], now: datetime
) -> list[tuple[ClaimedLead, Allow | Deny]]:
    """Compliance's answer for each lead, with the suppressions of this very moment."""
    if not leads:
        return []
    settings = settings_of(campaign)
    found = await _suppressed(session, campaign, [lead.e164 for lead in leads])
    reasons = {e164: hit.sentence for e164, hit in found.items()}
    running = campaign.state == "running"
    return [(lead, permit(_snapshot(settings, running, lead, reasons.get(lead.e164)), now)) for lead in leads]


def _snapshot(
    settings: CampaignSettings, running: bool, lead: ClaimedLead, suppressed: str | None
) -> Snapshot:
    return Snapshot(
        campaign_running=running,
        callable_times=settings.callable_times,
        zones=lead.zones,
        suppressed=suppressed,
        attempts=lead.attempts,
        max_attempts=settings.max_attempts_per_lead,
        not_before=lead.not_before,
        best_time=lead.best_time,
    )


async def _deny(
    session: Session, campaign: Campaign, answers: Sequence[tuple[ClaimedLead, Allow | Deny]], now: datetime
) -> bool:
    """Put off or end the leads that were denied; whether some go on with another phone instead."""
    denied = [(lead, answer) for lead, answer in answers if isinstance(answer, Deny)]
    moves = await _other_phones(session, campaign, denied, now)
    moved = {lead.lead_id for lead, _ in moves}
    queue = QueueStore(session)
    await queue.give_way(campaign.id, moves)
    await queue.deny(campaign.id, [each for each in denied if each[0].lead_id not in moved])
    return bool(moves)


async def _other_phones(
    session: Session, campaign: Campaign, denied: Sequence[tuple[ClaimedLead, Deny]], now: datetime
) -> list[tuple[ClaimedLead, LeadPhone]]:
    """The phone to go on with for each lead that was denied only because of its phone, where it has one."""
    leads = [lead for lead, answer in denied if answer.final and answer.final_codes <= _OF_THE_PHONE]
    if not leads:
        return []
    phones = await FillStore(session).phones(campaign.id, [lead.lead_id for lead in leads])
    numbers = {phone.e164 for each in phones.values() for phone in each}
    barred = await _suppressed(session, campaign, numbers)
    times = settings_of(campaign).callable_times
    moves = []
    for lead in leads:
        others = [
            phone
            for phone in phones[lead.lead_id]
            if phone.phone_id != lead.phone_id and not never_opens(times, phone.zones, now.year)
        ]
        if phone := next_phone(others, barred):
            moves.append((lead, phone))
    return moves


async def _settle(
    session: Session, campaign: Campaign, ended: EndedAttempt, result: str, now: datetime
) -> None:
    """Decide what becomes of a lead after an attempt, and write it."""
    settings = settings_of(campaign)
    phones = (await FillStore(session).phones(campaign.id, [ended.lead_id]))[ended.lead_id]
    following = next_phone(phones)
    another = following is not None and following.phone_id != ended.phone_id
    decision = decide(
        result, ended.number, settings.max_attempts_per_lead, settings.retry_rules, now, another_phone=another
    )
    phone = None
    if isinstance(decision, RetryAt):
        # An opt-out of this very call may stand behind what was said after it.
        barred = await _suppressed(session, campaign, [each.e164 for each in phones])
        phone = _phone_after(phones, ended.phone_id, barred, stays=keeps_phone(result))
        if phone is None:
            decision = Final("on_dnc_list" if barred else "no_phone_left")
    await QueueStore(session).settle(campaign, ended, decision, phone, now)


def _phone_after(
    phones: Sequence[LeadPhone], called: int, barred: Collection[str], *, stays: bool
) -> LeadPhone | None:
    """The phone to be called after `called`: the same where it `stays` or no other is left."""
    same = next((each for each in phones if each.phone_id == called and each.e164 not in barred), None)
    return same if stays and same else next_phone(phones, barred) or same
