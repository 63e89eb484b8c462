"""Whether a number is on a do-not-call list."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suppression:
    """One entry: nobody may call `e164`, for every client (None) or for one."""

    e164: str
    client_id: int | None
    reason: str


def suppression_reason(e164: str, client_id: int | None, entries: Iterable[Suppression]) -> str | None:
    """Why `client_id` may not call a number, as a sentence; None if no entry forbids it.

    An entry for everyone is named before one of the client's own. Without a client (None), only the entries
    for everyone count. Entries of other clients and for other numbers may be among those given.
    """
    matching = [e for e in entries if e.e164 == e164 and e.client_id in (None, client_id)]
    if not matching:
        return None
    entry = min(matching, key=lambda e: e.client_id is not None)
    list_name = "everyone's do-not-call list" if entry.client_id is None else "the client's do-not-call list"
    return f"The number is on {list_name}" + (f": {entry.reason}." if entry.reason else ".")
