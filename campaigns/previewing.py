"""Leads that agents look at before they are called: called after all, skipped, or given back."""

from datetime import datetime

from campaigns import effects, promises
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import ClaimedLead, PermittedLead, StartedAttempt
from campaigns.core.retry import NEXT_PHONE, SKIPPED, decide
from campaigns.errors import CampaignsError, PreviewDeniedError, PreviewLostError
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.explain import ExplainStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session, Sessions
from campaigns.stores.skips import SkipStore


async def start_previewed(
    sessions: Sessions, rules: Rulebook, campaign_id: int, permitted: PermittedLead, now: datetime
) -> StartedAttempt:
    """Ask again whether the lead may be called, and record the attempt; place the call when it returns.

    Raises PreviewDeniedError with compliance's reasons, which are recorded, PreviewLostError and
    CampaignNotFoundError.
    """
    async with sessions() as session, session.begin():
        started = await effects.start_attempts(session, rules, campaign_id, [permitted], now)
        why_not = None if started else await _why_not(session, campaign_id, permitted.lead, now)
    if why_not is not None:
        raise why_not
    return started[0]


async def skip(
    session: Session, campaign_id: int, claim: ClaimedLead, agent_id: int, reason: str, now: datetime
) -> bool:
    """Put a claimed lead off by the campaign's rule for skipped ones, and record who skipped it and why.

    It is no attempt. False where the claim was no longer ours. Raises CampaignNotFoundError.
    """
    campaign = await CampaignStore(session).get(campaign_id)
    settings = settings_of(campaign)
    most, rules = settings.max_attempts_per_lead, settings.retry_rules
    await SkipStore(session).add(campaign_id, claim.lead_id, agent_id, reason, now)
    decision = decide(SKIPPED, claim.attempts, most, rules, now)
    put_off = await QueueStore(session).put_off(campaign_id, claim, decision)
    if put_off and claim.callback_id is not None:
        await promises.skipped(session, campaign, claim, decision, now)
    return put_off


async def keep(session: Session, campaign_id: int, claim: ClaimedLead, until: datetime) -> bool:
    """Have a claim last until then; False where it was no longer ours."""
    return await QueueStore(session).keep(campaign_id, claim, until)


async def _why_not(session: Session, campaign_id: int, claim: ClaimedLead, now: datetime) -> CampaignsError:
    row = await ExplainStore(session).standing(campaign_id, claim.lead_id)
    if row is not None and row.denial and datetime.fromisoformat(row.denial["at"]) == now:
        sentences = " ".join(str(each["sentence"]) for each in row.denial["reasons"])
        if (row.state, row.reason) == ("ready", NEXT_PHONE):
            what = "This number may not be called; the lead's next one takes its place."
            return PreviewDeniedError(f"{what} {sentences}")
        return PreviewDeniedError(f"The lead may not be called now. {sentences}")
    return PreviewLostError("The lead is no longer kept for this agent; look at the next one.")
