"""Tells who asks: by the operator's key, by a job's API key, or by a sign-in's token."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.access.core.actor import Actor
from dialer.access.core.roles import Role
from dialer.access.errors import CsrfTokenMissingError, NotSignedInError
from dialer.access.operator_key import name_of_key
from dialer.access.signing_in import SignInLimits
from dialer.access.stores.api_keys import ApiKeyStore
from dialer.access.stores.users import UserStore
from dialer.access.tables import ApiKey
from dialer.access.tokens import API_KEY, SIGN_IN, csrf_token, hash_of, same
from dialer.database import is_passing
from leads.stores.shared import Sessions

ADVICE = "Sign in, or give an API key as 'Authorization: Bearer KEY'."
_FRESH = timedelta(seconds=3)
"""So long a token is believed without asking the database again: what another node revokes holds by then."""
_BELIEVED_AWAY = timedelta(seconds=60)
"""So long while the database cannot be asked: agents go on working when it is away for a moment."""
_SEEN_EVERY = timedelta(seconds=60)
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request brings to show who sends it."""

    bearer: str | None = None
    cookie: str | None = None
    csrf: str | None = None
    changes: bool = False
    """Whether it is more than a reading."""


class Door:
    """Knows whoever may come in. One for each service."""

    def __init__(
        self,
        operator_key: str,
        sessions: Sessions,
        readings: Sessions,
        limits: SignInLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._key = operator_key
        self._operator = Actor(name_of_key(operator_key), Role.OPERATOR)
        self._sessions = sessions
        self._readings = readings
        self._limits = limits
        self._now = now
        self._known: OrderedDict[str, tuple[Actor, datetime]] = OrderedDict()

    async def actor(self, shown: Shown) -> Actor:
        """Who asks. Raises NotSignedInError, and CsrfTokenMissingError for a change by cookie alone."""
        if shown.bearer is not None:
            return await self._bearer(shown.bearer)
        if shown.cookie is None:
            raise NotSignedInError(ADVICE)
        actor = await self._of_token(shown.cookie, SIGN_IN)
        if shown.changes and not same(shown.csrf or "", csrf_token(shown.cookie)):
            raise CsrfTokenMissingError(
                "A change that comes with the cookie needs the sign-in's csrf_token as X-CSRF-Token."
            )
        return actor

    def forget(self, actor: Actor | None = None) -> None:
        """Asks the database again about somebody, or about everybody."""
        if actor is None:
            self._known.clear()
        else:
            self._known = OrderedDict(each for each in self._known.items() if each[1][0] != actor)

    async def _bearer(self, token: str) -> Actor:
        if same(token, self._key):
            return self._operator
        for kind in (SIGN_IN, API_KEY):
            if token.startswith(kind):
                return await self._of_token(token, kind)
        raise NotSignedInError(ADVICE)

    async def _of_token(self, token: str, kind: str) -> Actor:
        now, token_hash = self._now(), hash_of(token)
        known = self._known.get(token_hash)
        if known is not None and now - known[1] < _FRESH:
            return known[0]
        try:
            ask = self._signed_in if kind == SIGN_IN else self._job
            actor = await ask(token_hash, now)
        except Exception as error:
            if known is not None and is_passing(error) and now - known[1] < _BELIEVED_AWAY:
                return known[0]
            raise
        if actor is None:
            self._known.pop(token_hash, None)
            raise NotSignedInError(ADVICE)
        self._known[token_hash] = (actor, now)
        self._known.move_to_end(token_hash)
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return actor

    async def _signed_in(self, token_hash: str, now: datetime) -> Actor | None:
        async with self._readings() as session:
            found = await UserStore(session).signed_in(token_hash)
        if found is None or found.user.disabled_at is not None or self._limits.over(found.sign_in, now):
            return None
        user = found.user
        if now - found.sign_in.seen_at >= _SEEN_EVERY:
            async with self._sessions() as session, session.begin():
                await UserStore(session).seen(found.sign_in.id, now)
        return Actor(
            name=f"user {user.name}",
            role=Role(user.role),
            client_id=user.client_id,
            client=found.client,
            agent_id=user.agent_id,
            user_id=user.id,
            sign_in_id=found.sign_in.id,
        )

    async def _job(self, token_hash: str, now: datetime) -> Actor | None:
        async with self._readings() as session:
            found = await ApiKeyStore(session).of_token(token_hash)
        if found is None:
            return None
        key, client = found
        if _unused_lately(key, now):
            async with self._sessions() as session, session.begin():
                await ApiKeyStore(session).used(key.id, now)
        return Actor(f"API key {key.id} {key.name}", Role(key.role), key.client_id, client)


def _unused_lately(key: ApiKey, now: datetime) -> bool:
    return key.used_at is None or now - key.used_at >= _SEEN_EVERY
