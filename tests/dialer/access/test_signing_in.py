"""Signing in and out: cookies, tokens, their ends, and what a guesser learns."""

import asyncio
from time import perf_counter

import httpx2
import pytest
from sqlmodel import select

from dialer.access.core.roles import Role
from dialer.access.tables import SignIn, User
from dialer.access.users import disable_user, set_password
from tests.dialer.access.front import API, KEY, LIMITS, PASSWORD, Front

COOKIE = "dialer_session"


async def test_a_token_opens_what_the_role_may(front: Front) -> None:
    await front.user("Anna", Role.REPORTER)
    answer = await front.sign_in("ANNA ")
    assert answer.status_code == 200
    token = answer.json()["token"]
    me = (await front.get("/me", token)).json()
    assert (me["name"], me["role"], me["client"]) == ("user anna", "reporter", "acme")
    assert "reports.read" in me["permissions"]
    refused = await front.get("/users", token)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("client", "name", "password"),
    [
        ("acme", "anna", "not the password at all"),
        ("acme", "nobody", PASSWORD),
        ("zenith", "anna", PASSWORD),
        ("nowhere", "anna", PASSWORD),
        (None, "anna", PASSWORD),
        ("acme", "anna\x00x", PASSWORD),
        ("acme", "", ""),
    ],
)
async def test_what_is_wrong_is_not_told(front: Front, client: str | None, name: str, password: str) -> None:
    await front.user("anna", Role.REPORTER)
    answer = await front.sign_in(name, password, client)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-refused")
    assert answer.json()["detail"] == "That name and password do not go together, or the user is disabled."
    assert COOKIE not in answer.cookies


async def test_a_name_that_nobody_has_takes_as_much_work(front: Front) -> None:
    await front.user("anna", Role.REPORTER)
    await front.sign_in("warm", "up the hasher")

    async def took_s(name: str) -> float:
        times = []
        for _ in range(5):
            front.later(60)
            started = perf_counter()
            await front.sign_in(name, "not the password")
            times.append(perf_counter() - started)
        return min(times)

    # The hash takes tens of milliseconds, an answer without one hardly any.
    assert await took_s("nobody") > 0.3 * await took_s("anna")


async def test_too_many_wrong_ones_have_to_wait_and_the_right_one_then_works(front: Front) -> None:
    await front.user("anna", Role.REPORTER)
    for _ in range(5):
        assert (await front.sign_in("anna", "wrong password")).status_code == 401
    late = await front.sign_in("anna")
    assert (late.status_code, late.json()["code"]) == (429, "too-many-sign-ins")
    front.later(int(late.headers["Retry-After"]))
    assert (await front.sign_in("anna")).status_code == 200


async def test_a_cookie_reads_and_changes_only_with_the_token_beside_it(front: Front) -> None:
    await front.user("anna", Role.MANAGER)
    signed_in = await front.sign_in("anna")
    flags = signed_in.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=strict" in flags
    assert "secure" not in flags
    me = await front.http.get(f"{API}/me")
    assert me.json()["csrf_token"] == signed_in.json()["csrf_token"]
    body = {"client": "acme", "phone": "+12025550101"}
    for headers in ({}, {"X-CSRF-Token": "made-up"}, {"X-CSRF-Token": signed_in.json()["token"]}):
        refused = await front.http.post(f"{API}/consents/withdraw", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf-token-missing")
    shown = {"X-CSRF-Token": signed_in.json()["csrf_token"]}
    assert (await front.http.post(f"{API}/consents/withdraw", json=body, headers=shown)).status_code == 200


async def test_away_from_this_machine_the_cookie_goes_over_tls_alone(front: Front) -> None:
    await front.user("anna", Role.MANAGER)
    body = {"client": "acme", "name": "anna", "password": PASSWORD}
    answer = await front.http.post(f"https://dialer.example{API}/sign-in", json=body)
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_sign_in_is_no_edit_of_the_user(front: Front) -> None:
    anna = await front.user("anna", Role.MANAGER)
    path = f"/users/{anna.id}"
    before = await front.get(path, KEY)
    assert (await front.sign_in("anna")).status_code == 200
    after = await front.get(path, KEY)
    assert after.json()["signed_in_at"] != before.json()["signed_in_at"]
    assert after.headers["ETag"] == before.headers["ETag"]
    await front.ask("POST", f"{path}/disable", KEY)
    assert (await front.get(path, KEY)).headers["ETag"] != before.headers["ETag"]


async def test_signing_out_ends_this_sign_in_alone(front: Front) -> None:
    await front.user("anna", Role.MANAGER)
    here, there = [(await front.sign_in("anna")).json()["token"] for _ in range(2)]
    assert (await front.ask("POST", "/sign-out", here)).status_code == 204
    assert (await front.get("/me", here)).status_code == 401
    assert (await front.get("/me", there)).status_code == 200


async def test_a_sign_in_slides_and_ends(front: Front) -> None:
    await front.user("anna", Role.MANAGER)
    token = (await front.sign_in("anna")).json()["token"]
    for _ in range(int(LIMITS.longest_s // 1800) - 1):
        front.later(1800)
        assert (await front.get("/me", token)).status_code == 200
    front.later(1800)
    assert (await front.get("/me", token)).status_code == 401
    unused = (await front.sign_in("anna")).json()["token"]
    front.later(LIMITS.idle_s)
    assert (await front.get("/me", unused)).status_code == 401


async def test_who_is_disabled_is_out_at_once_here_and_soon_everywhere(front: Front) -> None:
    anna = await front.user("anna", Role.MANAGER)
    token = (await front.sign_in("anna")).json()["token"]
    assert (await front.get("/me", token)).status_code == 200
    assert (await front.ask("POST", f"/users/{anna.id}/disable", KEY)).status_code == 200
    assert (await front.get("/me", token)).status_code == 401
    assert (await front.sign_in("anna")).status_code == 401
    await front.ask("POST", f"/users/{anna.id}/enable", KEY)
    token = (await front.sign_in("anna")).json()["token"]
    assert (await front.get("/me", token)).status_code == 200
    await disable_user(front.sessions, anna.id, front.now)  # as another node would
    front.later(3)
    assert (await front.get("/me", token)).status_code == 401


async def test_a_new_password_ends_the_other_sign_ins(front: Front) -> None:
    anna = await front.user("anna", Role.MANAGER)
    here, there = [(await front.sign_in("anna")).json()["token"] for _ in range(2)]
    change = {"old": PASSWORD, "new": "another long sentence"}
    wrong = await front.ask("POST", "/me/password", here, json=change | {"old": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-user")
    assert (await front.ask("POST", "/me/password", here, json=change)).status_code == 204
    assert (await front.get("/me", here)).status_code == 200
    assert (await front.get("/me", there)).status_code == 401
    assert (await front.sign_in("anna")).status_code == 401
    assert (await front.sign_in("anna", "another long sentence")).status_code == 200
    await set_password(front.sessions, anna.id, PASSWORD)
    front.later(3)
    assert (await front.get("/me", here)).status_code == 401


@pytest.mark.parametrize("password", ["", "short", "elevenchars", "aaaaaaaaaaaaaaaaaa", "x" * 300])
async def test_a_weak_password_is_refused_and_never_repeated(front: Front, password: str) -> None:
    body = {"client": "acme", "name": "bob", "role": "manager", "password": password}
    answer = await front.ask("POST", "/users", KEY, json=body)
    assert answer.status_code == 422
    assert not password or f'"{password}"' not in answer.text


async def test_neither_passwords_nor_tokens_are_kept(front: Front) -> None:
    await front.user("anna", Role.MANAGER)
    token = (await front.sign_in("anna")).json()["token"]
    async with front.sessions() as session:
        user = (await session.exec(select(User))).one()
        sign_in = (await session.exec(select(SignIn))).one()
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in str(user.model_dump())
    assert token not in str(sign_in.model_dump())


async def test_a_long_body_from_a_stranger_is_not_read(front: Front) -> None:
    answer = await front.http.post(f"{API}/sign-in", content=bytes(20_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_many_sign_in_at_once(front: Front) -> None:
    for number in range(6):
        await front.user(f"agent {number}", Role.MANAGER)
    answers = await asyncio.gather(*(front.sign_in(f"agent {number}") for number in range(6)))
    assert [each.status_code for each in answers] == [200] * 6
    assert isinstance(answers[0], httpx2.Response)
