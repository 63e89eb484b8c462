"""Mappings of columns that are kept under a name."""

from datetime import UTC, datetime

import pytest

from leads.core.columns import ColumnChoice
from leads.errors import BadMappingError, BadNameError, UnknownMappingError
from leads.importing.mappings import choose_columns, parse_map, save_mapping, saved_mappings
from leads.stores.shared import Sessions

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_pairs_are_read_as_people_write_them() -> None:
    assert parse_map(["phone=Mobile No", " email = E-Mail (=work) "]) == {
        "phone": "Mobile No",
        "email": "E-Mail (=work)",
    }


@pytest.mark.parametrize("pairs", [["phone"], ["phone="], ["=x"], ["phone=a", "phone=b"]])
def test_pairs_that_say_nothing_or_two_things_are_refused(pairs: list[str]) -> None:
    with pytest.raises(BadMappingError):
        parse_map(pairs)


async def test_a_mapping_is_saved_once_under_its_name_and_found_again(sessions: Sessions) -> None:
    await save_mapping(sessions, "acme", "crm", ColumnChoice({"phone": "Tel"}), NOW)
    await save_mapping(sessions, "acme", " crm ", ColumnChoice({"phone": "Mobile"}, "vicidial"), NOW)
    assert [(m.name, m.columns, m.preset) for m in await saved_mappings(sessions, "acme")] == [
        ("crm", {"phone": "Mobile"}, "vicidial")
    ]
    assert await saved_mappings(sessions, "beta") == []


async def test_what_is_chosen_now_goes_before_what_is_saved(sessions: Sessions) -> None:
    await save_mapping(sessions, "acme", "crm", ColumnChoice({"phone": "Tel", "email": "Mail"}), NOW)
    choice = await choose_columns(sessions, "acme", columns={"phone": "Mobile"}, name="crm")
    assert choice == ColumnChoice({"phone": "Mobile", "email": "Mail"})


async def test_a_mapping_of_another_client_or_without_a_name_is_not_there(sessions: Sessions) -> None:
    await save_mapping(sessions, "acme", "crm", ColumnChoice({"phone": "Tel"}), NOW)
    with pytest.raises(UnknownMappingError):
        await choose_columns(sessions, "beta", name="crm")
    with pytest.raises(BadNameError):
        await save_mapping(sessions, "acme", " ", ColumnChoice(), NOW)
