"""Whether a request that brings a key is a repeat, and what becomes of its key once it is answered.

Pure. The rules are those of the IETF's draft "The Idempotency-Key HTTP Header Field"
(draft-ietf-httpapi-idempotency-key-header), with what a node that dies leaves behind made explicit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

KEPT_FOR = timedelta(hours=24)
"""So long an answer is given again."""
_LONGEST_REQUEST = timedelta(minutes=15)
"""After that, a request that another node has begun was cut off."""
_REFUSED = frozenset({401, 403, 408, 413, 425, 429})
"""Answers to what was not even begun."""


class Verdict(Enum):
    """What to do with a request whose key is, or is not, on record."""

    DO = "do"
    REPEAT = "repeat"
    """Give the answer again."""
    REUSED = "reused"
    """The key belongs to another request."""
    IN_PROGRESS = "in progress"
    UNKNOWN = "unknown"
    """It was begun and never answered: nobody knows whether it was done."""


class Outcome(Enum):
    """What becomes of a key."""

    KEEP = "keep"
    FREE = "free"
    """Nothing was done: the same request may be sent again."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Record:
    """What is on record of a key."""

    node: str
    """Which node has begun the request."""
    at: datetime
    fingerprint: str = ""
    """Of the request: method, address and body."""
    status: int | None = None
    """The HTTP status of the answer; None while there is none."""


def is_over(record: Record, now: datetime) -> bool:
    """Whether the key may be used for something else."""
    return now - record.at >= KEPT_FOR


def judge(record: Record | None, fingerprint: str, node: str, now: datetime) -> Verdict:
    """What to do with a request that this node is not answering already."""
    if record is None or is_over(record, now):
        return Verdict.DO
    if record.status is not None:
        return Verdict.REPEAT if record.fingerprint == fingerprint else Verdict.REUSED
    cut_off = record.node == node or now - record.at >= _LONGEST_REQUEST
    return Verdict.UNKNOWN if cut_off else Verdict.IN_PROGRESS


def outcome(status: int, *, come_again: bool, body_read: bool) -> Outcome:
    """What becomes of the key of a request that was answered so.

    `come_again`: the answer says when to ask again. What is refused before its body was read was not begun.
    """
    if status in _REFUSED or (come_again and status >= 400) or (not body_read and status >= 400):
        return Outcome.FREE
    return Outcome.UNKNOWN if status >= 500 else Outcome.KEEP
