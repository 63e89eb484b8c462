"""Leads are found by what is known of them, the same on both databases."""

from datetime import timedelta

import pytest

from leads.core.lead_filter import LeadFilter
from leads.errors import UnknownClientError, UnknownLeadError, UnknownListError
from leads.stores.search import SearchStore
from leads.stores.shared import Sessions
from tests.leads.keeping import NOW, Kept, keep


async def found(sessions: Sessions, wanted: LeadFilter) -> list[int]:
    async with sessions() as session:
        store = SearchStore(session)
        chosen = await store.choose(wanted)
        ids = [lead.id for lead in await store.page(chosen, 0, 100)]
        assert await store.count(chosen) == len(ids)
        assert list(await store.ids(chosen, 0, 100)) == ids
        return ids


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"external_id": "K-7"}, {"external_id": "K-7"}),
        ({"first_name": "Ánna"}, {"name": "ánn"}),
        ({"last_name": "ÁNNASON"}, {"name": "ánna"}),
        ({"last_name": "van Dijk"}, {"name": "van D"}),
        ({"email": "Ada@Example.COM"}, {"email": "ada@example.com"}),
        ({"email": "Ä@EXAMPLE.com"}, {"email": "Ä@example.COM"}),
        ({"country": "DE"}, {"country": "DE"}),
        ({"region": "CA"}, {"region": "CA"}),
        ({"owner": "Branch 'North'; --"}, {"owner": "Branch 'North'; --"}),
        ({"language": "en"}, {"language": "en"}),
        ({"priority": 5}, {"min_priority": 5, "max_priority": 5}),
        ({"priority": -5}, {"max_priority": -1}),
        ({"created_at": NOW - timedelta(days=1)}, {"created_before": NOW}),
        ({"created_at": NOW + timedelta(days=1)}, {"created_from": NOW + timedelta(hours=1)}),
        ({"custom": {"plan": "gold"}}, {"custom": (("plan", "gold"),)}),
        ({"custom": {'odd "$.name': "50% \\ '"}}, {"custom": (('odd "$.name', "50% \\ '"),)}),
        ({"custom": {"a": "1", "b": "2"}}, {"custom": (("a", "1"), ("b", "2"))}),
    ],
)
async def test_a_condition_finds_the_leads_that_meet_it(
    sessions: Sessions, values: dict[str, object], wanted: dict[str, object]
) -> None:
    _, meant = await keep(sessions, [Kept(["+12025550101"]), Kept(["+12025550102"], values=values)])
    assert await found(sessions, LeadFilter(**wanted)) == [meant]  # type: ignore[arg-type]


async def test_a_lead_is_found_by_any_of_its_phones(sessions: Sessions) -> None:
    first, second = await keep(
        sessions,
        [
            Kept(["+12025550101", "+12025550102"]),
            Kept(["+12025550102"]),
        ],
    )
    (elsewhere,) = await keep(sessions, [Kept(["+12025550101"])], slug="other")
    assert await found(sessions, LeadFilter(phone="+12025550101")) == [first, elsewhere]
    assert await found(sessions, LeadFilter(phone="+12025550102", client="acme")) == [first, second]
    assert await found(sessions, LeadFilter(phone="+12025550109")) == []


async def test_a_list_is_named_or_numbered(sessions: Sessions) -> None:
    await keep(sessions, [Kept(["+12025550101"])])
    (other,) = await keep(sessions, [Kept(["+12025550101"])], list_name="winter")
    assert await found(sessions, LeadFilter(list="winter")) == [other]
    assert await found(sessions, LeadFilter(list="2", client="acme")) == [other]
    for name in ("spring", "3", str(2**63), "²"):
        with pytest.raises(UnknownListError):
            await found(sessions, LeadFilter(list=name))
    with pytest.raises(UnknownClientError):
        await found(sessions, LeadFilter(client="nobody"))


async def test_a_name_that_several_clients_use_means_all_their_lists(sessions: Sessions) -> None:
    (ours,) = await keep(sessions, [Kept(["+12025550101"])])
    (theirs,) = await keep(sessions, [Kept(["+12025550101"])], slug="other")
    assert await found(sessions, LeadFilter(list="autumn")) == [ours, theirs]
    assert await found(sessions, LeadFilter(list="autumn", client="other")) == [theirs]


async def test_an_erased_lead_is_not_found_but_shown(sessions: Sessions) -> None:
    (erased,) = await keep(sessions, [Kept([], values={"erased_at": NOW})])
    assert await found(sessions, LeadFilter()) == []
    async with sessions() as session:
        assert (await SearchStore(session).lead(erased)).erased_at == NOW
        with pytest.raises(UnknownLeadError):
            await SearchStore(session).lead(erased + 1)


async def test_pages_follow_each_other_without_a_gap(sessions: Sessions) -> None:
    ids = await keep(sessions, [Kept([f"+1202555{number:04}"]) for number in range(7)])
    async with sessions() as session:
        store = SearchStore(session)
        chosen = await store.choose(LeadFilter(list="autumn"))
        pages: list[int] = []
        while page := await store.page(chosen, pages[-1] if pages else 0, 3):
            pages += [lead.id for lead in page]
    assert pages == ids


async def test_lists_are_shown_with_their_leads_counted(sessions: Sessions) -> None:
    await keep(sessions, [Kept(["+12025550101"]), Kept(["+12025550102"])])
    await keep(sessions, [Kept(["+12025550101"])], slug="other", list_name="winter")
    async with sessions() as session:
        store = SearchStore(session)
        every = await store.lists(None, 0, 10)
        assert [(each.client, each.name, each.leads) for each in every] == [
            ("acme", "autumn", 2),
            ("other", "winter", 1),
        ]
        assert await store.lists("other", 0, 10) == every[1:]
        assert await store.lists(None, every[0].id, 1) == every[1:]
        with pytest.raises(UnknownClientError):
            await store.lists("nobody", 0, 10)


async def test_the_columns_that_leads_need_are_known(sessions: Sessions) -> None:
    await keep(
        sessions,
        [
            Kept(["+12025550101", "+12025550102"], ["mobile", "home"], values={"custom": {"b": "1"}}),
            Kept(["+12025550103"], ["home"], values={"custom": {"a": "2", "b": "3"}}),
            Kept(["+12025550104"], values={"priority": 9, "custom": {"other": "4"}}),
        ],
    )
    async with sessions() as session:
        store = SearchStore(session)
        chosen = await store.choose(LeadFilter(max_priority=8))
        assert await store.custom_names(chosen) == ["a", "b"]
        assert await store.phone_columns(chosen) == [(1, "home"), (1, "mobile"), (2, "home")]
