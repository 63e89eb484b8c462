"""How many calls to place now.

A pacer is fed events and asked for a number; it reads no clock. Times are seconds as floats on one
clock. Callers ask after events and at `next_wakeup`, at most four times a second.
"""

from collections.abc import Hashable, Sequence
from typing import Protocol

from dialer.core.agentless import AgentlessPacer
from dialer.core.pacing_events import PacingEvent
from dialer.core.pacing_settings import DialMode, PacingSettings, PacingState
from dialer.core.predictive import PredictivePacer
from dialer.core.preview_pacer import PreviewPacer
from dialer.core.ratio import RatioPacer


class Pacer(Protocol):
    """Decides how many calls to place."""

    def observe(self, event: PacingEvent) -> None:
        """Takes note of what happened.

        An agent is known from the first event that names them, a call from CallPlaced or CallConnected;
        other events of calls that it never heard of are ignored.
        """

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """How many calls to place now; in preview mode, how many leads to show.

        `upcoming`: chances of an answer of the next leads, in order.
        """

    def next_wakeup(self, now: float) -> float | None:
        """When to ask again although nothing happened, or None."""

    def explain(self, now: float) -> PacingState:
        """What it believes and why it decided as it did."""


def surplus_calls(pacer: Pacer, now: float) -> list[Hashable]:
    """The calls that a pacer would give up now, as far as the law lets them go; to be asked after it said how
    many to place. Only predictive dialing places calls that nobody may be free for.
    """
    return pacer.surplus(now) if isinstance(pacer, PredictivePacer) else []


class UnsupportedDialMode(ValueError):
    """This version has no pacer for the mode."""

    code = "unsupported-dial-mode"


def make_pacer(mode: DialMode, settings: PacingSettings) -> Pacer:
    """The pacer of a dial mode. Raises UnsupportedDialMode."""
    match mode:
        case "preview":
            return PreviewPacer(settings)
        case "progressive" | "power":
            return RatioPacer(mode, settings)
        case "predictive":
            return PredictivePacer(settings)
        case "agentless":
            return AgentlessPacer(settings)
    raise UnsupportedDialMode(
        f"There is no dial mode {mode}; use preview, progressive, power, predictive or agentless."
    )
