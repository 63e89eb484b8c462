"""The states of an agent on shift, as one table."""

from enum import StrEnum


class AgentState(StrEnum):
    """What an agent's time counts as."""

    UNAVAILABLE = "unavailable"
    """Logged in, but the softphone is not (yet) on the line."""
    AVAILABLE = "available"
    PREVIEW = "preview"
    """Looks at a lead, to dial or to skip it."""
    RESERVED = "reserved"
    """A customer is being connected, or rings whom the agent had dialed."""
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    LOGGED_OUT = "logged_out"


class AgentEvent(StrEnum):
    """What happens to an agent."""

    LINE_UP = "line_up"
    LINE_DOWN = "line_down"
    PREVIEW = "preview"
    DIAL = "dial"
    RESERVE = "reserve"
    CONNECT = "connect"
    RELEASE = "release"
    TALK_END = "talk_end"
    READY = "ready"
    PAUSE = "pause"
    LOG_OUT = "log_out"


class IllegalAgentEvent(ValueError):
    """The event cannot happen in this state; the state is as it was."""

    def __init__(self, state: AgentState, event: AgentEvent) -> None:
        super().__init__(f"{event} cannot happen to an agent who is {state}")


_S, _E = AgentState, AgentEvent

TRANSITIONS: dict[tuple[AgentState, AgentEvent], AgentState] = {
    (_S.UNAVAILABLE, _E.LINE_UP): _S.AVAILABLE,
    (_S.UNAVAILABLE, _E.PAUSE): _S.PAUSED,
    (_S.UNAVAILABLE, _E.LINE_DOWN): _S.UNAVAILABLE,
    (_S.UNAVAILABLE, _E.READY): _S.UNAVAILABLE,
    (_S.UNAVAILABLE, _E.TALK_END): _S.UNAVAILABLE,
    (_S.AVAILABLE, _E.RESERVE): _S.RESERVED,
    (_S.AVAILABLE, _E.CONNECT): _S.TALKING,
    (_S.AVAILABLE, _E.PREVIEW): _S.PREVIEW,
    (_S.AVAILABLE, _E.PAUSE): _S.PAUSED,
    (_S.AVAILABLE, _E.READY): _S.AVAILABLE,
    (_S.AVAILABLE, _E.LINE_UP): _S.AVAILABLE,
    (_S.PREVIEW, _E.PREVIEW): _S.PREVIEW,
    (_S.PREVIEW, _E.DIAL): _S.RESERVED,
    (_S.PREVIEW, _E.READY): _S.AVAILABLE,
    (_S.PREVIEW, _E.PAUSE): _S.PAUSED,
    (_S.RESERVED, _E.CONNECT): _S.TALKING,
    (_S.RESERVED, _E.RELEASE): _S.AVAILABLE,
    (_S.TALKING, _E.CONNECT): _S.TALKING,
    (_S.TALKING, _E.RELEASE): _S.AVAILABLE,
    (_S.TALKING, _E.TALK_END): _S.WRAP_UP,
    (_S.WRAP_UP, _E.READY): _S.AVAILABLE,
    (_S.WRAP_UP, _E.PAUSE): _S.PAUSED,
    (_S.WRAP_UP, _E.PREVIEW): _S.PREVIEW,
    (_S.PAUSED, _E.READY): _S.AVAILABLE,
    (_S.PAUSED, _E.PAUSE): _S.PAUSED,
    (_S.PAUSED, _E.LINE_UP): _S.PAUSED,
    (_S.PAUSED, _E.PREVIEW): _S.PREVIEW,
    **{
        (state, _E.LINE_DOWN): _S.UNAVAILABLE
        for state in (_S.AVAILABLE, _S.PREVIEW, _S.RESERVED, _S.TALKING, _S.WRAP_UP, _S.PAUSED)
    },
    **{(state, _E.LOG_OUT): _S.LOGGED_OUT for state in AgentState},
}


def after(state: AgentState, event: AgentEvent) -> AgentState:
    """The state after the event. Raises IllegalAgentEvent where the table does not know the pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalAgentEvent(state, event) from None


_ANYWHERE = (AgentEvent.LINE_DOWN, AgentEvent.LOG_OUT)
"""Events that lead from every state to one and the same."""


def diagram() -> str:
    """The table as a Mermaid state diagram; what every state has in common is told beside it."""
    lines = ["stateDiagram-v2", f"    [*] --> {AgentState.UNAVAILABLE}"]
    moves = {pair: to for pair, to in TRANSITIONS.items() if pair[1] not in _ANYWHERE and pair[0] != to}
    lines += [f"    {state} --> {to}: {event}" for (state, event), to in moves.items()]
    return "\n".join(lines) + "\n"
