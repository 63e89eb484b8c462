"""`dialer channel …` and `dialer messages …`. Errors pass through; `dialer.cli` maps them."""

import mailbox
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
import typer

from campaigns import service
from campaigns.channel_file import read_channel
from campaigns.core.message_states import MessageState
from campaigns.messaging import channels, handling
from campaigns.messaging.receipts import read_bounces
from campaigns.reports.text import Table, show
from campaigns.stores.messages import MessageFilter
from campaigns.stores.shared import Sessions
from campaigns.tables import Message
from leads.commands.shared import STANDARD_INPUT, Json, WithDatabase, echo_json, existing

channel_app = typer.Typer(help="The ways in which messages to people are sent.", no_args_is_help=True)
messages_app = typer.Typer(help="Messages to people.", no_args_is_help=True)

Client = Annotated[str, typer.Option("--client", help="The client's slug.")]
Name = Annotated[str, typer.Argument(help="The channel's name.")]
Id = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The message's id.")]

_DID_NOT_WORK = 1


class WithSecrets(WithDatabase, Protocol):
    """What `dialer.cli` puts into the context: the database, and the message channels' secrets."""

    @property
    def message_secrets(self) -> Mapping[str, str]:
        """Passwords and keys by name. Raises SettingsInvalid."""


@channel_app.command("add")
def add_channel(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", callback=existing, help="TOML.")],
    as_json: Json = False,
) -> None:
    """Add a way to send a client's messages, as a file describes it."""
    known: WithSecrets = context.obj
    wish = read_channel(file)
    now = datetime.now(UTC)
    made = known.run(lambda sessions: channels.add_channel(sessions, wish, known.message_secrets, now))
    if as_json:
        echo_json(made)
        return
    typer.echo(f"Channel {made.channel.name} sends {made.channel.channel} for {wish.client}.")
    if made.receipt_path:
        typer.echo(f"Its gateway may send delivery reports to this address, shown once: {made.receipt_path}")


@channel_app.command("list")
def list_channels(
    context: typer.Context,
    client: Annotated[str | None, typer.Option("--client", help="Only this client's.")] = None,
    as_json: Json = False,
) -> None:
    """List channels, with how many messages wait, went, and came to nothing."""
    database: WithDatabase = context.obj
    found = database.run(lambda sessions: channels.list_channels(sessions, client))
    if as_json:
        echo_json(found)
        return
    columns = ("id", "client", "name", "channel", "driver", "sender", "a second", "active", "messages")
    rows = [
        (
            each.id,
            each.client_id,
            each.name,
            each.channel,
            each.driver,
            each.sender,
            f"{each.rate_per_s:g}",
            "yes" if each.active else "no",
            ", ".join(f"{state} {count}" for state, count in sorted(each.messages.items())),
        )
        for each in found
    ]
    show([Table("Message channels", columns, rows)])


@channel_app.command("check")
def check_channel(context: typer.Context, name: Name, client: Client, as_json: Json = False) -> None:
    """Connect and sign in, and send nothing."""
    known: WithSecrets = context.obj

    async def work(sessions: Sessions) -> channels.ChannelChecked:
        channel = await channels.find_channel(sessions, client, name)
        return await channels.check_channel(channel, known.message_secrets, datetime.now(UTC))

    checked = known.run(work)
    if as_json:
        echo_json(checked)
    else:
        typer.echo(f"Channel {name} works." if checked.works else f"Channel {name}: {checked.problem}.")
    if not checked.works:
        raise typer.Exit(_DID_NOT_WORK)


@channel_app.command("start")
def start_channel(context: typer.Context, name: Name, client: Client, as_json: Json = False) -> None:
    """Have a channel send again."""
    _set_active(context, name, client, active=True, as_json=as_json)


@channel_app.command("stop")
def stop_channel(context: typer.Context, name: Name, client: Client, as_json: Json = False) -> None:
    """Have a channel send no more; messages wait."""
    _set_active(context, name, client, active=False, as_json=as_json)


@channel_app.command("bounces")
def bounces(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            callback=lambda files: [existing(each) for each in files],
            help="Mails, or mboxes; - is standard input.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Read mails that came back: bad addresses get nothing more, full mailboxes another try."""
    database: WithDatabase = context.obj
    mails = [mail for file in files for mail in _mails_in(file)]
    read = database.run(lambda sessions: read_bounces(sessions, mails, datetime.now(UTC)))
    if as_json:
        echo_json(read)
    else:
        counts: dict[str, int] = msgspec.to_builtins(read)
        show([Table("Mails that came back", tuple(counts), [tuple(counts.values())])])


@messages_app.command("list")
def list_messages(
    context: typer.Context,
    state: Annotated[str | None, typer.Option("--state", help=", ".join(MessageState))] = None,
    campaign: Annotated[
        str | None, typer.Option("--campaign", help="Only this one's, by id or name.")
    ] = None,
    lead: Annotated[int | None, typer.Option("--lead", min=1, help="Only this lead's, by id.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 1000,
    as_json: Json = False,
) -> None:
    """List messages; `--state unknown` are those of which nobody knows whether they went."""
    database: WithDatabase = context.obj

    async def work(sessions: Sessions) -> Sequence[Message]:
        campaign_id = None if campaign is None else await service.find_campaign(sessions, campaign)
        wanted = MessageFilter(campaign_id=campaign_id, lead_id=lead, state=state)
        return await handling.list_messages(sessions, wanted, after, limit)

    found = database.run(work)
    if as_json:
        echo_json([each.model_dump(exclude={"token"}) for each in found])
        return
    columns = ("id", "campaign", "lead", "channel", "step", "state", "reason", "due", "tries")
    rows = [
        (
            each.id,
            each.campaign_id or "",
            each.lead_id,
            each.channel,
            each.step,
            each.state,
            each.reason,
            f"{each.due_at:%Y-%m-%d %H:%M}",
            each.tries,
        )
        for each in found
    ]
    show([Table("Messages", columns, rows)])


@messages_app.command("cancel")
def cancel(context: typer.Context, message: Id, as_json: Json = False) -> None:
    """Take a message out of line."""
    database: WithDatabase = context.obj
    _show_one(database.run(lambda sessions: handling.cancel_message(sessions, message)), as_json=as_json)


@messages_app.command("send-again")
def send_again(context: typer.Context, message: Id, as_json: Json = False) -> None:
    """Send a message that failed, or of which nobody knows whether it went: it may then arrive twice."""
    database: WithDatabase = context.obj
    now = datetime.now(UTC)
    _show_one(database.run(lambda sessions: handling.send_again(sessions, message, now)), as_json=as_json)


def _show_one(message: Message, *, as_json: bool) -> None:
    if as_json:
        echo_json(message.model_dump(exclude={"token"}))
    else:
        typer.echo(f"Message {message.id} is {message.state}.")


def _set_active(context: typer.Context, name: str, client: str, *, active: bool, as_json: bool) -> None:
    database: WithDatabase = context.obj

    async def work(sessions: Sessions) -> channels.ChannelView:
        channel = await channels.find_channel(sessions, client, name)
        return await channels.set_active(sessions, channel.id, active=active)

    changed = database.run(work)
    if as_json:
        echo_json(changed)
    else:
        typer.echo(f"Channel {name} {'sends' if changed.active else 'sends no more; its messages wait'}.")


def _mails_in(file: Path) -> list[bytes]:
    """One mail, or all of an mbox."""
    if file == STANDARD_INPUT:
        return [sys.stdin.buffer.read()]
    with file.open("rb") as opened:
        is_mbox = opened.read(5) == b"From "
    if not is_mbox:
        return [file.read_bytes()]
    with_mails = mailbox.mbox(file, create=False)
    try:
        return [each.as_bytes() for each in with_mails]
    finally:
        with_mails.close()
