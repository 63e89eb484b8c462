"""A script with questions: pages that are read out, heard or shown, and where each answer leads.

Read from TOML or JSON. A questionnaire has `pages` in order. A page has

- `name`, `title` and `text`, in which a lead's fields stand as {{ first_name }} or {{ custom.plan }}
- `questions`, as campaigns.core.question tells
- `branches`: the first whose condition `if` holds leads to its page (`to`); see campaigns.core.conditions
- `next`: the page that follows otherwise; without it, the one behind it
- `prompt`: what is heard before its questions in a survey by key press
- `end`: it says good-bye and asks nothing; the run is completed, screened_out or quota_full

Pages lead on to later pages only, so that every way through comes to an end. A page that ends with quota_full
is reached from anywhere, as soon as nobody of the person's kind is needed any more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

from campaigns.core.conditions import Condition, condition_to_json, holds, parse_condition, tests_in
from campaigns.core.lead_text import unknown_places
from campaigns.core.question import Answer, Question
from campaigns.core.question_document import (
    NAME,
    check_known,
    parse_question,
    prompt_of,
    shown,
    text_of,
)
from campaigns.errors import InvalidQuestionnaireError

COMPLETED, SCREENED_OUT, QUOTA_FULL = "completed", "screened_out", "quota_full"
ENDS = (COMPLETED, SCREENED_OUT, QUOTA_FULL)

_MOST_PAGES = 100
_MOST_QUESTIONS = 200
_MOST_BRANCHES = 20
_LONGEST_TEXT = 4000
_LONGEST_TITLE = 200
_LARGEST_BYTES = 1 << 18
_TEXTS = ("title", "language", "next_label", "back_label")
_OF_ALL = frozenset({"pages", "bye_prompt", *_TEXTS})
_OF_A_PAGE = frozenset({"name", "title", "text", "questions", "branches", "next", "end", "prompt"})


@dataclass(frozen=True, slots=True)
class Branch:
    """Where a page leads if a condition holds."""

    condition: Condition
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is said and asked at once. `end` is empty for a page that another one follows."""

    name: str
    title: str = ""
    text: str = ""
    questions: tuple[Question, ...] = ()
    branches: tuple[Branch, ...] = ()
    next: str = ""
    end: str = ""
    prompt: str = ""

    @property
    def leads_to(self) -> tuple[str, ...]:
        """Every page that may follow."""
        return (*(each.to for each in self.branches), *([self.next] if self.next else []))

    def to_json(self) -> dict[str, Any]:
        """The form that `Questionnaire.parse` reads."""
        texts = {each: getattr(self, each) for each in ("title", "text", "next", "end", "prompt")}
        values: dict[str, Any] = {"name": self.name} | {name: text for name, text in texts.items() if text}
        if self.questions:
            values["questions"] = [each.to_json() for each in self.questions]
        if self.branches:
            values["branches"] = [
                {"if": condition_to_json(each.condition), "to": each.to} for each in self.branches
            ]
        return values


@dataclass(frozen=True)
class Questionnaire:
    """Pages in order. Raises InvalidQuestionnaireError, which names the page and says what is right."""

    pages: tuple[Page, ...]
    title: str = ""
    language: str = "en"
    next_label: str = "Next"
    back_label: str = "Back"
    bye_prompt: str = ""
    """What is heard, in a survey by key press, by whoever answers nothing where an answer is needed."""

    def __post_init__(self) -> None:
        self._check_order()
        self._check_branches()
        self._check_reached()

    @cached_property
    def by_name(self) -> Mapping[str, Page]:
        """Pages by name."""
        return {each.name: each for each in self.pages}

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """Questions by name, in the order of the pages."""
        return {each.name: each for page in self.pages for each in page.questions}

    @property
    def first(self) -> Page:
        """Where a run begins."""
        return self.pages[0]

    @cached_property
    def quota_page(self) -> Page | None:
        """Where whoever is needed no more is led."""
        return next((each for each in self.pages if each.end == QUOTA_FULL), None)

    @property
    def prompts(self) -> frozenset[str]:
        """The names of all that is played where it is asked by key."""
        asked = {each.prompt for each in self.questions.values()}
        return frozenset({self.bye_prompt, *asked, *(each.prompt for each in self.pages)} - {""})

    def after(self, page: Page, answers: Mapping[str, Answer]) -> Page:
        """The page that follows one that is no end, by the answers so far."""
        to = next((each.to for each in page.branches if holds(each.condition, answers)), page.next)
        return self.by_name[to]

    @classmethod
    def parse(cls, document: object) -> Self:
        """From its document. Raises InvalidQuestionnaireError."""
        if not isinstance(document, Mapping):
            raise InvalidQuestionnaireError("A questionnaire is a table with pages.")
        check_known("The questionnaire", document, _OF_ALL)
        pages = _listed("The questionnaire", "pages", document.get("pages"), _MOST_PAGES, least=1)
        texts = {
            name: text_of("The questionnaire", name, document[name], _LONGEST_TITLE)
            for name in _TEXTS
            if name in document
        }
        texts["bye_prompt"] = prompt_of("The questionnaire", document.get("bye_prompt", ""))
        read = [_page(number, each) for number, each in enumerate(pages, 1)]
        questions = [each for page in read for each in page["questions"]]
        if len(questions) > _MOST_QUESTIONS:
            raise InvalidQuestionnaireError(f"A questionnaire has {_MOST_QUESTIONS} questions at most.")
        for what, names in (
            ("page", [each["name"] for each in read]),
            ("question", [each.name for each in questions]),
        ):
            if len(set(names)) < len(names):
                twice = next(each for each in names if names.count(each) > 1)
                raise InvalidQuestionnaireError(f"There are two {what}s {twice}; each has a name of its own.")
        by_name = {each.name: each for each in questions}
        found = cls(tuple(_with_ways(each, read, by_name) for each in read), **texts)
        if len(json.dumps(found.to_json())) > _LARGEST_BYTES:
            raise InvalidQuestionnaireError(f"A questionnaire has {_LARGEST_BYTES >> 10} KiB at most.")
        return found

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads."""
        texts = {name: text for name in (*_TEXTS, "bye_prompt") if (text := getattr(self, name))}
        return texts | {"pages": [each.to_json() for each in self.pages]}

    def _check_order(self) -> None:
        """Each page leads on, to a page that there is; the last one ends."""
        places = {each.name: place for place, each in enumerate(self.pages)}
        if last := [each.name for each in self.pages if not each.end and not each.next]:
            raise InvalidQuestionnaireError(
                f'The last page, {last[0]}, ends nothing; give it end = "completed".'
            )
        if self.first.end:
            raise InvalidQuestionnaireError("The first page is the end; put a page before it.")
        if sum(each.end == QUOTA_FULL for each in self.pages) > 1:
            raise InvalidQuestionnaireError(f'One page has end = "{QUOTA_FULL}", not several.')
        for page in self.pages:
            for to in page.leads_to:
                if to not in places:
                    raise InvalidQuestionnaireError(
                        f"Page {page.name} leads to {shown(to)}, which is no page."
                    )
                if places[to] <= places[page.name]:
                    raise InvalidQuestionnaireError(
                        f"Page {page.name} leads back to {to}, which could go on for ever; pages lead to "
                        "later ones."
                    )

    def _check_reached(self) -> None:
        reached = {self.first.name}
        for page in self.pages:
            if page.end != QUOTA_FULL and page.name not in reached:
                raise InvalidQuestionnaireError(
                    f"No page leads to {page.name}; take it out, or have a page lead to it."
                )
            reached.update(page.leads_to)

    def _check_branches(self) -> None:
        """A branch asks only about what may have been asked on the way to it."""
        asked: dict[str, set[str]] = {each.name: set() for each in self.pages}
        for page in self.pages:
            known = asked[page.name] | {each.name for each in page.questions}
            for branch in page.branches:
                for test in tests_in(branch.condition):
                    if test.name not in known:
                        raise InvalidQuestionnaireError(
                            f"Page {page.name} branches on {test.name}, which is not asked before it."
                        )
            for to in page.leads_to:
                asked[to] |= known


def read_script(document: object) -> Questionnaire:
    """What `Questionnaire.parse` reads, which is kept: a campaign's script is asked for with each call.

    Raises InvalidQuestionnaireError.
    """
    try:
        text = json.dumps(document, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return Questionnaire.parse(document)
    return _read_text(text)


@lru_cache(maxsize=128)
def _read_text(text: str) -> Questionnaire:
    return Questionnaire.parse(json.loads(text))


def _page(number: int, given: object) -> dict[str, Any]:
    """The parts of a page but for where it leads, which needs all pages."""
    where = f"Page {number}"
    if not isinstance(given, Mapping):
        raise InvalidQuestionnaireError(f"{where}: a page is a table with a name.")
    name = given.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidQuestionnaireError(f"{where}: a page's name is 1 to 40 small letters, digits, - and _.")
    where = f"Page {name}"
    check_known(where, given, _OF_A_PAGE)
    end = given.get("end", "")
    if not isinstance(end, str) or (end and end not in ENDS):
        raise InvalidQuestionnaireError(f"{where}: end is one of {', '.join(ENDS)}.")
    if end and given.keys() & {"questions", "branches", "next"}:
        raise InvalidQuestionnaireError(f"{where}: an end asks nothing and leads nowhere.")
    questions = _listed(where, "questions", given.get("questions", []), _MOST_QUESTIONS)
    page = {
        "name": name,
        "title": text_of(where, "title", given.get("title", ""), _LONGEST_TITLE),
        "text": text_of(where, "text", given.get("text", ""), _LONGEST_TEXT),
        "questions": tuple(parse_question(each, where) for each in questions),
        "next": given.get("next", ""),
        "end": end,
        "prompt": prompt_of(where, given.get("prompt", "")),
        "branches": _listed(where, "branches", given.get("branches", []), _MOST_BRANCHES),
    }
    for text in (page["title"], page["text"], *(each.text for each in page["questions"])):
        for wrong in unknown_places(text):
            raise InvalidQuestionnaireError(
                f"{where}: {wrong!r} in braces is no field of a lead; use {{{{ first_name }}}} or its like, "
                "and {{ custom.NAME }}."
            )
    return page


def _with_ways(
    page: dict[str, Any], pages: Sequence[Mapping[str, Any]], questions: Mapping[str, Question]
) -> Page:
    where = f"Page {page['name']}"
    branches = tuple(_branch(where, each, questions) for each in page["branches"])
    to = page["next"]
    if not isinstance(to, str):
        raise InvalidQuestionnaireError(f"{where}: next is the name of a page.")
    if not to and not page["end"]:
        names = [each["name"] for each in pages if each["end"] != QUOTA_FULL]
        place = names.index(page["name"]) + 1
        to = names[place] if place < len(names) else ""
    return Page(**page | {"branches": branches, "next": to})


def _branch(where: str, given: object, questions: Mapping[str, Question]) -> Branch:
    if not isinstance(given, Mapping) or given.keys() != {"if", "to"} or not isinstance(given["to"], str):
        raise InvalidQuestionnaireError(f"{where}: a branch has a condition, if, and a page, to.")
    return Branch(parse_condition(given["if"], where, questions), given["to"])


def _listed(where: str, name: str, given: object, most: int, least: int = 0) -> Sequence[object]:
    if not isinstance(given, list | tuple) or not least <= len(given) <= most:
        raise InvalidQuestionnaireError(f"{where}: {name} is a list of {least} to {most}.")
    return given
