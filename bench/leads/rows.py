"""Writes a believable lead file of any size: always the same one for the same size and seed."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

from bench.make_demo_leads import CANADA, NAMES, US

HEADER = (
    *("external_id", "phone", "phone2", "first_name", "last_name", "email", "country", "region"),
    *("postal_code", "timezone", "priority", "product_interest", "last_order"),
)
OTHERS = (
    ("GB", "+44 20 7### ####", "London", "EC1A 1BB"),
    ("GB", "0161 4## ####", "Manchester", "M1 1AE"),
    ("DE", "+49 30 23### ###", "Berlin", "10115"),
    ("DE", "0171 39### ##", "Bayern", "90402"),
    ("FR", "01 4# ## ## ##", "Île-de-France", "75001"),
    ("AU", "02 9### ####", "NSW", "2000"),
)
BAD = ("n/a", "555-01##", "6.39171E+11", "(199) 555-01##", "", "911")
INTERESTS = ("Solar panels", "Heat pump", "Broadband 500", 'Home insurance "Plus"', "Solar, 6 kW", "", "")


def write_rows(path: Path, count: int, seed: int = 2026) -> None:
    """Writes so many rows: nine in ten from North America, one in eight with a second number, one in fifty
    that cannot be dialed, one in a hundred a repeat.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(_rows(random.Random(seed), count))


def _rows(chance: random.Random, count: int) -> Iterator[list[str]]:
    places = [(p.country, p.pattern[:3], p.region, p.postal.replace("##", "01")) for p in (*US, *CANADA)]
    names = [(first.split(), last.split()) for first, last in NAMES.values()]
    earlier: list[str] = []
    for number in range(count):
        if earlier and chance.random() < 0.01:
            yield earlier
            continue
        firsts, lasts = chance.choice(names)
        if chance.random() < 0.9:
            country, area, region, postal = chance.choice(places)
            phone, second = _north_american(chance, area), _north_american(chance, area)
        else:
            country, pattern, region, postal = chance.choice(OTHERS)
            phone, second = _digits(chance, pattern), _digits(chance, pattern)
        row = [
            f"CRM-{number:08}",
            _digits(chance, chance.choice(BAD)) if chance.random() < 0.02 else phone,
            second if chance.random() < 0.125 else "",
            chance.choice(firsts),
            chance.choice(lasts),
            f"lead{number}@example.com",
            country,
            region,
            postal,
            "America/Chicago" if country == "US" and chance.random() < 0.05 else "",
            chance.choice(("", "", "0", "5", "10")),
            chance.choice(INTERESTS),
            chance.choice(("", "2025-03-14", "2025-11-14", "never")),
        ]
        if number % 97 == 0:
            earlier = row
        yield row


def _north_american(chance: random.Random, area: str) -> str:
    exchange, line = chance.randint(200, 999), chance.randint(0, 9999)
    exchange = 234 if exchange % 100 == 11 else exchange
    form = chance.choice(("({}) {}-{:04}", "+1{}{}{:04}", "{}-{}-{:04}", "{}{}{:04}", "1 {} {} {:04}"))
    return form.format(area, exchange, line)


def _digits(chance: random.Random, pattern: str) -> str:
    return "".join(str(chance.randint(0, 9)) if c == "#" else c for c in pattern)
