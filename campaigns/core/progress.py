"""How far a campaign has come with its leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.calling_window import CallableTimes
from campaigns.core.campaign import Progress
from campaigns.core.selection import Queue, open_queues


@dataclass(frozen=True, slots=True)
class LeadGroup:
    """The leads of one queue in one state; `due` of them have a due time that has come."""

    queue_id: int
    state: str
    count: int
    due: int
    first_due_at: datetime


def progress_of(
    groups: Sequence[LeadGroup], queues: Sequence[Queue], times: CallableTimes, now: datetime
) -> Progress:
    """The leads by what is next for them; what is due in a closed zone waits for its opening."""
    opened = {queue.id for queue in open_queues("", queues, times, now)}
    zones = {queue.id: queue.zones for queue in queues}
    count = dict.fromkeys(("ready", "waiting", "claimed", "calling", "final"), 0)
    due = 0
    next_times: list[datetime | None] = []
    for group in groups:
        count[group.state] += group.count
        if group.state not in ("ready", "waiting") or group.queue_id not in zones:
            continue  # one of a list that the campaign does not dial waits for its callback alone
        first = group.first_due_at
        if group.queue_id in opened and first <= now:
            due += group.due
            next_times.append(first)
        else:
            next_times.append(times.next_opening(zones[group.queue_id], max(first, now)))
    return Progress(
        due=due,
        waiting=count["ready"] + count["waiting"] - due,
        claimed=count["claimed"],
        calling=count["calling"],
        final=count["final"],
        next_due_at=min((each for each in next_times if each is not None), default=None),
    )
