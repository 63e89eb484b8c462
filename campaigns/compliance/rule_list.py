"""Every calling rule that is loaded, for people."""

from dataclasses import dataclass

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.rule_words import KIND_OF, words
from campaigns.core.rules import Rule
from campaigns.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """A rule that is loaded. `says` is in words; `read` is when its text was read, ISO 8601."""

    id: str
    jurisdiction: str
    kind: str
    says: str
    source: str
    read: str
    read_in_own_text: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JurisdictionInfo:
    """Whose rules there are. `subdivision` is empty where they are the whole country's."""

    id: str
    name: str
    country: str
    subdivision: str
    rules: list[RuleInfo]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """All rules; `version` is kept with each decision that was made by them."""

    version: str
    jurisdictions: list[JurisdictionInfo]


def list_rules(rules: Rulebook, jurisdiction: str | None = None) -> RuleList:
    """Every rule, or those of one jurisdiction. Raises NotFoundError."""
    found = [each for each in rules.jurisdictions if jurisdiction in (None, each.id)]
    if not found:
        known = ", ".join(each.id for each in rules.jurisdictions)
        raise NotFoundError(f"There is no jurisdiction {str(jurisdiction)[:60]!r}; there are {known}.")
    return RuleList(
        version=rules.version,
        jurisdictions=[
            JurisdictionInfo(
                id=each.id,
                name=each.name,
                country=each.country,
                subdivision=each.subdivision,
                rules=[rule_info(rule, each.id) for rule in each.rules],
            )
            for each in found
        ],
    )


def rule_info(rule: Rule, jurisdiction: str) -> RuleInfo:
    """A rule of the jurisdiction with that id, for people."""
    return RuleInfo(
        id=rule.id,
        jurisdiction=jurisdiction,
        kind=KIND_OF.get(type(rule), ""),
        says=words(rule),
        source=rule.source,
        read=rule.read,
        read_in_own_text=rule.checked,
        note=rule.note,
    )
