"""What a load is told: where to, and what to do with columns and duplicates."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from leads.core.columns import NO_CHOICE, ColumnChoice
from leads.core.country import country_code
from leads.core.merging import Duplicates, Match
from leads.errors import BadImportChoiceError, BadNameError, UnknownCountryError

Scope = Literal["list", "campaign", "client"]
"""Where duplicates are searched: in the list, in the lists of a campaign, in all lists of the client."""

MAX_LIST_NAME_CHARS = 200
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ListTarget:
    """Where leads are loaded to; client and list are created if they are missing."""

    client_slug: str
    list_name: str
    default_country: str
    """ISO 3166 alpha-2: the country of numbers that are written without one."""

    @classmethod
    def parse(cls, client_slug: str, list_name: str, default_country: str) -> "ListTarget":
        """As a user gives them. Raises BadNameError and UnknownCountryError."""
        if not _SLUG.fullmatch(client_slug):
            raise BadNameError("A client's slug has lower-case letters, digits and hyphens, 64 at most.")
        name = list_name.strip()
        if not name or len(name) > MAX_LIST_NAME_CHARS or not name.isprintable():
            raise BadNameError(f"A list needs a name of 1 to {MAX_LIST_NAME_CHARS} printable characters.")
        country = country_code(default_country)
        if country is None:
            raise UnknownCountryError("The default country is not known; give a two-letter code such as US.")
        return cls(client_slug, name, country)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChoices:
    """What is read, and what becomes of columns and of duplicates. Raises BadImportChoiceError."""

    columns: ColumnChoice = field(default=NO_CHOICE)
    sheet: str | None = None
    """The workbook's sheet; without a name, the first that has rows."""
    duplicates: Duplicates = "update"
    match: Match = "both"
    scope: Scope = "list"
    scope_lists: tuple[int, ...] = ()
    """The campaign's lists, where that is the scope."""
    from_start: bool = False
    """Whether loads into the list that were cut off are given up, instead of going on with them."""

    def __post_init__(self) -> None:
        for name, kind in (("duplicates", Duplicates), ("match", Match), ("scope", Scope)):
            if getattr(self, name) not in get_args(kind):
                raise BadImportChoiceError(f"{name} is one of {', '.join(get_args(kind))}.")
        if self.scope == "campaign" and not self.scope_lists:
            raise BadImportChoiceError(
                "To look for duplicates in a campaign, name the campaign; it needs a list."
            )

    def options(self, target: ListTarget) -> dict[str, Any]:
        """What has to be the same for one load to go on with another."""
        return {
            "default_country": target.default_country,
            "sheet": self.sheet,
            "columns": {"mapping": dict(self.columns.mapping), "preset": self.columns.preset},
            "duplicates": self.duplicates,
            "match": self.match,
            "scope": self.scope,
            "scope_lists": list(self.scope_lists),
        }
