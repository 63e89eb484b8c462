"""What comes of the messages that calls play; each a step in a transaction that the caller owns."""

from datetime import datetime

from campaigns import dispositions
from campaigns.core.disposition import Flag
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.shared import Session

_PRESSED = "pressed the key that asks not to be called again"


async def record_message(session: Session, attempt_id: int, code: str, now: datetime) -> str:
    """Record what came of a message, as a disposition with its effects; the code that now holds.

    One that is there already stays, an agent's or an earlier opt-out, but an opt-out holds all the same.
    Raises AttemptNotFoundError.
    """
    attempt = await AttemptStore(session).get_attempt(attempt_id)
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    chosen = settings_of(campaign).dispositions.of_dialer(code)
    if not attempt.disposition:
        await dispositions.dispose(session, attempt, chosen, now, opt_out_reason=_PRESSED)
    elif Flag.DNC in chosen.flags:
        await dispositions.opt_out(session, campaign, attempt, now, reason=_PRESSED)
    return attempt.disposition
