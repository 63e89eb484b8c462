"""Links in messages over HTTP: counted, lead where they should, and opt out with one click alone."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from campaigns.stores.shared import Sessions
from dialer.api import message_links, problems
from dialer.api.message_links import Callers
from leads.consents import Whose, show_consents
from tests.campaigns.messages import HELLO, consent, messages, seed_warm_up, warm
from tests.campaigns.seeds import NOW, people

LATER = NOW + timedelta(minutes=5)
LETTER = HELLO | {"channel": "email", "subject": "Hi", "text": "See https://acme.example/offer"}
NOBODYS = "x" * 32


@pytest.fixture
async def reader(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who reads their mail."""
    monkeypatch.setattr(message_links, "_callers", Callers(1000))
    app = FastAPI()
    problems.install(app)
    app.include_router(message_links.router)
    app.state.sessions, app.state.now = sessions, lambda: LATER
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="https://go.acme.example"
    ) as client:
        yield client


async def may_be_written_to(sessions: Sessions, lead_id: int) -> bool:
    whose = Whose(email=f"ada{lead_id}@example.org")
    return (await show_consents(sessions, "acme", whose, LATER)).holds["email"]


async def test_a_message_is_read_followed_and_ended(sessions: Sessions, reader: httpx2.AsyncClient) -> None:
    campaign_id, (ann,) = await seed_warm_up(
        sessions,
        people(1),
        {"letter": LETTER},
        email="ada{}@example.org",
        sequence={"links_at": "https://go.acme.example"},
    )
    await consent(sessions, ann, "email")
    await warm(sessions, campaign_id)
    (letter,) = await messages(sessions)

    picture = await reader.get(f"/m/{letter.token}/open.gif")
    assert (picture.headers["content-type"], picture.content[:6]) == ("image/gif", b"GIF89a")
    assert (await reader.get(f"/m/{NOBODYS}/open.gif")).content == picture.content
    followed = await reader.get(f"/m/{letter.token}/1")
    assert (followed.status_code, followed.headers["location"]) == (302, "https://acme.example/offer")
    assert followed.headers["referrer-policy"] == "no-referrer"
    wrong = [await reader.get(f"/m/{token}/{number}") for token, number in ((letter.token, 2), (NOBODYS, 1))]
    assert [each.status_code for each in wrong] == [404, 404]
    assert wrong[0].content == wrong[1].content
    (letter,) = await messages(sessions)
    assert (letter.opened_at, letter.clicked_at) == (LATER, LATER)

    # A program that looks at every link ends nothing.
    asked = await reader.get(f"/m/{letter.token}/unsubscribe")
    assert asked.status_code == 200
    assert "<button" in asked.text
    assert await may_be_written_to(sessions, ann)
    one_click = {"List-Unsubscribe": "One-Click"}
    done = await reader.post(f"/m/{letter.token}/unsubscribe", data=one_click)
    assert done.status_code == 200
    assert not await may_be_written_to(sessions, ann)
    assert (await reader.post(f"/m/{NOBODYS}/unsubscribe", data=one_click)).content == done.content
    assert (await reader.get(f"/m/{NOBODYS}/unsubscribe")).content == asked.content


def test_who_comes_too_often_has_to_wait_and_nobody_else() -> None:
    callers = Callers(2.0)
    assert sum(callers.may_come("192.0.2.1", 0.0) for _ in range(50)) < 5
    assert callers.may_come("192.0.2.2", 0.0)
    assert callers.may_come("192.0.2.1", 5.0)
