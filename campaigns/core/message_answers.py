"""What gateways say in documents of their own: where to find it, and what it means."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

_LARGEST_DOCUMENT = 1 << 16


def at_path(document: Any, path: str) -> Any:
    """What is at names and places in lists, with dots between, as in messages.0.id; None where nothing is."""
    found = document
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isascii() and part.isdigit() and len(part) < 6:
            found = found[int(part)] if int(part) < len(found) else None
        else:
            return None
    return found


def text_at(document: Any, path: str) -> str:
    """The text or number at a path, as text; empty where there is none."""
    found = at_path(document, path) if path else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)


def document_of(content: bytes, media_type: str = "") -> Any:
    """JSON, or the fields of a form; None for what is neither."""
    if len(content) > _LARGEST_DOCUMENT:
        return None
    try:
        if "urlencoded" in media_type:
            return dict(parse_qsl(content.decode(), max_num_fields=200))
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def meaning(said: str, words: Mapping[str, Sequence[str]]) -> str:
    """Which of the meanings a gateway's word has, whatever its case; empty for none of them."""
    heard = said.strip().casefold()
    return next((name for name, known in words.items() if heard in {each.casefold() for each in known}), "")
