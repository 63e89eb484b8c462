"""What happens to leads and attempts, each a step in a transaction that the caller owns.

The engine puts several facts into one transaction; the service wraps single ones.
"""

from collections.abc import Sequence
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
from campaigns.core.disposition import NO_DISPOSITION, STANDARD, Flag, disposition
from campaigns.core.retry import OUTCOMES, decide
from campaigns.errors import AttemptNotTalkedError, UnknownOutcomeError
from campaigns.store import CampaignStore, Session, settings_of
from campaigns.tables import Campaign
from leads.core.suppression import Suppression
from leads.store import DncStore


async def claim_permitted(
    session: Session, campaign_id: int, n: int, now: datetime, *, look_at: int, claim_s: float
) -> tuple[list[PermittedLead], bool]:
    """Claim up to `n` leads that may be called now, out of `look_at` due ones; and whether more may be due.

    A denied lead waits for its next time or is final, with the reason. Raises CampaignNotFoundError.
    """
    store = CampaignStore(session)
    claims = await store.claim(campaign_id, max(n, look_at), now, claim_s)
    campaign = await store.get(campaign_id)
    if campaign.state != "running":
        if claims:
            await store.release(campaign_id, claims)
        return [], False
    answers = await _ask(session, campaign, claims, now)
    allowed = [PermittedLead(lead, answer) for lead, answer in answers if isinstance(answer, Allow)]
    await store.deny(campaign_id, [(lead, answer) for lead, answer in answers if isinstance(answer, Deny)])
    surplus = [each.lead for each in allowed[n:]]
    if surplus:
        await store.release(campaign_id, surplus)
    return allowed[:n], len(claims) == max(n, look_at)


async def start_attempts(
    session: Session, campaign_id: int, permitted: Sequence[PermittedLead], now: datetime
) -> list[StartedAttempt]:
    """Ask again who may be called, and record an attempt for each who may; place calls after the commit.

    A lead whose claim has passed to somebody else is left out. Raises CampaignNotFoundError.
    """
    if not permitted:
        return []
    store = CampaignStore(session)
    held = await store.hold(campaign_id, [each.lead for each in permitted])
    campaign = await store.get(campaign_id)
    leads = [
        replace(each.lead, attempts=held[each.lead.lead_id])
        for each in permitted
        if each.lead.lead_id in held
    ]
    answers = await _ask(session, campaign, leads, now)
    await store.deny(campaign_id, [(lead, answer) for lead, answer in answers if isinstance(answer, Deny)])
    allowed = [(lead, answer) for lead, answer in answers if isinstance(answer, Allow)]
    attempts = [
        NewAttempt(lead.lead_id, lead.phone_id, lead.e164, lead.attempts + 1, answer.to_json())
        for lead, answer in allowed
    ]
    ids = await store.record_attempts(campaign_id, attempts, now)
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
    store = CampaignStore(session)
    clean = replace(ending, sip_reason=plain_text(ending.sip_reason, MAX_SIP_REASON))
    ended = await store.finish_attempt(attempt_id, clean, now)
    if ended is None:
        await store.get_attempt(attempt_id)
        return False
    result = ended.disposition or ending.outcome
    if result == "human":
        await store.await_disposition(ended)
    else:
        await _settle(store, await store.get(ended.campaign_id), ended, result, now)
    return True


async def set_disposition(session: Session, attempt_id: int, code: str, notes: str, now: datetime) -> str:
    """Record what a talk came to, with its effects; the code that now holds.

    A code that replaces another has its effects once; given again it has none. An opt-out holds whatever is
    said later, and `no_disposition` replaces nothing. Empty notes leave those there are. Raises
    UnknownDispositionError, AttemptNotFoundError and AttemptNotTalkedError.
    """
    chosen = disposition(code)
    store = CampaignStore(session)
    attempt = await store.get_attempt(attempt_id)
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
    campaign = await store.get(attempt.campaign_id)
    if Flag.DNC in chosen.flags:
        opt_out = Suppression(attempt.e164, campaign.client_id, "asked not to be called again")
        await DncStore(session).add([opt_out], f"attempt {attempt_id}", now)
    if attempt.ended_at is not None:
        ended = EndedAttempt(attempt.campaign_id, attempt.lead_id, attempt.number, code)
        opted_out = previous in STANDARD and Flag.DNC in STANDARD[previous].flags
        await _settle(store, campaign, ended, previous if opted_out else code, now)
    return code


async def _ask(
    session: Session, campaign: Campaign, leads: Sequence[ClaimedLead], now: datetime
) -> list[tuple[ClaimedLead, Allow | Deny]]:
    """Compliance's answer for each lead, with the suppressions of this very moment."""
    settings = settings_of(campaign)
    suppressed = await DncStore(session).suppressed(campaign.client_id, [lead.e164 for lead in leads])
    running = campaign.state == "running"
    return [
        (lead, permit(_snapshot(settings, running, lead, suppressed.get(lead.e164)), now)) for lead in leads
    ]


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
    )


async def _settle(
    store: CampaignStore, campaign: Campaign, ended: EndedAttempt, result: str, now: datetime
) -> None:
    settings = settings_of(campaign)
    decision = decide(result, ended.number, settings.max_attempts_per_lead, settings.retry_rules, now)
    await store.settle(ended, decision)
