"""What became of a call, told from how its SIP dialog went and ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dialer.core.sit import Sit
from dialer.core.tones import Tone


class Outcome(StrEnum):
    """The outcome of an attempt. Stored and shown by these names."""

    HUMAN = "human"
    ANSWERED = "answered"
    """A person or a machine heard a message; nobody can tell which. Some audio came from there."""
    MACHINE = "machine"
    FAX = "fax"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    INVALID_NUMBER = "invalid_number"
    DISCONNECTED = "disconnected"
    NETWORK_FAILURE = "network_failure"
    CONGESTION = "congestion"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    ABANDONED = "abandoned"
    CANCELED = "canceled"
    LOST = "lost"
    """The switch died with the call."""
    UNKNOWN = "unknown"
    """The engine died, and nothing tells what became of the call."""
    GAVE_UP = "gave_up"
    """Who has called us hung up before an agent was there."""
    TOLD = "told"
    """Who has called us heard that nobody is free."""
    ASKED_BACK = "asked_back"
    """Who has called us asked to be called back."""


@dataclass(frozen=True)
class CallEnd:
    """How a call that was placed ended.

    `status` is the final SIP status, 0 where none came; `timed_out`: given up by us after its ring
    time; `provisional`: a 180 or 183 came at some time; `heard_all`: a message was heard to its end.
    """

    status: int
    reason: str = ""
    by_far_end: bool = True
    timed_out: bool = False
    provisional: bool = False
    q850_cause: int | None = None
    reason_header: str = ""
    """What the far end's Reason headers say (RFC 3326)."""
    heard_all: bool = False
    heard: str = ""
    """The network's tone that was heard, as in `dialer.core.tones`."""
    no_audio: bool = False
    """It was answered, and not one packet of audio came, or none could be agreed on."""
    answered_late: bool = False
    """The answer crossed our giving up, and whoever answered was let go at once."""
    trunk: str = ""
    attestation: str = ""
    rerouted: tuple[str, ...] = ()
    """The trunks that failed it before anything rang."""


BY_TONE: Mapping[str, Outcome] = {
    Tone.BUSY: Outcome.BUSY,
    Tone.CONGESTION: Outcome.CONGESTION,
    Tone.FAX: Outcome.FAX,
    Sit.VACANT: Outcome.INVALID_NUMBER,
    Sit.INTERCEPT: Outcome.DISCONNECTED,
    Sit.REORDER: Outcome.CONGESTION,
    Sit.NO_CIRCUIT: Outcome.CONGESTION,
    Sit.OTHER: Outcome.NETWORK_FAILURE,
    Sit.PLAIN: Outcome.NETWORK_FAILURE,
}
"""What a tone says of the number and the network; it counts before any code."""

_VAGUE = (Sit.OTHER, Sit.PLAIN)
"""Tones that say no more than that the call has failed: a code of the far end says more."""

BY_CAUSE = {
    1: Outcome.INVALID_NUMBER,  # unallocated number
    2: Outcome.NETWORK_FAILURE,  # no route to the transit network
    3: Outcome.NETWORK_FAILURE,  # no route to the destination, which may be there tomorrow
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,  # no user responding
    19: Outcome.NO_ANSWER,  # alerting, but no answer
    20: Outcome.NO_ANSWER,  # subscriber absent: a mobile that is switched off
    21: Outcome.REJECTED,
    22: Outcome.DISCONNECTED,  # number changed
    27: Outcome.NETWORK_FAILURE,  # destination out of order
    28: Outcome.INVALID_NUMBER,  # invalid format, address incomplete
    34: Outcome.CONGESTION,  # no circuit available
    38: Outcome.NETWORK_FAILURE,  # network out of order
    41: Outcome.NETWORK_FAILURE,  # temporary failure
    42: Outcome.CONGESTION,  # switching equipment congestion
    44: Outcome.CONGESTION,  # requested circuit not available
    47: Outcome.CONGESTION,  # resource unavailable
    102: Outcome.NETWORK_FAILURE,  # recovery on timer expiry
}
"""ITU-T Q.850's causes that say more than the SIP status that a gateway made of them (RFC 3398, 7.2.4.1)."""

_NOT_OF_A_GATEWAY = frozenset({408, 487, 600, 607, 608})
"""Statuses that say more than any cause beside them."""

_BY_STATUS = {
    404: Outcome.INVALID_NUMBER,
    410: Outcome.DISCONNECTED,
    480: Outcome.NO_ANSWER,
    484: Outcome.INVALID_NUMBER,
    486: Outcome.BUSY,
    487: Outcome.CANCELED,
    503: Outcome.CONGESTION,
    600: Outcome.BUSY,
    603: Outcome.REJECTED,
    604: Outcome.INVALID_NUMBER,
    607: Outcome.REJECTED,
    608: Outcome.BLOCKED,
}


def outcome_of_unanswered(end: CallEnd) -> Outcome:
    """The outcome of a call that was never answered.

    Follows RFC 3261 section 21, and RFC 8197 and RFC 8688 for 607 and 608. What a network blocks is so
    whatever was heard before (`is_network_block`); any other 603 is the person's refusal. An answer without
    audio that can be used is none. A 408 means that nobody picked up where the phone rang, and that nothing
    answered at all where it did not. A Q.850 cause of the telephone network behind a gateway counts before
    the gateway's status, and the network's tones before both.
    """
    if end.by_far_end and is_network_block(end.status, end.reason, end.reason_header):
        return Outcome.BLOCKED
    if end.heard in BY_TONE and not (end.heard in _VAGUE and end.by_far_end):
        return BY_TONE[end.heard]
    if end.no_audio:
        return Outcome.NETWORK_FAILURE
    if end.timed_out:
        return Outcome.NO_ANSWER if end.provisional else Outcome.NETWORK_FAILURE
    if not end.by_far_end and end.status in (200, 487):
        return Outcome.CANCELED
    if not end.by_far_end and 500 <= end.status < 600:
        return Outcome.NETWORK_FAILURE
    if end.status == 408:
        return Outcome.NO_ANSWER if end.provisional else Outcome.NETWORK_FAILURE
    if end.by_far_end and end.status not in _NOT_OF_A_GATEWAY and end.q850_cause in BY_CAUSE:
        return BY_CAUSE[end.q850_cause]
    return _BY_STATUS.get(end.status, Outcome.NETWORK_FAILURE)


def is_network_block(status: int, reason: str, reason_header: str) -> bool:
    """Whether a refusal is a network's, and no person's: 608 (RFC 8688), a 603 that says Network Blocked,
    in its phrase or its Reason header, or any refusal with the Reason of a carrier's analytics
    (ATIS-1000099).
    """
    if status == 603 and "network blocked" in f"{reason} {reason_header}".lower():
        return True
    refused = 400 <= status < 500 or 600 <= status < 700
    return status == 608 or (refused and "v=analytics" in reason_header.lower())


def outcome_of_tone(heard: str) -> Outcome | None:
    """The outcome of an answered call that began with one of the network's tones: nobody was there."""
    return BY_TONE.get(heard)


def outcome_of_answered(*, had_agent: bool, no_audio: bool = False) -> Outcome:
    """The outcome of an answered call. `had_agent`: one talked, or was just being connected.

    One without any audio met nobody, whether or not an agent was there; without one it counts as abandoned
    all the same, since a person may have listened.

    16 CFR 310.4(b)(4) counts a call as abandoned where no agent is there within two seconds. Someone who
    hangs up sooner, and whom no agent was free for, has met silence all the same and counts as abandoned
    here, an error on the side of the person; someone who hangs up on the agent does not.
    """
    if not had_agent:
        return Outcome.ABANDONED
    return Outcome.NETWORK_FAILURE if no_audio else Outcome.HUMAN
