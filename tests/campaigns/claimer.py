"""A process that claims leads and starts attempts until it is killed; `test_killed_claimers` runs several."""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime

from campaigns import service
from dialer.database import opened
from tests.campaigns.lawless import NO_LAW

CLAIM_S = 1.0
AT_ONCE = 3


async def main(url: str, campaign_id: int, log: str) -> None:
    """Writes to `log` what it claims, a line each: lead, from when and until when (Unix seconds), who."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    async with opened(url) as database:
        await database.ping()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        while True:
            permitted = await service.claim_permitted(
                database.sessions, NO_LAW, campaign_id, AT_ONCE, datetime.now(UTC), CLAIM_S
            )
            for each in permitted:
                until = each.lead.claimed_until.timestamp()
                os.write(file, f"{each.lead.lead_id} {until - CLAIM_S} {until} {os.getpid()}\n".encode())
            await asyncio.sleep(random.random() * 0.05)
            await service.start_attempts(database.sessions, NO_LAW, campaign_id, permitted, datetime.now(UTC))
            if not permitted:
                await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
