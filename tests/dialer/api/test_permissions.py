"""Every route with every role: what the table allows and no more, and of another client's things nothing."""

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio
from sqlmodel import select

from campaigns.tables import AgentInterval
from dialer.access.core.roles import PERMISSIONS, Permission, Role
from dialer.access.stores.own_rows import for_client, owned_tables
from dialer.access.users import NewUser, add_user
from dialer.bootstrap import Service, running
from dialer.settings import load_settings
from leads.stores.shared import Sessions
from leads.tables import Client
from tests.dialer.api.operations import OPERATIONS
from tests.dialer.api.two_clients import NOBODYS, NOW, PASSWORD, Things, seed_client

pytestmark = pytest.mark.asyncio(loop_scope="module")
kept = pytest_asyncio.fixture(scope="module", loop_scope="module")

API = "/api/v1/"
MARK = "zebrafish"
_LISTENED_S = 0.1
ENDS_A_SIGN_IN = (("POST", "sign-out"),)
STRANGERS: Sequence[dict[str, str]] = (
    {},
    {"Authorization": "Bearer dls_made-up"},
    {"Authorization": "Bearer dlk_made-up"},
    {"Cookie": "dialer_session=dls_made-up"},
)
WHOLE = (Role.CLIENT_ADMIN, Role.AGENT)
BOUND = [role for role in Role if role != Role.OPERATOR]


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation, and what its description says that it needs."""

    method: str
    path: str
    needed: frozenset[Permission]


@dataclasses.dataclass
class House:
    """A service with two clients, and somebody of every role who works for the first."""

    service: Service
    http: httpx2.AsyncClient
    own: Things
    other: Things
    tokens: dict[Role, str]
    operations: Sequence[Operation]
    others_rows: Sequence[str] = ()
    """What the other client has, before anybody asks."""
    answers: list[httpx2.Response] = dataclasses.field(default_factory=list)

    async def ask(self, role: Role, each: Operation, of: Things) -> list[httpx2.Response]:
        """The answers to one operation on somebody's things: in all its variants for those who may most."""
        values = {name: quote(str(value), safe="") for name, value in dataclasses.asdict(of).items()}
        path = API + each.path.format(**values)
        calls = OPERATIONS[each.method, each.path](of, self.own)
        found = [
            await self._answer(
                each.method,
                path,
                **dict(call) | {"headers": {**call.get("headers", {}), **self.bearer(role)}},
            )
            for call in (calls if role in WHOLE else calls[-1:])
        ]
        if role != Role.OPERATOR:
            self.answers += found
        return found

    async def _answer(self, method: str, path: str, **call: Any) -> httpx2.Response:
        """The whole answer, or the beginning of one that goes on as long as somebody listens."""
        async with self.http.stream(method, path, **call) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                began = bytearray()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LISTENED_S):
                        async for piece in answer.aiter_bytes():
                            began += piece
                return httpx2.Response(answer.status_code, content=bytes(began), request=answer.request)
            await answer.aread()
            return answer

    def bearer(self, role: Role) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    async def log_in(self, of: Things) -> int:
        """The shift of a client's agent, begun now where there is none."""
        shifts = {each.agent: each.session for each in self.service.engine.floor.agents.values()}
        if of.agent_id in shifts:
            return shifts[of.agent_id]
        wanted = {"agent_id": of.agent_id, "campaign_ids": [of.campaign_id]}
        begun = await self.http.post(f"{API}agent-sessions", json=wanted, headers=self.bearer(Role.OPERATOR))
        return int(begun.json()["id"])


@kept
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("permissions")
    settings = load_settings(
        data_dir=folder / "data", mqtt={"port": 0}, api={"port": 0}, sip={"port": 0, "lines": 10}
    )
    async with (
        running(settings) as service,
        httpx2.AsyncClient(base_url=service.api_url, timeout=30) as http,
    ):
        sessions = service.database.sessions
        own = await seed_client(sessions, "alpha", "antelope", "+1202555")
        other = await seed_client(sessions, "bravo", MARK, "+1212555")
        made = House(service, http, own, other, {Role.OPERATOR: service.api_key}, await _operations(service))
        for role in BOUND:
            agent_id = own.agent_id if role == Role.AGENT else None
            await add_user(sessions, NewUser(role, role, "alpha", agent_id), PASSWORD, NOW)
            made.tokens[role] = await _sign_in(http, role)
        made.other = dataclasses.replace(other, session_id=await made.log_in(other))
        made.others_rows = await _rows(sessions, "bravo")
        yield made


async def _sign_in(http: httpx2.AsyncClient, name: str) -> str:
    answer = await http.post(f"{API}sign-in", json={"client": "alpha", "name": name, "password": PASSWORD})
    http.cookies.clear()
    return str(answer.json()["token"])


async def _operations(service: Service) -> Sequence[Operation]:
    """As the service describes itself."""
    async with httpx2.AsyncClient(base_url=service.api_url) as http:
        described = await http.get(
            f"{API}openapi.json", headers={"Authorization": f"Bearer {service.api_key}"}
        )
    return [
        Operation(
            method.upper(),
            path.removeprefix(API),
            frozenset(Permission(each) for each in operation["x-permissions"]),
        )
        for path, methods in described.json()["paths"].items()
        for method, operation in methods.items()
        if path.startswith(API) and not path.startswith(f"{API}sign-in")
    ]


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
            house.tokens[role] = await _sign_in(house.http, role)


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
    assert await _rows(house.service.database.sessions, "bravo") == house.others_rows
    assert house.other.session_id in house.service.engine.floor.agents
    assert len(house.answers) > 800
    asked = house.other.campaign
    telling = [answer for answer in house.answers if MARK in answer.text.replace(asked, "")]
    assert [(each.request.method, each.url.path) for each in telling] == []


async def _rows(sessions: Sessions, slug: str) -> list[str]:
    """Every row of a client's, but what goes on by itself: its agent's time account and the shift's last sign
    of life."""
    found = []
    async with sessions() as session:
        client_id = (await session.exec(select(Client.id).where(Client.slug == slug))).one()
    async with for_client(sessions, client_id)() as session:
        for table in sorted(set(owned_tables()) - {AgentInterval}, key=lambda each: str(each.__tablename__)):
            rows: Any = (await session.exec(select(table))).all()
            found += sorted(f"{table.__tablename__} {row.model_dump(exclude={'seen_at'})}" for row in rows)
    return found


def _told(answer: httpx2.Response, of: Things) -> tuple[int, str]:
    """An answer without what the question itself named."""
    text = answer.text.replace(of.client, "SLUG").replace(of.campaign, "CAMPAIGN")
    return answer.status_code, re.sub(r"[0-9]+", "#", text)
