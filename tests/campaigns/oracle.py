"""A slow and obvious reading of the rule files, written apart from the code that it judges.

It shares nothing with the code but the files, the names of facts, and the libraries: the documents are read
as they are, local times are compared as text, and attempts are counted one by one.
"""

import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from phonenumbers.geodata import GEOCODE_DATA

from campaigns.core.facts import Facts, PastAttempt
from tests.campaigns.oracle_zones import PROVINCES, US_STATES, of_address, of_number

Document = Mapping[str, Any]
RULES = Path(__file__).parents[2] / "campaigns" / "rules"
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALL_MODES = ["preview", "progressive", "power", "predictive", "agentless"]
ALL_KINDS = ["sales", "survey", "appointment", "collections"]


@dataclass(frozen=True)
class Case:
    """One question: may this call be made at `now`?"""

    region: str
    lead_country: str
    lead_region: str
    lead_zone: str
    """The list's own word on where the person is; empty where there is none."""
    zones_told: bool
    """Whether the number, the address and the list tell the zones; else they are drawn."""
    kind: str
    dial_mode: str
    facts: Facts
    history: tuple[PastAttempt, ...]
    now: datetime


def documents(folder: Path = RULES) -> dict[str, Document]:
    """Every rule file by its name."""
    paths = sorted(folder.glob("*.toml"))
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths}


def forbidding(case: Case, files: Mapping[str, Document]) -> set[str]:
    """The ids of the rules that forbid it; "zone" in place of all windows where a zone is not known."""
    forbidden = set()
    if not case.facts.zones or any(not _exists(zone) for zone in case.facts.zones):
        forbidden.add("zone")
    for document in _matching(case, files):
        for rule in document["rules"]:
            if case.kind not in rule.get("campaigns", ALL_KINDS):
                continue
            if case.dial_mode not in rule.get("dial_modes", ALL_MODES):
                continue
            if _forbids(rule, document, case):
                forbidden.add(rule["id"])
    return forbidden


def _forbids(rule: Document, document: Document, case: Case) -> bool:
    if rule["kind"] == "window":
        known = case.facts.zones and all(_exists(zone) for zone in case.facts.zones)
        return bool(known) and any(_outside(rule, document, case, zone) for zone in case.facts.zones)
    if rule["kind"] == "frequency":
        return _too_often(rule, case)
    if rule["kind"] == "cooling":
        return _too_soon(rule, case)
    if rule["kind"] == "consent":
        held = [c for c, basis in case.facts.consents if c in rule["channels"] and basis in rule["bases"]]
        return not held
    return False


def _outside(rule: Document, document: Document, case: Case, zone: str) -> bool:
    local = case.now.astimezone(ZoneInfo(zone))
    if rule.get("closed_on_holidays") and _is_holiday(local.date(), document, case):
        return True
    clock = local.strftime("%H:%M:%S.%f")
    for days, windows in rule["times"].items():
        first, last = days.split("-") if "-" in days else (days, days)
        if WEEKDAYS.index(first) <= local.weekday() <= WEEKDAYS.index(last):
            return not any(opens + ":00" <= clock < closes + ":00" for opens, closes in windows)
    return True


def _too_often(rule: Document, case: Case) -> bool:
    attempts = [
        past
        for past in case.history
        if past.outcome not in rule.get("not_counted", []) and _same(rule, case.facts, past)
    ]
    if "hours" in rule:
        since = case.now - timedelta(hours=rule["hours"])
        return len([past for past in attempts if past.at > since]) >= rule["most"]
    for zone in _known(case.facts.zones):
        first_day = _date(case.now, zone) - timedelta(days=rule["days"] - 1)
        if len([past for past in attempts if _date(past.at, zone) >= first_day]) >= rule["most"]:
            return True
    return False


def _too_soon(rule: Document, case: Case) -> bool:
    if rule.get("unless_agent_guaranteed") and case.facts.agent_guaranteed:
        return False
    for past in case.history:
        happened = {
            "abandoned": past.outcome == "abandoned",
            "machine": past.machine or past.outcome == "machine",
            "conversation": past.talked,
            "refusal": past.refused,
        }[rule["after"]]
        if not happened or not _same(rule, case.facts, past):
            continue
        at = past.at if past.ended_at is None else past.ended_at
        if "hours" in rule:
            if case.now < at + timedelta(hours=rule["hours"]):
                return True
            continue
        for zone in _known(case.facts.zones):
            days_since = (_date(case.now, zone) - _date(at, zone)).days
            if days_since < rule["days"] + (1 if rule.get("first_day") == "next" else 0):
                return True
    return False


def _same(rule: Document, facts: Facts, past: PastAttempt) -> bool:
    if rule.get("about") == "debt" and facts.debt and past.debt == facts.debt:
        return True
    phone, lead = past.e164 == facts.e164, past.lead_id == facts.lead_id
    of = rule.get("of", "person")
    if not {"phone": phone, "lead": lead, "person": phone or lead}[of]:
        return False
    about = rule.get("about", "anything")
    if about == "subject":
        return "" in (past.subject, facts.subject) or past.subject == facts.subject
    if about == "debt":
        return "" in (past.debt, facts.debt) or past.debt == facts.debt
    if about == "campaign":
        return past.campaign_id == facts.campaign_id
    return True


# Where: which files hold.

_GERMAN = {"Bayern": "BY", "Berlin": "BE"}
_AUSTRALIAN = {"Victoria": "VIC", "New South Wales": "NSW"}
_INDIAN = {"Ladakh": "LA"}
_NAMES: dict[str, dict[str, str]] = {
    "US": US_STATES,
    "CA": PROVINCES,
    "DE": _GERMAN,
    "AU": _AUSTRALIAN,
    "IN": _INDIAN,
}


def _matching(case: Case, files: Mapping[str, Document]) -> list[Document]:
    countries = {_home(code) for code in (case.region, case.lead_country) if code} | _address(case)
    with_rules = {document["country"] for document in files.values() if "subdivision" not in document}
    if not countries or not countries <= with_rules:
        return list(files.values())
    matching = []
    for document in files.values():
        if document["country"] not in countries:
            continue
        parts = _parts(case, document["country"])
        if "subdivision" not in document or not parts or document["subdivision"] in parts:
            matching.append(document)
    return matching


def _home(country: str) -> str:
    return "US" if country in ("PR", "GU") else country


def _address(case: Case) -> set[str]:
    """The country of the address, if any is known."""
    home = _home(case.lead_country or case.region)
    for one, other in (("US", "CA"), ("CA", "US")):
        elsewhere = _is_part(case.lead_region, other) and not _is_part(case.lead_region, one)
        if not case.lead_country and home == one and elsewhere:
            return {other}
    return {home} if home else set()


def _is_part(text: str, country: str) -> bool:
    names = _NAMES[country]
    return text in names or text in names.values()


def _parts(case: Case, country: str) -> set[str]:
    """Codes of the parts of a country that the person may be in; none where it may be any."""
    parts = {code for code in (case.region, case.lead_country) if code in ("PR", "GU") and country == "US"}
    if country == "US" and case.region == "US":
        by_number = _states(case.facts.e164[2:5], "US")
        if not by_number:
            return set()
        parts |= by_number
    if country == "CA" and case.region == "CA":
        parts |= _states(case.facts.e164[2:5], "CA")
    if country in _address(case) and case.lead_region:
        names = _NAMES.get(country, {})
        if case.lead_region in names:
            parts.add(names[case.lead_region])
        elif case.lead_region in names.values():
            parts.add(case.lead_region)
        elif country in ("US", "CA") and case.lead_country not in ("PR", "GU"):
            return set()
    return parts


@cache
def _states(area_code: str, country: str) -> set[str]:
    names, found = _NAMES[country], set()
    for prefix in _prefixes().get(area_code, []):
        place = GEOCODE_DATA[prefix].get("en", "").split(", ")[-1]
        if place in names:
            found.add(names[place])
        elif place in names.values():
            found.add(place)
    return found


@cache
def _prefixes() -> dict[str, list[str]]:
    by_area_code: dict[str, list[str]] = {}
    for prefix in GEOCODE_DATA:
        if prefix.startswith("1"):
            by_area_code.setdefault(prefix[1:4], []).append(prefix)
    return by_area_code


def _is_holiday(day: date, document: Document, case: Case) -> bool:
    country = document["country"]
    if _holiday(country, document.get("subdivision"), day):
        return True
    countries = {_home(code) for code in (case.region, case.lead_country) if code} | _address(case)
    if countries and country not in countries:
        return any(_holiday_where_they_are(each, day, case) for each in countries)
    return "subdivision" not in document and _holiday_where_they_are(country, day, case)


def _holiday_where_they_are(country: str, day: date, case: Case) -> bool:
    """Whether it is one in the country, or in a part of it where the person may be."""
    parts = _parts(case, country) or holidays.list_supported_countries().get(country, [])
    return _holiday(country, None, day) or any(_holiday(country, part, day) for part in parts)


@cache
def _holiday(country: str, part: str | None, day: date) -> bool:
    return day in _holidays_of(country, part)


@cache
def _holidays_of(country: str, part: str | None) -> Any:
    try:
        return holidays.country_holidays(country, subdiv=part, years=range(2025, 2029))
    except NotImplementedError:
        return ()


def _known(zones: Iterable[str]) -> list[str]:
    return [zone for zone in zones if _exists(zone)] or ["UTC"]


@cache
def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _date(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


# Random cases.

PLACES = [
    ("US", "America/New_York"),
    ("US", "America/Chicago"),
    ("US", "America/Los_Angeles"),
    ("PR", "America/Puerto_Rico"),
    ("CA", "America/St_Johns"),
    ("CA", "America/Vancouver"),
    ("GB", "Europe/London"),
    ("DE", "Europe/Berlin"),
    ("FR", "Europe/Paris"),
    ("AU", "Australia/Lord_Howe"),
    ("AU", "Australia/Adelaide"),
    ("IN", "Asia/Kolkata"),
    ("PH", "Asia/Manila"),
    ("NP", "Asia/Kathmandu"),
    ("LK", "Asia/Colombo"),
    ("", "Africa/Abidjan"),
]
NUMBERS = {
    "CA": ["+14165550100", "+17095550100", "+12505550100", "+18675550100"],
    "PR": ["+17875550100"],
    "GB": ["+442079460000"],
    "DE": ["+4930123456"],
    "FR": ["+33142685300"],
    "AU": ["+61283311234", "+61882345678"],
    "IN": ["+911123456789"],
    "PH": ["+63281234567"],
    "NP": ["+97714123456"],
    "LK": ["+94112345678"],
    "": ["+94112345678"],
}
AREA_CODES = [
    "850",
    "305",
    "405",
    "301",
    "206",
    "504",
    "318",
    "212",
    "415",
    "208",
    "800",
    "201",
    "702",
    "605",
    "808",
    "928",
]
LEAD_REGIONS = [
    "",
    "",
    "FL",
    "Florida",
    "LA",
    "Louisiana",
    "Washington",
    "NY",
    "Bayern",
    "VIC",
    "Narnia",
    "Ontario",
    "British Columbia",
    "NU",
    "Hawaii",
    "TX",
]
OUTCOMES = [
    "",
    "human",
    "human",
    "machine",
    "busy",
    "no_answer",
    "no_answer",
    "disconnected",
    "abandoned",
    "rejected",
]
CONSENTS = [
    ("call", "express"),
    ("automated_call", "express_written"),
    ("call", "existing_contract"),
    ("sms", "express"),
]
START, END = datetime(2025, 7, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
EDGES = [
    datetime(2025, 10, 26, 1, tzinfo=UTC),
    datetime(2025, 11, 2, 7, tzinfo=UTC),
    datetime(2026, 3, 8, 8, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 7, 4, 12, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 12, 25, 12, tzinfo=UTC),
    datetime(2027, 1, 1, 12, tzinfo=UTC),
]
SPANS = [
    timedelta(hours=1),
    timedelta(hours=24),
    timedelta(hours=72),
    timedelta(days=6),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=60),
]


def cases(seed: int, count: int) -> Iterator[Case]:
    """So many random cases, the same ones for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _case(chance)


def _case(chance: random.Random) -> Case:
    region, zone = chance.choice(PLACES)
    now = _instant(chance)
    e164 = _number(chance, region)
    zones = {zone, *chance.choices([each for _, each in PLACES], k=chance.choice([0, 0, 1, 2]))}
    if chance.random() < 0.02:
        zones = chance.choice([set(), {"Etc/Unknown"}, {zone, "Nowhere/Land"}])
    facts = Facts(
        zones=tuple(sorted(zones)),
        e164=e164,
        lead_id=1,
        subject=chance.choice(["", "a", "b"]),
        debt=chance.choice(["", "x", "y"]),
        consents=frozenset(chance.sample(CONSENTS, k=chance.choice([0, 1, 2, 3]))),
        agent_guaranteed=chance.random() < 0.3,
    )
    case = Case(
        region=region,
        lead_country=chance.choice(["", "", "", region, region, "US", "DE", "LK", "CA", "AU", "PR"]),
        lead_region=chance.choice(LEAD_REGIONS),
        lead_zone=chance.choice(["", "", "", zone]),
        zones_told=chance.random() < 0.6,
        kind=chance.choice(ALL_KINDS),
        dial_mode=chance.choice(ALL_MODES),
        facts=facts,
        history=tuple(_attempt(chance, facts, now) for _ in range(chance.choice([0, 1, 3, 5, 8, 10]))),
        now=now,
    )
    if case.zones_told:
        return replace(case, facts=replace(facts, zones=tuple(sorted(zones_told(case)))))
    return case


def _instant(chance: random.Random) -> datetime:
    """Anywhere in two years; often near a change of clocks or a holiday, often on the minute."""
    if chance.random() < 0.3:
        at = chance.choice(EDGES) + timedelta(minutes=15 * chance.randrange(-100, 100))
    else:
        at = START + timedelta(minutes=15 * chance.randrange(int((END - START) / timedelta(minutes=15))))
    return at + timedelta(seconds=chance.choice([0, 0, -1, 1, 7]))


def _number(chance: random.Random, region: str) -> str:
    if region == "US":
        return f"+1{chance.choice(AREA_CODES)}5550100"
    return chance.choice(NUMBERS[region])


def zones_told(case: Case) -> set[str]:
    """What the number, the address and the list tell; none where that is nothing, or not understood."""
    own = {case.lead_zone} if case.lead_zone else set()
    if own and case.kind != "collections":
        return own
    known = own | of_number(case.facts.e164)
    address = of_address(case.region, case.lead_country, case.lead_region, _NAMES)
    return set() if not known or address is None else known | address


def _attempt(chance: random.Random, facts: Facts, now: datetime) -> PastAttempt:
    """Often just as long ago as a rule's span is."""
    if chance.random() < 0.5:
        at = now - chance.choice(SPANS) + timedelta(seconds=chance.choice([-3600, -1, 0, 0, 1, 3600]))
    else:
        at = now - timedelta(minutes=chance.randrange(1, 10 * 24 * 60))
    outcome = chance.choice(OUTCOMES)
    talked = outcome == "human"
    return PastAttempt(
        at=at,
        outcome=outcome,
        e164=facts.e164 if chance.random() < 0.7 else "+12125550199",
        lead_id=chance.choice([1, 1, 2]),
        subject=chance.choice(["", "a", "b"]),
        debt=chance.choice(["", "x", "y"]),
        ended_at=at + timedelta(minutes=chance.choice([0, 1, 30])) if outcome else None,
        talked=talked,
        refused=talked and chance.random() < 0.5,
        machine=chance.random() < 0.1,
    )
