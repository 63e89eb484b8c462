"""Every route: a POST that is repeated with its key does nothing, and no edit hits what was not seen."""

import dataclasses
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import func, inspect
from sqlmodel import select

from campaigns.tables import AgentInterval, Attempt, TrunkNow
from dialer.access.core.roles import Role
from dialer.access.tables import AuditEntry, IdempotentAnswer
from dialer.api.walking import is_open
from leads.tables import Client
from tests.dialer.api.house import API, House, Operation, open_house, path_of
from tests.dialer.api.operations import OPERATIONS
from tests.dialer.api.two_clients import Things

pytestmark = pytest.mark.asyncio(loop_scope="module")
kept = pytest_asyncio.fixture(scope="module", loop_scope="module")

BY_THEMSELVES = {AgentInterval, Attempt, AuditEntry, IdempotentAnswer, TrunkNow}
"""Tables that fill while nobody asks for anything, or with every request."""
EDITS = ("PATCH", "PUT", "DELETE")
NAMES_WHAT_GOES = {"clients/{client}/abandoned-messages", "agents/{agent_id}/calendar"}
"""Their DELETE says all that it takes away, or takes what nobody can read."""


@kept
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("requests")) as opened:
        yield opened


async def on_shift(house: House) -> Things:
    """The client's things, its agent being logged in."""
    return dataclasses.replace(house.own, session_id=await house.log_in(house.own))


async def ask(
    house: House, each: Operation, call: Any, own: Things | None = None, **headers: str
) -> httpx2.Response:
    """An operation on the client's own things, by the operator."""
    own = own or await on_shift(house)
    given = {**call.get("headers", {}), **house.bearer(Role.OPERATOR), **headers}
    return await house.http.request(each.method, path_of(each, own), **dict(call) | {"headers": given})


def calls(house: House, each: Operation) -> Any:
    own = dataclasses.replace(house.own, session_id=1)
    return OPERATIONS[each.method, each.path](own, own)


async def test_every_editable_thing_has_a_version_that_edits_may_name(house: House) -> None:
    readings = {each.path: each for each in house.operations if each.method == "GET"}
    edits = [
        each
        for each in house.operations
        if each.method in EDITS and each.path in readings and each.path not in NAMES_WHAT_GOES
    ]
    edits = [each for each in edits if each.path != "leads"]  # of all that a filter chooses
    assert len(edits) >= 9
    for each in edits:
        read = readings[each.path]
        call = calls(house, read)[-1]
        before = await ask(house, read, call)
        etag = before.headers["ETag"]
        for named in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            unchanged = await ask(house, read, call, **{"If-None-Match": named})
            assert (unchanged.status_code, unchanged.content) == (304, b""), each
            assert unchanged.headers["ETag"] == etag
        assert (await ask(house, read, call, **{"If-None-Match": '"x"'})).content == before.content
        edit = calls(house, each)[-1]
        refused = await ask(house, each, edit, **{"If-Match": '"another"'})
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed"), each
        assert (await ask(house, read, call)).headers["ETag"] == etag, each
        done = await ask(house, each, edit, **{"If-Match": etag})
        assert done.status_code not in (412, 422, 500), (each, done.text)
        if "ETag" in done.headers:
            assert (await ask(house, read, call)).headers["ETag"] == done.headers["ETag"], each


async def test_every_post_honours_its_key(house: House) -> None:
    posts = [each for each in house.operations if each.method == "POST"]
    repeated = 0
    for each in posts:
        for call in calls(house, each):
            own, key = await on_shift(house), {"Idempotency-Key": str(uuid.uuid4())}
            first = await ask(house, each, call, own, **key)
            before = await rows(house)
            again = await ask(house, each, call, own, **key)
            assert (again.status_code, again.content) == (first.status_code, first.content), each
            assert await rows(house) == before, each
            come_again = "Retry-After" in first.headers or first.status_code in (403, 413)
            assert ("Idempotency-Replayed" in again.headers) != come_again, (each, first.text)
            repeated += not come_again
    assert repeated >= len(posts) - 3


async def test_a_file_that_is_streamed_is_compared_to_its_end(house: House) -> None:
    key, target = str(uuid.uuid4()), {"client": house.own.client, "list": "streamed"}
    headers = house.bearer(Role.OPERATOR) | {"Idempotency-Key": key}

    async def pieces(last: str) -> AsyncIterator[bytes]:
        yield b"phone\n"
        for number in range(1000):
            yield f"+1202555{number:04}\n".encode()
        yield last.encode()

    async def load(last: str) -> httpx2.Response:
        content = pieces(last)
        return await house.http.post(f"{API}imports", params=target, headers=headers, content=content)

    first, again = await load("+12025551000\n"), await load("+12025551000\n")
    other = await load("+12025551001\n")
    assert (first.status_code, again.json(), again.headers["Location"]) == (
        202,
        first.json(),
        first.headers["Location"],
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def rows(house: House) -> dict[str, int]:
    """How many there are in each table."""
    tables = {mapper.class_ for mapper in inspect(Client).registry.mappers} - BY_THEMSELVES
    async with house.service.database.sessions() as session:
        return {
            each.__tablename__: (await session.exec(select(func.count()).select_from(each))).one()
            for each in tables
        }


async def test_the_description_says_so(house: House) -> None:
    described = await house.http.get(f"{API}openapi.json", headers=house.bearer(Role.OPERATOR))
    for path, methods in described.json()["paths"].items():
        for method, operation in methods.items():
            given = operation.get("parameters", ())
            headers = {each["name"].lower() for each in given if each["in"] == "header"}
            takes_key = method == "post" and not is_open(path)
            assert ("idempotency-key" in headers) == takes_key, (method, path)
            assert ("if-match" in headers) == ("412" in operation["responses"]), (method, path)
    text = json.dumps(described.json())
    assert text.count('"304"') >= 9
