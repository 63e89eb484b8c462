"""`dialer audit`."""

from typing import Annotated

import typer

from dialer.access.audit import list_audit
from dialer.access.commands.shared import AfterId, Most, OfClient, show_rows
from dialer.access.stores.audit import AuditFilter
from dialer.access.tables import AuditEntry
from leads.commands.shared import Json

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
    wanted = AuditFilter(actor=actor, action=action)
    show_rows(
        context,
        lambda sessions: list_audit(sessions, client, wanted, after, limit),
        _line,
        set(),
        as_json=as_json,
    )


def _line(entry: AuditEntry) -> str:
    who = f"{entry.actor} ({entry.role})"
    return f"{entry.id}  {entry.at:%Y-%m-%d %H:%M:%S}  {who}  {entry.action}  {entry.subject}  {entry.status}"
