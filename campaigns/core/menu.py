"""A menu: what an agentless campaign's calls play and ask, and where each key leads. Checked before any call.

Read from TOML or JSON. A menu has a `start` and `steps` by name. What a step does is in `do`:

- say: plays `prompt`, then goes to `next`
- ask: plays `prompt` and waits `timeout_s` for a key of `keys` (key to step); plays again up to `retries`
  times, then goes to `no_input` or `no_match`. With `question`, the key is kept as its answer
- transfer: an agent of the campaign takes the call; where none is free `within_s`, it goes to `no_agent`
- opt_out: the person is not called again; the call ends
- hang_up: the call ends, with a `disposition` where one is given

The last three play `prompt` first, if they have one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from campaigns.core.disposition import Flag
from campaigns.core.disposition_set import STANDARD_SET, DispositionSet
from campaigns.core.prompt import is_prompt_name
from campaigns.errors import InvalidMenuError, UnknownDispositionError

KEYS = frozenset("0123456789*#")
DOES = ("say", "ask", "transfer", "opt_out", "hang_up")

_FIELDS: Mapping[str, frozenset[str]] = {
    "say": frozenset({"prompt", "next"}),
    "ask": frozenset({"prompt", "keys", "question", "timeout_s", "retries", "no_input", "no_match"}),
    "transfer": frozenset({"prompt", "within_s", "no_agent"}),
    "opt_out": frozenset({"prompt"}),
    "hang_up": frozenset({"prompt", "disposition"}),
}
_WITHOUT_A_KEY = ("next", "no_input", "no_match", "no_agent")
"""Where a step leads when nobody presses anything."""
_MOST_STEPS = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; empty where what it does has no such thing."""

    do: str
    prompt: str = ""
    next: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    question: str = ""
    timeout_s: float = 5.0
    """From the prompt's end."""
    retries: int = 1
    no_input: str = ""
    no_match: str = ""
    within_s: float = 20.0
    no_agent: str = ""
    disposition: str = ""

    @property
    def without_a_key(self) -> tuple[str, ...]:
        """The steps it leads to by itself."""
        return tuple(to for name in _WITHOUT_A_KEY if (to := getattr(self, name)))

    @property
    def leads_to(self) -> tuple[str, ...]:
        """Every step that may follow."""
        return (*self.without_a_key, *self.keys.values())

    def to_json(self) -> dict[str, Any]:
        """The form that `Menu.parse` reads."""
        values = {name: getattr(self, name) for name in sorted(_FIELDS[self.do]) if getattr(self, name) != ""}
        return {"do": self.do} | values


@dataclass(frozen=True, slots=True)
class Menu:
    """Steps by name. Raises InvalidMenuError, which names the step and says what is wrong."""

    start: str
    steps: Mapping[str, Step]

    def __post_init__(self) -> None:
        if self.start not in self.steps:
            raise InvalidMenuError("start names the step that the call begins with.")
        for name, step in self.steps.items():
            for to in step.leads_to:
                if to not in self.steps:
                    raise InvalidMenuError(f"Step {name} leads to {to[:40]!r}, which is no step.")
        if unreachable := sorted(self.steps.keys() - self._reachable()):
            raise InvalidMenuError(f"No step leads to {unreachable[0]}; take it out, or lead to it.")
        self._check_ends()

    @property
    def prompts(self) -> frozenset[str]:
        """The names of all that it plays."""
        return frozenset(step.prompt for step in self.steps.values()) - {""}

    @property
    def questions(self) -> tuple[str, ...]:
        """In the order of the steps."""
        return tuple(dict.fromkeys(step.question for step in self.steps.values() if step.question))

    @property
    def transfers(self) -> bool:
        """Whether agents may get its calls."""
        return any(step.do == "transfer" for step in self.steps.values())

    def check_key(self, opt_out_key: str) -> None:
        """The key that opts out does nothing else, at any step. Raises InvalidMenuError."""
        for name, step in self.steps.items():
            if opt_out_key in step.keys:
                raise InvalidMenuError(
                    f"Step {name} has a branch for {opt_out_key}, the key that opts out; take another key, "
                    "or set another opt_out_key."
                )

    @classmethod
    def parse(cls, document: object, dispositions: DispositionSet = STANDARD_SET) -> Self:
        """A menu from its document, for a campaign with these dispositions. Raises InvalidMenuError."""
        if not isinstance(document, Mapping) or not isinstance(document.get("steps"), Mapping):
            raise InvalidMenuError("A menu has a start and steps by name.")
        if unknown := sorted(str(each)[:40] for each in document.keys() - {"start", "steps"}):
            raise InvalidMenuError(f"{unknown[0]!r} is not a part of a menu; it has start and steps.")
        steps = document["steps"]
        if not 0 < len(steps) <= _MOST_STEPS:
            raise InvalidMenuError(f"A menu has 1 to {_MOST_STEPS} steps.")
        named = {str(name): _step(str(name), steps[name], dispositions) for name in steps}
        return cls(str(document.get("start", "")), named)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads."""
        return {"start": self.start, "steps": {name: step.to_json() for name, step in self.steps.items()}}

    def _reachable(self) -> set[str]:
        found, ahead = {self.start}, [self.start]
        while ahead:
            new = set(self.steps[ahead.pop()].leads_to) - found
            found |= new
            ahead += new
        return found

    def _check_ends(self) -> None:
        """Whoever presses nothing comes to an end: no circle is closed without a key."""
        left = {name: set(step.without_a_key) for name, step in self.steps.items()}
        while ending := {name for name, to in left.items() if not to & left.keys()}:
            left = {name: to for name, to in left.items() if name not in ending}
        if not left:
            return
        name, seen = min(left), set[str]()
        while name not in seen:
            seen.add(name)
            name = min(left[name] & left.keys())
        raise InvalidMenuError(f"Who presses nothing comes from {name} back to it for ever; let it end.")


def _step(name: str, given: object, dispositions: DispositionSet) -> Step:
    if not _NAME.fullmatch(name):
        raise InvalidMenuError(f"{name[:40]!r} is not a step's name: 1 to 40 small letters, digits, - and _.")
    if not isinstance(given, Mapping) or given.get("do") not in DOES:
        raise InvalidMenuError(f"Step {name}: do is one of {', '.join(DOES)}.")
    do = str(given["do"])
    if unknown := sorted(str(each)[:40] for each in given.keys() - _FIELDS[do] - {"do"}):
        raise InvalidMenuError(f"Step {name}: {unknown[0]!r} is nothing that {do} has.")
    values = {key: given[key] for key in given.keys() & _FIELDS[do]}
    for key in values.keys() - {"keys", "timeout_s", "retries", "within_s"}:
        if not isinstance(values[key], str):
            raise InvalidMenuError(f"Step {name}: {key} is a text.")
    if do == "ask":
        values["keys"] = _keys(name, values.get("keys"))
        values.setdefault("no_match", values.get("no_input", ""))
    if said := values.get("disposition"):
        values["disposition"] = _disposition(name, said, dispositions)
    step = Step(do=do, **values)
    _check(name, step)
    return step


def _keys(name: str, given: object) -> dict[str, str]:
    if not isinstance(given, Mapping) or not given:
        raise InvalidMenuError(f'Step {name}: keys says where each key leads, as in {{ 1 = "thanks" }}.')
    keys = {str(key): to for key, to in given.items()}
    if wrong := sorted(key[:40] for key, to in keys.items() if key not in KEYS or not isinstance(to, str)):
        raise InvalidMenuError(
            f"Step {name}: {wrong[0]!r} is no key that leads to a step; keys are 0-9, * and #."
        )
    return keys


def _check(name: str, step: Step) -> None:
    if step.prompt and not is_prompt_name(step.prompt):
        raise InvalidMenuError(f"Step {name}: prompt is a prompt's name, as `dialer prompts list` shows it.")
    if step.question and not _NAME.fullmatch(step.question):
        raise InvalidMenuError(f"Step {name}: a question has 1 to 40 small letters, digits, - and _.")
    needed = {"say": ("prompt", "next"), "ask": ("prompt", "no_input"), "transfer": ("no_agent",)}
    for each in needed.get(step.do, ()):
        if not getattr(step, each):
            raise InvalidMenuError(f"Step {name}: {step.do} needs {each}.")
    _within(name, "timeout_s", step.timeout_s, 1, 30)
    _within(name, "within_s", step.within_s, 1, 120)
    _within(name, "retries", step.retries, 0, 5)
    if not isinstance(step.retries, int):
        raise InvalidMenuError(f"Step {name}: retries is a whole number.")


def _disposition(name: str, code: str, dispositions: DispositionSet) -> str:
    try:
        said = dispositions.get(code)
    except UnknownDispositionError as error:
        raise InvalidMenuError(f"Step {name}: {error}") from error
    if Flag.DNC in said.flags:
        raise InvalidMenuError(f'Step {name}: {code} asks for no more calls; say do = "opt_out".')
    if said.needs:
        raise InvalidMenuError(f"Step {name}: {code} needs {said.needs[0]}, which nobody can say there.")
    return said.code


def _within(name: str, key: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidMenuError(f"Step {name}: {key} is a number from {low:g} to {high:g}.")
