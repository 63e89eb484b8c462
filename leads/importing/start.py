"""How a load begins (anew, or where an earlier one was cut off), and how it is taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leads.errors import ImportCutOffError, ImportTakenOverError, LeadsError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.report import REPEATS
from leads.stores.imports import ImportStore
from leads.stores.known_leads import Into, Repeat
from leads.stores.leads import LeadStore
from leads.stores.loading import LoadingStore
from leads.stores.shared import Sessions
from leads.tables import LeadImport

_CREATED = "created"
"""The option that tells what a load had to create: client, list."""


@dataclass(frozen=True, slots=True)
class Started:
    """A load that has its place in the database."""

    load: LeadImport
    into: Into
    resumed: bool


async def begin(
    sessions: Sessions,
    target: ListTarget,
    choices: ImportChoices,
    *,
    source: str,
    options: dict[str, Any],
    total_bytes: int | None,
    earlier: LeadImport | None,
    now: datetime,
) -> Started:
    """Makes client, list and load where they are missing; `earlier` is the load that this one goes on with.

    Raises ImportTakenOverError.
    """
    async with sessions() as session, session.begin():
        store, imports = LeadStore(session), ImportStore(session)
        created = []
        if await store.client(target.client_slug) is None:
            created.append("client")
        client = await store.ensure_client(target.client_slug, target.client_slug)
        if await store.lead_list(client.id, target.list_name) is None:
            created.append("list")
        lead_list = await store.ensure_list(client.id, target.list_name, target.default_country, now)
        if earlier is None:
            load = await imports.begin(lead_list.id, source, options | {_CREATED: created}, total_bytes, now)
        else:
            load = await imports.get(earlier.id)
            if (load.state, load.rows) != ("running", earlier.rows):
                raise ImportTakenOverError("Another load of the same file is under way; let it finish.")
        scope = choices.scope_lists
        if choices.scope == "client":
            scope = tuple(await store.list_ids(client.id))
        into = Into(
            client_id=client.id,
            list_id=lead_list.id,
            import_id=load.id,
            duplicates=choices.duplicates,
            match=choices.match,
            scope=scope,
            source=source,
            repeat=await _repeat(imports, load),
        )
        return Started(load, into, earlier is not None)


async def _repeat(imports: ImportStore, load: LeadImport) -> Repeat | None:
    if not (first := load.options.get(REPEATS)):
        return None
    return Repeat(first, await imports.nth_lead(first, load.merged))


async def give_up(sessions: Sessions, loads: Sequence[LeadImport], now: datetime) -> None:
    """Notes that loads which were cut off will not be taken up; their leads stay."""
    async with sessions() as session, session.begin():
        for load in loads:
            sentence = "The load was cut off, and another one began from the first row."
            await ImportStore(session).give_up(load.id, ImportCutOffError.code, sentence, now)


async def take_back(sessions: Sessions, started: Started, error: LeadsError, now: datetime) -> int:
    """Takes out the leads that a load created, and list and client if it created them and they are empty.

    Leads that something refers to by now stay; tells how many.
    """
    load = started.load
    after, kept = 0, 0
    while True:
        async with sessions() as session, session.begin():
            await LoadingStore(session).lock(started.into)
            store = ImportStore(session)
            if not (ids := await store.leads_of(load.id, after)):
                break
            kept += len(ids) - await store.remove_leads(ids)
            after = ids[-1]
    created = load.options.get(_CREATED, [])
    async with sessions() as session, session.begin():
        store = ImportStore(session)
        await store.give_up(load.id, error.code, str(error), now)
        if "list" in created and await store.remove_list_if_empty(load.list_id) and "client" in created:
            await store.remove_client_if_unused(started.into.client_id)
    return kept
