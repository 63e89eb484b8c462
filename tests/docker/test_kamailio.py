"""The registrar of docker/kamailio, as it is: who may register, and who may call whom."""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import psutil
import pytest

from dialer.simulation.options import SoftphonesOptions
from dialer.simulation.processes import SimulatedSoftphones
from dialer.switch.link import SwitchLink
from dialer.switch.messages import AnyEvent, HangUpLeg, LegAnswered, LegEnded, PlaceLeg
from tests.dialer.switch.conftest import switch_options
from tests.servers import free_port
from tests.support import eventually

START = Path(__file__).parents[2] / "docker" / "kamailio" / "start"
DIALER, STRANGER, FAR_AWAY = "127.0.0.1", "127.0.0.2", "127.0.0.3"
NOWHERE = "10.255.255.1:5060"
"""What a softphone behind NAT takes for its address."""


# --- the registrar ----------------------------------------------------------------------------------


@dataclass
class Registrar:
    """A Kamailio that runs: the dialer's port, the softphones' port, and the softphones' password."""

    process: asyncio.subprocess.Process
    port: int
    public_port: int
    password: str

    def uri(self, user: str) -> str:
        """Where the dialer calls a softphone."""
        return f"sip:{user}@127.0.0.1:{self.port}"

    def processes(self) -> list[psutil.Process]:
        """Kamailio and its children that live."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def listens(self) -> bool:
        """Whether both ports are open; fails where it has ended."""
        assert self.process.returncode is None, "kamailio did not start"
        ports = {each.laddr.port for each in psutil.Process(self.process.pid).net_connections("udp")}
        return ports >= {self.port, self.public_port}


def _environment(**settings: str) -> dict[str, str]:
    return os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"} | settings


@contextlib.asynccontextmanager
async def running(folder: Path, advertise: str = "") -> AsyncIterator[Registrar]:
    """A registrar for the dialer at 127.0.0.1; nothing is left of it."""
    password, secret = secrets.token_hex(16), folder / "password"
    secret.write_text(password + "\n")
    port, public_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    with (folder / "kamailio.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            START,
            env=_environment(
                REGISTRAR_CALLER=DIALER,
                REGISTRAR_HOST="127.0.0.1",
                REGISTRAR_PORT=str(port),
                REGISTRAR_PUBLIC_PORT=str(public_port),
                REGISTRAR_ADVERTISE=advertise,
                REGISTRAR_PASSWORD_FILE=str(secret),
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    started = Registrar(process, port, public_port, password)
    try:
        await eventually(started.listens)
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@pytest.fixture
async def registrar(tmp_path: Path) -> AsyncIterator[Registrar]:
    """A registrar that is reached where it listens."""
    async with running(tmp_path) as started:
        yield started


# --- a softphone made of nothing but datagrams --------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """A SIP message as it came."""

    text: str

    @property
    def start(self) -> str:
        return self.text.partition("\r\n")[0]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    def headers(self, name: str) -> list[str]:
        head = self.text.partition("\r\n\r\n")[0]
        return re.findall(rf"(?im)^{name}:\s*(.*?)\s*$", head)

    def header(self, name: str) -> str:
        return self.headers(name)[0]


class Phone(asyncio.DatagramProtocol):
    """Registers, calls and answers, one message at a time."""

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar
        self._transport: asyncio.DatagramTransport | None = None
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self.address = ""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.address = "{}:{}".format(*transport.get_extra_info("sockname"))

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        self._messages.put_nowait(Message(data.decode()))

    def send(self, start: str, *headers: str, body: str = "") -> None:
        """Sends a message to the registrar's port for softphones."""
        assert self._transport is not None
        text = "\r\n".join([start, *headers, f"Content-Length: {len(body)}", "", body])
        self._transport.sendto(text.encode(), ("127.0.0.1", self._registrar.public_port))

    async def next(self, start: str, within_s: float = 5) -> Message:
        """The next message that begins so; others are passed over."""
        async with asyncio.timeout(within_s):
            while not (message := await self._messages.get()).start.startswith(start):
                pass
        return message

    async def ask(self, method: str, uri: str, to: str, *headers: str) -> Message:
        """Sends a request of its own dialog and waits for its final reply."""
        call = uuid.uuid4().hex
        self.send(
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{call}",
            f"From: <sip:someone@127.0.0.1>;tag={call}",
            f"To: {to}",
            f"Call-ID: {call}",
            f"CSeq: 1 {method}",
            "Max-Forwards: 70",
            *headers,
        )
        while (reply := await self.next("SIP/2.0")).status < 200 or reply.header("Call-ID") != call:
            pass
        return reply

    async def register(
        self, user: str, password: str | None, *, login: str = "", contact: str = "", expires: int = 60
    ) -> Message:
        """Registers with digest credentials, or without any; returns the last reply."""
        to = f"<sip:{user}@127.0.0.1>"
        headers = [f"Contact: <sip:{user}@{contact or self.address}>", f"Expires: {expires}"]
        reply = await self.ask("REGISTER", "sip:127.0.0.1", to, *headers)
        if password is None or reply.status != 401:
            return reply
        challenge = dict(re.findall(r'(\w+)="?([^",]+)', reply.header("WWW-Authenticate")))
        credentials = _digest(challenge, login or user, password)
        return await self.ask("REGISTER", "sip:127.0.0.1", to, *headers, credentials)

    def answer(self, invite: Message, contact: str) -> None:
        """200 with audio."""
        host = self.address.partition(":")[0]
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
        )
        same = ("Via", "Record-Route", "From", "Call-ID", "CSeq")
        copied = [f"{name}: {value}" for name in same for value in invite.headers(name)]
        self.send(
            "SIP/2.0 200 OK",
            *copied,
            f"To: {invite.header('To')};tag=phone",
            f"Contact: <sip:agent1@{contact}>",
            "Content-Type: application/sdp",
            body=body,
        )

    def leave(self, invite: Message) -> None:
        """BYE to the caller, by the way that the INVITE came."""
        target = invite.header("Contact").partition("<")[2].partition(">")[0]
        self.send(
            f"BYE {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{uuid.uuid4().hex}",
            *(f"Route: {value}" for value in invite.headers("Record-Route")),
            f"From: {invite.header('To')};tag=phone",
            f"To: {invite.header('From')}",
            f"Call-ID: {invite.header('Call-ID')}",
            "CSeq: 7 BYE",
            "Max-Forwards: 70",
        )


def _digest(challenge: dict[str, str], user: str, password: str) -> str:
    """RFC 2617 section 3.2.2, qop auth."""

    def hashed(*parts: str) -> str:
        return md5(":".join(parts).encode()).hexdigest()  # noqa: S324 - the protocol's choice

    realm, nonce, uri = challenge["realm"], challenge["nonce"], "sip:127.0.0.1"
    secret = hashed(user, realm, password)
    response = hashed(secret, nonce, "00000001", "c0ffee", "auth", hashed("REGISTER", uri))
    return (
        f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'qop=auth, nc=00000001, cnonce="c0ffee", response="{response}", algorithm=MD5'
    )


@contextlib.asynccontextmanager
async def phone(registrar: Registrar, host: str) -> AsyncIterator[Phone]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Phone(registrar), local_addr=(host, 0)
    )
    try:
        yield protocol
    finally:
        transport.close()


# --- the dialer ---------------------------------------------------------------------------------------


class Dialer:
    """A switch, with the test in its engine's place."""

    def __init__(self, folder: Path) -> None:
        self.events: list[AnyEvent] = []
        self.link = SwitchLink(switch_options(folder), self._hear, lambda: None)

    def _hear(self, event: AnyEvent) -> None:
        self.events.append(event)
        self.link.acknowledge(event.seq)

    def call(self, uri: str) -> str:
        """Places an agent's leg and returns its name."""
        leg = uuid.uuid4().hex
        self.link.send(PlaceLeg(leg, "agent", uri, "+15550100", ring_timeout_s=5))
        return leg

    async def answered(self, leg: str) -> None:
        """Waits for the answer; a refusal fails at once."""
        found = await eventually(lambda: self._of(leg, LegAnswered, LegEnded))
        assert isinstance(found, LegAnswered), found

    async def ended(self, leg: str) -> LegEnded:
        """How the leg ended."""
        found = await eventually(lambda: self._of(leg, LegEnded))
        assert isinstance(found, LegEnded)
        return found

    def _of(self, leg: str, *kinds: type[AnyEvent]) -> AnyEvent | None:
        return next((each for each in self.events if isinstance(each, kinds) and each.leg == leg), None)


@pytest.fixture
async def dialer(tmp_path: Path) -> AsyncIterator[Dialer]:
    """A dialer at 127.0.0.1."""
    started = Dialer(tmp_path)
    await started.link.start()
    try:
        yield started
    finally:
        await started.link.stop()


# --- who may register -----------------------------------------------------------------------------------


async def test_only_who_knows_the_password_registers(registrar: Registrar) -> None:
    async with phone(registrar, FAR_AWAY) as softphone:
        unknown = await softphone.register("agent1", None)
        assert unknown.status == 401
        assert unknown.header("WWW-Authenticate").startswith("Digest ")
        assert (await softphone.register("agent1", "guessed")).status == 401
        assert (await softphone.register("agent1", "")).status == 401
        registered = await softphone.register("agent1", registrar.password)
        assert registered.status == 200
        assert softphone.address in registered.header("Contact")


async def test_nobody_registers_the_address_of_somebody_else(registrar: Registrar, dialer: Dialer) -> None:
    async with phone(registrar, FAR_AWAY) as softphone:
        reply = await softphone.register("agent1", registrar.password, login="agent2")
        assert reply.status == 403
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 480


async def test_a_softphone_that_was_started_again_takes_its_own_place(
    registrar: Registrar, dialer: Dialer
) -> None:
    async with phone(registrar, FAR_AWAY) as before, phone(registrar, FAR_AWAY) as after:
        for softphone in (before, after):
            assert (await softphone.register("agent1", registrar.password)).status == 200
        leg = dialer.call(registrar.uri("agent1"))
        after.answer(await after.next("INVITE"), after.address)
        await dialer.answered(leg)
        with pytest.raises(TimeoutError):
            await before.next("INVITE", within_s=0.1)


# --- who may call -----------------------------------------------------------------------------------------


async def test_the_dialer_calls_a_registered_softphone_and_no_other(
    registrar: Registrar, dialer: Dialer
) -> None:
    async with (
        SimulatedSoftphones(SoftphonesOptions(1)) as softphones,
        phone(registrar, FAR_AWAY) as desk,
    ):
        contact = f"127.0.0.1:{softphones.port}"
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 480
        assert (await desk.register("agent1", registrar.password, contact=contact)).status == 200
        first = dialer.call(registrar.uri("agent1"))
        await dialer.answered(first)
        dialer.link.send(HangUpLeg(first))
        await eventually(lambda: softphones.events_of("ended"))
        assert (await dialer.ended(first)).ended_by == "engine"

        second = dialer.call(registrar.uri("agent1"))
        await dialer.answered(second)
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 486
        await softphones.close()
        assert (await dialer.ended(second)).ended_by == "far_end"

        assert (await desk.register("agent1", registrar.password, contact=contact, expires=0)).status == 200
        assert (await dialer.ended(dialer.call(registrar.uri("agent1")))).status == 480


async def test_a_softphone_behind_nat_is_reached_and_heard(registrar: Registrar, dialer: Dialer) -> None:
    async with phone(registrar, FAR_AWAY) as softphone:
        assert (await softphone.register("agent1", registrar.password, contact=NOWHERE)).status == 200
        for leaves in ("softphone", "dialer"):
            leg = dialer.call(registrar.uri("agent1"))
            invite = await softphone.next("INVITE")
            softphone.answer(invite, NOWHERE)
            await softphone.next("ACK")
            await dialer.answered(leg)
            if leaves == "softphone":
                softphone.leave(invite)
                assert (await softphone.next("SIP/2.0")).status == 200
                assert (await dialer.ended(leg)).ended_by == "far_end"
            else:
                dialer.link.send(HangUpLeg(leg))
                await softphone.next("BYE")


async def test_each_end_of_a_call_is_told_the_address_that_it_can_reach(
    tmp_path: Path, dialer: Dialer
) -> None:
    advertised = "203.0.113.7:5070"
    async with running(tmp_path, advertised) as registrar, phone(registrar, FAR_AWAY) as softphone:
        assert (await softphone.register("agent1", registrar.password)).status == 200
        leg = dialer.call(registrar.uri("agent1"))
        invite = await softphone.next("INVITE")
        nearest, next_to_dialer = re.findall(r"<sip:([^;>]+)", ",".join(invite.headers("Record-Route")))
        assert (nearest, next_to_dialer) == (advertised, f"127.0.0.1:{registrar.port}")
        assert advertised in invite.headers("Via")[0]
        softphone.answer(invite, softphone.address)
        await softphone.next("ACK")
        softphone.leave(invite)
        assert (await dialer.ended(leg)).ended_by == "far_end"


async def test_nobody_but_the_dialer_calls_a_softphone(registrar: Registrar) -> None:
    async with phone(registrar, FAR_AWAY) as softphone, phone(registrar, STRANGER) as stranger:
        assert (await softphone.register("agent1", registrar.password)).status == 200
        uri = "sip:agent1@127.0.0.1"
        contact = f"Contact: <sip:stranger@{stranger.address}>"
        assert (await stranger.ask("INVITE", uri, f"<{uri}>", contact)).status == 403
        with pytest.raises(TimeoutError):
            await softphone.next("INVITE", within_s=0.1)


async def test_the_registrar_relays_for_no_stranger(registrar: Registrar) -> None:
    async with phone(registrar, FAR_AWAY) as target, phone(registrar, STRANGER) as stranger:
        uri, to = f"sip:agent1@{target.address}", "<sip:agent1@127.0.0.1>;tag=known"
        us = f"Route: <sip:127.0.0.1:{registrar.public_port};lr>"
        on = f"Route: <sip:{target.address};lr>"
        for method in ("INVITE", "BYE", "MESSAGE"):
            assert (await stranger.ask(method, uri, to, us)).status == 403
            assert (await stranger.ask(method, uri, to, us, on)).status == 404
            assert (await stranger.ask(method, uri, to)).status == 404
        assert (await stranger.ask("MESSAGE", uri, f"<{uri}>")).status == 405
        with pytest.raises(TimeoutError):
            await target.next("", within_s=0.1)


# --- the process ------------------------------------------------------------------------------------------


async def test_the_registrar_ends_with_its_children(registrar: Registrar) -> None:
    processes = registrar.processes()
    assert len(processes) > 1
    registrar.process.terminate()
    assert await registrar.process.wait() == 0
    await eventually(lambda: not any(_lives(each) for each in processes))


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("missing", ["REGISTRAR_PASSWORD_FILE", "REGISTRAR_CALLER"])
def test_a_registrar_without_its_settings_says_so_and_ends(tmp_path: Path, missing: str) -> None:
    (tmp_path / "password").write_text("secret")
    (tmp_path / "empty").touch()
    settings = {"REGISTRAR_CALLER": DIALER, "REGISTRAR_PASSWORD_FILE": str(tmp_path / "password")}
    settings[missing] = str(tmp_path / "empty") if missing.endswith("FILE") else ""
    result = subprocess.run([START], env=_environment(**settings), capture_output=True, text=True, timeout=10)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("registrar: error: ")
