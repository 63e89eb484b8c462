"""What a law asks of calls, as values: one class a kind of rule, read from one document a jurisdiction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phonenumbers import SUPPORTED_REGIONS

from campaigns.core.calendar import subdivisions_with_holidays
from campaigns.core.calling_window import CallableTimes
from campaigns.core.campaign import KINDS
from campaigns.core.retry import OUTCOMES
from campaigns.core.rule_table import RuleTable, header
from campaigns.errors import InvalidRuleError
from leads.core.consent import CHANNELS

DIAL_MODES = ("preview", "progressive", "power", "predictive", "agentless")
"""Every way of dialing that a rule may tell apart, whether campaigns offer it yet or not."""

COUNTED_OF = ("phone", "lead", "person")
"""Whose attempts count: to the number, to the lead, or to either, which is as near as we know a person."""
COUNTED_ABOUT = ("anything", "subject", "debt", "campaign")
"""Which of them: all, or those on the same subject, debt or campaign. One that is not known is the same."""
EVENTS = ("abandoned", "machine", "conversation", "refusal")
"""What an attempt may have come to, after which a rule asks for rest."""
PERIODS = ("30_days", "day", "calendar_month")
FORMULAS = ("answered", "ofcom")
MESSAGE_PARTS = ("seller_name", "seller_number", "purpose", "opt_out")
RECORDS = ("calls", "dnc", "consent", "recordings")

_LEAST_HOURS = 1 / 60


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: seconds on the clock, or else days of the callee's own calendar."""

    seconds: float = 0.0
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all rules have: an id, where the rule is written, when it was read, and for whom it holds."""

    id: str
    source: str
    """The section, as a lawyer would cite it."""
    read: str
    """The date of reading, ISO 8601."""
    checked: bool = True
    """False where a figure was not read in the rule's own text."""
    campaigns: frozenset[str] = frozenset(KINDS)
    dial_modes: frozenset[str] = frozenset(DIAL_MODES)
    note: str = ""

    def holds_for(self, kind: str, dial_mode: str) -> bool:
        """Whether the rule speaks of campaigns of this kind that dial in this mode."""
        return kind in self.campaigns and dial_mode in self.dial_modes


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRule(Rule):
    """Calls only in these windows, on the clock of the person called."""

    times: CallableTimes
    closed_on_holidays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyRule(Rule):
    """At most `most` attempts within any `within`. Days are consecutive ones, today's included."""

    most: int
    within: Span
    of: str = "person"
    about: str = "anything"
    not_counted: frozenset[str] = frozenset()
    """Outcomes of attempts that do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingRule(Rule):
    """No attempt for so long after an event. Days begin with the event's own, or with the next."""

    after: str
    rest: Span
    of: str = "person"
    about: str = "anything"
    from_next_day: bool = False
    unless_agent_guaranteed: bool = False
    """Whether a call may be made all the same where an agent waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRule(Rule):
    """No call without consent to one of the channels on one of the bases."""

    channels: frozenset[str]
    bases: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonmentRule(Rule):
    """The share of people who answer and get nobody within `after_s`, in each legal period of a campaign."""

    most_rate: float
    period: str
    zone: str = "UTC"
    """On whose clock days and months begin, an IANA name."""
    after_s: float = 2.0
    from_answer: bool = False
    """Whether the time runs from the answer; else from the end of the person's greeting."""
    formula: str = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRule(Rule):
    """A call rings at least this long before it may be given up."""

    at_least_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRule(Rule):
    """What a person who gets no agent hears within so many seconds."""

    within_s: float
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsRule(Rule):
    """What is kept, and for how many months at least."""

    of: tuple[str, ...]
    keep_months: int


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A country's rules, or those that one of its subdivisions adds. `id` is the name of the document."""

    id: str
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    subdivision: str
    """The ISO 3166-2 code less its country, as in FL; empty where the rules are the whole country's."""
    rules: tuple[Rule, ...]


def parse_jurisdiction(jurisdiction_id: str, document: Mapping[str, Any]) -> Jurisdiction:
    """Reads {"name", "country", "subdivision"?, "rules": [{"id", "kind", "source", "read", …}, …]}.

    Raises InvalidRuleError, which says in which rule and key something is wrong, and what.
    """
    table = RuleTable(document, None)
    name = table.text("name")
    country, subdivision = _where(table)
    given = table.take("rules")
    table.finish()
    if not isinstance(given, list) or not given or not all(isinstance(each, Mapping) for each in given):
        raise InvalidRuleError("rules is a list of tables: begin each rule with [[rules]].", key="rules")
    rules = tuple(parse_rule(each, index) for index, each in enumerate(given))
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.id in seen:
            raise InvalidRuleError(f"Another rule has the id {rule.id!r}; give each its own.", index, "id")
        seen.add(rule.id)
    return Jurisdiction(jurisdiction_id, name, country, subdivision, rules)


def parse_rule(values: Mapping[str, Any], index: int = 0) -> Rule:
    """Reads one rule's table; `index` is its place, for the error. Raises InvalidRuleError."""
    table = RuleTable(values, index)
    common = header(table, KINDS, DIAL_MODES)
    rule = _READERS[table.choice("kind", tuple(_READERS))](common, table)
    table.finish()
    return rule


def _where(table: RuleTable) -> tuple[str, str]:
    """A country and a subdivision that exist: rules for one that does not would hold for nobody."""
    country = table.pattern("country", r"[A-Z]{2}", "a country's two letters, as in US")
    if country not in SUPPORTED_REGIONS:
        raise table.error("country", f"{country!r} is no country; give its ISO 3166-1 code, as in US or GB.")
    subdivision = table.pattern("subdivision", r"[A-Z0-9]{1,3}", "a subdivision's code, as in FL", default="")
    known = subdivisions_with_holidays(country)
    if subdivision and known and subdivision not in known:
        raise table.error(
            "subdivision",
            f"{subdivision!r} is no subdivision of {country}; use one of {', '.join(sorted(known))}.",
        )
    return country, subdivision


def _window(common: dict[str, Any], table: RuleTable) -> Rule:
    return WindowRule(
        **common, times=table.times("times"), closed_on_holidays=table.flag("closed_on_holidays", False)
    )


def _frequency(common: dict[str, Any], table: RuleTable) -> Rule:
    return FrequencyRule(
        **common,
        most=table.whole("most", 1, 1000),
        within=_span(table),
        of=table.choice("of", COUNTED_OF, "person"),
        about=table.choice("about", COUNTED_ABOUT, "anything"),
        not_counted=frozenset(table.choices("not_counted", OUTCOMES, ())),
    )


def _cooling(common: dict[str, Any], table: RuleTable) -> Rule:
    rest = _span(table)
    from_next_day = table.choice("first_day", ("same", "next"), "same") == "next"
    if from_next_day and not rest.days:
        raise table.error("first_day", "first_day goes with days; hours run from the event itself.")
    return CoolingRule(
        **common,
        after=table.choice("after", EVENTS),
        rest=rest,
        of=table.choice("of", COUNTED_OF, "person"),
        about=table.choice("about", COUNTED_ABOUT, "anything"),
        from_next_day=from_next_day,
        unless_agent_guaranteed=table.flag("unless_agent_guaranteed", False),
    )


def _consent(common: dict[str, Any], table: RuleTable) -> Rule:
    return ConsentRule(
        **common,
        channels=frozenset(table.choices("channels", CHANNELS)),
        bases=frozenset(table.words("bases")),
    )


def _abandonment(common: dict[str, Any], table: RuleTable) -> Rule:
    return AbandonmentRule(
        **common,
        most_rate=table.number("most_rate", 0, 1),
        period=table.choice("period", PERIODS),
        zone=table.zone("zone", "UTC"),
        after_s=table.number("after_s", 1, 60, 2.0),
        from_answer=table.choice("counted_from", ("greeting", "answer"), "greeting") == "answer",
        formula=table.choice("formula", FORMULAS, "answered"),
    )


def _ring(common: dict[str, Any], table: RuleTable) -> Rule:
    return RingRule(**common, at_least_s=table.number("at_least_s", 1, 120))


def _message(common: dict[str, Any], table: RuleTable) -> Rule:
    return MessageRule(
        **common, within_s=table.number("within_s", 1, 60), says=table.choices("says", MESSAGE_PARTS)
    )


def _records(common: dict[str, Any], table: RuleTable) -> Rule:
    return RecordsRule(
        **common, of=table.choices("of", RECORDS), keep_months=table.whole("keep_months", 1, 1200)
    )


def _span(table: RuleTable) -> Span:
    hours = table.number("hours", 0, 24 * 366, 0.0)
    days = table.whole("days", 0, 366, 0)
    if 0 < hours < _LEAST_HOURS:
        raise table.error("hours", "hours are at least one minute, 1/60 or 0.0167.")
    if (hours > 0) == (days > 0):
        raise table.error("hours", "Give either hours (by the clock) or days (by the callee's calendar).")
    return Span(hours * 3600, days)


_READERS = {
    "window": _window,
    "frequency": _frequency,
    "cooling": _cooling,
    "consent": _consent,
    "abandonment": _abandonment,
    "ring": _ring,
    "message": _message,
    "records": _records,
}
