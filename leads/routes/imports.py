"""Loads over HTTP: send a file, follow its load, fetch what it left."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from leads.core.merging import Duplicates, Match
from leads.errors import BadImportChoiceError, ImportNotFoundError
from leads.importing.choices import Scope
from leads.importing.mappings import choose_columns, parse_map
from leads.importing.runner import ImportJob, ImportRunner
from leads.importing.view import ImportView, list_imports
from leads.routes.access import OwnClient, needs, require_own
from leads.routes.shared import After, Id, Limit, Page, SessionsOf
from leads.stores.shared import Sessions

router = APIRouter(tags=["imports"])

ListsOfCampaign = Callable[[Sessions, str], Awaitable[tuple[int, ...]]]
"""The lists of a campaign, given by its name or number; the leads room knows no campaigns by itself."""

Text = Annotated[str, Query(max_length=300)]


def _imports(request: Request) -> ImportRunner:
    imports: ImportRunner = request.app.state.imports
    return imports


def _lists_of_campaign(request: Request) -> ListsOfCampaign:
    lists: ListsOfCampaign = request.app.state.lists_of_campaign
    return lists


Imports = Annotated[ImportRunner, Depends(_imports)]


async def _own_import(import_id: Id, imports: Imports, own: OwnClient) -> ImportView:
    load = await imports.view(import_id)
    if own is not None and load.client != own:
        raise ImportNotFoundError(f"There is no load {import_id}.")
    return load


OwnImport = Annotated[ImportView, Depends(_own_import)]

_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {}, "text/csv": {}}}}


@router.post("/imports", status_code=202, openapi_extra=_BODY, dependencies=[needs("leads.import")])
async def create_import(
    request: Request,
    response: Response,
    imports: Imports,
    sessions: SessionsOf,
    lists_of_campaign: Annotated[ListsOfCampaign, Depends(_lists_of_campaign)],
    own: OwnClient,
    client: Text,
    list_name: Annotated[str, Query(alias="list", max_length=300)],
    default_country: Text = "US",
    sheet: Annotated[
        str | None, Query(max_length=300, description="Of a workbook; else the first sheet that has rows.")
    ] = None,
    duplicates: Duplicates = "update",
    match: Match = "both",
    scope: Scope = "list",
    campaign: Annotated[str | None, Query(max_length=300, description="For scope=campaign.")] = None,
    columns: Annotated[
        list[str] | None, Query(alias="map", max_length=300, description="As in phone=Mobile No.")
    ] = None,
    preset: Annotated[str | None, Query(max_length=60)] = None,
    mapping: Annotated[str | None, Query(max_length=300, description="A saved mapping's name.")] = None,
    name: Annotated[str, Query(max_length=300, description="The file's name.")] = "upload",
    from_start: Annotated[
        bool, Query(description="Load every row, also those that an earlier load has done.")
    ] = False,
) -> ImportView:
    """Load a lead file, which is the request's body, into a list; follow the Location for its progress."""
    if (scope == "campaign") != (campaign is not None):
        raise BadImportChoiceError("scope=campaign and the campaign go together; give both.")
    require_own(own, client)
    chosen = parse_map(columns or ())
    choice = await choose_columns(sessions, client, columns=chosen, preset=preset, name=mapping)
    job = ImportJob(
        client=client,
        list_name=list_name,
        default_country=default_country,
        source=name,
        columns=dict(choice.mapping),
        preset=choice.preset,
        sheet=sheet,
        duplicates=duplicates,
        match=match,
        scope=scope,
        scope_lists=await lists_of_campaign(sessions, campaign) if campaign else (),
        from_start=from_start,
    )
    import_id = await imports.receive(job, request.stream())
    response.headers["Location"] = f"{request.url.path}/{import_id}"
    return await imports.view(import_id)


@router.get("/imports", dependencies=[needs("leads.import")])
async def imports_page(
    sessions: SessionsOf,
    after: After = 0,
    limit: Limit = 100,
    list_id: Annotated[int | None, Query(ge=1)] = None,
) -> Page[ImportView]:
    """Loads, the oldest first."""
    found = await list_imports(sessions, after, limit, list_id)
    return Page(items=found, next=found[-1].id if len(found) == limit else None)


@router.get("/imports/{import_id}", dependencies=[needs("leads.import")])
async def get_import(load: OwnImport) -> ImportView:
    """A load: how far it is, or what became of its rows."""
    return load


@router.get("/imports/{import_id}/rejects", response_class=FileResponse, dependencies=[needs("leads.import")])
async def get_rejects(load: OwnImport, imports: Imports) -> FileResponse:
    """The rejected rows as CSV, with the reasons; mended, they can be loaded again."""
    path = await imports.rejects(load.id)
    return FileResponse(path, media_type="text/csv", filename=f"import-{load.id}-rejects.csv")


@router.get("/imports/{import_id}/id-map", response_class=FileResponse, dependencies=[needs("leads.import")])
async def get_id_map(load: OwnImport, imports: Imports) -> FileResponse:
    """Which lead each row became, as CSV."""
    path = await imports.id_map(load.id)
    return FileResponse(path, media_type="text/csv", filename=f"import-{load.id}-id-map.csv")
