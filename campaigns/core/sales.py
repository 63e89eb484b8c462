"""What was sold in a talk, and a campaign's sales by agent, list and hour."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from campaigns.core.disposition import Flag
from campaigns.core.metrics import Rate, rate
from campaigns.core.money import Money
from campaigns.errors import InvalidAmountError, InvalidSaleError

_MOST_LINES = 50
_MOST_PIECES = 1_000_000
_LONGEST_PRODUCT = 100
_FIELDS = {"product", "quantity", "amount"}


@dataclass(frozen=True, slots=True)
class Sold:
    """One product; the price is that of all its pieces together."""

    product: str
    quantity: int
    price: Money

    @classmethod
    def parse(cls, given: object, currency: str, place: str) -> Self:
        """From {"product": "Blue one", "quantity": 2, "amount": "39.80"}; a quantity of 1 may be left out.

        Raises InvalidSaleError, which begins with the place.
        """
        if not isinstance(given, Mapping) or "amount" not in given or given.keys() - _FIELDS:
            raise InvalidSaleError(f"{place} has a product, a quantity and an amount.")
        product, quantity = given.get("product", ""), given.get("quantity", 1)
        if not isinstance(product, str) or len(product) > _LONGEST_PRODUCT or not product.isprintable():
            raise InvalidSaleError(f"{place}: product is a name of at most {_LONGEST_PRODUCT} characters.")
        if type(quantity) is not int or not 1 <= quantity <= _MOST_PIECES:
            raise InvalidSaleError(f"{place}: quantity is a whole number from 1 to {_MOST_PIECES}.")
        try:
            return cls(product.strip(), quantity, Money.parse(given["amount"], currency))
        except InvalidAmountError as error:
            raise InvalidSaleError(f"{place}: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """The line with its currency."""
        told = {"product": self.product, "quantity": self.quantity}
        return told | {"amount": self.price.amount, "currency": self.price.currency}


def parse_sale(given: object, currency: str) -> tuple[Sold, ...]:
    """The lines of a sale in a campaign's currency. Raises InvalidSaleError."""
    if not isinstance(given, list | tuple) or len(given) > _MOST_LINES:
        raise InvalidSaleError(f"A sale is a list of at most {_MOST_LINES} lines.")
    if given and not currency:
        raise InvalidSaleError("The campaign has no currency, so that nothing is sold in it; set one.")
    return tuple(Sold.parse(each, currency, f"Line {place}") for place, each in enumerate(given, 1))


@dataclass(frozen=True, slots=True)
class TalkGroup:
    """Talks of one agent with leads of one list in one hour of the callee's day, of one meaning."""

    agent_id: int | None
    list_id: int
    hour: int
    flags: frozenset[Flag]
    count: int


@dataclass(frozen=True, slots=True)
class RevenueGroup:
    """What such talks have sold of one product in one currency."""

    agent_id: int | None
    list_id: int
    hour: int
    product: str
    currency: str
    quantity: int
    minor: int


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as a report tells it: `amount` as text, exactly."""

    currency: str
    amount: str
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRow:
    """Sales of one agent, list or hour; `conversion_rate` is of the contacts. Revenue by currency."""

    name: str
    talks: int
    contacts: int
    conversions: int
    conversion_rate: Rate
    revenue: list[Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """What was sold of a product."""

    product: str
    quantity: int
    revenue: list[Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesFigures:
    """All talks of a campaign, whoever called; each breakdown adds up to the total."""

    total: SalesRow
    by_agent: list[SalesRow]
    by_list: list[SalesRow]
    by_hour: list[SalesRow]
    """Of the callee's day, in order."""
    products: list[ProductRow]


Group = TalkGroup | RevenueGroup


def sales_figures(
    talks: Sequence[TalkGroup],
    revenue: Sequence[RevenueGroup],
    agents: Mapping[int, str],
    lists: Mapping[int, str],
) -> SalesFigures:
    """The figures from groups that together are every talk and every line, with the names to show."""

    def agent(group: Group) -> str:
        return "" if group.agent_id is None else agents.get(group.agent_id, str(group.agent_id))

    def lead_list(group: Group) -> str:
        return lists.get(group.list_id, str(group.list_id))

    def hour(group: Group) -> str:
        return f"{group.hour:02}:00"

    return SalesFigures(
        total=_row("all", talks, revenue),
        by_agent=_rows(agent, talks, revenue),
        by_list=_rows(lead_list, talks, revenue),
        by_hour=_rows(hour, talks, revenue),
        products=_products(revenue),
    )


def _rows(
    name_of: Callable[[Group], str], talks: Sequence[TalkGroup], revenue: Sequence[RevenueGroup]
) -> list[SalesRow]:
    groups: list[Group] = [*talks, *revenue]
    names = sorted({name_of(each) for each in groups})
    return [
        _row(
            name,
            [each for each in talks if name_of(each) == name],
            [each for each in revenue if name_of(each) == name],
        )
        for name in names
    ]


def _row(name: str, talks: Iterable[TalkGroup], revenue: Iterable[RevenueGroup]) -> SalesRow:
    those = list(talks)
    contacts = sum(each.count for each in those if Flag.CUSTOMER_CONTACT in each.flags)
    conversions = sum(each.count for each in those if Flag.CONVERSION in each.flags)
    return SalesRow(
        name=name,
        talks=sum(each.count for each in those),
        contacts=contacts,
        conversions=conversions,
        conversion_rate=rate(conversions, contacts),
        revenue=_amounts(revenue),
    )


def _products(revenue: Sequence[RevenueGroup]) -> list[ProductRow]:
    rows = []
    for product in sorted({each.product for each in revenue}):
        those = [each for each in revenue if each.product == product]
        quantity = sum(each.quantity for each in those)
        rows.append(ProductRow(product=product, quantity=quantity, revenue=_amounts(those)))
    return rows


def _amounts(revenue: Iterable[RevenueGroup]) -> list[Amount]:
    sums: Counter[str] = Counter()
    for each in revenue:
        sums[each.currency] += each.minor
    return [Amount(code, Money(code, minor).amount, minor) for code, minor in sorted(sums.items())]
