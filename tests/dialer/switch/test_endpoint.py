"""The SIP library behind the switch: calls that are over, and calls that speak early."""

import asyncio
import re
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from dialer.simulation.options import SoftphonesOptions
from dialer.simulation.processes import SimulatedSoftphones
from dialer.switch.messages import BridgeLegs, HangUpLeg, LegAnswered, LegEnded
from dialer.switch.options import EndpointOptions
from tests.dialer.switch.conftest import Address, Switch, worker_number
from tests.support import eventually

# --- calls that are over --------------------------------------------------------------------------

HOLDS_ON = """
import gc, sys, time
from dialer.switch.accounts import Caller
from dialer.switch.endpoint import Endpoint
from dialer.switch.options import EndpointOptions

class Call:
    state = "placed"

    def __init__(self):
        self.call = endpoint.place(self, sys.argv[1], Caller(""))
        self.slot = self.call.getId()
        self.until("up")

    def call_ringing(self, call, status): ...
    def call_answered(self, call): self.state = "up"
    def call_key(self, call, digit, way): ...
    def call_ended(self, call, ending): self.state = "over"

    def until(self, state):
        give_up = time.monotonic() + 30
        while self.state != state and time.monotonic() < give_up:
            endpoint.poll(10)
        assert self.state == state, self.state

    def end(self):
        self.call.hang_up()
        self.until("over")

endpoint = Endpoint(EndpointOptions(max_calls=2, rtp_port=int(sys.argv[2]), rtp_port_count=100))
first, second = Call(), None
first.end()
second = Call()
second.end()
third = Call()
assert third.slot == first.slot, "the slot is used again"
first.call.hang_up()
assert first.call.audio() is None
del first, second
gc.collect()
for _ in range(20):
    endpoint.poll(10)
assert third.call.audio() is not None, "the call that has the slot now is up"
third.end()
print(third.state)
endpoint.close()
"""


async def test_a_call_that_somebody_holds_on_to_long_after_its_end_ends_no_other() -> None:
    first_port = 18000 + 200 * worker_number()
    endpoint = EndpointOptions(max_calls=8, rtp_port=first_port + 100, rtp_port_count=100)
    async with SimulatedSoftphones(SoftphonesOptions(1, endpoint=endpoint)) as phones:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HOLDS_ON, phones.uri("agent1"), str(first_port)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    assert (process.returncode, said.decode().split()) == (0, ["over"])


# --- calls that speak early -----------------------------------------------------------------------

PAIRS, ROUNDS = 15, 4
RTP = struct.Struct(">BBHII")
TONE = (b"\x90" * 10 + b"\x10" * 10) * 8
"""A loud square wave in mu-law, 20 ms."""


class EarlyPhone(asyncio.DatagramProtocol):
    """One call that is answered at once; its sound is there before its 200 is."""

    tone = TONE
    """What it says, 20 ms of it again and again."""

    def __init__(self) -> None:
        self.hears = False
        self._audio = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._audio.bind(("127.0.0.1", 0))
        self._audio.setblocking(False)
        self._sent = 0
        self._speaking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        asyncio.get_running_loop().add_reader(self._audio, self._listen)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode()
        if text.startswith("INVITE") and self._speaking is None:
            media = re.search(r"^m=audio (\d+)", text, re.MULTILINE)
            assert media
            self._speak(("127.0.0.1", int(media[1])))
            self._answer(text, addr)
        elif text.startswith("BYE"):
            self._respond(text, addr, "Content-Length: 0\r\n\r\n")

    def _answer(self, invite: str, addr: Address) -> None:
        port = self._audio.getsockname()[1]
        sdp = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\n"
        )
        host, own = self._transport.get_extra_info("sockname")
        contact = f"Contact: <sip:phone@{host}:{own}>\r\nContent-Type: application/sdp\r\n"
        self._respond(invite, addr, f"{contact}Content-Length: {len(sdp)}\r\n\r\n{sdp}")

    def _respond(self, request: str, addr: Address, rest: str) -> None:
        kept = "".join(re.findall(r"^(?:Via|From|Call-ID|CSeq): .*?\r\n", request, re.MULTILINE))
        to = re.search(r"^To: (.*?)(?:;tag=.*?)?\r\n", request, re.MULTILINE)
        assert to
        self._transport.sendto(f"SIP/2.0 200 OK\r\n{kept}To: {to[1]};tag=1\r\n{rest}".encode(), addr)

    def _speak(self, peer: Address) -> None:
        header = RTP.pack(0x80, 0, self._sent & 0xFFFF, 160 * self._sent, 1)
        self._audio.sendto(header + self.tone, peer)
        self._sent += 1
        self._speaking = asyncio.get_running_loop().call_later(0.02, self._speak, peer)

    def _listen(self) -> None:
        packet = self._audio.recv(2048)
        self.hears = self.hears or any(sample & 0x7F < 0x50 for sample in packet[RTP.size :])

    def close(self) -> None:
        """No sound any more."""
        if self._speaking is not None:
            self._speaking.cancel()
        asyncio.get_running_loop().remove_reader(self._audio)
        self._audio.close()
        self._transport.close()


@asynccontextmanager
async def early_phones(count: int) -> AsyncIterator[dict[str, EarlyPhone]]:
    """Phones by the SIP address of each."""
    loop, found = asyncio.get_running_loop(), {}
    for number in range(count):
        transport, phone = await loop.create_datagram_endpoint(EarlyPhone, local_addr=("127.0.0.1", 0))
        found[f"sip:phone{number}@127.0.0.1:{transport.get_extra_info('sockname')[1]}"] = phone
    try:
        yield found
    finally:
        for phone in found.values():
            phone.close()


async def test_whoever_speaks_before_the_answer_is_there_is_heard_all_the_same(switch: Switch) -> None:
    for turn in range(ROUNDS):
        async with early_phones(2 * PAIRS) as phones:
            addresses = iter(phones)
            for number in range(PAIRS):
                switch.place(f"agent-{turn}-{number}", next(addresses))
                switch.place(f"call-{turn}-{number}", next(addresses))
            for number in range(PAIRS):
                call, agent = f"call-{turn}-{number}", f"agent-{turn}-{number}"
                await switch.said(LegAnswered, call)
                await switch.said(LegAnswered, agent)
                switch.link.send(BridgeLegs(call, agent))
            await eventually(lambda: all(phone.hears for phone in phones.values()), within_s=90)
            for number in range(PAIRS):
                for leg in (f"call-{turn}-{number}", f"agent-{turn}-{number}"):
                    switch.link.send(HangUpLeg(leg))
                    await switch.said(LegEnded, leg)
