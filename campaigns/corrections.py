"""What a call came to, looked at and corrected afterwards. Each function is one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from campaigns import dispositions
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.sales import Sold
from campaigns.dispositions import Words
from campaigns.errors import NothingToCorrectError
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.corrections import CorrectionStore
from campaigns.stores.sales import SaleStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Attempt, DispositionChange
from leads.stores.versions import Versions, check_version


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """An attempt, what was sold in it, and what was said of it before it was corrected, the oldest first."""

    attempt: Attempt
    sale: tuple[Sold, ...]
    corrections: tuple[DispositionChange, ...]

    @property
    def content(self) -> dict[str, Any]:
        """What its version is of."""
        return self.attempt.model_dump() | {"sale": [each.to_json() for each in self.sale]}


async def look_up(sessions: Sessions, attempt_id: int) -> AttemptRecord:
    """Raises AttemptNotFoundError."""
    async with sessions() as session:
        return await _record(session, await AttemptStore(session).read_attempt(attempt_id))


async def correct(
    sessions: Sessions,
    attempt_id: int,
    words: Words,
    now: datetime,
    *,
    rules: Rulebook | None = None,
    if_match: Versions | None = None,
) -> AttemptRecord:
    """Say anew what a call came to; without a code, what was sold or noted. See `dispositions.say`.

    Raises what that does, NothingToCorrectError where nothing was said yet, and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        attempt = await AttemptStore(session).get_attempt(attempt_id)
        check_version((await _record(session, attempt)).content, if_match)
        if not attempt.disposition:
            raise NothingToCorrectError("Nothing was said of this call yet; say what it came to first.")
        said = words if words.code else replace(words, code=attempt.disposition)
        await dispositions.say(session, attempt_id, said, now, rules)
        await session.flush()
        return await _record(session, attempt)


async def _record(session: Session, attempt: Attempt) -> AttemptRecord:
    sale = (await SaleStore(session).of([attempt.id])).get(attempt.id, ())
    return AttemptRecord(attempt, sale, tuple(await CorrectionStore(session).of([attempt.id])))
