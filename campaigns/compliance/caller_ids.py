"""Caller IDs that rest because a network blocked a call from them."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.errors import NotFoundError
from campaigns.stores.caller_id_rests import CallerIdRestStore
from campaigns.stores.shared import Sessions
from leads.checks import checked_number


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingCallerId:
    """A caller ID from which nobody is called for now, and the call that was blocked last."""

    caller_id: str
    until: datetime
    attempt_id: int
    blocked_at: datetime
    sentence: str


async def resting_caller_ids(sessions: Sessions, now: datetime) -> list[RestingCallerId]:
    """The caller IDs that rest now, until when and why."""
    async with sessions() as session:
        found = await CallerIdRestStore(session).resting(now)
    return [
        RestingCallerId(
            caller_id=rest.caller_id,
            until=rest.until,
            attempt_id=attempt.id,
            blocked_at=attempt.ended_at or attempt.placed_at,
            sentence=_why(attempt.id, attempt.sip_status, attempt.sip_reason),
        )
        for rest, attempt in found
    ]


async def release_caller_id(sessions: Sessions, number: str, default_country: str, now: datetime) -> str:
    """Let people be called from a caller ID again at once; the number in E.164.

    Raises NotFoundError where it does not rest, PhoneRejectedError and UnknownCountryError.
    """
    caller_id = checked_number(number, default_country)
    async with sessions() as session, session.begin():
        released = await CallerIdRestStore(session).release(caller_id, now)
    if not released:
        raise NotFoundError(
            f"The caller ID {caller_id} does not rest; `compliance caller-ids` lists those that do."
        )
    return caller_id


def _why(attempt_id: int, sip_status: int | None, sip_reason: str) -> str:
    answers = [str(sip_status)] if sip_status else []
    answers += [sip_reason] if sip_reason else []
    said = f" (SIP {', '.join(answers)})" if answers else ""
    return f"A network blocked attempt {attempt_id}{said}."
