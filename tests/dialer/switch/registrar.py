"""A registrar that refuses us a few times, and then takes us in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from tests.dialer.switch.conftest import Address


class Registrar(asyncio.DatagramProtocol):
    """Answers each REGISTER with the next of its answers: a status, maybe with headers; and then with 200."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode(errors="replace")
        self.asked += 1
        answer = self._answers.pop(0) if self._answers else "200 OK"
        kept = "".join(re.findall(r"^(?:Via|From|Call-ID|CSeq): .*?\r\n", text, re.MULTILINE))
        told = {name: re.search(rf"^{name}: (.*?)\r\n", text, re.MULTILINE) for name in ("To", "Contact")}
        to, contact = (each[1] if each else "" for each in told.values())
        self.transport.sendto(
            f"SIP/2.0 {answer}\r\n{kept}To: {to};tag=1\r\nContact: {contact};expires=300\r\n"
            "Content-Length: 0\r\n\r\n".encode(),
            addr,
        )


@asynccontextmanager
async def registrar(*answers: str) -> AsyncIterator[Registrar]:
    """It listens meanwhile."""
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(
        lambda: Registrar(*answers), local_addr=("127.0.0.1", 0)
    )
    try:
        yield made
    finally:
        transport.close()
