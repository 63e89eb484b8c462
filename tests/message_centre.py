"""A message centre on loopback that speaks SMPP 3.4, with packets made and read by another implementation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmpplib import PhoneNumber
from aiosmpplib.protocol import BindTransceiver, DeliverSm, SmppMessage, SubmitSm
from aiosmpplib.state import NPI, TON, SmppCommand

OK, THROTTLED, BAD_ADDRESS, BIND_FAILED = 0x00, 0x58, 0x0B, 0x0D
_ANSWER = 0x80000000


@dataclass
class MessageCentre:
    """What it got. `statuses` is how the next submissions are answered; None drops the connection."""

    port: int = 0
    password: str = "secret"  # noqa: S105
    submitted: list[SubmitSm] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    statuses: list[int | None] = field(default_factory=list)
    binds: int = 0
    links_enquired: int = 0
    answers: list[tuple[int, int]] = field(default_factory=list)
    """To what it delivered: number and status."""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.writers.append(writer)
        try:
            while True:
                header = await reader.readexactly(16)
                length = int.from_bytes(header[:4], "big")
                packet = header + await reader.readexactly(length - 16)
                if not self._answer(packet, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def deliver(self, message: DeliverSm) -> None:
        """Sends a receipt or a text over the newest connection."""
        self.writers[-1].write(message.pdu())
        await self.writers[-1].drain()

    def _answer(self, packet: bytes, writer: asyncio.StreamWriter) -> bool:
        command = int.from_bytes(packet[4:8], "big")
        number = packet[12:16]
        if command & _ANSWER:
            self.answers.append((int.from_bytes(number, "big"), int.from_bytes(packet[8:12], "big")))
            return True
        status, body = OK, b""
        header = SmppMessage.parse_header(packet[:16])
        if command == SmppCommand.BIND_TRANSCEIVER:
            self.binds += 1
            bind = BindTransceiver.from_pdu(packet, header)
            assert isinstance(bind, BindTransceiver)
            status, body = OK if bind.password == self.password else BIND_FAILED, b"centre\0"
        elif command == SmppCommand.SUBMIT_SM:
            said = self.statuses.pop(0) if self.statuses else OK
            if said is None:
                return False
            submission = SubmitSm.from_pdu(packet, header, "gsm0338")
            assert isinstance(submission, SubmitSm)
            self.submitted.append(submission)
            self.bodies.append(packet[16:])
            status, body = said, f"id-{len(self.submitted):x}\0".encode()
        elif command == SmppCommand.ENQUIRE_LINK:
            self.links_enquired += 1
        answer = (command | _ANSWER).to_bytes(4, "big") + status.to_bytes(4, "big") + number + body
        writer.write((len(answer) + 4).to_bytes(4, "big") + answer)
        return command != SmppCommand.UNBIND


def receipt(name: str, state: str, number: int) -> DeliverSm:
    """A delivery receipt, with the text that appendix B of the specification has."""
    text = (
        f"id:{name} sub:001 dlvrd:001 submit date:2611231500 done date:2611231501 stat:{state} err:00A text:"
    )
    return _delivery(text, number, esm_class=0b00000100)


def text(content: str, number: int) -> DeliverSm:
    """A person's answer."""
    return _delivery(content, number, esm_class=0)


def _delivery(content: str, number: int, *, esm_class: int) -> DeliverSm:
    message = DeliverSm(
        sequence_num=number,
        short_message=content,
        source=PhoneNumber("12025550123", TON.INTERNATIONAL, NPI.ISDN),
        destination=PhoneNumber("12025550100", TON.INTERNATIONAL, NPI.ISDN),
        esm_class=esm_class,
    )
    message.set_encoding_info("gsm0338", None)
    return message


@asynccontextmanager
async def message_centre() -> AsyncIterator[MessageCentre]:
    """A message centre that runs."""
    centre = MessageCentre()
    server = await asyncio.start_server(centre.serve, "127.0.0.1", 0)
    centre.port = server.sockets[0].getsockname()[1]
    try:
        yield centre
    finally:
        server.close()
        for each in centre.writers:
            each.close()
        await server.wait_closed()
