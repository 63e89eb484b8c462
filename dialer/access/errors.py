"""Errors of who may do what; `dialer/api/problems.py` knows which is which HTTP status."""

from dialer.access.tables import User
from dialer.errors import WRONG_CALL, DialerError


class AccessError(DialerError):
    """Somebody is not known, may not do what they want, or asked for what makes no sense."""

    code = "access-error"
    exit_code = WRONG_CALL


class NotSignedInError(AccessError):
    """Nobody has shown who they are (HTTP 401)."""

    code = "unauthorized"


class SignInRefusedError(NotSignedInError):
    """The name, the password or the provider's word is not right, which of them is not told (HTTP 401)."""

    code = "sign-in-refused"

    def __init__(self, message: str, user: User | None = None) -> None:
        super().__init__(message)
        self.user = user
        """Whose name it was, for the log."""


class NotPermittedError(AccessError):
    """The role does not have the permission (HTTP 403)."""

    code = "forbidden"


class CsrfTokenMissingError(NotPermittedError):
    """A change that comes with a cookie has to show that our own page sent it (HTTP 403)."""

    code = "csrf-token-missing"


class TooManySignInsError(AccessError):
    """Too many wrong passwords lately (HTTP 429)."""

    code = "too-many-sign-ins"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many sign-ins have failed; try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class WeakPasswordError(AccessError):
    """A password that is too short or too long (HTTP 422)."""

    code = "weak-password"


class InvalidUserError(AccessError):
    """A name, a role or an agent that does not fit (HTTP 422)."""

    code = "invalid-user"


class UserNotFoundError(AccessError):
    """No user has that number or name (HTTP 404)."""

    code = "user-not-found"


class ApiKeyNotFoundError(AccessError):
    """No API key has that number (HTTP 404)."""

    code = "api-key-not-found"


class UserExistsError(AccessError):
    """The client has a user of that name (HTTP 409)."""

    code = "user-exists"


class NoProviderError(AccessError):
    """Single sign-on is not set up (HTTP 404)."""

    code = "no-identity-provider"


class ProviderUnavailableError(DialerError):
    """The identity provider cannot be reached, or speaks no OpenID Connect (HTTP 503)."""

    code = "identity-provider-unavailable"
