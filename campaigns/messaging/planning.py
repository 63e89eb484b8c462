"""Puts the messages of campaigns' sequences in line: before first calls, after calls, before appointments.

Each is a step in a transaction that the caller owns, and each message is there once for its cause, however
often it is asked for. Whether a message may be sent is asked when it is due (`campaigns.messaging.sending`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from campaigns.core.attempt import EndedAttempt
from campaigns.core.disposition import Disposition, Flag, SaidDisposition
from campaigns.core.message_composing import template_of, values_of_lead
from campaigns.core.message_effect import held_out
from campaigns.core.selection import CLICKED, COLD, DELIVERED, OPENED
from campaigns.core.sequence import (
    BEFORE_APPOINTMENT,
    BEFORE_FIRST_CALL,
    SMS,
    MessageSequence,
    Planned,
    Step,
    WarmUp,
    after_attempt,
    after_disposition,
    after_step,
    before_appointment,
    has_reached,
    of_attempt,
    warm_up,
)
from campaigns.core.sms import encode
from campaigns.errors import CampaignsError
from campaigns.messaging.outbox import NewMessage, enqueue, new_token
from campaigns.stores.campaigns import CampaignStore, sequence_of
from campaigns.stores.sequences import Addressee, Number, SequenceStore, is_over, reached_by
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign, Message
from leads.stores.dnc import DncStore
from leads.tables import Client

AT_A_TIME = 200
"""Leads whose messages before the first call are put in line in one transaction."""
_STEPS = 4
"""Transactions that one look takes for each load, so that a big list is written to little by little."""

_TEXTED = ("mobile", "fixed_line_or_mobile", "personal_number", "voip")
"""Kinds of numbers that may take text messages, the likeliest first."""
_WARMTH = {"delivered": DELIVERED, "opened": OPENED, "clicked": CLICKED}
CALLED = "called"
"""Why a message before the first call is not sent any more: the call has been made."""
CORRECTED = "corrected"
"""Why a message is not sent that followed what was said of a call by mistake."""

log = structlog.get_logger("messages")


class WarmingUp:
    """Puts what comes before first calls in line for running campaigns, as they go and as leads join them.

    How far it is in which load is in the database, so that any node goes on where another was.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def look(self, campaign_ids: Collection[int], now: datetime) -> int:
        """Take the next steps for these campaigns, the ones that run; how many messages were put in line."""
        if not campaign_ids:
            return 0
        async with self._sessions() as session:
            loads = await SequenceStore(session).loads_to_warm(campaign_ids)
        added = 0
        for load in loads:
            through = load.through
            for _ in range(_STEPS):
                async with self._sessions() as session, session.begin():
                    new, reached = await warm_next(session, load.campaign_id, load.import_id, now)
                added += new
                if reached == through:
                    break
                through = reached
        return added


async def warm_next(session: Session, campaign_id: int, import_id: int, now: datetime) -> tuple[int, int]:
    """Put the messages before the first call in line for the next leads of a load, AT_A_TIME at most.

    How many were new, and through which lead that was; the calls wait for them from now on.
    """
    campaign = await CampaignStore(session).get(campaign_id)
    sequence = sequence_of(campaign)
    store = SequenceStore(session)
    leads, through = await store.next_of_load(campaign_id, import_id, AT_A_TIME)
    if sequence is None or campaign.state != "running":
        return 0, through
    warm_ups = {each.lead_id: warm_up(sequence, each.not_before, now) for each in leads}
    wanted = [(lead, planned) for lead in leads for planned in warm_ups[lead.lead_id].messages]
    added, composed = await _put_in_line(session, campaign, sequence, wanted, now)
    until = {
        lead.lead_id: _waits_until(warm_ups[lead.lead_id], composed.get(lead.lead_id, frozenset()))
        for lead in leads
        if lead.held
    }
    await store.hold(campaign_id, until)
    return added, through


async def on_attempt_ended(
    session: Session, campaign: Campaign, ended: EndedAttempt, result: str | Disposition, now: datetime
) -> int:
    """A call of ours is over, and `result` is its outcome or disposition: what follows one without contact.

    What was to come before the first call comes no more. How many messages were put in line.
    """
    sequence = sequence_of(campaign)
    if sequence is None:
        return 0
    store = SequenceStore(session)
    await store.cancel(campaign.id, ended.lead_id, BEFORE_FIRST_CALL, CALLED)
    if isinstance(result, Disposition):
        result = "machine" if Flag.MACHINE in result.flags else result.code
    planned = after_attempt(sequence, ended.attempt_id, result, ended.number, now)
    return await _follow(session, campaign, sequence, ended.lead_id, planned, now)


async def on_disposition(session: Session, said: SaidDisposition, now: datetime) -> None:
    """An agent, the dialer or nobody has said what a call came to: what follows that, and only that.

    What followed from something said before by mistake is taken back, as far as it has not been sent.
    """
    campaign = await CampaignStore(session).get(said.campaign_id)
    sequence = sequence_of(campaign)
    if sequence is None:
        return
    planned = after_disposition(sequence, said.attempt_id, said.disposition, now)
    if said.before is not None:
        before = after_disposition(sequence, said.attempt_id, said.before, now)
        wrong = {each.step.name for each in before} - {each.step.name for each in planned}
        if wrong:
            cause = of_attempt(said.attempt_id)
            await SequenceStore(session).cancel(campaign.id, said.lead_id, cause, CORRECTED, wrong)
    await _follow(session, campaign, sequence, said.lead_id, planned, now)


async def on_appointment(
    session: Session,
    campaign_id: int,
    lead_id: int,
    cause: str,
    starts_at: datetime,
    now: datetime,
    zone: str = "UTC",
) -> int:
    """An appointment was made: its reminders, how many were put in line; they tell its time in that zone.

    `cause` names it and its time, as in appointment:7:1; one that is moved or canceled is first taken back
    (`on_appointment_over`).
    """
    campaign = await CampaignStore(session).get(campaign_id)
    sequence = sequence_of(campaign)
    if sequence is None:
        return 0
    planned = before_appointment(sequence, cause, starts_at, now)
    more = {"appointment": {"starts_at": starts_at.astimezone(ZoneInfo(zone))}}
    return await _follow(session, campaign, sequence, lead_id, planned, now, more)


async def on_appointment_over(
    session: Session, campaign_id: int, lead_id: int, cause: str, reason: str
) -> int:
    """An appointment was moved or canceled: its reminders are not sent; how many waited."""
    sequence = sequence_of(await CampaignStore(session).get(campaign_id))
    if sequence is None:
        return 0
    steps = {each.name for each in sequence.steps.values() if each.when == BEFORE_APPOINTMENT}
    return await SequenceStore(session).cancel(campaign_id, lead_id, cause, reason, steps)


async def on_message(session: Session, message: Message, now: datetime) -> None:
    """A message has come farther, or to its end: its lead is warmer, its call waits no longer, and what
    follows the step is put in line."""
    if message.campaign_id is None or not message.step:
        return
    campaign = await CampaignStore(session).get(message.campaign_id)
    sequence = sequence_of(campaign)
    if sequence is None or message.step not in sequence.steps:
        return
    store, reached = SequenceStore(session), reached_by(message)
    if warmth := _WARMTH.get(reached, COLD):
        await store.warm(campaign, message.lead_id, warmth)
    if message.cause == BEFORE_FIRST_CALL and is_over(message):
        await _wait_no_longer(session, campaign, sequence, message.lead_id, now)
    if reached:
        planned = after_step(sequence, message.step, reached, message.cause, now)
        await _follow(session, campaign, sequence, message.lead_id, planned, now)


async def _wait_no_longer(
    session: Session, campaign: Campaign, sequence: MessageSequence, lead_id: int, now: datetime
) -> None:
    """The first call keeps its distance to the messages, and waits for those alone that may yet come."""
    store = SequenceStore(session)
    messages = await store.before_first_call(campaign.id, lead_id)
    leads = await store.addressees(campaign.id, [lead_id], uncalled=True)
    if not leads or not leads[0].held:
        return
    lead = leads[0]
    begun = warm_up(sequence, lead.not_before, min(each.created_at for each in messages))
    open_steps = frozenset(each.step for each in messages if not is_over(each))
    await store.release(campaign.id, lead_id, max(now, _waits_until(begun, open_steps)))


def _waits_until(warming: WarmUp, steps: Collection[str]) -> datetime:
    """Until when the first call waits at most, if it waits for these steps."""
    return max([warming.first_call_at, *(warming.waits_for(step) for step in steps)])


async def _follow(
    session: Session,
    campaign: Campaign,
    sequence: MessageSequence,
    lead_id: int,
    planned: Sequence[Planned],
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> int:
    """Put in line what follows for one lead, as far as its conditions hold; how many were new."""
    if not planned:
        return 0
    store = SequenceStore(session)
    looked_at = {each.step.only_if.step for each in planned if each.step.only_if is not None}
    reached = await store.reached(campaign.id, lead_id, looked_at) if looked_at else {}
    leads = await store.addressees(campaign.id, [lead_id])
    wanted = [(lead, each) for lead in leads for each in planned if _holds(each.step, reached)]
    added, _ = await _put_in_line(session, campaign, sequence, wanted, now, more)
    return added


def _holds(step: Step, reached: Mapping[str, str]) -> bool:
    condition = step.only_if
    return condition is None or has_reached(reached.get(condition.step, ""), condition.reached)


async def _put_in_line(
    session: Session,
    campaign: Campaign,
    sequence: MessageSequence,
    wanted: Iterable[tuple[Addressee, Planned]],
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> tuple[int, dict[int, frozenset[str]]]:
    """Compose messages and put them in line; how many were new, and each lead's steps that are in line now.

    Who is held out, has no address, or is on a do-not-call list gets none.
    """
    share = sequence.holdout_share
    meant = [
        (lead, each, number)
        for lead, each in wanted
        if (each.step.held_out_too or not held_out(lead.lead_id, campaign.id, share))
        and (number := _address(each.step, lead)) is not None
    ]
    barred = await DncStore(session).suppressed(
        {number.e164 for _, each, number in meant if each.step.channel == SMS},
        campaign.client_id,
        campaign.id,
    )
    client = await session.get_one(Client, campaign.client_id)
    messages: list[NewMessage] = []
    links: dict[str, tuple[str, ...]] = {}
    steps: dict[int, frozenset[str]] = {}
    for lead, each, number in meant:
        if each.step.channel == SMS and number.e164 in barred:
            continue
        values = values_of_lead(lead.fields, lead.custom, client.name, campaign.name, campaign.caller_id)
        token = new_token()
        try:
            composed = template_of(each.step, sequence.links_at).compose(values | dict(more or {}), token)
        except CampaignsError as error:
            log.warning(
                "no message", campaign=campaign.id, lead=lead.lead_id, step=each.step.name, why=str(error)
            )
            continue
        messages.append(
            NewMessage(
                client_id=campaign.client_id,
                campaign_id=campaign.id,
                lead_id=lead.lead_id,
                phone_id=number.phone_id or None,
                channel="sms" if each.step.channel == SMS else "email",
                step=each.step.name,
                cause=each.cause,
                to_address=number.e164,
                subject=composed.subject,
                body_text=composed.text,
                body_html=composed.html,
                unsubscribe_url=composed.unsubscribe_url if each.step.channel != SMS else "",
                due_at=each.due_at,
                expires_at=each.expires_at,
                segments=encode(composed.text).segments if each.step.channel == SMS else 0,
                token=token,
            )
        )
        links[token] = composed.links
        steps[lead.lead_id] = steps.get(lead.lead_id, frozenset()) | {each.step.name}
    added = await enqueue(session, messages, now)
    await SequenceStore(session).add_links(links)
    return added, steps


def _address(step: Step, lead: Addressee) -> Number | None:
    """Where a step goes: the number that is dialed next or else another, if it takes texts; or the e-mail
    address, as a number without an id."""
    if step.channel != SMS:
        email = str(lead.fields["email"] or "")
        return Number(0, email, "email") if email else None
    texted = [each for each in lead.numbers if each.kind in _TEXTED]
    return min(texted, key=lambda each: _TEXTED.index(each.kind), default=None)
