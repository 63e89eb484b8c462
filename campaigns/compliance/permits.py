"""Asks compliance about leads of a campaign, with all that is known at this very moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import ClaimedLead
from campaigns.core.callback_time import as_promised
from campaigns.core.caller_ids import CallerIdPool, CallerNumber, callee_of
from campaigns.core.compliance import Allow, Deny, Snapshot, permit
from campaigns.core.facts import CallerIdHeld, Facts, PastAttempt
from campaigns.core.jurisdiction import place_of
from campaigns.core.policy import OwnRules, client_limits, own_calendar, own_limits
from campaigns.core.whereabouts import zones_of_lead
from campaigns.quota_counts import held_back
from campaigns.stores.caller_id_pool import CallerIdPoolStore
from campaigns.stores.campaigns import settings_of
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.compliance import ComplianceStore
from campaigns.stores.shared import Session
from campaigns.tables import Campaign
from leads.core.consent import CHANNELS_OF_A_PHONE, ConsentRecord, holding, withdrawn
from leads.stores.consents import ConsentStore, records_of
from leads.stores.dnc import DncStore
from leads.tables import Consent

CLOCKS_DIFFER_BY = timedelta(minutes=1)
"""What is later by more than this had not happened yet, where a past instant is asked about."""

_AN_AGENT_WAITS = frozenset({"preview", "progressive"})
"""Dial modes that place a call only where an agent is free for it."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read for all leads at once."""

    own: OwnRules
    suppressed: dict[str, str]
    consents: dict[str, list[Consent]]
    history_by_number: dict[str, list[PastAttempt]]
    history_by_lead: dict[int, list[PastAttempt]]
    history_by_debt: dict[str, list[PastAttempt]]
    debts: dict[int, str]
    zones: dict[int, set[str]]
    """Of all of a lead's phones; read where they count."""
    caller_ids: CallerIdPool
    quota_full: Mapping[int, str]
    """By lead, why the survey needs nobody like it."""

    def history(self, lead: ClaimedLead) -> list[PastAttempt]:
        """Each attempt once: to the number, else to the lead, else about its debt."""
        by_lead = self.history_by_lead.get(lead.lead_id, [])
        by_debt = self.history_by_debt.get(self.debts.get(lead.lead_id, ""), [])
        return [
            *self.history_by_number.get(lead.e164, []),
            *(each for each in by_lead if each.e164 != lead.e164),
            *(each for each in by_debt if each.e164 != lead.e164 and each.lead_id != lead.lead_id),
        ]


class Permits:
    """What one campaign may do now."""

    def __init__(self, session: Session, rules: Rulebook, campaign: Campaign) -> None:
        self._session = session
        self._rules = rules
        self._campaign = campaign
        self._settings = settings_of(campaign)
        self._store = ComplianceStore(session)
        self._debts: dict[int, str] = {}
        """By lead, of those that were asked about; empty for none."""
        self.numbers: dict[str, CallerNumber] = {}
        """The campaign's caller IDs, each as it was when a call was last asked about."""

    async def ask(
        self, leads: Sequence[ClaimedLead], now: datetime
    ) -> list[tuple[ClaimedLead, Allow | Deny]]:
        """Compliance's answer for each lead at its phone, with the caller ID that its call is to show.

        The calls that are allowed count in turn: they are shared among the caller IDs, within their caps.
        """
        if not leads:
            return []
        known = await self._read(leads, now, None)
        answers: list[tuple[ClaimedLead, Allow | Deny]] = []
        for lead in leads:
            answer = permit(self._snapshot(lead, known, now), now)
            if isinstance(answer, Allow):
                known.caller_ids.use(answer.facts.caller_id)
            answers.append((lead, answer))
        return answers

    async def debts(self, leads: Sequence[ClaimedLead]) -> dict[int, str]:
        """Lead to the debt that it is called about; leads without one are left out."""
        if not self._campaign.debt_field:
            return {}
        asked = {lead.lead_id for lead in leads}
        if new := asked - self._debts.keys():
            found = await self._store.debts(new, self._campaign.debt_field)
            self._debts |= {lead_id: found.get(lead_id, "") for lead_id in new}
        return {lead_id: self._debts[lead_id] for lead_id in asked if self._debts[lead_id]}

    async def snapshots(
        self, leads: Sequence[ClaimedLead], now: datetime, known_until: datetime | None = None
    ) -> list[tuple[ClaimedLead, Snapshot]]:
        """What compliance looks at, for each lead.

        Calls after `known_until` had not happened yet. Where a call is to be made it is None: a clock that
        was set back must not hide a call.
        """
        if not leads:
            return []
        known = await self._read(leads, now, known_until)
        return [(lead, self._snapshot(lead, known, now)) for lead in leads]

    async def _read(
        self, leads: Sequence[ClaimedLead], now: datetime, known_until: datetime | None
    ) -> _Known:
        campaign, store = self._campaign, self._store
        e164s = {lead.e164 for lead in leads}
        lead_ids = {lead.lead_id for lead in leads}
        found = await DncStore(self._session).suppressed(e164s, campaign.client_id, campaign.id)
        debts = await self.debts(leads)
        history = await store.history(
            campaign.client_id, e164s, lead_ids, set(debts.values()), now - self._rules.look_back
        )
        by_number: dict[str, list[PastAttempt]] = {}
        by_lead: dict[int, list[PastAttempt]] = {}
        by_debt: dict[str, list[PastAttempt]] = {}
        for each in history:
            if known_until is not None and each.at > known_until:
                continue
            by_number.setdefault(each.e164, []).append(each)
            by_lead.setdefault(each.lead_id, []).append(each)
            if each.debt:
                by_debt.setdefault(each.debt, []).append(each)
        return _Known(
            own=await self._own_rules(),
            suppressed={e164: hit.sentence for e164, hit in found.items()},
            consents=await ConsentStore(self._session).by_number(campaign.client_id, e164s),
            history_by_number=by_number,
            history_by_lead=by_lead,
            history_by_debt=by_debt,
            debts=debts,
            zones=await store.zones_of_phones(lead_ids) if self._settings.kind == "collections" else {},
            caller_ids=await self._caller_ids(now),
            quota_full=await held_back(self._session, campaign, lead_ids),
        )

    async def _caller_ids(self, now: datetime) -> CallerIdPool:
        campaign = self._campaign
        numbers = await CallerIdPoolStore(self._session).numbers(campaign, now)
        pool = CallerIdPool(numbers, campaign.caller_id_rule, now)
        self.numbers |= pool.numbers
        return pool

    async def _own_rules(self) -> OwnRules:
        campaign, settings = self._campaign, self._settings
        store = ClientRulesStore(self._session)
        closed_on = await store.closed_on(campaign.client_id, campaign.id)
        limits = await store.limits(campaign.client_id)
        mine = own_limits(most_a_day=settings.most_attempts_a_day, least_gap_s=settings.least_gap_s)
        return OwnRules(
            own_calendar([settings.callable_times, limits.callable_times], closed_on),
            (*mine, *client_limits(limits)),
            self._rules.known(await store.exempt_from(campaign.client_id)),
        )

    def _snapshot(self, lead: ClaimedLead, known: _Known, now: datetime) -> Snapshot:
        campaign, settings = self._campaign, self._settings
        place = place_of(lead.e164, lead.phone_region, lead.country, lead.region)
        consents = records_of(known.consents.get(lead.e164, []))
        history = known.history(lead)
        shown = known.caller_ids.choose(callee_of(lead.e164, campaign.id, history))
        snapshot = Snapshot(
            campaign_running=campaign.state == "running",
            suppressed=known.suppressed.get(lead.e164),
            attempts=lead.attempts,
            max_attempts=settings.max_attempts_per_lead,
            policy=self._rules.policy(place, settings.kind, settings.dial_mode, known.own),
            facts=Facts(
                zones=zones_of_lead(lead, settings.kind, known.zones.get(lead.lead_id, ())),
                e164=lead.e164,
                lead_id=lead.lead_id,
                campaign_id=campaign.id,
                subject=settings.subject,
                debt=known.debts.get(lead.lead_id, ""),
                consents=_held(consents, now),
                withdrawn=withdrawn(consents, now),
                agent_guaranteed=settings.dial_mode in _AN_AGENT_WAITS,
                caller_id=shown.caller_id if isinstance(shown, CallerIdHeld) else shown.e164,
                caller_id_held=shown if isinstance(shown, CallerIdHeld) else None,
            ),
            history=history,
            not_before=lead.not_before,
            best_time=lead.best_time,
            quota_full=known.quota_full.get(lead.lead_id),
        )
        return snapshot if lead.callback_id is None else as_promised(snapshot)


def _held(records: Sequence[ConsentRecord], now: datetime) -> frozenset[tuple[str, str]]:
    """(channel, basis) of each consent that holds."""
    return frozenset(
        (channel, each.basis) for channel in CHANNELS_OF_A_PHONE for each in holding(records, channel, now)
    )
