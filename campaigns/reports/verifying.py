"""Whether the tallies that reports read are what a recount of all attempts gives, and putting them right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.calling_window import clock_of
from campaigns.errors import InvalidInputError
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.recounting import TABLES, RecountStore, Rows, Tallies
from campaigns.stores.shared import Session, Sessions
from leads.errors import UnknownClientError
from leads.stores.leads import LeadStore
from leads.stores.versions import Versions, check_version
from leads.tables import Client


@dataclass(frozen=True, slots=True)
class Difference:
    """One count that is not what the attempts say. `key` is the row's, by the names of its columns."""

    tally: str
    key: Mapping[str, str | int]
    count: str
    kept: int
    recounted: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of each campaign, by id; nothing where all agrees."""

    campaigns: Sequence[int]
    calls: int
    """That are over, by the recount."""
    differences: Sequence[Difference]
    repaired: bool


async def verify(sessions: Sessions, campaign_id: int | None, *, repair: bool = False) -> Verified:
    """Recount one campaign or all, each in one moment; with `repair` also write what was found.

    Raises CampaignNotFoundError.
    """
    async with sessions() as session:
        campaigns = CampaignStore(session)
        if campaign_id is not None:
            await campaigns.get(campaign_id)
        chosen = await campaigns.ids_of() if campaign_id is None else [campaign_id]
    calls, differences = 0, []
    for each in chosen:
        async with sessions() as session, session.begin():
            store = RecountStore(session)
            await (store.alone() if repair else store.snapshot())
            kept, recounted = await store.kept(each), await store.recount(each)
            found = list(_differences(kept, recounted))
            if found and repair:
                await store.replace(each, recounted)
        calls += sum(row["calls"] for row in recounted.call_total.values())
        differences += found
    return Verified(chosen, calls, differences, repaired=bool(differences) and repair)


async def client_zone(sessions: Sessions, client_slug: str) -> str:
    """The zone of a client's days and hours. Raises UnknownClientError."""
    async with sessions() as session:
        return (await _client(session, client_slug)).timezone


async def set_client_zone(
    sessions: Sessions, client_slug: str, zone: str, *, if_match: Versions | None = None
) -> None:
    """Have a client's reports speak of the days and hours of a zone; all that is counted is counted anew.

    Calls that end meanwhile wait until it is done. Raises UnknownClientError, InvalidInputError and
    ChangedMeanwhileError.
    """
    if clock_of(zone) is None:
        raise InvalidInputError(f"{zone[:64]!r} is no time zone; give one such as Europe/Berlin.")
    async with sessions() as session, session.begin():
        store = RecountStore(session)
        await store.alone()
        client = await _client(session, client_slug)
        check_version(client.timezone, if_match)
        await store.set_zone(client.id, zone)
        for each in await CampaignStore(session).ids_of(client.id):
            await store.replace(each, await store.recount(each))


async def _client(session: Session, slug: str) -> Client:
    client = await LeadStore(session).client(slug)
    if client is None:
        raise UnknownClientError(f"There is no client {slug[:64]!r}; importing leads for it creates it.")
    return client


def _differences(kept: Tallies, recounted: Tallies) -> Iterator[Difference]:
    for name, (_, key, counts) in TABLES.items():
        ours: Rows = getattr(kept, name)
        theirs: Rows = getattr(recounted, name)
        for values in sorted(ours.keys() | theirs.keys()):
            have, should = ours.get(values, {}), theirs.get(values, {})
            for count in counts:
                if have.get(count, 0) != should.get(count, 0):
                    told = [each.isoformat() if isinstance(each, datetime) else each for each in values]
                    shown = dict(zip(key, told, strict=True))
                    yield Difference(name, shown, count, have.get(count, 0), should.get(count, 0))
