"""100,000 mails through a local mail server, while whoever sends them is killed: none twice, none lost.

The sender is a process of its own, on SQLite or PostgreSQL, and gets a SIGKILL when so many mails have
arrived. The next one goes on. In the end each message is accounted for: what is `sent` arrived once, and
what arrived though nobody has recorded it is `unknown`, by name.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel, insert, select

from campaigns.messaging.sending import CLAIM
from campaigns.stores.shared import Sessions
from campaigns.tables import Message
from dialer.database import opened
from leads.stores.shared import chunks
from leads.tables import Consent, Lead, Phone
from tests.campaigns.outgoing import AGREED, Outbox, add_channel, address, mail, outbox, queue
from tests.campaigns.seeds import NOW
from tests.mail_server import MailServer, mail_server
from tests.servers import postgresql
from tests.support import eventually

_LATER_S = CLAIM.total_seconds() + 60
_AN_HOUR_S = 3600


def main() -> int:
    """0 where every message is accounted for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--kill-at", type=float, default=0.5, help="The share that has arrived by then.")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    with _database(given.database) as url:
        return asyncio.run(_measure(url, given.messages, int(given.messages * given.kill_at)))


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "postgresql":
        with postgresql() as server:
            yield f"{server}/postgres"
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite+aiosqlite:///{Path(folder) / 'messages.db'}"


async def _measure(url: str, messages: int, kill_at: int) -> int:
    async with opened(url) as database, mail_server() as server:
        await database.migrate()
        of = await _seeded(database.sessions, messages)
        began = time.monotonic()
        added = await queue(database.sessions, [mail(of, place) for place in range(messages)])
        print(f"{added:,} messages are in line, {added / (time.monotonic() - began):,.0f} a second")
        options = {"host": "127.0.0.1", "port": server.port, "security": "none", "own_name": "dialer.example"}
        await add_channel(database.sessions, of.client_id, **options)
        rates = [
            await _sent(url, server, kill_at, 0.0, kill=True),
            await _sent(url, server, messages, _LATER_S),
        ]
        print(f"sent before and after the kill: {rates[0]:,.0f} and {rates[1]:,.0f} mails a second")
        return await _accounted(database.sessions, server, messages)


async def _sent(url: str, server: MailServer, until: int, later_s: float, *, kill: bool = False) -> float:
    """Has a process send until so many mails have arrived, or it ends; mails a second from the first on."""
    before = len(server.content)
    words = [sys.executable, "-m", "tests.campaigns.message_worker", url, str(later_s)]
    sender = subprocess.Popen(words, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - it is short
    await eventually(lambda: len(server.content) > before or sender.poll() is not None, _AN_HOUR_S)
    began = time.monotonic()
    if kill:
        await eventually(lambda: len(server.content) >= until, _AN_HOUR_S)
        sender.kill()
    await asyncio.to_thread(sender.wait)
    return (len(server.content) - before) / (time.monotonic() - began)


async def _accounted(sessions: Sessions, server: MailServer, messages: int) -> int:
    arrived = Counter(
        each.split(b"Message-ID: <", 1)[1].split(b"@", 1)[0].decode() for each in server.content
    )
    async with sessions() as session:
        found = (await session.exec(select(Message.id, Message.token, Message.state))).all()
    states = Counter(state for _, _, state in found)
    twice = sum(times > 1 for times in arrived.values())
    lost = sum(state == "sent" and token not in arrived for _, token, state in found)
    open_ones = messages - states["sent"] - states["unknown"]
    unknown = [(number, token) for number, token, state in found if state == "unknown"]
    went = sum(token in arrived for _, token in unknown)
    print(f"states: {dict(states)}; arrived twice: {twice}; recorded and not arrived: {lost}")
    print(f"unknown: {len(unknown)}, of which {went} had arrived: {[number for number, _ in unknown]}")
    return int(bool(twice or lost or open_ones))


async def _seeded(sessions: Sessions, count: int) -> Outbox:
    """As `outbox`, in bulk: the first lead is copied."""
    of = await outbox(sessions)
    async with sessions() as session, session.begin():
        lead, phone = await session.get(Lead, of.lead_ids[0]), (await session.exec(select(Phone))).one()
        assert lead is not None
        first = lead.id
        like, at = (
            lead.model_dump(exclude={"id", "email"}),
            phone.model_dump(exclude={"id", "lead_id", "e164"}),
        )
        numbers = range(1, count)
        await _insert(session, Lead, [like | {"id": first + n, "email": address(n)} for n in numbers])
        e164 = [f"+1202{5_550_000 + n}" if n < 10_000 else f"+1202{2_000_000 + n}" for n in numbers]
        pairs = list(zip(numbers, e164, strict=True))
        await _insert(session, Phone, [at | {"lead_id": first + n, "e164": each} for n, each in pairs])
        agreed = {
            "client_id": of.client_id,
            "channel": "email",
            "basis": "express_written",
            "source": "a form",
        }
        agreed |= {"given_at": AGREED, "recorded_at": NOW, "withdrawn_source": ""}
        await _insert(session, Consent, [agreed | {"email": address(n)} for n in numbers])
    return Outbox(of.client_id, of.campaign_id, [first + n for n in range(count)])


async def _insert(session: Any, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    connection = await session.connection()
    for chunk in chunks(rows):
        await connection.execute(insert(table), list(chunk))


if __name__ == "__main__":
    sys.exit(main())
