"""What happens to leads and attempts, each a step in a transaction that the caller owns.

The engine puts several facts into one transaction; the service wraps single ones.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from campaigns import announcing, bookings, dispositions, promises, settling
from campaigns.compliance.permits import Permits
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.address import country_of
from campaigns.core.agent_work import PAST_CONTACT
from campaigns.core.attempt import (
    IN,
    MAX_SIP_REASON,
    UNWANTED,
    ClaimedLead,
    Ending,
    NewAttempt,
    PermittedLead,
    StartedAttempt,
    local_hour,
    plain_text,
)
from campaigns.core.campaign import AGENTLESS
from campaigns.core.compliance import Allow, Deny
from campaigns.core.inbound import NO_AGENT
from campaigns.core.retry import OUTCOMES, RESTS_CALLER_ID
from campaigns.core.selection import LeadPhone, next_phone
from campaigns.errors import UnknownOutcomeError
from campaigns.stores.answers import AnswerStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.caller_id_pool import CallerIdPoolStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.compliance import ComplianceStore, lock_persons
from campaigns.stores.dials import DialStore
from campaigns.stores.filling import FillStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session
from campaigns.tables import Campaign

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

_UNWANTED = "said on the phone that calls are unwanted"


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
    await announcing.call_ended(session, campaign, attempt_id, now)
    if ended.direction == IN:
        await bookings.call_ended(session, campaign, attempt_id, now, talked=ended.connected_at is not None)
        if ended.disposition:
            await settling.settle_after_talk(session, campaign, ended, now)
        return True
    if campaign.dial_mode != AGENTLESS:
        # Nobody is promised an agent there, so that nobody is abandoned, also where the call is lost.
        await AnswerStore(session).add(ended, ending.outcome)
    await DialStore(session).add(ended, ending.outcome)
    if ending.sip_status == UNWANTED:
        attempt = await store.get_attempt(attempt_id)
        await dispositions.opt_out(session, campaign, attempt, now, reason=_UNWANTED)
    if ending.outcome in RESTS_CALLER_ID and ended.caller_id:
        await ComplianceStore(session).rest(ended.caller_id, now, attempt_id)
    await bookings.call_ended(session, campaign, attempt_id, now, talked=ending.outcome == "human")
    if ending.outcome == "human" and not ended.disposition:
        await QueueStore(session).await_disposition(ended)
    else:
        await settling.settle(session, campaign, ended, ending.outcome, now)
    return True


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
