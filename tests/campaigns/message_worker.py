"""A process that sends the messages of a database until it is killed, or none is left to be sent."""

import asyncio
import sys
import time
from datetime import datetime, timedelta

from sqlmodel import func, select

from campaigns.messaging.port import Reply
from campaigns.tables import Message
from dialer.database import opened
from dialer.message_sender import MessageSender
from tests.campaigns.lawful import LAW
from tests.campaigns.seeds import NOW


async def main(url: str, later_s: float) -> None:
    """`later_s`: how long after the tests' own moment it begins."""
    began = time.monotonic()

    def now() -> datetime:
        return NOW + timedelta(seconds=later_s + time.monotonic() - began)

    async def deaf(channel_id: int, reply: Reply) -> None: ...

    open_ones = select(func.count()).where(Message.state.in_(("waiting", "sending")))  # type: ignore[attr-defined]
    async with opened(url) as database:
        sender = MessageSender(database.sessions, database.readings, LAW, {}, now, deaf)
        sender.start()
        print("ready", flush=True)
        left = 1
        while left:
            await asyncio.sleep(0.2)
            async with database.readings() as session:
                left = (await session.exec(open_ones)).one()
        await sender.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
