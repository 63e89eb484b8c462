"""In which time zones a lead's person may be: by what the list says, by the number, and by the address."""

from collections.abc import Collection

import phonenumbers

from campaigns.core.address import zones_of_person
from campaigns.core.attempt import ClaimedLead
from leads.core.timezone import known_zone, zones_of_phone


def zones_of_lead(
    lead: ClaimedLead, kind: str, zones_of_other_phones: Collection[str] = ()
) -> tuple[str, ...]:
    """The lead's own zone, or all of its number and its address; () where they cannot be told.

    In campaigns of the kind collections all that is known counts at once, the lead's other phones too (12 CFR
    1006.6(b)(1)).
    """
    zones = lead.zones
    if kind == "collections" and zones:
        zones = (*zones, *zones_of_phone(phonenumbers.parse(lead.e164)), *zones_of_other_phones)
    elif known_zone(lead.timezone):
        return zones
    return zones_of_person(zones, lead.phone_region, lead.country, lead.region)
