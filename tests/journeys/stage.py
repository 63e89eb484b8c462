"""A stage for journeys: a carrier and softphones that are simulated, and a dialer that is not."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlmodel import col, select

from campaigns.core.calling_window import DAYS
from campaigns.tables import AgentInterval, Attempt
from dialer.database import Database, opened
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import Happening, SimulatedCarrier, SimulatedSoftphones
from dialer.switch.options import EndpointOptions
from tests.journeys.agreeing import States, all_agree
from tests.journeys.service import WORKER, Dialer

ALL_DAY = {day: [["00:00", "24:00"]] for day in DAYS}

Attempts = Mapping[str, Attempt]
"""Attempts by number."""


class Stage:
    """A dialer with a carrier, softphones, agents and a campaign; see `staged`."""

    def __init__(
        self,
        dialer: Dialer,
        database: Database,
        carrier: SimulatedCarrier,
        phones: SimulatedSoftphones,
        agents: int,
    ) -> None:
        self.dialer = dialer
        self.database = database
        self.carrier = carrier
        self.phones = phones
        self._count = agents
        self._agents: list[int] = []
        self._campaign = 0
        self.shifts: list[int] = []

    # --- before the curtain ---------------------------------------------------------------------

    async def prepare(self, numbers: Sequence[str], **settings: object) -> int:
        """Loads the numbers (the first are dialed first), makes agents and a campaign in draft; its id."""
        run = self.dialer.command
        leads = self.dialer.folder / "leads.csv"
        rows = [f"{number},{len(numbers) - index}" for index, number in enumerate(numbers)]
        leads.write_text("\n".join(["phone,priority", *rows]) + "\n")
        await run("leads", "import", str(leads), "--list", "all", "--client", "acme")
        chosen = {"dial_mode": "power", "callable_times": ALL_DAY, "ring_timeout_s": 100, **settings}
        words = [word for name, value in chosen.items() for word in ("--set", f"{name}={json.dumps(value)}")]
        made = await run(
            *("campaign", "create", "--client", "acme", "--name", "All", "--list", "all", "--json"),
            *("--caller-id", "+12025550199", *words),
        )
        self._campaign = json.loads(made)["id"]
        for number in range(1, self._count + 1):
            agent = ("agent", "add", "--client", "acme", "--name", f"Agent {number}", "--json")
            made = await run(*agent, "--sip-uri", self.phones.uri(f"agent{number}"))
            self._agents.append(json.loads(made)["id"])
        return self._campaign

    async def begin(self) -> None:
        """Starts the service, logs every agent in, and the campaign once all softphones are on the line."""
        await self.dialer.serve()
        async with self.dialer.client() as client:
            for agent in self._agents:
                shift = {"agent_id": agent, "campaign_ids": [self._campaign]}
                answer = (await client.post("/api/v1/agent-sessions", json=shift)).raise_for_status()
                self.shifts.append(answer.json()["id"])
        await self.agents_are("available")
        await self.dialer.command("campaign", "start", str(self._campaign))

    # --- what people do -------------------------------------------------------------------------

    async def settle(self, *numbers: str) -> None:
        """Ends each talk as an agent does, says how it went, and looks that all of it is on record."""
        talks = await self.attempts()
        async with self.dialer.client() as client:
            for number in numbers:
                (await client.post(f"/api/v1/attempts/{talks[number].id}/hangup")).raise_for_status()
            await self.attempts_once(lambda found: all(found[number].outcome for number in numbers))
            for number in numbers:
                path = f"/api/v1/attempts/{talks[number].id}/disposition"
                (await client.post(path, json={"disposition": "sale"})).raise_for_status()
        talks = await self.attempts()
        for talk in (talks[number] for number in numbers):
            assert (talk.outcome, talk.disposition) == ("human", "sale")
            assert talk.agent_id in self._agents
            instants = [talk.placed_at, talk.answered_at, talk.connected_at, talk.ended_at]
            assert None not in instants
            assert sorted(instants) == instants  # type: ignore[type-var]

    # --- what can be seen -----------------------------------------------------------------------

    async def agent_states(self) -> list[str]:
        """What the engine says of each agent, in order of the alphabet."""
        async with self.dialer.client() as client:
            answers = [await client.get(f"/api/v1/agent-sessions/{each}") for each in self.shifts]
        return sorted(answer.raise_for_status().json()["state"] for answer in answers)

    async def agents_are(self, state: str, within_s: float = 90) -> None:
        """Waits until every agent is in that state."""
        async with asyncio.timeout(within_s):
            while await self.agent_states() != [state] * len(self.shifts):
                await asyncio.sleep(0.05)

    async def attempts(self) -> Attempts:
        """Every attempt in the database; fails where a number has two."""
        async with self.database.sessions() as session:
            found = (await session.exec(select(Attempt))).all()
        by_number = {each.e164: each for each in found}
        assert len(by_number) == len(found), "a number was dialed twice"
        return by_number

    async def attempts_once(self, condition: Callable[[Attempts], bool], within_s: float = 90) -> Attempts:
        """The attempts, once the condition holds for them."""
        async with asyncio.timeout(within_s):
            while not condition(attempts := await self.attempts()):
                await asyncio.sleep(0.05)
        return attempts

    async def outcomes(self, *numbers: str) -> set[str]:
        """What became of the calls to these numbers, once all are over."""
        attempts = await self.attempts_once(lambda found: all(found[number].outcome for number in numbers))
        return {attempts[number].outcome for number in numbers}

    def invited(self) -> set[str]:
        """The numbers that the carrier was asked to call; fails where it was asked twice for one."""
        numbers = [event["number"] for event in self.carrier.events_of("invite")]
        assert len(set(numbers)) == len(numbers), "a number got two INVITEs"
        return set(numbers)

    def ends(self, *numbers: str) -> list[Happening]:
        """How the carrier saw the ends of calls to these numbers; nothing of calls that are up."""
        return [each for each in self.carrier.events_of("ended") if each["number"] in numbers]

    async def on_record(self) -> None:
        """Every INVITE has its attempt, and every attempt its INVITE.

        Unless its fate is unknown, or it was canceled before, because the engine was just stopping.
        """
        attempts = await self.attempts()
        not_sent = ("unknown", "canceled")
        placed = {number for number, each in attempts.items() if each.outcome not in not_sent}
        assert placed <= self.invited() <= set(attempts)

    async def stretches(self, shift: int) -> Sequence[AgentInterval]:
        """What an agent's shift was spent on, in order."""
        mine = select(AgentInterval).where(AgentInterval.session_id == shift)
        async with self.database.sessions() as session:
            return (await session.exec(mine.order_by(col(AgentInterval.id)))).all()

    async def states_on_record(self) -> list[str]:
        """What each shift is spent on now, in order of the alphabet; one thing each."""
        now = [[each for each in await self.stretches(shift) if not each.ended_at] for shift in self.shifts]
        assert all(len(each) == 1 for each in now)
        return sorted(each[0].state for each in now)

    async def all_agree(self, states: list[str], *more: States, after: str, since: int | None = None) -> None:
        """Waits until the API, the record and `more` say that; see `agreeing.all_agree`."""
        async with self.dialer.client() as client:
            said = (self.agent_states, self.states_on_record, *more)
            await all_agree(client, states, *said, after=after, since=since)

    async def shifts_without_gaps(self) -> None:
        """The stretches of each shift follow each other without gap or overlap."""
        for shift in self.shifts:
            stretches = await self.stretches(shift)
            starts = [each.started_at for each in stretches]
            ends = [each.ended_at for each in stretches]
            assert ends[:-1] == starts[1:], f"shift {shift}: {stretches}"


@asynccontextmanager
async def staged(
    folder: Path,
    database_url: str,
    world: World,
    kinds: Mapping[str, Kind],
    agents: int,
    dialers_url: str = "",
    **settings: str,
) -> AsyncIterator[Stage]:
    """A world where these numbers behave so, softphones for the agents, and a dialer not yet started.

    `dialers_url` is its own way to the database, where that is another than ours; `settings` are of its
    environment.
    """
    async with (
        SimulatedCarrier(CarrierOptions(world=world, kinds=kinds, endpoint=endpoint(12000))) as carrier,
        SimulatedSoftphones(SoftphonesOptions(agents, rtp_timeout_s=2.0, endpoint=endpoint(16000))) as phones,
        opened(database_url) as database,
        contextlib.AsyncExitStack() as stack,
    ):
        dialer = Dialer(folder, carrier.uri("{number}"), dialers_url or database_url, **settings)
        stack.push_async_callback(dialer.close)
        yield Stage(dialer, database, carrier, phones, agents)


def endpoint(first_rtp_port: int) -> EndpointOptions:
    """An endpoint with RTP ports that no other worker's has."""
    return EndpointOptions(
        max_calls=200, rtp_port=first_rtp_port + 1000 * (WORKER % 4), rtp_port_count=1000, user="far-end"
    )
