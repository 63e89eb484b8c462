"""A person's data by phone, across everything: handed out, or erased."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from campaigns import promises, questionnaires
from campaigns.core.appointment import OPEN, AppointmentEvent, AppointmentState
from campaigns.core.question import Answer
from campaigns.core.sales import Sold
from campaigns.recordings.folder import RecordingFolder
from campaigns.recordings.keeping import delete_marked
from campaigns.stores.appointments import AppointmentStore, change
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.corrections import CorrectionStore
from campaigns.stores.messages import MessageStore
from campaigns.stores.persons import ERASED, PersonStore, Traces
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.recordings import RecordingStore
from campaigns.stores.replies import ReplyStore
from campaigns.stores.sales import SaleStore
from campaigns.stores.skips import SkipStore
from campaigns.stores.webhooks import WebhookStore
from campaigns.tables import (
    Appointment,
    Attempt,
    Callback,
    CampaignLead,
    DispositionChange,
    LeadSkip,
    Message,
    MessageReply,
    QuestionnaireRun,
    Recording,
)
from leads import persons as in_leads
from leads.checks import checked_number, client_id_of
from leads.errors import PersonNotFoundError, PersonOnCallError
from leads.persons import PersonDncEntry, PersonInLeads, Scope
from leads.stores.shared import Session, Sessions

REMAINS = (
    "Do-not-call entries stay: they keep the number from being called again, and that is their only use. "
    "A consent to calls that was withdrawn becomes one.",
    "Figures stay: how many calls and appointments there were, when, how they went, which keys were pressed, "
    "which answers were chosen and what was sold, without the number and the notes.",
    "How often and how the number was called is forgotten: a list that brings it counts and rests anew.",
    "Recordings of other nodes are deleted by their own dialers, within a minute of when those run.",
    "Backups of the database, and files that were loaded or exported before, still hold what they held.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCorrection:
    """What was said of a call before it was corrected, by whom and when."""

    changed_at: datetime
    who: str
    reason: str
    disposition: str
    notes: str
    sale: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCall:
    """One call to the person."""

    id: int
    direction: str
    """out: the person was called; in: the person called."""
    campaign_id: int
    lead_id: int
    phone: str
    placed_at: datetime
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    outcome: str
    agent_id: int | None
    disposition: str
    disposition_at: datetime | None
    notes: str
    answers: dict[str, str]
    """To the questions of a menu, by key."""
    sale: list[dict[str, Any]]
    """What was sold, a line each."""
    corrections: list[PersonCorrection]
    """What was said of it before, the oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonProgress:
    """How far a campaign has come with one of the person's leads."""

    campaign_id: int
    lead_id: int
    state: str
    reason: str
    attempts: int
    last_attempt_at: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSkip:
    """An agent saw one of the person's leads, and did not have it called."""

    campaign_id: int
    lead_id: int
    agent_id: int
    reason: str
    skipped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCallback:
    """A call that was promised to the person."""

    campaign_id: int
    lead_id: int
    agent_id: int | None
    due_at: datetime
    zone: str
    state: str
    reason: str
    notes: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMessage:
    """A message to the person."""

    id: int
    campaign_id: int | None
    lead_id: int
    channel: str
    to_address: str
    subject: str
    body_text: str
    state: str
    due_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReply:
    """Something that the person wrote to the client, and which channels it ended."""

    campaign_id: int | None
    lead_id: int | None
    channel: str
    from_address: str
    text: str
    ended: list[str]
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAppointment:
    """An appointment of the person, or a slot that was held for them."""

    campaign_id: int
    lead_id: int
    agent_id: int | None
    starts_at: datetime
    ends_at: datetime
    zone: str
    state: str
    reason: str
    notes: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecording:
    """A conversation with the person that was recorded; `recordings export` hands out the sound."""

    id: int
    attempt_id: int
    node: str
    state: str
    consent: str
    consent_at: datetime | None
    started_at: datetime | None
    length_s: float
    sha256: str
    delete_after: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonQuestionnaire:
    """What the person has answered to a campaign's questions."""

    campaign_id: int
    lead_id: int
    attempt_id: int | None
    channel: str
    result: str
    started_at: datetime
    finished_at: datetime | None
    answers: dict[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonExport:
    """All that is kept about the person with this number."""

    phone: str
    person: PersonInLeads
    campaigns: list[PersonProgress]
    attempts: list[PersonCall]
    skips: list[PersonSkip]
    callbacks: list[PersonCallback]
    messages: list[PersonMessage]
    replies: list[PersonReply]
    appointments: list[PersonAppointment]
    recordings: list[PersonRecording]
    questionnaires: list[PersonQuestionnaire]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased:
    """What was emptied, by number of rows, and what remains and why.

    `withdrawn_consents` of the consents had been withdrawn before; `campaign_leads` would have been called
    again, one for each campaign; `dnc_entries` are those that stay.
    """

    phone: str
    leads: int
    phones: int
    consents: int
    withdrawn_consents: int
    campaign_leads: int
    attempts: int
    recordings: int
    dnc_entries: list[PersonDncEntry]
    remains: tuple[str, ...] = REMAINS


async def export_person(
    sessions: Sessions, phone: str, *, default_country: str = "US", client: str | None = None
) -> PersonExport:
    """Everything that is kept about the person with a number, at one client or at all.

    Raises PersonNotFoundError, PhoneRejectedError, UnknownClientError and UnknownCountryError.
    """
    e164 = checked_number(phone, default_country)
    async with sessions() as session, session.begin():
        scope = await _scope(session, e164, client)
        person = await in_leads.collect(session, scope)
        traces = await _traces(session, scope)
        store = PersonStore(session)
        attempts = await store.attempts(traces)
        ids = [each.id for each in attempts]
        answers, sales = await store.answers(ids), await SaleStore(session).of(ids)
        corrections = await CorrectionStore(session).of(ids)
        runs = await QuestionnaireStore(session).of_leads(traces.lead_ids)
        said = await QuestionnaireStore(session).answers([each.id for each in runs])
        progress = await store.progress(traces.lead_ids)
        skips = await SkipStore(session).of_leads(traces.lead_ids)
        callbacks = await CallbackStore(session).of_leads(traces.lead_ids)
        messages = await MessageStore(session).of_leads(traces.lead_ids)
        replies = await ReplyStore(session).of_person(traces.lead_ids, {e164}, traces.client_id)
        appointments = await AppointmentStore(session).of_leads(traces.lead_ids)
        recordings = await RecordingStore(session).of_attempts(ids)
    if not (attempts or person.leads or person.consents or person.dnc_entries):
        raise _nothing_known()
    return PersonExport(
        phone=e164,
        person=person,
        campaigns=[_progress(each) for each in progress],
        attempts=[
            _call(
                each,
                answers.get(each.id, {}),
                sales.get(each.id, ()),
                [change for change in corrections if change.attempt_id == each.id],
            )
            for each in attempts
        ],
        skips=[_skip(each) for each in skips],
        callbacks=[_callback(each) for each in callbacks],
        messages=[_message(each) for each in messages],
        replies=[_reply(each) for each in replies],
        appointments=[_appointment(each) for each in appointments],
        recordings=[_recording(each) for each in recordings],
        questionnaires=[_questionnaire(each, said[each.id]) for each in runs],
    )


async def erase_person(
    sessions: Sessions,
    phone: str,
    *,
    now: datetime,
    default_country: str = "US",
    client: str | None = None,
    folder: RecordingFolder | None = None,
) -> PersonErased:
    """Takes everything personal about the person with a number out of the database, at one client or at all.

    Recordings in the folder of this node are deleted, those of other nodes by their own dialers. No campaign
    calls their leads any more. Raises PersonOnCallError while a call with them lives, PersonNotFoundError,
    PhoneRejectedError, UnknownClientError, UnknownCountryError and OSError.
    """
    e164 = checked_number(phone, default_country)
    async with sessions() as session, session.begin():
        scope = await _scope(session, e164, client)
        store, traces = PersonStore(session), await _traces(session, scope)
        progress = await store.progress(traces.lead_ids)
        attempts = await store.attempts(traces)
        if any(each.state == "calling" for each in progress) or any(not each.ended_at for each in attempts):
            raise PersonOnCallError(
                "A call with this person lives, or waits for its disposition; try again afterwards."
            )
        await in_leads.keep_withdrawals(session, scope, now)
        kept = (await in_leads.collect(session, scope)).dnc_entries
        finished = await store.finish(traces.lead_ids)
        await _erase_callbacks(session, traces.lead_ids, now)
        await _erase_messages(session, traces)
        await _erase_appointments(session, traces.lead_ids, now)
        await WebhookStore(session).erase(traces.lead_ids)
        await store.erase_attempts([each.id for each in attempts])
        await questionnaires.erase(session, await QuestionnaireStore(session).of_leads(traces.lead_ids))
        await CorrectionStore(session).empty([each.id for each in attempts])
        recordings = await _erase_recordings(session, [each.id for each in attempts])
        erased = await in_leads.erase(session, scope, now)
    if not (attempts or kept or erased.leads or erased.consents):
        raise _nothing_known()
    if folder is not None:
        await delete_marked(sessions, folder, now)
    return PersonErased(
        phone=e164,
        leads=erased.leads,
        phones=erased.phones,
        consents=erased.consents,
        withdrawn_consents=erased.withdrawn,
        campaign_leads=finished,
        attempts=len(attempts),
        recordings=recordings,
        dnc_entries=kept,
    )


async def _erase_callbacks(session: Session, lead_ids: Sequence[int], now: datetime) -> None:
    store = CallbackStore(session)
    await promises.end_all(session, await store.open_of_leads(lead_ids), ERASED, now)
    await store.erase(lead_ids)


async def _erase_messages(session: Session, traces: Traces) -> None:
    store = ReplyStore(session)
    replies = await store.of_person(traces.lead_ids, {traces.e164}, traces.client_id)
    await store.erase([each.id for each in replies])
    await store.erase_links(traces.lead_ids)
    await MessageStore(session).erase(traces.lead_ids)


async def _erase_appointments(session: Session, lead_ids: Sequence[int], now: datetime) -> None:
    """Frees the seats of those that are to come; nobody is sent word of it any more."""
    store = AppointmentStore(session)
    for found in await store.of_leads(lead_ids):
        appointment = await store.get(found.id, lock=True)
        if appointment.state in (*OPEN, AppointmentState.HELD):
            change(appointment, AppointmentEvent.CANCEL, now, reason=ERASED)
    await session.flush()
    await store.erase(lead_ids)


async def _erase_recordings(session: Session, attempt_ids: list[int]) -> int:
    store = RecordingStore(session)
    there = [each.id for each in await store.of_attempts(attempt_ids) if each.state != "deleted"]
    await store.to_delete(there, ERASED)
    return len(there)


async def _scope(session: Session, e164: str, client: str | None) -> Scope:
    if client is None:
        return Scope(e164)
    client_id = await client_id_of(session, client)
    return Scope(e164, client_id, await PersonStore(session).campaign_ids(client_id))


async def _traces(session: Session, scope: Scope) -> Traces:
    return Traces(scope.e164, await in_leads.lead_ids_of(session, scope), scope.client_id)


def _nothing_known() -> PersonNotFoundError:
    return PersonNotFoundError("Nothing is kept about a person with this number.")


def _progress(row: CampaignLead) -> PersonProgress:
    return PersonProgress(
        campaign_id=row.campaign_id,
        lead_id=row.lead_id,
        state=row.state,
        reason=row.reason,
        attempts=row.attempts,
        last_attempt_at=row.last_attempt_at,
        due_at=row.due_at,
    )


def _skip(row: LeadSkip) -> PersonSkip:
    return PersonSkip(
        campaign_id=row.campaign_id,
        lead_id=row.lead_id,
        agent_id=row.agent_id,
        reason=row.reason,
        skipped_at=row.skipped_at,
    )


def _callback(row: Callback) -> PersonCallback:
    return PersonCallback(
        campaign_id=row.campaign_id,
        lead_id=row.lead_id,
        agent_id=row.agent_id,
        due_at=row.due_at,
        zone=row.zone,
        state=row.state,
        reason=row.reason,
        notes=row.notes,
        created_at=row.created_at,
    )


def _message(row: Message) -> PersonMessage:
    return PersonMessage(**{each.name: getattr(row, each.name) for each in fields(PersonMessage)})


def _reply(row: MessageReply) -> PersonReply:
    return PersonReply(
        campaign_id=row.campaign_id,
        lead_id=row.lead_id,
        channel=row.channel,
        from_address=row.from_address,
        text=row.text,
        ended=row.ended,
        received_at=row.received_at,
    )


def _appointment(row: Appointment) -> PersonAppointment:
    return PersonAppointment(
        campaign_id=row.campaign_id,
        lead_id=row.lead_id,
        agent_id=row.agent_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        zone=row.zone,
        state=row.state,
        reason=row.reason,
        notes=row.notes,
        created_at=row.created_at,
    )


def _recording(row: Recording) -> PersonRecording:
    return PersonRecording(
        id=row.id,
        attempt_id=row.attempt_id,
        node=row.node,
        state=row.state,
        consent=row.consent,
        consent_at=row.consent_at,
        started_at=row.started_at,
        length_s=row.length_s,
        sha256=row.sha256,
        delete_after=row.delete_after,
        deleted_at=row.deleted_at,
    )


def _call(
    attempt: Attempt, answers: dict[str, str], sale: Sequence[Sold], changes: Sequence[DispositionChange]
) -> PersonCall:
    return PersonCall(
        id=attempt.id,
        direction=attempt.direction,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        phone=attempt.e164,
        placed_at=attempt.placed_at,
        answered_at=attempt.answered_at,
        connected_at=attempt.connected_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome,
        agent_id=attempt.agent_id,
        disposition=attempt.disposition,
        disposition_at=attempt.disposition_at,
        notes=attempt.notes,
        answers=answers,
        sale=[each.to_json() for each in sale],
        corrections=[
            PersonCorrection(
                changed_at=each.changed_at,
                who=each.who,
                reason=each.reason,
                disposition=each.disposition,
                notes=each.notes,
                sale=each.sale,
            )
            for each in changes
        ],
    )


def _questionnaire(row: QuestionnaireRun, answers: dict[str, Answer]) -> PersonQuestionnaire:
    return PersonQuestionnaire(
        campaign_id=row.campaign_id,
        lead_id=row.lead_id,
        attempt_id=row.attempt_id,
        channel=row.channel,
        result=row.result,
        started_at=row.started_at,
        finished_at=row.finished_at,
        answers=answers,
    )
