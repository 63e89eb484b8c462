"""Whether a number is on a do-not-call list, and on which."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["everyone", "client", "campaign"]
"""Whom a do-not-call list binds."""

LEVELS: tuple[Level, ...] = get_args(Level)
"""The farthest-reaching first."""

INTERNAL = "internal"
"""The list of those who asked us, which nothing takes a number off."""

MIN_PREFIX_CHARS = 2
MAX_PREFIX_CHARS = 15
"""A plus and at most 14 digits: what is longer is a number."""

_WHOSE = {"everyone": "everyone's", "client": "the client's", "campaign": "the campaign's"}
_PREFIX = re.compile(r"\+[1-9][0-9]{0,13}")
_NANP = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Why nobody may call a number: an entry of the list `list_name` at `level`.

    `prefix` is the beginning that forbids it with all numbers alike, empty where the number itself is listed.
    """

    level: Level
    list_name: str
    reason: str
    prefix: str = ""

    @property
    def sentence(self) -> str:
        """For people; it does not repeat the number."""
        what = f"Every number that begins with {self.prefix}" if self.prefix else "The number"
        name = "" if self.list_name == INTERNAL else f' "{self.list_name}"'
        why = f": {self.reason.rstrip('.')}" if self.reason else ""
        return f"{what} is on {_WHOSE[self.level]} do-not-call list{name}{why}."


def weightiest(found: Iterable[Suppressed]) -> Suppressed | None:
    """The entry to name where several forbid a number; None where there is none.

    The farther-reaching level goes first, then what was asked of us, then a number before a prefix.
    """
    return min(found, key=_weight, default=None)


def prefixes_of(e164: str) -> tuple[str, ...]:
    """Every beginning of a number that could be on a list, the shortest first: +1, +14, +141, …"""
    return tuple(e164[:length] for length in range(MIN_PREFIX_CHARS, min(len(e164), MAX_PREFIX_CHARS) + 1))


def is_prefix(text: str) -> bool:
    """Whether a text means all numbers that begin like it: it ends with * or …"""
    return text.rstrip().endswith(("*", "…", "..."))


def parse_prefix(text: str) -> str | None:
    """The beginning of numbers that a text such as +1900, +1 900… or +1900* means; None if it is none."""
    bare = re.sub(r"[\s().\-]+", "", text.strip().rstrip("*…."))
    bare = "+" + bare.removeprefix("00") if bare.startswith("00") else bare
    return bare if _PREFIX.fullmatch(bare) else None


def plain_number(text: str, *, nanp: bool) -> str | None:
    """The E.164 of a number that registries of the North American plan write plainly; None for all else.

    Full numbers of that plan have one form only, so that lists in millions need not be parsed one by one;
    other plans' numbers may carry a trunk prefix even behind the plus. `nanp`: a number without a country is
    one of this plan. Source: the plan's format, area code and exchange beginning with a digit from 2 to 9.
    """
    found = _NANP.fullmatch(text)
    if found is None or not (nanp or text.startswith("+")):
        return None
    return f"+1{found[1]}"


def _weight(entry: Suppressed) -> tuple[int, bool, bool, str, int]:
    return (
        LEVELS.index(entry.level),
        entry.list_name != INTERNAL,
        bool(entry.prefix),
        entry.list_name,
        -len(entry.prefix),
    )
