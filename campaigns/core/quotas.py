"""Quotas: how many completed questionnaires of each kind a survey wants.

A quota has a `name`, a `target` and a `segment`: a condition on answers and on fields of the lead (see
campaigns.core.conditions). Without a segment it is for everybody. A person counts for every quota whose
segment holds for them; as soon as one of those is full, they are needed no more: nobody calls a lead of whom
that is known from its data, and a questionnaire ends politely where only an answer tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.core.conditions import Condition, condition_to_json, holds, parse_condition, tests_in
from campaigns.core.question import Answer, Question
from campaigns.core.question_document import NAME, check_known, shown
from campaigns.core.questionnaire import Questionnaire
from campaigns.errors import InvalidQuestionnaireError

QUOTA_FULL = "quota_full"
"""Why a lead is not called whose kind is needed no more."""
MOST_QUOTAS = 100
_HIGHEST_TARGET = 10**6


@dataclass(frozen=True, slots=True)
class Quota:
    """So many of a kind are wanted; `segment` is None for everybody."""

    name: str
    target: int
    segment: Condition | None = None

    def holds(
        self, fields: Mapping[str, str], answers: Mapping[str, Answer], *, settled: bool
    ) -> bool | None:
        """Whether a person is of its kind; None where answers that are still to come decide."""
        return True if self.segment is None else holds(self.segment, answers, fields, settled=settled)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse_quotas` reads."""
        named = {"name": self.name, "target": self.target}
        return named if self.segment is None else named | {"segment": condition_to_json(self.segment)}


def parse_quotas(given: object, questionnaire: Questionnaire | None) -> tuple[Quota, ...]:
    """Quotas from their document, or as they are. Raises InvalidQuestionnaireError."""
    if not isinstance(given, list | tuple) or len(given) > MOST_QUOTAS:
        raise InvalidQuestionnaireError(f"quotas is a list of at most {MOST_QUOTAS}.")
    if given and questionnaire is None:
        raise InvalidQuestionnaireError("quotas count completed questionnaires; give the campaign a script.")
    questions = {} if questionnaire is None else questionnaire.questions
    quotas = tuple(
        each if isinstance(each, Quota) else _quota(number, each, questions)
        for number, each in enumerate(given, 1)
    )
    if len({each.name for each in quotas}) < len(quotas):
        raise InvalidQuestionnaireError("Each quota has a name of its own.")
    if questionnaire is not None and questionnaire.quota_page is None and any(map(_asks, quotas)):
        raise InvalidQuestionnaireError(
            'Quotas by answers need a page with end = "quota_full", for those who are needed no more.'
        )
    return quotas


def full_for(
    quotas: Sequence[Quota],
    counts: Mapping[str, int],
    fields: Mapping[str, str],
    answers: Mapping[str, Answer],
) -> Quota | None:
    """The first full quota that a person surely counts for, by what is known so far; None for none.

    `counts`: completed so far, by quota.
    """
    for each in quotas:
        if counts.get(each.name, 0) >= each.target and each.holds(fields, answers, settled=False):
            return each
    return None


def segments_of(
    quotas: Sequence[Quota], fields: Mapping[str, str], answers: Mapping[str, Answer]
) -> tuple[str, ...]:
    """The quotas that a completed questionnaire counts for, by name."""
    return tuple(each.name for each in quotas if each.holds(fields, answers, settled=True))


def _quota(number: int, given: object, questions: Mapping[str, Question]) -> Quota:
    where = f"Quota {number}"
    if not isinstance(given, Mapping):
        raise InvalidQuestionnaireError(f"{where}: a quota is a table with name, target and segment.")
    check_known(where, given, frozenset({"name", "target", "segment"}))
    name, target = given.get("name"), given.get("target")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidQuestionnaireError(
            f"{where}: a name is 1 to 40 small letters, digits, - and _, not {shown(name)}."
        )
    if not isinstance(target, int) or isinstance(target, bool) or not 0 <= target <= _HIGHEST_TARGET:
        raise InvalidQuestionnaireError(f"Quota {name}: target is a whole number to {_HIGHEST_TARGET}.")
    segment = given.get("segment")
    if segment is None:
        return Quota(name, target)
    return Quota(name, target, parse_condition(segment, f"Quota {name}", questions, of_lead=True))


def _asks(quota: Quota) -> bool:
    """Whether its segment depends on an answer."""
    return quota.segment is not None and not all(each.of_lead for each in tests_in(quota.segment))
