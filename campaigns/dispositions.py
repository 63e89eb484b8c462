"""Saying what a call came to, and all that follows; each is a step in a transaction that the caller owns.

Whoever has something to do when a disposition is said (a message, an appointment, another campaign) puts a
function into AFTERWARDS.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigns import announcing, bookings, moving, promises, settling
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import IN, MAX_NOTES, EndedAttempt, plain_text
from campaigns.core.campaign import AGENTLESS, CampaignSettings
from campaigns.core.disposition import (
    AMOUNT,
    BY_AGENT,
    BY_DIALER,
    BY_NOBODY,
    CALLBACK_TIME,
    NO_DISPOSITION,
    NOTES,
    PRODUCT,
    Disposition,
    Flag,
    SaidDisposition,
    bits_of,
    flags_of,
)
from campaigns.core.sales import Sold, parse_sale
from campaigns.errors import (
    AttemptNotTalkedError,
    CorrectionTooLateError,
    IncompleteDispositionError,
    InvalidInputError,
    InvalidSaleError,
)
from campaigns.messaging import planning
from campaigns.opting_out import bar_numbers
from campaigns.promises import CallbackWish
from campaigns.stores.answers import AnswerStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.corrections import CorrectionStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.sales import SaleStore
from campaigns.stores.shared import Session
from campaigns.stores.tallies import TallyStore, tallied
from campaigns.tables import Attempt, Campaign
from leads.stores.persons import phones_of_lead

AFTERWARDS: Sequence[Callable[[Session, SaidDisposition, datetime], Awaitable[None]]] = (
    planning.on_disposition,
    bookings.said,
    moving.follow,
    announcing.disposition_said,
)
"""What is done each time that a disposition is said of a call: f(session, said, now), in this order and in
the same transaction, which fails if one of them does. What is said again is told once; what takes the place
of something said before has that as `before`, and each takes back what followed from it."""

ASKED = "asked not to be called again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody says of a call, and who it is.

    `sale` are its lines as `parse_sale` takes them; None leaves those there are. `notes` that are empty leave
    those there are, too. With a `wish` the person is promised a call.
    """

    code: str
    notes: str = ""
    sale: Sequence[object] | None = None
    wish: CallbackWish | None = None
    by: str = BY_AGENT
    who: str = "agent"
    """The user or the key, for the record of corrections."""
    reason: str = ""
    """Why something that was said is corrected."""
    limited: bool = False
    """Whether the time is limited in which they may correct it."""


async def say(
    session: Session, attempt_id: int, words: Words, now: datetime, rules: Rulebook | None = None
) -> str:
    """Record what a talk came to, with its effects; the code that now holds.

    A code that replaces another has its effects once, and what was said before is kept beside it; given again
    it has none. An opt-out holds whatever is said later, and what nobody said replaces nothing. A callback is
    asked for by `rules`; one that the same talk has promised before is moved. Raises UnknownDispositionError,
    IncompleteDispositionError, InvalidSaleError, CorrectionTooLateError, AttemptNotFoundError,
    AttemptNotTalkedError, and what `promises.promise` does.
    """
    attempt = await AttemptStore(session).get_attempt(attempt_id)
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    settings = settings_of(campaign)
    by_nobody, known = words.by == BY_NOBODY, settings.dispositions
    chosen = known.of_dialer(words.code) if by_nobody else known.get(words.code)
    if attempt.connected_at is None and attempt.outcome != "human":
        raise AttemptNotTalkedError(f"Attempt {attempt_id} reached no agent, so it takes no disposition.")
    if attempt.disposition and (by_nobody or chosen.code == NO_DISPOSITION):
        return attempt.disposition
    said_before = bool(attempt.disposition)
    kept = (await SaleStore(session).of([attempt_id])).get(attempt_id, ()) if said_before else ()
    sale = _sale(settings, chosen, words, kept)
    notes = plain_text(words.notes, MAX_NOTES) or attempt.notes
    if words.by == BY_AGENT:
        await _require_whole(session, attempt, chosen, notes, sale, words)
    if said_before and (chosen.code, notes, sale) != (attempt.disposition, attempt.notes, kept):
        _require_in_time(attempt, settings, words, now)
        await CorrectionStore(session).keep(attempt, kept, chosen.code, words.who, words.reason, now)
    attempt.notes = notes
    if sale != kept:
        await SaleStore(session).put(attempt_id, sale)
    if rules is not None and words.wish is not None:
        await _promise(session, rules, campaign, attempt, chosen, words.wish, now)
    if chosen.code != attempt.disposition:
        await dispose(session, attempt, chosen, now, by=words.by)
    elif attempt.disposition_by == BY_NOBODY:
        attempt.disposition_by = words.by
    return chosen.code


def _sale(
    settings: CampaignSettings, chosen: Disposition, words: Words, kept: tuple[Sold, ...]
) -> tuple[Sold, ...]:
    """What is sold now; nothing where the disposition is no conversion."""
    sale = kept if words.sale is None else parse_sale(words.sale, settings.currency)
    if Flag.CONVERSION in chosen.flags:
        return sale
    if words.sale:
        codes = settings.dispositions.codes_with(Flag.CONVERSION)
        raise InvalidSaleError(f"A sale goes with {' or '.join(codes)}, not with {chosen.code}.")
    return ()


async def _require_whole(
    session: Session, attempt: Attempt, chosen: Disposition, notes: str, sale: Sequence[Sold], words: Words
) -> None:
    """Raises IncompleteDispositionError, which names everything that is missing."""
    given = {
        NOTES: bool(notes.strip()),
        AMOUNT: bool(sale),
        PRODUCT: bool(sale) and all(each.product for each in sale),
        CALLBACK_TIME: words.wish is not None or await _is_promised(session, attempt),
    }
    if missing := [each for each in chosen.needs if not given[each]]:
        raise IncompleteDispositionError(
            f"{chosen.label} needs {', '.join(missing)}; say that, too, or choose another.", missing
        )


async def _is_promised(session: Session, attempt: Attempt) -> bool:
    """Whether the talk has promised a call; what was promised to somebody who called us names no talk."""
    store = CallbackStore(session)
    if attempt.direction == IN:
        return await store.open_of(attempt.campaign_id, attempt.lead_id) is not None
    return await store.promised_in(attempt.id)


def _require_in_time(attempt: Attempt, settings: CampaignSettings, words: Words, now: datetime) -> None:
    """Raises CorrectionTooLateError for an agent who comes after the campaign's limit.

    What nobody has said is no word of theirs, and may be said at any time.
    """
    since = attempt.disposition_at
    if not words.limited or since is None or attempt.disposition_by == BY_NOBODY:
        return
    if now > since + timedelta(seconds=settings.correction_limit_s):
        raise CorrectionTooLateError(
            "The time is over in which agents correct what they have said; ask a supervisor to."
        )


async def _promise(
    session: Session,
    rules: Rulebook,
    campaign: Campaign,
    attempt: Attempt,
    chosen: Disposition,
    wish: CallbackWish,
    now: datetime,
) -> None:
    if Flag.CALLBACK not in chosen.flags:
        codes = settings_of(campaign).dispositions.codes_with(Flag.CALLBACK)
        raise InvalidInputError(f"A callback goes with {' or '.join(codes)}, not with {chosen.code}.")
    if attempt.direction == IN:
        # No attempt of ours that would place the lead as it is settled.
        await promises.promise_caller(session, rules, campaign, attempt, wish, now)
        return
    await promises.promise(session, rules, campaign, attempt.lead_id, wish, now, attempt=attempt)
    if attempt.ended_at is not None and attempt.disposition == chosen.code:
        await settling.settle(session, campaign, ended_of(attempt), attempt.outcome, now)


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
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    previous = attempt.disposition, attempt.disposition_flags
    counted = tallied(attempt)
    before = None
    if attempt.disposition:
        said = settings_of(campaign).dispositions
        before = said.as_said(attempt.disposition, flags_of(attempt.disposition_flags))
    attempt.disposition, attempt.disposition_at, attempt.disposition_by = chosen.code, now, by
    attempt.disposition_label, attempt.disposition_flags = chosen.label, bits_of(chosen.flags)
    await session.flush()
    TallyStore(session).changed(counted, tallied(attempt))
    if Flag.DNC in chosen.flags:
        await opt_out(session, campaign, attempt, now, reason=opt_out_reason)
    if attempt.ended_at is not None:
        await _settle(session, campaign, attempt, previous, now)
    told = await _said(session, campaign, attempt, chosen, before)
    for follow in AFTERWARDS:
        await follow(session, told, now)


async def _settle(
    session: Session, campaign: Campaign, attempt: Attempt, previous: tuple[str, int], now: datetime
) -> None:
    """The lead of a call that is over goes its way; the call counts anew as what it came to."""
    ended = ended_of(attempt)
    if attempt.direction == IN:
        await settling.settle_after_talk(session, campaign, ended, now)
        return
    if campaign.dial_mode != AGENTLESS:
        code, flags = previous
        before = replace(ended, disposition=code, disposition_flags=flags)
        await AnswerStore(session).move(before, ended, attempt.outcome)
    await settling.settle(session, campaign, ended, attempt.outcome, now)


async def opt_out(
    session: Session, campaign: Campaign, attempt: Attempt, now: datetime, *, reason: str = ASKED
) -> None:
    """No number of the lead is called again for the client."""
    numbers = {attempt.e164, *await phones_of_lead(session, attempt.lead_id)} - {""}
    await bar_numbers(
        session,
        campaign.client_id,
        numbers,
        [attempt.lead_id],
        f"attempt {attempt.id}",
        now,
        reason=reason,
    )
    await announcing.opted_out(
        session, campaign.client_id, [attempt.lead_id], ["call"], f"attempt {attempt.id}", now
    )


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
        disposition_flags=attempt.disposition_flags,
    )


async def _said(
    session: Session,
    campaign: Campaign,
    attempt: Attempt,
    chosen: Disposition,
    before: Disposition | None,
) -> SaidDisposition:
    latest = before is None or attempt.direction == IN
    if not latest:
        calls = await QueueStore(session).attempts_so_far(campaign.id, attempt.lead_id)
        latest = calls == attempt.number
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
        latest=latest,
    )
