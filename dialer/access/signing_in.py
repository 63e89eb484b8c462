"""Signing in and out: with a password, or with the word of the identity provider."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from dialer.access.core.throttle import Throttle
from dialer.access.errors import SignInRefusedError, TooManySignInsError
from dialer.access.passwords import is_password
from dialer.access.stores.users import UserStore
from dialer.access.tables import SignIn, User
from dialer.access.tokens import SIGN_IN, csrf_token, hash_of, new_token
from leads.core.columns import clean_cell
from leads.stores.leads import LeadStore
from leads.stores.shared import Session, Sessions

REFUSED = "That name and password do not go together, or the user is disabled."


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """How long a sign-in lasts, in seconds: unused, and at the longest."""

    idle_s: float = 4 * 3600.0
    longest_s: float = 16 * 3600.0

    def over(self, sign_in: SignIn, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return now >= sign_in.ends_at or now - sign_in.seen_at >= timedelta(seconds=self.idle_s)


@dataclass(frozen=True, slots=True)
class Granted:
    """A sign-in that has begun; the tokens are told this once."""

    token: str
    csrf_token: str
    ends_at: datetime
    user: User


class SigningIn:
    """Grants sign-ins, and counts the tries that fail. One for each service."""

    def __init__(self, sessions: Sessions, limits: SignInLimits, now: Callable[[], datetime]) -> None:
        self.sessions = sessions
        self.limits = limits
        self._now = now
        self._throttle = Throttle()

    async def with_password(self, client: str | None, name: str, password: str, address: str) -> Granted:
        """Signs in who has the password. Raises SignInRefusedError and TooManySignInsError.

        Nothing in the answer, nor how long it takes, tells whether there is such a user.
        """
        name = clean_cell(name).strip().casefold()
        who, at = f"{client or ''}/{name}", self._now().timestamp()
        if wait_s := self._throttle.wait_s(who, address, at):
            raise TooManySignInsError(ceil(wait_s))
        self._throttle.tried(who, address, at)
        async with self.sessions() as session:
            user = await _user(session, client, name)
        usable = user is not None and user.disabled_at is None
        kept = user.password_hash if user is not None and usable else None
        if not await is_password(password, kept) or user is None:
            raise SignInRefusedError(REFUSED, user)
        self._throttle.succeeded(who, address)
        return await self.grant(user.id, address)

    async def grant(self, user_id: int, address: str) -> Granted:
        """Signs in a user whose word is good. Raises SignInRefusedError for one who is disabled."""
        now, token = self._now(), new_token(SIGN_IN)
        async with self.sessions() as session, session.begin():
            store = UserStore(session)
            user = await store.get(user_id)
            if user.disabled_at is not None:
                raise SignInRefusedError(REFUSED)
            user.signed_in_at = now
            row = SignIn(
                user_id=user.id,
                token_hash=hash_of(token),
                address=address,
                began_at=now,
                seen_at=now,
                ends_at=now + timedelta(seconds=self.limits.longest_s),
            )
            await store.sign_in(row)
        return Granted(token, csrf_token(token), row.ends_at, user)


async def _user(session: Session, client: str | None, name: str) -> User | None:
    client_id = None
    if client is not None:
        found = await LeadStore(session).client(clean_cell(client))
        if found is None:
            return None
        client_id = found.id
    return await UserStore(session).named(client_id, name)
