"""Takes leads that other programs bring, one or some at a time, as a load of a file with these rows would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from leads.core.columns import ColumnMap
from leads.core.headers import ALIASES, PHONE_FIELD
from leads.errors import BadMappingError
from leads.importing.report import Tally
from leads.importing.worker import Job, read_rows
from leads.stores.known_leads import Into
from leads.stores.loading import LoadingStore
from leads.stores.shared import Session
from leads.tables import LeadImport, LeadList

MOST_AT_A_TIME = 500
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class GivenLead:
    """A lead as somebody brings it: texts by the fields of a lead file, and by names of their own."""

    fields: Mapping[str, str]
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedLead:
    """What became of one of them, in the order in which they were brought.

    `result` is new, duplicate-updated, duplicate-unchanged or rejected; `code` and `reason` say why it was
    rejected; `lead_id` is null then.
    """

    lead_id: int | None
    external_id: str | None
    result: str
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """All of them; the leads that are new, and those that were there and have moved (see `Desk.moved`)."""

    leads: list[ReceivedLead]
    created: list[int]
    moved: list[int]


def check_field(name: str) -> None:
    """Whether a name is a field of a lead file. Raises BadMappingError."""
    if name not in ALIASES and not PHONE_FIELD.fullmatch(name):
        known = ", ".join(["phone", "phone2", "phone3", *ALIASES])
        raise BadMappingError(f"There is no field {name[:40]!r}; give one of {known}.")


async def receive_leads(
    session: Session,
    lead_list: LeadList,
    given: Sequence[GivenLead],
    country: str,
    source: str,
    now: datetime,
) -> Received:
    """Adds leads to a list, or merges them into those that are there: by number, and by external id.

    The rules are those of a load, so that the same again changes nothing. They come as a load of their own,
    which is over, so that campaigns that dial the list take them up. `country` is that of numbers without
    one. Raises BadMappingError.
    """
    columns = _columns(given)
    names = [*columns.fields, *(name for _, name, _ in columns.phones)]
    own = [name for _, name in columns.custom]
    records = [
        (i, [each.fields.get(name, "") for name in names] + [each.custom.get(name, "") for name in own])
        for i, each in enumerate(given)
    ]
    read = read_rows(records, Job(columns, country))
    load = LeadImport(
        list_id=lead_list.id,
        source=source,
        state="done",
        options={},
        started_at=now,
        updated_at=now,
        finished_at=now,
    )
    session.add(load)
    await session.flush()
    into = Into(client_id=lead_list.client_id, list_id=lead_list.id, import_id=load.id, source=source)
    store = LoadingStore(session)
    await store.lock(into)
    placed, moved = await store.save(into, read.rows, now)
    tally = Tally()
    tally.add(read, placed)
    found = {
        row.number: ReceivedLead(lead_id=each.lead_id, external_id=row.external_id, result=each.reason)
        for row, each in zip(read.rows, placed, strict=True)
    }
    for row in read.rejected:
        external_id = given[row.number].fields.get("external_id") or None
        found[row.number] = ReceivedLead(
            lead_id=None, external_id=external_id, result=REJECTED, code=row.code, reason=row.sentence
        )
    if tally.accepted:
        for name, value in tally.values("", 0, now).items():
            setattr(load, name, value)
    else:
        # What came again leaves no trace among the loads.
        await session.delete(load)
    created = list(dict.fromkeys(each.lead_id for each in placed if each.reason == "new"))
    return Received([found[i] for i in range(len(given))], created, moved)


def _columns(given: Sequence[GivenLead]) -> ColumnMap:
    """Which cell of a row is what. No name is guessed: whoever brings leads says which field is which."""
    names = list(dict.fromkeys(name for each in given for name in each.fields))
    own = list(dict.fromkeys(name for each in given for name in each.custom))
    for name in names:
        check_field(name)
    fields = [name for name in names if name in ALIASES]
    phones = sorted((name for name in names if name not in ALIASES), key=_place)
    first_phone, first_own = len(fields), len(fields) + len(phones)
    return ColumnMap(
        fields={name: i for i, name in enumerate(fields)},
        phones=tuple((first_phone + i, name, "") for i, name in enumerate(phones)),
        custom=tuple((first_own + i, name) for i, name in enumerate(own)),
        width=first_own + len(own),
    )


def _place(phone: str) -> int:
    return int(phone.removeprefix("phone") or 1)
