"""Questionnaires at a link, for the people who are asked: plain pages without script.

The address is the secret: whoever has it answers for the person. One that is wrong, old or over is answered
alike, and whoever asks too often waits.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from math import ceil
from pathlib import Path as File
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from campaigns import questionnaires
from campaigns.core.question import SCALES
from campaigns.errors import InvalidAnswersError, NotOnThisPageError, QuestionnaireLinkError
from campaigns.questionnaires import QuestionView, RunView
from dialer.access.core.throttle import Buckets, Rate
from dialer.api.guard import address_of

BY_ADDRESS = Rate(60, 1.0)
"""Requests of one address."""

_LONGEST_BODY = 1 << 18
_MOST_FIELDS = 1000
_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:40rem;padding:1rem}"
    ".text{white-space:pre-line}.error{color:#b00020}label{display:block;padding:.4rem 0}"
    "fieldset{border:1px solid #767676;margin:1rem 0}"
    "input[type=text],input[type=date],textarea{font:inherit;width:100%;box-sizing:border-box}"
    "button{font:inherit;padding:.6rem 1.4rem}"
)
_DIGEST = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_GONE = "This link is not valid, or no longer."
_TOO_MANY = "There are too many requests; try again in a moment."
_PROBLEM = "Please look at the answers that are marked."

_templates = Environment(
    loader=FileSystemLoader(File(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)

router = APIRouter(tags=["questionnaires"], include_in_schema=False)

Token = Annotated[str, Path(max_length=100)]
PageName = Annotated[str, Query(max_length=40)]


@router.get("/q/{token}", response_class=HTMLResponse)
async def show_questionnaire(request: Request, token: Token, page: PageName = "") -> Response:
    """The page that is to be answered next, or one that was answered before."""
    if (wait := _wait_s(request)) > 0:
        return _message(_TOO_MANY, 429, {"Retry-After": str(ceil(wait))})
    state = request.app.state
    try:
        view = await questionnaires.view_of_link(state.readings, token, state.now(), page)
    except QuestionnaireLinkError:
        return _message(_GONE, 404)
    except NotOnThisPageError:
        return _to(token)
    return _shown(view, view.answers, {}, 200)


@router.post("/q/{token}", response_class=HTMLResponse)
async def answer_questionnaire(request: Request, token: Token) -> Response:
    """The answers of a page; then the page that follows, or the same with what is wrong."""
    if (wait := _wait_s(request)) > 0:
        return _message(_TOO_MANY, 429, {"Retry-After": str(ceil(wait))})
    state = request.app.state
    body = await request.body()
    try:
        if len(body) > _LONGEST_BODY:
            raise ValueError
        form = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return _message("That is more than a page asks for.", 413)
    page = form.get("page", [""])[-1]
    try:
        view = await questionnaires.view_of_link(state.sessions, token, state.now(), page)
        given = _answers(view, form)
        await questionnaires.answer_link(state.sessions, token, page, given, state.now())
    except QuestionnaireLinkError:
        return _message(_GONE, 404)
    except InvalidAnswersError as error:
        return _shown(view, given, error.errors, 422)
    except NotOnThisPageError:
        pass
    return _to(token)


def _wait_s(request: Request) -> float:
    visits: Buckets = request.app.state.link_visits
    address, now = address_of(request.scope), request.app.state.now().timestamp()
    wait = visits.wait_s(address, now)
    if wait <= 0:
        visits.take(address, now)
    return wait


def _answers(view: RunView, form: Mapping[str, list[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in view.page.questions:
        values = [value for value in form.get(f"q.{each.name}", []) if value]
        found[each.name] = values if each.type == "several" else (values or [""])[-1]
    return found


def _to(token: str) -> Response:
    return RedirectResponse(f"/q/{token}", 303, _HEADERS)


def _shown(view: RunView, answers: Mapping[str, Any], errors: Mapping[str, str], status: int) -> Response:
    choices = {each.name: found for each in view.page.questions if (found := _choices(each))}
    return _page(
        status,
        language=view.language,
        title=view.page.title or view.title or "Questions",
        message="",
        page=view.page,
        problem=_PROBLEM,
        answers=answers,
        errors=errors,
        choices=choices,
        next_label=view.next_label,
        back_label=view.back_label,
    )


def _choices(question: QuestionView) -> list[tuple[str, str]]:
    """Value and label of each answer, where there are few to choose from."""
    if question.type in SCALES:
        return [(str(each), str(each)) for each in range(int(question.low or 0), int(question.high or 0) + 1)]
    return [(each["value"], each["label"]) for each in question.options]


def _message(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return _page(status, headers, language="en", title="Questions", message=text)


def _page(status: int, headers: Mapping[str, str] | None = None, **values: Any) -> Response:
    text = _templates.get_template("questionnaire.html").render(style=_STYLE, **values)
    return HTMLResponse(text, status, {**_HEADERS, **(headers or {})})
