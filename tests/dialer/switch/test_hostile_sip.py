"""What the network says, whatever its bytes, costs one call at most."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from dialer.switch.link import SwitchLink
from dialer.switch.messages import AnyEvent, LegEnded, PlaceLeg
from dialer.switch.options import EndpointOptions, SwitchOptions
from tests.support import eventually

REPEATED = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:")


class Answerer(asyncio.DatagramProtocol):
    """Answers every request with one status line and no decency."""

    def __init__(self, status_line: bytes) -> None:
        self._status_line = status_line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith(b"INVITE"):
            lines = [line for line in data.split(b"\r\n") if line.lower().startswith(REPEATED)]
            answer = b"\r\n".join([self._status_line, *lines, b"Content-Length: 0", b"", b""])
            self._transport.sendto(answer, addr)


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[tuple[SwitchLink, list[AnyEvent]]]:
    events: list[AnyEvent] = []
    options = SwitchOptions(tmp_path / "s", tmp_path / "switch.log", EndpointOptions(max_calls=4))

    def hear(event: AnyEvent) -> None:
        events.append(event)
        link.acknowledge(event.seq)

    link = SwitchLink(options, hear, lambda: None)
    await link.start()
    yield link, events
    await link.stop()


@pytest.mark.parametrize(
    ("status_line", "status"),
    [
        (b"SIP/2.0 486 Busy \xff\xfe", 486),
        (b"SIP/2.0 404 " + b"x" * 2000, 404),
        (b"SIP/2.0 603 \xf0\x9f\x98\x80 declined \xc3", 603),
    ],
)
async def test_a_refusal_in_any_words_is_a_refusal_and_the_switch_goes_on(
    switch: tuple[SwitchLink, list[AnyEvent]], status_line: bytes, status: int
) -> None:
    link, events = switch
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Answerer(status_line), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    try:
        for leg in ("call-1", "call-2"):
            assert link.send(PlaceLeg(leg, "customer", f"sip:1@127.0.0.1:{port}", "+12025550123", 15))
            ended = await eventually(
                lambda leg=leg: [each for each in events if isinstance(each, LegEnded) and each.leg == leg]
            )
            assert (ended[0].status, ended[0].ended_by) == (status, "far_end")
    finally:
        transport.close()


async def test_a_call_that_cannot_leave_this_machine_was_not_ended_by_the_far_end(
    switch: tuple[SwitchLink, list[AnyEvent]],
) -> None:
    link, events = switch
    link.send(PlaceLeg("call-1", "customer", "sip:1@192.0.2.1", "+12025550123", 15))
    ended = await eventually(lambda: [each for each in events if isinstance(each, LegEnded)])
    assert ended[0].ended_by == "switch"
