"""The door of the HTTP face and a few rooms behind it, without an engine: fast."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from fastapi import FastAPI

from campaigns.routes import persons
from dialer.access.audit import AuditLog
from dialer.access.core.roles import Role
from dialer.access.door import Door
from dialer.access.idempotent_answers import IdempotentAnswers
from dialer.access.routes import router as access_routes
from dialer.access.signing_in import SigningIn, SignInLimits
from dialer.access.single_sign_on import Provider, SingleSignOn
from dialer.access.tables import User
from dialer.access.users import NewUser, add_user
from dialer.api import problems
from dialer.api.access import RequestAccess
from dialer.api.guard import Guard
from dialer.api.idempotency import Idempotency
from leads.routes import consents, dnc, leads
from leads.stores.leads import LeadStore
from leads.stores.shared import Sessions

API = "/api/v1"
KEY = "the-operators-key"
PASSWORD = "a long enough sentence"  # noqa: S105 - of nobody
LIMITS = SignInLimits(idle_s=3600, longest_s=8 * 3600)


@dataclass
class Front:
    """The application, its clock, and a browser in front of it."""

    sessions: Sessions
    app: FastAPI
    http: httpx2.AsyncClient
    now: datetime = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

    def later(self, seconds: float) -> None:
        """The clock goes on."""
        self.now += timedelta(seconds=seconds)

    async def user(self, name: str, role: Role, client: str | None = "acme") -> User:
        """A user with the password that all have here."""
        return await add_user(self.sessions, NewUser(name, role, client), PASSWORD, self.now)

    async def sign_in(
        self, name: str, password: str = PASSWORD, client: str | None = "acme"
    ) -> httpx2.Response:
        """An answer to name and password."""
        body = {"client": client, "name": name, "password": password}
        return await self.http.post(f"{API}/sign-in", json=body)

    async def get(self, path: str, token: str, **more: Any) -> httpx2.Response:
        """A reading by whoever has the token, and no cookie."""
        return await self.ask("GET", path, token, **more)

    async def ask(self, method: str, path: str, token: str, **more: Any) -> httpx2.Response:
        """A request by whoever has the token, and no cookie."""
        kept, self.http.cookies = self.http.cookies, httpx2.Cookies()
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.http.request(method, f"{API}{path}", headers=headers, **more)
        self.http.cookies = kept
        return answer


@asynccontextmanager
async def open_front(sessions: Sessions, provider: Provider | None = None) -> AsyncIterator[Front]:
    """A front with the clients acme and zenith."""
    async with sessions() as session, session.begin():
        for slug in ("acme", "zenith"):
            await LeadStore(session).ensure_client(slug, slug.title())
    front: Front

    def now() -> datetime:
        return front.now

    audit = AuditLog(sessions)
    signing_in = SigningIn(sessions, LIMITS, now)
    door = Door(KEY, sessions, sessions, LIMITS, now)
    app = FastAPI()
    app.state.sessions = app.state.readings = sessions
    app.state.now, app.state.access, app.state.door, app.state.audit = now, RequestAccess(), door, audit
    app.state.signing_in, app.state.single_sign_on = signing_in, SingleSignOn(provider, signing_in, now)
    app.state.recordings = None
    problems.install(app)
    answers = IdempotentAnswers(sessions, sessions, "node-1")
    app.add_middleware(Idempotency, answers=answers, now=now)
    app.add_middleware(Guard, door=door, audit=audit, now=now)
    for each in (access_routes, leads.router, dnc.router, consents.router, persons.router):
        app.include_router(each, prefix=API)
    transport = httpx2.ASGITransport(app=app, client=("192.0.2.7", 4000))
    audit.start()
    answers.start()
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            front = Front(sessions, app, http)
            yield front
    finally:
        await answers.stop()
        await audit.stop()
