"""A POST that is sent again with its key: the same answer, and nothing done twice. On both databases."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from dialer.access.audit import list_audit
from dialer.access.core.roles import Role
from dialer.access.idempotent_answers import IdempotentAnswers
from dialer.access.stores.audit import AuditFilter
from dialer.access.tables import ApiKey, IdempotentAnswer
from dialer.api.guard import MAX_BODY_BYTES
from leads.stores.shared import Sessions
from tests.dialer.access.front import KEY, PASSWORD, Front

BODY = {"client": "acme", "name": "nightly", "role": "manager"}


def fresh() -> str:
    return str(uuid.uuid4())


async def post(
    front: Front, path: str, key: str | None, body: Any = None, token: str = KEY
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key is not None else {})
    return await front.http.post(f"/api/v1{path}", headers=headers, json=body)


async def keys_of(sessions: Sessions) -> int:
    async with sessions() as session:
        return len((await session.exec(select(ApiKey))).all())


async def kept_of(sessions: Sessions) -> list[IdempotentAnswer]:
    async with sessions() as session:
        return list((await session.exec(select(IdempotentAnswer))).all())


async def test_a_repeat_gets_the_first_answer_and_does_nothing(front: Front) -> None:
    key = fresh()
    first = await post(front, "/api-keys", key, BODY)
    again = await post(front, "/api-keys", f'"{key}"', BODY)  # as a structured field writes it
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (201, False)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await keys_of(front.sessions) == 1
    await front.app.state.audit.written()
    deeds = await list_audit(front.sessions, None, AuditFilter(), 0, 9)
    assert [each.action for each in deeds] == ["add-api-key"]


async def test_without_a_key_or_with_another_it_is_another_request(front: Front) -> None:
    for key in (None, None, fresh(), fresh()):
        assert (await post(front, "/api-keys", key, BODY)).status_code == 201
    assert await keys_of(front.sessions) == 4


async def test_nobody_reads_a_kept_answer_from_the_database(front: Front) -> None:
    key = fresh()
    made = await post(front, "/api-keys", key, BODY)
    (kept,) = await kept_of(front.sessions)
    for secret in (made.json()["token"], key, "nightly"):
        assert secret not in repr(kept)
        assert secret.encode() not in kept.answer


async def test_a_key_goes_with_one_request(front: Front) -> None:
    key = fresh()
    assert (await post(front, "/api-keys", key, BODY)).status_code == 201
    for path, body in (
        ("/api-keys", BODY | {"name": "daily"}),
        ("/dnc-lists", BODY),
        ("/api-keys?x=1", BODY),
    ):
        answer = await post(front, path, key, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert await keys_of(front.sessions) == 1


async def test_a_key_is_its_askers(front: Front) -> None:
    key = fresh()
    await front.user("anna", Role.CLIENT_ADMIN)
    await front.user("anna", Role.CLIENT_ADMIN, "zenith")
    tokens = [(await front.sign_in("anna", client=each)).json()["token"] for each in ("acme", "zenith")]
    front.http.cookies.clear()
    body = {"name": "nightly", "role": "manager"}
    answers = [await post(front, "/api-keys", key, body, token) for token in (*tokens, *tokens)]
    assert [each.status_code for each in answers] == [201] * 4
    assert [each.json()["id"] for each in answers[2:]] == [each.json()["id"] for each in answers[:2]]
    assert await keys_of(front.sessions) == 2
    # Another sign-in of the same person is the same person.
    other = (await front.sign_in("anna")).json()["token"]
    front.http.cookies.clear()
    assert (await post(front, "/api-keys", key, body, other)).json()["id"] == answers[0].json()["id"]


async def test_a_refusal_is_given_again_until_it_is_over(front: Front) -> None:
    key, wanted = fresh(), {"client": "nova", "name": "x"}
    first = await post(front, "/dnc-lists", key, wanted)
    assert first.status_code == 404
    again = await post(front, "/dnc-lists", key, wanted)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    front.later(86_400)
    assert "Idempotency-Replayed" not in (await post(front, "/dnc-lists", key, wanted)).headers


async def test_what_is_over_goes_by_itself(front: Front) -> None:
    for _ in range(3):
        await post(front, "/api-keys", fresh(), BODY)
    front.later(86_401)
    await post(front, "/api-keys", fresh(), BODY)
    assert len(await kept_of(front.sessions)) == 1


@pytest.mark.parametrize("key", ["short", "x" * 256, "with spaces in it, and long", ""])
async def test_a_key_that_is_none(front: Front, key: str) -> None:
    answer = await post(front, "/api-keys", key, BODY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-invalid")
    assert await keys_of(front.sessions) == 0


async def test_who_is_refused_at_the_door_uses_up_no_key(front: Front) -> None:
    key = fresh()
    await front.user("rita", Role.REPORTER)
    token = (await front.sign_in("rita")).json()["token"]
    front.http.cookies.clear()
    assert (await post(front, "/api-keys", key, BODY, "wrong")).status_code == 401
    assert (await post(front, "/api-keys", key, BODY, token)).status_code == 403
    assert (await post(front, "/api-keys", key, {"x": "x" * MAX_BODY_BYTES})).status_code == 413
    assert await kept_of(front.sessions) == []


async def test_a_repeat_meanwhile_is_told_to_come_again(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> dict[str, str]:
        begun.set()
        await go_on.wait()
        return {"done": "once"}

    front.app.post("/api/v1/slow")(slow)
    key = fresh()
    first = asyncio.create_task(post(front, "/slow", key))
    await begun.wait()
    meanwhile = await post(front, "/slow", key)
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency-in-progress")
    assert meanwhile.headers["Retry-After"] == "1"
    go_on.set()
    assert (await first).json() == (await post(front, "/slow", key)).json() == {"done": "once"}


async def test_what_another_node_does_is_in_progress_and_then_not_known(front: Front) -> None:
    key = fresh()
    await post(front, "/dnc-lists", key, {"client": "acme", "name": "x"})
    (kept,) = await kept_of(front.sessions)
    async with front.sessions() as session, session.begin():
        row = await session.get_one(IdempotentAnswer, kept.id)
        row.node, row.status = "node-2", None
    codes = []
    for wait_s in (1, 900):
        front.later(wait_s)
        codes.append((await post(front, "/dnc-lists", key, {"client": "acme", "name": "x"})).json()["code"])
    assert codes == ["idempotency-in-progress", "idempotency-outcome-unknown"]


async def test_what_was_cut_off_is_not_done_again(front: Front) -> None:
    done = []

    async def cut_off() -> None:
        done.append(1)
        raise RuntimeError("in the midst of it")

    front.app.post("/api/v1/cut-off")(cut_off)
    key = fresh()
    with pytest.raises(RuntimeError):
        await post(front, "/cut-off", key)
    again = await post(front, "/cut-off", key)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency-outcome-unknown")
    assert len(done) == 1


@pytest.fixture
async def second_node(front: Front) -> AsyncIterator[IdempotentAnswers]:
    """What another node, or this one after a restart, knows."""
    answers = IdempotentAnswers(front.sessions, front.sessions, "node-2")
    answers.start()
    yield answers
    await answers.stop()


async def test_another_node_knows_the_answer(front: Front, second_node: IdempotentAnswers) -> None:
    await post(front, "/api-keys", fresh(), BODY)
    (kept,) = await kept_of(front.sessions)
    assert await second_node.find(kept.id) == kept
    assert not await second_node.claim(kept.id, front.now)


async def test_two_nodes_that_are_asked_at_once_do_it_once(
    front: Front, second_node: IdempotentAnswers
) -> None:
    claims = [second_node.claim("f" * 64, front.now) for _ in range(5)]
    assert sorted(await asyncio.gather(*claims)) == [False] * 4 + [True]


async def test_a_desks_answer_is_known_at_once_and_to_others_soon(
    front: Front, second_node: IdempotentAnswers
) -> None:
    done = []

    async def ready(session_id: int) -> dict[str, int]:
        done.append(session_id)
        return {"id": session_id}

    front.app.post("/api/v1/agent-sessions/{session_id}/ready")(ready)
    key = fresh()
    answers = [await post(front, "/agent-sessions/7/ready", key, {}) for _ in range(3)]
    assert {each.content for each in answers} == {b'{"id":7}'}
    assert done == [7]
    async with asyncio.timeout(30):
        while not (kept := await kept_of(front.sessions)):
            await asyncio.sleep(0.01)
    assert await second_node.find(kept[0].id) == kept[0]
    assert (await post(front, "/agent-sessions/7/ready", key, {})).content == b'{"id":7}'


async def test_a_password_is_set_once(front: Front) -> None:
    user, key = await front.user("bob", Role.MANAGER), fresh()
    body = {"password": PASSWORD[::-1]}
    answers = [await post(front, f"/users/{user.id}/password", key, body) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert (await front.sign_in("bob", PASSWORD[::-1])).status_code == 200
