"""A switch that listens on every address, as in a container, gives the far end addresses that it can use."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from dialer.simulation.options import CarrierOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier
from dialer.switch.link import SwitchLink
from dialer.switch.messages import AnyEvent, LegEnded, PlaceLeg
from tests.dialer.switch.conftest import switch_options
from tests.support import eventually

MESSAGE = Path(__file__).parents[2] / "dialer" / "sounds" / "unclaimed.wav"


class Ear(asyncio.DatagramProtocol):
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        self.heard.append(data.decode())


@contextlib.asynccontextmanager
async def everywhere(folder: Path, events: list[AnyEvent]) -> AsyncIterator[SwitchLink]:
    """A switch on 0.0.0.0."""
    options = switch_options(folder)
    options = replace(options, endpoint=replace(options.endpoint, host="0.0.0.0"))  # noqa: S104 - as in compose
    link = SwitchLink(options, events.append, lambda: None)
    await link.start()
    try:
        yield link
    finally:
        await link.stop()


async def test_an_invite_names_an_address_of_this_machine_and_no_placeholder(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    transport, ear = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        async with everywhere(tmp_path, []) as link:
            link.send(PlaceLeg("one", "customer", f"sip:someone@127.0.0.1:{port}", "+15550100", 5))
            invite = await eventually(lambda: next(iter(ear.heard), None))
            assert invite.startswith("INVITE ")
            assert "0.0.0.0" not in invite  # noqa: S104
            (via,) = re.findall(r"(?m)^Via: SIP/2.0/UDP ([\d.]+):\d+", invite)
            (contact,) = re.findall(r"(?m)^Contact: <sip:[^@]+@([\d.]+):\d+", invite)
            media = set(re.findall(r"(?m)^c=IN IP4 ([\d.]+)", invite))
            assert {via, contact} | media == {via}
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
                ours.bind((via, 0))
    finally:
        transport.close()


async def test_a_person_hears_a_switch_that_listens_on_every_address(tmp_path: Path) -> None:
    events: list[AnyEvent] = []
    world = World(shares={Kind.PERSON: 1.0}, ring_mean_s=0.1)
    async with (
        SimulatedCarrier(CarrierOptions(world=world)) as carrier,
        everywhere(tmp_path, events) as link,
    ):
        uri = carrier.uri("+15551234567")
        link.send(PlaceLeg("one", "customer", uri, "+15550100", 5, claim_within_s=0.1, message=str(MESSAGE)))
        (ended,) = await eventually(lambda: carrier.events_of("ended"))
        assert ended["heard"]
        assert await eventually(lambda: [each for each in events if isinstance(each, LegEnded)])
