"""Sends mail by SMTP (RFC 5321), over connections that are kept."""

import asyncio
import contextlib
import re
import ssl
from pathlib import Path

import aiosmtplib
from aiosmtplib import SMTP

from campaigns.core.bounce import leads_nowhere
from campaigns.messaging.mime import address_of, compose, on_the_wire
from campaigns.messaging.options import SmtpOptions
from campaigns.messaging.port import (
    Accepted,
    ChannelDown,
    Clock,
    FateUnknown,
    Outgoing,
    PermanentFailure,
    Secrets,
    TemporaryFailure,
)

_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_NO_MAILBOX = (550, 551, 553)
"""Of RCPT: mailbox unavailable, not local, name not allowed (RFC 5321, 4.2.3)."""
_TRANSACTIONS = 100
"""After so many messages a connection is made anew: some servers want that."""


class SmtpDriver:
    """One mail server. Not safe for several event loops."""

    deduplicates = False

    def __init__(self, options: SmtpOptions, secrets: Secrets, now: Clock) -> None:
        self.lanes = options.connections
        self._options = options
        self._password = secrets[options.password_secret] if options.password_secret else ""
        self._now = now
        self._idle: list[tuple[SMTP, int]] = []
        self._room = asyncio.Semaphore(options.connections)

    async def send(self, outgoing: Outgoing) -> Accepted:
        """See `Driver`. The id is the server's answer to the whole message."""
        content = compose(outgoing, self._now())
        async with self._room:
            while self._idle:
                # One that was kept may have been closed by the other side meanwhile, which is no failure.
                with contextlib.suppress(ChannelDown):
                    return await self._over(self._idle.pop(), outgoing, content)
            return await self._over((await self._connected(), 0), outgoing, content)

    async def keep(self) -> None:
        """See `Driver`."""

    async def check(self) -> None:
        """See `Driver`."""
        server = await self._connected()
        try:
            await server.noop()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise ChannelDown(_short(error)) from error
        finally:
            await _bye(server)

    async def close(self) -> None:
        """See `Driver`."""
        idle, self._idle = self._idle, []
        for server, _ in idle:
            await _bye(server)

    async def _over(self, kept: tuple[SMTP, int], outgoing: Outgoing, content: bytes) -> Accepted:
        """Sends over one connection, and keeps that for the next message where it is fit for it."""
        server, used = kept
        try:
            accepted = Accepted(await self._transaction(server, outgoing, content))
        except (TemporaryFailure, PermanentFailure):
            await _reset(server)
            self._keep(server, used)
            raise
        except BaseException:
            server.close()
            raise
        self._keep(server, used)
        return accepted

    def _keep(self, server: SMTP, used: int) -> None:
        if server.is_connected and used + 1 < _TRANSACTIONS:
            self._idle.append((server, used + 1))
        else:
            server.close()

    async def _transaction(self, server: SMTP, outgoing: Outgoing, content: bytes) -> str:
        to = on_the_wire(address_of(outgoing.to_address))
        bounce = self._options.bounce_address.replace("{token}", outgoing.token)
        sender = bounce or on_the_wire(address_of(outgoing.sender))
        dsn = server.supports_extension("dsn")
        try:
            await server.mail(sender, options=["RET=HDRS", f"ENVID={outgoing.token}"] if dsn else [])
            options = ["NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{_xtext(to)}"] if dsn else []
            await server.rcpt(to, options=options)
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            # Nothing of the message has been sent yet.
            raise ChannelDown(_short(error)) from error
        try:
            answer = await server.data(content)
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise FateUnknown(_short(error)) from error
        return answer.message[:255]

    async def _connected(self) -> SMTP:
        options = self._options
        server = SMTP(
            hostname=options.host,
            local_hostname=options.own_name or None,
            port=options.port,
            timeout=options.timeout_s,
            use_tls=options.security == "tls",
            start_tls=options.security == "starttls",
            tls_context=_context(options) if options.security != "none" else None,
            username=options.user or None,
            password=self._password or None,
        )
        try:
            await server.connect()
            if server.is_ehlo_or_helo_needed:
                await server.ehlo()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            server.close()
            raise ChannelDown(_short(error)) from error
        return server


def _context(options: SmtpOptions) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(Path(options.ca_file)) if options.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise ChannelDown("ca-file-unreadable") from error


async def _reset(server: SMTP) -> None:
    """Clears a transaction that was refused, so that the next one can begin."""
    try:
        await server.rset()
    except (aiosmtplib.SMTPException, OSError):
        server.close()


async def _bye(server: SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        if server.is_connected:
            await server.quit()
    server.close()


def _refusal(error: aiosmtplib.SMTPResponseException) -> TemporaryFailure | PermanentFailure:
    status = _enhanced(error.message)
    reason = status or str(error.code)
    if error.code == 421:
        return ChannelDown(reason)
    if error.code < 500:
        return TemporaryFailure(reason)
    at_recipient = isinstance(error, aiosmtplib.SMTPRecipientRefused)
    unusable = at_recipient and (leads_nowhere(status) if status else error.code in _NO_MAILBOX)
    return PermanentFailure(reason, unusable=unusable)


def _enhanced(text: str) -> str:
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _xtext(text: str) -> str:
    """As RFC 3461, 4 writes what may hold anything."""
    return "".join(each if "!" <= each <= "~" and each not in "+=" else f"+{ord(each):02X}" for each in text)
