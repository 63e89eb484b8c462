"""What a call came to, as the agent says: stable codes, with flags that the figures and retries read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from campaigns.core.retry_rule import RetryRule


class Flag(StrEnum):
    """What a disposition means, whatever a campaign calls it. A new one comes last: see `bits_of`."""

    HUMAN_ANSWERED = "human_answered"
    CUSTOMER_CONTACT = "customer_contact"
    RIGHT_PARTY = "right_party"
    CONVERSION = "conversion"
    NOT_INTERESTED = "not_interested"
    DNC = "dnc"
    CALLBACK = "callback"
    COMPLETED = "completed"
    UNWORKABLE = "unworkable"
    MACHINE = "machine"


_BITS: Mapping[Flag, int] = MappingProxyType({flag: 1 << place for place, flag in enumerate(Flag)})

NOTES, AMOUNT, PRODUCT, CALLBACK_TIME = "notes", "amount", "product", "callback"
NEEDS = (NOTES, AMOUNT, PRODUCT, CALLBACK_TIME)
"""What an agent may have to say besides: notes, what was sold and for how much, for when to call back."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """A code (at most 20 characters, stored), what people read, its flags, and what follows from it."""

    code: str
    label: str
    flags: frozenset[Flag]
    key: str = ""
    """The key on an agent's keyboard that says it; empty for none."""
    needs: tuple[str, ...] = ()
    """Of NEEDS."""
    retry: RetryRule | None = None
    """Whether and when its lead is called again; None: as its flags say."""
    message: str = ""
    """The step of the campaign's messages that follows; empty for none."""
    campaign: str = ""
    """The name of the client's campaign that the lead goes on in; empty: it stays."""


def bits_of(flags: Iterable[Flag]) -> int:
    """Flags as one number, as an attempt keeps them: each has the bit of its place in `Flag`."""
    return sum(_BITS[each] for each in set(flags))


def flags_of(bits: int) -> frozenset[Flag]:
    """The flags that a number stands for."""
    return frozenset(flag for flag, bit in _BITS.items() if bits & bit)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidDisposition:
    """What was said of a call that is on record: for whoever has something to do then."""

    attempt_id: int
    client_id: int
    campaign_id: int
    lead_id: int
    phone_id: int
    agent_id: int | None
    """Who talked; None where nobody did."""
    direction: str
    """out, or in where the person has called."""
    disposition: Disposition
    before: Disposition | None = None
    """What it takes the place of; None where nothing had been said."""
    by: str
    """agent, dialer or nobody."""
    latest: bool = True
    """Whether it is the lead's latest call in its campaign; else the lead is to be left as it is."""


NO_DISPOSITION = "no_disposition"
"""What an attempt gets when the wrap-up limit passes without a word of the agent."""

BY_AGENT, BY_DIALER, BY_NOBODY = "agent", "dialer", "nobody"
"""Who said what a call came to."""

NOBODY_SPOKE = "dead_air"
"""Neither a person nor a machine was heard."""

MESSAGE_PLAYED = "message_played"
MESSAGE_CUT_SHORT = "message_cut_short"
OPTED_OUT = "opted_out"
"""What the dialer itself says of calls that play a message."""

_PERSON = frozenset({Flag.HUMAN_ANSWERED})
_CONTACT = _PERSON | {Flag.CUSTOMER_CONTACT}
_RIGHT_PARTY = _CONTACT | {Flag.RIGHT_PARTY}
_WON = _RIGHT_PARTY | {Flag.CONVERSION, Flag.COMPLETED}

_STANDARD = (
    Disposition("sale", "Sale", _WON),
    Disposition("appointment_set", "Appointment set", _WON),
    Disposition("survey_completed", "Survey completed", _WON),
    Disposition("promise_to_pay", "Promise to pay", _WON),
    Disposition("not_interested", "Not interested", _RIGHT_PARTY | {Flag.NOT_INTERESTED, Flag.COMPLETED}),
    Disposition("callback", "Asked to be called back", _RIGHT_PARTY | {Flag.CALLBACK}),
    Disposition("do_not_call", "Asked not to be called again", _CONTACT | {Flag.DNC}),
    Disposition("not_available", "Somebody else answered; try again", _PERSON | {Flag.CALLBACK}),
    Disposition("hung_up", "Hung up before the talk began", _PERSON),
    Disposition("wrong_number", "Wrong number", _PERSON | {Flag.UNWORKABLE}),
    Disposition("language_barrier", "No common language", _PERSON | {Flag.UNWORKABLE}),
    Disposition("deceased", "Has died", _PERSON | {Flag.UNWORKABLE}),
    Disposition("answering_machine", "Answering machine", frozenset({Flag.MACHINE})),
    Disposition("fax_or_modem", "Fax or modem", frozenset({Flag.MACHINE, Flag.UNWORKABLE})),
    Disposition(MESSAGE_PLAYED, "Message played to its end", frozenset({Flag.COMPLETED})),
    Disposition(MESSAGE_CUT_SHORT, "Message not played to its end", frozenset()),
    Disposition(OPTED_OUT, "Opted out by key", _PERSON | {Flag.DNC}),
    Disposition(NOBODY_SPOKE, "Nobody spoke", frozenset()),
    Disposition(NO_DISPOSITION, "No disposition given", frozenset()),
)

STANDARD: Mapping[str, Disposition] = MappingProxyType({each.code: each for each in _STANDARD})
"""The standard set by code."""

BY_THE_DIALER = (MESSAGE_PLAYED, MESSAGE_CUT_SHORT, OPTED_OUT, NOBODY_SPOKE, NO_DISPOSITION)
"""Codes that no agent chooses; every campaign has them."""
