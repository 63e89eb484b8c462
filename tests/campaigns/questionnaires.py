"""Questionnaires for tests: one that is written out, and random ones with answers to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from campaigns.core.question import Question

SURVEY: dict[str, Any] = {
    "title": "How were we?",
    "pages": [
        {
            "name": "hello",
            "title": "Hello",
            "text": "Good day {{ first_name }}, this is Acme.",
            "prompt": "hello",
            "questions": [
                {
                    "name": "willing",
                    "type": "single",
                    "text": "May I ask you three questions?",
                    "required": True,
                    "prompt": "willing",
                    "options": [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}],
                }
            ],
            "branches": [{"if": {"question": "willing", "op": "is", "value": "no"}, "to": "sorry"}],
        },
        {
            "name": "score",
            "questions": [
                {
                    "name": "recommend",
                    "type": "nps",
                    "text": "Would you recommend us?",
                    "required": True,
                    "prompt": "recommend",
                }
            ],
            "branches": [{"if": {"question": "recommend", "op": "<=", "value": 6}, "to": "why"}],
            "next": "thanks",
        },
        {
            "name": "why",
            "questions": [
                {
                    "name": "reason",
                    "type": "single",
                    "text": "What went wrong?",
                    "prompt": "reason",
                    "options": ["price", "service"],
                }
            ],
        },
        {"name": "thanks", "text": "Thank you.", "prompt": "thanks", "end": "completed"},
        {"name": "sorry", "text": "Good bye.", "prompt": "sorry", "end": "screened_out"},
        {"name": "full", "text": "We have enough answers like yours.", "prompt": "full", "end": "quota_full"},
    ],
}
"""A survey that can be asked by an agent, by key press and on the web."""

_OPTIONS = ("a", "b", "c")
_NEEDS: Mapping[str, Mapping[str, Any]] = {
    "single": {"options": list(_OPTIONS)},
    "several": {"options": list(_OPTIONS)},
    "scale": {"low": 1, "high": 4},
    "money": {"currency": "EUR"},
    "number": {"low": -5, "high": 5},
}
TYPES = ("single", "several", "scale", "nps", "csat", "ces", "number", "money", "date", "text")
_OPERATORS: Mapping[str, Sequence[str]] = {
    "single": ("is", "is_not", "answered"),
    "several": ("has", "has_not", "unanswered"),
    "text": ("is", "answered", "unanswered"),
}
_COMPARED = ("is", "is_not", "<", "<=", ">", ">=", "answered", "unanswered")


def answer_to(kind: str) -> st.SearchStrategy[Any]:
    """What a person may answer to a question of this type, as `documents` makes them."""
    bounds = {"scale": (1, 4), "nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "number": (-5, 5)}
    if kind in bounds:
        return st.integers(*bounds[kind])
    return {
        "single": st.sampled_from(_OPTIONS),
        "several": st.lists(st.sampled_from(_OPTIONS), min_size=1, unique=True),
        "money": st.integers(0, 10_000).map(lambda cents: f"{cents / 100:.2f}"),
        "date": st.dates().map(lambda each: each.isoformat()),
        "text": st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20),
    }[kind]


@st.composite
def conditions(draw: st.DrawFn, asked: Sequence[Mapping[str, Any]], depth: int = 2) -> dict[str, Any]:
    """A condition on some of the questions."""
    if depth and draw(st.booleans()):
        parts = st.lists(conditions(asked, depth - 1), min_size=1, max_size=3)
        return {draw(st.sampled_from(("all", "any"))): draw(parts)}
    question = draw(st.sampled_from(asked))
    op = draw(st.sampled_from(_OPERATORS.get(question["type"], _COMPARED)))
    test = {"question": question["name"], "op": op}
    if op in ("answered", "unanswered"):
        return test
    value = draw(answer_to(question["type"]))
    return test | {"value": value[0] if isinstance(value, list) else value}


@st.composite
def documents(draw: st.DrawFn, types: Sequence[str] = TYPES) -> dict[str, Any]:
    """A questionnaire's document, all of whose pages can be reached."""
    count = draw(st.integers(1, 5))
    pages: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = []
    leads_out = False
    for number in range(count):
        page: dict[str, Any] = {
            "name": f"p{number}",
            "text": "Dear {{ first_name }},",
            "prompt": f"p{number}",
        }
        questions = [
            {
                "name": f"q{number}-{place}",
                "type": (kind := draw(st.sampled_from(types))),
                "text": "What?",
                "prompt": "what",
                "required": draw(st.booleans()),
                **_NEEDS.get(kind, {}),
            }
            for place in range(draw(st.integers(0, 2)))
        ]
        asked += questions
        later = [f"p{each}" for each in range(number + 1, count)] + ["done", "out"]
        if asked:
            page["branches"] = [
                {"if": draw(conditions(asked)), "to": draw(st.sampled_from(later))}
                for _ in range(draw(st.integers(0, 2)))
            ]
            leads_out = leads_out or any(each["to"] == "out" for each in page["branches"])
        pages.append(page | {"questions": questions})
    pages.append({"name": "done", "text": "Thanks.", "prompt": "done", "end": "completed"})
    if leads_out:
        pages.append({"name": "out", "text": "Bye.", "prompt": "out", "end": "screened_out"})
    pages.append({"name": "full", "text": "Enough.", "prompt": "full", "end": "quota_full"})
    return {"pages": pages}


@st.composite
def answers_to(draw: st.DrawFn, questions: Sequence[Question]) -> dict[str, Any]:
    """Answers to the questions of a page; one that need not be answered may be left out."""
    given = {}
    for each in questions:
        if each.required or draw(st.booleans()):
            given[each.name] = draw(answer_to(each.type))
    return given
