"""Reads the calling rules from their files: all at start, or not at all."""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import product
from pathlib import Path
from types import MappingProxyType

from campaigns.core.campaign import KINDS
from campaigns.core.jurisdiction import Place, place_of
from campaigns.core.policy import NO_OWN_RULES, OWN_RULES, Exemption, OwnRules, Policy, make_policy
from campaigns.core.rules import (
    DIAL_MODES,
    CoolingRule,
    FrequencyRule,
    Jurisdiction,
    Rule,
    WindowRule,
    parse_jurisdiction,
)
from campaigns.errors import InvalidRuleError, InvalidRuleFileError

_VERSION_CHARS = 16
_LEAST_LOOK_BACK = timedelta(days=62)
"""A campaign's own least gap may be 60 days; two more are for the callee's own date and the call itself."""
_RULE_HEADER = re.compile(r"""^\s*\[\[\s*["']?rules["']?\s*\]\]""")
_RULES_INLINE = re.compile(r"""^\s*["']?rules["']?\s*=""")
_LINE_OF_TOML = re.compile(r"at line (\d+)")


@dataclass(frozen=True, eq=False)
class Rulebook:
    """All jurisdictions' rules as loaded. Equal only to itself."""

    version: str
    """The beginning of a SHA-256 over the files: kept with each decision, it tells which rules were asked."""
    jurisdictions: tuple[Jurisdiction, ...]
    rules: Mapping[str, Rule]
    """Every rule by its id."""

    @property
    def look_back(self) -> timedelta:
        """How far back attempts have to be known, so that every rule can count all that it asks about."""
        counting = [rule for rule in self.rules.values() if isinstance(rule, FrequencyRule | CoolingRule)]
        spans = [rule.within if isinstance(rule, FrequencyRule) else rule.rest for rule in counting]
        longest = max((timedelta(each.days, each.seconds) for each in spans), default=timedelta())
        return max(longest + timedelta(days=2), _LEAST_LOOK_BACK)

    def policy(self, place: Place, kind: str, dial_mode: str, own: OwnRules = NO_OWN_RULES) -> Policy:
        """The rules for a kind of campaign, in a dial mode, at a place; made once and remembered.

        Raises InvalidExemptionError where one of the client's exemptions is from a rule that is not here.
        """
        return _policy(self, place, kind, dial_mode, own)

    def known(self, exemptions: Iterable[Exemption]) -> tuple[Exemption, ...]:
        """The exemptions from rules that are here; one from a rule that is gone frees from nothing."""
        return tuple(each for each in exemptions if each.rule_id in self.rules)


@lru_cache(maxsize=4096)
def _policy(book: Rulebook, place: Place, kind: str, dial_mode: str, own: OwnRules) -> Policy:
    return make_policy(book.version, book.jurisdictions, place, kind, dial_mode, own)


def load_rulebook(folder: Path | None = None, today: date | None = None) -> Rulebook:
    """The rules of every *.toml file of a folder, or our own where none is given.

    Reads files: call it at start. Raises InvalidRuleFileError, which says in which file and line something is
    wrong, and what; also for a rule that was read after `today` (UTC), where that is given, and for a country
    whose rules leave some kind of call without hours.
    """
    jurisdictions: list[Jurisdiction] = []
    rules: dict[str, Rule] = {}
    digest = hashlib.sha256()
    for name, content in _read(folder or files("campaigns") / "rules"):
        jurisdiction = _parse(name, content)
        for index, rule in enumerate(jurisdiction.rules):
            if rule.id in OWN_RULES:
                line = _line_of_rule(content.decode(), index, "id")
                raise _refusal(name, line, f"{rule.id!r} is one of the program's own; choose another.")
            if rule.id in rules:
                line = _line_of_rule(content.decode(), index, "id")
                raise _refusal(name, line, f"Another file has a rule with the id {rule.id!r}; rename one.")
            # Somewhere it may be tomorrow already.
            if today is not None and date.fromisoformat(rule.read) > today + timedelta(days=1):
                line = _line_of_rule(content.decode(), index, "read")
                raise _refusal(name, line, f"{rule.read} lies in the future; say when the rule was read.")
            rules[rule.id] = rule
        jurisdictions.append(jurisdiction)
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    if not jurisdictions:
        raise InvalidRuleFileError(f"There is no file of rules (*.toml) in {folder}; name another folder.")
    _check_hours(jurisdictions)
    return Rulebook(digest.hexdigest()[:_VERSION_CHARS], tuple(jurisdictions), MappingProxyType(rules))


def _read(folder: Path | Traversable) -> Iterator[tuple[str, bytes]]:
    try:
        found = sorted(
            (each for each in folder.iterdir() if each.name.lower().endswith(".toml")),
            key=lambda each: each.name,
        )
        for each in found:
            if not each.name.endswith(".toml"):
                raise _refusal(each.name, 1, "The name of a file of rules ends in .toml, in small letters.")
            yield each.name, each.read_bytes()
    except OSError as problem:
        raise InvalidRuleFileError(
            f"The rules in {folder} cannot be read ({problem.strerror}); check the folder and its files."
        ) from problem


def _parse(name: str, content: bytes) -> Jurisdiction:
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise _refusal(name, line, "The file is not UTF-8; save it as that.") from problem
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        found = _LINE_OF_TOML.search(str(problem))
        line = int(found[1]) if found else text.count("\n") + 1
        raise _refusal(name, line, f"It is not TOML: {problem}.") from problem
    try:
        jurisdiction = parse_jurisdiction(name.removesuffix(".toml"), document)
        _check_is_country(jurisdiction)
        return jurisdiction
    except InvalidRuleError as problem:
        line = _line_of_rule(text, problem.rule, problem.key)
        raise _refusal(name, line, str(problem)) from problem


def _check_is_country(jurisdiction: Jurisdiction) -> None:
    """Raises for a place such as PR, where another country's law holds: people there are in that country."""
    country = jurisdiction.country
    place = place_of("", country)
    for lawful, part in place.subdivisions:
        if lawful != country:
            sentence = f'{country} is a part of {lawful}; write country = "{lawful}", subdivision = "{part}".'
            raise InvalidRuleError(f"The document: {sentence}", key="country")


def _check_hours(jurisdictions: Iterable[Jurisdiction]) -> None:
    """Raises for a country in which some calls would be lawful at any hour: nobody wrote hours."""
    countrywide = [each for each in jurisdictions if not each.subdivision]
    for jurisdiction in countrywide:
        rules = [rule for each in countrywide if each.country == jurisdiction.country for rule in each.rules]
        windows = [rule for rule in rules if isinstance(rule, WindowRule)]
        for kind, dial_mode in product(KINDS, DIAL_MODES):
            if not any(rule.holds_for(kind, dial_mode) for rule in windows):
                calls = f"Calls of the kind {kind} in the dial mode {dial_mode}"
                hint = "add a window, from 00:00 to 24:00 where the law sets none"
                sentence = f"{calls} have no hours in {jurisdiction.country}; {hint}."
                raise _refusal(f"{jurisdiction.id}.toml", 1, sentence)


def _refusal(name: str, line: int, sentence: str) -> InvalidRuleFileError:
    return InvalidRuleFileError(f"{name}, line {line}: {sentence}")


def _line_of_rule(text: str, rule: int | None, key: str | None) -> int:
    """The line (from 1 on) of a key in the rule at a place (from 0 on; None is the part before all rules).

    Where the key is not there, the line on which the rule begins, or the array of all rules.
    """
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if _RULE_HEADER.match(line)]
    if rule is not None and not headers:
        return next((number for number, line in enumerate(lines, 1) if _RULES_INLINE.match(line)), 1)
    starts = [0, *headers, len(lines)]
    place = min(0 if rule is None else rule + 1, len(starts) - 2)
    pattern = re.compile(rf'^\s*(\[+\s*(rules\.)?)?"?{re.escape(key or "")}"?\s*[=\].]')
    for number in range(starts[place], starts[place + 1]):
        if key and pattern.match(lines[number]):
            return number + 1
    return starts[place] + 1
