"""The operator's key: a file that the first start makes, for the installation itself and all clients."""

import hashlib
import secrets
from pathlib import Path


def name_of_key(key: str) -> str:
    """What a log calls the key: it tells keys apart and gives none away."""
    return f"operator key {hashlib.sha256(key.encode()).hexdigest()[:12]}"


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
