"""People who have called us: they wait for an agent with music, and are told where none comes."""

from collections.abc import Callable, Mapping

from dialer.core.call import CallEvent, CallState
from dialer.core.effects import (
    CallWasAnswered,
    Effect,
    HangUpCall,
    MessageBegan,
    PlayToCaller,
    PromiseCallback,
)
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_queue import FloorQueue
from dialer.core.inbound import InboundWait

_MUSIC, _MESSAGE, _PROMISE = 1, 2, 3
"""The numbers of what is played."""
_STAYS_S = 5.0
"""So long the line stays open beyond a sound, should nobody say how to go on."""


class FloorInbound:
    """The line of those who call. They come next after those who have just answered a call of ours."""

    def __init__(
        self,
        agents: Mapping[int, FloorAgent],
        calls: dict[int, FloorCall],
        queue: FloorQueue,
        advance: Callable[[int, CallEvent], FloorCall | None],
    ) -> None:
        """Agents by session and calls by attempt, as they are on the floor at any time; `advance` moves one
        on, if it can be."""
        self._agents = agents
        self._calls = calls
        self._queue = queue
        self._advance = advance

    def come(
        self,
        attempt: int,
        campaign: int,
        lead: int,
        wait: InboundWait,
        at: float,
        *,
        language: str = "",
        last_agent: int | None = None,
    ) -> None:
        """A call has come and is about to be answered; its attempt is recorded already.

        `language`: the lead's; `last_agent`: who had the last talk with the lead.
        """
        call = FloorCall(attempt, campaign, lead, CallState.RINGING, rang_at=at, waiting=wait)
        call.language, call.last_agent = language, last_agent
        self._calls[attempt] = call

    def answered(self, call: FloorCall, at: float) -> list[Effect]:
        """We have answered: the agent who waits longest takes it, or it waits; or it is told at once."""
        answered = CallWasAnswered(call.attempt, at)
        if self._is_hopeless(call, at):
            return [answered, *self._tell(call, at)]
        return [answered, *self._queue.find_agent(call, at), *self._entertain(call)]

    def prompt_ended(self, call: FloorCall, number: int) -> list[Effect]:
        """The music has ended, and begins again; or the message, and with it the call."""
        if call.waiting is None:
            return []
        if number in (_MESSAGE, _PROMISE):
            return [HangUpCall(call.attempt)] if call.state == CallState.PLAYING else []
        call.waiting.plays = False
        return self._entertain(call)

    def key(self, call: FloorCall, digit: str) -> list[Effect]:
        """Who waits has pressed a key; the one that asks for a callback takes them out of the line."""
        if call.waiting is None or digit != call.waiting.callback_key or not self._waits(call):
            return []
        self._queue.leave(call)
        call.waiting.asks_back = True
        return [PromiseCallback(call.attempt)]

    def promised(self, attempt: int, at: float, *, kept: bool) -> list[Effect]:
        """The callback is on record, which the person hears, and the call ends; or (not `kept`) none can be
        promised, and they wait on, in their place."""
        call = self._calls.get(attempt)
        if call is None or call.waiting is None or not call.waiting.asks_back:
            return []
        call.waiting.asks_back = False
        if kept and self._advance(attempt, CallEvent.PLAY) is not None:
            call.waiting.promised = True
            return [MessageBegan(attempt, at), self._play(call, _PROMISE, call.waiting.promise)]
        call.waiting.callback_key = ""
        return [*self._queue.find_agent(call, at), *self._entertain(call)]

    def tick(self, now: float) -> list[Effect]:
        """Who has waited for long enough is told, and who waits in silence hears the music."""
        effects: list[Effect] = []
        for call in [each for each in self._calls.values() if each.waiting is not None]:
            if self._waits(call) and self._is_hopeless(call, now):
                effects += self._tell(call, now)
            else:
                effects += self._entertain(call)
        return effects

    def tell_all(self, at: float) -> list[Effect]:
        """Nobody who waits gets an agent any more: the service stops."""
        waiting = [each for each in self._calls.values() if self._waits(each)]
        return [effect for call in waiting for effect in self._tell(call, at)]

    def _waits(self, call: FloorCall) -> bool:
        """Whether it has been answered and is in line; not one that an agent has parked or handed over, who
        hears the music of that."""
        in_line = call.attempt in self._queue.waiting and call.conversation is None
        return call.came and call.state == CallState.ANSWERED and in_line

    def _is_hopeless(self, call: FloorCall, now: float) -> bool:
        """Whether nobody works for the campaign now, or the person has waited for as long as they may."""
        staffed = any(call.campaign in each.campaigns for each in self._agents.values())
        if call.waiting is None or call.waits_since is None:
            return False
        return not (call.waiting.open and staffed) or now - call.waits_since >= call.waiting.longest_s

    def _entertain(self, call: FloorCall) -> list[Effect]:
        """Music for who waits without any; an agent who comes ends it."""
        if call.waiting is None:
            return []
        if not self._waits(call):
            call.waiting.plays = False
            return []
        if call.waiting.plays:
            return []
        call.waiting.plays = True
        return [self._play(call, _MUSIC, call.waiting.music)]

    def _tell(self, call: FloorCall, at: float) -> list[Effect]:
        self._queue.leave(call)
        if call.waiting is None or self._advance(call.attempt, CallEvent.PLAY) is None:
            return []
        return [MessageBegan(call.attempt, at), self._play(call, _MESSAGE, call.waiting.message)]

    def _play(self, call: FloorCall, number: int, sound: str) -> PlayToCaller:
        return PlayToCaller(call.attempt, call.campaign, number, sound, _STAYS_S, stop_on_key=False)
