"""One call's way through a menu. Pure: what happened comes with `at` (Unix seconds), what to do goes out.

Each prompt that is to be played has a number, by which its end is known from that of an earlier one.
"""

from dataclasses import dataclass

from campaigns.core.menu import Menu, Step

MOST_STEPS = 60
"""Of one call: a person who goes round in circles is let go."""
_MARGIN_S = 5.0
"""So long the line stays open beyond what a step takes, should nobody say how to go on."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play a prompt, or none where it is empty; the line stays open `stay_s` after it."""

    number: int
    prompt: str
    stay_s: float
    stop_on_key: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The person has answered a question with a key."""

    question: str
    key: str


@dataclass(frozen=True, slots=True)
class OptOut:
    """The person is not to be called again."""


@dataclass(frozen=True, slots=True)
class SeekAgent:
    """An agent is to take the call."""


@dataclass(frozen=True, slots=True)
class StopSeeking:
    """None was free in time."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The menu is at its end."""


Act = Play | Answered | OptOut | SeekAgent | StopSeeking | HangUp


@dataclass
class MenuRun:
    """Where a call is in its menu."""

    menu: Menu
    at_step: str = ""
    number: int = 0
    """Of the prompt that was played last."""
    finished: bool = False
    """Whether the call came to an end that the menu has; not where it was let go."""
    disposition: str = ""
    """What that end says of the call; empty where it says nothing."""
    deadline: float | None = None
    """When the time for a key, or for an agent, is over."""
    _over: bool = False
    _tries: int = 0
    _steps: int = 0

    @property
    def step(self) -> Step:
        """The present one."""
        return self.menu.steps[self.at_step]

    @property
    def seeks_an_agent(self) -> bool:
        """Whether an agent is to take the call."""
        return not self._over and bool(self.at_step) and self.step.do == "transfer"

    def begin(self, at: float) -> list[Act]:
        """The call was answered."""
        return self._enter(self.menu.start, at)

    def key(self, digit: str, at: float) -> list[Act]:
        """A key was pressed, while a prompt plays or after it. Only what is asked for counts."""
        if self._over or self.step.do != "ask":
            return []
        to = self.step.keys.get(digit)
        if to is None:
            return self._again(self.step.no_match, at)
        answer: list[Act] = [Answered(self.step.question, digit)] if self.step.question else []
        return answer + self._enter(to, at)

    def prompt_ended(self, number: int, at: float) -> list[Act]:
        """The prompt of that number was heard, or could not be played."""
        if self._over or number != self.number:
            return []
        match self.step.do:
            case "say":
                return self._enter(self.step.next, at)
            case "ask":
                self.deadline = at + self.step.timeout_s
                return []
            case "transfer":
                return []
            case _:
                return self._end()

    def tick(self, now: float) -> list[Act]:
        """Time passed."""
        if self._over or self.deadline is None or now < self.deadline:
            return []
        if self.step.do == "transfer":
            return [StopSeeking(), *self._enter(self.step.no_agent, now)]
        return self._again(self.step.no_input, now)

    def close(self) -> None:
        """An agent has the call, or the person has left the menu otherwise: nothing here matters any more."""
        self._over, self.deadline = True, None

    def _enter(self, name: str, at: float) -> list[Act]:
        self.at_step, self.deadline, self._tries = name, None, 0
        self._steps += 1
        if self._steps > MOST_STEPS:
            self.close()
            return [HangUp()]
        step = self.step
        match step.do:
            case "say":
                return [self._play(0.0)]
            case "ask":
                return [self._play(step.timeout_s, stop_on_key=True)]
            case "transfer":
                self.deadline = at + step.within_s
                return [SeekAgent(), self._play(step.within_s)]
            case "opt_out":
                return [OptOut(), *self._last_words()]
            case _:
                self.disposition = step.disposition
                return self._last_words()

    def _last_words(self) -> list[Act]:
        return [self._play(0.0)] if self.step.prompt else self._end()

    def _again(self, otherwise: str, at: float) -> list[Act]:
        """Another try, or no more."""
        self.deadline = None
        self._tries += 1
        if self._tries > self.step.retries:
            return self._enter(otherwise, at)
        return [self._play(self.step.timeout_s, stop_on_key=True)]

    def _play(self, stay_s: float, *, stop_on_key: bool = False) -> Play:
        self.number += 1
        return Play(self.number, self.step.prompt, stay_s + _MARGIN_S, stop_on_key)

    def _end(self) -> list[Act]:
        self.close()
        self.finished = True
        return [HangUp()]
