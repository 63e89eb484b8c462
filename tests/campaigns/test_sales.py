"""Money is exact, and a campaign's sales agree with a recount of the raw rows."""

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.core.disposition import STANDARD, Flag
from campaigns.core.money import Money, digits_of
from campaigns.core.sales import Sold, parse_sale
from campaigns.errors import InvalidAmountError, InvalidSaleError
from campaigns.reports.text import plain, sales_tables
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt, SaleLine
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, people, seed_campaign, seed_leads

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "BHD", "ISK", "TND"])


@given(CURRENCIES, st.integers(0, 10**14))
def test_an_amount_comes_back_exactly(currency: str, minor: int) -> None:
    money = Money(currency, minor)
    whole, _, part = money.amount.partition(".")
    assert len(part) == digits_of(currency)
    if len(whole) <= 12:
        assert Money.parse(money.amount, currency) == money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        *(("19.90", "EUR", 1990), ("19.9", "EUR", 1990), (19, "EUR", 1900), ("900", "JPY", 900)),
        *(("0.001", "KWD", 1), ("0", "USD", 0), ("999999999999.99", "USD", 99999999999999)),
    ],
)
def test_amounts_are_read(amount: object, currency: str, minor: int) -> None:
    assert Money.parse(amount, currency) == Money(currency, minor)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        *(("19.901", "EUR"), ("9.5", "JPY"), (19.9, "EUR"), (True, "EUR"), ("-1", "EUR"), ("1e3", "EUR")),
        *(("", "EUR"), ("1,50", "EUR"), ("\u0663", "EUR"), ("1" * 13, "EUR"), (None, "EUR"), ("1", "eur")),
        *(("1", "ZZZ"), ("1", "EUR USD"), ("1", "")),
    ],
)
def test_amounts_that_are_none_are_refused(amount: object, currency: str) -> None:
    with pytest.raises(InvalidAmountError):
        Money.parse(amount, currency)


def test_a_sale_names_the_line_that_is_wrong() -> None:
    good = {"product": "Blue one", "amount": "19.90"}
    assert parse_sale([good], "EUR") == (Sold("Blue one", 1, Money("EUR", 1990)),)
    for wrong in (
        {},
        {"amount": "1", "price": "1"},
        good | {"quantity": True},
        good | {"product": "\n"},
        "x",
    ):
        with pytest.raises(InvalidSaleError, match="Line 2"):
            parse_sale([good, wrong], "EUR")
    with pytest.raises(InvalidSaleError, match="currency"):
        parse_sale([good], "")
    with pytest.raises(InvalidSaleError, match="at most 50"):
        parse_sale([good] * 51, "EUR")


async def test_sales_agree_with_a_recount(sessions: Sessions) -> None:
    chance = random.Random(3)
    zones = (["America/New_York"], ["America/Los_Angeles"])
    await seed_leads(sessions, [Person(each.phones, zones=chance.choice(zones)) for each in people(12)])
    await seed_leads(sessions, people(8, first=30), list_name="spring")
    campaign = await seed_campaign(sessions, lists=["autumn", "spring"], currency="EUR", max_lines=50)
    names = ["Ann", "Bea"]
    agents = [await service.add_agent(sessions, "acme", name, f"sip:{name}@x", NOW) for name in names]
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 50, NOW)
    for started in await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW):
        async with sessions() as session, session.begin():
            agent = chance.choice(agents)
            await AttemptStore(session).update_attempt(
                started.attempt_id, answered_at=NOW, connected_at=NOW, agent_id=agent
            )
        await service.finish_attempt(sessions, started.attempt_id, Ending("human"), NOW)
        code = chance.choice(["sale", "sale", "not_interested", "hung_up", "callback"])
        sale = [
            {
                "product": chance.choice(["Blue", ""]),
                "quantity": n + 1,
                "amount": f"{chance.randint(0, 999)}.99",
            }
            for n in range(1, chance.randint(1, 4))
        ]
        await service.set_disposition(
            sessions, started.attempt_id, code, "", NOW, sale=sale if code == "sale" else None
        )
    found = (await service.report(sessions, campaign, NOW)).sales
    assert found is not None
    async with sessions() as session:
        calls = {each.id: each for each in (await session.exec(select(Attempt))).all()}
        lines = (await session.exec(select(SaleLine))).all()

    def flagged(flag: Flag) -> Counter[int | None]:
        return Counter(each.agent_id for each in calls.values() if flag in STANDARD[each.disposition].flags)

    assert len({row.name for row in found.by_hour}) == 2
    for rows, key in (
        (found.by_agent, lambda call: names[agents.index(call.agent_id)]),
        (found.by_list, lambda call: {1: "autumn", 2: "spring"}[call.list_id]),
        (found.by_hour, lambda call: f"{call.local_hour:02}:00"),
        ([found.total], lambda _call: "all"),
    ):
        sums: Counter[str] = Counter()
        for line in lines:
            sums[key(calls[line.attempt_id])] += line.amount_minor
        assert {row.name: sum(each.minor for each in row.revenue) for row in rows} == dict(sums)
        assert {row.name: row.talks for row in rows} == Counter(key(call) for call in calls.values())
        assert sum(row.conversions for row in rows) == flagged(Flag.CONVERSION).total()
        assert all(row.conversion_rate.denominator == row.contacts for row in rows)
    assert {each.product: each.quantity for each in found.products} == _quantities(lines)
    assert msgspec.json.decode(msgspec.json.encode(found))["total"]["revenue"][0]["currency"] == "EUR"
    told = "\n".join(plain(each) for each in sales_tables(await service.report(sessions, campaign, NOW)))
    assert found.total.revenue[0].amount in told


def _quantities(lines: list[SaleLine]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.product] += line.quantity
    return dict(sums)
