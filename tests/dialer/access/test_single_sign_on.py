"""Signing in at an identity provider, one that speaks HTTP and signs its tokens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from joserfc.jwk import RSAKey
from sqlmodel import select

from campaigns import service as campaigns
from dialer.access.core.claims import Standing
from dialer.access.core.roles import Role
from dialer.access.single_sign_on import Provider
from dialer.access.tables import User
from leads.stores.shared import Sessions
from tests.dialer.access.front import API, Front, open_front
from tests.dialer.access.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    identity_provider,
)

ROLES = {
    "bosses": Standing(Role.OPERATOR),
    "managers": Standing(Role.MANAGER, "acme"),
    "agents": Standing(Role.AGENT, "acme"),
}
ANNA = {"sub": "17", "preferred_username": "Anna", "groups": ["managers"]}


@dataclass
class Stage:
    """A front and its provider."""

    front: Front
    provider: IdentityProvider

    async def go(self) -> httpx2.URL:
        """To the provider, and with its answer to our door: the address that the browser is sent to."""
        self.provider.now = int(self.front.now.timestamp())
        away = await self.front.http.get(f"{API}/sign-in/oidc")
        assert away.status_code == 303
        async with httpx2.AsyncClient() as browser:
            back = await browser.get(away.headers["location"])
        return httpx2.URL(back.headers["location"])

    async def sign_in(self) -> httpx2.Response:
        """All the way."""
        return await self.front.http.get(await self.go())


@pytest.fixture
async def stage(sessions: Sessions) -> AsyncIterator[Stage]:
    async with identity_provider() as provider:
        settings = Provider(
            issuer=provider.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_url=f"http://localhost{API}/sign-in/oidc/callback",
            role_claim="groups",
            roles=ROLES,
        )
        provider.claims = ANNA
        async with open_front(sessions, settings) as front:
            yield Stage(front, provider)


async def test_whom_the_provider_vouches_for_is_signed_in_as_their_claims_say(stage: Stage) -> None:
    answer = await stage.sign_in()
    assert (answer.status_code, answer.json()["role"]) == (200, "manager")
    assert "samesite=strict" in answer.headers["set-cookie"].lower()
    me = (await stage.front.http.get(f"{API}/me")).json()
    assert (me["name"], me["client"]) == ("user anna", "acme")


async def test_the_same_person_is_the_same_user_with_the_role_of_today(stage: Stage) -> None:
    before = (await stage.sign_in()).json()["token"]
    stage.provider.claims = ANNA | {"groups": ["bosses", "managers"], "preferred_username": "Anna Married"}
    assert (await stage.sign_in()).json()["role"] == "operator"
    stage.front.later(3)
    assert (await stage.front.get("/me", before)).status_code == 401
    async with stage.front.sessions() as session:
        (user,) = (await session.exec(select(User))).all()
    assert (user.role, user.client_id) == ("operator", None)


async def test_an_agent_is_the_agent_of_that_name(stage: Stage) -> None:
    stage.provider.claims = ANNA | {"groups": ["agents"]}
    refused = await stage.sign_in()
    assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-refused")
    sessions, now = stage.front.sessions, stage.front.now
    agent = await campaigns.add_agent(sessions, "acme", "Anna", "sip:a@b.example", now)
    token = (await stage.sign_in()).json()["token"]
    assert (await stage.front.get("/me", token)).json()["agent_id"] == agent


async def test_who_has_no_role_here_is_refused(stage: Stage) -> None:
    stage.provider.claims = ANNA | {"groups": ["cooks"]}
    answer = await stage.sign_in()
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-refused")


LIES: tuple[dict[str, Any], ...] = (
    {"iss": "http://127.0.0.1:1"},
    {"aud": "somebody-else"},
    {"nonce": "another"},
    {"nonce": None},
    {"exp": 1},
    {"sub": None},
    {"azp": "somebody-else"},
)


async def test_a_token_that_is_not_right_signs_nobody_in(stage: Stage) -> None:
    for lies in LIES:
        stage.provider.lies = lies
        answer = await stage.sign_in()
        assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-refused"), lies
        assert (await stage.front.http.get(f"{API}/me")).status_code == 401


async def test_a_token_that_another_key_has_signed_signs_nobody_in(stage: Stage) -> None:
    stage.provider.shown_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    assert (await stage.sign_in()).status_code == 401
    stage.provider.shown_key = None
    assert (await stage.sign_in()).status_code == 200


async def test_who_did_not_begin_cannot_finish(stage: Stage) -> None:
    address = await stage.go()
    stage.front.http.cookies.clear()  # another browser, to which the address was sent
    assert (await stage.front.http.get(address)).status_code == 401
    address = await stage.go()
    forged = address.copy_set_param("state", "made-up")
    assert (await stage.front.http.get(forged)).status_code == 401


async def test_an_answer_is_good_once(stage: Stage) -> None:
    address = await stage.go()
    cookies = httpx2.Cookies(stage.front.http.cookies)
    assert (await stage.front.http.get(address)).status_code == 200
    stage.front.http.cookies = cookies
    assert (await stage.front.http.get(address)).status_code == 401


async def test_what_the_provider_refuses_is_refused(stage: Stage) -> None:
    answer = await stage.front.http.get(
        f"{API}/sign-in/oidc/callback", params={"error": "access_denied", "state": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-refused")


async def test_without_a_provider_there_is_none(front: Front) -> None:
    answer = await front.http.get(f"{API}/sign-in/oidc")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-identity-provider")


async def test_a_provider_that_is_away_is_told(sessions: Sessions) -> None:
    away = Provider("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET, "http://localhost/", "groups", ROLES)
    async with open_front(sessions, away) as front:
        answer = await front.http.get(f"{API}/sign-in/oidc")
    assert (answer.status_code, answer.json()["code"]) == (503, "identity-provider-unavailable")
