"""The states of a call, as one table.

The network repeats itself and arrives late: such events are entries of the table that lead back to the
state they find. What is not in the table cannot happen; it raises and changes nothing.
"""

from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands."""

    PLACED = "placed"
    RINGING = "ringing"
    ANSWERED = "answered"
    CONNECTED = "connected"
    ABANDONED = "abandoned"
    PLAYING = "playing"
    MACHINE = "machine"
    """A machine has answered, of a person or of the network: nobody is promised an agent."""
    ENDED = "ended"


class CallEvent(StrEnum):
    """What happens to a call."""

    RING = "ring"
    ANSWER = "answer"
    CONNECT = "connect"
    AGENT_LOST = "agent_lost"
    UNCLAIMED = "unclaimed"
    PLAY = "play"
    BY_MACHINE = "by_machine"
    TRANSFER = "transfer"
    END = "end"


class IllegalCallEvent(ValueError):
    """The event cannot happen in this state; the state is as it was."""

    def __init__(self, state: CallState, event: CallEvent) -> None:
        super().__init__(f"{event} cannot happen to a call that is {state}")
        self.state = state
        self.event = event


_S, _E = CallState, CallEvent

TRANSITIONS: dict[tuple[CallState, CallEvent], CallState] = {
    (_S.PLACED, _E.RING): _S.RINGING,
    (_S.PLACED, _E.ANSWER): _S.ANSWERED,
    (_S.PLACED, _E.END): _S.ENDED,
    (_S.RINGING, _E.ANSWER): _S.ANSWERED,
    (_S.RINGING, _E.END): _S.ENDED,
    (_S.ANSWERED, _E.CONNECT): _S.CONNECTED,
    (_S.ANSWERED, _E.UNCLAIMED): _S.ABANDONED,
    (_S.ANSWERED, _E.PLAY): _S.PLAYING,
    (_S.ANSWERED, _E.BY_MACHINE): _S.MACHINE,
    (_S.ANSWERED, _E.END): _S.ENDED,
    (_S.CONNECTED, _E.AGENT_LOST): _S.ANSWERED,
    (_S.CONNECTED, _E.BY_MACHINE): _S.MACHINE,
    (_S.CONNECTED, _E.END): _S.ENDED,
    (_S.ABANDONED, _E.BY_MACHINE): _S.MACHINE,
    (_S.ABANDONED, _E.END): _S.ENDED,
    (_S.PLAYING, _E.BY_MACHINE): _S.MACHINE,
    (_S.PLAYING, _E.TRANSFER): _S.ANSWERED,
    (_S.PLAYING, _E.END): _S.ENDED,
    (_S.MACHINE, _E.END): _S.ENDED,
}
"""What moves a call on."""

LATE: frozenset[tuple[CallState, CallEvent]] = frozenset(
    {
        (_S.RINGING, _E.RING),
        (_S.ANSWERED, _E.RING),
        (_S.ANSWERED, _E.ANSWER),
        (_S.ANSWERED, _E.AGENT_LOST),
        (_S.CONNECTED, _E.RING),
        (_S.CONNECTED, _E.ANSWER),
        (_S.CONNECTED, _E.CONNECT),
        (_S.ABANDONED, _E.RING),
        (_S.ABANDONED, _E.ANSWER),
        (_S.ABANDONED, _E.AGENT_LOST),
        (_S.ABANDONED, _E.UNCLAIMED),
        (_S.PLAYING, _E.RING),
        (_S.PLAYING, _E.ANSWER),
        (_S.PLAYING, _E.PLAY),
        *((_S.MACHINE, event) for event in CallEvent if event != CallEvent.END),
        *((_S.ENDED, event) for event in CallEvent),
    }
)
"""What may come late or again, and changes nothing."""


def after(state: CallState, event: CallEvent) -> CallState:
    """The state after the event. Raises IllegalCallEvent where the table does not know the pair."""
    if (state, event) in LATE:
        return state
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalCallEvent(state, event) from None


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {CallState.PLACED}"]
    lines += [f"    {state} --> {to}: {event}" for (state, event), to in TRANSITIONS.items()]
    lines.append(f"    {CallState.ENDED} --> [*]")
    return "\n".join(lines) + "\n"
