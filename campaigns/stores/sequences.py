"""Leads as messages need them, how far their messages have come, and how calls wait for them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlmodel import col

from campaigns.core.message_states import OVER, MessageState
from campaigns.core.retry import WAITING_FOR_MESSAGE
from campaigns.core.sequence import BEFORE_FIRST_CALL, CLICKED, DELIVERED, OPENED, SENT
from campaigns.stores.shared import Session, in_state, read, write
from campaigns.stores.sort_keys import key_of_row
from campaigns.tables import Campaign, CampaignLead, CampaignList, CampaignLoad, Message, MessageLink
from leads.stores.bulk import among
from leads.stores.search import Chosen, SearchStore
from leads.stores.shared import chunks, insert_missing
from leads.tables import Lead, LeadImport, Phone

_FIELDS = (
    *("external_id", "first_name", "last_name", "email", "country", "region", "postal_code"),
    *("language", "owner", "not_before", "custom"),
)


@dataclass(frozen=True, slots=True)
class Number:
    """A phone of a lead."""

    phone_id: int
    e164: str
    kind: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """A lead with what a message to it needs; `numbers` begin with the one that is dialed next."""

    lead_id: int
    fields: Mapping[str, Any]
    custom: Mapping[str, str]
    not_before: datetime | None
    numbers: tuple[Number, ...] = ()
    held: bool = False
    """Whether its first call waits for messages that are not in line yet."""


@dataclass(frozen=True, slots=True)
class LoadToWarm:
    """A load of which some leads' messages before the first call may not be in line yet."""

    campaign_id: int
    import_id: int
    through: int


class SequenceStore:
    """What a campaign's sequence reads and writes of its leads."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def custom_names(self, campaign_id: int) -> list[str]:
        """The custom fields that leads of the campaign's lists have."""
        lists = select(col(CampaignList.list_id)).where(col(CampaignList.campaign_id) == campaign_id)
        return await SearchStore(self.session).custom_names(Chosen(col(Lead.list_id).in_(lists)))

    async def loads_to_warm(self, campaign_ids: Collection[int]) -> list[LoadToWarm]:
        """Of running campaigns with a sequence, the loads with leads beyond where they are warmed."""
        newest = (
            select(func.max(col(Lead.id)))
            .where(col(Lead.import_id) == col(CampaignLoad.import_id))
            .correlate(CampaignLoad)
            .scalar_subquery()
        )
        wanted = (
            select(
                col(CampaignLoad.campaign_id), col(CampaignLoad.import_id), col(CampaignLoad.warmed_through)
            )
            .join(Campaign, col(Campaign.id) == col(CampaignLoad.campaign_id))
            .join(LeadImport, col(LeadImport.id) == col(CampaignLoad.import_id))
            .where(
                col(CampaignLoad.campaign_id).in_(sorted(campaign_ids)),
                col(Campaign.state) == "running",
                col(Campaign.sequence).is_not(None),
                col(CampaignLoad.warmed_through) < newest,
            )
            .order_by(col(CampaignLoad.campaign_id), col(CampaignLoad.import_id))
        )
        return [LoadToWarm(*row) for row in await read(self.session, wanted)]

    async def next_of_load(self, campaign_id: int, import_id: int, most: int) -> tuple[list[Addressee], int]:
        """The next leads of a load that nobody has called, and through which lead that looks."""
        load = await self.session.get_one(
            CampaignLoad, (campaign_id, import_id), with_for_update=True, populate_existing=True
        )
        following = (
            select(col(Lead.id))
            .where(col(Lead.import_id) == import_id, col(Lead.id) > load.warmed_through)
            .order_by(col(Lead.id))
            .limit(most)
        )
        lead_ids = list((await read(self.session, following)).scalars())
        if not lead_ids:
            return [], load.warmed_through
        load.warmed_through = lead_ids[-1]
        await self.session.flush()
        return await self.addressees(campaign_id, lead_ids, uncalled=True), lead_ids[-1]

    async def addressees(
        self, campaign_id: int, lead_ids: Sequence[int], *, uncalled: bool = False
    ) -> list[Addressee]:
        """Those of the leads that the campaign has and that are not erased, by number.

        `uncalled`: only those that may yet be called, and never were.
        """
        wanted = (
            select(
                col(Lead.id),
                *(col(getattr(Lead, name)) for name in _FIELDS),
                col(CampaignLead.phone_id),
                _waits_for_message().label("held"),
            )
            .join(CampaignLead, col(CampaignLead.lead_id) == col(Lead.id))
            .where(
                col(CampaignLead.campaign_id) == campaign_id,
                among(self.session, col(Lead.id), lead_ids),
                col(Lead.erased_at).is_(None),
            )
            .order_by(col(Lead.id))
        )
        if uncalled:
            in_line = col(CampaignLead.state).in_(("ready", "waiting", "claimed"))
            wanted = wanted.where(in_line, col(CampaignLead.attempts) == 0)
        rows = (await read(self.session, wanted)).all()
        numbers = await self._numbers([row.id for row in rows])
        return [
            Addressee(
                lead_id=row.id,
                fields={name: getattr(row, name) for name in _FIELDS}
                | {"phone": _first(numbers.get(row.id, []), row.phone_id)},
                custom=row.custom,
                not_before=row.not_before,
                numbers=tuple(
                    sorted(numbers.get(row.id, []), key=lambda each: each.phone_id != row.phone_id)
                ),
                held=bool(row.held),
            )
            for row in rows
        ]

    async def _numbers(self, lead_ids: Sequence[int]) -> dict[int, list[Number]]:
        found: dict[int, list[Number]] = {}
        for chunk in chunks(lead_ids):
            wanted = (
                select(col(Phone.lead_id), col(Phone.id), col(Phone.e164), col(Phone.kind))
                .where(among(self.session, col(Phone.lead_id), chunk), col(Phone.e164) != "")
                .order_by(col(Phone.lead_id), col(Phone.position))
            )
            for lead_id, *number in await read(self.session, wanted):
                found.setdefault(lead_id, []).append(Number(*number))
        return found

    async def reached(self, campaign_id: int, lead_id: int, steps: Collection[str]) -> dict[str, str]:
        """How far the newest message of each of these steps has come; one that was never sent is left out."""
        wanted = (
            select(Message)
            .where(
                col(Message.lead_id) == lead_id,
                col(Message.campaign_id) == campaign_id,
                col(Message.step).in_(sorted(steps)),
            )
            .order_by(col(Message.id))
        )
        found = {each.step: reached_by(each) for each in (await read(self.session, wanted)).scalars()}
        return {step: reached for step, reached in found.items() if reached}

    async def add_links(self, links: Mapping[str, Sequence[str]]) -> None:
        """Note where the links of messages lead, by token; not of those that were not new."""
        tokens = [token for token, urls in links.items() if urls]
        for chunk in chunks(tokens):
            wanted = select(col(Message.id), col(Message.token)).where(
                among(self.session, col(Message.token), chunk)
            )
            rows = [
                {"message_id": message_id, "number": number, "url": url}
                for message_id, token in await read(self.session, wanted)
                for number, url in enumerate(links[token], 1)
            ]
            for part in chunks(rows):
                await insert_missing(self.session, MessageLink, part)

    async def hold(self, campaign_id: int, until: Mapping[int, datetime]) -> None:
        """Have the first calls of leads whose messages are in line now wait until then, by lead."""
        rows = [{"of_lead": lead_id, "until": at} for lead_id, at in until.items()]
        held = (
            update(CampaignLead)
            .where(
                col(CampaignLead.campaign_id) == campaign_id,
                col(CampaignLead.lead_id) == bindparam("of_lead"),
                _waits_for_message(),
            )
            .values(due_at=bindparam("until"))
        )
        if rows:
            connection = await self.session.connection()
            await connection.execute(held, rows)

    async def release(self, campaign_id: int, lead_id: int, at: datetime) -> None:
        """Have a lead's first call wait no longer than until then."""
        await write(
            self.session,
            update(CampaignLead)
            .where(
                col(CampaignLead.campaign_id) == campaign_id,
                col(CampaignLead.lead_id) == lead_id,
                _waits_for_message(),
                col(CampaignLead.due_at) > at,
            )
            .values(due_at=at),
        )

    async def warm(self, campaign: Campaign, lead_id: int, warmth: int) -> None:
        """Put a lead before the ones that are less warm, where it stands or will stand."""
        await write(
            self.session,
            update(CampaignLead)
            .where(
                col(CampaignLead.campaign_id) == campaign.id,
                col(CampaignLead.lead_id) == lead_id,
                col(CampaignLead.warmth) < warmth,
            )
            .values(warmth=warmth, sort_key=key_of_row(self.session, campaign, warmth)),
        )

    async def before_first_call(self, campaign_id: int, lead_id: int) -> Sequence[Message]:
        """The lead's messages before its first call."""
        wanted = select(Message).where(
            col(Message.lead_id) == lead_id,
            col(Message.campaign_id) == campaign_id,
            col(Message.cause) == BEFORE_FIRST_CALL,
        )
        return (await read(self.session, wanted)).scalars().all()

    async def cancel(
        self, campaign_id: int, lead_id: int, cause: str, reason: str, steps: Collection[str] | None = None
    ) -> int:
        """Has what waits to be sent to a lead for a cause not be sent, of these steps or all; how many."""
        canceled = update(Message).where(
            col(Message.lead_id) == lead_id,
            col(Message.campaign_id) == campaign_id,
            col(Message.cause) == cause,
            col(Message.state) == MessageState.WAITING.value,
        )
        if steps is not None:
            canceled = canceled.where(col(Message.step).in_(sorted(steps)))
        values = {"state": MessageState.CANCELED.value, "reason": reason}
        return (await write(self.session, canceled.values(values))).rowcount


def reached_by(message: Message) -> str:
    """How far a message has come: clicked, opened, delivered, sent, or empty."""
    for reached, at in (
        (CLICKED, message.clicked_at),
        (OPENED, message.opened_at),
        (DELIVERED, message.delivered_at),
    ):
        if at is not None:
            return reached
    return SENT if message.sent_at is not None else ""


def is_over(message: Message) -> bool:
    """Whether nothing more is to be waited for: it was delivered, or it never will be."""
    return message.delivered_at is not None or message.state in OVER


def _waits_for_message() -> ColumnElement[bool]:
    """Also of a lead that somebody has chosen meanwhile: it waits on where they let it go."""
    waits = or_(in_state("waiting"), in_state("claimed"))
    return and_(waits, col(CampaignLead.reason) == WAITING_FOR_MESSAGE)


def _first(numbers: Sequence[Number], phone_id: int) -> str:
    return next((each.e164 for each in numbers if each.phone_id == phone_id), "")
