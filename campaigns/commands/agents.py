"""`dialer agent …`. Errors pass through to `dialer.cli`."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from campaigns import service, softphones
from campaigns.core.softphone import LEGS
from campaigns.reports.text import Table, show
from campaigns.softphones import AT_OUR_REGISTRAR, SipAccount
from campaigns.tables import Agent
from leads.commands.shared import Json, WithDatabase, echo_json
from leads.stores.shared import Sessions

T = TypeVar("T")

agent_app = typer.Typer(help="Keep the agents who take the calls.", no_args_is_help=True)

AgentId = Annotated[int, typer.Argument(metavar="AGENT", min=1, help="The agent's id.")]
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


@agent_app.command("add")
def add_agent(
    context: typer.Context,
    client: Annotated[str, typer.Option("--client", help="The client's slug.")],
    name: Annotated[str, typer.Option("--name", help="The agent's name, unique within the client.")],
    sip_uri: SipUri = None,
    leg: Leg = None,
    auto_answer: AutoAnswer = None,
    as_json: Json = False,
) -> None:
    """Add an agent. One at our registrar gets a SIP secret, which is shown this once."""

    async def work(sessions: Sessions) -> tuple[int, SipAccount | None]:
        address = AT_OUR_REGISTRAR if sip_uri is None else sip_uri
        softphones.check_leg(leg)
        agent = await service.add_agent(sessions, client, name, address, datetime.now(UTC))
        await softphones.change_softphone(sessions, agent, leg=leg, auto_answer=auto_answer)
        return agent, None if sip_uri else await softphones.new_secret(sessions, agent)

    agent_id, account = _run(context, work)
    if as_json:
        echo_json({"id": agent_id, **(_shown(account) if account else {})})
        return
    typer.echo(f"Agent {agent_id} is {name}.")
    if account:
        _tell(account)


@agent_app.command("sip-secret")
def sip_secret(context: typer.Context, agent: AgentId, as_json: Json = False) -> None:
    """Make a new SIP secret for our registrar and show it once; the one before holds no longer."""
    account = _run(context, lambda sessions: softphones.new_secret(sessions, agent))
    if as_json:
        echo_json({"id": agent, **_shown(account)})
    else:
        _tell(account)


@agent_app.command("set")
def set_agent(
    context: typer.Context,
    agent: AgentId,
    sip_uri: SipUri = None,
    our_registrar: Annotated[
        bool, typer.Option("--our-registrar", help="The softphone registers at ours from now on.")
    ] = False,
    leg: Leg = None,
    auto_answer: AutoAnswer = None,
    as_json: Json = False,
) -> None:
    """Change where a softphone is and how it is called, from the agent's next shift on."""
    address = AT_OUR_REGISTRAR if our_registrar else sip_uri
    changed = _run(
        context,
        lambda sessions: softphones.change_softphone(
            sessions, agent, sip_uri=address, leg=leg, auto_answer=auto_answer
        ),
    )
    _show([changed], as_json)


@agent_app.command("list")
def list_agents(
    context: typer.Context,
    client: Annotated[str | None, typer.Option("--client", help="Only this client's.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 1000,
    as_json: Json = False,
) -> None:
    """List agents."""
    _show(_run(context, lambda sessions: service.list_agents(sessions, client, after, limit)), as_json)


def _show(agents: Sequence[Agent], as_json: bool) -> None:
    if as_json:
        echo_json([agent.model_dump(exclude={"sip_ha1"}) for agent in agents])
        return
    rows = [(agent.id, agent.name, agent.sip_uri or agent.sip_user or "", agent.leg) for agent in agents]
    show([Table("Agents", ("id", "name", "softphone", "leg"), rows)])


def _shown(account: SipAccount) -> dict[str, str]:
    return {"sip_user": account.user, "sip_secret": account.secret}


def _tell(account: SipAccount) -> None:
    typer.echo(f"The softphone registers as {account.user} with this secret, which is shown only now:")
    typer.echo(account.secret)


def _run(context: typer.Context, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
    database: WithDatabase = context.obj
    return database.run(work)
