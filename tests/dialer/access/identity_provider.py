"""An identity provider on loopback: OpenID Connect over real HTTP, with tokens that are really signed."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

from dialer.api.server import HttpServer

CLIENT_ID, CLIENT_SECRET = "dialer", "between-us"


@dataclass
class IdentityProvider:
    """Who signs in there next, and in which way it misbehaves."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Of the person at the browser."""
    lies: dict[str, Any] = field(default_factory=dict)
    """Claims that replace the right ones."""
    now: int = 0
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    shown_key: RSAKey | None = None
    """The key that it tells of, where that is not the one it signs with."""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each code was asked for with."""

    def application(self) -> FastAPI:
        """Its HTTP face."""
        app = FastAPI()
        app.add_api_route("/.well-known/openid-configuration", self._configuration)
        app.add_api_route("/keys", self._keys)
        app.add_api_route("/authorize", self._authorize, response_model=None)
        app.add_api_route("/token", self._token, methods=["POST"], response_model=None)
        return app

    async def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    async def _keys(self) -> dict[str, Any]:
        return {"keys": [(self.shown_key or self.key).as_dict(private=False)]}

    async def _authorize(self, request: Request) -> RedirectResponse:
        asked = dict(request.query_params)
        assert (asked["client_id"], asked["response_type"]) == (CLIENT_ID, "code")
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.asked[code] = asked
        back = {"code": code, "state": asked["state"], "session_state": "of its own"}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 303)

    async def _token(self, request: Request) -> JSONResponse:
        form = dict(parse_qsl((await request.body()).decode()))
        code_verifier, redirect_uri = form["code_verifier"], form["redirect_uri"]
        given = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        asked = self.asked.pop(form["code"], None)
        digest = hashlib.sha256(code_verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            given != f"{CLIENT_ID}:{CLIENT_SECRET}"
            or asked is None
            or (asked["code_challenge"], asked["redirect_uri"]) != (challenge, redirect_uri)
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": self.now,
            "exp": self.now + 300,
            "nonce": asked["nonce"],
            **self.claims,
            **self.lies,
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})


@asynccontextmanager
async def identity_provider() -> AsyncIterator[IdentityProvider]:
    """A provider that runs."""
    provider = IdentityProvider()
    server = HttpServer(provider.application(), "127.0.0.1", 0)
    provider.issuer = f"http://127.0.0.1:{server.port}"
    await server.start()
    try:
        yield provider
    finally:
        await server.stop()
