"""What follows from what is said of a call, and from what is said instead of it, on both databases."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from campaigns import corrections, dispositions, service
from campaigns.core.attempt import Ending
from campaigns.core.disposition import SaidDisposition
from campaigns.dispositions import Words
from campaigns.errors import (
    CorrectionTooLateError,
    IncompleteDispositionError,
    InvalidSaleError,
    InvalidSettingsError,
    NothingToCorrectError,
    UnknownDispositionError,
)
from campaigns.explaining import explain
from campaigns.promises import CallbackWish
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.sales import SaleStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Attempt, CampaignLead
from leads.errors import ChangedMeanwhileError
from leads.stores.versions import version_of
from leads.tables import Phone
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads, suppressed

DUE = NOW + timedelta(days=1)
MINUTE = timedelta(minutes=1)
SET = {
    "sale": {"needs": ["amount"]},
    "thinks_it_over": {"label": "Thinks it over", "flags": ["right_party"], "retry": {"delay_s": 7200}},
    "other_number": {"label": "At another number", "retry": {"delay_s": 60, "next_phone": True}},
    "other_team": {"label": "Wants something else", "flags": ["customer_contact"], "campaign": "Winter"},
}
SALE = [{"product": "Blue one", "quantity": 2, "amount": "39.80"}]
CODES = ("sale", "not_interested", "callback", "do_not_call", "hung_up", "wrong_number", "answering_machine")
ALL_CODES = (*CODES, "thinks_it_over", "other_number", "other_team")
_OFTEN = (4, 1, 5, 1, 1, 1, 1, 1, 1, 3)
"""How often each is said, relative to the others: most of what has more to undo."""

TURNS = (
    *(("callback", "hung_up"), ("callback", "sale"), ("sale", "callback")),
    *(("other_team", "callback"), ("do_not_call", "hung_up")),
)
"""What is corrected in any case."""


async def two_campaigns(sessions: Sessions, persons: list[Person]) -> tuple[int, int]:
    """One with the set above, and the one in which its leads may go on, which dials another list."""
    await seed_leads(sessions, persons)
    await seed_leads(sessions, people(1, first=90_000), list_name="winter")
    winter = await seed_campaign(sessions, "Winter", lists=["winter"])
    autumn = await seed_campaign(
        sessions, currency="EUR", dispositions=SET, max_lines=100, max_attempts_per_lead=20
    )
    return autumn, winter


async def connected(sessions: Sessions, campaign_id: int, n: int, now: datetime = NOW) -> list[int]:
    """Calls to the next leads, each with somebody on the line who talks."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, n, now)
    started = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, now)
    async with sessions() as session, session.begin():
        for each in started:
            await AttemptStore(session).update_attempt(each.attempt_id, answered_at=now, connected_at=now)
    return [each.attempt_id for each in started]


async def said(sessions: Sessions, attempt: int, code: str, now: datetime = NOW, **more: object) -> None:
    """The agent says it, with all that it needs."""
    sale = SALE if code == "sale" else None
    words = replace(Words(code=code, sale=sale), **more)  # type: ignore[arg-type]
    async with sessions() as session, session.begin():
        await dispositions.say(session, attempt, words, now, NO_LAW)


async def standing(sessions: Sessions, attempt_id: int, campaigns: tuple[int, int]) -> dict[str, object]:
    """All that follows from what was said of a call, without the numbers of rows."""
    async with sessions() as session:
        attempt = await AttemptStore(session).read_attempt(attempt_id)
        row = await session.get(CampaignLead, (campaigns[0], attempt.lead_id))
        moved = await session.get(CampaignLead, (campaigns[1], attempt.lead_id))
        owed = await CallbackStore(session).open_of(campaigns[0], attempt.lead_id)
        sold = (await SaleStore(session).of([attempt_id])).get(attempt_id)
        assert row is not None
        phone = await session.get(Phone, row.phone_id)
        assert phone is not None
    return {
        "disposition": (attempt.disposition, attempt.disposition_label, attempt.disposition_flags),
        "lead": (row.state, row.reason, row.due_at if row.state != "final" else None),
        "phone": phone.position if row.state != "final" else None,
        "owed": owed and (owed.due_at, owed.state),
        "elsewhere": moved and moved.state == "ready",
        "sold": sold,
    }


async def test_whatever_was_said_before_the_last_word_alone_holds(sessions: Sessions) -> None:
    """By chance, in a fixed order: what is said, corrected and repeated before and after the end of a call
    leaves the lead as the last word alone would; but an opt-out stays."""
    chance = random.Random(21)
    by_chance = [chance.choices(ALL_CODES, _OFTEN, k=chance.randint(2, 4)) for _ in range(7)]
    sequences = [*TURNS, *by_chance]
    rounds = len(sequences)
    persons = [Person([f"+1202{5_560_000 + 2 * n}", f"+1202{5_560_001 + 2 * n}"]) for n in range(2 * rounds)]
    campaigns = await two_campaigns(sessions, persons)
    attempts = await connected(sessions, campaigns[0], 2 * rounds)
    for one, other, codes in zip(attempts[::2], attempts[1::2], sequences, strict=True):
        ends = chance.randint(0, len(codes))
        opted_out = False
        for number, code in enumerate(codes):
            now = NOW + (2 + 2 * number) * MINUTE
            wish = CallbackWish(DUE) if code == "callback" and not opted_out else None
            if number == ends:
                for each in (one, other):
                    await service.finish_attempt(sessions, each, Ending("human"), now - MINUTE)
            for _ in range(chance.randint(1, 2)):
                await said(sessions, one, code, now, wish=wish)
            opted_out |= code == "do_not_call"
        last_wish = CallbackWish(DUE) if codes[-1] == "callback" and wish is not None else None
        await said(sessions, other, codes[-1], now, wish=last_wish)
        if ends == len(codes):
            for each in (one, other):
                await service.finish_attempt(sessions, each, Ending("human"), now + MINUTE)
        found = await standing(sessions, one, campaigns)
        expected = await standing(sessions, other, campaigns)
        if opted_out and codes[-1] != "do_not_call":
            lead = found.pop("lead"), expected.pop("lead")
            assert lead[0][0] == "final", codes  # type: ignore[index]
            assert found.pop("phone") is None
            assert found.pop("owed") is None
            del expected["phone"], expected["owed"]
        assert (found["elsewhere"] or None) == (expected["elsewhere"] or None), codes
        del found["elsewhere"], expected["elsewhere"]
        assert found == expected, codes
        async with sessions() as session:
            number_called = (await AttemptStore(session).read_attempt(one)).e164
        assert await suppressed(sessions, number_called) is opted_out


async def test_what_is_said_is_told_once_with_what_it_takes_the_place_of(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[SaidDisposition] = []

    async def hear(_session: Session, told: SaidDisposition, _now: datetime) -> None:
        heard.append(told)

    monkeypatch.setattr(dispositions, "AFTERWARDS", (hear,))
    campaign, _ = await two_campaigns(sessions, people(1))
    (attempt,) = await connected(sessions, campaign, 1)
    await service.finish_attempt(sessions, attempt, Ending("human"), NOW)
    for code in ("hung_up", "hung_up", "NI", "not_interested"):
        await said(sessions, attempt, code)
    assert [(each.disposition.code, each.before and each.before.code) for each in heard] == [
        ("hung_up", None),
        ("not_interested", "hung_up"),
    ]
    assert all(each.latest for each in heard)


async def test_a_lead_that_was_called_again_is_left_alone_but_for_an_opt_out(sessions: Sessions) -> None:
    campaign, winter = await two_campaigns(sessions, people(1))
    (first,) = await connected(sessions, campaign, 1)
    await said(sessions, first, "hung_up")
    await service.finish_attempt(sessions, first, Ending("human"), NOW)
    later = NOW + timedelta(days=2)
    (second,) = await connected(sessions, campaign, 1, later)
    await said(sessions, second, "thinks_it_over", later)
    await service.finish_attempt(sessions, second, Ending("human"), later)
    before = await standing(sessions, second, (campaign, winter))
    for code in ("sale", "wrong_number", "other_team"):
        await said(sessions, first, code, later)
        assert await standing(sessions, second, (campaign, winter)) == before
    await said(sessions, first, "do_not_call", later)
    assert await suppressed(sessions, people(1)[0].phones[0])


async def test_a_correction_is_kept_with_who_when_and_what_before(sessions: Sessions) -> None:
    campaign, _ = await two_campaigns(sessions, people(1))
    (attempt,) = await connected(sessions, campaign, 1)
    with pytest.raises(NothingToCorrectError):
        await corrections.correct(sessions, attempt, Words(code="hung_up"), NOW)
    await said(sessions, attempt, "sale", notes="two of them")
    seen = await corrections.look_up(sessions, attempt)
    words = Words(code="not_interested", notes="took it back", who="Bea", reason="called us")
    record = await corrections.correct(sessions, attempt, words, NOW + MINUTE)
    (kept,) = record.corrections
    assert (kept.who, kept.reason, kept.changed_at) == ("Bea", "called us", NOW + MINUTE)
    assert (kept.disposition, kept.becomes, kept.notes) == ("sale", "not_interested", "two of them")
    assert kept.sale == [SALE[0] | {"currency": "EUR"}]
    assert (record.attempt.disposition, record.sale) == ("not_interested", ())
    assert len((await corrections.correct(sessions, attempt, words, NOW + MINUTE)).corrections) == 1
    versions = [version_of(seen.content)]
    with pytest.raises(ChangedMeanwhileError):
        await corrections.correct(sessions, attempt, Words(code="sale", sale=SALE), NOW, if_match=versions)


async def test_agents_correct_for_a_while_and_supervisors_at_any_time(sessions: Sessions) -> None:
    campaign, _ = await two_campaigns(sessions, people(1))
    await service.change_campaign(sessions, campaign, NOW, said={"correction_limit_s": 60})
    (attempt,) = await connected(sessions, campaign, 1)
    await said(sessions, attempt, "hung_up")
    in_time, late = NOW + MINUTE, NOW + 3 * MINUTE
    await said(sessions, attempt, "thinks_it_over", in_time, limited=True)
    with pytest.raises(CorrectionTooLateError):
        await said(sessions, attempt, "hung_up", late, limited=True)
    await said(sessions, attempt, "thinks_it_over", late, limited=True)
    await said(sessions, attempt, "hung_up", late)


async def test_what_a_disposition_needs_has_to_be_said(sessions: Sessions) -> None:
    own = {"callback": {"needs": ["callback", "notes"]}, "sale": {"needs": ["amount", "product"]}}
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, currency="JPY", dispositions=own)
    (attempt,) = await connected(sessions, campaign, 1)
    with pytest.raises(IncompleteDispositionError) as error:
        await said(sessions, attempt, "callback")
    assert error.value.fields == {"missing": ["callback", "notes"]}
    await said(sessions, attempt, "callback", notes="in the evening", wish=CallbackWish(DUE))
    for sale, wrong in (
        (None, IncompleteDispositionError),
        ([{"amount": "900"}], IncompleteDispositionError),
        ([{"amount": "9.50", "product": "x"}], InvalidSaleError),
        ([{"amount": 9.5, "product": "x"}], InvalidSaleError),
        ([{"amount": "900", "product": "x", "quantity": 0}], InvalidSaleError),
        ([{"amount": "-9", "product": "x"}], InvalidSaleError),
    ):
        with pytest.raises(wrong):
            await said(sessions, attempt, "SALE", sale=sale)
    with pytest.raises(InvalidSaleError, match="goes with"):
        await said(sessions, attempt, "hung_up", sale=[{"amount": "900"}])
    await said(sessions, attempt, "SALE", sale=[{"amount": "900", "product": "x"}])


async def test_figures_stay_when_the_set_changes(sessions: Sessions) -> None:
    campaign, _ = await two_campaigns(sessions, people(2))
    one, two = await connected(sessions, campaign, 2)
    await said(sessions, one, "thinks_it_over")
    await said(sessions, two, "promise_to_pay", by="agent")
    await service.finish_attempt(sessions, one, Ending("human"), NOW)
    before = (await service.report(sessions, campaign, NOW)).counts
    other = {"leave_out": ["promise_to_pay"], "thinks_it_over": {"label": "Nobody", "flags": ["machine"]}}
    await service.change_campaign(sessions, campaign, NOW, said={"dispositions": other})
    assert (await service.report(sessions, campaign, NOW)).counts == before
    assert (before.right_parties, before.conversions) == (2, 1)
    await service.finish_attempt(sessions, two, Ending("human"), NOW)
    with pytest.raises(UnknownDispositionError):
        await said(sessions, one, "promise_to_pay")
    (row,) = [each for each in (await lead_rows(sessions, campaign)).values() if each.state == "final"]
    assert row.reason == "promise_to_pay"


async def test_a_lead_goes_on_in_another_campaign_and_is_called_there(sessions: Sessions) -> None:
    campaign, winter = await two_campaigns(sessions, people(2))
    attempts = await connected(sessions, campaign, 2)
    for attempt in attempts:
        await said(sessions, attempt, "other_team")
        await service.finish_attempt(sessions, attempt, Ending("human"), NOW)
    await said(sessions, attempts[1], "hung_up")
    rows = await lead_rows(sessions, winter)
    async with sessions() as session:
        moved = [(await session.get_one(Attempt, each)).lead_id for each in attempts]
    assert [(rows[each].state, rows[each].reason) for each in moved] == [
        ("ready", "moved_here"),
        ("final", "moved_back"),
    ]
    async with sessions() as session:
        number = (await session.get_one(Attempt, attempts[0])).e164
    told = await explain(sessions, NO_LAW, number, winter, NOW)
    assert [each.campaign_id for each in told.campaigns] == [winter]
    there = await service.claim_permitted(sessions, NO_LAW, winter, 10, NOW)
    assert moved[0] in {each.lead.lead_id for each in there}
    wrong = {"other_team": SET["other_team"] | {"campaign": "Spring"}}
    with pytest.raises(InvalidSettingsError, match="no campaign 'Spring'"):
        await service.change_campaign(sessions, campaign, NOW, said={"dispositions": wrong})


async def test_a_phone_where_nobody_is_to_be_reached_gives_way_for_good(sessions: Sessions) -> None:
    own = {"wrong_number": {"retry": {"delay_s": 60, "next_phone": True}}}
    await seed_leads(sessions, [Person(["+12025550001", "+12025550002"])])
    campaign = await seed_campaign(sessions, dispositions=own)
    dialed = []
    for number in range(2):
        now = NOW + number * timedelta(hours=1)
        (attempt,) = await connected(sessions, campaign, 1, now)
        await said(sessions, attempt, "wrong_number", now)
        await service.finish_attempt(sessions, attempt, Ending("human"), now)
        async with sessions() as session:
            dialed.append((await session.exec(select(Attempt.e164).where(Attempt.id == attempt))).one())
    assert dialed == ["+12025550001", "+12025550002"]
    (row,) = (await lead_rows(sessions, campaign)).values()
    assert (row.state, row.reason) == ("final", "wrong_number")


async def test_another_time_of_day_is_told_on_the_callees_clock(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))  # in New York, where it is ten in the morning
    rules = {"NA": {"delay_s": 60, "other_time": True}}
    campaign = await seed_campaign(sessions, retry_rules=rules)
    (attempt,) = await connected(sessions, campaign, 1)
    await service.finish_attempt(sessions, attempt, Ending("no_answer"), NOW)
    (row,) = (await lead_rows(sessions, campaign)).values()
    assert (row.state, row.reason, row.due_at) == ("waiting", "retry_no_answer", NOW + timedelta(hours=2))
