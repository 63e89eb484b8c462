"""One person's way through a questionnaire. Pure: a run and answers in, the next run out.

A run is what was answered and which pages were passed; where it stands follows from that alone, however often
it was put away and taken up again. Whoever goes back and answers anew keeps what is still on the way, and
loses what is not.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.core.question import Answer
from campaigns.core.questionnaire import Page, Questionnaire
from campaigns.errors import InvalidAnswersError, NotOnThisPageError, UnfitAnswerError

AGENT, KEYS, WEB = "agent", "keys", "web"
"""Where a run is answered: on an agent's screen, by key press, at a link."""

_REQUIRED = "Please answer this."
_UNKNOWN = "This page does not ask it."
_MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Run:
    """A way through a questionnaire: the pages `passed`, in their order, and where it stands now."""

    questionnaire: Questionnaire
    passed: tuple[str, ...]
    answers: Mapping[str, Answer]
    """By question, of the passed pages alone."""
    page: Page
    """The one to be answered next; an end, where the run is over."""

    @property
    def result(self) -> str:
        """How it ended; empty while it goes on."""
        return self.page.end

    @property
    def before(self) -> str:
        """The page that was passed last; empty at the beginning."""
        return self.passed[-1] if self.passed else ""

    def at(self, name: str) -> Page:
        """A page that is passed, or the present one. Raises NotOnThisPageError."""
        if name != self.page.name and name not in self.passed:
            raise NotOnThisPageError(f"The questionnaire is at the page {self.page.name}; answer that one.")
        return self.questionnaire.by_name[name]

    def answer(self, name: str, given: Mapping[str, object]) -> "Run":
        """The run after a page was answered; one that was passed before may be answered anew.

        What is left out is not answered. Raises NotOnThisPageError, and InvalidAnswersError with what is
        wrong by question.
        """
        page = self.at(name)
        if page.end:
            raise NotOnThisPageError("The questionnaire is over; go back to a page to change its answers.")
        read = _read(page, given)
        kept = {each: answer for each, answer in self.answers.items() if each not in _names(page)}
        return resume(self.questionnaire, {*self.passed, name}, kept | read)


def begin(questionnaire: Questionnaire) -> Run:
    """A run at its first page."""
    return resume(questionnaire, (), {})


def resume(questionnaire: Questionnaire, passed: Collection[str], answers: Mapping[str, Any]) -> Run:
    """The run that these pages and answers make, in whatever order they come.

    Answers that their questions do not take, and what is not on the way, are left out.
    """
    way: list[str] = []
    kept: dict[str, Answer] = {}
    page = questionnaire.first
    while page.name in passed and not page.end:
        try:
            read = _read(page, {name: answers[name] for name in _names(page) if name in answers})
        except InvalidAnswersError:
            break
        way.append(page.name)
        kept |= read
        page = questionnaire.after(page, kept)
    return Run(questionnaire, tuple(way), kept, page)


def by_key(questionnaire: Questionnaire, answers: Mapping[str, Any], *, heard_all: bool) -> Run:
    """The run of a survey by key press, of which the answers are known, but not which pages were passed.

    Where the person has `heard_all`, to an end, every page up to it was passed; else those up to the last one
    that was answered wholly.
    """
    passed: list[str] = []
    run = resume(questionnaire, passed, answers)
    while not run.page.end:
        passed.append(run.page.name)
        further = resume(questionnaire, passed, answers)
        if further.page == run.page:
            break
        run = further
    way = list(run.passed)
    while not heard_all and way and not _is_answered(questionnaire.by_name[way[-1]], answers):
        way.pop()
    return resume(questionnaire, way, answers)


def _is_answered(page: Page, answers: Mapping[str, Any]) -> bool:
    return bool(page.questions) and all(name in answers for name in _names(page))


def _names(page: Page) -> Collection[str]:
    return [each.name for each in page.questions]


def _read(page: Page, given: Mapping[str, object]) -> dict[str, Answer]:
    names = _names(page)
    errors = {name[:_MOST_SHOWN]: _UNKNOWN for name in given if name not in names}
    read: dict[str, Answer] = {}
    for question in page.questions:
        try:
            answer = question.read(given.get(question.name))
        except UnfitAnswerError as error:
            errors[question.name] = str(error)
            continue
        if answer is not None:
            read[question.name] = answer
        elif question.required:
            errors[question.name] = _REQUIRED
    if errors:
        raise InvalidAnswersError(errors)
    return read
