"""Explains why a number is or is not called, and what a campaign's leads wait for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from campaigns import history
from campaigns.checks import checked_instant
from campaigns.compliance.permits import CLOCKS_DIFFER_BY, Permits
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import ClaimedLead
from campaigns.core.calling_window import CallableTimes
from campaigns.core.explanation import RuleAnswer, Standing, ZoneTime, judge, standing_sentence, zone_times
from campaigns.core.waiting import WaitingFor, sort_out
from campaigns.history import Event, OwedCallback
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.corrections import CorrectionStore
from campaigns.stores.explain import DncHit, ExplainStore, FoundLead, QueuePlace, as_if_claimed
from campaigns.stores.sales import SaleStore
from campaigns.stores.shared import Session, Sessions
from campaigns.stores.skips import SkipStore
from campaigns.tables import Callback, Campaign, CampaignLead
from leads.stores.consents import ConsentStore, Person
from leads.stores.dnc import DncStore
from leads.tables import Consent, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFacts:
    """One of the lead's phones; `suppressed` says why it may not be called here, None if it may."""

    phone: str
    label: str
    next: bool
    """Whether it is the one to be dialed next."""
    zones: list[str]
    suppressed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFacts:
    """A consent of the number's to the campaign's client."""

    channel: str
    basis: str
    source: str
    given_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFacts:
    """Why a campaign does or does not call the number of one lead."""

    campaign_id: int
    campaign: str
    campaign_state: str
    client: str
    lead_list: str
    lead_id: int
    callable_now: bool
    sentence: str
    rules: list[RuleAnswer]
    next_callable_at: datetime | None
    caller_id: str
    """The number that a call at `at` would show; empty where none is free."""
    state: str
    """Of the lead in the campaign; empty where it was not taken up."""
    reason: str
    due_at: datetime | None
    callback: OwedCallback | None
    """The call that is promised to it; null where none is."""
    queue: QueuePlace | None
    """Where it stands in line; null where it does not."""
    zones: list[ZoneTime]
    phones: list[PhoneFacts]
    consents: list[ConsentFacts]
    history: list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFacts:
    """A lead that has the number."""

    lead_id: int
    client: str
    lead_list: str
    erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one number at one instant."""

    phone: str
    at: datetime
    sentence: str
    leads: list[LeadFacts]
    campaigns: list[CampaignFacts]
    dnc: list[DncHit]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWhy:
    """What all leads of a campaign's lists wait for; the lines' sum is `leads`."""

    campaign_id: int
    name: str
    state: str
    at: datetime
    sentence: str
    leads: int
    waiting_for: list[WaitingFor]


async def explain(
    sessions: Sessions, rules: Rulebook, e164: str, campaign_id: int | None, at: datetime
) -> Explanation:
    """Why a number is or is not called at `at`, by one campaign or by all.

    Raises CampaignNotFoundError and InvalidInputError.
    """
    at = checked_instant(at)
    async with sessions() as session:
        named = await CampaignStore(session).get(campaign_id) if campaign_id is not None else None
        store = ExplainStore(session)
        found = await store.leads_with(e164)
        pairs = [
            (campaign, each)
            for campaign, lead_id in await store.campaigns_of({each.lead.id for each in found})
            for each in found
            if each.lead.id == lead_id and named in (None, campaign)
        ]
        dnc = await store.dnc_entries(e164)
        facts = [
            await _Explainer(session, rules, campaign, each, e164, at).facts(dnc) for campaign, each in pairs
        ]
    return Explanation(
        phone=e164,
        at=at.astimezone(UTC),
        sentence=_summary(found, facts, dnc, named),
        leads=[
            LeadFacts(
                lead_id=each.lead.id,
                client=each.client,
                lead_list=each.list_name,
                erased=each.lead.erased_at is not None,
            )
            for each in found
        ],
        campaigns=facts,
        dnc=dnc,
    )


async def why(sessions: Sessions, campaign_id: int, now: datetime) -> CampaignWhy:
    """What the leads of a campaign's lists wait for. Raises CampaignNotFoundError.

    It reads what the campaign has written down of each lead, the campaign's own hours and the do-not-call
    lists: a lead that a law forbids to call now counts as such from its next turn on.
    """
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
        groups = await ExplainStore(session).leads_alike(campaign, now)
    lines = sort_out(groups, CallableTimes.parse(campaign.callable_times), now.astimezone(UTC))
    dialing = "It dials." if campaign.state == "running" else "Nothing is dialed until it is running."
    return CampaignWhy(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        at=now,
        sentence=f"The campaign is {campaign.state}. {dialing}",
        leads=sum(line.leads for line in lines),
        waiting_for=lines,
    )


class _Explainer:
    """Gathers what there is to say of one lead in one campaign."""

    def __init__(
        self,
        session: Session,
        rules: Rulebook,
        campaign: Campaign,
        found: FoundLead,
        e164: str,
        at: datetime,
    ) -> None:
        self._session = session
        self._permits = Permits(session, rules, campaign)
        self._store = ExplainStore(session)
        self._campaign = campaign
        self._found = found
        self._e164 = e164
        self._at = at

    async def facts(self, dnc: Sequence[DncHit]) -> CampaignFacts:
        row = await self._store.standing(self._campaign.id, self._found.lead.id)
        phones = await self._store.phones(self._found.lead.id)
        suppressed = await DncStore(self._session).suppressed(
            [phone.e164 for phone, _ in phones if phone.e164], self._found.client_id, self._campaign.id
        )
        reasons = {e164: hit.sentence for e164, hit in suppressed.items()}
        next_id = row.phone_id if row else phones[0][0].id
        promised = await CallbackStore(self._session).of_lead(self._campaign.id, self._found.lead.id)
        owed = history.owed(promised)
        standing = self._standing(row, [phone for phone, _ in phones], next_id)
        lead = self._lead(row, phones)
        if owed is not None:
            standing = replace(standing, due_at=owed.due_at if owed.by_owner else standing.due_at)
            lead = replace(lead, callback_id=owed.id)
        ((_, snapshot),) = await self._permits.snapshots([lead], self._at, self._at + CLOCKS_DIFFER_BY)
        verdict = judge(snapshot, standing, self._at)
        consents = await ConsentStore(self._session).of(self._found.client_id, Person(e164=self._e164))
        return CampaignFacts(
            campaign_id=self._campaign.id,
            campaign=self._campaign.name,
            campaign_state=self._campaign.state,
            client=self._found.client,
            lead_list=self._found.list_name,
            lead_id=self._found.lead.id,
            callable_now=verdict.callable_now,
            sentence=verdict.sentence,
            rules=list(verdict.rules),
            next_callable_at=verdict.next_callable_at,
            caller_id="" if snapshot.facts.caller_id_held else snapshot.facts.caller_id,
            state=standing.state,
            reason=standing.reason,
            due_at=standing.due_at,
            callback=owed,
            queue=await self._store.place(row) if row else None,
            zones=list(zone_times(snapshot, self._at)),
            phones=[
                PhoneFacts(
                    phone=phone.e164,
                    label=phone.label,
                    next=phone.id == next_id,
                    zones=list(zones),
                    suppressed=reasons.get(phone.e164),
                )
                for phone, zones in phones
            ],
            consents=[_consent(each) for each in consents],
            history=await self._history(row, standing, dnc, consents, promised),
        )

    def _standing(self, row: CampaignLead | None, phones: Sequence[Phone], next_id: int) -> Standing:
        asked = next(number for number, phone in enumerate(phones, 1) if phone.e164 == self._e164)
        turn = next((number for number, phone in enumerate(phones, 1) if phone.id == next_id), asked)
        if row is None:
            return Standing(phone=asked, next_phone=turn, load_is_over=self._found.load.state != "running")
        return Standing(
            state=row.state,
            reason=row.reason,
            due_at=row.due_at,
            claimed_until=row.claimed_until,
            phone=asked,
            next_phone=turn,
        )

    def _lead(self, row: CampaignLead | None, phones: Sequence[tuple[Phone, tuple[str, ...]]]) -> ClaimedLead:
        """The lead at the number that is asked about, as if it had been claimed."""
        phone, zones = next(each for each in phones if each[0].e164 == self._e164)
        return as_if_claimed(self._found.lead, row, phone, zones, self._at)

    async def _history(
        self,
        row: CampaignLead | None,
        standing: Standing,
        dnc: Sequence[DncHit],
        consents: Sequence[Consent],
        promised: Sequence[tuple[Callback, str | None]],
    ) -> list[Event]:
        """All that happened to the lead here, in its order, and last where it stands now."""
        events = [history.loaded(self._found)]
        binding = {("everyone", 0), ("client", self._found.client_id), ("campaign", self._campaign.id)}
        events += [history.listed(hit) for hit in dnc if (hit.level, hit.owner_id) in binding]
        for consent in consents:
            events += history.consented(consent)
        calls = await self._store.attempts(self._campaign.id, self._found.lead.id)
        ids = [attempt.id for attempt, _ in calls]
        sales = await SaleStore(self._session).of(ids)
        for attempt, agent in calls:
            events += history.called(attempt, agent)
            events += history.sold(attempt, sales.get(attempt.id, ()))
        for change in await CorrectionStore(self._session).of(ids):
            events.append(history.corrected(change))
        for skip, agent in await SkipStore(self._session).of(self._campaign.id, self._found.lead.id):
            events.append(history.skipped(skip, agent))
        for callback, owner in promised:
            events += history.promised(callback, owner)
        if row is not None and row.denial:
            events += history.denied(row.denial)
        now = Event(at=self._at, what="now", sentence=standing_sentence(standing))
        return [*sorted(events, key=lambda event: event.at), now]


def _consent(consent: Consent) -> ConsentFacts:
    return ConsentFacts(
        channel=consent.channel,
        basis=consent.basis,
        source=consent.source,
        given_at=consent.given_at,
        withdrawn_at=consent.withdrawn_at,
    )


def _summary(
    found: Sequence[FoundLead],
    facts: Sequence[CampaignFacts],
    dnc: Sequence[DncHit],
    named: Campaign | None,
) -> str:
    listed = f" It is on {len(dnc)} do-not-call list(s)." if dnc else " It is on no do-not-call list."
    if not found:
        return f"No lead has this number.{listed}"
    if not facts and named is not None:
        return f"Campaign {named.name} dials no list that has this number.{listed}"
    if not facts:
        return f"{len(found)} lead(s) have this number, but no campaign dials their lists.{listed}"
    ready = sum(each.callable_now for each in facts)
    return f"{ready} of {len(facts)} campaign lead(s) with this number can be called now.{listed}"
