"""Who may use the API: whoever has the key."""

import secrets
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

_bearer = HTTPBearer(auto_error=False, description="The API key, as the first start printed it.")


def require_key(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    """Lets a request pass that has the key."""
    key: str = request.app.state.api_key
    if given is None or not secrets.compare_digest(given.credentials.encode(), key.encode()):
        raise HTTPException(
            401, "Give the API key as 'Authorization: Bearer KEY'.", headers={"WWW-Authenticate": "Bearer"}
        )


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
