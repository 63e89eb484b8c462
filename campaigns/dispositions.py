"""Saying what a call came to, and all that follows; each is a step in a transaction that the caller owns.

Whoever has something to do when a disposition is said (a message, an appointment, another campaign) puts a
function into AFTERWARDS.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from campaigns import bookings, promises, settling
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import IN, MAX_NOTES, EndedAttempt, plain_text
from campaigns.core.campaign import AGENTLESS
from campaigns.core.disposition import (
    BY_AGENT,
    BY_DIALER,
    BY_NOBODY,
    NO_DISPOSITION,
    STANDARD,
    Disposition,
    Flag,
    SaidDisposition,
    codes_with,
    disposition,
)
from campaigns.errors import AttemptNotTalkedError, InvalidInputError
from campaigns.promises import CallbackWish
from campaigns.stores.answers import AnswerStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.shared import Session
from campaigns.tables import Attempt, Campaign
from leads.stores.dnc import DncStore
from leads.stores.persons import phones_of_lead

AFTERWARDS: Sequence[Callable[[Session, SaidDisposition, datetime], Awaitable[None]]] = (bookings.said,)
"""What is done each time that a disposition is said of a call: f(session, said, now), in this order and in
the same transaction, which fails if one of them does. What is said again is told once; what takes the place
of something said before has that as `before`, and each takes back what followed from it."""

ASKED = "asked not to be called again"


async def say(
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
        named = replace(wish, phone=wish.phone or attempt.e164)
        await promises.promise(session, rules, campaign, attempt.lead_id, named, now)
        return
    await promises.promise(session, rules, campaign, attempt.lead_id, wish, now, attempt=attempt)
    if attempt.ended_at is not None and attempt.disposition == chosen.code:
        await settling.settle(session, campaign, ended_of(attempt), chosen.code, now)


async def dispose(
    session: Session,
    attempt: Attempt,
    chosen: Disposition,
    now: datetime,
    *,
    by: str = BY_DIALER,
    opt_out_reason: str = ASKED,
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
        await _settle(session, campaign, attempt, previous, now)
    said = _said(campaign, attempt, chosen, STANDARD.get(previous))
    for follow in AFTERWARDS:
        await follow(session, said, now)


async def _settle(
    session: Session, campaign: Campaign, attempt: Attempt, previous: str, now: datetime
) -> None:
    """The lead of a call that is over goes its way; the call counts anew as what it came to."""
    ended = ended_of(attempt)
    if attempt.direction == IN:
        await settling.settle_after_talk(session, campaign, ended, ended.disposition, now)
        return
    if campaign.dial_mode != AGENTLESS:
        await AnswerStore(session).move(replace(ended, disposition=previous), ended, attempt.outcome)
    await settling.settle(session, campaign, ended, ended.disposition, now)


async def opt_out(
    session: Session, campaign: Campaign, attempt: Attempt, now: datetime, *, reason: str = ASKED
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


def ended_of(attempt: Attempt) -> EndedAttempt:
    """What deciding about the lead needs of it."""
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


def _said(
    campaign: Campaign, attempt: Attempt, chosen: Disposition, before: Disposition | None
) -> SaidDisposition:
    return SaidDisposition(
        attempt_id=attempt.id,
        client_id=campaign.client_id,
        campaign_id=campaign.id,
        lead_id=attempt.lead_id,
        phone_id=attempt.phone_id,
        agent_id=attempt.agent_id,
        direction=attempt.direction,
        disposition=chosen,
        before=before,
        by=attempt.disposition_by,
    )
