"""What messages come to: who gets none so that it can be told, and the difference that the messages made.

Leads are compared as they were assigned, whatever became of their messages ("intention to treat"): who could
not be written to, or did not read it, counts among those with messages.
"""

from dataclasses import dataclass
from math import sqrt

from campaigns.core.intervals import wilson
from campaigns.core.selection import PRIME

HOLDOUT_MIX = (1_622_650_073, 984_943_658, 1_144_108_930)
"""Multipliers less than PRIME, and not the shuffle's: who is held out has nothing to do with any order."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Leads of one kind: assigned, called at least once, talked to, and converted."""

    leads: int
    attempted: int
    contacted: int
    converted: int


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`, with Wilson's interval of 95 %; `value` is None where `total` is 0."""

    value: float | None
    count: int
    total: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Of two shares, with an interval of 95 %; `value` is None where one of them has none."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A rate with messages and without, and their difference: what the messages brought."""

    with_messages: Share
    held_out: Share
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEffect:
    """What a campaign's messages came to, over all leads as they were assigned."""

    holdout_share: float
    """As the campaign wants it."""
    with_messages: Arm
    held_out: Arm
    contact_rate: Compared
    conversion_rate: Compared


def held_out(lead_id: int, campaign_id: int, share: float) -> bool:
    """Whether a lead gets no message: always the same answer; a greater share holds out the same and more."""
    return holdout_place(lead_id, campaign_id) < holdout_limit(share)


def holdout_place(lead_id: int, campaign_id: int) -> int:
    """The lead's place among those who may be held out, 0 to PRIME - 1, by arithmetic of every database.

    Two rounds of squaring, so that no pattern in the leads' numbers is one in their places.
    """
    first = (lead_id % PRIME * HOLDOUT_MIX[0] + holdout_salt(campaign_id)) % PRIME
    second = (first * first + HOLDOUT_MIX[1]) % PRIME
    return (second * second + first * HOLDOUT_MIX[2]) % PRIME


def holdout_salt(campaign_id: int) -> int:
    """What tells one campaign's choice from another's."""
    return campaign_id % PRIME * HOLDOUT_MIX[2] % PRIME


def holdout_limit(share: float) -> int:
    """Below which place a lead is held out."""
    return int(share * PRIME)


def effect(holdout_share: float, with_messages: Arm, without: Arm) -> MessageEffect:
    """The rates of both kinds of leads and their differences."""
    return MessageEffect(
        holdout_share=holdout_share,
        with_messages=with_messages,
        held_out=without,
        contact_rate=_compared(
            (with_messages.contacted, with_messages.leads), (without.contacted, without.leads)
        ),
        conversion_rate=_compared(
            (with_messages.converted, with_messages.leads), (without.converted, without.leads)
        ),
    )


def difference(one: Share, other: Share) -> Difference:
    """How much greater one share is than another that has nothing to do with it.

    The interval is R. G. Newcombe's, made of both Wilson intervals: "Interval estimation for the difference
    between independent proportions: comparison of eleven methods", Statistics in Medicine 17 (1998), 873-890,
    method 10.
    """
    if one.value is None or other.value is None:
        return Difference(None, -1.0, 1.0)
    value = one.value - other.value
    below = sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    above = sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return Difference(value, max(-1.0, value - below), min(1.0, value + above))


def share_of(count: int, total: int) -> Share:
    """A share with its interval."""
    low, high = wilson(count, total)
    return Share(count / total if total else None, count, total, low, high)


def _compared(one: tuple[int, int], other: tuple[int, int]) -> Compared:
    with_messages, without = share_of(*one), share_of(*other)
    return Compared(
        with_messages=with_messages, held_out=without, difference=difference(with_messages, without)
    )
