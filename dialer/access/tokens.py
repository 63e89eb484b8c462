"""Tokens of sign-ins and API keys: 256 random bits, of which the database has the SHA-256 alone."""

import hashlib
import hmac
import secrets

SIGN_IN, API_KEY = "dls_", "dlk_"
"""What a token begins with, so that whoever finds one knows what it is."""


def new_token(kind: str) -> str:
    """A token of that kind."""
    return kind + secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of a token. It needs no salt and no slowness: nobody guesses 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(token: str) -> str:
    """What a page shows with a change that comes with the cookie: made of the token, and not the token."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell how much of them is."""
    return secrets.compare_digest(given.encode(), expected.encode())
