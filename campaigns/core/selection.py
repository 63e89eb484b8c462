"""Which lead comes next: the order within a queue, which queues, how lists are mixed, and which phone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from math import floor
from zoneinfo import ZoneInfo

from campaigns.core.calling_window import CallableTimes

LEAD_ORDERS = (
    "priority",
    "rank",
    "newest",
    "oldest",
    "fewest_attempts",
    "least_recently_called",
    "random",
    "best_hour",
)
"""What a campaign may dial by. Of two leads with the same key, the one loaded first comes first.

`priority`, `rank`: the highest first. `newest`, `oldest`: by when they were loaded. `fewest_attempts` and
`least_recently_called` look at this campaign alone; a lead never called comes first. `random`: shuffled, once
for each campaign. `best_hour`: the zones where people are most likely at home now, and there by priority.
"""

PRIME = 2**31 - 1
"""A Mersenne prime: what is less than it can be multiplied by another such number within 63 bits."""
SHUFFLE = (1_103_515_245, 741_103_597, 1_597_334_677)
"""Multipliers of the shuffle, less than PRIME; only that they are large and odd matters."""
GOLDEN = (5**0.5 - 1) / 2
"""Steps of this size around a circle stay evenly spread wherever they stop."""

COLD, DELIVERED, OPENED, CLICKED = range(4)
"""How far a message to the lead has come; the farther it has, the earlier the lead is called."""
WARMER = 2**40
"""More than keys differ by, as long as leads are fewer than a million million."""

WEEKDAY_HOURS = (0, 0, 0, 0, 0, 0, 0, 5, 20, 40, 50, 50, 45, 40, 40, 45, 60, 80, 100, 95, 80, 50, 10, 0)
WEEKEND_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 10, 40, 70, 80, 75, 70, 70, 75, 80, 85, 80, 75, 65, 40, 10, 0)
"""How likely a person is reached at home in each hour of the local day, the best hour being 100.

The figures are ours. That weekday evenings and weekends go before the rest of the week is known since
M. F. Weeks et al., "Optimal times to contact sample households", Public Opinion Quarterly 44 (1980), 101-114.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a lead's place in its queue depends on."""

    lead_id: int
    priority: int = 0
    rank: int = 0
    attempts: int = 0
    last_attempt_at: datetime | None = None
    warmth: int = COLD


@dataclass(frozen=True, slots=True)
class Queue:
    """The leads of one list in one zone group."""

    id: int
    list_id: int
    weight: int
    """The list's share in the mix; 0 for none of its own."""
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenQueue:
    """A queue to take leads from. A lower `place` goes before a higher one, whatever the keys in them."""

    id: int
    list_id: int
    place: int


@dataclass(frozen=True, slots=True)
class LeadPhone:
    """A phone of a lead, and what the campaign knows of it."""

    phone_id: int
    position: int
    e164: str
    list_id: int
    zone_group_id: int
    zones: tuple[str, ...]
    attempts: int
    dead: bool
    """An attempt of this campaign found out that nobody can be reached there."""
    anothers: bool
    """Another lead of the campaign is called at this number."""
    region: str = ""
    """ISO 3166-1, of the number."""


def sort_key(order: str, standing: Standing, campaign_id: int) -> int:
    """A lead's key in an order of LEAD_ORDERS, 64 bits; the lowest is dialed first.

    Whom a message has reached comes before all whom none has.
    """
    return _key_of(order, standing, campaign_id) - standing.warmth * WARMER


def _key_of(order: str, standing: Standing, campaign_id: int) -> int:
    match order:
        case "priority" | "best_hour":
            return -standing.priority
        case "rank":
            return -standing.rank
        case "newest":
            return -standing.lead_id
        case "oldest":
            return standing.lead_id
        case "fewest_attempts":
            return standing.attempts
        case "least_recently_called":
            return floor(standing.last_attempt_at.timestamp()) if standing.last_attempt_at else 0
        case "random":
            return shuffled(standing.lead_id, campaign_id)
    raise ValueError(f"{order!r} is not an order of leads.")


def shuffled(lead_id: int, campaign_id: int) -> int:
    """The lead's place in the campaign's shuffle, 0 to PRIME - 1, by arithmetic that every database has."""
    mixed = (lead_id % PRIME * SHUFFLE[0] + shuffle_seed(campaign_id)) % PRIME
    squared = (mixed * mixed + SHUFFLE[1]) % PRIME
    return (squared * SHUFFLE[2] + mixed) % PRIME


def shuffle_seed(campaign_id: int) -> int:
    """What tells one campaign's shuffle from another's."""
    return campaign_id % PRIME * SHUFFLE[1] % PRIME


def open_queues(order: str, queues: Sequence[Queue], times: CallableTimes, now: datetime) -> list[OpenQueue]:
    """The queues that leads may be taken from now, the first place first.

    Those that can never open are among them: their leads are taken in their turn, once, to be told so.
    """
    places = {zones: _place(order, zones, times, now) for zones in {queue.zones for queue in queues}}
    found = [
        OpenQueue(queue.id, queue.list_id, place)
        for queue in queues
        if (place := places[queue.zones]) is not None
    ]
    return sorted(found, key=lambda each: (each.place, each.id))


def _place(order: str, zones: tuple[str, ...], times: CallableTimes, now: datetime) -> int | None:
    if never_opens(times, zones, now.astimezone(UTC).year):
        return 0
    if not times.is_open(zones, now):
        return None
    return -hour_score(zones, now) if order == "best_hour" else 0


@lru_cache(maxsize=4096)
def never_opens(times: CallableTimes, zones: tuple[str, ...], year: int) -> bool:
    """Whether no time from that year's beginning on is a callable time in all zones at once."""
    return times.next_opening(zones, datetime(year, 1, 1, tzinfo=UTC)) is None


def hour_score(zones: Collection[str], now: datetime) -> int:
    """How good this hour is, 0 to 100, in the zone where it is worst; 0 without a zone."""
    clocks = [now.astimezone(ZoneInfo(zone)) for zone in zones]
    hours = ((WEEKDAY_HOURS if local.weekday() < 5 else WEEKEND_HOURS)[local.hour] for local in clocks)
    return min(hours, default=0)


def shares(weights: Mapping[int, int], n: int, offset: float) -> dict[int, int]:
    """How many of `n` leads each list gives: its exact share, rounded down or up so that all sum to `n`.

    By systematic sampling (W. G. Madow, Annals of Mathematical Statistics 20, 1949): over offsets that are
    spread evenly from 0 to 1 each list's mean is its exact share, for an `n` of 1 as well. Lists of weight 0
    give none; without any weight the result is empty.
    """
    total = sum(weights.values())
    if total == 0:
        return {}
    marks = [floor(n * reached / total + offset) for reached in accumulate(weights.values())]
    given = dict(
        zip(weights, (high - low for low, high in zip([0, *marks], marks, strict=False)), strict=True)
    )
    return {list_id: count for list_id, count in given.items() if count}


def turns(counts: Mapping[int, int], offset: float) -> list[int]:
    """The lists in turn, each as often as it counts, so that every stretch of it is a fair mix."""
    slots = sorted(
        ((number + 0.5) / count, list_id) for list_id, count in counts.items() for number in range(count)
    )
    start = floor(offset * len(slots))
    return [list_id for _, list_id in slots[start:] + slots[:start]]


def rotation(number: int) -> float:
    """The offset of claim `number`, from 0 to 1; those of any stretch of claims are evenly spread."""
    return number * GOLDEN % 1.0


def next_phone(phones: Sequence[LeadPhone], barred: Collection[str] = ()) -> LeadPhone | None:
    """The phone to be dialed next: the fewest attempts, then the lowest position; None if none is left.

    Phones that are dead, another lead's, or `barred` (E.164) are passed over.
    """
    left = (each for each in phones if not (each.dead or each.anothers or each.e164 in barred))
    return min(left, key=lambda each: (each.attempts, each.position), default=None)
