"""Options by which commands choose leads."""

from collections.abc import Sequence
from typing import Annotated

import typer

from leads.core.lead_filter import FIELDS, LeadFilter, parse_filter
from leads.errors import BadLeadFilterError

ChosenClient = Annotated[str | None, typer.Option("--client", help="Leads of this client, by its slug.")]
ChosenList = Annotated[str | None, typer.Option("--list", help="Leads of this list, by name or id.")]
ChosenPhone = Annotated[str | None, typer.Option("--phone", help="Leads with this number, written anyhow.")]
ChosenName = Annotated[
    str | None, typer.Option("--name", help="Leads whose first or last name begins with this.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FIELD=VALUE",
        help=f"One more condition; may be given again. Fields: {', '.join(FIELDS)}.",
    ),
]
WhereCustom = Annotated[
    list[str] | None,
    typer.Option("--custom", metavar="NAME=VALUE", help="A custom field's whole value; may be given again."),
]


def chosen(
    options: dict[str, str | None], where: Sequence[str] | None, custom: Sequence[str] | None, country: str
) -> LeadFilter:
    """The filter that the options mean. Raises BadLeadFilterError."""
    values = dict(options)
    for condition in where or ():
        name, equals, value = condition.partition("=")
        if not equals:
            raise BadLeadFilterError("--where takes FIELD=VALUE, as in --where owner=Anna.")
        if values.get(name) is not None:
            raise BadLeadFilterError(f"{name[:40]} is given twice; give it once.")
        values[name] = value
    return parse_filter(values, custom or (), country)
