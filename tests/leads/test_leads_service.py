"""The use-cases of the leads room."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leads import samples, service
from leads.errors import (
    BadNameError,
    LeadsError,
    NotALeadFileError,
    PhoneRejectedError,
    UnknownClientError,
    UnknownCountryError,
)
from leads.importing import ImportReport
from leads.store import Sessions

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def _import(
    sessions: Sessions, client: str = "acme", name: str = "spring", country: str = "US"
) -> ImportReport:
    source = io.BytesIO(b"phone\n415-555-0101\n020 7946 0123\n")
    return await service.import_list(
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
    with pytest.raises(UnknownCountryError):
        await service.check_dnc(sessions, phone="+14155550101", default_country=country)


async def test_an_opt_out_is_known_at_once_and_for_good(sessions: Sessions) -> None:
    await _import(sessions)
    phone = {"phone": "415-555-0101", "default_country": "US"}
    before = await service.check_dnc(sessions, **phone)
    assert (before.phone, before.suppressed, before.reason) == ("+14155550101", False, "")
    added = await service.add_dnc(sessions, **phone, now=NOW, reason="asked on a call")
    assert (added.phone, added.client, added.added) == ("+14155550101", None, True)
    again = await service.add_dnc(sessions, **phone, now=NOW, reason="something else")
    assert not again.added
    for client in (None, "acme"):
        answer = await service.check_dnc(sessions, **phone, client_slug=client)
        assert answer.suppressed
        assert "asked on a call" in answer.reason


async def test_a_reason_that_no_database_could_hold_is_cleaned(sessions: Sessions) -> None:
    phone = {"phone": "415-555-0101", "default_country": "US"}
    await service.add_dnc(sessions, **phone, now=NOW, reason="asked\x00 on a \udcffcall ")
    answer = await service.check_dnc(sessions, **phone)
    assert answer.reason.endswith("list: asked on a call.")


async def test_a_clients_own_entry_forbids_only_that_client(sessions: Sessions) -> None:
    await _import(sessions)
    await _import(sessions, client="beta")
    await service.add_dnc(sessions, phone="+14155550101", default_country="US", now=NOW, client_slug="acme")

    async def suppressed(client: str | None) -> bool:
        answer = await service.check_dnc(
            sessions, phone="+14155550101", default_country="US", client_slug=client
        )
        return answer.suppressed

    assert [await suppressed(client) for client in ("acme", "beta", None)] == [True, False, False]


@pytest.mark.parametrize("phone", ["", "n/a", "555-0123", "911", "6.39171E+11"])
async def test_what_is_no_number_is_refused_with_its_reason(sessions: Sessions, phone: str) -> None:
    with pytest.raises(PhoneRejectedError, match=r"\."):
        await service.add_dnc(sessions, phone=phone, default_country="US", now=NOW)
    with pytest.raises(PhoneRejectedError):
        await service.check_dnc(sessions, phone=phone, default_country="US")


async def test_a_client_that_nobody_made_is_refused(sessions: Sessions) -> None:
    with pytest.raises(UnknownClientError):
        await service.check_dnc(sessions, phone="+14155550101", default_country="US", client_slug="nobody")
    with pytest.raises(UnknownClientError):
        await service.import_dnc(
            sessions, source=samples.DEMO_DNC, default_country="US", now=NOW, client_slug="nobody"
        )


@pytest.mark.parametrize(
    "content",
    [
        "phone,reason\n415-555-0101,by letter\n+44 20 7946 0123,\nn/a,\n415-555-0101,again\n",
        "415-555-0101\n+44 20 7946 0123\nn/a\n4155550101\n",
        "+14155550101;x\n+442079460123;y\n911;z\n+14155550101;x\n",
        "Mobile,Home Phone\n415-555-0101,+44 20 7946 0123\nn/a,\n,4155550101\n",
    ],
)
async def test_a_file_of_numbers_is_put_on_the_list(sessions: Sessions, content: str) -> None:
    async def load() -> tuple[int, ...]:
        source = io.BytesIO(content.encode())
        report = await service.import_dnc(
            sessions, source=source, default_country="US", now=NOW, reason="register"
        )
        assert sum(report.reasons.values()) == report.rejected
        return report.numbers, report.added, report.already, report.rejected

    assert await load() == (4, 2, 1, 1)
    assert await load() == (4, 0, 3, 1)
    answer = await service.check_dnc(sessions, phone="+442079460123", default_country="US")
    assert answer.reason == "The number is on everyone's do-not-call list: register."


async def test_the_files_own_reason_goes_first(sessions: Sessions) -> None:
    source = io.BytesIO(b"phone,reason\n415-555-0101,by letter\n")
    await service.import_dnc(sessions, source=source, default_country="US", now=NOW, reason="register")
    answer = await service.check_dnc(sessions, phone="+14155550101", default_country="US")
    assert "by letter" in answer.reason


@pytest.mark.parametrize("content", [b"", b"name\nAnn\n", b"\x00\x01"])
async def test_a_file_without_numbers_is_refused(sessions: Sessions, content: bytes) -> None:
    with pytest.raises(NotALeadFileError):
        await service.import_dnc(sessions, source=io.BytesIO(content), default_country="US", now=NOW)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in [LeadsError, *LeadsError.__subclasses__()]]
    assert len(codes) == len(set(codes))
    assert all(code == code.lower() and " " not in code for code in codes)


async def test_the_source_of_an_entry_is_its_files_name(sessions: Sessions, tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    with pytest.raises(LeadsError, match=r"none\.csv"):
        await service.import_dnc(sessions, source=missing, default_country="US", now=NOW)
