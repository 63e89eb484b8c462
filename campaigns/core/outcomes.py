"""How a call can end, in the dialer's names."""

OUTCOMES = (
    "human",
    "answered",
    "machine",
    "fax",
    "busy",
    "no_answer",
    "invalid_number",
    "disconnected",
    "network_failure",
    "congestion",
    "rejected",
    "blocked",
    "abandoned",
    "canceled",
    "lost",
    "unknown",
)
"""`answered`: by a person or a machine, of which nobody can tell; `lost`: the switch died; `unknown`: the
engine did."""

SKIPPED = "skipped"
"""What an agent did with a lead that was shown before the call; there was none, so it is no outcome."""

NO_SHOW = "no_show"
"""What became of an appointment to which nobody came; no outcome either."""
