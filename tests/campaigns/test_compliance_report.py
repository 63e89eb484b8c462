"""The report for an auditor agrees with the records, however they came about."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlmodel import col, delete, select, update

from campaigns import service
from campaigns.compliance import client_rules
from campaigns.compliance.audit import ComplianceReport, audit
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.attempt import Ending
from campaigns.core.campaign import CampaignSettings
from campaigns.errors import CampaignNotFoundError, InvalidInputError
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt
from leads.tables import DncEntry
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

RULES = load_rulebook()
TODAY = NOW.date()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
AT_NIGHT = NOW + 18 * HOUR  # 04:00 in New York, when no law lets anybody be called there.


async def report(
    sessions: Sessions, campaign_id: int, first: date | None = None, last: date | None = None
) -> ComplianceReport:
    return await audit(sessions, RULES, campaign_id, first, last, NOW + 400 * DAY)


async def place(sessions: Sessions, campaign_id: int, count: int, now: datetime) -> list[int]:
    """Calls that the laws allow, placed as the engine places them; their attempts."""
    permitted = await service.claim_permitted(sessions, RULES, campaign_id, count, now)
    return [
        each.attempt_id for each in await service.start_attempts(sessions, RULES, campaign_id, permitted, now)
    ]


async def talk(
    sessions: Sessions, attempt_id: int, now: datetime, code: str = "", outcome: str = "human"
) -> None:
    """The call is answered and over at once."""
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(attempt_id, answered_at=now)
        if outcome == "human":
            await AttemptStore(session).update_attempt(attempt_id, connected_at=now)
    await service.finish_attempt(sessions, attempt_id, Ending(outcome), now)
    if code:
        await service.set_disposition(sessions, attempt_id, code, "", now)


async def add_attempts(sessions: Sessions, rows: Sequence[dict[str, Any]]) -> None:
    """Attempts straight into the table, as copies of the first but for what each says."""
    async with sessions() as session, session.begin():
        first = (await session.exec(select(Attempt).order_by(col(Attempt.id)).limit(1))).one()
        used = len((await session.exec(select(Attempt.id))).all())
        for number, row in enumerate(rows, used + 1):
            values = first.model_dump() | {"id": None, "number": number + 100} | row
            session.add(Attempt(**values))


async def seed(sessions: Sessions, count: int = 3, **settings: object) -> int:
    await seed_leads(sessions, people(count))
    return await seed_campaign(sessions, **settings)


async def test_lawful_calls_are_in_their_window_by_day(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    await place(sessions, campaign_id, 2, NOW)
    await place(sessions, campaign_id, 1, NOW + 10 * HOUR)
    found = await report(sessions, campaign_id)
    first, second = found.days
    assert (found.calls, found.outside_window, found.not_judged) == (3, 0, 0)
    assert (first.day, first.calls, str(first.earliest)) == (TODAY, 2, "10:00:00")
    # 01:00 UTC of the next day is 20:00 in New York, and the next day of the report.
    assert (second.day, second.calls, str(second.latest)) == (TODAY + DAY, 1, "20:00:00")
    assert (found.first_day, found.last_day) == (TODAY, (NOW + 400 * DAY).date())


async def test_a_call_outside_its_window_is_found_by_the_rules_in_force_now(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    (attempt_id,) = await place(sessions, campaign_id, 1, NOW)
    async with sessions() as session, session.begin():
        moved = update(Attempt).where(col(Attempt.id) == attempt_id)
        await session.exec(moved.values(placed_at=AT_NIGHT))
    found = await report(sessions, campaign_id)
    assert (found.outside_window, found.attempts_outside_window) == (1, [attempt_id])
    assert str(found.days[0].earliest) == "04:00:00"


async def test_what_was_lawful_when_it_was_called_stays_so(sessions: Sessions) -> None:
    """A day that is closed later, and an exemption that ends later, make no call wrong afterwards."""
    campaign_id = await seed(sessions)
    granted = [
        await client_rules.grant_exemption(sessions, RULES, "acme", rule, "The FTC", "letter 7", NOW)
        for rule in ("us-tsr-window", "us-fcc-window")
    ]
    assert len(await place(sessions, campaign_id, 1, AT_NIGHT)) == 1
    for each in granted:
        await client_rules.end_exemption(sessions, each.id, AT_NIGHT + HOUR)
    await client_rules.close_day(sessions, "acme", AT_NIGHT.date(), "Stocktaking")
    found = await report(sessions, campaign_id)
    assert (found.calls, found.outside_window) == (1, 0)
    (asked,) = found.decisions
    assert (asked.calls, asked.exemptions) == (1, ["us-tsr-window", "us-fcc-window"])
    assert [(each.rule, each.granted_by, each.reference) for each in found.exemptions] == [
        ("us-tsr-window", "The FTC", "letter 7"),
        ("us-fcc-window", "The FTC", "letter 7"),
    ]
    assert (await report(sessions, campaign_id, TODAY + 2 * DAY)).exemptions == []


async def test_decisions_are_counted_by_their_rules(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    await place(sessions, campaign_id, 2, NOW)
    await client_rules.close_day(sessions, "acme", date(2026, 12, 24), "Christmas Eve")
    await place(sessions, campaign_id, 1, NOW + HOUR)
    await add_attempts(sessions, [{"permit": {}, "placed_at": NOW + 2 * HOUR}])
    found = await report(sessions, campaign_id)
    assert [each.calls for each in found.decisions] == [2, 1, 1]
    known = [each for each in found.decisions if each.rule_set]
    assert {each.version for each in known} == {RULES.version}
    assert [sorted(each.jurisdictions) for each in known] == [["us", "us-reg-f"]] * 2
    assert found.not_judged == 1


async def test_attempts_to_one_number_are_counted_over_all_of_the_clients_campaigns(
    sessions: Sessions,
) -> None:
    campaign_id = await seed(sessions, 1)
    other = await seed_campaign(sessions, "Other")
    (attempt_id,) = await place(sessions, campaign_id, 1, NOW)
    hours = (1, 5, 24, 30, 100, 167, 169)
    rows = [
        {"placed_at": NOW + hour * HOUR, "campaign_id": other if hour in (5, 30) else campaign_id}
        for hour in hours
    ]
    await add_attempts(sessions, rows)
    found = await report(sessions, campaign_id)
    # Within 24 hours: those at 0, 1 and 5 hours; the one at 24 no longer counts the one at 0.
    assert (found.most_within_24_hours, found.calls) == (3, 6)
    # The one at 167 hours counts all from the first on; the one at 169 no longer those at 0 and 1.
    assert found.most_within_7_days == 7
    only_last = await report(sessions, campaign_id, (NOW + 169 * HOUR).date())
    assert (only_last.most_within_24_hours, only_last.most_within_7_days) == (2, 7)
    assert attempt_id


async def test_an_opt_out_holds_at_once_and_nobody_calls_again(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    first, second = await place(sessions, campaign_id, 2, NOW)
    await talk(sessions, first, NOW, "do_not_call")
    await talk(sessions, second, NOW, "sale")
    found = await report(sessions, campaign_id)
    assert (found.opt_outs.count, found.opt_outs.held, found.opt_outs.slowest_s) == (1, 1, 0.0)
    assert (found.opt_outs.calls_after, found.days[0].opt_outs) == (0, 1)
    assert [(each.attempt_id, each.held_after_s) for each in found.opt_outs.listed] == [(first, 0.0)]


async def test_an_opt_out_that_did_not_hold_is_shown(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    other = await seed_campaign(sessions, "Other")
    first, second = await place(sessions, campaign_id, 2, NOW)
    await talk(sessions, first, NOW, "do_not_call")
    await talk(sessions, second, NOW, "do_not_call")
    async with sessions() as session, session.begin():
        numbers = dict((await session.exec(select(Attempt.id, Attempt.e164))).all())
        late = update(DncEntry).where(col(DncEntry.e164) == numbers[first])
        await session.exec(late.values(created_at=NOW + timedelta(seconds=90)))
        await session.exec(delete(DncEntry).where(col(DncEntry.e164) == numbers[second]))
    again = {"e164": numbers[second], "placed_at": NOW + HOUR, "disposition": "", "disposition_flags": 0}
    await add_attempts(sessions, [again, again | {"campaign_id": other}])
    found = (await report(sessions, campaign_id)).opt_outs
    assert (found.count, found.held, found.not_held) == (2, 1, 1)
    assert (found.slowest_s, found.calls_after) == (90.0, 2)
    assert [(each.attempt_id, each.calls_after) for each in found.listed] == [(second, 2), (first, 0)]


async def test_denials_are_counted_by_day_and_reason(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    assert await place(sessions, campaign_id, 2, AT_NIGHT) == []
    found = await report(sessions, campaign_id)
    assert {(each.day, each.rule, each.code) for each in found.denials} == {
        (TODAY + DAY, rule, "outside_callable_times") for rule in ("us-tsr-window", "us-fcc-window")
    }
    assert {each.denials for each in found.denials} == {3}
    assert (await report(sessions, campaign_id, TODAY, TODAY)).denials == []


async def test_abandoned_calls_are_shared_out_by_legal_period(sessions: Sessions) -> None:
    campaign_id = await seed(sessions, 6, retry_rules={"abandoned": {"delay_s": 60, "max_attempts": 3}})
    one, two, *_ = await place(sessions, campaign_id, 3, NOW)
    await talk(sessions, one, NOW, outcome="abandoned")
    await talk(sessions, two, NOW, "sale")
    third, *_ = await place(sessions, campaign_id, 1, NOW + 59 * DAY)
    await talk(sessions, third, NOW + 59 * DAY, "sale")
    found = await report(sessions, campaign_id)
    periods = [(each.rule, each.start, each.dropped, each.live, each.over) for each in found.abandonment]
    first, second = NOW, NOW + 30 * DAY
    assert periods == [
        ("us-tsr-abandonment", first, 1, 1, True),
        ("us-tsr-abandonment", second, 0, 1, False),
        ("us-fcc-abandonment", first, 1, 1, True),
        ("us-fcc-abandonment", second, 0, 1, False),
    ]
    assert {(each.country, each.share, each.limit) for each in found.abandonment[:1]} == {("US", 0.5, 0.03)}
    assert found.messages.abandoned == 1
    assert found.messages.heard == 0


async def test_a_period_is_shown_that_overlaps_the_days_asked_for(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    (one,) = await place(sessions, campaign_id, 1, NOW)
    await talk(sessions, one, NOW, "sale")
    inside = await report(sessions, campaign_id, TODAY + 20 * DAY, TODAY + 21 * DAY)
    assert {(each.rule, each.live) for each in inside.abandonment} == {
        ("us-tsr-abandonment", 1),
        ("us-fcc-abandonment", 1),
    }
    after = await report(sessions, campaign_id, TODAY + 31 * DAY, TODAY + 40 * DAY)
    assert after.abandonment == []


async def test_only_the_days_asked_for_are_counted(sessions: Sessions) -> None:
    campaign_id = await seed(sessions, 5)
    for day in range(4):
        assert len(await place(sessions, campaign_id, 1, NOW + day * DAY)) == 1
    found = await report(sessions, campaign_id, TODAY + DAY, TODAY + 2 * DAY)
    assert [each.day for each in found.days] == [TODAY + DAY, TODAY + 2 * DAY]
    assert found.calls == 2
    every = await report(sessions, campaign_id, date.min, date.max)
    assert (every.calls, every.first_day, every.last_day) == (4, date.min, date.max)


async def test_a_campaign_without_calls_and_bad_days_have_an_answer(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    settings = CampaignSettings(caller_id="+12025550199")
    draft = await service.create_campaign(sessions, "acme", "Draft", settings, ["autumn"], NOW)
    found = await report(sessions, draft)
    assert (found.calls, found.days, found.abandonment, found.decisions) == (0, [], [], [])
    with pytest.raises(InvalidInputError, match="--from comes after --to"):
        await report(sessions, draft, TODAY, TODAY - DAY)
    with pytest.raises(CampaignNotFoundError):
        await report(sessions, draft + 1)


async def test_the_report_is_json_without_a_number_of_a_person(sessions: Sessions) -> None:
    campaign_id = await seed(sessions)
    (one,) = await place(sessions, campaign_id, 1, NOW)
    await talk(sessions, one, NOW, "do_not_call")
    text = msgspec.json.encode(await report(sessions, campaign_id)).decode()
    assert "+1202" not in text
    read = msgspec.json.decode(text)
    assert (read["days"][0]["day"], read["days"][0]["earliest"]) == ("2026-11-23", "10:00:00")


def heard(attempt: Attempt) -> bool:
    return attempt.message_at is not None


def calls_by_chance(campaign_ids: Sequence[int], chance: random.Random) -> list[dict[str, Any]]:
    """Calls of 40 days to few numbers, at any hour, in several zones, kept or not."""
    zones = ("America/New_York", "America/Phoenix", "Europe/London")
    return [
        {
            "campaign_id": chance.choice(campaign_ids),
            "placed_at": NOW + timedelta(minutes=chance.randrange(40 * 24 * 60)),
            "e164": f"+1202555{chance.randrange(8):04}" if chance.random() < 0.9 else "",
            "outcome": chance.choice(["no_answer", "abandoned", "human"]),
            "message_at": chance.choice([None, NOW]),
            "permit": {
                "zones": list(zones[: chance.randrange(4)]),
                "rule_set": chance.choice(["", "unknown"]),
            },
        }
        for _ in range(150)
    ]


async def test_every_figure_agrees_with_a_recount(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, too, however many calls are read at a time."""
    campaign_id = await seed(sessions)
    other = await seed_campaign(sessions, "Other")
    await place(sessions, campaign_id, 1, NOW)
    await add_attempts(sessions, calls_by_chance([campaign_id, campaign_id, other], random.Random(3)))
    found = await report(sessions, campaign_id)
    monkeypatch.setattr("campaigns.compliance.audit.CALLS_AT_A_TIME", 7)
    assert await report(sessions, campaign_id) == found

    async with sessions() as session:
        rows = (await session.exec(select(Attempt))).all()
    mine = [each for each in rows if each.campaign_id == campaign_id]
    for day in found.days:
        own = [each for each in mine if each.placed_at.date() == day.day]
        kept = [each for each in own if each.e164]
        assert day.calls == len(own)
        assert day.not_judged == sum(not each.permit["zones"] for each in own)
        dropped = [each for each in own if each.outcome == "abandoned"]
        assert (day.abandoned, day.heard_message) == (len(dropped), sum(map(heard, dropped)))
        assert day.number_not_kept == len(own) - len(kept)
        for most, span in ((day.most_within_24_hours, DAY), (day.most_within_7_days, 7 * DAY)):
            assert most == max(
                (
                    sum(
                        each.e164 == one.e164 and one.placed_at - span < each.placed_at <= one.placed_at
                        for each in rows
                    )
                    for one in kept
                ),
                default=0,
            )
    assert found.calls == len(mine)
    assert sum(each.calls for each in found.decisions) == len(mine)


async def test_numbers_of_other_countries_are_judged_by_their_own_law(sessions: Sessions) -> None:
    """The day after Thanksgiving, 19:30 in Berlin and 13:30 in New York: Berlin's shops may still call."""
    campaign_id = await seed(sessions)
    await place(sessions, campaign_id, 1, NOW)
    berlin = {"permit": {"zones": ["Europe/Berlin"]}, "country": "DE"}
    christmas = datetime(2026, 12, 25, 12, tzinfo=UTC)
    await add_attempts(
        sessions,
        [
            berlin | {"placed_at": datetime(2026, 11, 27, 18, 30, tzinfo=UTC)},
            berlin | {"placed_at": datetime(2026, 11, 27, 19, 30, tzinfo=UTC)},
            berlin | {"placed_at": datetime(2026, 11, 29, 12, tzinfo=UTC)},
            berlin | {"placed_at": christmas},
            {"permit": {"zones": ["America/New_York"]}, "country": "US", "placed_at": christmas + 3 * HOUR},
        ],
    )
    found = await report(sessions, campaign_id)
    # 20:30, a Sunday, and a holiday; New York knows no such day.
    assert [day.outside_window for day in found.days] == [0, 1, 1, 1]
    assert found.outside_window == 3
