"""A switch that listens on every address, as in a container, gives the far end addresses that it can use."""

import asyncio
import re
import socket
from dataclasses import replace
from pathlib import Path

from dialer.simulation.options import SoftphonesOptions
from dialer.simulation.processes import SimulatedSoftphones
from dialer.switch.options import SwitchOptions
from tests.dialer.switch.conftest import switch_options
from tests.docker.dialing import dialing
from tests.support import eventually

MESSAGE = Path(__file__).parents[2] / "dialer" / "sounds" / "unclaimed.wav"


class Callee(asyncio.DatagramProtocol):
    """Keeps the INVITEs that come, and is busy."""

    def __init__(self) -> None:
        self.invites: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        text = data.decode()
        if text.startswith("INVITE ") and self._transport is not None:
            self.invites.append(text)
            same = re.findall(r"(?m)^(?:Via|From|To|Call-ID|CSeq): .*\r\n", text)
            reply = "SIP/2.0 486 Busy Here\r\n" + "".join(same) + "Content-Length: 0\r\n\r\n"
            self._transport.sendto(reply.encode(), source)


def everywhere(folder: Path) -> SwitchOptions:
    """A switch on 0.0.0.0."""
    options = switch_options(folder)
    return replace(options, endpoint=replace(options.endpoint, host="0.0.0.0"))  # noqa: S104 - as in compose


async def test_an_invite_names_an_address_of_this_machine_and_no_placeholder(tmp_path: Path) -> None:
    transport, callee = await asyncio.get_running_loop().create_datagram_endpoint(
        Callee, local_addr=("127.0.0.1", 0)
    )
    uri = f"sip:someone@127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    try:
        async with dialing(everywhere(tmp_path)) as dialer:
            assert (await dialer.ended(dialer.call(uri))).status == 486
    finally:
        transport.close()
    invite = callee.invites[0]
    assert "0.0.0.0" not in invite  # noqa: S104
    (via,) = re.findall(r"(?m)^Via: SIP/2.0/UDP ([\d.]+):\d+", invite)
    (contact,) = re.findall(r"(?m)^Contact: <sip:[^@]+@([\d.]+):\d+", invite)
    media = set(re.findall(r"(?m)^c=IN IP4 ([\d.]+)", invite))
    assert {via, contact} | media == {via}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind((via, 0))


async def test_the_far_end_hears_a_switch_that_listens_on_every_address(tmp_path: Path) -> None:
    async with SimulatedSoftphones(SoftphonesOptions(1)) as phones, dialing(everywhere(tmp_path)) as dialer:
        await dialer.answered(dialer.call(phones.uri("agent1"), message=str(MESSAGE)))
        assert await eventually(lambda: phones.events_of("heard"))
