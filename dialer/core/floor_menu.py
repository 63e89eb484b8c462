"""Calls that go through a menu: what the caller hears next, and when an agent takes over."""

from collections.abc import Callable, Mapping, Sequence

from campaigns.core.menu_run import Act, Answered, HangUp, OptOut, Play, SeekAgent, StopSeeking
from dialer.core.call import CallEvent
from dialer.core.effects import (
    Effect,
    HangUpCall,
    MessageBegan,
    PersonOptedOut,
    PlayToCaller,
    QuestionAnswered,
)
from dialer.core.floor_call import FloorCall
from dialer.core.floor_queue import FloorQueue


class FloorMenus:
    """Carries out what each call's menu says; a call has one until an agent has it."""

    def __init__(
        self,
        calls: Mapping[int, FloorCall],
        queue: FloorQueue,
        advance: Callable[[int, CallEvent], FloorCall | None],
    ) -> None:
        """Calls by attempt, as they are on the floor at any time; `advance` moves one on, if it can be."""
        self._calls = calls
        self._queue = queue
        self._advance = advance

    def begin(self, call: FloorCall, at: float) -> list[Effect]:
        """The call was answered."""
        if call.menu is None or self._advance(call.attempt, CallEvent.PLAY) is None:
            return []
        return [MessageBegan(call.attempt, at), *self._carry_out(call, call.menu.begin(at), at)]

    def key(self, call: FloorCall, digit: str, at: float) -> list[Effect]:
        """The caller has pressed a key."""
        return [] if call.menu is None else self._carry_out(call, call.menu.key(digit, at), at)

    def prompt_ended(self, call: FloorCall, number: int, at: float) -> list[Effect]:
        """A prompt was heard."""
        return [] if call.menu is None else self._carry_out(call, call.menu.prompt_ended(number, at), at)

    def tick(self, now: float) -> list[Effect]:
        """Time is up for keys, and for agents; not for one who is just being connected."""
        effects: list[Effect] = []
        for call in list(self._calls.values()):
            if call.menu is not None and call.session is None:
                effects += self._carry_out(call, call.menu.tick(now), now)
        return effects

    def _carry_out(self, call: FloorCall, acts: Sequence[Act], at: float) -> list[Effect]:
        effects: list[Effect] = []
        for act in acts:
            effects += self._effects_of(call, act, at)
        return effects

    def _effects_of(self, call: FloorCall, act: Act, at: float) -> list[Effect]:
        match act:
            case Play(number=number, prompt=prompt, stay_s=stay_s, stop_on_key=stop_on_key):
                return [PlayToCaller(call.attempt, call.campaign, number, prompt, stay_s, stop_on_key)]
            case Answered(question=question, key=key):
                return [QuestionAnswered(call.attempt, question, key, at)]
            case OptOut():
                call.opted_out = True
                return [PersonOptedOut(call.attempt, at)]
            case SeekAgent():
                return self._seek(call, at)
            case StopSeeking():
                self._queue.leave(call)
                self._advance(call.attempt, CallEvent.PLAY)
                return []
            case HangUp():
                return [HangUpCall(call.attempt)]

    def _seek(self, call: FloorCall, at: float) -> list[Effect]:
        if self._advance(call.attempt, CallEvent.TRANSFER) is None:
            return []
        call.waits_since = at
        return self._queue.find_agent(call, at)
