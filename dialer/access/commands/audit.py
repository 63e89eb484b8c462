"""`dialer audit`."""

from typing import Annotated

import typer

from dialer.access.audit import list_audit
from dialer.access.commands.shared import AfterId, Most, OfClient
from dialer.access.stores.audit import AuditFilter
from dialer.access.tables import AuditEntry
from leads.commands.shared import Json, WithDatabase, show

audit_app = typer.Typer(help="Show who changed what.", invoke_without_command=True)


@audit_app.callback()
def audit(
    context: typer.Context,
    client: OfClient = None,
    actor: Annotated[str | None, typer.Option("--actor", help="As in 'user anna'.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="As in start-campaign.")] = None,
    after: AfterId = 0,
    limit: Most = 100,
    as_json: Json = False,
) -> None:
    """Show who changed what, the oldest first."""
    work: WithDatabase = context.obj
    wanted = AuditFilter(actor=actor, action=action)
    found = work.run(lambda sessions: list_audit(sessions, client, wanted, after, limit))
    show([each.model_dump() for each in found], as_json, [_line(each) for each in found] or ["None."])


def _line(entry: AuditEntry) -> str:
    who = f"{entry.actor} ({entry.role})"
    return f"{entry.id}  {entry.at:%Y-%m-%d %H:%M:%S}  {who}  {entry.action}  {entry.subject}  {entry.status}"
