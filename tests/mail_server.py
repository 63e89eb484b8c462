"""A mail server on loopback that keeps what it gets; an address says how it is to be treated."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

REFUSALS = {
    "gone": "550 5.1.1 No such mailbox",
    "nobody": "550 No such mailbox here",
    "full": "452 4.2.2 Mailbox full",
    "later": "450 Try again",
    "closing": "421 4.3.2 Closing",
}


@dataclass
class MailServer:
    """What it got, in order; `connections` is how many there were."""

    port: int = 0
    content: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    connections: int = 0
    logins: list[bytes] = field(default_factory=list)

    def mails(self) -> list[EmailMessage]:
        """The mails, parsed."""
        return [message_from_bytes(each, policy=policy.default) for each in self.content]  # type: ignore[misc]

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Refuses whom the address names."""
        if refusal := REFUSALS.get(address.partition("@")[0]):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keeps the mail, or does what the address says."""
        [to] = envelope.rcpt_tos
        if to.startswith("spam"):
            return "554 5.7.1 Not wanted"
        self.content.append(envelope.content)
        self.recipients.append(to)
        self.senders.append(envelope.mail_from)
        if to.startswith("drop"):
            server.transport.abort()
        return f"250 2.0.0 queued as {len(self.content)}"


@asynccontextmanager
async def mail_server(*, tls: ssl.SSLContext | None = None, login: bool = False) -> AsyncIterator[MailServer]:
    """A mail server; with `tls` it offers STARTTLS, and with `login` it wants ada's password, secret."""
    kept = MailServer()
    transports: set[asyncio.BaseTransport] = set()

    def known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        kept.logins.append(data.password)
        return AuthResult(success=data == LoginPassword(b"ada", b"secret"), handled=False)

    class Session(SMTP):
        def connection_made(self, transport: Any) -> None:
            kept.connections += 1
            transports.add(transport)
            super().connection_made(transport)

    def session() -> SMTP:
        return Session(
            kept,
            hostname="mx.example.com",
            tls_context=tls,
            enable_SMTPUTF8=True,
            auth_required=login,
            auth_require_tls=tls is not None,
            authenticator=known if login else None,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
        for each in transports:
            each.close()
        await server.wait_closed()
