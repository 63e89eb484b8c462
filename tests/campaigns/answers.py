"""What the code answers to the oracle's cases."""

import phonenumbers

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import ClaimedLead
from campaigns.core.jurisdiction import place_of
from campaigns.core.objections import rule_objections
from campaigns.core.policy import Policy
from campaigns.core.whereabouts import zones_of_lead
from leads.core.timezone import callee_zones, zones_of_phone
from tests.campaigns.oracle import Case


def policy_of(rulebook: Rulebook, case: Case) -> Policy:
    """The rules that hold for a case."""
    place = place_of(case.facts.e164, case.region, case.lead_country, case.lead_region)
    return rulebook.policy(place, case.kind, case.dial_mode)


def objections_to(rulebook: Rulebook, case: Case) -> set[str]:
    """The ids of the rules that object."""
    policy = policy_of(rulebook, case)
    return {each.rule_id for each in rule_objections(policy, case.facts, case.history, case.now)}


def zones_of(case: Case) -> tuple[str, ...]:
    """Where a lead with the case's number, address and zone may be."""
    lead = ClaimedLead(
        lead_id=1,
        claimed_until=case.now,
        attempts=0,
        not_before=None,
        best_time="",
        list_id=1,
        phone_id=1,
        e164=case.facts.e164,
        zones=callee_zones(case.lead_zone, zones_of_phone(phonenumbers.parse(case.facts.e164))),
        first_name="",
        last_name="",
        phone_region=case.region,
        country=case.lead_country,
        region=case.lead_region,
        timezone=case.lead_zone,
    )
    return tuple(sorted(set(zones_of_lead(lead, case.kind))))
