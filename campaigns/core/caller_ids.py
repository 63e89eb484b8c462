"""Which number a call shows: a campaign's only one, or one of a group's, by rotation or by local presence.

A number is never shown that is not the client's and in use, that rests, or that has had its calls of the day.
Whoever was called by the campaign before sees the number they know, if it is free. A callee whom a network
kept from being called from one number is called from that number or not at all.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType

import phonenumbers
from phonenumbers import NumberParseException

from campaigns.core.area_codes import AREA_CODES
from campaigns.core.calling_window import clock_of
from campaigns.core.facts import CallerIdHeld, PastAttempt
from campaigns.core.jurisdiction import subdivisions_of_area_code
from leads.core.timezone import zones_of_phone

QUARANTINED = "caller_id_quarantined"
CAPPED = "caller_id_capped"
NOT_IN_USE = "no_caller_id"
HELD_BY: Mapping[str, str] = MappingProxyType(
    {QUARANTINED: "caller-id-quarantine", CAPPED: "caller-id-cap", NOT_IN_USE: "caller-id-in-use"}
)
"""Why no caller ID is free for a call, and the program's own rule that says so. None is for good."""

SHORT_CALL = timedelta(seconds=6)
"""An answered call this short or shorter tells of a caller ID that people hang up on. Carriers bill calls of
up to six seconds as short duration."""

_LOOK_AGAIN = timedelta(minutes=10)
"""When to ask again where no number is in use; whoever puts one in use has the leads asked about at once."""
_NANP = "+1"
_AREA_CODE = slice(2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNumber:
    """A number that a campaign may show, as it is at the moment of the choice."""

    e164: str
    day: str
    """The date where the number is, ISO 8601; its calls of the day are counted by it."""
    day_ends: datetime
    """When the next day begins there (UTC)."""
    calls_today: int = 0
    daily_cap: int | None = None
    in_use: bool = True
    """Whether it is the client's today, and active."""
    rests_until: datetime | None = None
    display_name: str = ""

    def free_from(self, calls_today: int, now: datetime) -> tuple[datetime, str]:
        """When it may be shown after so many calls today, and what keeps it until then (empty for now)."""
        free, why = now, ""
        if self.rests_until is not None and self.rests_until > free:
            free, why = self.rests_until, QUARANTINED
        if self.daily_cap is not None and calls_today >= self.daily_cap and self.day_ends > free:
            free, why = self.day_ends, CAPPED
        return free, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """Who is called, and what they have seen before."""

    e164: str
    last_caller_id: str = ""
    """What the campaign's last call to them showed; empty before the first."""
    blocked_under: frozenset[str] = frozenset()
    """What the client's calls to them showed that a network blocked, however long ago."""


def callee_of(e164: str, campaign_id: int, history: Iterable[PastAttempt]) -> Callee:
    """A callee as a campaign knows them, by the client's calls to them in any order."""
    calls = [past for past in history if past.e164 == e164 and past.caller_id and not past.called_us]
    mine = [past for past in calls if past.campaign_id == campaign_id]
    last = max(mine, key=lambda past: past.at, default=None)
    return Callee(
        e164=e164,
        last_caller_id=last.caller_id if last else "",
        blocked_under=frozenset(past.caller_id for past in calls if past.outcome == "blocked"),
    )


class CallerIdPool:
    """A campaign's caller IDs at one moment. What is `used` counts for the choices that follow.

    `rule` is one of campaign.CALLER_ID_RULES; `now` is aware.
    """

    def __init__(self, numbers: Iterable[CallerNumber], rule: str, now: datetime) -> None:
        self.numbers = {each.e164: each for each in numbers}
        self._rule = rule
        self._now = now.astimezone(UTC)
        self._calls = Counter({each.e164: each.calls_today for each in self.numbers.values()})
        self._in_use = [each for each in self.numbers.values() if each.in_use]
        self._free = {each.e164: each for each in self._in_use if self._is_free(each)}

    def choose(self, callee: Callee) -> CallerNumber | CallerIdHeld:
        """The number to show, or why none may be shown yet."""
        bound = [each for each in self._in_use if each.e164 in callee.blocked_under]
        candidates = bound or self._in_use
        free = [each for each in bound if each.e164 in self._free] if bound else [*self._free.values()]
        if not free:
            return self._held(candidates)
        if not bound and callee.last_caller_id in self._free:
            return self._free[callee.last_caller_id]
        if self._rule == "local":
            free = nearest(free, callee.e164)
        return min(free, key=lambda each: (self._calls[each.e164], each.e164))

    def use(self, e164: str) -> None:
        """Counts a call that is to show a number."""
        self._calls[e164] += 1
        if e164 in self._free and not self._is_free(self.numbers[e164]):
            del self._free[e164]

    def _is_free(self, number: CallerNumber) -> bool:
        return not number.free_from(self._calls[number.e164], self._now)[1]

    def _held(self, candidates: Sequence[CallerNumber]) -> CallerIdHeld:
        only = next(iter(self.numbers)) if len(self.numbers) == 1 else ""
        if not candidates:
            whose = f"The caller ID {only}" if only else "No caller ID of the group"
            is_not = "is not" if only else "is"
            sentence = f"{whose} {is_not} one that the client has and uses."
            return CallerIdHeld(NOT_IN_USE, sentence, self._now + _LOOK_AGAIN, only)
        waits = [(*each.free_from(self._calls[each.e164], self._now), each.e164) for each in candidates]
        until, code, e164 = min(waits)
        if len(candidates) == 1:
            sentence = _ALONE[code].format(e164=e164, until=until.isoformat())
        else:
            resting = sum(why == QUARANTINED for _, why, _ in waits)
            sentence = (
                f"No caller ID is free until {until.isoformat()}: {resting} rest because a network blocked "
                f"them, {len(waits) - resting} have had their calls of the day."
            )
        return CallerIdHeld(code, sentence, until, e164)


_ALONE = {
    QUARANTINED: "A network blocked the caller ID {e164}; it rests until {until}.",
    CAPPED: "The caller ID {e164} has had its calls of the day; the next day begins at {until}.",
}


@dataclass(frozen=True, slots=True)
class Locality:
    """Where a number belongs, as far as it tells. Each is empty where it does not."""

    area: str = ""
    """The number's beginning through its area code, as in +1212 or +4930."""
    parts: frozenset[tuple[str, str]] = frozenset()
    """States or provinces of its area code, as (country, ISO 3166-2 code less its country)."""
    country: str = ""
    """ISO 3166-1."""


def nearest(numbers: Sequence[CallerNumber], callee: str) -> list[CallerNumber]:
    """Those with the callee's area code, else in a state of it, else in its country, else all."""
    home = locality(callee)
    places = [(each, locality(each.e164)) for each in numbers]
    return (
        [each for each, place in places if home.area and place.area == home.area]
        or [each for each, place in places if place.parts & home.parts]
        or [each for each, place in places if home.country and place.country == home.country]
        or [*numbers]
    )


@lru_cache(maxsize=1 << 14)
def locality(e164: str) -> Locality:
    """Where a number belongs. A North American number is told by its area code, others by phonenumbers."""
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return Locality()
    country = phonenumbers.region_code_for_number(number) or ""
    if e164.startswith(_NANP):
        code = e164[_AREA_CODE]
        parts = subdivisions_of_area_code(code)
        countries = {of for of, _ in parts}
        only = country or (min(countries) if len(countries) == 1 else "")
        return Locality(f"{_NANP}{code}" if code in AREA_CODES else "", parts, only)
    digits = phonenumbers.length_of_geographical_area_code(number)
    national = phonenumbers.national_significant_number(number)
    return Locality(f"+{number.country_code}{national[:digits]}" if digits else "", country=country)


@lru_cache(maxsize=1 << 14)
def zone_of_number(e164: str) -> str:
    """The first of a number's IANA zones; UTC where it tells none, as a toll-free number."""
    try:
        zones = zones_of_phone(phonenumbers.parse(e164))
    except NumberParseException:
        return "UTC"
    return zones[0] if zones else "UTC"


def day_of(zone: str, now: datetime) -> tuple[str, datetime]:
    """The date on a zone's clock at `now`, and the instant (UTC) at which its next day begins."""
    clock = clock_of(zone) or UTC
    today: date = now.astimezone(clock).date()
    return today.isoformat(), datetime.combine(today + timedelta(days=1), time.min, clock).astimezone(UTC)
