"""What the store keeps, on SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from leads.core.intake import LeadDraft
from leads.core.phone import ParsedPhone
from leads.importing.worker import lead_row
from leads.stores.imports import ImportStore
from leads.stores.known_leads import Into
from leads.stores.leads import LeadStore
from leads.stores.loading import LoadingStore
from leads.stores.shared import Session, Sessions
from leads.tables import Lead, LeadList, Phone, ZoneGroup

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _phone(number: int) -> ParsedPhone:
    return ParsedPhone(f"+1415555{number:04}", "fixed_line_or_mobile", "US", ("America/Los_Angeles",))


def _draft(*numbers: int, **values: Any) -> LeadDraft:
    return LeadDraft(phones=tuple(_phone(number) for number in numbers), **values)


async def _make_list(sessions: Sessions, name: str = "spring") -> int:
    async with sessions() as session, session.begin():
        store = LeadStore(session)
        client = await store.ensure_client("acme", "Acme")
        return (await store.ensure_list(client.id, name, "US", NOW)).id


class Saved(NamedTuple):
    """What became of drafts."""

    accepted: int
    merged: int


async def _into(session: Session, list_id: int) -> Into:
    load = await ImportStore(session).begin(list_id, "test", {}, None, NOW)
    return Into((await session.get_one(LeadList, list_id)).client_id, list_id, load.id)


async def _save(sessions: Sessions, list_id: int, drafts: Sequence[LeadDraft], now: datetime = NOW) -> Saved:
    async with sessions() as session, session.begin():
        into = await _into(session, list_id)
        store = LoadingStore(session)
        await store.lock(into)
        placed, _ = await store.save(into, [lead_row(i, draft) for i, draft in enumerate(drafts)], now)
        accepted = sum(place.reason == "new" for place in placed)
        return Saved(accepted, len(placed) - accepted)


async def _dump(sessions: Sessions, list_id: int) -> list[tuple[Any, ...]]:
    async with sessions() as session, session.begin():
        leads = (await session.exec(select(Lead).where(Lead.list_id == list_id).order_by(col(Lead.id)))).all()
        rows = []
        for lead in leads:
            phones = select(Phone).where(Phone.lead_id == lead.id).order_by(col(Phone.position))
            numbers = [(p.position, p.e164) for p in (await session.exec(phones)).all()]
            rows.append((*lead.model_dump().values(), numbers))
        return rows


async def _leads(sessions: Sessions, list_id: int) -> list[Lead]:
    async with sessions() as session, session.begin():
        query = select(Lead).where(Lead.list_id == list_id).order_by(col(Lead.id))
        return list((await session.exec(query)).all())


async def _numbers(sessions: Sessions, lead_id: int) -> list[str]:
    async with sessions() as session, session.begin():
        query = select(Phone.e164).where(Phone.lead_id == lead_id).order_by(col(Phone.position))
        return list((await session.exec(query)).all())


async def test_a_client_and_a_list_are_made_once(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        store = LeadStore(session)
        assert await store.client("acme") is None
        first = await store.ensure_client("acme", "Acme Ltd")
        again = await store.ensure_client("acme", "Other name")
        assert (again.id, again.name) == (first.id, "Acme Ltd")
        assert await store.lead_list(first.id, "spring") is None
        one = await store.ensure_list(first.id, "spring", "US", NOW)
        two = await store.ensure_list(first.id, "spring", "GB", LATER)
        assert (two.id, two.default_country, two.created_at) == (one.id, "US", NOW)
        other = await store.ensure_client("other", "Other")
        assert (await store.ensure_list(other.id, "spring", "US", NOW)).id != one.id


async def test_a_lead_is_kept_with_everything_it_came_with(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    draft = _draft(
        101,
        102,
        external_id="CRM-1",
        first_name="Łukasz",
        last_name="山田",
        email="l@example.com",
        country="US",
        region="CA",
        postal_code="94105",
        timezone="America/Los_Angeles",
        language="pl",
        owner="Anna",
        priority=7,
        rank=3,
        best_time="17:00-20:00",
        not_before=LATER,
        custom={"note": "two\nlines 😀"},
    )
    assert await _save(sessions, list_id, [draft]) == Saved(accepted=1, merged=0)
    [lead] = await _leads(sessions, list_id)
    assert (lead.external_id, lead.first_name, lead.last_name) == ("CRM-1", "Łukasz", "山田")
    assert (lead.email, lead.country, lead.region) == ("l@example.com", "US", "CA")
    assert (lead.postal_code, lead.timezone, lead.language) == ("94105", "America/Los_Angeles", "pl")
    assert (lead.owner, lead.rank, lead.best_time) == ("Anna", 3, "17:00-20:00")
    assert (lead.priority, lead.not_before, lead.created_at) == (7, LATER, NOW)
    assert lead.custom == {"note": "two\nlines 😀"}
    async with sessions() as session, session.begin():
        phones = (await session.exec(select(Phone).order_by(col(Phone.position)))).all()
        group = (await session.exec(select(ZoneGroup))).one()
    assert [(p.position, p.e164, p.kind, p.region, p.list_id, p.zone_group_id) for p in phones] == [
        (1, "+14155550101", "fixed_line_or_mobile", "US", list_id, group.id),
        (2, "+14155550102", "fixed_line_or_mobile", "US", list_id, group.id),
    ]
    assert (group.code, group.region, group.zones) == (
        "US:America/Los_Angeles",
        "US",
        ["America/Los_Angeles"],
    )


async def test_a_known_phone_merges_into_its_lead(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    await _save(
        sessions, list_id, [_draft(101, first_name="Ann", email="a@x.com", custom={"a": "1", "b": "1"})]
    )
    later = _draft(101, first_name="Anne", priority=3, custom={"b": "2", "c": "2"})
    assert await _save(sessions, list_id, [later], LATER) == Saved(accepted=0, merged=1)
    [lead] = await _leads(sessions, list_id)
    assert (lead.first_name, lead.email, lead.priority) == ("Anne", "a@x.com", 3)
    assert lead.custom == {"a": "1", "b": "2", "c": "2"}
    assert lead.created_at == NOW


async def test_a_known_external_id_merges_and_brings_its_new_phone(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    await _save(sessions, list_id, [_draft(101, 102, external_id="A")])
    assert await _save(sessions, list_id, [_draft(103, external_id="A")]) == Saved(accepted=0, merged=1)
    [lead] = await _leads(sessions, list_id)
    assert await _numbers(sessions, lead.id) == ["+14155550101", "+14155550102", "+14155550103"]


async def test_values_that_a_row_does_not_give_are_kept(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    full = _draft(
        101,
        external_id="A",
        first_name="Ann",
        timezone="UTC",
        priority=4,
        not_before=LATER,
        custom={"a": "1"},
    )
    await _save(sessions, list_id, [full])
    before = await _dump(sessions, list_id)
    await _save(sessions, list_id, [_draft(101)], LATER)
    assert await _dump(sessions, list_id) == before


async def test_repeats_within_one_batch_merge_too(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    drafts = [
        _draft(101, external_id="A", first_name="Ann"),
        _draft(101, first_name="Anne"),
        _draft(102, external_id="A"),
        _draft(102, 103),
        _draft(104),
    ]
    assert await _save(sessions, list_id, drafts) == Saved(accepted=2, merged=3)
    first, second = await _leads(sessions, list_id)
    assert first.first_name == "Anne"
    assert await _numbers(sessions, first.id) == ["+14155550101", "+14155550102", "+14155550103"]
    assert await _numbers(sessions, second.id) == ["+14155550104"]


async def test_a_phone_never_moves_from_one_lead_to_another(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    await _save(sessions, list_id, [_draft(101), _draft(102)])
    assert await _save(sessions, list_id, [_draft(101, 102)]) == Saved(accepted=0, merged=1)
    first, second = await _leads(sessions, list_id)
    assert await _numbers(sessions, first.id) == ["+14155550101"]
    assert await _numbers(sessions, second.id) == ["+14155550102"]


async def test_an_external_id_is_filled_in_but_never_changed(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    await _save(sessions, list_id, [_draft(101), _draft(102, external_id="B")])
    await _save(
        sessions,
        list_id,
        [_draft(101, external_id="A"), _draft(101, external_id="B"), _draft(102, external_id="C")],
    )
    assert [lead.external_id for lead in await _leads(sessions, list_id)] == ["A", "B"]


async def test_lists_do_not_know_each_others_leads(sessions: Sessions) -> None:
    spring, autumn = await _make_list(sessions), await _make_list(sessions, "autumn")
    assert await _save(sessions, spring, [_draft(101, external_id="A")]) == Saved(1, 0)
    assert await _save(sessions, autumn, [_draft(101, external_id="A")]) == Saved(1, 0)


async def test_a_large_chunk_is_saved_whole(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    size = 1_000 + 200
    drafts = [_draft(i, i + 5000, external_id=str(i)) for i in range(size)]
    assert await _save(sessions, list_id, drafts) == Saved(size, 0)
    assert await _save(sessions, list_id, drafts) == Saved(0, size)


async def test_saving_nothing_is_nothing(sessions: Sessions) -> None:
    assert await _save(sessions, await _make_list(sessions), []) == Saved(0, 0)


async def test_a_rolled_back_transaction_leaves_nothing(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    async with sessions() as session, session.begin() as transaction:
        into = await _into(session, list_id)
        await LoadingStore(session).save(into, [lead_row(1, _draft(101))], NOW)
        await transaction.rollback()
    assert await _leads(sessions, list_id) == []


async def test_concurrent_saves_make_no_lead_twice(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    drafts = [_draft(i) for i in range(100)]
    results = await asyncio.gather(*(_save(sessions, list_id, drafts) for _ in range(4)))
    assert sum(saved.accepted for saved in results) == 100
    assert sum(saved.merged for saved in results) == 300
    assert len(await _leads(sessions, list_id)) == 100


DRAFTS = st.lists(
    st.builds(
        lambda numbers, external_id, name, note: _draft(
            *numbers, external_id=external_id, first_name=name, custom={"note": note} if note else {}
        ),
        st.lists(st.integers(100, 107), min_size=1, max_size=3, unique=True),
        st.sampled_from([None, "A", "B", "C", "D"]),
        st.sampled_from(["", "Ann", "Bob", "Zoë"]),
        st.sampled_from(["", "x", "y"]),
    ),
    max_size=14,
)
_names = count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drafts=DRAFTS, size=st.integers(1, 14))
async def test_saving_the_same_drafts_again_changes_nothing_whatever_they_are(
    sessions: Sessions, drafts: list[LeadDraft], size: int
) -> None:
    list_id = await _make_list(sessions, f"list {next(_names)}")
    saved = await _save(sessions, list_id, drafts)
    assert saved.accepted + saved.merged == len(drafts)
    before = await _dump(sessions, list_id)
    numbers = [e164 for *_, phones in before for _, e164 in phones]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == {phone.e164 for draft in drafts for phone in draft.phones}
    for start in range(0, len(drafts), size):
        batch = drafts[start : start + size]
        assert await _save(sessions, list_id, batch, LATER) == Saved(0, len(batch))
    assert await _dump(sessions, list_id) == before


async def test_in_a_large_batch_every_lead_gets_its_own_phones(sessions: Sessions) -> None:
    list_id = await _make_list(sessions)
    drafts = [
        _draft(
            i,
            i + 5000,
            first_name=str(i),
            external_id=str(i) if i % 3 else None,
            not_before=LATER if i % 5 else None,
            custom={"i": str(i)} if i % 2 else {},
        )
        for i in range(1_000 + 50)
    ]
    await _save(sessions, list_id, drafts)
    async with sessions() as session, session.begin():
        query = select(Lead.first_name, Phone.position, Phone.e164).join(Phone, col(Phone.lead_id) == Lead.id)
        rows = set((await session.exec(query)).all())
    first = {(str(i), 1, f"+1415555{i:04}") for i in range(len(drafts))}
    assert rows == first | {(str(i), 2, f"+1415555{i + 5000:04}") for i in range(len(drafts))}
