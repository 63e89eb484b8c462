"""Writes the documents that are made from the code.

`python -m dialer.documents docs` writes them into the folder `docs`.
"""

import sys
from pathlib import Path

from dialer.access.document import permissions_document
from dialer.bus import asyncapi
from dialer.core import call
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


def call_states() -> str:
    """The states of a call: the diagram, and a table of the events that may come late."""
    late = [(state, event) for state in call.CallState for event in call.CallEvent]
    rows = [f"| {state} | {event} |\n" for state, event in late if (state, event) in call.LATE]
    return _CALL_STATES.format(diagram=call.diagram(), late="".join(rows))


def documents() -> dict[str, str]:
    """The text of each document, by file name."""
    return {
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
