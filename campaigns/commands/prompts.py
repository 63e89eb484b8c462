"""`dialer prompts …`. Errors pass through to `dialer.cli`."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from campaigns.core.abandoned_message import AbandonedMessage
from campaigns.core.prompt import WARNINGS
from campaigns.prompts import abandoned, library
from campaigns.reports.text import Table, show
from campaigns.tables import Prompt
from leads.commands.shared import Json, WithDatabase, echo_json
from leads.stores.shared import Sessions

T = TypeVar("T")

prompts_app = typer.Typer(help="Keep the sounds that calls play.", no_args_is_help=True)

Client = Annotated[str, typer.Option("--client", help="The client's slug.")]
Name = Annotated[str, typer.Option("--name", help="Unique within the client, as in welcome-en.")]
Language = Annotated[str, typer.Option("--language", help="BCP 47, as in en, en-US or pt-BR.")]
Replace = Annotated[bool, typer.Option("--replace", help="In place of the prompt of that name.")]
PromptName = Annotated[str, typer.Argument(metavar="PROMPT", help="A prompt's name.")]
Country = Annotated[str, typer.Option("--country", help="ISO 3166-1, as in US; any without it.")]
AnyLanguage = Annotated[str, typer.Option("--language", help="BCP 47, as in es; any without it.")]


@prompts_app.command("add")
def add(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A WAV file of any usual kind.")
    ],
    client: Client,
    name: Name,
    language: Language = "en",
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Add a recording; it is converted to what the switch plays."""
    with file.open("rb") as recording:
        added = _run(
            context,
            lambda sessions: library.add_prompt(
                sessions, client, name, language, recording, datetime.now(UTC), replace=replace
            ),
        )
    _show(added, as_json)


@prompts_app.command("say")
def say(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What is to be said.")],
    client: Client,
    name: Name,
    language: Language = "en",
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Have a text spoken by espeak-ng, once and now."""
    spoken = _run(
        context,
        lambda sessions: library.say_prompt(
            sessions, client, name, language, text, datetime.now(UTC), replace=replace
        ),
    )
    _show(spoken, as_json)


@prompts_app.command("list")
def list_prompts(
    context: typer.Context,
    client: Annotated[str | None, typer.Option("--client", help="Only this client's.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 1000,
    as_json: Json = False,
) -> None:
    """List prompts."""
    found = _run(context, lambda sessions: library.list_prompts(sessions, client, after, limit))
    if as_json:
        echo_json([each.model_dump() for each in found])
        return
    columns = ("id", "name", "language", "source", "seconds", "warnings", "text")
    rows = [
        (
            each.id,
            each.name,
            each.language,
            each.source,
            f"{each.length_s:.1f}",
            ", ".join(each.warnings),
            each.text[:60],
        )
        for each in found
    ]
    show([Table("Prompts", columns, rows)])


@prompts_app.command("remove")
def remove(context: typer.Context, prompt: PromptName, client: Client) -> None:
    """Take out a prompt that no campaign plays."""

    async def work(sessions: Sessions) -> None:
        await library.remove_prompt(sessions, (await library.find_prompt(sessions, client, prompt)).id)

    _run(context, work)
    typer.echo(f"The prompt {prompt} is gone.")


@prompts_app.command("set-abandoned")
def set_abandoned(
    context: typer.Context,
    prompt: PromptName,
    client: Client,
    country: Country = "",
    language: AnyLanguage = "",
) -> None:
    """Choose what people hear who answer and get no agent; it names the seller, its number and the key."""
    chosen = _run(
        context, lambda sessions: abandoned.set_message(sessions, client, prompt, country, language)
    )
    typer.echo(f"{chosen.prompt} is what people hear who get no agent ({_whom(chosen)}).")


@prompts_app.command("unset-abandoned")
def unset_abandoned(
    context: typer.Context, client: Client, country: Country = "", language: AnyLanguage = ""
) -> None:
    """Take such a choice back."""
    _run(context, lambda sessions: abandoned.unset_message(sessions, client, country, language))
    typer.echo("That message is not played any more.")


@prompts_app.command("abandoned")
def list_abandoned(context: typer.Context, client: Client, as_json: Json = False) -> None:
    """Say what people hear who get no agent."""
    found = _run(context, lambda sessions: abandoned.list_messages(sessions, client))
    if as_json:
        echo_json(found)
        return
    rows = [(each.country or "any", each.language or "any", each.prompt) for each in found]
    show([Table("Who gets no agent hears", ("country", "language", "prompt"), rows)])


def _whom(message: AbandonedMessage) -> str:
    return f"country {message.country or 'any'}, language {message.language or 'any'}"


def _show(prompt: Prompt, as_json: bool) -> None:
    if as_json:
        echo_json(prompt.model_dump())
        return
    typer.echo(f"Prompt {prompt.id} is {prompt.name}, {prompt.length_s:.1f} s long.")
    for code in prompt.warnings:
        typer.echo(f"warning: {WARNINGS[code]} [{code}]", err=True)


def _run(context: typer.Context, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
    database: WithDatabase = context.obj
    return database.run(work)
