"""`dialer calendar …`. Errors pass through; `dialer.cli` maps them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from campaigns import appointments, calendars
from campaigns.appointments import FreeSlot
from campaigns.campaign_file import read_document
from campaigns.commands.shared import values_of
from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.errors import InvalidCalendarError
from campaigns.reports.text import Table, show
from campaigns.stores.shared import Sessions
from campaigns.tables import AppointmentCalendar
from leads.commands.shared import Json, WithDatabase, echo_json

calendar_app = typer.Typer(help="Keep the calendars in which appointments are booked.", no_args_is_help=True)

Client = Annotated[str | None, typer.Option("--client", help="The client's slug, where it goes by name.")]
CalendarRef = Annotated[str, typer.Argument(metavar="CALENDAR", help="A calendar's id or name.")]


@calendar_app.command("add")
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Its zone, hours and slots, TOML or JSON.")],
    client: Annotated[str, typer.Option("--client", help="The client's slug.")],
    name: Annotated[str, typer.Option("--name", help="Its name, unique within the client.")],
    as_json: Json = False,
) -> None:
    """Make a calendar; campaigns book in it by its name."""
    database: WithDatabase = context.obj
    settings = CalendarSettings.parse(_read(file))
    made = database.run(
        lambda sessions: calendars.add_calendar(sessions, client, name, settings, datetime.now(UTC))
    )
    if as_json:
        echo_json({"id": made.id})
    else:
        typer.echo(f'Calendar {made.id} is there; a campaign books in it with calendar = "{made.name}".')


@calendar_app.command("set")
def change(
    context: typer.Context,
    calendar: CalendarRef,
    client: Client = None,
    file: Annotated[Path | None, typer.Option("--file", help="What changes, TOML or JSON.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=JSON", help="As in capacity=3.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change a calendar; what is booked stays as it is."""
    database: WithDatabase = context.obj
    changes = dict(_read(file) if file is not None else {}) | values_of(setting or [])

    async def work(sessions: Sessions) -> AppointmentCalendar:
        found = await calendars.find_calendar(sessions, calendar, client)
        return await calendars.change_calendar(sessions, found.id, changes)

    changed = database.run(work)
    if as_json:
        echo_json({"id": changed.id, "name": changed.name} | changed.settings)
    else:
        typer.echo(f"Calendar {changed.id} ({changed.name}) is changed.")


@calendar_app.command("list")
def list_calendars(context: typer.Context, client: Client = None, as_json: Json = False) -> None:
    """List calendars."""
    database: WithDatabase = context.obj
    found = database.run(lambda sessions: calendars.list_calendars(sessions, client, 0, 10_000))
    if as_json:
        echo_json([each.model_dump(exclude={"feed_key"}) for each in found])
        return
    columns = ("id", "client", "name", "zone", "slots of", "at once", "reminder")
    rows = [
        (
            each.id,
            each.client_id,
            each.name,
            each.settings["zone"],
            f"{each.settings['slot_minutes']} min",
            each.settings["capacity"],
            f"{each.settings['reminder_call_minutes']} min"
            if each.settings["reminder_call_minutes"]
            else "none",
        )
        for each in found
    ]
    show([Table("Calendars", columns, rows)])


@calendar_app.command("slots")
def slots(
    context: typer.Context,
    calendar: CalendarRef,
    client: Client = None,
    days: Annotated[int, typer.Option(min=1, max=62, help="How many days from now on.")] = 7,
    lead: Annotated[int | None, typer.Option("--lead", min=1, help="Show its times, too.")] = None,
    as_json: Json = False,
) -> None:
    """List the slots that are free, on the calendar's clock."""
    database: WithDatabase = context.obj
    now = datetime.now(UTC)

    async def work(sessions: Sessions) -> Sequence[FreeSlot]:
        found = await calendars.find_calendar(sessions, calendar, client)
        until = now + timedelta(days=days)
        return await appointments.slots_of_calendar(sessions, found.id, now, until, now, lead_id=lead)

    found = database.run(work)
    if as_json:
        echo_json(found)
        return
    rows = [
        (
            f"{each.starts_at:%a %Y-%m-%d %H:%M}",
            f"{each.ends_at:%H:%M}",
            each.free,
            " / ".join(f"{at:%a %H:%M} ({zone})" for zone, at in each.person_times.items()),
        )
        for each in found
    ]
    show([Table("Free slots", ("from", "until", "free", "for the lead"), rows)])


def _read(file: Path) -> Mapping[str, Any]:
    document = read_document(file, "a calendar", InvalidCalendarError)
    if not isinstance(document, Mapping):
        raise InvalidCalendarError(
            f'{file.name}: a calendar is settings by name, as in zone = "Europe/Berlin".'
        )
    return document
