"""A person opts out of channels: at once, of all their numbers and addresses, and for good where it is calls.

Steps in a transaction that the caller owns.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from campaigns import announcing, promises
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.replies import ReplyStore
from campaigns.stores.shared import Session
from leads.core.consent import CHANNELS_OF_A_PHONE, CHANNELS_OF_AN_ADDRESS, Channel
from leads.stores.consents import ConsentStore, Person
from leads.stores.dnc import DncStore

OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a person is reached for a client: numbers, e-mail addresses, and the leads that they are."""

    numbers: frozenset[str]
    emails: frozenset[str]
    lead_ids: frozenset[int]


async def opt_out_of(
    session: Session,
    client_id: int,
    whom: Reached,
    channels: Collection[Channel],
    source: str,
    now: datetime,
) -> None:
    """End channels for a person at a client; what waits to be sent there is not.

    Calls that are ended are barred by the client's do-not-call list, which nothing takes a number off.
    """
    consents = ConsentStore(session)
    for channel in sorted(channels):
        if channel in CHANNELS_OF_A_PHONE:
            for e164 in sorted(whom.numbers):
                await consents.withdraw(client_id, Person(e164=e164), channel, now, source, now)
        if channel in CHANNELS_OF_AN_ADDRESS:
            for email in sorted(whom.emails):
                await consents.withdraw(client_id, Person(email=email), channel, now, source, now)
    if "call" in channels:
        await bar_numbers(session, client_id, whom.numbers, whom.lead_ids, source, now)
    await announcing.opted_out(session, client_id, whom.lead_ids, channels, source, now)
    await ReplyStore(session).cancel_waiting(
        client_id,
        ("sms", whom.numbers if "sms" in channels else ()),
        ("email", whom.emails if "email" in channels else ()),
        reason=OPTED_OUT,
    )


async def bar_numbers(
    session: Session,
    client_id: int,
    numbers: Collection[str],
    lead_ids: Collection[int],
    source: str,
    now: datetime,
    *,
    reason: str = "asked not to be called again",
) -> None:
    """Nobody calls the numbers for the client any more, and no call is owed to the leads."""
    for e164 in sorted(numbers):
        await DncStore(session).add_number(e164, "client", client_id, reason=reason, source=source, now=now)
    owed = await CallbackStore(session).open_of_leads(sorted(lead_ids), client_id)
    await promises.end_all(session, owed, OPTED_OUT, now)
