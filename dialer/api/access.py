"""Who may use the API: whoever has the key."""

import hashlib
import secrets
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ADVICE = "Give the API key as 'Authorization: Bearer KEY'."
CHALLENGE = {"WWW-Authenticate": "Bearer"}

_bearer = HTTPBearer(auto_error=False, description="The API key, as the first start printed it.")


def require_key(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    """Lets a request pass that has the key."""
    if given is None or not is_key(given.credentials, request.app.state.api_key):
        raise HTTPException(401, ADVICE, headers=CHALLENGE)


def is_key(given: str, key: str) -> bool:
    """Whether that is the key, in a time that does not tell how much of it is."""
    return secrets.compare_digest(given.encode(), key.encode())


def name_of_key(key: str) -> str:
    """What a log calls the key: it tells keys apart and gives none away."""
    return f"API key {hashlib.sha256(key.encode()).hexdigest()[:12]}"


def kept_key(path: Path) -> tuple[str, bool]:
    """The key in that file, made now where there is none yet; and whether it is new."""
    if path.exists():
        return path.read_text().strip(), False
    key = secrets.token_urlsafe(32)
    # Whole or not at all, whatever happens to the disk meanwhile.
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(key + "\n")
    unfinished.replace(path)
    return key, True
