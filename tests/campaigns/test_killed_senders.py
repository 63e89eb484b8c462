"""A process that sends messages and is killed in the middle: none is sent twice, and none is lost."""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

from campaigns.messaging.sending import CLAIM
from campaigns.stores.shared import Sessions
from tests.campaigns.outgoing import add_channel, mail, outbox, queue, rows
from tests.mail_server import mail_server
from tests.support import eventually

ROOT = Path(__file__).parent.parent.parent
MESSAGES = 500
KILLED_AFTER = (180,)
"""Mails that have arrived."""
LATER_S = CLAIM.total_seconds() + 60


def start(url: str, later_s: float) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "tests.campaigns.message_worker", url, str(later_s)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE)


async def test_no_message_is_sent_twice_or_lost(sessions: Sessions, database_url: str) -> None:
    of = await outbox(sessions, MESSAGES)
    assert await queue(sessions, [mail(of, place) for place in range(MESSAGES)]) == MESSAGES
    async with mail_server() as server:
        options = {"host": "127.0.0.1", "port": server.port, "security": "none", "own_name": "dialer.example"}
        await add_channel(sessions, of.client_id, **options)
        for turn, mails in enumerate(KILLED_AFTER):
            sender = start(database_url, turn * LATER_S)
            await eventually(lambda mails=mails: len(server.content) >= mails)  # type: ignore[misc]
            sender.kill()
            await asyncio.to_thread(sender.communicate)
        last = start(database_url, len(KILLED_AFTER) * LATER_S)
        assert await asyncio.to_thread(last.wait) == 0
        await asyncio.to_thread(last.communicate)
    arrived = Counter(each["Message-ID"].partition("@")[0].lstrip("<") for each in server.mails())
    found = await rows(sessions)
    states = Counter(each.state for each in found)
    assert max(arrived.values()) == 1
    assert states["sent"] + states["unknown"] == MESSAGES
    assert all(arrived[each.token] == 1 for each in found if each.state == "sent")
    # What nobody can tell is what was under way at a kill, and is named.
    assert states["unknown"] <= len(KILLED_AFTER) * 100
    assert all(each.reason == "crash" for each in found if each.state == "unknown")
