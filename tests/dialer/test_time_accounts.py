"""The accounts of agents' time are complete, whatever happens and wherever the engine dies."""

from datetime import timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import agents, service
from campaigns.core.attempt import StartedAttempt
from campaigns.stores.agents import AgentStore
from dialer.core.effects import Bridge, CallHasEnded
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from dialer.records import instant, write
from dialer.recovery import load_leftover
from dialer.switch.messages import LiveLeg
from leads.stores.shared import Sessions
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

BYE = CallEnd(200)
DAY = timedelta(days=2)
_names = count(1)

LIKELY = ("line_up", "ready", "answer", "connect", "end", "dispose")
WHATEVER = (*LIKELY, *LIKELY, "line_down", "pause", "fail", "beat", "write", "see", "crash")
steps = st.lists(
    st.tuples(
        st.sampled_from(WHATEVER), st.integers(0, 5), st.sampled_from([0.0, 0.0004, 0.25, 1.7, 33.333, -2.0])
    ),
    max_size=40,
)


class Journaled:
    """A floor whose effects are written late, and lost with the engine; the switch lives on, or does not."""

    def __init__(self, sessions: Sessions, campaign: int) -> None:
        self.sessions, self.campaign = sessions, campaign
        self.now = NOW.timestamp()
        self.floor = self._floor()
        self.waiting: list = []
        self.bridges: list[Bridge] = []
        self.shifts: dict[int, int] = {}

    def _floor(self) -> Floor:
        floor = Floor()
        floor.open_campaign(self.campaign, make_pacer("power", PacingSettings()), 30.0, at=self.now)
        return floor

    async def log_in(self, agent: int) -> None:
        async with self.sessions() as session, session.begin():
            shift = await AgentStore(session).open_session(
                agent, [self.campaign], "unavailable", instant(self.now)
            )
        self.shifts[shift] = agent
        self.floor.shifts.log_in(shift, agent, [self.campaign], self.now)

    def do(self, effects) -> None:
        self.bridges += [each for each in effects if isinstance(each, Bridge)]
        self.waiting += [each for each in effects if not isinstance(each, Bridge)]

    async def written(self) -> None:
        batch, self.waiting = self.waiting, []
        await write(self.sessions, batch)

    async def crash(self, away_s: float, legs_live: bool) -> None:
        """What was not written is lost; a new engine asks the switch what lives."""
        live = self._legs() if legs_live else []
        self.waiting, self.bridges = [], []
        self.now += away_s
        self.floor = self._floor()
        leftover = await load_leftover(self.sessions)
        leftover.restore(self.floor, live, self.now)
        up = {each.leg for each in live}
        self.do(
            leftover.settle(
                self.floor, [each for each in self.floor.calls if f"call-{each}" not in up], self.now
            )
        )

    def _legs(self) -> list[LiveLeg]:
        legs = []
        for each in self.floor.agents.values():
            call = each.call_among(self.floor.calls)
            partner = f"call-{call.attempt}" if call is not None and call.was_connected else None
            if each.line_up:
                state = "bridged" if partner else "answered"
                legs.append(LiveLeg(f"agent-{each.session}", "agent", state, partner, self.now))
                if call is not None:
                    other = f"agent-{each.session}" if partner else None
                    legs.append(LiveLeg(f"call-{call.attempt}", "customer", state, other, call.answered_at))
        return legs

    async def step(self, what: str, which: int, attempts: list[StartedAttempt]) -> None:
        floor, now = self.floor, self.now
        on_shift = sorted(floor.agents)
        session = on_shift[which % len(on_shift)] if on_shift else 0
        calls = sorted(floor.calls)
        call = calls[which % len(calls)] if calls else 0
        match what:
            case "line_up" | "ready" if session:
                self.do(getattr(floor.shifts, what)(session, now))
            case "line_down":
                self.do(floor.shifts.line_down(session, now, "softphone_gone"))
            case "pause" if session:
                self.do(floor.shifts.pause(session, "lunch", now))
            case "answer" if attempts:
                started = attempts.pop()
                floor.place(started.attempt_id, self.campaign, started.lead_id, now)
                self.do(floor.answered(started.attempt_id, now))
            case "connect" | "fail" if self.bridges:
                bridge = self.bridges.pop(0)
                happens = floor.connected if what == "connect" else floor.bridge_failed
                self.do(happens(bridge.attempt, bridge.session, now))
            case "end" if call:
                self.do(floor.ended(call, BYE, now))
            case "dispose":
                wrapped = [each.attempt for each in floor.agents.values() if each.wrap_up_ends_at is not None]
                if wrapped and wrapped[0] is not None:
                    self.do(floor.dispositioned(wrapped[0], now))
            case "beat":
                self.do(floor.tick(now))
            case "write":
                await self.written()
            case "see":
                await agents.see_shifts(self.sessions, instant(now))
            case "crash":
                await self.crash((0.5, 20.0, 9000.0)[which % 3], legs_live=which < 3)


@pytest.fixture
async def campaign(sessions: Sessions) -> int:
    await seed_leads(sessions, people(400))
    return await seed_campaign(sessions)


async def agent_of(sessions: Sessions) -> int:
    return await service.add_agent(sessions, "acme", f"Agent {next(_names)}", "sip:a@pbx.example", NOW)


async def attempts_of(sessions: Sessions, campaign: int, number: int) -> list[StartedAttempt]:
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, number, NOW)
    return await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happens=steps)
async def test_every_millisecond_of_a_shift_is_in_one_state_wherever_the_engine_dies(
    sessions: Sessions, campaign: int, happens
) -> None:
    on = Journaled(sessions, campaign)
    for _ in range(2):
        await on.log_in(await agent_of(sessions))
    attempts = await attempts_of(sessions, campaign, sum(what == "answer" for what, _, _ in happens))
    for what, which, after_s in happens:
        on.now += after_s
        await on.step(what, which, attempts)
    for session in list(on.floor.agents):
        on.do(on.floor.shifts.log_out(session, on.now))
    for attempt in list(on.floor.calls):
        on.do([each for each in on.floor.ended(attempt, BYE, on.now) if isinstance(each, CallHasEnded)])
    await on.written()
    for session, agent in on.shifts.items():
        await account_is_complete(sessions, session, agent)


async def account_is_complete(sessions: Sessions, session: int, agent: int) -> None:
    time = await agents.time_of_agent(sessions, agent, NOW - DAY, NOW + DAY, NOW + DAY)
    (shift,) = time.shifts
    assert shift.session_id == session
    assert shift.ended_at is not None
    assert shift.ended_at >= shift.started_at
    lasted_ms = (shift.ended_at - shift.started_at) // timedelta(milliseconds=1)
    assert sum(time.states_ms.values()) == time.logged_in_ms == lasted_ms
    assert sum(each.ms for each in time.pauses) == time.states_ms.get("paused", 0)
    assert time.unaccounted_ms == 0
    async with sessions() as opened:
        ((_, stretches),) = await AgentStore(opened).time_of(agent, NOW - DAY, NOW + DAY)
    assert all(before.ended_at == after.started_at for before, after in pairwise(stretches))
    assert all(
        (before.state, before.reason) != (after.state, after.reason) for before, after in pairwise(stretches)
    )


@pytest.mark.parametrize("state", ["available", "paused", "talking", "wrap_up"])
async def test_the_hours_in_which_neither_engine_nor_softphone_was_there_are_nobodys_work(
    sessions: Sessions, campaign: int, state: str
) -> None:
    on = Journaled(sessions, campaign)
    agent = await agent_of(sessions)
    await on.log_in(agent)
    (session,) = on.shifts
    (started,) = await attempts_of(sessions, campaign, 1)
    on.do(on.floor.shifts.line_up(session, on.now))
    if state == "paused":
        on.do(on.floor.shifts.pause(session, "lunch", on.now))
    elif state != "available":
        for step in ("answer", "connect", "end")[: 2 if state == "talking" else 3]:
            await on.step(step, 0, [started])
    await on.written()
    on.now += 10.0
    await agents.see_shifts(sessions, instant(on.now))
    await on.crash(10 * 3600.0, legs_live=False)
    on.do(on.floor.tick(on.now))
    await on.written()
    time = await agents.time_of_agent(sessions, agent, NOW - DAY, NOW + DAY, NOW + DAY)
    assert time.states_ms == {state: 10_000, "unavailable": 1_800_000}
    assert time.shifts[0].end_reason == "softphone_gone"
    assert not on.floor.agents
