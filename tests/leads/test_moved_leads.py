"""A load tells which leads it has moved: to other times, another order, or another phone."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from leads.core.merging import Desk, Match
from leads.core.rows import TEXT_FIELDS, Known, LeadRecord, LeadRow, PhoneRecord, PhoneRow
from leads.importing.load import FollowMerges, import_list
from leads.stores.shared import Session, Sessions
from leads.tables import Lead, LeadImport

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PHONES = [f"+1202555000{digit}" for digit in range(6)]


async def load(sessions: Sessions, text: str, follow: FollowMerges | None = None) -> None:
    await import_list(
        sessions,
        client_slug="acme",
        list_name="autumn",
        default_country="US",
        source=io.BytesIO(text.encode()),
        now=NOW,
        follow=follow,
    )


class Followed:
    """Notes what a load says."""

    def __init__(self) -> None:
        self.moved: list[list[int]] = []

    async def __call__(self, session: Session, lead_ids: Sequence[int], now: datetime) -> None:
        assert session.in_transaction()
        assert now == NOW
        self.moved.append(list(lead_ids))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("priority", "5"),
        ("rank", "5"),
        ("timezone", "Europe/Paris"),
        ("not_before", "2026-12-01T09:00Z"),
        ("best_time", "17:00-20:00"),
        ("phone2", "+12025550177"),
    ],
)
async def test_a_merge_that_moves_leads_is_told_once_a_chunk_in_their_order(
    sessions: Sessions, header: str, value: str
) -> None:
    await load(sessions, "phone\n" + "".join(f"{phone}\n" for phone in PHONES))
    followed = Followed()
    text = f"phone,{header}\n{PHONES[4]},{value}\n+12025550199,\n{PHONES[1]},{value}\n{PHONES[2]},\n"
    await load(sessions, text.replace(f"{PHONES[1]},+12025550177", f"{PHONES[1]},+12025550178"), followed)
    async with sessions() as session:
        ids = sorted((await session.exec(select(Lead.id))).all())
    assert followed.moved == [[ids[1], ids[4]]]
    await load(sessions, text, followed)
    assert len(followed.moved) == 1, "The same again moves nothing."


async def test_what_moves_nobody_is_not_told(sessions: Sessions) -> None:
    followed = Followed()
    await load(sessions, f"phone,priority\n{PHONES[0]},1\n{PHONES[1]},1\n{PHONES[0]},2\n", followed)
    named = f"phone,phone_label,first_name,owner,plan,priority\n{PHONES[0]},home,Ann,Bob,gold,2\n"
    await load(sessions, named, followed)
    assert followed.moved == []


async def test_what_cannot_follow_is_not_merged(sessions: Sessions) -> None:
    await load(sessions, f"phone\n{PHONES[0]}\n")

    async def refuse(session: Session, lead_ids: Sequence[int], now: datetime) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await load(sessions, f"phone,priority\n{PHONES[0]},7\n", refuse)
    async with sessions() as session:
        assert (await session.exec(select(Lead.priority))).all() == [0]
        assert (await session.exec(select(LeadImport.rows).order_by(col(LeadImport.id)))).all() == [1, 0]


def texts(zone: str, best_time: str, name: str) -> tuple[str, ...]:
    values = {"timezone": zone, "best_time": best_time, "first_name": name}
    return tuple(values.get(field, "") for field in TEXT_FIELDS)


TEXTS = st.builds(
    texts,
    st.sampled_from(["", "Europe/Paris", "Asia/Tokyo"]),
    st.sampled_from(["", "17:00-20:00"]),
    st.sampled_from(["", "Ann"]),
)
TIMES = st.sampled_from([None, NOW, NOW + timedelta(days=1)])
NUMBERS = st.lists(st.sampled_from(PHONES), min_size=1, max_size=3, unique=True)


def row(
    numbers: Sequence[str], said: tuple[str, ...], rank: int | None, not_before: datetime | None
) -> LeadRow:
    phones = tuple(PhoneRow(each, "", "", "mobile", "US", "America/New_York") for each in numbers)
    return LeadRow(1, None, said, rank, rank, not_before, "{}", phones)


ROWS = st.lists(st.builds(row, NUMBERS, TEXTS, st.sampled_from([None, 0, 3]), TIMES), max_size=8)


def known_leads(given_texts: Sequence[tuple[str, ...]]) -> Known:
    leads = {
        number: LeadRecord(
            number, 1, None, said, 0, 0, None, "{}",
            {PHONES[number]: PhoneRecord(PHONES[number], 1, "", "", "mobile", "US", id=number + 1)},
        )
        for number, said in enumerate(given_texts)
    }  # fmt: skip
    return Known({PHONES[number]: number for number in leads}, {}, leads)


@given(st.lists(TEXTS, max_size=4), ROWS, st.sampled_from(["phone", "both"]))
def test_exactly_who_was_there_and_is_called_otherwise_has_moved(
    there: Sequence[tuple[str, ...]], rows: Sequence[LeadRow], match: Match
) -> None:
    known = known_leads(there)
    before = {number: (lead.turn, set(lead.phones)) for number, lead in known.leads.items()}
    desk = Desk("update", match, 1, count(100), known)
    desk.place_all(rows)
    after = {number: (known.leads[number].turn, set(known.leads[number].phones)) for number in before}
    differ = {number for number in before if before[number] != after[number]}
    assert desk.moved == differ
