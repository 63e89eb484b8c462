"""Into which list a file may be loaded, and how its numbers are read there."""

import io
from datetime import UTC, datetime

import pytest

from leads.errors import BadNameError, UnknownCountryError
from leads.importing.load import import_list
from leads.importing.report import ImportReport
from leads.stores.shared import Sessions

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def _import(
    sessions: Sessions, client: str = "acme", name: str = "spring", country: str = "US"
) -> ImportReport:
    source = io.BytesIO(b"phone\n415-555-0101\n020 7946 0123\n")
    return await import_list(
        sessions, client_slug=client, list_name=name, default_country=country, source=source, now=NOW
    )


@pytest.mark.parametrize(
    ("country", "accepted"), [("US", 1), ("GB", 1), ("us", 1), ("United Kingdom", 1), ("SG", 0)]
)
async def test_the_default_country_decides_how_numbers_are_read(
    sessions: Sessions, country: str, accepted: int
) -> None:
    report = await _import(sessions, country=country)
    assert report.accepted == accepted
    assert report.rejected == 2 - accepted


async def test_a_list_name_is_trimmed(sessions: Sessions) -> None:
    one, two = await _import(sessions, name=" spring "), await _import(sessions)
    assert (one.list_id, one.list_name) == (two.list_id, "spring")


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a", "a-", "a/b", "#", "é", "x" * 65, "a\n"])
async def test_a_slug_that_no_topic_could_hold_is_refused(sessions: Sessions, slug: str) -> None:
    with pytest.raises(BadNameError):
        await _import(sessions, client=slug)


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 201, "\x00"])
async def test_a_list_name_that_cannot_be_read_is_refused(sessions: Sessions, name: str) -> None:
    with pytest.raises(BadNameError):
        await _import(sessions, name=name)


@pytest.mark.parametrize("country", ["", "ZZ", "Narnia"])
async def test_an_unknown_default_country_is_refused(sessions: Sessions, country: str) -> None:
    with pytest.raises(UnknownCountryError):
        await _import(sessions, country=country)
