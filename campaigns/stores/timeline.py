"""What has been between a client and a person, by any channel, in the database: a source for each kind."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import col

from campaigns.core.attempt import IN
from campaigns.core.question import Answer
from campaigns.core.questionnaire_run import WEB
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.shared import Session, read
from campaigns.tables import Appointment, Attempt, Callback, Message, MessageReply, QuestionnaireRun
from leads.tables import Lead, LeadList, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something between client and person. `kind` is call, message, reply, callback, appointment or answers.

    `id`: its own. `way`: out, where we did it, or in, where the person did. `state` is an outcome or a state;
    `text` what was noted, sent or written.
    """

    at: datetime
    kind: str
    id: int
    way: str
    channel: str
    campaign_id: int | None
    lead_id: int | None
    agent_id: int | None
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Whom:
    """A person, as a client knows them: all leads that have one of the numbers, and the addresses."""

    client_id: int
    lead_ids: Sequence[int]
    addresses: Sequence[str]


Source = Callable[[Session, Whom, datetime, int], Awaitable[list[Happening]]]
"""Gives the newest of one kind that were before an instant, at most so many."""


async def whom(session: Session, lead_id: int, client_id: int) -> Whom:
    """The person that a lead is."""
    own = select(col(Phone.e164)).where(col(Phone.lead_id) == lead_id, col(Phone.e164) != "")
    numbers = sorted(set((await read(session, own)).scalars()))
    same = (
        select(col(Phone.lead_id), col(Lead.email))
        .join(LeadList, col(LeadList.id) == col(Phone.list_id))
        .join(Lead, col(Lead.id) == col(Phone.lead_id))
        .where(
            col(LeadList.client_id) == client_id,
            or_(col(Phone.e164).in_(numbers), col(Phone.lead_id) == lead_id),
        )
    )
    found = [(number, email) for number, email in await read(session, same)]
    emails = {spelled for _, email in found if email for spelled in (email, email.lower())}
    lead_ids = sorted({lead_id, *(each for each, _ in found)})
    return Whom(client_id, lead_ids, sorted({*numbers, *emails}))


async def calls(session: Session, of: Whom, before: datetime, limit: int) -> list[Happening]:
    """Calls to the person, and of the person to us."""
    theirs: ColumnElement[bool] = col(Attempt.lead_id).in_(of.lead_ids)
    wanted = (
        select(Attempt).where(theirs, col(Attempt.placed_at) < before).order_by(col(Attempt.placed_at).desc())
    )
    return [
        Happening(
            at=each.placed_at,
            kind="call",
            id=each.id,
            way="in" if each.direction == IN else "out",
            channel="call",
            campaign_id=each.campaign_id,
            lead_id=each.lead_id,
            agent_id=each.agent_id,
            state=each.disposition or each.outcome,
            text=each.notes,
        )
        for each in (await read(session, wanted.limit(limit))).scalars()
    ]


async def messages(session: Session, of: Whom, before: datetime, limit: int) -> list[Happening]:
    """Messages to the person that left, by when they did."""
    wanted = (
        select(Message)
        .where(col(Message.lead_id).in_(of.lead_ids), col(Message.sent_at) < before)
        .order_by(col(Message.sent_at).desc())
    )
    return [
        Happening(
            at=each.sent_at or each.created_at,
            kind="message",
            id=each.id,
            way="out",
            channel=each.channel,
            campaign_id=each.campaign_id,
            lead_id=each.lead_id,
            agent_id=None,
            state=_how_far(each),
            text=f"{each.subject}\n\n{each.body_text}" if each.subject else each.body_text,
        )
        for each in (await read(session, wanted.limit(limit))).scalars()
    ]


async def replies(session: Session, of: Whom, before: datetime, limit: int) -> list[Happening]:
    """What the person wrote."""
    theirs = or_(col(MessageReply.lead_id).in_(of.lead_ids), col(MessageReply.from_address).in_(of.addresses))
    wanted = (
        select(MessageReply)
        .where(col(MessageReply.client_id) == of.client_id, theirs, col(MessageReply.received_at) < before)
        .order_by(col(MessageReply.received_at).desc())
    )
    return [
        Happening(
            at=each.received_at,
            kind="reply",
            id=each.id,
            way="in",
            channel=each.channel,
            campaign_id=each.campaign_id,
            lead_id=each.lead_id,
            agent_id=each.agent_id,
            state=each.kind,
            text=each.text,
        )
        for each in (await read(session, wanted.limit(limit))).scalars()
    ]


async def callbacks(session: Session, of: Whom, before: datetime, limit: int) -> list[Happening]:
    """Calls that were promised, by when they were."""
    wanted = (
        select(Callback)
        .where(col(Callback.lead_id).in_(of.lead_ids), col(Callback.created_at) < before)
        .order_by(col(Callback.created_at).desc())
    )
    return [
        Happening(
            at=each.created_at,
            kind="callback",
            id=each.id,
            way="out",
            channel="call",
            campaign_id=each.campaign_id,
            lead_id=each.lead_id,
            agent_id=each.agent_id,
            state=each.state,
            text=each.notes,
        )
        for each in (await read(session, wanted.limit(limit))).scalars()
    ]


async def appointments(session: Session, of: Whom, before: datetime, limit: int) -> list[Happening]:
    """Appointments that were made, by when they were."""
    wanted = (
        select(Appointment)
        .where(col(Appointment.lead_id).in_(of.lead_ids), col(Appointment.created_at) < before)
        .order_by(col(Appointment.created_at).desc())
    )
    return [
        Happening(
            at=each.created_at,
            kind="appointment",
            id=each.id,
            way="out",
            channel="",
            campaign_id=each.campaign_id,
            lead_id=each.lead_id,
            agent_id=each.agent_id,
            state=each.state,
            text=f"{each.starts_at:%Y-%m-%dT%H:%MZ} {each.notes}".strip(),
        )
        for each in (await read(session, wanted.limit(limit))).scalars()
    ]


async def answers(session: Session, of: Whom, before: datetime, limit: int) -> list[Happening]:
    """Questionnaires that the person has answered, by when they did last."""
    wanted = (
        select(QuestionnaireRun)
        .where(
            col(QuestionnaireRun.lead_id).in_(of.lead_ids),
            col(QuestionnaireRun.client_id) == of.client_id,
            col(QuestionnaireRun.changed_at) < before,
        )
        .order_by(col(QuestionnaireRun.changed_at).desc())
    )
    runs = list((await read(session, wanted.limit(limit))).scalars())
    said = await QuestionnaireStore(session).answers([each.id for each in runs])
    return [
        Happening(
            at=each.changed_at,
            kind="answers",
            id=each.id,
            way="in",
            channel="web" if each.channel == WEB else "call",
            campaign_id=each.campaign_id,
            lead_id=each.lead_id,
            agent_id=each.agent_id,
            state=each.result or "unfinished",
            text="\n".join(f"{question}: {_told(answer)}" for question, answer in said[each.id].items()),
        )
        for each in runs
        if said[each.id]
    ]


SOURCES: Sequence[Source] = (calls, messages, replies, callbacks, appointments, answers)
"""Every kind; whoever keeps another of what is between a client and a person adds its own."""


def _told(answer: Answer) -> str:
    return ", ".join(answer) if isinstance(answer, list) else str(answer)


def _how_far(message: Message) -> str:
    if message.clicked_at is not None:
        return "clicked"
    return "opened" if message.opened_at is not None else message.state
