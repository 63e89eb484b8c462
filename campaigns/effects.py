"""What happens to leads and attempts, each a step in a transaction that the caller owns.

The engine puts several facts into one transaction; the service wraps single ones.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from campaigns import promises
from campaigns.compliance.permits import Permits
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.address import country_of
from campaigns.core.agent_work import PAST_CONTACT
from campaigns.core.attempt import (
    IN,
    MAX_NOTES,
    MAX_SIP_REASON,
    UNWANTED,
    ClaimedLead,
    EndedAttempt,
    Ending,
    NewAttempt,
    PermittedLead,
    StartedAttempt,
    local_hour,
    plain_text,
)
from campaigns.core.campaign import AGENTLESS
from campaigns.core.compliance import Allow, Deny
from campaigns.core.disposition import (
    BY_AGENT,
    BY_DIALER,
    BY_NOBODY,
    NO_DISPOSITION,
    STANDARD,
    Disposition,
    Flag,
    codes_with,
    disposition,
)
from campaigns.core.inbound import NO_AGENT
from campaigns.core.retry import OUTCOMES, RESTS_CALLER_ID, Final, RetryAt, decide, keeps_phone
from campaigns.core.selection import LeadPhone, next_phone
from campaigns.errors import AttemptNotTalkedError, InvalidInputError, UnknownOutcomeError
from campaigns.promises import CallbackWish
from campaigns.stores.answers import AnswerStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.caller_id_pool import CallerIdPoolStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.compliance import ComplianceStore, lock_persons
from campaigns.stores.dials import DialStore
from campaigns.stores.filling import FillStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session
from campaigns.tables import Attempt, Campaign
from leads.core.suppression import Suppressed
from leads.stores.dnc import DncStore
from leads.stores.persons import phones_of_lead

_OF_THE_PHONE = frozenset(
    {
        "on_dnc_list",
        "blocked_under_another_caller_id",
        "zone_unknown",
        "never_callable",
        "consent_missing",
        "consent_withdrawn",
    }
)
"""Final reasons that another phone of the lead may not share."""

_ASKED = "asked not to be called again"


async def claim_permitted(
    session: Session,
    rules: Rulebook,
    campaign_id: int,
    n: int,
    now: datetime,
    *,
    look_at: int,
    claim_s: float,
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
    permits = Permits(session, rules, campaign)
    answers = await permits.ask(claims, now)
    allowed = [PermittedLead(lead, answer) for lead, answer in answers if isinstance(answer, Allow)]
    moved = await deny(session, campaign, permits, answers, now)
    await queue.release(campaign, [each.lead for each in allowed[n:]])
    return allowed[:n], moved or len(claims) == max(n, look_at)


async def release(session: Session, campaign_id: int, claims: Sequence[ClaimedLead]) -> None:
    """Put claimed leads that are not to be called now back in line, at their place.

    Raises CampaignNotFoundError.
    """
    await QueueStore(session).release(await CampaignStore(session).get(campaign_id), claims)


async def start_attempts(
    session: Session, rules: Rulebook, campaign_id: int, permitted: Sequence[PermittedLead], now: datetime
) -> list[StartedAttempt]:
    """Ask again who may be called, and record an attempt for each who may; place calls after the commit.

    A lead whose claim has passed to somebody else is left out, and one for which another node has taken the
    last call of its caller ID goes back in line. Raises CampaignNotFoundError.
    """
    if not permitted:
        return []
    leads = await QueueStore(session).hold(campaign_id, [each.lead for each in permitted])
    campaign = await CampaignStore(session).get(campaign_id)
    permits = Permits(session, rules, campaign)
    # Of two nodes that are about to call one person, the second waits and sees the first one's attempt.
    await lock_persons(session, campaign.client_id, leads, set((await permits.debts(leads)).values()))
    answers = await permits.ask(leads, now)
    await deny(session, campaign, permits, answers, now)
    allowed = _one_each([(lead, answer) for lead, answer in answers if isinstance(answer, Allow)])
    await ComplianceStore(session).keep_rule_sets([answer.policy for _, answer in allowed], now)
    # Last of what others may wait for: whoever waits for a number holds nothing that we still need.
    allowed = await _counted(session, campaign, permits, allowed)
    attempts = [_new_attempt(lead, answer, now) for lead, answer in allowed]
    last_agents = await _last_agents(session, campaign, [lead.lead_id for lead, _ in allowed])
    ids = await AttemptStore(session).record_attempts(campaign_id, attempts, now)
    await promises.dialed(
        session, campaign, [(lead, number) for (lead, _), number in zip(allowed, ids, strict=True)], now
    )
    return [
        StartedAttempt(
            attempt_id=attempt_id,
            number=lead.attempts + 1,
            lead_id=lead.lead_id,
            e164=lead.e164,
            list_id=lead.list_id,
            local_hour=local_hour(lead.zones, now),
            ring_at_least_s=answer.policy.ring_at_least_s,
            claim_within_s=answer.policy.claim_within_s,
            claim_from_answer=any(rule.from_answer for rule in answer.policy.abandonments),
            permitted_at=now,
            caller_id=answer.facts.caller_id,
            display_name=permits.numbers[answer.facts.caller_id].display_name,
            language=lead.language,
            place=answer.policy.place,
            last_agent=last_agents.get(lead.lead_id),
        )
        for attempt_id, (lead, answer) in zip(ids, allowed, strict=True)
    ]


async def _last_agents(session: Session, campaign: Campaign, lead_ids: Sequence[int]) -> dict[int, int]:
    if campaign.routing != PAST_CONTACT:
        return {}
    return await AttemptStore(session).last_agents(lead_ids)


def _one_each(allowed: Sequence[tuple[ClaimedLead, Allow]]) -> list[tuple[ClaimedLead, Allow]]:
    """Of leads that have one number or one debt, the first: the others are left to a later claim, which
    counts its call."""
    taken: set[tuple[str, str]] = set()
    first = []
    for lead, answer in allowed:
        same = {("number", lead.e164)} | ({("debt", answer.facts.debt)} if answer.facts.debt else set())
        if not taken & same:
            taken |= same
            first.append((lead, answer))
    return first


async def _counted(
    session: Session, campaign: Campaign, permits: Permits, allowed: Sequence[tuple[ClaimedLead, Allow]]
) -> list[tuple[ClaimedLead, Allow]]:
    """Counts the calls on their caller IDs; the leads that a cap leaves no room for go back in line."""
    wanted = Counter(answer.facts.caller_id for _, answer in allowed)
    over = await CallerIdPoolStore(session).count(campaign.client_id, wanted, permits.numbers)
    counted, left = [], []
    for lead, answer in reversed(allowed):
        caller_id = answer.facts.caller_id
        if over[caller_id]:
            over[caller_id] -= 1
            left.append(lead)
        else:
            counted.append((lead, answer))
    await QueueStore(session).release(campaign, left)
    return counted[::-1]


def _new_attempt(lead: ClaimedLead, answer: Allow, now: datetime) -> NewAttempt:
    return NewAttempt(
        lead_id=lead.lead_id,
        phone_id=lead.phone_id,
        e164=lead.e164,
        number=lead.attempts + 1,
        permit=answer.to_json(),
        list_id=lead.list_id,
        local_hour=local_hour(lead.zones, now),
        country=lead.phone_region,
        address_country=min(answer.policy.place.countries - {country_of(lead.phone_region)[0]}, default=""),
        subject=answer.facts.subject,
        debt=answer.facts.debt,
        caller_id=answer.facts.caller_id,
    )


async def finish_attempt(session: Session, attempt_id: int, ending: Ending, now: datetime) -> bool:
    """Record that a call ended at `now` and what becomes of its lead; False if it had ended before.

    A lead that talked to an agent waits for the disposition, unless that came first. Raises
    UnknownOutcomeError and AttemptNotFoundError.
    """
    if ending.outcome not in (*OUTCOMES, *NO_AGENT):
        raise UnknownOutcomeError(f"{ending.outcome[:40]!r} is not an outcome; use {', '.join(OUTCOMES)}.")
    store = AttemptStore(session)
    clean = replace(ending, sip_reason=plain_text(ending.sip_reason, MAX_SIP_REASON))
    ended = await store.finish_attempt(attempt_id, clean, now)
    if ended is None:
        await store.get_attempt(attempt_id)
        return False
    campaign = await CampaignStore(session).get(ended.campaign_id)
    if ended.direction == IN:
        if ended.disposition:
            await _settle_after_talk(session, campaign, ended, ended.disposition, now)
        return True
    if campaign.dial_mode != AGENTLESS:
        # Nobody is promised an agent there, so that nobody is abandoned, also where the call is lost.
        await AnswerStore(session).add(ended, ending.outcome)
    await DialStore(session).add(ended, ending.outcome)
    if ending.sip_status == UNWANTED:
        attempt = await store.get_attempt(attempt_id)
        await opt_out(session, campaign, attempt, now, reason="said on the phone that calls are unwanted")
    if ending.outcome in RESTS_CALLER_ID and ended.caller_id:
        await ComplianceStore(session).rest(ended.caller_id, now, attempt_id)
    result = ended.disposition or ending.outcome
    if result == "human":
        await QueueStore(session).await_disposition(ended)
    else:
        await _settle(session, campaign, ended, result, now)
    return True


async def set_disposition(
    session: Session,
    attempt_id: int,
    code: str,
    notes: str,
    now: datetime,
    *,
    by: str = BY_AGENT,
    rules: Rulebook | None = None,
    wish: CallbackWish | None = None,
) -> str:
    """Record what a talk came to, with its effects; the code that now holds.

    A code that replaces another has its effects once; given again it has none. An opt-out holds whatever is
    said later, and what nobody said replaces nothing. Empty notes leave those there are. With a `wish`, and
    the `rules` that it is asked by, the person is promised a call; one that the same talk has promised before
    is moved. Raises UnknownDispositionError, AttemptNotFoundError, AttemptNotTalkedError, and what
    `promises.promise` does.
    """
    chosen = disposition(code)
    attempt = await AttemptStore(session).get_attempt(attempt_id)
    if attempt.connected_at is None and attempt.outcome != "human":
        raise AttemptNotTalkedError(f"Attempt {attempt_id} reached no agent, so it takes no disposition.")
    previous = attempt.disposition
    if previous and (by == BY_NOBODY or code == NO_DISPOSITION):
        return previous
    attempt.notes = plain_text(notes, MAX_NOTES) or attempt.notes
    if rules is not None and wish is not None:
        await _promise(session, rules, attempt, chosen, wish, now)
    if code != previous:
        await dispose(session, attempt, chosen, now, by=by)
    elif attempt.disposition_by == BY_NOBODY:
        attempt.disposition_by = by
    return code


async def _promise(
    session: Session,
    rules: Rulebook,
    attempt: Attempt,
    chosen: Disposition,
    wish: CallbackWish,
    now: datetime,
) -> None:
    if Flag.CALLBACK not in chosen.flags:
        raise InvalidInputError(
            f"A callback goes with {' or '.join(codes_with(Flag.CALLBACK))}, not with {chosen.code}."
        )
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    if attempt.direction == IN:
        # No attempt of ours that would place the lead as it is settled.
        await promises.promise_caller(session, rules, campaign, attempt, wish, now)
        return
    await promises.promise(session, rules, campaign, attempt.lead_id, wish, now, attempt=attempt)
    if attempt.ended_at is not None and attempt.disposition == chosen.code:
        await _settle(session, campaign, _ended(attempt), chosen.code, now)


async def dispose(
    session: Session,
    attempt: Attempt,
    chosen: Disposition,
    now: datetime,
    *,
    by: str = BY_DIALER,
    opt_out_reason: str = _ASKED,
) -> None:
    """Write what an attempt came to: who asked for it is not called again, and the lead of a call that is
    over goes its way.
    """
    previous = attempt.disposition
    attempt.disposition, attempt.disposition_at, attempt.disposition_by = chosen.code, now, by
    await session.flush()
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    if Flag.DNC in chosen.flags:
        await opt_out(session, campaign, attempt, now, reason=opt_out_reason)
    if attempt.ended_at is not None:
        ended = _ended(attempt)
        if attempt.direction == IN:
            await _settle_after_talk(session, campaign, ended, chosen.code, now)
            return
        if campaign.dial_mode != AGENTLESS:
            await AnswerStore(session).move(replace(ended, disposition=previous), ended, attempt.outcome)
        await _settle(session, campaign, ended, chosen.code, now)


async def opt_out(
    session: Session, campaign: Campaign, attempt: Attempt, now: datetime, *, reason: str = _ASKED
) -> None:
    """No number of the lead is called again for the client."""
    numbers = {attempt.e164, *await phones_of_lead(session, attempt.lead_id)} - {""}
    for e164 in sorted(numbers):
        await DncStore(session).add_number(
            e164,
            "client",
            campaign.client_id,
            reason=reason,
            source=f"attempt {attempt.id}",
            now=now,
        )
    owed = await CallbackStore(session).open_of_leads([attempt.lead_id], campaign.client_id)
    await promises.end_all(session, owed, "opted_out", now)


async def _suppressed(
    session: Session, campaign: Campaign, numbers: Iterable[str]
) -> Mapping[str, Suppressed]:
    return await DncStore(session).suppressed(numbers, campaign.client_id, campaign.id)


def _ended(attempt: Attempt) -> EndedAttempt:
    return EndedAttempt(
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        phone_id=attempt.phone_id,
        number=attempt.number,
        disposition=attempt.disposition,
        country=attempt.country,
        caller_id=attempt.caller_id,
        answered_at=attempt.answered_at,
        list_id=attempt.list_id,
        local_hour=attempt.local_hour,
        connected_at=attempt.connected_at,
        address_country=attempt.address_country,
        attempt_id=attempt.id,
        direction=attempt.direction,
    )


async def deny(
    session: Session,
    campaign: Campaign,
    permits: Permits,
    answers: Sequence[tuple[ClaimedLead, Allow | Deny]],
    now: datetime,
) -> bool:
    """Put off or end the leads that were denied; whether some go on with another phone instead."""
    denied = [(lead, answer) for lead, answer in answers if isinstance(answer, Deny)]
    if not denied:
        return False
    await count_denials(session, campaign, [answer for _, answer in denied], now)
    moves = await _other_phones(session, campaign.id, permits, denied, now)
    moved = {lead.lead_id for lead, _ in moves}
    queue = QueueStore(session)
    await queue.give_way(campaign.id, moves, {lead.lead_id: answer for lead, answer in denied})
    stay = [each for each in denied if each[0].lead_id not in moved]
    await queue.deny(campaign.id, [each for each in stay if each[1].final or each[0].callback_id is None])
    for lead, answer in stay:
        if lead.callback_id is not None:
            await promises.denied(session, campaign, lead, answer, now)
    for lead, phone in moves:
        if lead.callback_id is not None:
            await promises.give_way(session, lead, phone)
    return bool(moves)


async def count_denials(session: Session, campaign: Campaign, denials: Sequence[Deny], now: datetime) -> None:
    """Count why calls were denied, whatever becomes of their leads."""
    store = ComplianceStore(session)
    await store.keep_rule_sets([each.policy for each in denials], now)
    reasons = Counter((each.rule, each.code) for denial in denials for each in denial.reasons)
    await store.tally_denials(campaign.id, now.date(), reasons)


async def _other_phones(
    session: Session,
    campaign_id: int,
    permits: Permits,
    denied: Sequence[tuple[ClaimedLead, Deny]],
    now: datetime,
) -> list[tuple[ClaimedLead, LeadPhone]]:
    """The phone to go on with for each lead that was denied only because of its phone, where it has one.

    That is one to which no call is denied for good.
    """
    leads = [lead for lead, answer in denied if answer.final and answer.final_codes <= _OF_THE_PHONE]
    if not leads:
        return []
    phones = await FillStore(session).phones(campaign_id, [lead.lead_id for lead in leads])
    asked = [
        _at(lead, phone)
        for lead in leads
        for phone in phones[lead.lead_id]
        if phone.phone_id != lead.phone_id
    ]
    answers = await permits.ask(asked, now)
    callable_ids = {
        lead.phone_id for lead, answer in answers if isinstance(answer, Allow) or not answer.final
    }
    moves = []
    for lead in leads:
        others = [phone for phone in phones[lead.lead_id] if phone.phone_id in callable_ids]
        if phone := next_phone(others):
            moves.append((lead, phone))
    return moves


def _at(lead: ClaimedLead, phone: LeadPhone) -> ClaimedLead:
    """The lead as if it were to be called at another of its phones."""
    return replace(
        lead, phone_id=phone.phone_id, e164=phone.e164, zones=phone.zones, phone_region=phone.region
    )


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
    decision, owed = await promises.settle(session, campaign, ended, result, decision, now)
    phone = None
    if isinstance(decision, RetryAt):
        # An opt-out of this very call may stand behind what was said after it.
        barred = await _suppressed(session, campaign, [each.e164 for each in phones])
        called, stays = (ended.phone_id, keeps_phone(result)) if owed is None else (owed.phone_id, True)
        phone = _phone_after(phones, called, barred, stays=stays)
        if phone is None:
            decision = Final("on_dnc_list" if barred else "no_phone_left")
    if owed is not None and isinstance(decision, Final):
        promises.cancel(owed, campaign, decision.reason, now)
    await QueueStore(session).settle(campaign, ended, decision, phone, now)


async def _settle_after_talk(
    session: Session, campaign: Campaign, ended: EndedAttempt, result: str, now: datetime
) -> None:
    """Decide what becomes of a lead that has called, by what its agent says; it is no attempt of ours.

    A call that is owed to it stays so, unless it is done with.
    """
    queue = QueueStore(session)
    attempts = await queue.attempts_so_far(campaign.id, ended.lead_id)
    if attempts is None:
        return
    settings = settings_of(campaign)
    decision = decide(result, attempts, settings.max_attempts_per_lead, settings.retry_rules, now)
    owed = await CallbackStore(session).open_of(campaign.id, ended.lead_id)
    if owed is not None:
        promises_again = result in STANDARD and Flag.CALLBACK in STANDARD[result].flags
        if promises_again or isinstance(decision, RetryAt):
            return
        await promises.end_all(session, [owed], decision.reason, now)
    await queue.settle_after_talk(campaign.id, ended.lead_id, decision)


def _phone_after(
    phones: Sequence[LeadPhone], called: int, barred: Collection[str], *, stays: bool
) -> LeadPhone | None:
    """The phone to be called after `called`: the same where it `stays` or no other is left."""
    same = next((each for each in phones if each.phone_id == called and each.e164 not in barred), None)
    return same if stays and same else next_phone(phones, barred) or same
