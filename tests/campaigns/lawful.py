"""Calls under the laws' own rules, in tests that are about them."""

from collections.abc import Sequence
from datetime import datetime

from campaigns import service
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.attempt import StartedAttempt
from campaigns.stores.shared import Sessions
from tests.campaigns.seeds import NOW

LAW = load_rulebook()


async def called(
    sessions: Sessions, campaign_id: int, now: datetime = NOW, n: int = 5
) -> Sequence[StartedAttempt]:
    """The attempts that begin where up to `n` leads may be called."""
    permitted = await service.claim_permitted(sessions, LAW, campaign_id, n, now)
    return await service.start_attempts(sessions, LAW, campaign_id, permitted, now)
