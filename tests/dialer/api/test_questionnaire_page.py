"""Questionnaires at a link: plain pages without script, and nothing for whoever guesses."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from campaigns import questionnaires
from campaigns.stores.shared import Sessions
from dialer.access.core.throttle import Buckets
from dialer.api import questionnaire_page
from tests.campaigns.questionnaires import SURVEY
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVERYTHING: dict[str, Any] = {
    "title": "<script>alert(1)</script>",
    "language": "en-GB",
    "pages": [
        {
            "name": "all",
            "text": "Dear {{ first_name }} & others",
            "questions": [
                {"name": "one", "type": "single", "text": "One?", "required": True, "options": ["a", "<b>"]},
                {"name": "some", "type": "several", "text": "Some?", "options": ["x", "y", "z"]},
                {"name": "score", "type": "nps", "text": "Score?", "low_label": "no", "high_label": "yes"},
                {"name": "paid", "type": "money", "text": "Paid?", "currency": "EUR"},
                {"name": "day", "type": "date", "text": "Day?"},
                {"name": "words", "type": "text", "text": "Words?"},
            ],
        },
        {"name": "thanks", "text": "Thank you.", "end": "completed"},
    ],
}


@pytest.fixture
async def http(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    """The page alone, with a clock that stands still."""
    app = FastAPI()
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.state.link_visits = Buckets(questionnaire_page.BY_ADDRESS)
    app.include_router(questionnaire_page.router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


async def link_of(sessions: Sessions, script: dict[str, Any], lasts: timedelta = timedelta(days=1)) -> str:
    (lead_id,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, kind="survey", script=script)
    async with sessions() as session, session.begin():
        return (await questionnaires.make_link(session, campaign, lead_id, NOW, lasts)).path


async def test_a_survey_is_answered_page_by_page_and_back(
    sessions: Sessions, http: httpx2.AsyncClient
) -> None:
    path = await link_of(sessions, SURVEY)
    shown = await http.get(path)
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert "Good day Ada, this is Acme." in shown.text
    assert re.search(r'<input type="radio" name="q.willing" value="yes">', shown.text)
    wrong = await http.post(path, data={"page": "hello"})
    assert wrong.status_code == 422
    assert "Please answer this." in wrong.text
    moved = await http.post(path, data={"page": "hello", "q.willing": "yes"})
    assert (moved.status_code, moved.headers["location"]) == (303, path)
    assert 'href="?page=hello"' in (await http.get(path)).text
    assert 'value="yes" checked' in (await http.get(f"{path}?page=hello")).text
    assert (await http.get(f"{path}?page=why")).status_code == 303
    await http.post(path, data={"page": "score", "q.recommend": "9"})
    ended = await http.get(path)
    assert "Thank you." in ended.text
    assert "<form" not in ended.text


async def test_nothing_on_a_page_is_code(sessions: Sessions, http: httpx2.AsyncClient) -> None:
    path = await link_of(sessions, EVERYTHING)
    given = {"page": "all", "q.words": '"><script>x', "q.score": "7", "q.some": ["x", "z"], "q.paid": "1.505"}
    text = (await http.post(path, data=given)).text
    assert "<script" not in text
    assert "Dear Ada &amp; others" in text
    assert text.count(" checked") == 3
    for each in (
        "Please answer this.",
        "Answer with an amount in EUR",
        'lang="en-GB"',
        'aria-invalid="true"',
    ):
        assert each in text
    policy = (await http.get(path)).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    style = re.search(r"<style>(.*)</style>", text)
    assert style is not None
    assert "&" not in style[1]


async def test_links_that_are_wrong_or_over_are_alike_and_guesses_are_slow(
    sessions: Sessions, http: httpx2.AsyncClient
) -> None:
    over = await http.get(await link_of(sessions, SURVEY, timedelta(0)))
    wrong = await http.get("/q/" + "x" * 43)
    assert (over.status_code, over.text) == (wrong.status_code, wrong.text) == (404, over.text)
    assert (await http.post("/q/x", data={"page": "hello"})).text == over.text
    assert (await http.post("/q/x", content=b"a=1&" * 2000)).status_code == 413
    answers = [await http.get("/q/x") for _ in range(60)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
