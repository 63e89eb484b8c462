"""Questionnaires: documents that make sense, and ways through them that end where their answers say."""

import contextlib
import copy
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.lead_text import fields_of, fill
from campaigns.core.question import Question
from campaigns.core.questionnaire import Questionnaire
from campaigns.core.questionnaire_run import Run, begin, resume
from campaigns.core.quotas import full_for, parse_quotas, segments_of
from campaigns.errors import (
    InvalidAnswersError,
    InvalidQuestionnaireError,
    NotOnThisPageError,
    UnfitAnswerError,
)
from tests.campaigns.questionnaires import SURVEY, answers_to, documents

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)


def survey(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(SURVEY) | changes


def test_a_survey_leads_where_its_answers_say() -> None:
    run = begin(Questionnaire.parse(SURVEY))
    assert (run.page.name, run.result, run.before) == ("hello", "", "")
    refused = run.answer("hello", {"willing": "no"})
    assert (refused.page.name, refused.result) == ("sorry", "screened_out")
    run = run.answer("hello", {"willing": "yes"}).answer("score", {"recommend": "4"})
    assert run.page.name == "why"
    run = run.answer("why", {})
    assert (run.page.name, run.result, run.answers) == (
        "thanks",
        "completed",
        {"willing": "yes", "recommend": 4},
    )


def test_whoever_goes_back_loses_what_is_no_longer_on_the_way() -> None:
    run = begin(Questionnaire.parse(SURVEY)).answer("hello", {"willing": "yes"})
    run = run.answer("score", {"recommend": 2}).answer("why", {"reason": "price"})
    same = run.answer("score", {"recommend": 3})
    assert (same.page.name, same.answers["reason"]) == ("thanks", "price")
    other = run.answer("score", {"recommend": 9})
    assert other.answers == {"willing": "yes", "recommend": 9}
    assert other.passed == ("hello", "score")
    assert run.answer("hello", {"willing": "no"}).answers == {"willing": "no"}


def test_only_the_present_page_and_those_before_it_are_answered() -> None:
    run = begin(Questionnaire.parse(SURVEY))
    with pytest.raises(NotOnThisPageError):
        run.answer("score", {"recommend": 3})
    with pytest.raises(NotOnThisPageError):
        run.answer("hello", {"willing": "no"}).answer("sorry", {})


def test_what_is_wrong_is_told_by_question() -> None:
    run = begin(Questionnaire.parse(SURVEY))
    with pytest.raises(InvalidAnswersError) as caught:
        run.answer("hello", {"willing": "perhaps", "else": 1})
    assert set(caught.value.errors) == {"willing", "else"}
    with pytest.raises(InvalidAnswersError) as caught:
        run.answer("hello", {})
    assert caught.value.errors == {"willing": "Please answer this."}


@pytest.mark.parametrize(
    ("question", "given", "kept"),
    [
        ({"type": "single", "options": ["a", "b"]}, "b", "b"),
        ({"type": "several", "options": ["a", "b", "c"]}, ["c", "a"], ["a", "c"]),
        ({"type": "several", "options": ["a", "b"]}, "a", ["a"]),
        ({"type": "scale", "low": 0, "high": 3}, "3", 3),
        ({"type": "nps"}, 10, 10),
        ({"type": "number", "decimals": 2}, "1.25", 1.25),
        ({"type": "number"}, "7", 7),
        ({"type": "money", "currency": "EUR"}, "12.5", "12.50"),
        ({"type": "money", "currency": "JPY"}, 1200, "1200"),
        ({"type": "money", "currency": "KWD"}, "1.125", "1.125"),
        ({"type": "date"}, "2026-12-24", "2026-12-24"),
        ({"type": "text"}, " so so\x00\ud800 ", "so so"),
        ({"type": "text"}, "", None),
    ],
)
def test_an_answer_is_kept_in_one_form(question: dict[str, Any], given: object, kept: object) -> None:
    assert asked(question).read(given) == kept


@pytest.mark.parametrize(
    ("question", "given"),
    [
        ({"type": "single", "options": ["a"]}, "z"),
        ({"type": "single", "options": ["a"]}, ["a"]),
        ({"type": "several", "options": ["a"]}, [["a"]]),
        ({"type": "several", "options": ["a"]}, {"a": 1}),
        ({"type": "csat"}, 0),
        ({"type": "csat"}, 6),
        ({"type": "ces"}, 1.5),
        ({"type": "nps"}, True),
        ({"type": "nps"}, 10**400),
        ({"type": "nps"}, "9" * 5000),
        ({"type": "number"}, float("nan")),
        ({"type": "number"}, "1e3"),
        ({"type": "money", "currency": "EUR"}, "-1"),
        ({"type": "money", "currency": "EUR"}, "1.005"),
        ({"type": "money", "currency": "JPY"}, "1.5"),
        ({"type": "date"}, "2026-02-30"),
        ({"type": "date", "earliest": "2026-01-01"}, "2025-12-31"),
        ({"type": "text", "longest": 3}, "four"),
        ({"type": "text"}, 4),
    ],
)
def test_what_does_not_answer_a_question_is_refused(question: dict[str, Any], given: object) -> None:
    with pytest.raises(UnfitAnswerError):
        asked(question).read(given)


def asked(question: Mapping[str, Any]) -> Question:
    page = {"name": "p", "questions": [{"name": "q", "text": "What?", **question}]}
    return Questionnaire.parse({"pages": [page, {"name": "end", "end": "completed"}]}).questions["q"]


def test_keys_are_chosen_or_come_in_order() -> None:
    options = [{"value": "a", "label": "A", "key": "2"}, "b", "c"]
    assert asked({"type": "single", "options": options}).keys() == {"2": "a", "1": "b", "3": "c"}
    assert asked({"type": "nps"}).keys()["*"] == 10
    without_9 = asked({"type": "nps"}).keys(without="9")
    assert (without_9["8"], without_9["*"], without_9["#"]) == (8, 9, 10)
    assert "9" not in without_9


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The survey with something else at one place."""
    document: Any = survey()
    inner = document
    for each in path[:-1]:
        inner = inner[each]
    inner[path[-1]] = value
    return dict(document)


NO_PAGE = {"if": {"question": "willing", "op": "is", "value": "no"}, "to": "nowhere"}
LATER = {"if": {"question": "reason", "op": "answered"}, "to": "thanks"}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (changed(("pages", 0, "branches"), [NO_PAGE]), "which is no page"),
        (changed(("pages", 0, "branches"), [LATER]), "not asked before"),
        (changed(("pages", 1, "next"), "hello"), "leads back to hello"),
        (changed(("pages", 0, "branches"), []), "No page leads to sorry"),
        (changed(("pages", 2, "next"), "score"), "leads back to score"),
        (changed(("pages", 0, "text"), "{{ password }}"), "no field of a lead"),
        (changed(("pages", 0, "text"), "{{ first_name.__class__ }}"), "no field of a lead"),
        (changed(("pages", 0, "text"), "{{ 7 * 7 }}"), "no field of a lead"),
        (changed(("pages", 0, "text"), "}} {{"), "no field of a lead"),
        (changed(("pages", 0, "questions", 0, "type"), "essay"), "type is one of"),
        (changed(("pages", 0, "questions", 0, "options"), []), "options is a list"),
        (changed(("pages", 1, "questions", 0, "name"), "willing"), "two questions willing"),
        (changed(("pages", 1, "name"), "hello"), "two pages hello"),
        (changed(("pages", 3, "end"), "later"), "end is one of"),
        (changed(("pages", 1, "questions", 0, "low"), 3), "'low' is nothing"),
        (survey(pages=[]), "pages is a list of 1"),
        (survey(pages=survey()["pages"][:1]), "ends nothing"),
        (survey(colour="red"), "'colour' is nothing"),
        ({"pages": [{"name": "only"}]}, "ends nothing"),
        ({"pages": [{"name": "end", "end": "completed"}]}, "The first page is the end"),
        ({"pages": [{"name": "p", "text": "x" * 4001}]}, "text is a text"),
    ],
)
def test_a_questionnaire_that_makes_no_sense_is_refused_with_the_place(document: object, why: str) -> None:
    with pytest.raises(InvalidQuestionnaireError, match=why):
        Questionnaire.parse(document)


@settings(max_examples=50)
@given(documents())
def test_what_is_written_is_read_as_it_was(document: dict[str, Any]) -> None:
    written = json.loads(json.dumps(Questionnaire.parse(document).to_json()))
    assert Questionnaire.parse(written) == Questionnaire.parse(document)


@given(documents(), st.data())
def test_every_way_ends_where_its_answers_lead_and_may_be_broken_off_anywhere(
    document: dict[str, Any], data: st.DataObject
) -> None:
    questionnaire = Questionnaire.parse(document)
    run = begin(questionnaire)
    for _ in questionnaire.pages:
        if run.result:
            break
        before = run
        run = run.answer(run.page.name, data.draw(answers_to(run.page.questions)))
        assert run.page.name == expected_after(document, before.page.name, run.answers)
        assert again(run, data) == run
    assert run.result in ("completed", "screened_out")
    assert set(run.answers) <= {each for page in run.passed for each in names_on(questionnaire, page)}


@settings(max_examples=50)
@given(documents(), st.data())
def test_going_back_is_as_if_the_new_answers_had_been_the_first(
    document: dict[str, Any], data: st.DataObject
) -> None:
    questionnaire = Questionnaire.parse(document)
    run = begin(questionnaire)
    while not run.result:
        run = run.answer(run.page.name, data.draw(answers_to(run.page.questions)))
    page = data.draw(st.sampled_from(run.passed))
    new = data.draw(answers_to(questionnaire.by_name[page].questions))
    back = run.answer(page, new)
    afresh = begin(questionnaire)
    while not afresh.result and afresh.page.name in (*run.passed, page):
        named = names_on(questionnaire, afresh.page.name)
        given = {each: run.answers[each] for each in named if each in run.answers}
        afresh = afresh.answer(afresh.page.name, new if afresh.page.name == page else given)
    assert (back.page, back.answers, back.passed) == (afresh.page, afresh.answers, afresh.passed)


def names_on(questionnaire: Questionnaire, page: str) -> list[str]:
    return [each.name for each in questionnaire.by_name[page].questions]


def again(run: Run, data: st.DataObject) -> Run:
    """The run as it comes back from where it was put away: in any order, through JSON."""
    passed = data.draw(st.permutations(run.passed))
    answers = dict(data.draw(st.permutations(list(run.answers.items()))))
    return resume(run.questionnaire, passed, json.loads(json.dumps(answers)))


def expected_after(document: Mapping[str, Any], name: str, answers: Mapping[str, Any]) -> str:
    """The next page, told from the document alone."""
    pages = document["pages"]
    place = next(number for number, each in enumerate(pages) if each["name"] == name)
    for branch in pages[place].get("branches", ()):
        if is_true(branch["if"], answers):
            return str(branch["to"])
    return str(pages[place + 1]["name"])


def is_true(condition: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    if "all" in condition:
        return all(is_true(each, answers) for each in condition["all"])
    if "any" in condition:
        return any(is_true(each, answers) for each in condition["any"])
    found, op, value = answers.get(condition["question"]), condition["op"], condition.get("value")
    if op in ("answered", "unanswered"):
        return (found is not None) == (op == "answered")
    if found is None:
        return False
    if isinstance(found, list):
        return (value in found) == (op == "has")
    as_number = not isinstance(found, str) or found.replace(".", "").isdigit()
    if (as_number and not isinstance(value, str)) or _is_money(found, value):
        found, value = Decimal(str(found)), Decimal(str(value))
    return {
        "is": found == value,
        "is_not": found != value,
        "<": found < value,
        "<=": found <= value,
        ">": found > value,
        ">=": found >= value,
    }[op]


def _is_money(found: object, value: object) -> bool:
    return all(isinstance(each, str) and each[-3:-2] == "." for each in (found, value))


@given(ANY_JSON)
def test_a_hostile_document_is_refused_with_a_sentence(document: object) -> None:
    for each in (document, {"pages": document}, {"pages": [document]}):
        with pytest.raises(InvalidQuestionnaireError):
            Questionnaire.parse(each)


@given(st.data(), ANY_JSON)
def test_a_hostile_part_of_a_document_is_refused_or_makes_sense(data: st.DataObject, part: object) -> None:
    document: Any = survey()
    inner = document
    while True:
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if not isinstance(inner[key], dict | list) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = part
    try:
        read = Questionnaire.parse(document)
    except InvalidQuestionnaireError:
        return
    assert Questionnaire.parse(read.to_json()) == read


def test_conditions_are_not_deep_and_questionnaires_not_large() -> None:
    deep: Any = {"question": "willing", "op": "answered"}
    for _ in range(2000):
        deep = {"all": [deep]}
    with pytest.raises(InvalidQuestionnaireError, match="deep at most"):
        Questionnaire.parse(changed(("pages", 0, "branches"), [{"if": deep, "to": "sorry"}]))
    large = [{"name": f"p{each}", "text": "x" * 4000} for each in range(99)]
    with pytest.raises(InvalidQuestionnaireError, match="KiB at most"):
        Questionnaire.parse({"pages": [*large, {"name": "end", "end": "completed"}]})


def test_fields_are_put_in_and_never_looked_at_again() -> None:
    fields = fields_of({"first_name": "{{ last_name }}", "last_name": None}, {"plan": "<b>"})
    assert (
        fill("Dear {{ first_name }} {{last_name}}: {{ custom.plan }}", fields) == "Dear {{ last_name }} : <b>"
    )


QUOTAS = [
    {"name": "all", "target": 100},
    {"name": "west", "target": 2, "segment": {"field": "region", "op": "in", "value": ["CA", "OR"]}},
    {
        "name": "unhappy-old",
        "target": 1,
        "segment": {
            "all": [
                {"question": "recommend", "op": "<=", "value": 6},
                {"field": "custom.age", "op": ">=", "value": 60},
            ]
        },
    },
]


def test_a_full_quota_is_told_as_soon_as_it_is_sure() -> None:
    quotas = parse_quotas(QUOTAS, Questionnaire.parse(SURVEY))
    full = {"west": 2, "unhappy-old": 1}
    west, old, young = {"region": "CA"}, {"custom.age": "71"}, {"custom.age": "18"}
    assert full_for(quotas, full, west, {}) == quotas[1]
    assert full_for(quotas, full, old, {}) is None  # nobody knows yet whether they are content
    assert full_for(quotas, full, old, {"recommend": 3}) == quotas[2]
    assert full_for(quotas, full, old, {"recommend": 8}) is None
    assert full_for(quotas, full, young, {"recommend": 3}) is None
    assert full_for(quotas, {"all": 100}, {}, {}) == quotas[0]
    assert segments_of(quotas, west | old, {"recommend": 3}) == ("all", "west", "unhappy-old")
    assert segments_of(quotas, {}, {}) == ("all",)


@pytest.mark.parametrize(
    ("quotas", "why"),
    [
        ([{"name": "x", "target": -1}], "target is a whole number"),
        ([{"name": "x", "target": 1}, {"name": "x", "target": 2}], "a name of its own"),
        ([{"name": "x", "target": 1, "segment": {"question": "age", "op": "is", "value": 1}}], "no question"),
        ([{"name": "x", "target": 1, "segment": {"field": "shoe", "op": "is", "value": "1"}}], "no field"),
        ("everybody", "a list of at most"),
    ],
)
def test_quotas_that_make_no_sense_are_refused(quotas: object, why: str) -> None:
    with pytest.raises(InvalidQuestionnaireError, match=why):
        parse_quotas(quotas, Questionnaire.parse(SURVEY))


def test_quotas_by_answers_need_a_page_that_ends_politely() -> None:
    without = Questionnaire.parse(survey(pages=survey()["pages"][:-1]))
    with pytest.raises(InvalidQuestionnaireError, match="quota_full"):
        parse_quotas(QUOTAS, without)
    assert parse_quotas(QUOTAS[:2], without)
    with pytest.raises(InvalidQuestionnaireError, match="script"):
        parse_quotas(QUOTAS[:1], None)


@given(ANY_JSON)
def test_hostile_quotas_are_refused_with_a_sentence(part: object) -> None:
    questionnaire = Questionnaire.parse(SURVEY)
    for each in ([{"name": "x", "target": 1, "segment": part}], [part]):
        with contextlib.suppress(InvalidQuestionnaireError):
            parse_quotas(each, questionnaire)
