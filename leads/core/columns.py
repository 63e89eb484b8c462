"""The columns of a lead file: which of them holds what, and how a cell is read and written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from leads.core.headers import ALIASES, PHONE_FIELD, PRESETS, fold, phone_label, phone_typed_by
from leads.errors import BadMappingError

MAX_COLUMNS = 256
MAX_CELL_CHARS = 32_767
"""What a cell of a spreadsheet holds."""

REJECT_COLUMNS = ("rejected_row", "rejected_code", "rejected_reason")
"""What a file of rejected rows has beside its own columns; ignored when it comes back mended."""

How = Literal["exact", "guess", "chosen", "preset", "custom", "ignored"]

_HEADER_NAMES_OF_A_PRESET = 2
_NUMBERED = re.compile(r"column ([1-9][0-9]{0,3})")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NEUTRALISED = re.compile(r"'[=+\-@\t\r]")
_TEXT_AS_FORMULA = re.compile(r'="([^"]*)"')
_FORM_STARTS = ("'", "=")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_E164 = re.compile(r"\+[0-9]{6,15}")


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What the user says of the columns.

    `mapping` is field to header, as the user wrote both; phones are phone, phone2, phone3, … in the order in
    which they are dialed. "column 3" names the third column, whatever its header. `preset` is one of PRESETS.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    preset: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """What one column (from 0) was taken for, and how surely.

    `how`: exact (the template's own name), guess, chosen, preset, custom (kept under its own name), ignored.
    `field` is empty for the last two; a column that tells a phone's kind has the phone's field with _type.
    """

    index: int
    header: str
    field: str
    how: How


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column (from 0) holds what.

    `phones` are (column, name, label), the first dialed first; `custom` are (column, name) in the file's
    order. `phone_types` is a phone's column to the column that tells its kind. Where the file has no header,
    its first record is a row like the others.
    """

    fields: Mapping[str, int]
    phones: tuple[tuple[int, str, str], ...]
    custom: tuple[tuple[int, str], ...]
    width: int
    has_header: bool = True
    phone_types: Mapping[int, int] = field(default_factory=dict)
    uses: tuple[ColumnUse, ...] = ()
    """One for each column, in the file's order; for a dry run."""


NO_CHOICE = ColumnChoice()


def map_columns(header: Sequence[str], choice: ColumnChoice = NO_CHOICE) -> ColumnMap:
    """Finds the lead's fields in a file's first record: as chosen, by a preset, by their names, by guess.

    Case, spaces, accents and punctuation do not matter. Every column that looks like a phone is one; those
    chosen are dialed first, then the leftmost. Columns that stay over are kept as custom fields under their
    own names. Raises BadMappingError.
    """
    return _Mapper(header, choice).map()


class _Mapper:
    """Gives each column its use, one source of knowledge after the other, the surest first."""

    def __init__(self, header: Sequence[str], choice: ColumnChoice) -> None:
        self._choice = choice
        self._preset = _preset(choice.preset)
        self._has_header = not self._preset or _is_header(header, self._preset)
        if not self._has_header:
            extra = len(header) - len(self._preset)
            header = [name for name, _ in self._preset] + [""] * extra
        self._names = [clean_cell(cell) or f"column {i + 1}" for i, cell in enumerate(header)]
        self._folded = [fold(cell) for cell in header]
        self._taken: dict[int, tuple[str, How]] = {}
        self._fields: dict[str, int] = {}

    def map(self) -> ColumnMap:
        for name, header in self._choice.mapping.items():
            self._choose(name, header)
        for i, folded in enumerate(self._folded):
            if folded in {fold(name) for name in REJECT_COLUMNS}:
                self._taken.setdefault(i, ("", "ignored"))
        self._apply_preset()
        self._guess_phones()
        self._guess_fields()
        types = self._phone_types()
        custom = self._custom()
        phones = sorted((name for name in self._fields if PHONE_FIELD.fullmatch(name)), key=_phone_position)
        return ColumnMap(
            fields={name: i for name, i in self._fields.items() if name in ALIASES},
            phones=tuple(self._phone(self._fields[name]) for name in phones),
            custom=custom,
            width=len(self._names),
            has_header=self._has_header,
            phone_types=types,
            uses=tuple(
                ColumnUse(i, name, *self._taken.get(i, ("", "custom"))) for i, name in enumerate(self._names)
            ),
        )

    def _take(self, name: str, index: int, how: How) -> None:
        self._fields[name] = index
        self._taken[index] = (name, how)

    def _choose(self, name: str, header: str) -> None:
        name = "phone" if name == "phone1" else name
        if name not in ALIASES and not PHONE_FIELD.fullmatch(name):
            known = ", ".join(["phone", "phone2", "phone3", *ALIASES])
            raise BadMappingError(f'There is no field "{name}"; give one of {known}.')
        index = self._find(header)
        if index in self._taken:
            raise BadMappingError(f'The column "{header}" is chosen twice; give it to one field.')
        self._take(name, index, "chosen")

    def _find(self, header: str) -> int:
        """The column that is meant: by its exact name, else by its folded one, else by its number."""
        for names, wanted in ((self._names, clean_cell(header)), (self._folded, fold(header))):
            if wanted and names.count(wanted) > 1:
                raise BadMappingError(
                    f'The file has {names.count(wanted)} columns "{header}"; name it by its number, as in '
                    f'"column {names.index(wanted) + 1}".'
                )
            if wanted and wanted in names:
                return names.index(wanted)
        if (number := _NUMBERED.fullmatch(header.strip().casefold())) and int(number[1]) <= len(self._names):
            return int(number[1]) - 1
        shown = ", ".join(self._names[:20]) + (", …" if len(self._names) > 20 else "")
        raise BadMappingError(f'The file has no column "{header}"; it has {shown}.')

    def _apply_preset(self) -> None:
        for name, field_name in self._preset:
            index = self._folded.index(fold(name)) if fold(name) in self._folded else None
            if index is None or index in self._taken:
                continue
            if not field_name:
                self._taken[index] = ("", "custom")
            elif field_name not in self._fields:
                self._take(field_name, index, "preset")

    def _guess_phones(self) -> None:
        for i, folded in enumerate(self._folded):
            if i not in self._taken and phone_label(folded) is not None:
                exact: How = "exact" if PHONE_FIELD.fullmatch(folded) else "guess"
                self._take(self._next_phone(), i, exact)

    def _next_phone(self) -> str:
        last = max((_phone_position(name) for name in self._fields if PHONE_FIELD.fullmatch(name)), default=0)
        return f"phone{last + 1}" if last else "phone"

    def _guess_fields(self) -> None:
        free = [folded if i not in self._taken else None for i, folded in enumerate(self._folded)]
        for name, aliases in ALIASES.items():
            found = next((alias for alias in aliases if alias in free), None)
            if found and name not in self._fields:
                self._take(name, free.index(found), "exact" if found == fold(name) else "guess")

    def _phone_types(self) -> dict[int, int]:
        """Columns such as "Phone 2 Type" tell what kind of phone another column holds."""
        phones = {name: i for name, i in self._fields.items() if PHONE_FIELD.fullmatch(name)}
        types: dict[int, int] = {}
        for i, folded in enumerate(self._folded):
            typed = phone_typed_by(folded) if i not in self._taken else None
            for name, phone in phones.items():
                if typed and phone not in types and self._folded[phone] in (typed, f"{typed}value"):
                    types[phone] = i
                    self._taken[i] = (f"{name}_type", "guess")
                    break
        return types

    def _phone(self, index: int) -> tuple[int, str, str]:
        return index, self._names[index], phone_label(self._folded[index]) or ""

    def _custom(self) -> tuple[tuple[int, str], ...]:
        custom: dict[str, int] = {}
        for i, name in enumerate(self._names):
            if self._taken.get(i, ("", "custom"))[1] != "custom":
                continue
            while name in custom:
                name = f"{name} (column {i + 1})"
            custom[name] = i
        return tuple((i, name) for name, i in custom.items())


def _preset(name: str | None) -> tuple[tuple[str, str], ...]:
    if name is None:
        return ()
    if name not in PRESETS:
        raise BadMappingError(f'There is no preset "{name}"; give one of {", ".join(PRESETS)}.')
    return PRESETS[name]


def _is_header(record: Sequence[str], preset: tuple[tuple[str, str], ...]) -> bool:
    """Whether a preset's file begins with its names, rather than with a row."""
    names = {fold(name) for name, _ in preset}
    return sum(fold(cell) in names for cell in record) >= _HEADER_NAMES_OF_A_PRESET


def _phone_position(name: str) -> int:
    return int(name.removeprefix("phone") or 1)


def clean_cell(cell: str) -> str:
    """A cell without control characters, outer spaces, and the apostrophe that neutralised a formula.

    The form ="0123456", in which exports keep a spreadsheet from making a number of a text, is that text.
    """
    if not cell.isprintable():
        cell = _UNSEEN.sub("", cell)
    cell = cell.strip()
    return _without_form(cell) if cell[:1] in _FORM_STARTS else cell


def _without_form(cell: str) -> str:
    if _NEUTRALISED.match(cell):
        cell = cell[1:]
    text = _TEXT_AS_FORMULA.fullmatch(cell)
    return text[1].strip() if text else cell


def neutral_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before a leading = + - @, tab or return.

    A plain E.164 number keeps its plus. `clean_cell` undoes it.
    Source: OWASP, "CSV Injection".
    """
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and not _PLAIN_E164.fullmatch(cell) else cell
