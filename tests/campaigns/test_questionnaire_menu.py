"""Questionnaires by key press: the menu leads every key to where the questionnaire leads its answer."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.menu_run import Answered, HangUp, MenuRun, Play
from campaigns.core.question import BY_KEY
from campaigns.core.questionnaire import Questionnaire
from campaigns.core.questionnaire_menu import menu_of
from campaigns.core.questionnaire_run import begin, by_key
from campaigns.core.quotas import parse_quotas
from campaigns.errors import InvalidQuestionnaireError
from tests.campaigns.questionnaires import SURVEY, documents

NOBODY = "nobody presses"
ESSAY = {"name": "reason", "type": "text", "text": "What went wrong?", "prompt": "reason"}


def pressed(questionnaire: Questionnaire, keys: list[str], **quotas: Any) -> tuple[dict[str, Any], MenuRun]:
    """The answers of a call in which these keys are pressed, one a question, and where it came to."""
    run = MenuRun(menu_of(questionnaire, "9", **quotas))
    given: dict[str, Any] = {}
    left = list(keys)
    acts = run.begin(0.0)
    while not any(isinstance(each, HangUp) for each in acts):
        for each in acts:
            if isinstance(each, Answered):
                given[each.question] = questionnaire.questions[each.question].keys(without="9")[each.key]
        played = [each for each in acts if isinstance(each, Play)]
        if run.step.do == "ask":
            key = left.pop(0) if left else NOBODY
            if key == NOBODY:
                acts = run.prompt_ended(run.number, 0.0) + run.tick(1000.0)
                acts = run.prompt_ended(run.number, 0.0) + run.tick(2000.0)  # it is asked twice
            else:
                acts = run.key(key, 0.0)
        else:
            acts = run.prompt_ended(played[-1].number if played else run.number, 0.0)
    return given, run


def test_a_survey_is_asked_by_its_prompts() -> None:
    questionnaire = Questionnaire.parse(SURVEY)
    given, run = pressed(questionnaire, ["1", "3", "2"])
    assert given == {"willing": "yes", "recommend": 3, "reason": "service"}
    assert (run.finished, run.disposition, run.step.prompt) == (True, "survey_completed", "thanks")
    assert pressed(questionnaire, ["1", "#"])[0] == {"willing": "yes", "recommend": 10}
    given, run = pressed(questionnaire, ["2"])
    assert (given, run.disposition, run.step.prompt) == ({"willing": "no"}, "", "sorry")


def test_whoever_is_needed_no_more_is_told_so() -> None:
    questionnaire = Questionnaire.parse(SURVEY)
    segment = {"question": "recommend", "op": "<=", "value": 6}
    quotas = parse_quotas([{"name": "unhappy", "target": 5, "segment": segment}], questionnaire)
    _, run = pressed(questionnaire, ["1", "3"], quotas=quotas, counts={"unhappy": 5})
    assert (run.step.prompt, run.disposition) == ("full", "")
    _, run = pressed(questionnaire, ["1", "8"], quotas=quotas, counts={"unhappy": 5})
    assert run.disposition == "survey_completed"


@settings(max_examples=40)
@given(documents(BY_KEY), st.lists(st.integers(0, 20), max_size=12))
def test_keys_lead_where_answers_do(document: dict[str, Any], choices: list[int]) -> None:
    questionnaire = Questionnaire.parse(document)
    run = begin(questionnaire)
    keys: list[str] = []
    left = list(choices)
    while not run.result:
        given = {}
        for each in run.page.questions:
            found = sorted(each.keys(without="9").items())
            choice = left.pop(0) if left else 0
            if choice >= len(found) and not each.required:
                keys.append(NOBODY)
                continue
            key, answer = found[choice % len(found)]
            keys.append(key)
            given[each.name] = answer
        run = run.answer(run.page.name, given)
    try:
        answers, heard = pressed(questionnaire, keys)
    except InvalidQuestionnaireError:
        return
    assert answers == run.answers
    assert (heard.finished, heard.step.prompt) == (True, run.page.prompt)
    assert by_key(questionnaire, answers, heard_all=True) == run


def test_a_call_that_is_broken_off_stands_behind_its_last_answer() -> None:
    questionnaire = Questionnaire.parse(SURVEY)
    assert by_key(questionnaire, {}, heard_all=False).page.name == "hello"
    assert by_key(questionnaire, {"willing": "yes"}, heard_all=False).page.name == "score"
    half = by_key(questionnaire, {"willing": "yes", "recommend": 3}, heard_all=False)
    assert (half.page.name, half.result) == ("why", "")
    assert by_key(questionnaire, {"willing": "yes", "recommend": 3}, heard_all=True).result == "completed"


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("pages", 2, "questions", 0), ESSAY, "cannot be answered by one key"),
        (("pages", 1, "questions", 0, "prompt"), "", "needs a prompt"),
        (("pages", 3, "prompt"), "", "needs a prompt to be heard"),
        (
            ("pages", 2, "questions", 0, "options"),
            [str(each) for each in range(12)],
            "no key for each answer",
        ),
    ],
)
def test_what_cannot_be_asked_by_key_is_told(path: tuple[Any, ...], value: object, why: str) -> None:
    document: Any = copy.deepcopy(SURVEY)
    inner = document
    for each in path[:-1]:
        inner = inner[each]
    inner[path[-1]] = value
    with pytest.raises(InvalidQuestionnaireError, match=why):
        menu_of(Questionnaire.parse(document), "9")


def test_too_many_ways_are_refused_at_once() -> None:
    names = [f"q{each}" for each in range(12)]
    pages: list[dict[str, Any]] = [
        {"name": name, "questions": [{"name": name, "type": "nps", "text": "?", "prompt": "p"}]}
        for name in names
    ]
    pages[-1]["branches"] = [
        {"if": {"all": [{"question": each, "op": "is", "value": 1} for each in names]}, "to": "out"}
    ]
    ends = [{"name": "end", "end": "completed"}, {"name": "out", "end": "screened_out"}]
    with pytest.raises(InvalidQuestionnaireError, match="steps"):
        menu_of(Questionnaire.parse({"pages": [*pages, *ends]}), "9")
