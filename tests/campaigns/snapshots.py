"""What compliance looks at, for tests: a person in London whom nothing speaks against."""

from dataclasses import replace
from typing import Any

from campaigns.core.calling_window import DAYS, CallableTimes
from campaigns.core.compliance import Snapshot
from campaigns.core.facts import Facts
from campaigns.core.jurisdiction import Place
from campaigns.core.policy import OwnRules, Policy, make_policy, own_calendar

DAILY = CallableTimes.parse({day: [["09:00", "20:00"]] for day in DAYS})


def policy_of(times: CallableTimes) -> Policy:
    """A campaign's own hours, and no law."""
    return make_policy(
        "none", (), Place(frozenset()), "sales", "progressive", OwnRules(own_calendar([times]))
    )


def snapshot_of(
    zones: tuple[str, ...] = ("Europe/London",), times: CallableTimes = DAILY, **changes: Any
) -> Snapshot:
    """A lead that may be called from 9 to 20 hours, with changes."""
    good = Snapshot(
        campaign_running=True,
        suppressed=None,
        attempts=0,
        max_attempts=3,
        policy=policy_of(times),
        facts=Facts(zones, "+442079460018", 1),
    )
    return replace(good, **changes)
