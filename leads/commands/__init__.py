"""`dialer leads …`, `dialer dnc …` and `dialer consent …`: what the leads room puts on the command line."""

import typer

from leads.commands import consent, dnc, imports, keeping

leads_app = typer.Typer(help="Load and keep lead lists.", no_args_is_help=True)
leads_app.add_typer(imports.app)
leads_app.add_typer(keeping.app)
dnc_app = dnc.app
consent_app = consent.app
