"""What became of a campaign's messages and of the leads that got none, counted."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, distinct, func, select
from sqlmodel import col

from campaigns.core.disposition import Flag
from campaigns.core.message_effect import HOLDOUT_MIX, Arm, holdout_limit, holdout_salt
from campaigns.core.message_states import MessageState
from campaigns.core.selection import PRIME
from campaigns.stores.doubles import DUPLICATE
from campaigns.stores.shared import Session, placed_by_us, read, was_said
from campaigns.tables import Attempt, CampaignLead, Message, MessageReply

_NOT_SENT = (MessageState.REFUSED, MessageState.CANCELED, MessageState.FAILED, MessageState.BOUNCED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures:
    """How far the messages of one step have come; `not_sent` of them never arrive."""

    step: str
    channel: str
    messages: int
    sent: int
    delivered: int
    opened: int
    clicked: int
    not_sent: int
    replies: int


class MessageFiguresStore:
    """Counts of one campaign; reads only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def steps(self, campaign_id: int) -> list[StepFigures]:
        """The campaign's steps, by name."""
        group = (col(Message.step), col(Message.channel))
        over = func.sum(case((col(Message.state).in_([each.value for each in _NOT_SENT]), 1), else_=0))
        times = (Message.sent_at, Message.delivered_at, Message.opened_at, Message.clicked_at)
        wanted = (
            select(*group, func.count(), *(func.count(col(each)) for each in times), over)
            .where(col(Message.campaign_id) == campaign_id, col(Message.step) != "")
            .group_by(*group)
            .order_by(*group)
        )
        replies = await self._replies(campaign_id)
        return [
            StepFigures(
                step=step,
                channel=channel,
                messages=count,
                sent=sent,
                delivered=delivered,
                opened=opened,
                clicked=clicked,
                not_sent=int(not_sent or 0),
                replies=replies.get(step, 0),
            )
            for step, channel, count, sent, delivered, opened, clicked, not_sent in await read(
                self._session, wanted
            )
        ]

    async def _replies(self, campaign_id: int) -> dict[str, int]:
        wanted = (
            select(col(Message.step), func.count())
            .join(MessageReply, col(MessageReply.message_id) == col(Message.id))
            .where(col(Message.campaign_id) == campaign_id)
            .group_by(col(Message.step))
        )
        found: dict[str, int] = {}
        for step, count in await read(self._session, wanted):
            found[step] = count
        return found

    async def arms(self, campaign_id: int, share: float) -> tuple[Arm, Arm]:
        """The leads with messages and those that are held out, as they were assigned.

        A lead is contacted or converted whoever called: a message may well have the person call.
        """
        out = is_held_out(campaign_id, col(CampaignLead.lead_id), share)
        leads = (
            select(out, func.count())
            .where(col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.reason) != DUPLICATE)
            .group_by(out)
        )
        assigned = {bool(held): count for held, count in await read(self._session, leads)}

        lead_id = col(Attempt.lead_id)
        out = is_held_out(campaign_id, lead_id, share)
        called = (
            select(
                out,
                func.count(distinct(case((placed_by_us(), lead_id)))),
                func.count(distinct(case((was_said(Flag.CUSTOMER_CONTACT), lead_id)))),
                func.count(distinct(case((was_said(Flag.CONVERSION), lead_id)))),
            )
            .where(col(Attempt.campaign_id) == campaign_id)
            .group_by(out)
        )
        came_to = {bool(held): counts for held, *counts in await read(self._session, called)}
        with_messages, held_out = (
            Arm(assigned.get(held, 0), *came_to.get(held, (0, 0, 0))) for held in (False, True)
        )
        return with_messages, held_out


def is_held_out(campaign_id: int, lead_id: Any, share: float) -> ColumnElement[bool]:
    """`campaigns.core.message_effect.held_out` as an expression of the database."""
    number = cast(lead_id, BigInteger) % PRIME
    first = (number * HOLDOUT_MIX[0] + holdout_salt(campaign_id)) % PRIME
    second = (first * first + HOLDOUT_MIX[1]) % PRIME
    place: ColumnElement[int] = (second * second + first * HOLDOUT_MIX[2]) % PRIME
    return place < holdout_limit(share)
