"""Signing in at an identity provider: OpenID Connect's authorization code flow with PKCE, state and nonce.

OpenID Connect Core 1.0, section 3.1; RFC 7636. What has to be remembered while somebody is at the provider is
in a cookie of their browser: any node finishes what another has begun.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from campaigns.stores.agents import AgentStore
from dialer.access.core.claims import Standing, name_of, standing_of
from dialer.access.core.roles import Role
from dialer.access.errors import NoProviderError, ProviderUnavailableError, SignInRefusedError
from dialer.access.signing_in import Granted, SigningIn
from dialer.access.stores.users import UserStore
from dialer.access.tables import User
from dialer.access.users import checked_user_name
from leads.checks import client_id_of
from leads.stores.shared import Session

_ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
"""Signatures with the provider's own key; none that our secret could make."""
_LEEWAY_S = 60
_ASK_AGAIN_AFTER = timedelta(hours=1)
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider, and what its claims make of people."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_url: str
    role_claim: str
    roles: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody is at the provider; their browser keeps this."""

    state: str
    nonce: str
    verifier: str

    def cookie(self) -> str:
        """As a cookie's value."""
        return ".".join((self.state, self.nonce, self.verifier))

    @classmethod
    def of_cookie(cls, value: str | None) -> "Pending | None":
        """What a cookie holds, if it is one of ours."""
        parts = (value or "").split(".")
        return cls(*parts) if len(parts) == 3 and all(parts) else None


class SingleSignOn:
    """Sends people to the provider, and takes its word when they come back. One for each service."""

    def __init__(self, provider: Provider | None, signing_in: SigningIn, now: Callable[[], datetime]) -> None:
        self._provider = provider
        self._signing_in = signing_in
        self._now = now
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._asked_at: datetime | None = None

    async def begin(self) -> tuple[str, Pending]:
        """Where to send somebody, and what their browser keeps.

        Raises NoProviderError and ProviderUnavailableError.
        """
        provider = self._required()
        await self._ask_provider(provider)
        pending = Pending(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        async with _client(provider) as client:
            url, _ = client.create_authorization_url(
                self._metadata["authorization_endpoint"],
                state=pending.state,
                nonce=pending.nonce,
                code_verifier=pending.verifier,
            )
        return str(url), pending

    async def finish(self, code: str, state: str, pending: Pending | None, address: str) -> Granted:
        """Signs in whom the provider vouches for, as what their claims say.

        Raises SignInRefusedError, NoProviderError, ProviderUnavailableError.
        """
        provider = self._required()
        if pending is None or not secrets.compare_digest(pending.state.encode(), state.encode()):
            raise SignInRefusedError(
                "This sign-in was not begun in this browser, or too long ago; begin again."
            )
        await self._ask_provider(provider)
        claims = await self._claims(provider, code, pending)
        standing = standing_of(claims, provider.role_claim, provider.roles)
        if standing is None:
            raise SignInRefusedError("The identity provider knows you, but gives you no role here.")
        sessions = self._signing_in.sessions
        async with sessions() as session, session.begin():
            user = await _user_of(session, f"{claims['iss']} {claims['sub']}", claims, standing, self._now())
        return await self._signing_in.grant(user.id, address)

    def _required(self) -> Provider:
        if self._provider is None:
            raise NoProviderError("Single sign-on is not set up; sign in with name and password.")
        return self._provider

    async def _claims(self, provider: Provider, code: str, pending: Pending) -> Mapping[str, Any]:
        """The ID token's claims, once everything about it is right."""
        try:
            async with _client(provider) as client:
                token = await client.fetch_token(
                    self._metadata["token_endpoint"], code=code, code_verifier=pending.verifier
                )
            return self._checked(provider, token, pending)
        except httpx2.HTTPError as error:
            raise ProviderUnavailableError("The identity provider does not answer; try again.") from error
        except (OAuthError, JoseError, KeyError, TypeError, ValueError) as error:
            self._asked_at = None  # its keys may be new ones
            raise SignInRefusedError("The identity provider's word is not good; begin again.") from error

    def _checked(self, provider: Provider, token: Mapping[str, Any], pending: Pending) -> Mapping[str, Any]:
        assert self._keys is not None  # noqa: S101 - the provider was asked before
        decoded = jwt.decode(token["id_token"], self._keys, algorithms=_ALGORITHMS)
        rules = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
        }
        known = {"nonce": pending.nonce, "client_id": provider.client_id}
        claims = CodeIDToken(decoded.claims, decoded.header, rules, known)
        claims.validate(now=int(self._now().timestamp()), leeway=_LEEWAY_S)
        if claims.get("nonce") != pending.nonce:
            raise ValueError("the nonce is another one")
        return dict(claims)

    async def _ask_provider(self, provider: Provider) -> None:
        """Reads how the provider is to be spoken to, and its keys, where that is not fresh."""
        now = self._now()
        if self._asked_at is not None and now - self._asked_at < _ASK_AGAIN_AFTER:
            return
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as client:
                url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
                metadata = (await client.get(url)).raise_for_status().json()
                if metadata["issuer"] != provider.issuer:
                    raise ValueError("it calls itself another name")
                keys = (await client.get(metadata["jwks_uri"])).raise_for_status().json()
                self._keys = KeySet.import_key_set(keys)
        except (httpx2.HTTPError, httpx2.InvalidURL, JoseError, KeyError, TypeError, ValueError) as error:
            raise ProviderUnavailableError(
                f"The identity provider {provider.issuer} cannot be asked ({error}); see docs/access.md."
            ) from error
        self._metadata, self._asked_at = metadata, now


def _client(provider: Provider) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret or None,
        redirect_uri=provider.redirect_url,
        scope="openid profile email",
        code_challenge_method="S256",
        timeout=_TIMEOUT_S,
    )


async def _user_of(
    session: Session, subject: str, claims: Mapping[str, Any], standing: Standing, now: datetime
) -> User:
    """The user of a subject, made at the first time, with the role that the claims give today."""
    store, name = UserStore(session), checked_user_name(name_of(claims))
    client_id = None if standing.client is None else await client_id_of(session, standing.client)
    agent_id = None
    if standing.role == Role.AGENT and client_id is not None:
        agent = await AgentStore(session).named(client_id, name_of(claims))
        if agent is None:
            raise SignInRefusedError(f"The client has no agent {name!r}; add one of that name first.")
        agent_id = agent.id
    user = await store.of_subject(subject)
    if user is None:
        role = standing.role.value
        return await store.add(
            User(
                client_id=client_id,
                name=name,
                role=role,
                agent_id=agent_id,
                subject=subject,
                created_at=now,
            )
        )
    if (user.client_id, user.role, user.agent_id) != (client_id, standing.role.value, agent_id):
        await store.sign_out_everywhere(user.id)
        user.client_id, user.role, user.agent_id = client_id, standing.role.value, agent_id
    return user
