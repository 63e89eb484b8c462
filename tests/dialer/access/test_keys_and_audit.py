"""Users and API keys over HTTP, and the log of who changed what."""

import pytest

from dialer.access.core.roles import Role
from tests.dialer.access.front import KEY, PASSWORD, Front


async def signed_in(front: Front, name: str, role: Role, client: str | None = "acme") -> str:
    await front.user(name, role, client)
    return str((await front.sign_in(name, client=client)).json()["token"])


async def test_a_key_opens_what_its_role_may_until_it_is_revoked(front: Front) -> None:
    admin = await signed_in(front, "anna", Role.CLIENT_ADMIN)
    made = await front.ask("POST", "/api-keys", admin, json={"name": "Nightly load", "role": "manager"})
    assert made.status_code == 201
    key, key_id = made.json()["token"], made.json()["id"]
    assert made.json()["created_by"] == "user anna"
    assert (await front.get("/me", key)).json()["client"] == "acme"
    assert (await front.get("/lead-lists", key)).status_code == 200
    assert (await front.get("/users", key)).status_code == 403
    (listed,) = (await front.get("/api-keys", admin)).json()["items"]
    assert listed["used_at"] is not None
    assert key not in str(listed)
    assert (await front.ask("POST", f"/api-keys/{key_id}/revoke", admin)).status_code == 200
    assert (await front.get("/lead-lists", key)).status_code == 401


@pytest.mark.parametrize("role", ["operator", "agent", "king", ""])
async def test_what_no_key_can_be(front: Front, role: str) -> None:
    body = {"client": "acme", "name": "job", "role": role}
    answer = await front.ask("POST", "/api-keys", KEY, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-user")


async def test_an_admin_makes_users_of_their_own_client_and_no_operator(front: Front) -> None:
    admin = await signed_in(front, "anna", Role.CLIENT_ADMIN)
    body = {"name": "bob", "role": "manager", "password": PASSWORD}
    assert (await front.ask("POST", "/users", admin, json=body)).json()["role"] == "manager"
    again = await front.ask("POST", "/users", admin, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "user-exists")
    elsewhere = await front.ask("POST", "/users", admin, json=body | {"client": "zenith"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "unknown-client")
    boss = await front.ask("POST", "/users", admin, json=body | {"name": "eve", "role": "operator"})
    assert (boss.status_code, boss.json()["code"]) == (422, "invalid-user")
    assert (await front.user("bob", Role.MANAGER, "zenith")).id
    assert [each["name"] for each in (await front.get("/users", admin)).json()["items"]] == ["anna", "bob"]


async def test_two_operators_cannot_have_one_name(front: Front) -> None:
    body = {"name": "root", "role": "operator", "password": PASSWORD}
    assert (await front.ask("POST", "/users", KEY, json=body)).status_code == 201
    assert (await front.ask("POST", "/users", KEY, json=body)).status_code == 409
    token = (await front.sign_in("root", client=None)).json()["token"]
    assert (await front.get("/me", token)).json()["client"] is None


async def test_every_write_is_in_the_log_with_who_and_nothing_personal(front: Front) -> None:
    manager = await signed_in(front, "bob", Role.MANAGER)
    person = {
        "client": "acme",
        "phone": "+12025550101",
        "channel": "sms",
        "basis": "express",
        "source": "web",
    }
    number = {"phone": "+12025550102"}
    assert (await front.ask("POST", "/consents", manager, json=person)).status_code == 201
    assert (await front.ask("POST", "/dnc-lists/77/entries", manager, json=number)).status_code == 404
    assert (await front.ask("POST", "/persons/+12025550101/erase", manager)).status_code == 403
    assert (await front.get("/lead-lists", manager)).status_code == 200
    log = (await front.get("/audit-log", KEY)).json()["items"]
    assert [(each["actor"], each["action"], each["status"]) for each in log] == [
        ("user bob", "sign-in", 200),
        ("user bob", "give-consent", 201),
        ("user bob", "add-dnc-entry", 404),
        ("user bob", "erase-person", 403),
    ]
    assert log[1]["details"] == {
        "fields": ["basis", "channel", "client", "phone", "source"],
        "client": "acme",
    }
    assert (log[2]["subject"], log[3]["subject"]) == ("list_id=77", "")
    assert log[2]["address"] == "192.0.2.7"
    assert "202555010" not in str(log)
    assert PASSWORD not in str(log)


async def test_a_wrong_password_for_somebody_who_exists_is_in_the_log(front: Front) -> None:
    await front.user("anna", Role.MANAGER)
    await front.sign_in("anna", "wrong password")
    await front.sign_in("typed-my-password-here", "wrong password")
    log = (await front.get("/audit-log", KEY, params={"action": "sign-in"})).json()["items"]
    assert [(each["actor"], each["status"]) for each in log] == [("user anna", 401)]


async def test_the_log_is_read_page_by_page_and_by_ones_own_client(front: Front) -> None:
    auditor = await signed_in(front, "ada", Role.AUDITOR)
    await signed_in(front, "zoe", Role.AUDITOR, "zenith")
    for _ in range(3):
        await front.ask("POST", "/dnc-lists", auditor, json={"name": "x"})
    first = (await front.get("/audit-log", auditor, params={"limit": 2})).json()
    rest = (await front.get("/audit-log", auditor, params={"after": first["next"]})).json()
    found = first["items"] + rest["items"]
    assert [each["action"] for each in found] == ["sign-in"] + 3 * ["create-dnc-list"]
    assert {each["actor"] for each in found} == {"user ada"}
    wrong = await front.get("/audit-log", auditor, params={"client": "zenith"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "unknown-client")
