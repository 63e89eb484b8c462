"""Sends text messages over SMPP 3.4, on one connection that is kept, and hears what comes back on it."""

import asyncio
import contextlib
import ssl
import zlib
from itertools import count

import structlog

from campaigns.core import sms
from campaigns.messaging import smpp_pdu as pdu
from campaigns.messaging.options import SmppOptions
from campaigns.messaging.port import (
    Accepted,
    ChannelDown,
    FateUnknown,
    Listener,
    Outgoing,
    PermanentFailure,
    Receipt,
    Reply,
    Secrets,
    SendError,
    TemporaryFailure,
)
from campaigns.messaging.smpp_pdu import Address, Delivery, MalformedPdu, Pdu

_LAST_SEQUENCE = 0x7FFFFFFF

log = structlog.get_logger("smpp")


class SmppDriver:
    """One message centre, as a transceiver."""

    deduplicates = False

    def __init__(self, options: SmppOptions, secrets: Secrets, listener: Listener) -> None:
        self.lanes = options.window
        self._options = options
        self._password = secrets[options.password_secret] if options.password_secret else ""
        self._listener = listener
        self._connecting = asyncio.Lock()
        self._session: _Session | None = None

    async def send(self, outgoing: Outgoing) -> Accepted:
        """See `Driver`. The id is the last part's, for which the receipt comes."""
        options = self._options
        message = sms.encode(outgoing.body_text)
        if message.segments > sms.MOST_SEGMENTS:
            raise PermanentFailure("too-long")
        bodies = pdu.submit(
            Address.of(outgoing.sender),
            Address.of(outgoing.to_address),
            message,
            payload=options.long_messages == "payload",
            receipt=options.receipts,
            reference=zlib.crc32(outgoing.token.encode()) & 0xFF,
        )
        session = await self._bound()
        name = ""
        for n, body in enumerate(bodies):
            try:
                answer = await session.ask(pdu.SUBMIT_SM, body)
                _require_accepted(answer)
            except FateUnknown:
                raise
            except SendError as error:
                # What is on its way cannot be called back, and must not go a second time.
                raise (PermanentFailure(f"partly-sent: {error.reason}") if n else error) from error
            name = pdu.message_id(answer.body)
        return Accepted(_in_receipts(name, options.receipt_ids))

    async def keep(self) -> None:
        """See `Driver`: receipts come only while there is a connection."""
        await self._bound()

    async def check(self) -> None:
        """See `Driver`."""
        session = await self._bound()
        try:
            await session.ask(pdu.ENQUIRE_LINK)
        except FateUnknown as error:
            raise ChannelDown(error.reason) from error

    async def close(self) -> None:
        """See `Driver`."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _bound(self) -> "_Session":
        """The session; a new one where there is none that lives. Raises ChannelDown."""
        async with self._connecting:
            if self._session is not None and self._session.alive:
                return self._session
            if self._session is not None:
                await self._session.close()
                self._session = None
            self._session = await self._connected()
            return self._session

    async def _connected(self) -> "_Session":
        options = self._options
        try:
            async with asyncio.timeout(options.timeout_s):
                reader, writer = await asyncio.open_connection(
                    options.host, options.port, ssl=_context(options) if options.tls else None
                )
        except (OSError, TimeoutError) as error:
            raise ChannelDown(_short(error)) from error
        session = _Session(reader, writer, options, self._listener)
        try:
            answer = await session.ask(
                pdu.BIND_TRANSCEIVER, pdu.bind(options.system_id, self._password, options.system_type)
            )
        except SendError as error:
            await session.close()
            raise ChannelDown(error.reason) from error
        if answer.status != pdu.OK:
            await session.close()
            raise ChannelDown(f"bind refused: 0x{answer.status:08x}")
        session.watch()
        return session


class _Session:
    """A connection: who asks gets the answer of the same number."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        options: SmppOptions,
        listener: Listener,
    ) -> None:
        self.alive = True
        self._reader, self._writer = reader, writer
        self._options = options
        self._listener = listener
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._window = asyncio.Semaphore(options.window)
        self._tasks = {asyncio.create_task(self._read(), name="smpp-reader")}

    def watch(self) -> None:
        """Asks now and then whether the other side is still there."""
        self._tasks.add(asyncio.create_task(self._watch(), name="smpp-watch"))

    async def ask(self, command: int, body: bytes = b"") -> Pdu:
        """Sends a request and waits for its answer.

        Raises ChannelDown where it was not sent, and FateUnknown where no answer came.
        """
        async with self._window if command == pdu.SUBMIT_SM else contextlib.nullcontext():
            if not self.alive:
                raise ChannelDown("disconnected")
            sequence = next(self._numbers) % _LAST_SEQUENCE or 1
            answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
            self._waiting[sequence] = answer
            try:
                async with asyncio.timeout(self._options.timeout_s):
                    await self._write(Pdu(command, pdu.OK, sequence, body))
                    return await answer
            except (OSError, TimeoutError) as error:
                self._lose()
                raise FateUnknown(_short(error)) from error
            finally:
                self._waiting.pop(sequence, None)

    async def close(self) -> None:
        """Unbinds, as far as the other side listens."""
        if self.alive:
            with contextlib.suppress(SendError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.ask(pdu.UNBIND)
        self._lose()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

    async def _write(self, packet: Pdu) -> None:
        self._writer.write(packet.to_bytes())
        await self._writer.drain()

    async def _read(self) -> None:
        try:
            while True:
                header = await self._reader.readexactly(pdu.HEADER_BYTES)
                rest = await self._reader.readexactly(pdu.length_of(header) - pdu.HEADER_BYTES)
                await self._take(pdu.parse(header + rest))
        except (OSError, asyncio.IncompleteReadError, MalformedPdu) as error:
            log.info("connection to a message centre ended", error=_short(error))
        finally:
            self._lose()

    async def _take(self, packet: Pdu) -> None:
        if packet.command & pdu.ANSWER:
            waiting = self._waiting.get(packet.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(packet)
        elif packet.command == pdu.DELIVER_SM:
            # Telling takes the database, and other answers must not wait for that.
            task = asyncio.create_task(self._deliver(packet), name="smpp-deliver")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif packet.command in (pdu.ENQUIRE_LINK, pdu.UNBIND):
            await self._write(Pdu(packet.command | pdu.ANSWER, pdu.OK, packet.sequence))
            if packet.command == pdu.UNBIND:
                self._lose()
        else:
            await self._write(Pdu(pdu.GENERIC_NACK, 0x03, packet.sequence))

    async def _deliver(self, packet: Pdu) -> None:
        """Passes on what came; it is taken only when whoever is told has taken it."""
        status = pdu.OK
        try:
            await self._tell(pdu.delivery(packet.body))
        except MalformedPdu as error:
            # It would come again for ever.
            log.warning("a message centre sent what cannot be read", error=str(error))
        except Exception as error:  # noqa: BLE001 - the other side keeps it and brings it again
            log.error("what a message centre sent waits", error=str(error))
            status = pdu.TRY_LATER
        with contextlib.suppress(OSError):
            await self._write(Pdu(pdu.DELIVER_SM | pdu.ANSWER, status, packet.sequence, b"\0"))

    async def _tell(self, came: Delivery) -> None:
        if not came.receipt_of:
            await self._listener.replied(Reply(came.source, came.destination, came.text))
        elif came.verdict:
            await self._listener.received(Receipt(came.verdict, came.reason, provider_id=came.receipt_of))

    async def _watch(self) -> None:
        while self.alive:
            await asyncio.sleep(self._options.enquire_link_s)
            with contextlib.suppress(SendError):
                await self.ask(pdu.ENQUIRE_LINK)

    def _lose(self) -> None:
        """Nobody gets an answer any more."""
        self.alive = False
        self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("disconnected"))


def _require_accepted(answer: Pdu) -> None:
    """Raises TemporaryFailure and PermanentFailure."""
    if answer.status == pdu.OK:
        return
    reason = f"0x{answer.status:08x}"
    if pdu.is_temporary(answer.status):
        raise TemporaryFailure(reason)
    raise PermanentFailure(reason, unusable=answer.status == pdu.BAD_ADDRESS)


def _in_receipts(name: str, form: str) -> str:
    """A message's name as receipts write it."""
    if form == "decimal":
        with contextlib.suppress(ValueError):
            return str(int(name, 16))
    return name


def _context(options: SmppOptions) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=options.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ChannelDown("ca-file-unreadable") from error


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
