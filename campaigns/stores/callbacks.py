"""Callbacks in the database. Whoever changes one has locked its lead in the campaign before, so that nobody
waits in a circle; where the lead itself stands is the queue's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, update
from sqlalchemy import select as select_rows
from sqlmodel import col, select

from campaigns.core.callback import (
    OPEN,
    OWNERS,
    CallbackEvent,
    CallbackState,
    Timing,
    after,
    next_step,
)
from campaigns.errors import CallbackNotFoundError
from campaigns.stores.promised import nobody_has_it
from campaigns.stores.shared import Session, callback_is_open, read, write
from campaigns.tables import Agent, Callback, Campaign, CampaignLead
from leads.stores.shared import chunks
from leads.tables import Client, Lead


@dataclass(frozen=True, slots=True)
class CallbackFilter:
    """Which callbacks are wanted; None for any."""

    client_id: int | None = None
    campaign_id: int | None = None
    agent_id: int | None = None
    lead_id: int | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class DueCallback:
    """A callback whose time has come, and to whom it is offered first."""

    id: int
    campaign_id: int
    lead_id: int
    agent_id: int


@dataclass(frozen=True, slots=True)
class CallbackNews:
    """What an owner is to be told: a name of campaigns.core.callback.TOLD."""

    kind: str
    callback_id: int
    client_slug: str
    agent_id: int
    campaign_id: int
    lead_id: int
    due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A callback as its owner's calendar shows it."""

    callback: Callback
    campaign: str
    lead_name: str


class CallbackStore:
    """What was promised, and what became of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, callback: Callback, timing: Timing) -> Callback:
        """A new promise; see `set_time` for when it is looked at."""
        set_time(callback, timing)
        self._session.add(callback)
        await self._session.flush()
        return callback

    async def get(self, callback_id: int, *, lock: bool = False) -> Callback:
        """A callback as it is now. Raises CallbackNotFoundError."""
        found = await self._session.get(Callback, callback_id, populate_existing=True, with_for_update=lock)
        if found is None:
            raise CallbackNotFoundError(
                f"There is no callback {callback_id}; `dialer callbacks list` has them."
            )
        return found

    async def page(self, wanted: CallbackFilter, after_id: int, limit: int) -> Sequence[Callback]:
        """The `limit` callbacks that follow number `after_id`."""
        query = select(Callback).where(Callback.id > after_id).order_by(col(Callback.id)).limit(limit)
        for name in ("client_id", "campaign_id", "agent_id", "lead_id", "state"):
            if (value := getattr(wanted, name)) is not None:
                query = query.where(getattr(Callback, name) == value)
        return (await self._session.exec(query)).all()

    async def open_of(self, campaign_id: int, lead_id: int) -> Callback | None:
        """The call that is owed to a lead in a campaign."""
        wanted = select(Callback).where(
            Callback.campaign_id == campaign_id, Callback.lead_id == lead_id, callback_is_open()
        )
        return (await self._session.exec(wanted)).one_or_none()

    async def open_of_leads(
        self, lead_ids: Collection[int], client_id: int | None = None
    ) -> Sequence[Callback]:
        """Every call that is owed to these leads, in all campaigns, of one client or of all."""
        found: list[Callback] = []
        for chunk in chunks(sorted(lead_ids)):
            wanted = select(Callback).where(col(Callback.lead_id).in_(chunk), callback_is_open())
            if client_id is not None:
                wanted = wanted.where(Callback.client_id == client_id)
            found += (await self._session.exec(wanted)).all()
        return found

    async def of_leads(self, lead_ids: Collection[int]) -> list[Callback]:
        """Every callback of these leads, also those that are over, in order."""
        found: list[Callback] = []
        for chunk in chunks(sorted(lead_ids)):
            wanted = select(Callback).where(col(Callback.lead_id).in_(chunk))
            found += (await self._session.exec(wanted)).all()
        return sorted(found, key=lambda each: each.id)

    async def of_lead(self, campaign_id: int, lead_id: int) -> Sequence[tuple[Callback, str | None]]:
        """What was promised to a lead in a campaign, in order, each with its owner's name."""
        wanted = (
            select_rows(Callback, col(Agent.name))
            .outerjoin(Agent, col(Agent.id) == col(Callback.agent_id))
            .where(col(Callback.campaign_id) == campaign_id, col(Callback.lead_id) == lead_id)
            .order_by(col(Callback.id))
        )
        return [(callback, name) for callback, name in await read(self._session, wanted)]

    async def of_campaign(self, campaign_id: int) -> Sequence[Callback]:
        """Every call that a campaign owes."""
        wanted = select(Callback).where(Callback.campaign_id == campaign_id, callback_is_open())
        return (await self._session.exec(wanted)).all()

    async def placed_for(self, attempt_id: int) -> Callback | None:
        """The callback for which this call was placed."""
        wanted = select(Callback).where(Callback.done_attempt_id == attempt_id)
        return (await self._session.exec(wanted)).first()

    async def promised_in(self, attempt_id: int) -> bool:
        """Whether a call was promised in this one, and not taken back."""
        wanted = select(Callback.id).where(
            Callback.attempt_id == attempt_id, Callback.state != CallbackState.CANCELED.value
        )
        return (await self._session.exec(wanted)).first() is not None

    async def missed(self, campaign_ids: Collection[int]) -> dict[int, int]:
        """By campaign, how many callbacks were missed and are still owed; only campaigns that have any."""
        wanted = (
            select_rows(col(Callback.campaign_id), func.count())
            .where(col(Callback.campaign_id).in_(sorted(campaign_ids)))
            .where(col(Callback.state) == CallbackState.MISSED.value)
            .group_by(col(Callback.campaign_id))
        )
        return {row[0]: row[1] for row in await read(self._session, wanted)}

    # --- what time brings -----------------------------------------------------------------------

    async def due_for(self, agent_ids: Collection[int], now: datetime) -> list[DueCallback]:
        """The callbacks of these agents whose time has come, the longest due first."""
        leads = (col(CampaignLead.campaign_id) == col(Callback.campaign_id)) & (
            col(CampaignLead.lead_id) == col(Callback.lead_id)
        )
        wanted = (
            select_rows(
                col(Callback.id), col(Callback.campaign_id), col(Callback.lead_id), col(Callback.agent_id)
            )
            .join(CampaignLead, leads)
            .where(
                col(Callback.agent_id).in_(sorted(agent_ids)), col(Callback.due_at) <= now, callback_is_open()
            )
            .where(col(Callback.state).in_([state.value for state in OWNERS]))
            .where(nobody_has_it(now))
            .order_by(col(Callback.due_at), col(Callback.id))
        )
        return [DueCallback(*row) for row in await read(self._session, wanted)]

    async def to_look_at(self, now: datetime, limit: int) -> Sequence[int]:
        """The callbacks to which time brings something."""
        wanted = (
            select(Callback.id)
            .where(callback_is_open(), col(Callback.next_at) <= now)
            .order_by(col(Callback.next_at), col(Callback.id))
            .limit(limit)
        )
        return (await self._session.exec(wanted)).all()

    async def hold(self, callback_id: int) -> tuple[Callback, CampaignLead, Campaign] | None:
        """Lock an open callback with its lead; None where another has the lead just now, or it is over."""
        found = await self.get(callback_id)
        lead = (
            await self._session.exec(
                select(CampaignLead)
                .where(CampaignLead.campaign_id == found.campaign_id, CampaignLead.lead_id == found.lead_id)
                .with_for_update(skip_locked=True)
                .execution_options(populate_existing=True)
            )
        ).one_or_none()
        if lead is None:
            return None
        callback = await self.get(callback_id, lock=True)
        campaign = await self._session.get(Campaign, callback.campaign_id)
        if callback.state not in OPEN or campaign is None:
            return None
        return callback, lead, campaign

    # --- what owners are told -------------------------------------------------------------------

    async def any_untold(self) -> bool:
        """Whether there is anything that an owner has not been told."""
        wanted = select(Callback.id).where(col(Callback.untold) != literal_column("''")).limit(1)
        return (await self._session.exec(wanted)).first() is not None

    async def take_untold(self, limit: int) -> list[CallbackNews]:
        """What owners have not been told yet; it counts as told once the transaction is committed."""
        wanted = (
            select_rows(Callback, col(Client.slug))
            .join(Client, col(Client.id) == col(Callback.client_id))
            .where(col(Callback.untold) != literal_column("''"))
            .order_by(col(Callback.id))
            .limit(limit)
            .with_for_update(skip_locked=True, of=Callback)
        )
        rows = [(callback, slug) for callback, slug in await read(self._session, wanted)]
        told = [_told(callback, slug) for callback, slug in rows]
        ids = [callback.id for callback, _ in rows]
        if ids:
            await write(
                self._session, update(Callback).where(col(Callback.id).in_(ids)).values({"untold": ""})
            )
        return [each for each in told if each is not None]

    # --- calendars ------------------------------------------------------------------------------

    async def for_calendar(
        self, key: str, since: datetime, limit: int
    ) -> tuple[Agent, list[CalendarRow]] | None:
        """An agent by the key of their calendar, with their callbacks that are open or due since then."""
        agent = (await self._session.exec(select(Agent).where(Agent.calendar_key == key))).one_or_none()
        if agent is None:
            return None
        wanted = (
            select_rows(Callback, col(Campaign.name), col(Lead.first_name), col(Lead.last_name))
            .join(Campaign, col(Campaign.id) == col(Callback.campaign_id))
            .join(Lead, col(Lead.id) == col(Callback.lead_id))
            .where(col(Callback.agent_id) == agent.id, col(Callback.due_at) >= since)
            .order_by(col(Callback.id).desc())
            .limit(limit)
        )
        rows: list[CalendarRow] = []
        for callback, campaign, first, last in await read(self._session, wanted):
            rows.append(CalendarRow(callback, campaign, f"{first} {last}".strip()))
        return agent, rows[::-1]

    async def set_calendar_key(self, agent_id: int, key: str | None) -> None:
        """The agent's calendar is found by this key from now on, or not at all."""
        keyed = update(Agent).where(col(Agent.id) == agent_id).values(calendar_key=key)
        await write(self._session, keyed)

    async def erase(self, lead_ids: Collection[int]) -> None:
        """Leaves of callbacks when they were due and what became of them, but not what was noted."""
        for chunk in chunks(sorted(lead_ids)):
            await write(
                self._session, update(Callback).where(col(Callback.lead_id).in_(chunk)).values(notes="")
            )


def change(
    callback: Callback,
    event: CallbackEvent,
    timing: Timing,
    now: datetime,
    *,
    tell: str = "",
    reason: str = "",
    due_at: datetime | None = None,
) -> None:
    """Something happened to a callback, of which its owner is told by the name `tell`; it is due then.

    Raises CallbackStateError where the table does not know it.
    """
    callback.state = after(CallbackState(callback.state), event).value
    callback.due_at = due_at or callback.due_at
    callback.reason = reason
    callback.changed_at = now
    if tell and callback.agent_id is not None:
        callback.untold = tell
    if event in (CallbackEvent.MOVE, CallbackEvent.REOPEN, CallbackEvent.CANCEL):
        callback.sequence += 1
    set_time(callback, timing)


def set_time(callback: Callback, timing: Timing) -> None:
    """When it is looked at next, by its state and its time."""
    step = next_step(
        CallbackState(callback.state), callback.due_at, timing, owned=callback.agent_id is not None
    )
    callback.next_at = step[0] if step is not None else None


def _told(callback: Callback, slug: str) -> CallbackNews | None:
    if callback.agent_id is None:
        return None
    return CallbackNews(
        kind=callback.untold,
        callback_id=callback.id,
        client_slug=slug,
        agent_id=callback.agent_id,
        campaign_id=callback.campaign_id,
        lead_id=callback.lead_id,
        due_at=callback.due_at,
        reason=callback.reason,
    )
