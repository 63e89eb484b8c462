"""Calls that were recorded, for tests: an attempt that is over, and its tracks on the disk."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import select

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.recordings import keeping
from campaigns.recordings.folder import RecordingFolder
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt, Recording
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.campaigns.test_recording_sound import track

NODE = "node-1"
LENGTH_S = 0.5
ENDED = NOW + timedelta(seconds=30)


@dataclass(frozen=True)
class Recorded:
    """A call of acme's campaign, and where its recording is kept."""

    sessions: Sessions
    folder: RecordingFolder
    attempt: int
    campaign: int
    e164: str

    async def row(self) -> Recording:
        """What the index says now."""
        async with self.sessions() as session:
            return (await session.exec(select(Recording).where(Recording.attempt_id == self.attempt))).one()

    async def end(self, at: datetime = ENDED) -> None:
        """The call is over."""
        await service.finish_attempt(self.sessions, self.attempt, Ending("human", "agent", 200, "OK"), at)

    async def keep(self) -> Recording:
        """The call is over, and its file is kept."""
        await self.end()
        assert await keeping.put_together(self.sessions, self.folder, self.attempt) == "kept"
        return await self.row()


async def recorded_call(sessions: Sessions, root: Path, number: int = 0, **settings: object) -> Recorded:
    """A call that goes on and is being recorded; each `number` is another campaign's."""
    await seed_leads(sessions, people(1, first=number), list_name=f"list {number}")
    chosen = {"recording": "always"} | settings
    campaign = await seed_campaign(sessions, f"Sale {number}", [f"list {number}"], **chosen)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    folder = RecordingFolder(root, NODE)
    folder.claim()
    spool = folder.spool_of(started.attempt_id)
    spool.mkdir(parents=True)
    stem = round(NOW.timestamp() * 1000)
    (spool / f"{stem}.agent.wav").write_bytes(track(400, LENGTH_S))
    (spool / f"{stem}.customer.wav").write_bytes(track(1000, LENGTH_S))
    async with sessions() as session, session.begin():
        attempt = await session.get(Attempt, started.attempt_id)
        assert attempt is not None
        attempt.answered_at = attempt.connected_at = NOW
        await keeping.began(session, started.attempt_id, NODE, "", ["US-CA"], NOW)
    return Recorded(sessions, folder, started.attempt_id, campaign, started.e164)
