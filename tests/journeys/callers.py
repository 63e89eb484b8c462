"""Somebody who calls the dialer: one call made by hand of SIP, with a tone."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from tests.journeys.tone_phones import Address, ToneAudio
from tests.support import eventually


class Caller(asyncio.DatagramProtocol):
    """One call to a port of this machine; see `callers`."""

    def __init__(self, to: int, caller: str, called: str, hz: float, *, more: str = "") -> None:
        """`more`: further headers."""
        self.statuses: list[int] = []
        """Of the answers to its INVITE, each once, in order."""
        self.over = False
        """Whether the dialer has hung up."""
        self.refusal = ""
        """The answer that refused it."""
        self.audio = ToneAudio(hz)
        self._to, self._more = ("127.0.0.1", to), more
        self._from, self._called = f"<sip:{caller}@127.0.0.1>;tag=1", f"<sip:{called}@127.0.0.1:{to}>"
        self._uri = f"sip:{called}@127.0.0.1:{to}"
        self._tag = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._host, self._port = self._transport.get_extra_info("sockname")
        self._request("INVITE", 1, self.audio.sdp())

    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode()
        if text.startswith("BYE"):
            kept = "".join(re.findall(r"^(?:Via|From|To|Call-ID|CSeq): .*?\r\n", text, re.MULTILINE))
            self._transport.sendto(f"SIP/2.0 200 OK\r\n{kept}Content-Length: 0\r\n\r\n".encode(), addr)
            self._end()
        elif re.search(r"^CSeq: 1 INVITE", text, re.MULTILINE):
            self._answered(int(text.split(" ", 2)[1]), text)

    def _answered(self, status: int, text: str) -> None:
        tag = re.search(r"^To: .*;tag=(\S+)", text, re.MULTILINE)
        self._tag = f";tag={tag[1]}" if tag else self._tag
        if status >= 200:
            contact = re.search(r"^Contact: .*?<(.*?)>", text, re.MULTILINE)
            self._uri = contact[1] if contact else self._uri
            self._request("ACK", 1)
        if status in self.statuses:
            return
        self.statuses.append(status)
        if status == 200:
            self.audio.speak_to(text)
        elif status > 200:
            self.refusal = text
            self._end()

    async def hears(self, hz: float, within_s: float = 60) -> None:
        """Returns while that tone is what is heard."""
        await self.audio.hears(hz, within_s)

    async def has_heard(self, hz: float, within_s: float = 60) -> None:
        """Returns once that tone was heard, however long ago."""
        await self.audio.has_heard(hz, within_s)

    async def refused(self, within_s: float = 30) -> int:
        """The final status with which the call was refused."""
        await eventually(lambda: self.statuses and self.statuses[-1] > 200, within_s)
        return self.statuses[-1]

    async def is_ended(self, within_s: float = 60) -> None:
        """Returns when the dialer has hung up."""
        await eventually(lambda: self.over, within_s)

    def hang_up(self) -> None:
        """BYE, or CANCEL before the answer."""
        if 200 in self.statuses:
            self._request("BYE", 2)
        else:
            self._request("CANCEL", 1)
        self._end()

    def close(self) -> None:
        """No sound any more, and nothing is heard."""
        self._end()
        self._transport.close()

    def _end(self) -> None:
        if not self.audio.ended:
            self.audio.close()
        self.over = True

    def _request(self, method: str, cseq: int, sdp: str = "") -> None:
        branch = f"z9hG4bK{id(self)}" + ("" if method in ("INVITE", "CANCEL") else method)
        lines = (
            f"{method} {self._uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._host}:{self._port};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: {self._from}",
            f"To: {self._called}{'' if method in ('INVITE', 'CANCEL') else self._tag}",
            f"Call-ID: {id(self)}-{self._port}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:caller@{self._host}:{self._port}>",
            *([self._more] if self._more else []),
            *(["Content-Type: application/sdp"] if sdp else []),
            f"Content-Length: {len(sdp)}",
        )
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + sdp).encode(), self._to)


class Callers:
    """Those who call one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._calls: list[Caller] = []

    async def call(
        self, caller: str, called: str, hz: float = 700, *, host: str = "127.0.0.1", more: str = ""
    ) -> Caller:
        """A call from that address of this machine."""
        loop = asyncio.get_running_loop()
        _, made = await loop.create_datagram_endpoint(
            lambda: Caller(self._port, caller, called, hz, more=more), local_addr=(host, 0)
        )
        self._calls.append(made)
        return made

    async def call_until_taken(self, caller: str, called: str) -> Caller:
        """Calls again for as long as the campaign does not run yet."""
        while True:
            made = await self.call(caller, called)
            await eventually(lambda made=made: made.statuses and made.statuses[-1] >= 200)  # type: ignore[misc]
            if 480 not in made.statuses:
                return made

    def close(self) -> None:
        """Nobody calls any more."""
        for each in self._calls:
            each.close()


@contextmanager
def callers(port: int) -> Iterator[Callers]:
    """People who call that port."""
    made = Callers(port)
    try:
        yield made
    finally:
        made.close()
