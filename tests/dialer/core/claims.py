"""Leads as they are claimed, for tests that need no database."""

from datetime import UTC, datetime

from campaigns.core.attempt import ClaimedLead, PermittedLead


def claimed(lead_id, at=0.0, claim_s=60.0, language=""):
    """A lead that is claimed for `claim_s` seconds from `at` on, in Unix seconds."""
    lead = ClaimedLead(
        lead_id=lead_id,
        claimed_until=datetime.fromtimestamp(at + claim_s, UTC),
        attempts=0,
        not_before=None,
        best_time="",
        list_id=1,
        phone_id=lead_id,
        e164=f"+1202{5_550_000 + lead_id}",
        zones=("America/New_York",),
        first_name="Ada",
        last_name="Byron",
        language=language,
    )
    return PermittedLead(lead, permit=None)
