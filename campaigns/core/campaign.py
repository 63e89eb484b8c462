"""A campaign's settings and states."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from campaigns.core.agent_work import ANY, AVAILABLE, LONGEST_WAITING, check_agent_work
from campaigns.core.callback import Timing
from campaigns.core.calling_window import CallableTimes
from campaigns.core.detection import REVIEW_SHARE, check_detection
from campaigns.core.disposition import NO_DISPOSITION
from campaigns.core.disposition_set import STANDARD_SET, DispositionSet, check_dispositions
from campaigns.core.inbound import check_inbound
from campaigns.core.menu import Menu
from campaigns.core.prompt import is_prompt_name
from campaigns.core.questionnaire import Questionnaire, read_script
from campaigns.core.questionnaire_menu import menu_of
from campaigns.core.quotas import Quota, parse_quotas
from campaigns.core.retry import RetryRules
from campaigns.core.screen_pop_url import ScreenPopUrl
from campaigns.core.selection import LEAD_ORDERS
from campaigns.core.sequence import MessageSequence, check_sequence
from campaigns.core.setting_checks import among, one_line, sound, whole, within
from campaigns.core.tiers import Tier, parse_tiers
from campaigns.errors import CampaignStateError, InvalidSettingsError

KINDS = ("sales", "survey", "appointment", "collections")
DIAL_MODES = ("preview", "progressive", "power", "predictive", "agentless")
AGENTLESS = "agentless"
"""The mode that plays a message to whoever answers; its calls are offered to no agent."""
PREVIEW_THEN = ("dial", "skip")
CALLER_ID_RULES = ("rotate", "local")
"""rotate: the number with the fewest calls today. local: the nearest to the callee, then as rotate."""
NEVER, ALWAYS, ON_DEMAND = "never", "always", "on_demand"
RECORDING = (NEVER, ALWAYS, ON_DEMAND)
ASK, ASK_ALL, ANNOUNCED = "ask", "ask_all", "announced"
RECORDING_CONSENT = (ASK, ASK_ALL, ANNOUNCED)
"""Ask where the law at the callee's wants it; ask everybody, as where the call centre's own law wants it; or
tell everybody at once, as a part of what agents say."""
SURVEY_SETTINGS = ("script", "quotas")
"""What may change of a questionnaire while a campaign runs: all."""
STATES = ("draft", "running", "paused", "stopped")

CHANGES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("draft", "start"): "running",
        ("draft", "stop"): "stopped",
        ("running", "start"): "running",
        ("running", "pause"): "paused",
        ("running", "stop"): "stopped",
        ("paused", "start"): "running",
        ("paused", "pause"): "paused",
        ("paused", "stop"): "stopped",
        ("stopped", "stop"): "stopped",
    }
)
"""What each action makes of a campaign's state; a pair that is not here is refused. Stopped is for good."""

LEAST_RING_S = 15.0
"""A call rings at least this long before it may be given up: 16 CFR 310.4(b)(4)(ii), Ofcom."""
SHORTEST_PREVIEW_S = 3.0
"""Nobody reads a name and a number faster."""
HIGHEST_ABANDON_RATE = 0.05
"""No rule known to us allows more (Canada's 5 % is the highest)."""

HIGHEST_WEIGHT = 1000
"""Of a list in the mix, or of a campaign; weights of 1 to 1000 make any share."""

_FASTEST = 200
LONGEST_GAP_S = 60 * 24 * 3600.0
"""Between two attempts to one person."""
MOST_ATTEMPTS_A_DAY = 100
LONGEST_KEPT_DAYS = 3650
"""Of a recording."""

_MAY_BE_MISSING = ("menu", "script", "sequence")
"""Documents that a campaign need not have."""

_DEFAULT_TIMES = {
    **{day: [["09:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "sat": [["10:00", "17:00"]],
}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Progress:
    """How many leads are where: `due` are ready now, `waiting` later; `next_due_at` is the first of both.

    A lead that stands ready in a closed zone is waiting, and due when the zone opens.
    """

    due: int
    waiting: int
    claimed: int
    calling: int
    final: int
    next_due_at: datetime | None


def change_state(state: str, action: str) -> str:
    """The state that `action` (start, pause or stop) leads to. Raises CampaignStateError if it is refused."""
    after = CHANGES.get((state, action))
    if after is None:
        hint = "make a new one" if state == "stopped" else "start it first"
        raise CampaignStateError(f"A campaign that is {state} cannot {action}; {hint}.")
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSettings:
    """How a campaign dials; seconds in `_s`, shares of 1 in `_rate`. Raises InvalidSettingsError."""

    caller_id: str = ""
    """The number that people see, E.164; a call without one is lawful hardly anywhere."""
    caller_id_group: str = ""
    """In its place: a group of the client's caller IDs, by name."""
    caller_id_rule: str = "rotate"
    """How a number of the group is chosen: one of CALLER_ID_RULES."""
    kind: str = "sales"
    dial_mode: str = "progressive"
    lines_per_agent: float = 1.0
    """Lines for each agent who is free or talks, in power mode."""
    max_lines: int = 30
    max_calls_per_second: float = 50.0
    """Calls placed by one node; fewer than 1 means one call in so many seconds."""
    max_lines_per_agent: float | None = None
    """A limit for each agent at work, in every mode with agents; None for none."""
    weight: int = 1
    """Its share of a node's lines, relative to the other campaigns', where there are too few for all."""
    ring_timeout_s: float = 25.0
    wrap_up_limit_s: float = 60.0
    wrap_up_extension_s: float = 0.0
    """By how much an agent may extend a wrap-up, once; 0 for not at all."""
    after_wrap_up: str = AVAILABLE
    """What an agent is whose wrap-up has reached its limit: available or paused."""
    dispositions: DispositionSet = STANDARD_SET
    """What a call may come to, and what follows from it."""
    default_disposition: str = NO_DISPOSITION
    """What is said of a talk of which its agent says nothing until then."""
    correction_limit_s: float = 86400.0
    """How long agents may correct what they have said of a call; supervisors always may."""
    currency: str = ""
    """Of its sales, ISO 4217; empty where nothing is sold."""
    routing: str = LONGEST_WAITING
    """Whose turn it is among the free agents: one of agent_work.ROUTINGS."""
    skills: tuple[str, ...] = ()
    """What an agent needs to be able to work for it: all of them."""
    language_routing: str = ANY
    """Whether the lead's language counts: any, prefer or require."""
    language_wait_s: float = 0.0
    """With prefer: how long a caller waits for an agent who speaks it before anyone free takes the call."""
    tiers: tuple[Tier, ...] = ()
    """The levels of agents to whom calls are handed up."""
    manual_list: str = ""
    """The list, one that it dials, into which numbers come that agents call and nobody has; empty: none."""
    abandon_rate_target: float = 0.03
    max_attempts_per_lead: int = 5
    lead_order: str = "priority"
    """One of selection.LEAD_ORDERS."""
    preview_limit_s: float | None = None
    """How long an agent may look at a lead in preview mode; None for as long as they want."""
    preview_then: str = "dial"
    """What happens to the lead then: dial or skip."""
    callable_times: CallableTimes = field(default_factory=lambda: CallableTimes.parse(_DEFAULT_TIMES))
    retry_rules: RetryRules = field(default_factory=lambda: RetryRules.parse({}))
    subject: str = ""
    """What the calls are about; attempts on one subject count together. Empty: on the same as all others."""
    debt_field: str = ""
    """The leads' custom field that names the debt, in collections."""
    most_attempts_a_day: int | None = None
    """To one lead, on the callee's own days; None for no cap but the laws'."""
    least_gap_s: float = 0.0
    """Between two attempts to one person."""
    message: str = ""
    """What an agentless campaign plays: a prompt's name, or the path of a WAV file where the service runs."""
    menu: Menu | None = None
    """What it plays and asks instead."""
    script: Questionnaire | None = None
    """What agents read out and ask; in an agentless campaign, what is asked by key, in place of a menu."""
    quotas: tuple[Quota, ...] = ()
    """How many completed questionnaires of each kind are wanted."""
    sequence: MessageSequence | None = None
    """The messages before and after its calls."""
    opt_out_key: str = "9"
    """The digit that asks not to be called again, pressed while a message plays; there is always one."""
    recording: str = NEVER
    """Whether conversations are recorded: never, always, or on_demand, when the agent asks for it."""
    recording_consent: str = ASK
    """How people learn of it: ask (where the law at theirs wants their consent), ask_all, or announced."""
    recording_days: int = 90
    """How long recordings are kept."""
    amd_mode: str = "off"
    """Answering-machine detection: off, flag (a machine is told of, and the call goes on), or act."""
    amd_action: str = "hang_up"
    """What becomes of a machine's call: hang_up, message (after the beep), or agent."""
    amd_optimistic: bool = True
    """Whether the agent is connected at once and the verdict comes later, so that nobody waits for it."""
    voicemail_message: str = ""
    """What a machine is left: the path of a WAV file where the service runs, from the root on."""
    amd_review_share: float = REVIEW_SHARE
    """Of the verdicts, the share that an agent checks; of an agentless campaign's none is."""
    callback_remind_s: float = 300.0
    """How long before its time an agent is reminded of a callback."""
    callback_miss_s: float = 900.0
    """How long after its time a callback counts as missed, so that anyone may make it."""
    callback_give_up_s: float = 604800.0
    """How long after its time a missed callback is given up."""
    inbound: str = "off"
    """Whether people who call its caller IDs reach its agents: off or on."""
    inbound_wait_s: float = 120.0
    """How long they wait for one."""
    inbound_music: str = ""
    """The prompt that they hear meanwhile, again and again; empty: ringing."""
    inbound_message: str = ""
    """The prompt that tells them that nobody is free; empty: the service's own message."""
    inbound_callback_key: str = ""
    """The digit that asks for a callback in place of waiting; empty for none."""
    inbound_callback_message: str = ""
    """The prompt that says that they will be called back; empty: the service's own."""
    inbound_list: str = "callers"
    """The list that whoever is nobody's lead becomes a lead of, made where it is missing; empty: they are
    refused."""
    screen_pop_url: str = ""
    """The template of what an agent's screen opens with a call; see screen_pop_url. Empty for nothing."""

    calendar: str = ""
    """The client's calendar in which its agents book appointments, by name; empty: they book none."""

    def __post_init__(self) -> None:
        among("kind", self.kind, KINDS)
        among("dial_mode", self.dial_mode, DIAL_MODES)
        self._check_caller_id()
        within("lines_per_agent", self.lines_per_agent, 1, 10)
        whole("max_lines", self.max_lines, 1, 2000)
        within("max_calls_per_second", self.max_calls_per_second, 0.01, _FASTEST)
        if self.max_lines_per_agent is not None:
            within("max_lines_per_agent", self.max_lines_per_agent, 1, 20)
        whole("weight", self.weight, 1, HIGHEST_WEIGHT)
        within("ring_timeout_s", self.ring_timeout_s, LEAST_RING_S, 120)
        within("wrap_up_limit_s", self.wrap_up_limit_s, 1, 3600)
        check_agent_work(self)
        check_dispositions(self)
        check_sequence(self)
        within("abandon_rate_target", self.abandon_rate_target, 0, HIGHEST_ABANDON_RATE)
        whole("max_attempts_per_lead", self.max_attempts_per_lead, 1, 100)
        among("lead_order", self.lead_order, LEAD_ORDERS)
        if self.preview_limit_s is not None:
            within("preview_limit_s", self.preview_limit_s, SHORTEST_PREVIEW_S, 3600)
        among("preview_then", self.preview_then, PREVIEW_THEN)
        one_line("subject", self.subject)
        one_line("debt_field", self.debt_field)
        if self.most_attempts_a_day is not None:
            whole("most_attempts_a_day", self.most_attempts_a_day, 1, MOST_ATTEMPTS_A_DAY)
        within("least_gap_s", self.least_gap_s, 0, LONGEST_GAP_S)
        self._check_message()
        among("recording", self.recording, RECORDING)
        among("recording_consent", self.recording_consent, RECORDING_CONSENT)
        whole("recording_days", self.recording_days, 1, LONGEST_KEPT_DAYS)
        if not self.takes_agents and self.recording != NEVER:
            raise InvalidSettingsError(
                "recording is for talks with agents, and this campaign has none; leave it out."
            )
        check_detection(self)
        within("callback_remind_s", self.callback_remind_s, 0, 24 * 3600)
        within("callback_miss_s", self.callback_miss_s, 60, 24 * 3600)
        within("callback_give_up_s", self.callback_give_up_s, self.callback_miss_s, LONGEST_GAP_S)
        check_inbound(self)
        one_line("calendar", self.calendar)
        if self.calendar and not self.takes_agents:
            raise InvalidSettingsError("calendar is for campaigns with agents, who book in it; leave it out.")
        if self.screen_pop_url != "":
            ScreenPopUrl.parse(self.screen_pop_url)

    @property
    def callback_timing(self) -> Timing:
        """When callbacks are reminded of, missed and given up."""
        return Timing(self.callback_remind_s, self.callback_miss_s, self.callback_give_up_s)

    def _check_caller_id(self) -> None:
        """Whether the client has the number or the group is for `campaigns.caller_ids` to look at."""
        one_line("caller_id_group", self.caller_id_group)
        among("caller_id_rule", self.caller_id_rule, CALLER_ID_RULES)
        if self.caller_id_group:
            if self.caller_id:
                raise InvalidSettingsError(
                    "A campaign has a caller_id or a caller_id_group; give one of them."
                )
        elif not isinstance(self.caller_id, str) or not _E164.fullmatch(self.caller_id):
            raise InvalidSettingsError("caller_id is the number that people see, in E.164: +12025550123.")

    @property
    def prompts(self) -> frozenset[str]:
        """The names of the client's prompts that it plays."""
        own = {each for each in (self.message, self.voicemail_message) if is_prompt_name(each)}
        callers = {self.inbound_music, self.inbound_message, self.inbound_callback_message} - {""}
        own |= callers if self.inbound == "on" else set()
        own |= self.menu.prompts if self.menu is not None else frozenset()
        own |= self.script.prompts if self.script is not None and self.agentless else frozenset()
        return frozenset(own)

    @property
    def agentless(self) -> bool:
        """Whether it plays something to whoever answers, in place of an agent."""
        return self.dial_mode == AGENTLESS

    @property
    def takes_agents(self) -> bool:
        """Whether agents may work for it."""
        return not self.agentless or (self.menu is not None and self.menu.transfers)

    def _check_message(self) -> None:
        """Whether a file can be played is for `campaigns.sound_file` to look at."""
        if not isinstance(self.opt_out_key, str) or not _DIGIT.fullmatch(self.opt_out_key):
            raise InvalidSettingsError('opt_out_key is one digit in quotes, "9"; it cannot be switched off.')
        message = self.message
        sound("message", message)
        if self.agentless and not message and self.menu is None and self.script is None:
            raise InvalidSettingsError(
                "An agentless campaign plays a message to whoever answers: set message to a prompt's name or "
                "to a WAV file's path, or give it a menu or a script."
            )
        if not self.agentless and (message or self.menu is not None):
            raise InvalidSettingsError(
                "message and menu are for agentless campaigns; leave them out, or set dial_mode to agentless."
            )
        if message and self.menu is not None:
            raise InvalidSettingsError(
                "A campaign has a message or a menu; a menu's first step may say more."
            )
        if self.menu is not None:
            self.menu.check_key(self.opt_out_key)
        self._check_script()

    def _check_script(self) -> None:
        parse_quotas(self.quotas, self.script)
        if self.agentless and self.script is not None:
            if self.message or self.menu is not None:
                raise InvalidSettingsError(
                    "An agentless campaign asks its script by key; it has no message and no menu beside it."
                )
            menu_of(self.script, self.opt_out_key)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Settings from JSON values by field name; defaults for the rest. Raises InvalidSettingsError."""
        known = {each.name for each in fields(cls)}
        unknown = sorted(str(name)[:40] for name in values if name not in known)
        if unknown:
            raise InvalidSettingsError(f"{unknown[0]!r} is not a setting; use {', '.join(sorted(known))}.")
        if "caller_id" not in values and not values.get("caller_id_group"):
            raise InvalidSettingsError(
                "caller_id is missing: the number that people see, in E.164; or caller_id_group."
            )
        said = DispositionSet.parse(values.get("dispositions", {}))
        read = {name: _read(name, value, said) for name, value in values.items()}
        if "quotas" in read:
            read["quotas"] = parse_quotas(values["quotas"], read.get("script"))
        return cls(**read)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads, with every field; these are the columns of the table, too."""
        return {each.name: _written(getattr(self, each.name)) for each in fields(self)}


DOCUMENTS: Mapping[str, Callable[[Any, DispositionSet], Any]] = MappingProxyType(
    {
        "dispositions": lambda _, said: said,
        "callable_times": lambda value, _: CallableTimes.parse(value),
        "retry_rules": RetryRules.parse,
        "tiers": lambda value, _: parse_tiers(value),
        "menu": Menu.parse,
        "script": lambda value, _: read_script(value),
        "sequence": MessageSequence.parse,
    }
)
"""The settings that are documents, each with what reads it, knowing the campaign's dispositions; their values
have a `to_json`."""


def _read(name: str, value: Any, said: DispositionSet) -> Any:
    if name in DOCUMENTS and (value is not None or name not in _MAY_BE_MISSING):
        return DOCUMENTS[name](value, said)
    return tuple(value) if isinstance(value, list) else value


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    return value.to_json() if hasattr(value, "to_json") else value


def check_weight(weight: object) -> None:
    """Whether it is a list's weight in the mix. Raises InvalidSettingsError."""
    whole("weight", weight, 0, HIGHEST_WEIGHT)
