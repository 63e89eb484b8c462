"""Passwords: how long they are, and their Argon2id hashes. Never printed, logged or kept as they are."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError

from dialer.access.errors import WeakPasswordError

SHORTEST, LONGEST = 12, 256
"""Characters, without rules about which signs: those make people predictable (NIST SP 800-63B, 5.1.1.2)."""

_WORKERS = ThreadPoolExecutor(2, "password")
"""Each hash takes 64 MiB and some tens of milliseconds of a core: a flood of sign-ins must not take all."""


def checked_password(password: str) -> str:
    """The password. Raises WeakPasswordError."""
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < SHORTEST // 3:
        raise WeakPasswordError(
            f"A password has {SHORTEST} to {LONGEST} characters, and not the same few again and again."
        )
    return password


async def hashed(password: str) -> str:
    """The hash to keep."""
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, lambda: _hasher().hash(password))


async def is_password(given: str, kept: str | None) -> bool:
    """Whether that is the password; takes as long where there is none to compare with."""
    loop = asyncio.get_running_loop()
    right = await loop.run_in_executor(_WORKERS, lambda: _verified(given, kept or _nobodys()))
    return right and bool(kept)


def _verified(given: str, kept: str) -> bool:
    try:
        return _hasher().verify(given, kept)
    except PwdlibError:
        return False


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys() -> str:
    """What the password of somebody unknown is compared with."""
    return _hasher().hash("nobody has this password")
