"""Every route with every role: what the table allows and no more, and of another client's things nothing."""

import dataclasses
import re
from collections.abc import AsyncIterator, Sequence

import httpx2
import pytest
import pytest_asyncio

from dialer.access.core.roles import PERMISSIONS, Role
from dialer.access.users import NewUser, add_user
from tests.dialer.api.house import API, BOUND, MARK, House, open_house, rows_of, sign_in
from tests.dialer.api.operations import OPERATIONS
from tests.dialer.api.two_clients import NOBODYS, NOW, PASSWORD, Things
from tests.event_stream import listening

pytestmark = pytest.mark.asyncio(loop_scope="module")
kept = pytest_asyncio.fixture(scope="module", loop_scope="module")

ENDS_A_SIGN_IN = (("POST", "sign-out"),)
STRANGERS: Sequence[dict[str, str]] = (
    {},
    {"Authorization": "Bearer dls_made-up"},
    {"Authorization": "Bearer dlk_made-up"},
    {"Cookie": "dialer_session=dls_made-up"},
)


@kept
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("permissions")) as opened:
        yield opened


async def test_every_operation_is_known_here_and_needs_something(house: House) -> None:
    assert {(each.method, each.path) for each in house.operations} == set(OPERATIONS)
    assert all(each.needed for each in house.operations)


async def test_who_is_not_signed_in_gets_nothing(house: House) -> None:
    for number, each in enumerate(house.operations):
        path = API + each.path.format(**dataclasses.asdict(house.own))
        for headers in (STRANGERS[0], STRANGERS[1 + number % 3]):
            answer = await house.http.request(each.method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), each
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_what_the_table_says(house: House, role: Role) -> None:
    for each in house.operations:
        own = dataclasses.replace(house.own, session_id=await house.log_in(house.own))
        allowed = each.needed <= PERMISSIONS[role]
        for answer in await house.ask(role, each, own):
            if allowed:
                assert answer.status_code not in (401, 403, 500), (each, answer.text)
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (each, answer.text)
        if (each.method, each.path) in ENDS_A_SIGN_IN and role != Role.OPERATOR:
            house.tokens[role] = await sign_in(house.http, role)


@pytest.mark.parametrize("role", BOUND)
async def test_what_is_another_clients_is_not_there(house: House, role: Role) -> None:
    for each in house.operations:
        if (each.method, each.path) in ENDS_A_SIGN_IN:
            continue
        theirs = await house.ask(role, each, house.other)
        if not each.needed <= PERMISSIONS[role]:
            assert {answer.status_code for answer in theirs} == {403}, each
            continue
        nobodys = await house.ask(role, each, NOBODYS)
        assert [_told(each, house.other) for each in theirs] == [_told(each, NOBODYS) for each in nobodys], (
            each
        )


async def test_nothing_of_another_client_was_told_or_changed(house: House) -> None:
    """After the tests above, which have asked everything of everybody."""
    assert any(MARK in row for row in house.others_rows)
    assert await rows_of(house.service.database.sessions, "bravo") == house.others_rows
    assert house.other.session_id in house.service.engine.floor.agents
    assert len(house.answers) > 800
    asked = house.other.campaign
    telling = [answer for answer in house.answers if MARK in answer.text.replace(asked, "")]
    assert [(each.request.method, each.url.path) for each in telling] == []


async def test_a_supervisor_sees_the_shifts_of_their_client_alone(house: House) -> None:
    own = await house.log_in(house.own)

    async def seen_by(role: Role) -> set[int]:
        answer = await house.http.get(f"{API}agent-sessions", headers=house.bearer(role))
        return {each["id"] for each in answer.raise_for_status().json()}

    assert await seen_by(Role.SUPERVISOR) == {own}
    assert await seen_by(Role.OPERATOR) >= {own, house.other.session_id}
    queues = (await house.http.get(f"{API}queues", headers=house.bearer(Role.SUPERVISOR))).json()
    assert [each["campaign_id"] for each in queues] == [house.own.campaign_id]


async def test_a_stream_ends_with_the_sign_in_that_opened_it(house: House) -> None:
    service, operator = house.service, house.bearer(Role.OPERATOR)
    eve = await add_user(service.database.sessions, NewUser("eve", Role.SUPERVISOR, "alpha"), PASSWORD, NOW)
    bearer = {"Authorization": f"Bearer {await sign_in(house.http, 'eve')}"}
    shift = await house.log_in(house.own)
    async with (
        httpx2.AsyncClient(base_url=service.api_url, headers=bearer) as client,
        listening(client, f"{API}events") as stream,
    ):
        await stream.next(lambda heard: heard.event == "agent.state")
        (await house.http.post(f"{API}users/{eve.id}/disable", headers=operator)).raise_for_status()
        (await house.http.post(f"{API}agent-sessions/{shift}/end", headers=operator)).raise_for_status()
        told = [each.data["data"]["state"] for each in await stream.rest() if each.event == "agent.state"]
    assert "logged_out" not in told


def _told(answer: httpx2.Response, of: Things) -> tuple[int, str]:
    """An answer without what the question itself named."""
    text = answer.text.replace(of.client, "SLUG").replace(of.campaign, "CAMPAIGN")
    return answer.status_code, re.sub(r"[0-9]+", "#", text)
