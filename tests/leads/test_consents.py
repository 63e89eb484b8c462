"""What people do with consents."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from leads import dnc
from leads.consents import (
    ConsentAnswer,
    ConsentView,
    Whose,
    Withdrawn,
    give_consent,
    list_consents,
    show_consents,
    withdraw_consent,
)
from leads.errors import (
    BadConsentError,
    InvalidInputError,
    LeadsError,
    PhoneRejectedError,
    UnknownClientError,
    UnknownCountryError,
)
from leads.stores.consents import ConsentStore
from leads.stores.shared import Sessions
from leads.tables import Client, Consent

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANN = Whose(phone="415-555-0101")
FORM = "https://acme.example/form"


@pytest.fixture(autouse=True)
async def _clients(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        session.add_all([Client(slug=slug, name=slug) for slug in ("acme", "beta")])


async def _give(sessions: Sessions, client: str = "acme", whose: Whose = ANN, **other: Any) -> ConsentView:
    values = {"channel": "call", "basis": "express", "source": FORM, "given_at": NOW - 3 * DAY} | other
    return await give_consent(sessions, client, whose, now=NOW, **values)


async def _withdraw(sessions: Sessions, whose: Whose = ANN, **other: Any) -> Withdrawn:
    values = {"channel": "call", "source": "on a call", "at": NOW - DAY} | other
    return await withdraw_consent(sessions, "acme", whose, now=NOW, **values)


async def _show(sessions: Sessions, client: str = "acme", whose: Whose = ANN) -> ConsentAnswer:
    return await show_consents(sessions, client, whose, NOW)


def _holding(answer: ConsentAnswer) -> list[str]:
    return [channel for channel, holds in answer.holds.items() if holds]


async def test_a_consent_is_kept_with_all_that_proves_it(sessions: Sessions) -> None:
    given = await _give(sessions, basis="Express Written", channel="automated_call")
    assert (given.phone, given.channel, given.basis) == ("+14155550101", "automated_call", "express_written")
    assert (given.source, given.given_at, given.withdrawn_at) == (FORM, NOW - 3 * DAY, None)
    assert given.recorded_at == NOW
    assert _holding(await _show(sessions)) == ["automated_call"]


async def test_the_very_same_consent_is_recorded_once(sessions: Sessions) -> None:
    one, two = await _give(sessions), await _give(sessions, source="again")
    assert one == two
    assert (await _give(sessions, given_at=NOW)).id != one.id


async def test_one_clients_consent_is_not_anothers(sessions: Sessions) -> None:
    await _give(sessions)
    assert _holding(await _show(sessions, "beta")) == []
    assert len(await list_consents(sessions, None, ANN, 0, 10)) == 1
    assert await list_consents(sessions, "beta", ANN, 0, 10) == []


async def test_a_withdrawal_ends_the_channel_and_keeps_the_record(sessions: Sessions) -> None:
    await _give(sessions)
    await _give(sessions, channel="sms")
    withdrawn = await _withdraw(sessions)
    assert (withdrawn.channels, withdrawn.opted_out) == ({"call": 1}, False)
    answer = await _show(sessions)
    assert _holding(answer) == ["sms"]
    ended = answer.records[0]
    assert (ended.given_at, ended.withdrawn_at) == (NOW - 3 * DAY, NOW - DAY)
    assert (ended.source, ended.withdrawn_source) == (FORM, "on a call")


async def test_an_older_consent_that_is_recorded_after_a_withdrawal_does_not_hold(sessions: Sessions) -> None:
    assert (await _withdraw(sessions)).channels == {"call": 0}
    await _give(sessions)
    assert _holding(await _show(sessions)) == []
    await _give(sessions, given_at=NOW)
    assert _holding(await _show(sessions)) == ["call"]


async def test_withdrawing_twice_records_it_once(sessions: Sessions) -> None:
    for _ in range(2):
        await _withdraw(sessions)
    async with sessions() as session:
        (record,) = (await session.exec(select(Consent))).all()
    assert (record.basis, record.given_at, record.withdrawn_at) == ("none", NOW - DAY, NOW - DAY)


async def test_a_withdrawal_of_all_channels_is_an_opt_out_for_that_client(sessions: Sessions) -> None:
    for channel in ("call", "automated_call", "sms"):
        await _give(sessions, channel=channel)
    withdrawn = await _withdraw(sessions, channel="all")
    assert withdrawn.opted_out
    assert withdrawn.channels == {"call": 1, "automated_call": 1, "sms": 1}
    assert _holding(await _show(sessions)) == []
    for client, suppressed in (("acme", True), ("beta", False)):
        answer = await dnc.check_dnc(sessions, phone="+14155550101", default_country="US", client=client)
        assert answer.suppressed is suppressed


async def test_consent_to_email_is_by_address_however_it_is_written(sessions: Sessions) -> None:
    ann = Whose(email="Ann@Example.com")
    await _give(sessions, whose=ann, channel="email")
    assert _holding(await _show(sessions, whose=Whose(email="Ann@Example.com"))) == ["email"]
    withdrawn = await _withdraw(sessions, whose=ann, channel="all")
    assert (withdrawn.channels, withdrawn.opted_out) == ({"email": 1}, False)


async def test_records_come_page_by_page(sessions: Sessions) -> None:
    ids = [(await _give(sessions, given_at=NOW - n * DAY)).id for n in range(3)]
    first = await list_consents(sessions, "acme", ANN, 0, 2)
    rest = await list_consents(sessions, "acme", ANN, first[-1].id, 2)
    assert [each.id for each in (*first, *rest)] == ids


async def test_many_numbers_are_asked_for_at_once(sessions: Sessions) -> None:
    await _give(sessions)
    await _give(sessions, "beta")
    async with sessions() as session:
        client_id = (await session.exec(select(Client.id).where(Client.slug == "acme"))).one()
        found = await ConsentStore(session).by_number(client_id, ["+14155550101", "+14155550102"])
    assert {e164: len(records) for e164, records in found.items()} == {"+14155550101": 1}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"channel": "fax"}, BadConsentError),
        ({"channel": "all"}, BadConsentError),
        ({"channel": "email"}, BadConsentError),
        ({"basis": ""}, BadConsentError),
        ({"basis": "none"}, BadConsentError),
        ({"source": " \x00"}, BadConsentError),
        ({"given_at": NOW + DAY}, InvalidInputError),
        ({"given_at": datetime.max}, InvalidInputError),  # noqa: DTZ901 - hostile on purpose
        ({"whose": Whose()}, BadConsentError),
        ({"whose": Whose(email="no address")}, BadConsentError),
        ({"whose": Whose(phone="n/a")}, PhoneRejectedError),
        ({"whose": Whose(phone="1", default_country="Narnia")}, UnknownCountryError),
        ({"client": "nobody"}, UnknownClientError),
    ],
)
async def test_what_makes_no_consent_is_refused(
    sessions: Sessions, wrong: dict[str, Any], error: type[LeadsError]
) -> None:
    with pytest.raises(error):
        await _give(sessions, **wrong)
    async with sessions() as session:
        assert (await session.exec(select(Consent))).all() == []


async def test_withdrawals_at_once_leave_nothing_that_holds(sessions: Sessions) -> None:
    await _give(sessions)
    await asyncio.gather(*(_withdraw(sessions) for _ in range(4)))
    assert _holding(await _show(sessions)) == []
