"""Has leads asked about again whose refusal may have lost its reason; some leads at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, true, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from campaigns.core.quotas import QUOTA_FULL
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.refreshing import RefreshStore
from campaigns.stores.shared import Session, in_state, read, write
from campaigns.tables import Campaign, CampaignLead
from leads.core.consent import CALLS
from leads.tables import Consent, Phone, UtcDateTime

STEP = 5_000
"""Leads, or consents, that one step looks at, at most."""

CONSENT_GIVEN = "consent_given"
RULES_CHANGED = "rules_changed"
"""Why leads are in line again that were final."""

_FOR_CONSENT = ("consent_missing", "consent_withdrawn")
_FINAL_BY_RULES = (*_FOR_CONSENT, "never_callable", QUOTA_FULL)
_OF_ONE_PHONE = ("on_dnc_list", "blocked_under_another_caller_id", "zone_unknown")
"""What ends a lead at one of its phones, while what refused it at another may pass."""
_WAITING_BY_RULES = (
    "outside_callable_times",
    "closed_day",
    "too_many_attempts",
    "rest_after_abandoned",
    "rest_after_machine",
    "rest_after_conversation",
    "rest_after_refusal",
)

_SURELY_COMMITTED = timedelta(minutes=1)
"""Numbers are given before they are committed: after one that is younger, a lower number may come."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Through which number was looked, how many leads go on, and whether that was all.

    `young` are numbers after `through` that were looked at as well.
    """

    through: int
    leads: int
    last: bool
    young: frozenset[int] = frozenset()


class AskAgainStore:
    """Leads that compliance refused."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def campaigns(self, campaign_ids: Collection[int]) -> Sequence[Campaign]:
        """These campaigns, by number."""
        wanted = select(Campaign).where(col(Campaign.id).in_(sorted(campaign_ids))).order_by(col(Campaign.id))
        return (await read(self.session, wanted)).scalars().all()

    async def newest_consent(self) -> int:
        """The number of the newest consent of any client; 0 if there is none."""
        newest = select(func.max(col(Consent.id)))
        return int((await read(self.session, newest)).scalar_one() or 0)

    async def by_rules(self, campaign_id: int, after: int, now: datetime) -> Asked:
        """Has leads that follow number `after` asked again where the rules refused them."""
        campaign = await CampaignStore(self.session).lock(campaign_id)
        following = select(col(CampaignLead.lead_id)).where(
            col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id) > after
        )
        chunk = following.order_by(col(CampaignLead.lead_id)).limit(STEP).subquery()
        end = select(func.max(chunk.c.lead_id), func.count()).select_from(chunk)
        through, count = (await read(self.session, end)).one()
        if not count:
            return Asked(after, 0, last=True)
        # Rules that come back before all leads were asked under those between are not the same as before.
        campaign.asked_under = ""
        mine = and_(
            col(CampaignLead.campaign_id) == campaign_id,
            col(CampaignLead.lead_id).between(after + 1, through),
        )
        put_off = and_(in_state("waiting"), col(CampaignLead.reason).in_(_WAITING_BY_RULES))
        later = col(CampaignLead.due_at) > literal(now, UtcDateTime())
        due_now = update(CampaignLead).where(mine, put_off, later)
        waiting = await write(self.session, due_now.values(due_at=now))
        ended = await self._ended(campaign, mine, _FINAL_BY_RULES)
        opened = await RefreshStore(self.session).reopen(campaign, ended, now, RULES_CHANGED)
        return Asked(through, waiting.rowcount + opened, last=count < STEP)

    async def by_consents(self, campaign_id: int, after: int, known: frozenset[int], now: datetime) -> Asked:
        """Has leads asked again that lacked a consent, and got one that follows number `after`.

        `through` stays before consents of the last minute: one with a lower number may come yet. Those that
        are `known` were looked at before; each is once more when it is passed, for leads that were just
        being refused then.
        """
        campaign = await CampaignStore(self.session).lock(campaign_id)
        # All clients', so that a campaign whose client has no new ones is soon through.
        following = select(col(Consent.id), col(Consent.recorded_at)).where(col(Consent.id) > after)
        new = (await read(self.session, following.order_by(col(Consent.id)).limit(STEP))).all()
        if not new:
            return Asked(after, 0, last=True)
        settled = list(takewhile(lambda row: row.recorded_at <= now - _SURELY_COMMITTED, new))
        young = frozenset(row.id for row in new[len(settled) :])
        seen = sorted(young & known)
        unknown = col(Consent.id).not_in(seen) if seen else true()
        with_consent = (
            select(col(Phone.lead_id))
            .join(Consent, col(Consent.e164) == col(Phone.e164))
            .where(
                col(Consent.client_id) == campaign.client_id,
                col(Consent.channel).in_(CALLS),
                col(Consent.id).between(after + 1, new[-1].id),
                unknown,
            )
        )
        mine = and_(col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id).in_(with_consent))
        ended = await self._ended(campaign, mine, _FOR_CONSENT)
        opened = await RefreshStore(self.session).reopen(campaign, ended, now, CONSENT_GIVEN)
        through = settled[-1].id if settled else after
        return Asked(through, opened, bool(young) or len(new) < STEP, young)

    async def _ended(
        self, campaign: Campaign, mine: ColumnElement[bool], reasons: Sequence[str]
    ) -> Sequence[int]:
        """The leads that are final for one of these reasons, and have attempts left; locked."""
        other = aliased(Phone)
        has_another = exists().where(
            col(other.lead_id) == col(CampaignLead.lead_id), col(other.id) != col(CampaignLead.phone_id)
        )
        wanted = select(col(CampaignLead.lead_id)).where(
            mine,
            in_state("final"),
            or_(
                col(CampaignLead.reason).in_(reasons),
                and_(col(CampaignLead.reason).in_(_OF_ONE_PHONE), has_another),
            ),
            col(CampaignLead.attempts) < campaign.max_attempts_per_lead,
        )
        lock = wanted.order_by(col(CampaignLead.lead_id)).with_for_update(key_share=True)
        return (await read(self.session, lock)).scalars().all()
