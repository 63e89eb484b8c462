"""A nameserver (RFC 1035) that knows one carrier: its SRV record (RFC 2782) and the address of its host."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

DOMAIN, HOST = "carrier.test", "a.carrier.test"
_A, _SRV = 1, 33
_ANSWER = 0x8580
_NO_SUCH_NAME = 0x8583


class Nameserver(asyncio.DatagramProtocol):
    """Knows the carrier's SRV and address records, and says of all else that there is none."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: list[tuple[str, int]] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        assert self._transport is not None
        (number,) = struct.unpack_from("!H", data)
        name, end = _name(data)
        (kind,) = struct.unpack_from("!H", data, end)
        self.asked.append((name, kind))
        answer = self._record(name, kind)
        head = struct.pack("!6H", number, _ANSWER if answer else _NO_SUCH_NAME, 1, bool(answer), 0, 0)
        self._transport.sendto(head + data[12 : end + 4] + answer, source)

    def _record(self, name: str, kind: int) -> bytes:
        if (name, kind) == (f"_sip._udp.{DOMAIN}", _SRV):
            content = struct.pack("!3H", 1, 1, self._port) + _encoded(HOST)
        elif (name, kind) == (HOST, _A):
            content = bytes([127, 0, 0, 1])
        else:
            return b""
        # A pointer to the question's name, then kind, class and seconds to live.
        return struct.pack("!3HIH", 0xC00C, kind, 1, 60, len(content)) + content


def _name(data: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


@asynccontextmanager
async def nameserver(address: str, port: int) -> AsyncIterator[Nameserver]:
    """On port 53 of an address of loopback; the carrier's SRV record names `port`."""
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Nameserver(port), local_addr=(address, 53)
    )
    try:
        yield protocol
    finally:
        transport.close()
