"""A campaign's leads in the database: in line, waiting, claimed, called, final.

A lead that is `ready` stands in the queue of its list and its next phone's zone group, by its sort key.
`waiting` leads are put in line when they are due. A claim looks only at queues whose zones are open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, case, func, or_, select, union_all, update
from sqlmodel import col

from campaigns.core.attempt import AWAITING_DISPOSITION, ClaimedLead, EndedAttempt
from campaigns.core.callback import CALLBACK
from campaigns.core.calling_window import CallableTimes
from campaigns.core.campaign import Progress
from campaigns.core.compliance import Deny
from campaigns.core.progress import LeadGroup, progress_of
from campaigns.core.retry import NEXT_PHONE, Final, RetryAt
from campaigns.core.selection import LeadPhone, Queue, open_queues
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.claiming import take_first, take_mixed
from campaigns.stores.doubles import DUPLICATE
from campaigns.stores.filling import FillStore
from campaigns.stores.persons import ERASED
from campaigns.stores.promised import PromisedStore, among, nobody_has_it
from campaigns.stores.shared import (
    UNSYNCHRONIZED,
    Session,
    awaits_callback,
    callback_is_open,
    in_state,
    read,
    write,
)
from campaigns.stores.sort_keys import key_of_row
from campaigns.tables import Callback, Campaign, CampaignLead, CampaignList, CampaignQueue
from leads.tables import Lead, Phone, ZoneGroup

_PUT_IN_LINE = 100
"""How many more leads than it asks for a claim puts back in line, at most."""


class QueueStore:
    """The line of a campaign's leads."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def claim(self, campaign: Campaign, n: int, now: datetime, claim_s: float) -> list[ClaimedLead]:
        """Take up to `n` leads whose zones are open, the first in line, from everybody else for `claim_s` s.

        Those to whom a call is promised and due come before all others. Where the campaign's lists have
        weights, each list gives its share of the rest, and what it cannot give comes from the others.
        """
        await self._put_in_line(campaign, now, n + _PUT_IN_LINE)
        queues = await self.queues(campaign.id)
        times = CallableTimes.parse(campaign.callable_times)
        opened = open_queues(campaign.lead_order, queues, times, now)
        until = now + timedelta(seconds=claim_s)
        promised = await PromisedStore(self.session).take_due(campaign.id, n, now, until)
        n -= len(promised)
        weights = {queue.list_id: queue.weight for queue in queues}
        if any(weights.values()):
            lead_ids = await take_mixed(self.session, campaign.id, opened, weights, n, until)
        else:
            lead_ids = await take_first(self.session, campaign.id, opened, n, until)
        return await self._claimed(campaign.id, [*promised, *lead_ids])

    async def claim_callback(
        self, campaign_id: int, lead_id: int, now: datetime, claim_s: float
    ) -> list[ClaimedLead]:
        """Take a lead to whom a call is promised, also before anyone may; nothing where another has it."""
        until = now + timedelta(seconds=claim_s)
        taken = await PromisedStore(self.session).take(campaign_id, lead_id, now, until)
        return await self._claimed(campaign_id, taken)

    async def claim_chosen(
        self, campaign_id: int, lead_id: int, phone: LeadPhone, now: datetime, claim_s: float
    ) -> list[ClaimedLead]:
        """Take a lead that somebody has chosen, at one of its phones, also before it is due; nothing where
        another has it, or it is done with."""
        until = now + timedelta(seconds=claim_s)
        place = {
            "phone_id": phone.phone_id,
            "queue_id": await FillStore(self.session).queue_of(campaign_id, phone),
        }
        taken = (
            update(CampaignLead)
            .where(col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id) == lead_id)
            .where(or_(in_state("ready"), nobody_has_it(now)))
            .values(state="claimed", claimed_until=until, **place)
            .returning(col(CampaignLead.lead_id))
        )
        rows = await write(self.session, taken)
        return await self._claimed(campaign_id, [row.lead_id for row in rows])

    async def redirect(self, campaign_id: int, claim: ClaimedLead, phone: LeadPhone) -> list[ClaimedLead]:
        """Have a claimed lead dialed at another of its phones; nothing where the claim is no longer ours."""
        place = {
            "phone_id": phone.phone_id,
            "queue_id": await FillStore(self.session).queue_of(campaign_id, phone),
        }
        (claimed,) = _claimed_rows(campaign_id, [claim])
        moved = (await write(self.session, claimed.values(place))).rowcount == 1
        return await self._claimed(campaign_id, [claim.lead_id] if moved else [])

    async def with_number(self, campaign_id: int, e164: str) -> tuple[int, int] | None:
        """The lead, and its phone, that the campaign has at a number; one that it is done with comes last."""
        done = case((in_state("final"), 1), else_=0)
        wanted = (
            select(col(CampaignLead.lead_id), col(Phone.id))
            .join(Phone, col(Phone.lead_id) == col(CampaignLead.lead_id))
            .where(col(CampaignLead.campaign_id) == campaign_id, col(Phone.e164) == e164)
            .order_by(done, col(CampaignLead.lead_id))
            .limit(1)
        )
        row = (await read(self.session, wanted)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def queues(self, campaign_id: int) -> list[Queue]:
        """The campaign's queues, with their lists' weights."""
        wanted = (
            select(
                col(CampaignQueue.id),
                col(CampaignQueue.list_id),
                func.coalesce(col(CampaignList.weight), 0),
                col(ZoneGroup.zones),
            )
            .join(ZoneGroup, col(ZoneGroup.id) == col(CampaignQueue.zone_group_id))
            # A lead that another campaign has handed over may be of a list that this one does not dial.
            .outerjoin(
                CampaignList,
                (col(CampaignList.campaign_id) == col(CampaignQueue.campaign_id))
                & (col(CampaignList.list_id) == col(CampaignQueue.list_id)),
            )
            .where(col(CampaignQueue.campaign_id) == campaign_id)
        )
        rows = await read(self.session, wanted)
        return [Queue(number, list_id, weight, tuple(zones)) for number, list_id, weight, zones in rows]

    async def hold(self, campaign_id: int, claims: Sequence[ClaimedLead]) -> list[ClaimedLead]:
        """Lock claims to the end of the transaction; those that are still ours, in order, as they are now."""
        held: set[int] = set()
        for claimed in _claimed_rows(campaign_id, claims):
            locked = claimed.values(claimed_until=CampaignLead.claimed_until).returning(
                col(CampaignLead.lead_id)
            )
            held |= {row.lead_id for row in await write(self.session, locked)}
        return await self._claimed(campaign_id, [each.lead_id for each in claims if each.lead_id in held])

    async def release(self, campaign: Campaign, claims: Sequence[ClaimedLead]) -> None:
        """Give claims back to the line; those that are no longer ours are left alone."""
        key = key_of_row(self.session, campaign)
        for claimed in _claimed_rows(campaign.id, claims):
            back = {"state": _in_line_again(), "claimed_until": None, "sort_key": key}
            await write(self.session, claimed.values(back))

    async def keep(self, campaign_id: int, claim: ClaimedLead, until: datetime) -> bool:
        """Make a claim last until then; False where it is no longer ours."""
        (claimed,) = _claimed_rows(campaign_id, [claim])
        return (await write(self.session, claimed.values(claimed_until=until))).rowcount == 1

    async def put_off(self, campaign_id: int, claim: ClaimedLead, decision: RetryAt | Final) -> bool:
        """Write what becomes of a claimed lead that is not called now; False where it is no longer ours."""
        values: dict[str, Any] = {"state": "final", "reason": decision.reason, "claimed_until": None}
        if isinstance(decision, RetryAt):
            kept = case((awaits_callback(), CALLBACK), else_=decision.reason)
            values |= {"state": "waiting", "due_at": decision.at, "reason": kept}
        (claimed,) = _claimed_rows(campaign_id, [claim])
        return (await write(self.session, claimed.values(values))).rowcount == 1

    async def deny(self, campaign_id: int, denials: Sequence[tuple[ClaimedLead, Deny]]) -> None:
        """Write what was denied: for good, until the next time, or (no time known) in line as before."""
        rows = []
        for lead, denial in denials:
            state = "final" if denial.final else "waiting" if denial.next_time else "ready"
            rows.append(
                {"campaign_id": campaign_id, "lead_id": lead.lead_id, "state": state}
                | {"due_at": denial.next_time or denial.at, "reason": denial.code}
                | {"denial": denial.to_json(), "claimed_until": None}
            )
        await self._write_rows(rows)

    async def give_way(
        self,
        campaign_id: int,
        moves: Sequence[tuple[ClaimedLead, LeadPhone]],
        denials: Mapping[int, Deny],
    ) -> None:
        """Put claimed leads back in line with another phone to be dialed; `denials` by lead say why."""
        rows = []
        for lead, phone in moves:
            queue_id = await FillStore(self.session).queue_of(campaign_id, phone)
            owed = lead.callback_id is not None
            place = (
                {"state": "waiting", "reason": CALLBACK} if owed else {"state": "ready", "reason": NEXT_PHONE}
            )
            rows.append(
                {"campaign_id": campaign_id, "lead_id": lead.lead_id, **place}
                | {"phone_id": phone.phone_id, "queue_id": queue_id, "claimed_until": None}
                | {"denial": denials[lead.lead_id].to_json()}
            )
        await self._write_rows(rows)

    async def settle(
        self,
        campaign: Campaign,
        ended: EndedAttempt,
        decision: RetryAt | Final,
        phone: LeadPhone | None,
        now: datetime,
    ) -> bool:
        """Write what becomes of a lead after an attempt, and the phone to be dialed next (None: as it was).

        False if the lead has had a later attempt since, or is no longer one that is called at all.
        """
        values: dict[str, Any] = {"state": "final", "reason": decision.reason, "claimed_until": None}
        if isinstance(decision, RetryAt):
            state = "waiting" if decision.at > now or decision.reason == CALLBACK else "ready"
            values |= {"state": state, "due_at": decision.at, "sort_key": key_of_row(self.session, campaign)}
        if phone is not None:
            queue_id = await FillStore(self.session).queue_of(campaign.id, phone)
            values |= {"phone_id": phone.phone_id, "queue_id": queue_id}
        callable_at_all = or_(
            col(CampaignLead.state) != "final", col(CampaignLead.reason).not_in((DUPLICATE, ERASED))
        )
        mine = _lead_after(ended).where(callable_at_all)
        return (await write(self.session, mine.values(values))).rowcount == 1

    async def attempts_so_far(self, campaign_id: int, lead_id: int) -> int | None:
        """How often the campaign has called a lead; None for one that it does not have."""
        row = await self.session.get(CampaignLead, (campaign_id, lead_id), populate_existing=True)
        return None if row is None else row.attempts

    async def settle_after_talk(self, campaign_id: int, lead_id: int, decision: RetryAt | Final) -> None:
        """Write what becomes of a lead that has called us; one that is being called is left to that call.

        What is final stays so, and no lead is due sooner than it was.
        """
        values: dict[str, Any] = {"state": "final", "reason": decision.reason, "claimed_until": None}
        movable: ColumnElement[bool] = col(CampaignLead.state).in_(("ready", "waiting", "claimed"))
        if isinstance(decision, RetryAt):
            values |= {"state": "waiting", "due_at": decision.at}
            movable = and_(movable, or_(in_state("ready"), col(CampaignLead.due_at) < decision.at))
        mine = update(CampaignLead).where(
            col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id) == lead_id
        )
        await write(self.session, mine.where(movable).values(values))

    async def call_again(self, campaign: Campaign, lead_id: int, done: str, decision: RetryAt) -> bool:
        """Have a lead called again with which the campaign was done for the reason `done`; whether it was."""
        values: dict[str, Any] = {"state": "waiting", "reason": decision.reason, "due_at": decision.at}
        values["sort_key"] = key_of_row(self.session, campaign)
        mine = update(CampaignLead).where(
            col(CampaignLead.campaign_id) == campaign.id,
            col(CampaignLead.lead_id) == lead_id,
            in_state("final"),
            col(CampaignLead.reason) == done,
        )
        return (await write(self.session, mine.values(values))).rowcount == 1

    async def await_disposition(self, ended: EndedAttempt) -> None:
        """Keep a lead off the line until its agent has said what the call came to."""
        await write(self.session, _lead_after(ended).values(reason=AWAITING_DISPOSITION))

    async def progress(self, campaign_id: int, now: datetime) -> Progress:
        """Where the campaign's leads are."""
        campaign = await self._campaign(campaign_id)
        due = func.sum(case((col(CampaignLead.due_at) <= now, 1), else_=0))
        group = col(CampaignLead.queue_id), col(CampaignLead.state)
        wanted = (
            select(*group, func.count(), due, func.min(col(CampaignLead.due_at)))
            .where(col(CampaignLead.campaign_id) == campaign_id)
            .group_by(*group)
        )
        groups = [LeadGroup(*row) for row in await read(self.session, wanted)]
        times = CallableTimes.parse(campaign.callable_times)
        return progress_of(groups, await self.queues(campaign_id), times, now)

    async def _campaign(self, campaign_id: int) -> Campaign:
        return await CampaignStore(self.session).get(campaign_id)

    async def _put_in_line(self, campaign: Campaign, now: datetime, n: int) -> None:
        """Put up to `n` leads whose claim has expired, and up to `n` that are due, back in line."""
        mine = col(CampaignLead.campaign_id) == campaign.id
        expired = (
            select(col(CampaignLead.lead_id))
            .where(mine, in_state("claimed"), col(CampaignLead.claimed_until) <= now)
            .order_by(col(CampaignLead.claimed_until))
            .limit(n)
            .with_for_update(skip_locked=True)
            .cte("expired")
        )
        due = (
            select(col(CampaignLead.lead_id))
            .where(mine, in_state("waiting"), ~awaits_callback(), col(CampaignLead.due_at) <= now)
            .order_by(col(CampaignLead.due_at), col(CampaignLead.lead_id))
            .limit(n)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        back = union_all(select(expired.c.lead_id), select(due.c.lead_id))
        key = key_of_row(self.session, campaign)
        await write(
            self.session,
            update(CampaignLead)
            .where(mine, among(self.session, back))
            .values(state=_in_line_again(), claimed_until=None, sort_key=key),
        )

    async def _claimed(self, campaign_id: int, lead_ids: Sequence[int]) -> list[ClaimedLead]:
        """The claims with what a call needs, in the order of the leads."""
        wanted = (
            select(
                col(CampaignLead.lead_id),
                col(CampaignLead.claimed_until),
                col(CampaignLead.attempts),
                col(Lead.not_before),
                col(Lead.best_time),
                col(Lead.list_id),
                col(CampaignLead.phone_id),
                col(Phone.e164),
                col(ZoneGroup.zones),
                col(Lead.first_name),
                col(Lead.last_name),
                col(Phone.region).label("phone_region"),
                col(Lead.country),
                col(Lead.region),
                col(Lead.timezone),
                col(Lead.language),
                col(Callback.id).label("callback_id"),
            )
            .select_from(CampaignLead)
            .join(Lead, col(Lead.id) == col(CampaignLead.lead_id))
            .join(Phone, col(Phone.id) == col(CampaignLead.phone_id))
            .join(ZoneGroup, col(ZoneGroup.id) == col(Phone.zone_group_id))
            .outerjoin(
                Callback,
                and_(
                    col(Callback.campaign_id) == campaign_id,
                    col(Callback.lead_id) == col(CampaignLead.lead_id),
                    callback_is_open(),
                ),
            )
            .where(col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id).in_(lead_ids))
        )
        rows = await read(self.session, wanted) if lead_ids else ()
        claims = {row.lead_id: _claimed_lead(row) for row in rows}
        return [claims[lead_id] for lead_id in lead_ids]

    async def _write_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            await self.session.exec(update(CampaignLead), params=rows, execution_options=UNSYNCHRONIZED)


def _in_line_again() -> Any:
    """The state of a lead whose claim has ended: one to whom a call is promised stands in no line, and one
    that was claimed before it was due waits on."""
    not_due = col(CampaignLead.due_at) > col(CampaignLead.claimed_until)
    return case((awaits_callback(), "waiting"), (not_due, "waiting"), else_="ready")


def _claimed_lead(row: Any) -> ClaimedLead:
    known = {each.name: getattr(row, each.name) for each in fields(ClaimedLead)}
    return ClaimedLead(**known | {"zones": tuple(row.zones)})


def _claimed_rows(campaign_id: int, claims: Iterable[ClaimedLead]) -> list[Update]:
    """Updates of the claims that are still ours; those that end at one time are one update."""
    by_end: dict[datetime, list[int]] = {}
    for claim in claims:
        by_end.setdefault(claim.claimed_until, []).append(claim.lead_id)
    return [
        update(CampaignLead).where(
            col(CampaignLead.campaign_id) == campaign_id,
            col(CampaignLead.lead_id).in_(sorted(lead_ids)),
            in_state("claimed"),
            col(CampaignLead.claimed_until) == until,
        )
        for until, lead_ids in by_end.items()
    ]


def _lead_after(ended: EndedAttempt) -> Update:
    """An update of the attempt's lead, unless it has had a later attempt."""
    return update(CampaignLead).where(
        col(CampaignLead.campaign_id) == ended.campaign_id,
        col(CampaignLead.lead_id) == ended.lead_id,
        col(CampaignLead.attempts) == ended.number,
    )
