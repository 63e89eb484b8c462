"""One table of a rule document: hands out its values by key, each checked, and says what is wrong."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from campaigns.core.calling_window import DAYS, CallableTimes, clock_of
from campaigns.errors import InvalidCallableTimesError, InvalidRuleError

_MISSING: Any = object()
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")


class RuleTable:
    """Values of one table, each to be taken once. Every method raises InvalidRuleError that names the key."""

    def __init__(self, values: Mapping[str, Any], rule: int | None) -> None:
        self._left = dict(values)
        self._rule = rule
        self._name = f"The rule {str(values['id'])[:60]!r}" if "id" in values else "The rule"
        if rule is None:
            self._name = "The document"

    def error(self, key: str, sentence: str) -> InvalidRuleError:
        """The error to raise about a key; the sentence says what to do."""
        return InvalidRuleError(f"{self._name}: {sentence}", self._rule, key)

    def take(self, key: str, default: Any = _MISSING) -> Any:
        """A value as it is, whatever its type."""
        value = self._left.pop(key, default)
        if value is _MISSING:
            raise self.error(key, f"{key} is missing.")
        return value

    def finish(self) -> None:
        """Raises for what nobody took: a misspelt key must not be a rule that does not hold."""
        if self._left:
            key = sorted(map(str, self._left))[0]
            raise self.error(key, f"{key[:40]!r} is not a key here; take it out or correct it.")

    def text(self, key: str, default: str = _MISSING) -> str:
        """A text that says something, or the default."""
        value = self.take(key, default)
        if not isinstance(value, str) or not (value.strip() or value == default):
            raise self.error(key, f"{key} is a text.")
        return value

    def pattern(self, key: str, pattern: str, what: str, default: str = _MISSING) -> str:
        """A text of a certain form; `what` says which."""
        value = self.text(key, default)
        if value != default and not re.fullmatch(pattern, value):
            raise self.error(key, f"{key} is {what}, not {value[:40]!r}.")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"{key} is true or false.")
        return value

    def number(self, key: str, low: float, high: float, default: float = _MISSING) -> float:
        """A number within bounds, both included."""
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.error(key, f"{key} is a number from {low:g} to {high:g}, not {str(value)[:20]!r}.")
        return float(value)

    def whole(self, key: str, low: int, high: int, default: int = _MISSING) -> int:
        """A whole number within bounds, both included."""
        value = self.take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, f"{key} is a whole number from {low} to {high}.")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str = _MISSING) -> str:
        """One of the names allowed."""
        value = self.take(key, default)
        if value not in allowed:
            raise self.error(key, f"{key} is one of {', '.join(allowed)}, not {str(value)[:40]!r}.")
        return str(value)

    def choices(self, key: str, allowed: Sequence[str], default: Sequence[str] = _MISSING) -> tuple[str, ...]:
        """A list of names allowed; only the default may be empty."""
        value = self.take(key, default)
        if value is default:
            return tuple(default)
        if not isinstance(value, list) or not value or any(each not in allowed for each in value):
            raise self.error(key, f"{key} is a list of some of {', '.join(allowed)}.")
        return tuple(value)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of names in lower case that others define."""
        value = self.take(key)
        good = isinstance(value, list) and value
        if not good or not all(isinstance(each, str) and _WORD.fullmatch(each) for each in value):
            raise self.error(key, f"{key} is a list of names such as express_written.")
        return tuple(value)

    def zone(self, key: str, default: str) -> str:
        """The IANA name of a time zone."""
        value = self.text(key, default)
        if clock_of(value) is None:
            raise self.error(key, f"{key} is a time zone such as Europe/London, not {value[:40]!r}.")
        return value

    def day(self, key: str) -> str:
        """A date, as ISO 8601 writes it."""
        value = self.take(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.error(key, f"{key} is a date such as 2026-11-23, without quotes.")
        return value.isoformat()

    def identifier(self, key: str) -> str:
        """An id in kebab-case."""
        value = self.take(key)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise self.error(key, f"{key} is of lower-case letters, digits and single hyphens: us-fl-window.")
        return value

    def times(self, key: str) -> CallableTimes:
        """Windows by weekday, or by a range of them as in {"mon-fri" = [["09:00", "20:00"]]}."""
        value = self.take(key)
        if not isinstance(value, Mapping):
            raise self.error(key, f'{key} go by weekday: {{"mon-fri" = [["09:00", "20:00"]]}}.')
        days: dict[str, Any] = {}
        for name, windows in value.items():
            first, _, last = str(name).partition("-")
            if first not in DAYS or (last or first) not in DAYS[DAYS.index(first) :]:
                raise self.error(key, f"{str(name)[:20]!r} is neither a weekday nor a range such as mon-fri.")
            for each in DAYS[DAYS.index(first) : DAYS.index(last or first) + 1]:
                if each in days:
                    raise self.error(key, f"{each} is there twice; give each weekday once.")
                days[each] = windows
        try:
            return CallableTimes.parse(days)
        except InvalidCallableTimesError as problem:
            raise self.error(key, str(problem)) from problem


def header(table: RuleTable, kinds: Sequence[str], dial_modes: Sequence[str]) -> dict[str, Any]:
    """What every rule says of itself: id, source, read, checked, campaigns, dial_modes, note."""
    return {
        "id": table.identifier("id"),
        "source": table.text("source"),
        "read": table.day("read"),
        "checked": table.flag("checked", True),
        "campaigns": frozenset(table.choices("campaigns", kinds, kinds)),
        "dial_modes": frozenset(table.choices("dial_modes", dial_modes, dial_modes)),
        "note": table.text("note", ""),
    }
