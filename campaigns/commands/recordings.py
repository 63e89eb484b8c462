"""`dialer recordings …`. Errors pass through to `dialer.cli`."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from campaigns import service
from campaigns.commands.shared import WithRecordings, command_line_user
from campaigns.recordings import keeping, library
from campaigns.recordings.library import Exported, Verified
from campaigns.stores.recordings import RecordingFilter
from campaigns.tables import Recording
from leads.commands.shared import Json, echo_json, show
from leads.stores.shared import Sessions

recordings_app = typer.Typer(help="Find, take away, check and delete recordings.", no_args_is_help=True)

_INDEX = "index.json"
_PAGE = 100

Client = Annotated[str | None, typer.Option("--client", help="Only this client's, by its slug.")]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Only this campaign's, by id or name.")]
Attempt = Annotated[int | None, typer.Option("--attempt", min=1, help="Only this call's.")]


@recordings_app.command("list")
def list_them(
    context: typer.Context,
    client: Client = None,
    campaign: Campaign = None,
    attempt: Attempt = None,
    state: Annotated[
        str | None, typer.Option(help="none, recording, kept, failed, refused, deleted.")
    ] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = _PAGE,
    as_json: Json = False,
) -> None:
    """List recordings."""
    work: WithRecordings = context.obj

    async def listed(sessions: Sessions) -> list[Recording]:
        chosen = await _chosen(sessions, client, campaign, attempt, state)
        return list(await library.list_recordings(sessions, chosen, after, limit))

    found = work.run(listed)
    show([each.model_dump() for each in found], as_json, [_line(each) for each in found] or ["None."])


@recordings_app.command("export")
def export(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--to", help="A folder for the files and their index.")],
    client: Client = None,
    campaign: Campaign = None,
    attempt: Attempt = None,
    as_json: Json = False,
) -> None:
    """Copy the files of recordings into a folder, with an index; each is checked and logged."""
    work: WithRecordings = context.obj

    async def exported(sessions: Sessions) -> list[Exported]:
        chosen = await _chosen(sessions, client, campaign, attempt, None)
        who, now = command_line_user(), datetime.now(UTC)
        return await library.export(sessions, work.recordings, chosen, to, who, now)

    try:
        done = work.run(exported)
        (to / _INDEX).write_bytes(library.index_of(done))
    except OSError as error:
        raise typer.BadParameter(f"{to} cannot be written: {error.strerror}.") from error
    lines = [
        f"{len(done):,} recordings of {sum(each.length_s for each in done) / 60:,.1f} minutes are in {to}."
    ]
    show(done, as_json, lines)


@recordings_app.command("verify")
def verify(
    context: typer.Context,
    client: Client = None,
    campaign: Campaign = None,
    attempt: Attempt = None,
    as_json: Json = False,
) -> None:
    """Count the SHA-256 of files anew; exit code 1 where one is missing or changed."""
    work: WithRecordings = context.obj

    async def verified(sessions: Sessions) -> list[Verified]:
        chosen = await _chosen(sessions, client, campaign, attempt, None)
        kept = await library.kept(sessions, work.recordings, chosen)
        who, now = command_line_user(), datetime.now(UTC)
        return [await library.verify(sessions, work.recordings, each.id, who, now) for each in kept]

    found = work.run(verified)
    count = Counter(each.result for each in found)
    bad = [
        f"recording {each.id} (attempt {each.attempt_id}): {each.result}"
        for each in found
        if each.result != "ok"
    ]
    show(found, as_json, [*bad, f"{count['ok']:,} of {len(found):,} are what was kept."])
    raise typer.Exit(1 if bad else 0)


@recordings_app.command("purge")
def purge(context: typer.Context, as_json: Json = False) -> None:
    """Delete what was kept for as long as its campaign says; a dialer that runs does so by itself."""
    work: WithRecordings = context.obj
    deleted = work.run(lambda sessions: keeping.delete_expired(sessions, work.recordings, datetime.now(UTC)))
    if as_json:
        echo_json({"deleted": deleted})
    else:
        typer.echo(f"{deleted:,} recordings were deleted.")


async def _chosen(
    sessions: Sessions, client: str | None, campaign: str | None, attempt: int | None, state: str | None
) -> RecordingFilter:
    campaign_id = None if campaign is None else await service.find_campaign(sessions, campaign)
    return RecordingFilter(client, campaign_id, attempt, state)


def _line(recording: Recording) -> str:
    began = f"{recording.started_at:%Y-%m-%d %H:%M:%S}" if recording.started_at else "-"
    parts = [f"{recording.id}", f"attempt {recording.attempt_id}", began, f"{recording.length_s:,.1f} s"]
    parts += [recording.state, *([f"consent {recording.consent}"] if recording.consent else [])]
    return "  ".join([*parts, *([recording.failure] if recording.failure else [])])
