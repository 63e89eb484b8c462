"""A questionnaire as a menu: each question is asked by its prompt and answered by one key.

A menu knows no answers but the key of the step that it is at. So there is a step for each question and each
set of earlier answers that still decides where to go on; steps that are alike are one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from campaigns.core.conditions import tests_in
from campaigns.core.menu import Menu, Step
from campaigns.core.menu_run import MOST_STEPS
from campaigns.core.question import BY_KEY, Answer, Question
from campaigns.core.questionnaire import COMPLETED, Page, Questionnaire, read_script
from campaigns.core.quotas import Quota, full_for, parse_quotas
from campaigns.errors import InvalidQuestionnaireError

_MOST_STEPS_OF_A_MENU = 100
_MOST_WAYS = 1_000
_COMPLETED = "survey_completed"
_LONGEST_NAME = 30
_NOBODY: Mapping[str, str] = {}

_Way = tuple[str, int]
"""A step, and how many steps it is from there to an end at most."""


def menu_of(
    questionnaire: Questionnaire,
    opt_out_key: str,
    quotas: Sequence[Quota] = (),
    counts: Mapping[str, int] | None = None,
) -> Menu:
    """The menu that asks a questionnaire, with no key that opts out.

    A question that needs no answer is passed where no key is pressed; else the call ends there. Where a quota
    that depends on answers alone is full, by `counts`, its people are led to the page for those who are
    needed no more. Raises InvalidQuestionnaireError where a question cannot be asked so, or there are too
    many ways.
    """
    full = [
        each.to_json()
        for each in quotas
        if each.segment is not None
        and (counts or {}).get(each.name, 0) >= each.target
        and not any(test.of_lead for test in tests_in(each.segment))
    ]
    return _built(json.dumps(questionnaire.to_json()), opt_out_key, json.dumps(full))


@lru_cache(maxsize=128)
def _built(document: str, opt_out_key: str, full_quotas: str) -> Menu:
    """From texts, so that a menu is built once: it is asked for with each call."""
    questionnaire = read_script(json.loads(document))
    full = parse_quotas(json.loads(full_quotas), questionnaire)
    for page in questionnaire.pages:
        _check_page(page, opt_out_key)
    builder = _Builder(questionnaire, opt_out_key, full, _deciding(questionnaire, full))
    start, length = builder.page(questionnaire.first, {})
    if length > MOST_STEPS:
        raise InvalidQuestionnaireError(f"A call has {MOST_STEPS} steps at most; ask less by key press.")
    return Menu(start, builder.steps)


def _check_page(page: Page, opt_out_key: str) -> None:
    if not page.prompt and not page.questions and page.text:
        raise InvalidQuestionnaireError(f"Page {page.name} needs a prompt to be heard; its text is for eyes.")
    for question in page.questions:
        if question.type not in BY_KEY:
            raise InvalidQuestionnaireError(
                f"Question {question.name} cannot be answered by one key: {question.type} is none of "
                f"{', '.join(BY_KEY)}."
            )
        if not question.prompt:
            raise InvalidQuestionnaireError(f"Question {question.name} needs a prompt that asks it.")
        answers = len(question.options) or int(question.high or 0) - int(question.low or 0) + 1
        if len(question.keys(without=opt_out_key)) < answers:
            raise InvalidQuestionnaireError(
                f"Question {question.name} has no key for each answer: {opt_out_key} is the key that opts "
                "out, and there are 11 others."
            )


@dataclass
class _Builder:
    """Makes steps from the end of each way on."""

    questionnaire: Questionnaire
    opt_out_key: str
    full: Sequence[Quota]
    deciding: Mapping[str, frozenset[str]]
    steps: dict[str, Step] = field(default_factory=dict)
    _made: dict[tuple[object, ...], _Way] = field(default_factory=dict)

    def page(self, page: Page, answers: Mapping[str, Answer]) -> _Way:
        """The first step of a page, or of that for people who are needed no more."""
        quota_page = self.questionnaire.quota_page
        counts = {each.name: each.target for each in self.full}
        if quota_page is not None and not page.end and full_for(self.full, counts, _NOBODY, answers):
            page = quota_page
        if page.end:
            disposition = _COMPLETED if page.end == COMPLETED else ""
            return self._add(page.name, Step(do="hang_up", prompt=page.prompt, disposition=disposition), 0)
        to, length = self._question(page, 0, answers)
        if not page.prompt:
            return to, length
        return self._add(page.name, Step(do="say", prompt=page.prompt, next=to), length)

    def _question(self, page: Page, place: int, answers: Mapping[str, Answer]) -> _Way:
        """The step of the question at a place of a page; behind the last, of the page that follows."""
        decides = self.deciding[page.name]
        at = (page.name, place, *sorted((each, str(answers[each])) for each in answers.keys() & decides))
        if at not in self._made:
            if len(self._made) >= _MOST_WAYS:
                raise _too_many()
            if place == len(page.questions):
                self._made[at] = self.page(self.questionnaire.after(page, answers), answers)
            else:
                self._made[at] = self._ask(page, place, answers)
        return self._made[at]

    def _ask(self, page: Page, place: int, answers: Mapping[str, Answer]) -> _Way:
        question = page.questions[place]
        ways = {
            key: self._question(page, place + 1, {**answers, question.name: answer})
            for key, answer in question.keys(without=self.opt_out_key).items()
        }
        silent = self._silent(question, page, place, answers)
        step = Step(
            do="ask",
            prompt=question.prompt,
            question=question.name,
            keys={key: to for key, (to, _) in ways.items()},
            no_input=silent[0],
            no_match=silent[0],
        )
        return self._add(question.name, step, max(length for _, length in [*ways.values(), silent]))

    def _silent(self, question: Question, page: Page, place: int, answers: Mapping[str, Answer]) -> _Way:
        """Where whoever presses nothing goes on."""
        if not question.required:
            return self._question(page, place + 1, answers)
        return self._add("bye", Step(do="hang_up", prompt=self.questionnaire.bye_prompt), 0)

    def _add(self, about: str, step: Step, length: int) -> _Way:
        """Gives a step a name, unless there is one like it."""
        for name, there in self.steps.items():
            if there == step:
                return name, length + 1
        if len(self.steps) >= _MOST_STEPS_OF_A_MENU:
            raise _too_many()
        name = f"{about[:_LONGEST_NAME]}-{len(self.steps) + 1}"
        self.steps[name] = step
        return name, length + 1


def _too_many() -> InvalidQuestionnaireError:
    return InvalidQuestionnaireError(
        f"By key press there would be more than {_MOST_STEPS_OF_A_MENU} steps, one for each question and "
        "each set of answers that still decides; ask less, or branch less."
    )


def _deciding(questionnaire: Questionnaire, full: Sequence[Quota]) -> dict[str, frozenset[str]]:
    """By page, the questions whose answers decide there or later."""
    later = frozenset(
        test.name for each in full if each.segment is not None for test in tests_in(each.segment)
    )
    found: dict[str, frozenset[str]] = {}
    for page in reversed(questionnaire.pages):
        later |= {test.name for each in page.branches for test in tests_in(each.condition)}
        found[page.name] = later
    return found
