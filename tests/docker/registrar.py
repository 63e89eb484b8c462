"""The registrar of docker/kamailio as a process of its own, and a softphone made of nothing but datagrams."""

import asyncio
import contextlib
import os
import re
import signal
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path

import psutil

from campaigns.core.softphone import AT_OUR_REGISTRAR
from campaigns.service import add_agent
from campaigns.softphones import new_secret
from dialer.database import opened
from leads.tables import Client
from tests.servers import free_port
from tests.support import eventually

START = Path(__file__).parents[2] / "docker" / "kamailio" / "start"
DIALER = "127.0.0.1"

# --- the registrar ----------------------------------------------------------------------------------


@dataclass
class Registrar:
    """A Kamailio that runs: the dialer's port, those for softphones, and each agent's secret by its user."""

    process: asyncio.subprocess.Process
    port: int
    public_port: int
    tls_port: int
    secrets: dict[str, str]

    @property
    def password(self) -> str:
        """The first agent's secret."""
        return self.secrets["agent1"]

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


def environment_with(**settings: str) -> dict[str, str]:
    return os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"} | settings


async def accounts(database_url: str) -> dict[str, str]:
    """Makes two agents of two clients, and a third at a PBX; the secrets by user."""
    made: dict[str, str] = {}
    async with opened(database_url) as database:
        for client in ("acme", "other"):
            async with database.sessions() as session, session.begin():
                session.add(Client(slug=client, name=client))
            agent = await add_agent(database.sessions, client, "Anna", AT_OUR_REGISTRAR, datetime.now(UTC))
            account = await new_secret(database.sessions, agent)
            made[account.user] = account.secret
        await add_agent(database.sessions, "acme", "Bea", "sip:bea@pbx.example", datetime.now(UTC))
    return made


def known_to_kamailio(database_url: str) -> str:
    """The database as `start` wants it: a PostgreSQL URL without a driver, or the path of a SQLite file."""
    scheme, _, rest = database_url.partition("://")
    return rest.removeprefix("/") if scheme.startswith("sqlite") else f"postgresql://{rest}"


@contextlib.asynccontextmanager
async def running_registrar(
    folder: Path, database_url: str, secrets: dict[str, str], former: Registrar | None = None, **settings: str
) -> AsyncIterator[Registrar]:
    """A registrar for the dialer at 127.0.0.1, with the agents of a database; nothing is left of it.

    One that takes the place of a `former` one has its ports.
    """
    port, public_port, tls_port = (
        (former.port, former.public_port, former.tls_port)
        if former
        else (free_port(), free_port(), free_port())
    )
    with (folder / "kamailio.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            START,
            env=environment_with(
                REGISTRAR_CALLER=DIALER,
                REGISTRAR_HOST="127.0.0.1",
                REGISTRAR_PORT=str(port),
                REGISTRAR_PUBLIC_PORT=str(public_port),
                REGISTRAR_TLS_PORT=str(tls_port),
                REGISTRAR_DATABASE=known_to_kamailio(database_url),
                REGISTRAR_STATE_DIR=str(folder),
            )
            | settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    started = Registrar(process, port, public_port, tls_port, secrets)
    try:
        await eventually(started.listens)
        async with phone(started, DIALER) as probe:
            await probe.ask("OPTIONS", "sip:127.0.0.1", "<sip:127.0.0.1>")
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


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

    async def next(self, start: str, within_s: float = 20) -> Message:
        """The next message that begins so; others are passed over."""
        async with asyncio.timeout(within_s):
            while not (message := await self._messages.get()).start.startswith(start):
                pass
        return message

    async def ask(self, method: str, uri: str, to: str, *headers: str) -> Message:
        """Sends a request of its own dialog and waits for its final reply."""
        call = uuid.uuid4().hex
        self.send(f"{method} {uri} SIP/2.0", *self.head(method, to, call), *headers)
        while (reply := await self.next("SIP/2.0")).status < 200 or reply.header("Call-ID") != call:
            pass
        return reply

    def head(self, method: str, to: str, call: str = "") -> list[str]:
        """The headers that every request has."""
        call = call or uuid.uuid4().hex
        return [
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{call}",
            f"From: <sip:someone@127.0.0.1>;tag={call}",
            f"To: {to}",
            f"Call-ID: {call}",
            f"CSeq: 1 {method}",
            "Max-Forwards: 70",
        ]

    async def register(
        self,
        user: str,
        password: str | None,
        *,
        login: str = "",
        contact: str = "",
        expires: int = 60,
        challenged: Message | None = None,
    ) -> Message:
        """Registers with digest credentials, or without any; returns the last reply.

        `challenged`: the challenge that it answers, in place of its own.
        """
        to = f"<sip:{user}@127.0.0.1>"
        headers = [f"Contact: <sip:{user}@{contact or self.address}>", f"Expires: {expires}"]
        reply = await self.ask("REGISTER", "sip:127.0.0.1", to, *headers)
        if password is None or reply.status != 401:
            return reply
        challenge = dict(re.findall(r'(\w+)="?([^",]+)', (challenged or reply).header("WWW-Authenticate")))
        credentials = _digest(challenge, login or user, password)
        return await self.ask("REGISTER", "sip:127.0.0.1", to, *headers, credentials)

    def answer(self, invite: Message, contact: str) -> None:
        """200 with audio."""
        host = self.address.partition(":")[0]
        body = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
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
