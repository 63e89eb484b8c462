"""Writes the documents that are made from the code.

`python -m dialer.documents docs` writes them into the folder `docs`.
"""

import sys
from pathlib import Path

from dialer.access.document import permissions_document
from dialer.bus import asyncapi
from dialer.core import agent, call
from dialer.core.agent import AgentEvent, AgentState
from dialer.outcome_document import call_outcomes

_CALL_STATES = """# Call states

Generated from the table in `dialer/core/call.py` by `python -m dialer.documents docs`; edit the table, not
this file.

```mermaid
{diagram}```

## What may come late

The network repeats itself and arrives late. These events change nothing; any other that the diagram does not
show is refused, and changes nothing either.

| state | event |
|---|---|
{late}"""

_AGENT_STATES = """# Agent states

Generated from the table in `dialer/core/agent.py` by `python -m dialer.documents docs`; edit the table, not
this file. What managers need of it is in [agents.md](agents.md).

```mermaid
{diagram}```

From every state, {line_down} leads to {unavailable} and {log_out} to {logged_out}. Each change is stored with
its time: an agent's stretches follow each other without a gap, from log-in to log-out.

| state | what its time counts as |
|---|---|
{states}
## What changes nothing

| state | event |
|---|---|
{same}
Any other event is refused, and changes nothing either.
"""

_MEANINGS = {
    AgentState.UNAVAILABLE: "logged in, but the softphone is not (yet) on the line",
    AgentState.AVAILABLE: "waits for a call",
    AgentState.PREVIEW: "looks at a lead, to dial or to skip it",
    AgentState.RESERVED: "a customer is being connected, or rings whom the agent had dialed",
    AgentState.TALKING: "talks with a customer",
    AgentState.WRAP_UP: "says how the talk went, until the limit at most",
    AgentState.PAUSED: "takes no calls, for a reason of the client's list",
    AgentState.LOGGED_OUT: "no time: the shift is over",
}


def agent_states() -> str:
    """The states of an agent: the diagram, what each one counts as, and what changes nothing."""
    same = [(state, event) for (state, event), to in agent.TRANSITIONS.items() if to == state]
    return _AGENT_STATES.format(
        diagram=agent.diagram(),
        line_down=AgentEvent.LINE_DOWN,
        unavailable=AgentState.UNAVAILABLE,
        log_out=AgentEvent.LOG_OUT,
        logged_out=AgentState.LOGGED_OUT,
        states="".join(f"| {state} | {_MEANINGS[state]} |\n" for state in AgentState),
        same="".join(f"| {state} | {event} |\n" for state, event in same),
    )


def call_states() -> str:
    """The states of a call: the diagram, and a table of the events that may come late."""
    late = [(state, event) for state in call.CallState for event in call.CallEvent]
    rows = [f"| {state} | {event} |\n" for state, event in late if (state, event) in call.LATE]
    return _CALL_STATES.format(diagram=call.diagram(), late="".join(rows))


def documents() -> dict[str, str]:
    """The text of each document, by file name."""
    return {
        "agent-states.md": agent_states(),
        "call-states.md": call_states(),
        "call-outcomes.md": call_outcomes(),
        "asyncapi.json": asyncapi.text(),
        "permissions.md": permissions_document(),
    }


def write(folder: Path) -> None:
    """Writes each document into a folder, which is made where there is none. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m dialer.documents FOLDER")
    write(Path(sys.argv[1]))
