"""`dialer agent …`. Errors pass through to `dialer.cli`."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from campaigns import agents, service, softphones
from campaigns.commands.dates import day_in, day_of
from campaigns.core.agent_profile import AgentProfile
from campaigns.core.agent_time import AgentTime
from campaigns.core.pauses import Pause
from campaigns.core.softphone import AT_OUR_REGISTRAR, LEGS
from campaigns.errors import InvalidAgentError
from campaigns.reports.text import Table, agent_time_tables, show
from campaigns.softphones import SipAccount
from campaigns.stores.shared import Sessions
from campaigns.tables import Agent
from leads.commands.shared import Json, WithDatabase, echo_json

T = TypeVar("T")

agent_app = typer.Typer(help="Keep the agents who take the calls.", no_args_is_help=True)
pause_app = typer.Typer(help="For what a client's agents pause.", no_args_is_help=True)
agent_app.add_typer(pause_app, name="pause-reason")

AgentRef = Annotated[str, typer.Argument(metavar="AGENT", help="An agent's id or name.")]
Client = Annotated[str, typer.Option("--client", help="The client's slug.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="As desktops give it, as in lunch.")]
Skills = Annotated[
    list[str] | None,
    typer.Option("--skill", metavar="NAME=LEVEL", help="A skill with its level, 1 to 10; 0 takes it away."),
]
Languages = Annotated[
    list[str] | None, typer.Option("--language", help="BCP 47, as in es or pt-BR; give it again for more.")
]
SipUri = Annotated[
    str | None,
    typer.Option("--sip-uri", help="Where the softphone is, as sip:anna@pbx.example; without: ours."),
]
Leg = Annotated[
    str | None,
    typer.Option("--leg", help=f"{LEGS[0]} (called once a shift) or {LEGS[1]} (rung for each customer)."),
]
AutoAnswer = Annotated[
    bool | None,
    typer.Option("--auto-answer/--no-auto-answer", help="Ask a persistent softphone to answer by itself."),
]
Ranks = Annotated[
    list[str] | None,
    typer.Option("--rank", metavar="CAMPAIGN=RANK", help="In a campaign; 1 comes first, 0 is no rank."),
]


@agent_app.command("add")
def add_agent(
    context: typer.Context,
    client: Client,
    name: Annotated[str, typer.Option("--name", help="The agent's name, unique within the client.")],
    sip_uri: SipUri = None,
    leg: Leg = None,
    auto_answer: AutoAnswer = None,
    skills: Skills = None,
    languages: Languages = None,
    ranks: Ranks = None,
    as_json: Json = False,
) -> None:
    """Add an agent. One at our registrar gets a SIP secret, which is shown this once."""

    async def work(sessions: Sessions) -> tuple[int, SipAccount | None]:
        ranked = await _ranks(sessions, ranks or [])
        profile = AgentProfile.parse(_levels(skills or []), languages or [], _present(ranked))
        address = AT_OUR_REGISTRAR if sip_uri is None else sip_uri
        agent = await service.add_agent(
            sessions,
            *(client, name, address, datetime.now(UTC), profile),
            leg=leg or LEGS[0],
            auto_answer=bool(auto_answer),
        )
        return agent, None if sip_uri else await softphones.new_secret(sessions, agent)

    agent_id, account = _run(context, work)
    if as_json:
        echo_json({"id": agent_id, **(_shown(account) if account else {})})
        return
    typer.echo(f"Agent {agent_id} is {name}.")
    if account:
        _tell(account)


@agent_app.command("sip-secret")
def sip_secret(context: typer.Context, agent: AgentRef, as_json: Json = False) -> None:
    """Make a new SIP secret for our registrar and show it once; the one before holds no longer."""

    async def work(sessions: Sessions) -> SipAccount:
        return await softphones.new_secret(sessions, (await agents.find_agent(sessions, agent)).id)

    account = _run(context, work)
    if as_json:
        echo_json({"id": account.agent_id, **_shown(account)})
    else:
        _tell(account)


@agent_app.command("set")
def change_agent(
    context: typer.Context,
    agent: AgentRef,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    sip_uri: Annotated[str | None, typer.Option("--sip-uri", help="Another address.")] = None,
    our_registrar: Annotated[
        bool, typer.Option("--our-registrar", help="The softphone registers at ours from now on.")
    ] = False,
    leg: Leg = None,
    auto_answer: AutoAnswer = None,
    skills: Skills = None,
    languages: Languages = None,
    ranks: Ranks = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether the agent begins no more shifts.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change an agent; skills and ranks are added to those there are, languages replace them."""

    async def work(sessions: Sessions) -> Agent:
        found = await agents.find_agent(sessions, agent)
        address = AT_OUR_REGISTRAR if our_registrar else sip_uri
        given: dict[str, Any] = {"name": name, "sip_uri": address, "leg": leg, "auto_answer": auto_answer}
        given |= {"languages": languages, "disabled": disabled}
        changes = {field: value for field, value in given.items() if value is not None}
        if skills:
            changes["skills"] = _present(found.skills | _levels(skills))
        if ranks:
            changes["ranks"] = _present(found.ranks | await _ranks(sessions, ranks))
        return await agents.change_agent(sessions, found.id, changes)

    changed = _run(context, work)
    if as_json:
        echo_json(_plain(changed))
    else:
        show([_table([changed])])


@agent_app.command("list")
def list_agents(
    context: typer.Context,
    client: Annotated[str | None, typer.Option("--client", help="Only this client's.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 1000,
    as_json: Json = False,
) -> None:
    """List agents."""
    found = _run(context, lambda sessions: service.list_agents(sessions, client, after, limit))
    if as_json:
        echo_json([_plain(agent) for agent in found])
    else:
        show([_table(found)])


@agent_app.command("time")
def agent_time(
    context: typer.Context,
    agent: AgentRef,
    date: Annotated[str, typer.Option("--date", metavar="DATE", help="As in 2026-12-24.")],
    zone: Annotated[str, typer.Option("--zone", help="Whose day it is, as in Europe/Berlin.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Account for every second of an agent's day; exits with 1 where a part of a shift is missing."""
    since, until = day_in("--zone", day_of("--date", date), zone)

    async def work(sessions: Sessions) -> tuple[Agent, AgentTime]:
        found = await agents.find_agent(sessions, agent)
        return found, await agents.time_of_agent(sessions, found.id, since, until, datetime.now(UTC))

    found, spent = _run(context, work)
    if as_json:
        echo_json(spent)
    else:
        show(agent_time_tables(found.name, spent))
    if spent.unaccounted_ms:
        raise typer.Exit(1)


@pause_app.command("list")
def list_pauses(context: typer.Context, client: Client, as_json: Json = False) -> None:
    """List a client's reasons for pauses, or the default ones."""
    _show_pauses(client, _run(context, lambda sessions: agents.pause_reasons(sessions, client)), as_json)


@pause_app.command("set")
def set_pause(
    context: typer.Context,
    code: Code,
    client: Client,
    name: Annotated[str, typer.Option("--name", help="What people read.")],
    paid: Annotated[bool, typer.Option("--paid/--unpaid", help="Whether such time is paid.")] = True,
    limit: Annotated[int | None, typer.Option("--limit", help="How many minutes one may last.")] = None,
    as_json: Json = False,
) -> None:
    """Add a reason to a client's list, or change it; it holds at once."""
    wanted = Pause(code, name, paid, limit)
    _change_pauses(context, client, as_json, lambda known: [*_without(code, known), wanted])


@pause_app.command("remove")
def remove_pause(context: typer.Context, code: Code, client: Client, as_json: Json = False) -> None:
    """Take a reason off a client's list; with the last one gone, the default ones hold again."""
    _change_pauses(context, client, as_json, lambda known: _without(code, known))


def _change_pauses(
    context: typer.Context, client: str, as_json: bool, change: Callable[[list[Pause]], list[Pause]]
) -> None:
    async def work(sessions: Sessions) -> list[Pause]:
        known = await agents.pause_reasons(sessions, client)
        return await agents.set_pause_reasons(sessions, client, change(known))

    _show_pauses(client, _run(context, work), as_json)


def _without(code: str, pauses: Sequence[Pause]) -> list[Pause]:
    return [each for each in pauses if each.code != code]


def _show_pauses(client: str, pauses: Sequence[Pause], as_json: bool) -> None:
    if as_json:
        echo_json(pauses)
        return
    rows = [(each.code, each.name, "yes" if each.paid else "no", each.limit_minutes) for each in pauses]
    show([Table(f"For what agents of {client} pause", ("code", "name", "paid", "minutes at most"), rows)])


def _plain(agent: Agent) -> dict[str, Any]:
    return agent.model_dump(exclude={"sip_ha1"})


def _shown(account: SipAccount) -> dict[str, str]:
    return {"sip_user": account.user, "sip_secret": account.secret}


def _tell(account: SipAccount) -> None:
    typer.echo(f"The softphone registers as {account.user} with this secret, which is shown only now:")
    typer.echo(account.secret)


def _table(found: Sequence[Agent]) -> Table:
    columns = ("id", "name", "softphone", "leg", "skills", "languages", "ranks", "disabled")
    rows = [
        (
            each.id,
            each.name,
            each.sip_uri or each.sip_user or "",
            each.leg,
            _listed(each.skills),
            ", ".join(each.languages),
            _listed(each.ranks),
            "yes" if each.disabled else "",
        )
        for each in found
    ]
    return Table("Agents", columns, rows)


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name}={number}" for name, number in sorted(numbers.items()))


def _levels(given: Sequence[str]) -> dict[str, int]:
    return dict(_numbered("--skill", each) for each in given)


async def _ranks(sessions: Sessions, given: Sequence[str]) -> dict[str, int]:
    ranked = [_numbered("--rank", each) for each in given]
    return {str(await service.find_campaign(sessions, campaign)): rank for campaign, rank in ranked}


def _numbered(option: str, given: str) -> tuple[str, int]:
    name, _, number = given.rpartition("=")
    if not (name and number.isascii() and number.isdigit() and len(number) <= 3):
        raise InvalidAgentError(f"{option} is NAME=NUMBER, as in mortgages=7; not {given[:60]!r}.")
    return name, int(number)


def _present(numbers: dict[str, int]) -> dict[str, int]:
    return {name: number for name, number in numbers.items() if number}


def _run(context: typer.Context, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
    database: WithDatabase = context.obj
    return database.run(work)
