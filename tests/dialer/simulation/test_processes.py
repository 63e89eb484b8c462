"""Carrier and softphones as the switch meets them: real processes, real SIP, real audio."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from dialer.simulation.options import SOUNDS, CarrierOptions, SoftphonesOptions
from dialer.simulation.people import FINAL_STATUS, Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones, SimulationUnavailable
from dialer.switch.link import SwitchLink
from dialer.switch.messages import (
    AnyEvent,
    BridgeLegs,
    Detect,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegJudged,
    LegRole,
    PlaceLeg,
)
from dialer.switch.options import EndpointOptions, SwitchOptions
from tests.journeys.service import processes_with
from tests.support import eventually

QUICK = World(shares={Kind.PERSON: 1.0}, ring_mean_s=0.2, talk_mean_s=1.0)


class Caller:
    """A switch and what it reported."""

    def __init__(self, folder: Path) -> None:
        self.events: list[AnyEvent] = []
        endpoint = EndpointOptions(max_calls=50)
        options = SwitchOptions(folder / "switch.sock", folder / "switch.log", endpoint)
        self.link = SwitchLink(options, self.hear, lambda: None)

    def hear(self, event: AnyEvent) -> None:
        self.events.append(event)
        self.link.acknowledge(event.seq)

    def place(
        self, leg: str, uri: str, *, agent: bool = False, message: str = "", detect: Detect = "off"
    ) -> bool:
        """Whether a switch is there that was told."""
        role: LegRole = "agent" if agent else "customer"
        return self.link.send(PlaceLeg(leg, role, uri, "+15550100", 10, 2.0, message, detect=detect))

    async def answered(self, leg: str) -> None:
        await eventually(lambda: any(isinstance(e, LegAnswered) and e.leg == leg for e in self.events))

    async def judged(self, leg: str) -> str:
        """The verdict."""
        found = await eventually(
            lambda: [e for e in self.events if isinstance(e, LegJudged) and e.leg == leg]
        )
        return found[0].verdict

    async def ended(self, leg: str) -> LegEnded:
        ended = await eventually(lambda: [e for e in self.events if isinstance(e, LegEnded) and e.leg == leg])
        return ended[0]


@asynccontextmanager
async def calling(folder: Path) -> AsyncIterator[Caller]:
    caller = Caller(folder)
    await caller.link.start()
    try:
        yield caller
    finally:
        await caller.link.stop()


async def test_a_person_and_an_agent_hear_each_other_once_they_are_bridged(tmp_path: Path) -> None:
    async with (
        SimulatedCarrier(CarrierOptions(world=QUICK)) as carrier,
        SimulatedSoftphones(SoftphonesOptions(2)) as phones,
        calling(tmp_path) as caller,
    ):
        caller.place("agent", phones.uri("agent1"), agent=True)
        caller.place("customer", carrier.uri("+15551234567"))
        await caller.answered("agent")
        await caller.answered("customer")
        assert not phones.events_of("heard")
        caller.link.send(BridgeLegs("customer", "agent"))
        heard = await eventually(lambda: phones.events_of("heard"))
        assert heard[0]["user"] == "agent1"

        ending = await caller.ended("customer")
        assert ending.ended_by == "far_end"
        (ended,) = await eventually(lambda: carrier.events_of("ended"))
        assert ended["heard"]
        assert ended["number"] == "+15551234567"
        assert not ended["by_caller"]
        assert await eventually(lambda: phones.events_of("silence"))
        assert phones.on_line("agent1")
        assert carrier.who_answered("+15551234567") == "person"
        assert not carrier.events_of("error") + phones.events_of("error")
    assert (carrier.returncode, phones.returncode) == (0, 0)


async def test_a_person_whom_nobody_claims_hears_the_message(tmp_path: Path) -> None:
    message = str(SOUNDS.parents[1] / "sounds" / "unclaimed.wav")
    async with SimulatedCarrier(CarrierOptions(world=QUICK)) as carrier, calling(tmp_path) as caller:
        caller.place("customer", carrier.uri("+15551234567"), message=message)
        await caller.ended("customer")
        (ended,) = await eventually(lambda: carrier.events_of("ended"))
        assert ended["heard"]
        assert 1.9 < ended["heard_after_s"] < 3


async def test_detection_tells_a_simulated_mailbox_from_a_simulated_person(tmp_path: Path) -> None:
    kinds = {"+15551234567": Kind.VOICEMAIL, "+15551234568": Kind.PERSON}
    async with (
        SimulatedCarrier(CarrierOptions(world=QUICK, kinds=kinds)) as carrier,
        calling(tmp_path) as caller,
    ):
        for number in kinds:
            caller.place(number, carrier.uri(number), detect="first")
        verdicts = {number: await caller.judged(number) for number in kinds}
    assert verdicts["+15551234567"] == "machine"
    assert verdicts["+15551234568"] in ("human", "unsure")


async def test_a_person_who_hears_nobody_leaves_by_themselves(tmp_path: Path) -> None:
    lonely = World(shares={Kind.PERSON: 1.0}, ring_mean_s=0.2, patience_mean_s=0.5)
    async with SimulatedCarrier(CarrierOptions(world=lonely)) as carrier, calling(tmp_path) as caller:
        caller.place("customer", carrier.uri("+15551234567"))
        assert (await caller.ended("customer")).ended_by == "far_end"
        (ended,) = await eventually(lambda: carrier.events_of("ended"))
        assert ended["answered"]
        assert not ended["heard"]


async def test_every_kind_ends_a_call_as_its_name_says(tmp_path: Path) -> None:
    quick = World(
        ring_mean_s=0.2,
        no_answer_mean_s=0.2,
        refusal_mean_s=0.1,
        machine_mean_s=0.5,
        recording_mean_s=0.5,
        patience_mean_s=0.5,
    )
    kinds = {f"+1555000{index:04}": kind for index, kind in enumerate(Kind) if kind is not Kind.RINGS_ON}
    async with (
        SimulatedCarrier(CarrierOptions(world=quick, kinds=kinds)) as carrier,
        calling(tmp_path) as caller,
    ):
        for number in kinds:
            caller.place(number, carrier.uri(number))
        for number, kind in kinds.items():
            assert (await caller.ended(number)).status == FINAL_STATUS[kind]
            assert [event["behaviour"] for event in carrier.invites(number)] == [kind]
        people = dict.fromkeys((Kind.PERSON, Kind.HANGS_UP, Kind.OPTS_OUT, Kind.OPTS_OUT_BY_INFO), "person")
        answering = people | dict.fromkeys((Kind.MACHINE, Kind.VOICEMAIL), "machine")
        for number, kind in kinds.items():
            assert carrier.who_answered(number) == answering.get(kind)


async def test_a_phone_that_rings_on_is_given_up_by_the_caller(tmp_path: Path) -> None:
    options = CarrierOptions(kinds={"+15551234567": Kind.RINGS_ON})
    async with SimulatedCarrier(options) as carrier, calling(tmp_path) as caller:
        caller.link.send(PlaceLeg("customer", "customer", carrier.uri("+15551234567"), "+15550100", 0.5))
        ending = await caller.ended("customer")
        assert (ending.status, ending.timed_out, ending.provisional) == (487, True, True)
        (ended,) = await eventually(lambda: carrier.events_of("ended"))
        assert ended["by_caller"]
        assert not ended["answered"]
    assert carrier.returncode == 0


async def test_a_softphone_has_one_line_and_a_stranger_none(tmp_path: Path) -> None:
    async with SimulatedSoftphones(SoftphonesOptions(2)) as phones, calling(tmp_path) as caller:
        caller.place("first", phones.uri("agent1"), agent=True)
        await caller.answered("first")
        caller.place("second", phones.uri("agent1"), agent=True)
        caller.place("other", phones.uri("agent2"), agent=True)
        caller.place("stranger", phones.uri("agent3"), agent=True)
        assert (await caller.ended("second")).status == 486
        assert (await caller.ended("stranger")).status == 404
        await caller.answered("other")
        assert phones.on_line("agent1")

        caller.link.send(HangUpLeg("first"))
        await eventually(lambda: not phones.on_line("agent1"))
        caller.place("third", phones.uri("agent1"), agent=True)
        await caller.answered("third")


async def test_a_softphone_waits_on_a_quiet_line_and_hangs_up_a_dead_one(tmp_path: Path) -> None:
    async with (
        SimulatedCarrier(CarrierOptions(world=QUICK)) as carrier,
        SimulatedSoftphones(SoftphonesOptions(1, rtp_timeout_s=1.0)) as phones,
        calling(tmp_path) as caller,
    ):
        caller.place("agent", phones.uri("agent1"), agent=True)
        await caller.answered("agent")
        # Nobody claims the customer for two seconds: twice the timeout, in which the agent hears nothing.
        caller.place("customer", carrier.uri("+15551234567"))
        await caller.ended("customer")
        assert phones.on_line("agent1")

        kill_switch(tmp_path)
        await eventually(lambda: not phones.on_line("agent1"))
        assert len(phones.events_of("ended")) == 1
        await eventually(lambda: caller.place("again", phones.uri("agent1"), agent=True))
        await caller.answered("again")


def kill_switch(folder: Path) -> None:
    (switch,) = processes_with(str(folder / "switch.sock"))
    switch.kill()


@pytest.mark.parametrize(
    "handle", [SimulatedCarrier(CarrierOptions()), SimulatedSoftphones(SoftphonesOptions())]
)
async def test_a_process_ends_with_its_handle(handle: SimulatedCarrier | SimulatedSoftphones) -> None:
    async with handle:
        assert handle.pid is not None
        assert psutil.pid_exists(handle.pid)
        os.kill(handle.pid, signal.SIGINT)
    assert handle.returncode == 0
    await handle.close()


async def test_sigterm_ends_a_process_in_order() -> None:
    async with SimulatedCarrier(CarrierOptions()) as carrier:
        assert carrier.pid is not None
        os.kill(carrier.pid, signal.SIGTERM)
        await eventually(lambda: carrier.returncode is not None)
        assert carrier.returncode == 0


async def test_nothing_is_left_of_a_parent_that_is_killed() -> None:
    program = """
import asyncio
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones

async def main():
    async with SimulatedCarrier(CarrierOptions()) as one, SimulatedSoftphones(SoftphonesOptions()) as other:
        print(one.pid, other.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    children = [psutil.Process(int(pid)) for pid in (await parent.stdout.readline()).split()]
    assert len(children) == 2
    parent.kill()
    await parent.communicate()
    await eventually(lambda: not any(_lives(child) for child in children))


def _lives(process: psutil.Process) -> bool:
    """Whether it runs; one that waits for whoever inherited it to take note of its end does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    async with SimulatedCarrier(CarrierOptions()) as carrier:
        taken = CarrierOptions(endpoint=EndpointOptions(port=carrier.port))
        with (tmp_path / "stderr").open("wb") as stderr, pytest.raises(SimulationUnavailable, match="code 1"):
            await SimulatedCarrier(taken, stderr=stderr).__aenter__()
    said = (tmp_path / "stderr").read_text()
    assert said.startswith("carrier: The SIP endpoint did not start")
    assert "Traceback" not in said


@pytest.mark.parametrize("options", ["{", '{"world": {"pace": 0}}', '{"kinds": {"1": "martian"}}', "[]"])
async def test_options_that_make_no_sense_are_said_in_one_sentence(options: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dialer.simulation.carrier", options, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert said.decode().startswith("carrier: the options are not understood")
    assert said.count(b"\n") == 1
