"""What every rule answers for a number: for managers and auditors, before a lead has it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from campaigns.checks import checked_instant
from campaigns.compliance.permits import CLOCKS_DIFFER_BY, Permits
from campaigns.compliance.rule_list import RuleInfo, rule_info
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import ClaimedLead
from campaigns.core.compliance import Allow, Snapshot, permit
from campaigns.core.explanation import RuleAnswer, ZoneTime, explain_rules, zone_times
from campaigns.core.jurisdiction import place_of
from campaigns.core.policy import Exemption
from campaigns.core.rule_words import why_matching, words
from campaigns.core.rules import Jurisdiction
from campaigns.reports.store import ReportStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.explain import ExplainStore, FoundLead, as_if_claimed
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign
from leads.checks import checked_country
from leads.core.phone import ParsedPhone, PhoneRejection, parse_phone
from leads.errors import PhoneRejectedError

AS_A_NEW_LEAD = (
    "No lead of the campaign's lists has this number; it is asked as if a new one had, without address."
)
_AREA_CODE = slice(2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingJurisdiction:
    """One whose rules hold for the number, and why."""

    id: str
    name: str
    why: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRule:
    """A rule's answer. `says` is empty where the rule is the program's own."""

    rule: str
    says: str
    source: str
    passed: bool
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAnswer:
    """What the rules say of the number as one lead has it."""

    lead_id: int | None
    lead_list: str
    about: str
    """Whose number it is asked about, for people."""
    allowed: bool
    sentence: str
    next_allowed_at: datetime | None
    """When the rules first allow the call if the campaign runs then; None if never, or if nobody can say."""
    countries: list[str]
    subdivisions: list[str]
    """None where it may be any of the country's."""
    jurisdictions: list[MatchingJurisdiction]
    zones: list[ZoneTime]
    rules: list[AskedRule]
    also_hold: list[RuleInfo]
    """Rules for what comes after the decision: ringing, abandoned calls, messages, records."""
    exemptions: list[Exemption]
    """From rules that would hold here."""
    rule_set: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberExplained:
    """Every rule and its answer for a number at one instant in one campaign, for each lead that has it."""

    phone: str
    at: datetime
    campaign_id: int
    campaign: str
    client: str
    kind: str
    dial_mode: str
    rules_version: str
    answers: list[LeadAnswer]


def phone_of(text: str, default_country: str) -> ParsedPhone:
    """A number as people write it. Raises PhoneRejectedError and UnknownCountryError."""
    parsed = parse_phone(text, checked_country(default_country))
    if isinstance(parsed, PhoneRejection):
        raise PhoneRejectedError(f"{parsed.sentence} Give it as +14155550101, for example.")
    return parsed


async def explain_number(
    sessions: Sessions, rules: Rulebook, phone: ParsedPhone, campaign_id: int, at: datetime
) -> NumberExplained:
    """What every rule answers for a number at `at` (aware), also where no lead has it yet.

    Raises CampaignNotFoundError, and InvalidInputError for a time that no campaign sees.
    """
    at = checked_instant(at)
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
        lists = {each.list_id for each, _ in await CampaignStore(session).lists(campaign_id)}
        found = [
            each for each in await ExplainStore(session).leads_with(phone.e164) if each.lead.list_id in lists
        ]
        whose: list[FoundLead | None] = [*found] or [None]
        leads = [await _claimed(session, campaign, each, phone.e164, at) for each in found]
        snapshots = await Permits(session, rules, campaign).snapshots(
            leads or [_new_lead(phone, at)], at, at + CLOCKS_DIFFER_BY
        )
        return NumberExplained(
            phone=phone.e164,
            at=at.astimezone(UTC),
            campaign_id=campaign.id,
            campaign=campaign.name,
            client=await ReportStore(session).client_slug(campaign.client_id),
            kind=campaign.kind,
            dial_mode=campaign.dial_mode,
            rules_version=rules.version,
            answers=[
                _answer(rules, each, lead, snapshot, at)
                for each, (lead, snapshot) in zip(whose, snapshots, strict=True)
            ],
        )


async def _claimed(
    session: Session, campaign: Campaign, found: FoundLead, e164: str, at: datetime
) -> ClaimedLead:
    """A lead at the number that is asked about, as if it had been claimed."""
    store, lead = ExplainStore(session), found.lead
    row = await store.standing(campaign.id, lead.id)
    phone, zones = next(each for each in await store.phones(lead.id) if each[0].e164 == e164)
    return as_if_claimed(lead, row, phone, zones, at)


def _new_lead(phone: ParsedPhone, at: datetime) -> ClaimedLead:
    """What a lead would be that nothing but the number is known of."""
    return ClaimedLead(
        lead_id=0,
        claimed_until=at,
        attempts=0,
        not_before=None,
        best_time="",
        list_id=0,
        phone_id=0,
        e164=phone.e164,
        zones=phone.zones,
        first_name="",
        last_name="",
        phone_region=phone.region,
    )


def _answer(
    rules: Rulebook, found: FoundLead | None, lead: ClaimedLead, snapshot: Snapshot, at: datetime
) -> LeadAnswer:
    policy = snapshot.policy
    answers = explain_rules(snapshot, at)
    objections = [each.sentence for each in answers if not each.passed]
    asked = {each.rule for each in answers}
    here = [each for each in rules.jurisdictions if each.id in policy.jurisdictions]
    holding = [(rule, each.id) for each in here for rule in each.rules if rule.id in policy.rule_ids]
    matching = {
        rule.id for each in here for rule in each.rules if rule.holds_for(policy.kind, policy.dial_mode)
    }
    return LeadAnswer(
        lead_id=found.lead.id if found else None,
        lead_list=found.list_name if found else "",
        about=f"Lead {found.lead.id} of the list {found.list_name}." if found else AS_A_NEW_LEAD,
        allowed=not objections,
        sentence=f"No call. {' '.join(objections)}" if objections else "A call is allowed.",
        next_allowed_at=_next_allowed(snapshot, at),
        countries=sorted(policy.place.countries),
        subdivisions=sorted("-".join(each) for each in policy.place.subdivisions),
        jurisdictions=_why(rules.jurisdictions, here, lead),
        zones=list(zone_times(snapshot, at)),
        rules=[_asked(rules, each) for each in answers],
        also_hold=[rule_info(rule, of) for rule, of in holding if rule.id not in asked],
        exemptions=[each for each in policy.exemptions if each.rule_id in matching],
        rule_set=policy.fingerprint,
    )


def _next_allowed(snapshot: Snapshot, at: datetime) -> datetime | None:
    answer = permit(replace(snapshot, campaign_running=True), at)
    return answer.at if isinstance(answer, Allow) else answer.next_time


def _why(
    jurisdictions: Sequence[Jurisdiction], here: Sequence[Jurisdiction], lead: ClaimedLead
) -> list[MatchingJurisdiction]:
    by_address = None
    if lead.country or lead.region:
        by_address = place_of("", lead.country or lead.phone_region, "", lead.region)
    by_number = place_of(lead.e164, lead.phone_region)
    area_code = lead.e164[_AREA_CODE] if lead.e164.startswith("+1") else ""
    return [
        MatchingJurisdiction(
            id=each.id,
            name=each.name,
            why=list(why_matching(each, jurisdictions, area_code, by_number, by_address)),
        )
        for each in here
    ]


def _asked(rules: Rulebook, answer: RuleAnswer) -> AskedRule:
    rule = rules.rules.get(answer.rule)
    return AskedRule(
        rule=answer.rule,
        says=words(rule) if rule else "",
        source=answer.source,
        passed=answer.passed,
        code=answer.code,
        sentence=answer.sentence,
    )
