"""What a report of calls is asked for: which calls, of which days, in which groups."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from campaigns.core.metrics import Rate, quotient, rate
from campaigns.core.tally import Counts, hour_of
from campaigns.errors import InvalidInputError

OF_TALLIES = (
    "campaign",
    "list",
    "agent",
    "hour",
    "day",
    "week",
    "outcome",
    "disposition",
)
"""By what the tallies are kept. Hours, days and weeks are those of the client's clock."""

OF_ATTEMPTS = ("trunk", "caller_id", "attempt_number", "local_hour", "country")
"""By what the attempts themselves have to be counted, of at most LONGEST days."""

GROUPS = (*OF_TALLIES, *OF_ATTEMPTS)
LONGEST = timedelta(days=93)

_NUMBERS = ("attempt_number", "local_hour")
OF_TIME = ("hour", "day", "week")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls. `start` and `end` are instants, the second excluded; None leaves that end open."""

    client: str
    """The slug of the client whose they are."""
    campaign_ids: tuple[int, ...]
    direction: str = "out"
    list_id: int | None = None
    agent_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """The calls of one group. `key` is what the group is called, `calls_of` the filter of its attempts."""

    key: str
    name: str
    """Of the campaign, list or agent; else the key."""
    counts: Counts
    share: Rate
    connect_rate: Rate
    human_answer_rate: Rate
    contact_rate: Rate
    right_party_rate: Rate
    conversion_rate: Rate
    abandon_rate: Rate
    average_talk_ms: Rate
    calls_of: Mapping[str, str | int]


def period(first: date | None, last: date | None, clock: tzinfo) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last, on a client's clock."""
    if first is not None and last is not None and last < first:
        raise InvalidInputError("The last day comes before the first; exchange them.")
    start = None if first is None else _midnight(first, clock)
    return start, None if last is None or last == date.max else _midnight(last + timedelta(days=1), clock)


def check_group(by: str, wanted: CallFilter) -> None:
    """Raises InvalidInputError for a group that is not known, or needs a shorter period."""
    if by not in GROUPS:
        raise InvalidInputError(f"{by[:40]!r} is no group; use one of {', '.join(GROUPS)}.")
    if by in OF_ATTEMPTS:
        if wanted.start is None or wanted.end is None:
            raise InvalidInputError(f"By {by} calls are counted one by one: give the first and last day.")
        if wanted.end - wanted.start > LONGEST + timedelta(hours=2):
            raise InvalidInputError(f"By {by} at most {LONGEST.days} days are counted; take fewer.")


def time_key(by: str, hour: datetime, clock: tzinfo) -> str:
    """The group of an hour, or of a moment in it: its beginning, its day, or its week's Monday."""
    local = hour_of(hour, clock).astimezone(clock)
    match by:
        case "hour":
            return local.isoformat(timespec="minutes")
        case "day":
            return local.date().isoformat()
    return (local.date() - timedelta(days=local.weekday())).isoformat()


def row_of(
    by: str, key: str, name: str, counts: Counts, total: Counts, wanted: CallFilter, clock: tzinfo
) -> CallRow:
    """A group's figures, and how to ask for its attempts."""
    return CallRow(
        key=key,
        name=name,
        counts=counts,
        share=rate(counts.calls, total.calls),
        connect_rate=rate(counts.answered, counts.calls),
        human_answer_rate=rate(counts.people, counts.calls),
        contact_rate=rate(counts.contacts, counts.calls),
        right_party_rate=rate(counts.right_parties, counts.contacts),
        conversion_rate=rate(counts.conversions, counts.contacts),
        abandon_rate=rate(counts.abandoned, counts.people),
        average_talk_ms=quotient(counts.talk_ms, counts.talks),
        calls_of=_calls_of(by, key, wanted, clock),
    )


def _calls_of(by: str, key: str, wanted: CallFilter, clock: tzinfo) -> dict[str, str | int]:
    if by in OF_TIME:
        wanted = _narrowed(by, key, wanted, clock)
    found: dict[str, str | int] = {"direction": wanted.direction}
    if len(wanted.campaign_ids) == 1:
        found["campaign_id"] = wanted.campaign_ids[0]
    else:
        found["client"] = wanted.client
    for name in ("list_id", "agent_id"):
        if (value := getattr(wanted, name)) is not None:
            found[name] = value
    for name, at in (("placed_from", wanted.start), ("placed_before", wanted.end)):
        if at is not None:
            found[name] = at.astimezone(UTC).isoformat()
    if by in ("campaign", "list", "agent"):
        found[f"{by}_id"] = int(key)
    elif by not in OF_TIME:
        found[by] = int(key) if by in _NUMBERS else key
    return found


def _narrowed(by: str, key: str, wanted: CallFilter, clock: tzinfo) -> CallFilter:
    if by == "hour":
        start = datetime.fromisoformat(key).astimezone(UTC)
        end = start + timedelta(hours=1)
    else:
        day = date.fromisoformat(key)
        start = _midnight(day, clock)
        end = _midnight(day + timedelta(days=7 if by == "week" else 1), clock)
    start = start if wanted.start is None else max(start, wanted.start)
    return replace(wanted, start=start, end=end if wanted.end is None else min(end, wanted.end))


def _midnight(day: date, clock: tzinfo) -> datetime:
    """Where the clock goes on from midnight at once, as some do in spring, that moment."""
    try:
        return datetime.combine(day, time(), clock).astimezone(UTC)
    except OverflowError as error:
        raise InvalidInputError(f"{day} is too far away; take a day of this century.") from error


def sort_key(by: str, key: str) -> tuple[int, str]:
    """Numbers in their order, hours in theirs, all else as text. Raises ValueError for no such key."""
    if by == "hour":
        return int(datetime.fromisoformat(key).timestamp()), ""
    return (int(key), "") if by in ("campaign", "list", "agent", *_NUMBERS) else (0, key)
