"""Whether a person's consent to be contacted holds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Channel = Literal["call", "automated_call", "sms", "email"]
"""How a person is contacted. An automated call is one with a recorded or artificial voice."""

CHANNELS: tuple[Channel, ...] = get_args(Channel)

CHANNELS_OF_A_PHONE: tuple[Channel, ...] = ("call", "automated_call", "sms")
CALLS: tuple[Channel, ...] = ("call", "automated_call")
CHANNELS_OF_AN_ADDRESS: tuple[Channel, ...] = ("email",)

WITHDRAWN_UNGIVEN = "none"
"""The basis of a record that says only that a consent was withdrawn of which nobody had a record."""

MAX_BASIS_CHARS = 40
_BASIS = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_BASIS_CHARS - 1}}}")


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A consent to one channel, from `given_at` until `withdrawn_at`; None if it was never withdrawn."""

    channel: str
    given_at: datetime
    withdrawn_at: datetime | None = None
    basis: str = ""


def consent_holds(records: Iterable[ConsentRecord], channel: Channel, at: datetime) -> bool:
    """Whether one of a person's records lets us use `channel` at `at`; see `holding`."""
    return bool(holding(records, channel, at))


def holding(records: Iterable[ConsentRecord], channel: Channel, at: datetime) -> list[ConsentRecord]:
    """Those of a person's records that let us use `channel` at `at`.

    A withdrawal ends every consent to its channel that was given until then, so that an older one that turns
    up later does not undo it; only one that is given afterwards does. Consent to one channel is
    none to another. Without a record there is no consent.
    """
    of_channel = [each for each in records if each.channel == channel]
    withdrawals = [each.withdrawn_at for each in of_channel if each.withdrawn_at and each.withdrawn_at <= at]
    last = max(withdrawals, default=None)
    return [
        each
        for each in of_channel
        if each.given_at <= at
        and (last is None or each.given_at > last)
        and (each.withdrawn_at is None or each.withdrawn_at > at)
    ]


def withdrawn(records: Sequence[ConsentRecord], at: datetime) -> frozenset[Channel]:
    """The channels of which one of a person's consents was withdrawn by `at`, and none holds."""
    ended = {each.channel for each in records if each.withdrawn_at and each.withdrawn_at <= at}
    return frozenset(each for each in CHANNELS if each in ended and not holding(records, each, at))


def basis_code(text: str) -> str | None:
    """A basis in snake case, as in express_written; None if the text cannot be one."""
    code = re.sub(r"[\s\-]+", "_", text.strip().lower())
    return code if _BASIS.fullmatch(code) and code != WITHDRAWN_UNGIVEN else None
