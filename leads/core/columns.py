"""The columns of a lead file: which of them holds what, and how a cell is read and written."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_COLUMNS = 256
MAX_CELL_CHARS = 32_767
"""What a cell of a spreadsheet holds."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "external_id": ("externalid", "leadid", "customerid", "contactid", "vendorleadcode", "reference", "id"),
    "first_name": ("firstname", "givenname", "forename", "vorname", "prenom", "name", "fullname", "contact"),
    "last_name": ("lastname", "surname", "familyname", "nachname", "nom", "apellido"),
    "email": ("email", "emailaddress", "mail"),
    "country": ("country", "countrycode", "land", "pays", "pais"),
    "region": ("region", "state", "province", "stateprovince", "county"),
    "postal_code": ("postalcode", "postcode", "zip", "zipcode", "plz"),
    "timezone": ("timezone", "tz", "zone"),
    "language": ("language", "lang", "locale"),
    "priority": ("priority", "rank"),
    "not_before": ("notbefore", "callafter", "notcallbefore"),
}
"""Field to the headers taken for it, the best first, in lower case without accents, spaces and marks."""

REJECT_COLUMNS = ("rejected_row", "rejected_code", "rejected_reason")
"""What a file of rejected rows has beside its own columns; ignored when it comes back mended."""

_PHONE_KIND = "primary|main|home|work|business|office|alt|alternate|other|second|mobile|cell|day|evening"
_PHONE_WORD = "phone|telephone|tel|mobile|cell|handy|telefon|telefono|telefone|celular|movil|portable"
_PHONE_HEADER = re.compile(
    rf"({_PHONE_KIND})?({_PHONE_WORD})({_PHONE_KIND}|number|no|num|nr|nummer)?\d{{0,2}}"
)
_MARKS = re.compile(r"[\W_]+")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NEUTRALISED = re.compile(r"'[=+\-@\t\r]")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_E164 = re.compile(r"\+[0-9]{6,15}")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column (from 0) holds what; `phones` and `custom` are in the file's order, with their names."""

    fields: Mapping[str, int]
    phones: tuple[tuple[int, str], ...]
    custom: tuple[tuple[int, str], ...]
    width: int


def map_columns(header: Sequence[str]) -> ColumnMap:
    """Finds the lead's fields in a header, by the template's names and sensible guesses.

    Case, spaces, accents and punctuation do not matter. Every column that looks like a phone is one, the
    leftmost dialed first. Columns that stay over are kept as custom fields under their own names.
    """
    folded = [_fold(name) for name in header]
    phones = tuple(
        (i, clean_cell(header[i]) or f"column {i + 1}")
        for i, name in enumerate(folded)
        if _PHONE_HEADER.fullmatch(name)
    )
    fields = {
        name: folded.index(found)
        for name, aliases in ALIASES.items()
        if (found := next((alias for alias in aliases if alias in folded), None))
    }
    ignored = {_fold(name) for name in REJECT_COLUMNS}
    taken = {i for i, _ in phones} | set(fields.values()) | {i for i, n in enumerate(folded) if n in ignored}
    return ColumnMap(fields, phones, _name_custom(header, taken), len(header))


def _name_custom(header: Sequence[str], taken: set[int]) -> tuple[tuple[int, str], ...]:
    custom: dict[str, int] = {}
    for i, cell in enumerate(header):
        if i in taken:
            continue
        name = clean_cell(cell) or f"column {i + 1}"
        while name in custom:
            name = f"{name} (column {i + 1})"
        custom[name] = i
    return tuple((i, name) for name, i in custom.items())


def _fold(header: str) -> str:
    decomposed = unicodedata.normalize("NFKD", header)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _MARKS.sub("", bare.casefold())


def clean_cell(cell: str) -> str:
    """A cell without control characters, outer spaces, and the apostrophe that neutralised a formula."""
    if not cell.isprintable():
        cell = _UNSEEN.sub("", cell)
    cell = cell.strip()
    return cell[1:] if _NEUTRALISED.match(cell) else cell


def neutral_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before a leading = + - @, tab or return.

    A plain E.164 number keeps its plus. `clean_cell` undoes it.
    Source: OWASP, "CSV Injection".
    """
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and not _PLAIN_E164.fullmatch(cell) else cell
