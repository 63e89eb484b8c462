"""Simulated agents: each does over HTTP and MQTT what an agent's desktop does.

An agent starts a session and is ready; in preview mode it looks at each lead for a while, and has it dialed
or skips it; after each call it wraps up for a while, says what the call came
to, and is ready again, or takes a short break first. What it says fits who answered, as it would where
an agent heard a person or a machine.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Any, Literal, Self

import httpx2
import structlog

from dialer.bus.messages import AgentCall, AgentPreview, AgentState, Envelope, Message
from dialer.core.agent import AgentState as State
from dialer.simulation.agent_api import AgentApi, AgentApiError, Shift

_LEAVE_WITHIN_S = 5.0

log = structlog.get_logger("simulated-agents")

_News = AgentState | AgentCall | AgentPreview

Who = Literal["person", "machine"]
WhoAnswered = Callable[[int], Who | None]
"""Tells who answered an attempt, None where that is not known."""


def _usual_dispositions() -> dict[Who, dict[str, float]]:
    return {
        "person": {
            "not_interested": 45,
            "callback": 15,
            "sale": 12,
            "hung_up": 9,
            "not_available": 9,
            "wrong_number": 6,
            "do_not_call": 4,
        },
        "machine": {"answering_machine": 1},
    }


@dataclass(frozen=True)
class Habits:
    """How agents work: times in seconds before `pace`, and how often they say what (weights)."""

    seed: str = "demo"
    look_mean_s: float = 1.0
    """How long an agent looks at a lead before it is dialed, in preview mode."""
    skip_share: float = 0.05
    wrap_mean_s: float = 2.0
    break_share: float = 0.03
    """After how many calls an agent takes a break."""
    break_mean_s: float = 3.0
    pace: float = 1.0
    dispositions: Mapping[Who, Mapping[str, float]] = field(default_factory=_usual_dispositions)


@dataclass(frozen=True)
class Look:
    """What an agent does with one lead."""

    look_s: float
    skips: bool


def look(lead_id: int, habits: Habits) -> Look:
    """What the agent does with this lead; always the same for the same arguments."""
    random = Random(f"{habits.seed}/look/{lead_id}")
    return Look(
        habits.look_mean_s * random.uniform(0.4, 1.6) * habits.pace, random.random() < habits.skip_share
    )


@dataclass(frozen=True)
class WrapUp:
    """What an agent does after one call."""

    wrap_s: float
    disposition: str
    break_s: float
    """0 for no break."""


def wrap_up(attempt_id: int, who: Who | None, habits: Habits) -> WrapUp:
    """What the agent does after this attempt; always the same for the same arguments.

    Where it is not known who answered, the agent spoke with somebody: a person.
    """
    random = Random(f"{habits.seed}/{attempt_id}")
    wrap_s = habits.wrap_mean_s * random.uniform(0.4, 1.6) * habits.pace
    takes_break = random.random() < habits.break_share
    break_s = habits.break_mean_s * random.uniform(0.4, 1.6) * habits.pace if takes_break else 0.0
    weights = habits.dispositions[who or "person"]
    return WrapUp(wrap_s, random.choices(list(weights), list(weights.values()))[0], break_s)


class SimulatedAgent:
    """One agent on shift. It is told what the bus says of it, and works in `run`."""

    def __init__(self, shift: Shift, api: AgentApi, habits: Habits, who_answered: WhoAnswered) -> None:
        self._shift = shift
        self._api = api
        self._habits = habits
        self._who_answered = who_answered
        self._news: asyncio.Queue[_News | None] = asyncio.Queue()
        self._leaving = asyncio.Event()
        self._lead_id: int | None = None
        self._attempt_id: int | None = None
        self._wrapping_since: datetime | None = None
        self._free_since: datetime | None = None
        self._wrap_up_open = False
        self._disposed: set[int] = set()
        self.troubles: list[str] = []
        """What did not work, in sentences."""

    def hear(self, message: _News) -> None:
        """The bus has said this of the agent."""
        if isinstance(message, AgentState) and message.state == State.AVAILABLE:
            self._free_since = message.since
        self._news.put_nowait(message)

    def leave(self) -> None:
        """Has the agent say at once what its last call came to and end its shift; `run` then returns."""
        self._leaving.set()
        self._news.put_nowait(None)

    async def run(self) -> None:
        """The shift, until `leave`. A shift that cannot begin is over at once, and is a trouble."""
        try:
            session_id = await self._api.start_session(self._shift)
        except AgentApiError as error:
            self._complain(error)
            return
        await self._try(self._api.ready(session_id))
        while (message := await self._news.get()) is not None:
            self._note(message)
            if self._lead_id is not None:
                await self._try(self._look(session_id, self._lead_id))
            if self._wrap_up_open and self._attempt_id is not None:
                await self._try(self._wrap_up(session_id, self._attempt_id))
        await self._try(self._api.end(session_id))

    def _note(self, message: _News) -> None:
        """Messages repeat, and a call may be told of after its wrap-up has begun."""
        if isinstance(message, AgentPreview):
            self._lead_id = message.lead_id
        elif isinstance(message, AgentCall):
            if message.attempt_id not in self._disposed:
                self._attempt_id = message.attempt_id
        elif message.state != State.WRAP_UP:
            self._wrap_up_open = False
        elif message.since != self._wrapping_since:
            self._wrapping_since = message.since
            self._wrap_up_open = True

    async def _look(self, session_id: int, lead_id: int) -> None:
        self._lead_id = None
        plan = look(lead_id, self._habits)
        await self._pass_time(plan.look_s)
        if self._leaving.is_set():
            return
        if plan.skips:
            await self._api.skip(session_id, "not_now")
        else:
            await self._api.dial(session_id)

    async def _wrap_up(self, session_id: int, attempt_id: int) -> None:
        self._attempt_id = None
        self._wrap_up_open = False
        self._disposed.add(attempt_id)
        plan = wrap_up(attempt_id, self._who_answered(attempt_id), self._habits)
        await self._pass_time(plan.wrap_s)
        if self._free_since == self._wrapping_since:
            return  # detection has taken the call, so that there was nothing to wrap up
        await self._api.dispose(attempt_id, plan.disposition)
        if plan.break_s and not self._leaving.is_set():
            await self._api.pause(session_id, "break")
            await self._pass_time(plan.break_s)
        if not self._leaving.is_set():
            await self._api.ready(session_id)

    async def _pass_time(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._leaving.wait(), seconds)

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except AgentApiError as error:
            self._complain(error)

    def _complain(self, error: AgentApiError) -> None:
        log.error("an agent could not work", agent_id=self._shift.agent_id, error=str(error))
        self.troubles.append(f"Agent {self._shift.agent_id}: {error}")


class SimulatedAgents:
    """All agents on shift: `async with` begins the shifts and ends them."""

    def __init__(
        self,
        shifts: Iterable[Shift],
        client: httpx2.AsyncClient,
        who_answered: WhoAnswered,
        habits: Habits | None = None,
    ) -> None:
        """`client` knows the API's base address and carries the bearer token; it stays the caller's."""
        api = AgentApi(client)
        self._agents = {
            shift.agent_id: SimulatedAgent(shift, api, habits or Habits(), who_answered) for shift in shifts
        }
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def troubles(self) -> list[str]:
        """What did not work so far, in sentences."""
        return [trouble for agent in self._agents.values() for trouble in agent.troubles]

    def hear(self, message: Message) -> None:
        """Passes a message of the bus to the agent that it is about; others are not for us."""
        if isinstance(message, _News) and (agent := self._agents.get(message.agent_id)):
            agent.hear(message)

    async def follow(self, stream: AsyncIterable[tuple[str, Envelope]]) -> None:
        """Hears all that a subscription to `agent/+/#` brings, until it ends or this is cancelled."""
        async for _, envelope in stream:
            self.hear(envelope.data)

    async def __aenter__(self) -> Self:
        """Subscribe first: what the bus says before the first `hear` is lost."""
        self._tasks = [
            asyncio.create_task(agent.run(), name=f"simulated-agent-{agent_id}")
            for agent_id, agent in self._agents.items()
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for agent in self._agents.values():
            agent.leave()
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_LEAVE_WITHIN_S)
        finally:
            for task in self._tasks:
                task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
