"""The index of recordings, and who heard them, in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal_column, update
from sqlmodel import col, select

from campaigns.errors import RecordingNotFoundError
from campaigns.stores.shared import Session, write
from campaigns.tables import Attempt, Campaign, Recording, RecordingAccess
from leads.stores.shared import chunks
from leads.tables import Client


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What putting a recording together has to know of its call."""

    attempt_id: int
    campaign_id: int
    client_id: int
    kind: str
    recording: str
    """The campaign's setting."""
    days: int
    countries: frozenset[str]
    """ISO 3166-1 codes, as the number and the address have them; empty if nobody knows."""
    answered_at: datetime | None
    ended_at: datetime | None
    erased: bool
    """Whether the person's data was erased."""


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """Which recordings are listed; None for all."""

    client: str | None = None
    """The slug."""
    campaign_id: int | None = None
    attempt_id: int | None = None
    state: str | None = None


class RecordingStore:
    """Recordings by call, and what was done with them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def call(self, attempt_id: int) -> RecordedCall | None:
        """The call of an attempt; None where there is none."""
        wanted = (
            select(Attempt, Campaign)
            .join(Campaign, col(Campaign.id) == col(Attempt.campaign_id))
            .where(Attempt.id == attempt_id)
        )
        found = (await self._session.exec(wanted)).first()
        if found is None:
            return None
        attempt, campaign = found
        return RecordedCall(
            attempt_id=attempt.id,
            campaign_id=campaign.id,
            client_id=campaign.client_id,
            kind=campaign.kind,
            recording=campaign.recording,
            days=campaign.recording_days,
            countries=frozenset({attempt.country, attempt.address_country} - {""}),
            answered_at=attempt.answered_at,
            ended_at=attempt.ended_at,
            erased=not attempt.e164,
        )

    async def of_call(self, call: RecordedCall, node: str) -> Recording:
        """The recording of a call, locked to the end of the transaction; a new one where there is none."""
        wanted = select(Recording).where(Recording.attempt_id == call.attempt_id).with_for_update()
        found = (await self._session.exec(wanted)).one_or_none()
        if found is not None:
            return found
        made = Recording(
            attempt_id=call.attempt_id,
            campaign_id=call.campaign_id,
            client_id=call.client_id,
            node=node,
            state="none",
            reason=call.recording,
        )
        self._session.add(made)
        await self._session.flush()
        return made

    async def get(self, recording_id: int, *, lock: bool = False) -> Recording:
        """A recording. Raises RecordingNotFoundError."""
        found = await self._session.get(Recording, recording_id, with_for_update=lock or None)
        if found is None:
            raise RecordingNotFoundError(f"There is no recording {recording_id}.")
        return found

    async def page(self, chosen: RecordingFilter, after: int, limit: int) -> Sequence[Recording]:
        """The `limit` recordings that follow number `after`."""
        wanted = select(Recording).where(col(Recording.id) > after).order_by(col(Recording.id)).limit(limit)
        if chosen.client is not None:
            client = select(Client.id).where(Client.slug == chosen.client).scalar_subquery()
            wanted = wanted.where(col(Recording.client_id) == client)
        for name in ("campaign_id", "attempt_id", "state"):
            if (value := getattr(chosen, name)) is not None:
                wanted = wanted.where(col(getattr(Recording, name)) == value)
        return (await self._session.exec(wanted)).all()

    async def lost(self, node: str, spooled: Collection[int]) -> Sequence[int]:
        """Calls that are over, were being recorded on this node, and have no tracks to show for it."""
        wanted = (
            select(col(Recording.attempt_id))
            .join(Attempt, col(Attempt.id) == col(Recording.attempt_id))
            .where(_in_state("recording"), Recording.node == node, col(Attempt.ended_at).is_not(None))
        )
        return [each for each in (await self._session.exec(wanted)).all() if each not in spooled]

    async def due(self, node: str, now: datetime, limit: int) -> Sequence[Recording]:
        """Files of this node that were kept for as long as they should be."""
        wanted = (
            select(Recording)
            .where(_in_state("kept"), Recording.node == node, col(Recording.delete_after) <= now)
            .order_by(col(Recording.delete_after))
            .limit(limit)
        )
        return (await self._session.exec(wanted)).all()

    async def deleting(self, node: str, limit: int) -> Sequence[Recording]:
        """Files of this node that are about to go."""
        wanted = select(Recording).where(_in_state("deleting"), Recording.node == node)
        return (await self._session.exec(wanted.order_by(col(Recording.id)).limit(limit))).all()

    async def of_attempts(self, attempt_ids: Sequence[int]) -> list[Recording]:
        """The recordings of calls, by id."""
        found: list[Recording] = []
        for chunk in chunks(attempt_ids):
            wanted = select(Recording).where(col(Recording.attempt_id).in_(chunk))
            found += (await self._session.exec(wanted)).all()
        return sorted(found, key=lambda recording: recording.id)

    async def states(self, attempt_ids: Sequence[int]) -> dict[int, str]:
        """Of the calls that have a recording, its state."""
        found: dict[int, str] = {}
        for chunk in chunks(attempt_ids):
            wanted = select(Recording.attempt_id, Recording.state)
            found |= dict(
                (await self._session.exec(wanted.where(col(Recording.attempt_id).in_(chunk)))).all()
            )
        return found

    async def to_delete(self, recording_ids: Sequence[int], why: str) -> None:
        """Marks recordings whose files are to go; whoever has the folder deletes them."""
        values: dict[str, Any] = {"state": "deleting", "deleted_why": why}
        for chunk in chunks(recording_ids):
            mine = update(Recording).where(col(Recording.id).in_(chunk), col(Recording.state) != "deleted")
            await write(self._session, mine.values(values))

    async def log(self, recording_id: int, who: str, what: str, detail: str, now: datetime) -> None:
        """Somebody did something with a recording."""
        self._session.add(
            RecordingAccess(recording_id=recording_id, at=now, who=who[:100], what=what, detail=detail[:200])
        )
        await self._session.flush()

    async def accesses(self, recording_id: int) -> Sequence[RecordingAccess]:
        """What was done with a recording, in order."""
        wanted = select(RecordingAccess).where(RecordingAccess.recording_id == recording_id)
        return (await self._session.exec(wanted.order_by(col(RecordingAccess.id)))).all()


def _in_state(state: str) -> Any:
    """Spelled out in the statement: only so is a partial index used."""
    return col(Recording.state) == literal_column(f"'{state}'")
