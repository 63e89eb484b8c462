"""From a row of a lead file to a lead, or to the reason why not.

A row is rejected where going on without the value could call the wrong person or at the wrong time: no phone
that can be dialed, a country, calling code, time zone or `not_before` that cannot be read. Other values that
cannot be read (a second phone, an email address, a priority, a consent) are left out and noted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from leads.core.columns import MAX_CELL_CHARS, ColumnMap, clean_cell
from leads.core.consent import Channel, basis_code
from leads.core.country import country_code, country_of_calling_code
from leads.core.headers import label_of
from leads.core.phone import ParsedPhone, PhoneRejection, parse_phone
from leads.core.timezone import callee_zones, known_zone
from leads.core.values import RowNote, quoted, read_best_time, read_email, read_instant, read_number

T = TypeVar("T")

MAX_EXTERNAL_ID_CHARS = 200

CONSENT_CHANNELS: Mapping[str, Channel] = {
    "call": "call",
    "voice": "call",
    "phone": "call",
    "telephone": "call",
    "automated_call": "automated_call",
    "automated": "automated_call",
    "autodialer": "automated_call",
    "prerecorded": "automated_call",
    "robocall": "automated_call",
    "sms": "sms",
    "text": "sms",
    "email": "email",
    "e_mail": "email",
    "mail": "email",
}
"""How lists write a consent's channel, in snake case, to the channel."""

_CHANNEL_SEPARATORS = re.compile(r"[;,|/+&]")
_NOT_A_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class RowRejection:
    """Why a row is not a lead."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ConsentDraft:
    """A consent as a row gives it; `source` is empty where the row does not say where it was given.

    `basis` is in snake case, as in express_written.
    """

    channel: Channel
    basis: str
    source: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class LeadDraft:
    """A lead as a row gives it. Empty text, None, () and {} mean that the row does not say."""

    phones: tuple[ParsedPhone, ...]
    external_id: str | None = None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    country: str = ""
    region: str = ""
    postal_code: str = ""
    timezone: str = ""
    language: str = ""
    owner: str = ""
    priority: int | None = None
    rank: int | None = None
    best_time: str = ""
    not_before: datetime | None = None
    consents: tuple[ConsentDraft, ...] = ()
    custom: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[RowNote, ...] = ()


def read_row(cells: Sequence[str], columns: ColumnMap, default_country: str) -> LeadDraft | RowRejection:
    """Reads one row. Cells that miss at its end are empty.

    A phone number without a country is one of the row's country (or its calling code's), else of
    `default_country` (ISO 3166).
    """
    cells = [clean_cell(cell) for cell in cells]
    if rejection := _check_shape(cells, columns):
        return rejection
    if len(cells) < columns.width:
        cells.extend([""] * (columns.width - len(cells)))
    try:
        return _Row(cells, columns).read(default_country)
    except _Rejected as rejected:
        return rejected.rejection


class _Rejected(Exception):
    """Ends the reading of a row."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.rejection = RowRejection(code, sentence)


class _Row:
    """One row that has a cell for each column, and what was noted of it so far."""

    def __init__(self, cells: Sequence[str], columns: ColumnMap) -> None:
        self._cells = cells
        self._columns = columns
        self._values = {name: cell for name, i in columns.fields.items() if (cell := cells[i])}
        self._notes: list[RowNote] = []

    def read(self, default_country: str) -> LeadDraft:
        """The lead. Raises _Rejected."""
        value = self._values.get
        country = self._country()
        phones = self._phones(self._numbers_country(country or default_country))
        timezone = self._timezone()
        return LeadDraft(
            phones=phones,
            external_id=self._external_id(),
            first_name=value("first_name", ""),
            last_name=value("last_name", ""),
            email=self._noting(read_email(value("email", ""))),
            country=country,
            region=value("region", ""),
            postal_code=value("postal_code", ""),
            timezone=timezone,
            language=value("language", ""),
            owner=value("owner", ""),
            priority=self._noting(read_number("priority", value("priority", ""))),
            rank=self._noting(read_number("rank", value("rank", ""))),
            best_time=self._noting(read_best_time(value("best_time", ""))),
            not_before=self._not_before(timezone, phones),
            consents=self._consents(timezone, phones),
            custom={name: cell for i, name in self._columns.custom if (cell := self._cells[i])},
            notes=tuple(self._notes),
        )

    def _noting(self, result: tuple[T, RowNote | None]) -> T:
        value, note = result
        if note:
            self._notes.append(note)
        return value

    def _country(self) -> str:
        """The row's own country; a calling code beside it makes a country that is none harmless."""
        text = self._values.get("country")
        if not text:
            return ""
        if country := country_code(text):
            return country
        sentence = f"country: {quoted(text)} is not a country; use its two-letter code."
        if "phone_code" not in self._values:
            raise _Rejected("country-unknown", sentence)
        self._notes.append(RowNote("country-unknown", f"{sentence} The lead has none."))
        return ""

    def _numbers_country(self, country: str) -> str:
        """The country that numbers without one belong to."""
        code = self._values.get("phone_code")
        if not code:
            return country
        if found := country_of_calling_code(code, country):
            return found
        raise _Rejected(
            "phone-code-unknown", f"phone_code: {quoted(code)} is not a country's calling code, such as 44."
        )

    def _phones(self, country: str) -> tuple[ParsedPhone, ...]:
        """The row's good phones, each once, with a note for each bad one; if none is good, the first bad."""
        good: dict[str, ParsedPhone] = {}
        bad: list[RowNote] = []
        for i, name, label in self._columns.phones:
            if not (text := self._cells[i]):
                continue
            parsed = parse_phone(text, country)
            if isinstance(parsed, PhoneRejection):
                bad.append(RowNote(parsed.code, f"{name}: {parsed.sentence}"))
            elif parsed.e164 not in good:
                label = self._label(i) or label
                good[parsed.e164] = replace(parsed, label=label) if label else parsed
        if not good and bad:
            raise _Rejected(bad[0].code, bad[0].sentence)
        if not good:
            raise _Rejected("phone-empty", "The row has no phone number.")
        self._notes.extend(bad)
        return tuple(good.values())

    def _label(self, phone: int) -> str:
        column = self._columns.phone_types.get(phone)
        return label_of(self._cells[column]) if column is not None else ""

    def _external_id(self) -> str | None:
        given = self._values.get("external_id")
        if given and len(given) > MAX_EXTERNAL_ID_CHARS:
            sentence = f"external_id: It has more than {MAX_EXTERNAL_ID_CHARS} characters."
            raise _Rejected("external-id-too-long", sentence)
        return given

    def _timezone(self) -> str:
        given = self._values.get("timezone")
        if not given:
            return ""
        if zone := known_zone(given):
            return zone
        raise _Rejected(
            "timezone-unknown",
            f"timezone: {quoted(given)} is not a time zone; use an IANA name such as America/New_York.",
        )

    def _not_before(self, timezone: str, phones: Sequence[ParsedPhone]) -> datetime | None:
        given = self._values.get("not_before")
        if not given:
            return None
        if instant := read_instant(given, _all_zones(timezone, phones)):
            return instant
        raise _Rejected(
            "not-before-unreadable",
            f"not_before: {quoted(given)} is not a time; write it as 2026-03-01T09:00 or 2026-03-01.",
        )

    def _consents(self, timezone: str, phones: Sequence[ParsedPhone]) -> tuple[ConsentDraft, ...]:
        """A consent for each channel; none at all where a part of it is missing or cannot be read."""
        channel, basis, at = (self._values.get(f"consent_{part}") for part in ("channel", "basis", "at"))
        if not (channel or basis or at):
            return ()
        if not (channel and basis and at):
            sentence = "A consent needs its channel, its basis and when it was given; the lead has none."
            self._notes.append(RowNote("consent-incomplete", sentence))
            return ()
        channels = _channels(channel)
        code = basis_code(basis)
        given_at = read_instant(at, _all_zones(timezone, phones))
        if not channels:
            return self._no_consent("consent_channel", channel, "call, automated_call, sms or email")
        if not code:
            return self._no_consent("consent_basis", basis, "a word such as express_written")
        if not given_at:
            return self._no_consent("consent_at", at, "a time such as 2026-03-01T09:00")
        source = self._values.get("consent_source", "")
        return tuple(ConsentDraft(each, code, source, given_at) for each in channels)

    def _no_consent(self, name: str, text: str, wanted: str) -> tuple[ConsentDraft, ...]:
        sentence = f"{name}: {quoted(text)} is not {wanted}; the lead has no consent."
        self._notes.append(RowNote("consent-unreadable", sentence))
        return ()


def _channels(text: str) -> list[Channel]:
    """The channels that are named, each once; none where one of them is unknown."""
    words = [_NOT_A_WORD.sub("_", word.casefold()).strip("_") for word in _CHANNEL_SEPARATORS.split(text)]
    known = [CONSENT_CHANNELS[word] for word in words if word in CONSENT_CHANNELS]
    return list(dict.fromkeys(known)) if len(known) == len([word for word in words if word]) else []


def _all_zones(timezone: str, phones: Iterable[ParsedPhone]) -> set[str]:
    return {zone for phone in phones for zone in callee_zones(timezone, phone.zones)}


def _check_shape(cells: Sequence[str], columns: ColumnMap) -> RowRejection | None:
    if not any(cells):
        return RowRejection("row-empty", "Every cell of the row is empty.")
    if len(cells) > columns.width and any(cells[columns.width :]):
        return RowRejection(
            "row-too-many-cells",
            f"The row has {len(cells)} cells and the header {columns.width}; put quotation marks around "
            "a cell that contains the delimiter.",
        )
    if max(map(len, cells)) > MAX_CELL_CHARS:
        return RowRejection("cell-too-long", f"A cell has more than {MAX_CELL_CHARS:,} characters.")
    return None
