"""The HTTP face without an engine behind it: enough for whoever signs in, and fast."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx2
from fastapi import FastAPI

from dialer.access.audit import AuditLog
from dialer.access.core.roles import Role
from dialer.access.door import Door
from dialer.access.signing_in import SigningIn, SignInLimits
from dialer.access.single_sign_on import Provider, SingleSignOn
from dialer.access.tables import User
from dialer.access.users import NewUser, add_user
from dialer.api.app import Faces, create_app
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
    faces = SimpleNamespace(
        engine=SimpleNamespace(sessions=sessions, now=now),
        readings=sessions,
        door=Door(KEY, sessions, sessions, LIMITS, now),
        signing_in=signing_in,
        single_sign_on=SingleSignOn(provider, signing_in, now),
        audit=audit,
    )
    for name in ("rules", "imports", "forecaster", "recordings", "readiness", "metrics_text"):
        setattr(faces, name, None)
    app = create_app(cast(Faces, faces))
    transport = httpx2.ASGITransport(app=app, client=("192.0.2.7", 4000))
    audit.start()
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            front = Front(sessions, app, http)
            yield front
    finally:
        await audit.stop()
