"""Users and their sign-ins in the database. Stores never commit: whoever opened the session does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy import select as select_rows
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from campaigns.stores.shared import read, write
from dialer.access.errors import UserExistsError, UserNotFoundError
from dialer.access.tables import SignIn, User
from leads.stores.shared import Session
from leads.tables import Client


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that was found by its token, with its user."""

    sign_in: SignIn
    user: User
    client: str | None


class UserStore:
    """Users, and where they are signed in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, user: User) -> User:
        """A new user. Raises UserExistsError."""
        self._session.add(user)
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise UserExistsError(f"There is a user {user.name!r} already; choose another name.") from error
        return user

    async def get(self, user_id: int) -> User:
        """A user. Raises UserNotFoundError."""
        if (found := await self._session.get(User, user_id)) is None:
            raise UserNotFoundError(f"There is no user {user_id}.")
        return found

    async def named(self, client_id: int | None, name: str) -> User | None:
        """The user of that name who is bound to that client, or to none."""
        query = select(User).where(col(User.name) == name, col(User.client_id) == client_id)
        return (await self._session.exec(query)).one_or_none()

    async def of_subject(self, subject: str) -> User | None:
        """Who signs in at the identity provider as that subject."""
        return (await self._session.exec(select(User).where(col(User.subject) == subject))).one_or_none()

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[User]:
        """The `limit` users, of one client or of all, that follow number `after`."""
        query = select(User).where(col(User.id) > after).order_by(col(User.id)).limit(limit)
        if client_id is not None:
            query = query.where(col(User.client_id) == client_id)
        return (await self._session.exec(query)).all()

    async def sign_in(self, row: SignIn) -> SignIn:
        """Keeps a sign-in, and drops those that are over anyway."""
        await write(self._session, delete(SignIn).where(col(SignIn.ends_at) <= row.began_at))
        self._session.add(row)
        await self._session.flush()
        return row

    async def signed_in(self, token_hash: str) -> SignedIn | None:
        """The sign-in of a token, with its user; whether it still holds is the caller's to say."""
        query = (
            select_rows(SignIn, User, col(Client.slug))
            .join(User, col(User.id) == col(SignIn.user_id))
            .outerjoin(Client, col(Client.id) == col(User.client_id))
            .where(col(SignIn.token_hash) == token_hash)
        )
        row = (await read(self._session, query)).one_or_none()
        return None if row is None else SignedIn(*row)

    async def seen(self, sign_in_id: int, at: datetime) -> None:
        """A sign-in was used."""
        await write(self._session, update(SignIn).where(col(SignIn.id) == sign_in_id).values(seen_at=at))

    async def sign_out(self, sign_in_id: int) -> None:
        """Ends a sign-in."""
        await write(self._session, delete(SignIn).where(col(SignIn.id) == sign_in_id))

    async def sign_out_everywhere(self, user_id: int, but: int | None = None) -> None:
        """Ends all sign-ins of a user, but for one."""
        ended = delete(SignIn).where(col(SignIn.user_id) == user_id)
        if but is not None:
            ended = ended.where(col(SignIn.id) != but)
        await write(self._session, ended)
