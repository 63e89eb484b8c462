"""People who call the number that they have seen: what a campaign does with their calls, and its figures."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.core.calling_window import CallableTimes
from campaigns.core.prompt import is_prompt_name
from campaigns.core.setting_checks import among, one_line, within
from campaigns.errors import InvalidSettingsError

INBOUND = ("off", "on")
INBOUND_SETTINGS = (
    "inbound",
    "inbound_wait_s",
    "inbound_music",
    "inbound_message",
    "inbound_callback_key",
    "inbound_callback_message",
    "inbound_list",
)
"""What may change of them while a campaign runs: all."""
_DIGIT = re.compile(r"[0-9]")

TALKED, GAVE_UP, TOLD, ASKED_BACK = "human", "gave_up", "told", "asked_back"
"""What becomes of such a call: an agent takes it, the person hangs up while waiting, hears the message, or
asks to be called back."""

NO_AGENT = (GAVE_UP, TOLD, ASKED_BACK)
"""The outcomes that only calls of people to us have; the lead is where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSettings:
    """What a campaign wants of calls to its caller IDs, as it is stored; see `campaigns.core.campaign`."""

    inbound: str = "off"
    inbound_wait_s: float = 120.0
    inbound_music: str = ""
    inbound_message: str = ""
    inbound_callback_key: str = ""
    inbound_callback_message: str = ""

    @property
    def takes_callers(self) -> bool:
        """Whether they reach its agents."""
        return self.inbound == "on"

    @property
    def prompts(self) -> frozenset[str]:
        """The names of the prompts that people hear who call."""
        own = {self.inbound_music, self.inbound_message, self.inbound_callback_message} - {""}
        return frozenset(own) if self.takes_callers else frozenset()


NOBODY_CALLS = InboundSettings()
"""Of a campaign that takes no calls."""


@dataclass(frozen=True, slots=True)
class InboundGroup:
    """Calls with one outcome (empty: they go on), and how long they waited: together, and the longest."""

    outcome: str
    count: int
    waited_s: float
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundFigures:
    """Calls of people to a campaign. Each that is over is in one of the counts beside `offered`.

    Waits are from the ring to the agent, or to the message or the end where there was none; of calls that
    are over.
    """

    offered: int
    answered: int
    """By an agent."""
    gave_up: int
    told: int
    """That nobody was free."""
    asked_back: int
    """They asked to be called back."""
    lost: int
    """The service failed them."""
    mean_wait_s: float | None
    longest_wait_s: float | None


def inbound_figures(groups: Iterable[InboundGroup]) -> InboundFigures:
    """The figures of a campaign."""
    over = {group.outcome: group for group in groups}
    going_on = over.pop("", None)
    calls = sum(group.count for group in over.values())
    counts = {outcome: group.count for outcome, group in over.items()}
    known = (TALKED, GAVE_UP, TOLD, ASKED_BACK)
    answered, gave_up, told, asked_back = (counts.get(outcome, 0) for outcome in known)
    return InboundFigures(
        offered=calls + (going_on.count if going_on else 0),
        answered=answered,
        gave_up=gave_up,
        told=told,
        asked_back=asked_back,
        lost=calls - answered - gave_up - told - asked_back,
        mean_wait_s=sum(group.waited_s for group in over.values()) / calls if calls else None,
        longest_wait_s=max((group.longest_s for group in over.values()), default=None),
    )


def is_open(times: CallableTimes, zones: Collection[str], now: datetime) -> bool:
    """Whether a campaign takes calls at an hour: where it might be an hour of its own at the caller's.

    It is no law's hour, so that somebody of whom nobody knows where they are is served at any.
    """
    return not zones or any(times.is_open([zone], now) for zone in zones)


def check_inbound(settings: Any) -> None:
    """What a campaign does with calls to its caller IDs. Raises InvalidSettingsError."""
    among("inbound", settings.inbound, INBOUND)
    within("inbound_wait_s", settings.inbound_wait_s, 5, 3600)
    one_line("inbound_list", settings.inbound_list)
    key = settings.inbound_callback_key
    if not isinstance(key, str) or (key and not _DIGIT.fullmatch(key)):
        raise InvalidSettingsError('inbound_callback_key is one digit in quotes, "1", or empty for none.')
    for name in ("inbound_music", "inbound_message", "inbound_callback_message"):
        prompt = getattr(settings, name)
        if not isinstance(prompt, str) or (prompt and not is_prompt_name(prompt)):
            raise InvalidSettingsError(f"{name} is the name of a prompt, as in callers-wait, or empty.")
    if settings.inbound == "on" and not settings.takes_agents:
        raise InvalidSettingsError("inbound is for campaigns with agents, who take the calls; leave it off.")
