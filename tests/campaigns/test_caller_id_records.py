"""What is recorded of caller IDs, by hand and from files."""

import io
from datetime import date, timedelta

import pytest

from campaigns import caller_ids
from campaigns.caller_id_import import MOST_ROWS, import_caller_ids
from campaigns.core.caller_id_details import CallerIdDetails
from campaigns.errors import CallerIdExistsError, InvalidCallerIdError
from campaigns.stores.shared import Sessions
from leads.errors import NotALeadFileError, PhoneRejectedError, UnknownClientError
from tests.campaigns.seeds import NOW, people, seed_leads

NEW_YORK, BOSTON = "+12125550100", "+16175550100"
RIGHT = {"owner": "Acme Inc.", "document": "LOA of 2026-11-03", "recorded_by": "Ada"}
GOOD = CallerIdDetails(**RIGHT, owned_from=date(2026, 11, 3), timezone="America/New_York")


async def load(sessions: Sessions, text: str, **defaults: str) -> tuple[list[int], list[str]]:
    """Rows, added, changed, unchanged; and the codes of those refused, by row."""
    found = await import_caller_ids(sessions, "acme", io.BytesIO(text.encode()), RIGHT | defaults, NOW)
    counts = [found.rows, found.added, found.changed, found.unchanged]
    return counts, [f"{each.row} {each.code}" for each in found.refused]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("owner", " "),
        ("owner", "x" * 201),
        ("document", "two\nlines"),
        ("recorded_by", ""),
        ("owned_until", date(2026, 11, 2)),
        ("timezone", "EST"),
        ("timezone", "america/new_york"),
        ("attestation", "D"),
        ("display_name", "x" * 33),
        ("display_name", 'Acme" <sip:x@y>'),
        ("display_name", "Acme\r\nX: y"),
        ("daily_cap", 0),
        ("daily_cap", True),
        ("daily_cap", 1_000_001),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(field: str, value: object) -> None:
    good = {each: getattr(GOOD, each) for each in CallerIdDetails.__dataclass_fields__}
    with pytest.raises(InvalidCallerIdError, match=field):
        CallerIdDetails(**good | {field: value})  # type: ignore[arg-type]


async def test_a_number_is_recorded_with_the_right_to_it(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    details = RIGHT | {"attestation": "A", "display_name": "Acme", "daily_cap": 100}
    added = await caller_ids.add_caller_id(sessions, "acme", "(212) 555-0100", details, ["east", "all"], NOW)
    assert (added.caller_id, added.groups, added.owner, added.document, added.recorded_by) == (
        NEW_YORK,
        ["all", "east"],
        *RIGHT.values(),
    )
    assert (added.owned_from, added.owned_until, added.timezone) == (NOW.date(), None, "America/New_York")
    assert (added.attestation, added.display_name, added.daily_cap) == ("A", "Acme", 100)
    assert [each.caller_id for each in await caller_ids.list_caller_ids(sessions, "acme", NOW, group="all")]
    with pytest.raises(CallerIdExistsError):
        await caller_ids.add_caller_id(sessions, "acme", NEW_YORK, RIGHT, [], NOW)


async def test_a_number_without_the_right_to_it_or_of_nobody_is_refused(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    with pytest.raises(InvalidCallerIdError, match="document"):
        await caller_ids.add_caller_id(
            sessions, "acme", NEW_YORK, {"owner": "Acme", "recorded_by": "Ada"}, [], NOW
        )
    with pytest.raises(PhoneRejectedError):
        await caller_ids.add_caller_id(sessions, "acme", "911", RIGHT, [], NOW)
    with pytest.raises(UnknownClientError):
        await caller_ids.add_caller_id(sessions, "nobody", NEW_YORK, RIGHT, [], NOW)


async def test_the_right_to_a_number_is_never_overwritten(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await caller_ids.add_caller_id(sessions, "acme", NEW_YORK, RIGHT, [], NOW)
    for field in ("owner", "document", "recorded_by", "owned_from", "client_id"):
        with pytest.raises(InvalidCallerIdError, match=field):
            await caller_ids.change_caller_id(sessions, "acme", NEW_YORK, {field: "x"}, NOW)
    until = NOW.date() + timedelta(days=30)
    changes = {"daily_cap": 5, "active": False, "owned_until": until}
    changed = await caller_ids.change_caller_id(sessions, "acme", NEW_YORK, changes, NOW)
    assert (changed.daily_cap, changed.active, changed.owned_until) == (5, False, until)
    again = await caller_ids.change_caller_id(sessions, "acme", NEW_YORK, {"daily_cap": None}, NOW)
    assert (again.daily_cap, again.active) == (None, False)


async def test_numbers_are_put_in_groups_and_taken_out(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    for number in (NEW_YORK, BOSTON):
        await caller_ids.add_caller_id(sessions, "acme", number, RIGHT, ["all"], NOW)
    made = await caller_ids.change_group(sessions, "acme", " east ", [NEW_YORK, NEW_YORK, BOSTON], [], NOW)
    assert (made.name, made.caller_ids) == ("east", [NEW_YORK, BOSTON])
    left = await caller_ids.change_group(sessions, "acme", "east", [], [BOSTON], NOW)
    assert left.caller_ids == [NEW_YORK]
    sizes = {each.name: each.caller_ids for each in await caller_ids.list_groups(sessions, "acme")}
    assert sizes == {"all": 2, "east": 1}
    with pytest.raises(InvalidCallerIdError):
        await caller_ids.change_group(sessions, "acme", " ", [NEW_YORK], [], NOW)


async def test_a_file_is_taken_in_row_by_row_and_loading_it_again_changes_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    text = (
        "Number,Daily cap,Groups,Display-Name,Owned from\n"
        "(212) 555-0100,100,east; all,Acme,2026-11-03\n"
        "+16175550100,,all,,\n"
        "911,,,,\n"
        "+13125550100,many,,,\n"
        "+13125550101,,,,3.11.2026\n"
        "+16175550100,50,,,\n"
    )
    refused = ["4 phone-rejected", "5 invalid-caller-id", "6 invalid-caller-id"]
    assert await load(sessions, text) == ([6, 2, 1, 0], refused)
    assert await load(sessions, text) == ([6, 0, 0, 3], refused)
    found = {each.caller_id: each for each in await caller_ids.list_caller_ids(sessions, "acme", NOW)}
    assert set(found) == {NEW_YORK, BOSTON}
    assert (found[NEW_YORK].daily_cap, found[NEW_YORK].groups) == (100, ["all", "east"])
    assert (found[NEW_YORK].owned_from, found[NEW_YORK].owner) == (date(2026, 11, 3), "Acme Inc.")
    assert (found[BOSTON].daily_cap, found[BOSTON].groups) == (50, ["all"])


async def test_a_row_that_is_refused_leaves_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), "rival", "theirs")
    await caller_ids.add_caller_id(sessions, "rival", BOSTON, RIGHT, [], NOW)
    text = f"caller_id,groups\n{NEW_YORK},{'x' * 101}\n{BOSTON},all\n"
    assert await load(sessions, text) == ([2, 0, 0, 0], ["2 invalid-caller-id", "3 caller-id-exists"])
    assert await caller_ids.list_caller_ids(sessions, "acme", NOW) == []
    assert await caller_ids.list_groups(sessions, "acme") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "owner,document\nAcme,x\n",
        "caller_id,number\n1,2\n",
        "caller_id,colour\n+12125550100,red\n",
        "caller_id\n" + "+12125550100\n" * (MOST_ROWS + 1),
        "%PDF-1.4",
    ],
)
async def test_a_file_that_is_no_list_of_caller_ids_is_refused(sessions: Sessions, text: str) -> None:
    await seed_leads(sessions, people(1))
    with pytest.raises(NotALeadFileError):
        await load(sessions, text)
