"""A service with two clients, and somebody of every role who works for the first."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from sqlmodel import select

from campaigns.tables import AgentInterval
from dialer.access.core.roles import Permission, Role
from dialer.access.stores.own_rows import for_client, owned_tables
from dialer.access.users import NewUser, add_user
from dialer.api.walking import is_open
from dialer.bootstrap import Service, running
from dialer.settings import load_settings
from leads.stores.shared import Sessions
from leads.tables import Client
from tests.dialer.api.operations import OPERATIONS
from tests.dialer.api.two_clients import NOW, PASSWORD, Things, seed_client

API = "/api/v1/"
MARK = "zebrafish"
BOUND = [role for role in Role if role != Role.OPERATOR]
_LISTENED_S = 0.1
_WHOLE = (Role.CLIENT_ADMIN, Role.AGENT)


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
        path = path_of(each, of)
        calls = OPERATIONS[each.method, each.path](of, self.own)
        found = [
            await self._answer(
                each.method,
                path,
                **dict(call) | {"headers": {**call.get("headers", {}), **self.bearer(role)}},
            )
            for call in (calls if role in _WHOLE else calls[-1:])
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


def path_of(each: Operation, of: Things) -> str:
    """The address of an operation on somebody's things."""
    values = {name: quote(str(value), safe="") for name, value in dataclasses.asdict(of).items()}
    return API + each.path.format(**values)


@contextlib.asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    """A house whose service is open."""
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
            made.tokens[role] = await sign_in(http, role)
        made.other = dataclasses.replace(other, session_id=await made.log_in(other))
        made.others_rows = await rows_of(sessions, "bravo")
        yield made


async def sign_in(http: httpx2.AsyncClient, name: str) -> str:
    """The token of a sign-in."""
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
        if path.startswith(API) and not is_open(path)
    ]


async def rows_of(sessions: Sessions, slug: str) -> list[str]:
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
