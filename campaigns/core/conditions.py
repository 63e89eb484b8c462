"""Conditions on answers, and on a lead's fields: a question, an operator and a value, joined by and and or.

In a document, as in

    { question = "again", op = "<=", value = 6 }
    { field = "region", op = "in", value = ["CA", "OR"] }
    { all = [ … ] }    { any = [ … ] }

| operator | what it asks |
|---|---|
| `is`, `is_not`, `in` | the answer; of `in`, that it is one of a list |
| `<`, `<=`, `>`, `>=` | numbers, amounts and dates; fields that are numbers |
| `has`, `has_not` | of a question with several answers, one of them |
| `answered`, `unanswered` | whether there is an answer, or anything in the field; they have no value |

What has no answer meets `unanswered` alone. A condition may be asked before all questions were: then it is
unknown (None) where an answer that is still to come decides (Kleene's logic).
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from campaigns.core.lead_text import is_field
from campaigns.core.question import DATE, NUMERIC, SEVERAL, Answer, Question, decimal_of
from campaigns.core.question_document import check_known, shown
from campaigns.errors import InvalidQuestionnaireError, UnfitAnswerError

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ALONE = ("answered", "unanswered")
_EQUAL = ("is", "is_not", "in")
_MEMBER = ("has", "has_not")
_OPERATORS = (*_EQUAL, *_COMPARE, *_MEMBER, *_ALONE)
_DEEPEST = 5
_MOST_PARTS = 50
_MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Test:
    """One answer, or one field of the lead (`of_lead`), against a value."""

    __test__ = False

    name: str
    op: str
    value: Answer | None = None
    of_lead: bool = False
    numeric: bool = False
    """Whether it is compared as a number."""


@dataclass(frozen=True, slots=True)
class Join:
    """Several conditions, of which all hold, or any (`every` is False)."""

    every: bool
    parts: tuple["Condition", ...]


Condition = Test | Join


def holds(
    condition: Condition,
    answers: Mapping[str, Answer],
    fields: Mapping[str, str] | None = None,
    *,
    settled: bool = True,
) -> bool | None:
    """Whether it holds; None where that is not known until more is answered (only if not `settled`)."""
    if isinstance(condition, Test):
        return _meets(condition, answers, fields or {}, settled)
    found = {holds(each, answers, fields, settled=settled) for each in condition.parts}
    decides = not condition.every
    if decides in found:
        return decides
    return None if None in found else condition.every


def tests_in(condition: Condition) -> Iterator[Test]:
    """Every single test of it."""
    if isinstance(condition, Test):
        yield condition
    else:
        for each in condition.parts:
            yield from tests_in(each)


def condition_to_json(condition: Condition) -> dict[str, Any]:
    """The form that `parse_condition` reads."""
    if isinstance(condition, Join):
        parts = [condition_to_json(each) for each in condition.parts]
        return {"all" if condition.every else "any": parts}
    named = {"field" if condition.of_lead else "question": condition.name, "op": condition.op}
    return named if condition.op in _ALONE else named | {"value": condition.value}


def parse_condition(
    given: object, where: str, questions: Mapping[str, Question], *, of_lead: bool = False
) -> Condition:
    """From its document; with `of_lead`, fields of the lead may be asked, too.

    Raises InvalidQuestionnaireError, which begins with `where`.
    """
    condition = _parse(given, where, questions, of_lead, 1)
    if sum(1 for _ in tests_in(condition)) > _MOST_PARTS:
        raise InvalidQuestionnaireError(f"{where}: a condition has {_MOST_PARTS} tests at most.")
    return condition


def _parse(
    given: object, where: str, questions: Mapping[str, Question], of_lead: bool, depth: int
) -> Condition:
    if not isinstance(given, Mapping):
        raise InvalidQuestionnaireError(
            f'{where}: a condition is as in {{ question = "again", op = "is", value = "yes" }}.'
        )
    if depth > _DEEPEST:
        raise InvalidQuestionnaireError(f"{where}: conditions are {_DEEPEST} deep at most.")
    for word in ("all", "any"):
        if word in given:
            check_known(where, given, frozenset({word}))
            parts = given[word]
            if not isinstance(parts, list | tuple) or not 0 < len(parts) <= _MOST_PARTS:
                raise InvalidQuestionnaireError(
                    f"{where}: {word} is a list of 1 to {_MOST_PARTS} conditions."
                )
            read = tuple(_parse(each, where, questions, of_lead, depth + 1) for each in parts)
            return Join(word == "all", read)
    op = given.get("op")
    if not isinstance(op, str) or op not in _OPERATORS:
        raise InvalidQuestionnaireError(f"{where}: op is one of {', '.join(_OPERATORS)}.")
    subject = "field" if of_lead and "field" in given else "question"
    check_known(where, given, frozenset({subject, "op"} | (set() if op in _ALONE else {"value"})))
    if op not in _ALONE and "value" not in given:
        raise InvalidQuestionnaireError(f"{where}: {op} needs a value.")
    if subject == "field":
        return _test_of_lead(where, given.get("field"), op, given.get("value"))
    return _test(where, given.get("question"), op, given.get("value"), questions)


def _test(where: str, name: object, op: str, value: object, questions: Mapping[str, Question]) -> Test:
    question = questions.get(name) if isinstance(name, str) else None
    if question is None:
        raise InvalidQuestionnaireError(f"{where}: there is no question {shown(name)}.")
    if op not in (*_operators_of(question), *_ALONE):
        raise InvalidQuestionnaireError(
            f"{where}: of {question.name} ({question.type}) one asks {', '.join(_operators_of(question))}, "
            f"not {op}."
        )
    read: Any = None
    if op == "in":
        read = [_read(where, question, each) for each in _listed(where, value)]
    elif op not in _ALONE:
        read = _read(where, question, value)
    return Test(question.name, op, read, numeric=question.type in NUMERIC)


def _operators_of(question: Question) -> tuple[str, ...]:
    if question.type == SEVERAL:
        return _MEMBER
    return (*_EQUAL, *_COMPARE) if question.type in (*NUMERIC, DATE) else _EQUAL


def _read(where: str, question: Question, value: object) -> Answer:
    try:
        read = question.read(value)
    except UnfitAnswerError as error:
        raise InvalidQuestionnaireError(
            f"{where}: {shown(value)} is no answer to {question.name}. {error}"
        ) from None
    if isinstance(read, list):
        read = read[0] if len(read) == 1 else None
    if read is None:
        raise InvalidQuestionnaireError(f"{where}: value is one answer to {question.name}.")
    return read


def _test_of_lead(where: str, name: object, op: str, value: object) -> Test:
    if not isinstance(name, str) or not is_field(name):
        raise InvalidQuestionnaireError(
            f"{where}: {shown(name)} is no field of a lead; custom fields are as in custom.age."
        )
    if op in _MEMBER:
        raise InvalidQuestionnaireError(f"{where}: a field has one value; ask is, is_not or in.")
    if op in _COMPARE:
        if decimal_of(value) is None:
            raise InvalidQuestionnaireError(f"{where}: {op} compares with a number.")
        return Test(name, op, str(value), of_lead=True, numeric=True)
    values = _listed(where, value) if op == "in" else [value]
    if op not in _ALONE and not all(isinstance(each, str) for each in values):
        raise InvalidQuestionnaireError(f"{where}: a field's value is a text.")
    return Test(name, op, value, of_lead=True)  # type: ignore[arg-type]


def _listed(where: str, value: object) -> list[Any]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _MOST_VALUES:
        raise InvalidQuestionnaireError(f"{where}: in has a list of 1 to {_MOST_VALUES} values.")
    return list(value)


def _meets(
    test: Test, answers: Mapping[str, Answer], fields: Mapping[str, str], settled: bool
) -> bool | None:
    found: Answer | None = fields.get(test.name) or None if test.of_lead else answers.get(test.name)
    if found is None:
        if not settled and not test.of_lead:
            return None
        return test.op == "unanswered"
    if test.op in _ALONE:
        return test.op == "answered"
    if test.op in _MEMBER:
        return (isinstance(found, list) and test.value in found) == (test.op == "has")
    own = _comparable(found, test.numeric)
    if test.op == "in":
        assert isinstance(test.value, list)  # noqa: S101 - as it was parsed
        return own in [_comparable(each, test.numeric) for each in test.value]
    other = _comparable(test.value, test.numeric)
    if test.op in _COMPARE:
        return own is not None and other is not None and _COMPARE[test.op](own, other)
    return (own == other) == (test.op == "is")


def _comparable(value: Any, numeric: bool) -> Decimal | str | None:
    """ISO dates compare as texts do; a field that is no number compares with none."""
    return decimal_of(value) if numeric else str(value)
