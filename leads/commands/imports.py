"""`dialer leads import`, `mappings`, `template`. Errors of the room pass through; `dialer.cli` maps them."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Protocol

import typer

from leads.commands.import_text import import_lines, mapping_lines, preview_lines
from leads.commands.progress import shown_progress
from leads.commands.shared import (
    STANDARD_INPUT,
    Country,
    InputFile,
    Json,
    SheetName,
    WithDatabase,
    show,
    source,
)
from leads.core.columns import ColumnChoice
from leads.core.merging import Duplicates, Match
from leads.errors import RejectsFileError
from leads.importing.choices import ImportChoices, ListTarget, Scope
from leads.importing.files import ImportFiles
from leads.importing.load import Import
from leads.importing.mappings import check_name, choose_columns, parse_map, save_mapping, saved_mappings
from leads.importing.preview import ImportPreview, preview
from leads.importing.report import ImportReport
from leads.samples import template_text
from leads.stores.shared import Session, Sessions

app = typer.Typer()

ListName = Annotated[str, typer.Option("--list", help="The list; created if it is missing.")]
ClientSlug = Annotated[str, typer.Option("--client", help="The client's slug; created if it is missing.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help='As in phone="Mobile No"; may be given again.'),
]
Preset = Annotated[str | None, typer.Option(help="Whose column order the file has: vicidial.")]
Mapping = Annotated[str | None, typer.Option("--mapping", help="Use a saved mapping of columns.")]
DuplicateChoice = Annotated[Duplicates, typer.Option("--duplicates", help="What becomes of known leads.")]
MatchChoice = Annotated[Match, typer.Option("--match", help="What makes two rows the same lead.")]
ScopeChoice = Annotated[Scope, typer.Option("--scope", help="Where duplicates are looked for.")]
Campaign = Annotated[str | None, typer.Option(help="The campaign, for --scope campaign: its name or id.")]
Rejects = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write the rejected rows to this CSV file.")
]
IdMap = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write which lead each row became to this CSV file.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show how the file would be read; store nothing.")]
WholeFile = Annotated[bool, typer.Option("--all", help="With --dry-run: count the whole file.")]
FromStart = Annotated[
    bool,
    typer.Option("--from-start", help="Load every row, also those that an earlier load has done."),
]


class WithCampaigns(WithDatabase, Protocol):
    """What `dialer.cli` puts into the context: the leads room knows no campaigns by itself."""

    def lists_of_campaign(self, sessions: Sessions, reference: str) -> Awaitable[tuple[int, ...]]:
        """The lists of a campaign, which is given by its name or number."""

    async def follow_merges(self, session: Session, lead_ids: Sequence[int], now: datetime) -> None:
        """Has campaigns follow what a load merges; see `leads.importing.load.FollowMerges`."""


@app.command("import")
def import_leads(
    context: typer.Context,
    file: InputFile,
    list_name: ListName,
    client: ClientSlug,
    default_country: Country = "US",
    sheet: SheetName = None,
    mapped: Map = None,
    preset: Preset = None,
    mapping: Mapping = None,
    save_mapping_as: Annotated[
        str | None, typer.Option("--save-mapping", help="Save the mapping under this name.")
    ] = None,
    duplicates: DuplicateChoice = "update",
    match: MatchChoice = "both",
    scope: ScopeChoice = "list",
    campaign: Campaign = None,
    rejects: Rejects = None,
    id_map: IdMap = None,
    dry_run: DryRun = False,
    whole: WholeFile = False,
    from_start: FromStart = False,
    as_json: Json = False,
) -> None:
    """Load a CSV or Excel file into a lead list, and say what became of every row."""
    database: WithCampaigns = context.obj
    target = ListTarget.parse(client, list_name, default_country)
    reading = _Reading(client, sheet, parse_map(mapped or ()), preset, mapping, save_mapping_as)
    if (scope == "campaign") != (campaign is not None):
        raise typer.BadParameter("--scope campaign and --campaign go together.")
    if dry_run:
        found = database.run(lambda sessions: _look(sessions, reading, target, file, whole))
        show(found, as_json, preview_lines(found))
        return

    async def load(sessions: Sessions) -> ImportReport:
        choices = ImportChoices(
            columns=await reading.choice(sessions),
            sheet=sheet,
            duplicates=duplicates,
            match=match,
            scope=scope,
            scope_lists=await database.lists_of_campaign(sessions, campaign) if campaign else (),
            from_start=from_start,
        )
        files = ImportFiles(rejects, id_map)
        one = Import(
            sessions,
            target,
            choices,
            source(file),
            name=_name(file),
            files=files,
            follow=database.follow_merges,
        )
        with shown_progress("rows") as shown:
            report = await one.run(
                _now, lambda so_far: shown(so_far.rows, so_far.read_bytes, so_far.total_bytes)
            )
        await reading.keep(sessions, choices.columns)
        return report

    report = database.run(load)
    show(report, as_json, import_lines(report))


@dataclass(frozen=True)
class _Reading:
    """What the options say of how the file is read."""

    client: str
    sheet: str | None
    columns: dict[str, str]
    preset: str | None
    mapping: str | None
    save_as: str | None

    def __post_init__(self) -> None:
        if self.save_as is not None:
            check_name(self.save_as)

    async def choice(self, sessions: Sessions) -> ColumnChoice:
        return await choose_columns(
            sessions, self.client, columns=self.columns, preset=self.preset, name=self.mapping
        )

    async def keep(self, sessions: Sessions, choice: ColumnChoice) -> None:
        if self.save_as is not None:
            await save_mapping(sessions, self.client, self.save_as, choice, _now())


async def _look(
    sessions: Sessions, reading: _Reading, target: ListTarget, file: Path, whole: bool
) -> ImportPreview:
    choice = await reading.choice(sessions)
    return await preview(target, source(file), _name(file), choice=choice, sheet=reading.sheet, whole=whole)


@app.command()
def mappings(context: typer.Context, client: ClientSlug, as_json: Json = False) -> None:
    """Show a client's saved mappings of columns."""
    database: WithDatabase = context.obj
    found = database.run(lambda sessions: saved_mappings(sessions, client))
    show(found, as_json, mapping_lines(found))


@app.command()
def template(
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, help="Where to write it; without it, it is printed.")
    ] = None,
) -> None:
    """Write a lead file to start from: every column, and two example leads."""
    if file is None or file == STANDARD_INPUT:
        typer.echo(template_text(), nl=False)
        return
    try:
        with file.open("x", encoding="utf-8", newline="") as new:
            new.write(template_text())
    except FileExistsError as error:
        raise RejectsFileError(f"{file} is there already; give another name.") from error
    except OSError as error:
        raise RejectsFileError(f"Cannot write {file}: {error.strerror}.") from error


def _now() -> datetime:
    return datetime.now(UTC)


def _name(file: Path) -> str:
    return "standard input" if file == STANDARD_INPUT else file.name
