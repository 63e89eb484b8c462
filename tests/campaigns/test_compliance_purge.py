"""Old calls lose what is personal, by each jurisdiction's law; the figures stay."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select

from campaigns import explaining, service
from campaigns.compliance import client_rules, retention
from campaigns.compliance.audit import audit
from campaigns.compliance.retention import Purge, PurgeChoice, purge
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.attempt import Ending
from campaigns.core.retention import months_before
from campaigns.errors import InvalidInputError
from campaigns.persons import export_person
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt, RuleSet
from leads.errors import UnknownClientError
from leads.tables import Client
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

RULES = load_rulebook()
DAY = timedelta(days=1)
LATER = NOW + 61 * 31 * DAY
"""When no law asks for calls of NOW any longer."""
PHONE = "+12025550000"


async def called(sessions: Sessions, campaign_id: int, count: int, outcome: str = "human") -> list[int]:
    """Calls to leads at NOW, each with notes and a SIP reason; their attempts."""
    permitted = await service.claim_permitted(sessions, RULES, campaign_id, count, NOW)
    started = await service.start_attempts(sessions, RULES, campaign_id, permitted, NOW)
    for each in started:
        async with sessions() as session, session.begin():
            await AttemptStore(session).update_attempt(each.attempt_id, answered_at=NOW, connected_at=NOW)
        ending = Ending(outcome, "agent", 200, f"OK {each.e164}")
        await service.finish_attempt(sessions, each.attempt_id, ending, NOW)
        if outcome == "human":
            await service.set_disposition(sessions, each.attempt_id, "sale", "She has a dog", NOW)
    return [each.attempt_id for each in started]


async def add(sessions: Sessions, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Attempts straight into the table, as copies of the first but for what each says."""
    async with sessions() as session, session.begin():
        first = (await session.exec(select(Attempt).order_by(col(Attempt.id)).limit(1))).one()
        used = (await session.exec(select(func.count(col(Attempt.id))))).one()
        made = [
            Attempt(**(first.model_dump() | {"id": None, "number": number + 100} | row))
            for number, row in enumerate(rows, used + 1)
        ]
        session.add_all(made)
        await session.flush()
        return [each.id for each in made]


async def kept(sessions: Sessions) -> list[int]:
    """The attempts that have personal data."""
    async with sessions() as session:
        rows = (await session.exec(select(Attempt).order_by(col(Attempt.id)))).all()
    full = [(each.e164, each.notes, each.sip_reason, each.debt) for each in rows]
    assert all(any(each) == bool(each[0]) for each in full), "all of it or none"
    return [each.id for each in rows if each.e164]


async def emptied(sessions: Sessions, now: Any = LATER, **choice: Any) -> Purge:
    return await purge(sessions, RULES, PurgeChoice(**choice), now)


async def test_an_old_call_loses_what_is_personal_and_keeps_the_rest(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    (attempt_id,) = await called(sessions, await seed_campaign(sessions), 1)
    async with sessions() as session:
        before = (await session.exec(select(Attempt))).one().model_dump()
    done = await emptied(sessions)
    async with sessions() as session:
        after = (await session.exec(select(Attempt))).one().model_dump()
    assert (done.emptied, done.next) == (1, None)
    changed = {name: after[name] for name in after if after[name] != before[name]}
    assert changed == {"e164": "", "notes": "", "sip_reason": ""}
    assert before["debt"] == after["debt"] == ""
    assert after["permit"]["rule_set"]
    assert after["id"] == attempt_id


async def test_a_call_is_kept_as_long_as_its_countrys_longest_rule_asks(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    (first,) = await called(sessions, campaign_id, 1)
    months = {"US": 60, "PR": 60, "GB": 6, "CA": 36, "AR": 60, "": 60}
    rows = []
    for country, length in months.items():
        limit = months_before(LATER, length)
        rows += [
            {"country": country, "ended_at": limit + shift, "permit": {"zones": []}} for shift in (-DAY, DAY)
        ]
    rows.append({"country": "DE", "ended_at": NOW, "permit": {"zones": []}})
    ids = await add(sessions, rows)
    done = await emptied(sessions)
    assert await kept(sessions) == [*ids[1:-1:2], ids[-1]]
    assert {each.country: (each.keep_months, each.emptied) for each in done.by_country} == {
        country: (length, 2 if country == "US" else 1) for country, length in months.items()
    }
    assert [(each.country, each.kind, each.calls) for each in done.undecided] == [("DE", "sales", 1)]
    assert first not in await kept(sessions)


async def test_a_chosen_time_is_kept_where_the_law_asks_for_less_or_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await called(sessions, await seed_campaign(sessions), 1)
    year_ago, two_ago = months_before(LATER, 13), months_before(LATER, 25)
    rows = [
        {"country": country, "ended_at": ended, "permit": {}}
        for country in ("GB", "DE", "US")
        for ended in (year_ago, two_ago)
    ]
    ids = await add(sessions, rows)
    done = await emptied(sessions, keep_months=24)
    assert await kept(sessions) == [ids[0], ids[2], ids[4], ids[5]]
    assert {(each.country, each.keep_months, each.rule, each.emptied) for each in done.by_country} == {
        ("GB", 24, "", 1),
        ("DE", 24, "", 1),
        ("US", 60, "us-tsr-records", 1),
    }
    assert done.undecided == []


async def test_a_call_under_two_countries_laws_is_kept_for_the_longer(sessions: Sessions) -> None:
    """A British number of a lead with an American address, as the call's rule set says."""
    await seed_leads(sessions, people(1))
    await called(sessions, await seed_campaign(sessions), 1)
    async with sessions() as session, session.begin():
        session.add(RuleSet(fingerprint="both", body={"countries": ["GB", "US"]}, first_used_at=NOW))
    ended = months_before(LATER, 12)
    both, british = await add(
        sessions,
        [
            {"country": "GB", "ended_at": ended, "permit": {"rule_set": "both"}},
            {"country": "GB", "ended_at": ended, "permit": {"rule_set": "unknown"}},
        ],
    )
    await emptied(sessions)
    assert await kept(sessions) == [both]
    assert british


async def test_an_open_call_is_never_touched(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, RULES, campaign_id, 2, NOW)
    one, two = await service.start_attempts(sessions, RULES, campaign_id, permitted, NOW)
    await service.finish_attempt(sessions, one.attempt_id, Ending("busy"), NOW)
    assert (await emptied(sessions)).emptied == 1
    assert await kept(sessions) == [two.attempt_id]


async def test_a_dry_run_counts_and_changes_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    ids = await called(sessions, await seed_campaign(sessions), 3)
    would = await emptied(sessions, dry_run=True)
    assert await kept(sessions) == ids
    done = await emptied(sessions)
    assert (would.emptied, would.by_country) == (done.emptied, done.by_country)
    assert (await emptied(sessions)).emptied == 0


async def test_only_one_clients_calls_are_emptied_where_that_is_asked(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    ids = await called(sessions, await seed_campaign(sessions), 1)
    async with sessions() as session, session.begin():
        session.add(Client(slug="globex", name="Globex"))
    assert (await emptied(sessions, client="globex")).emptied == 0
    assert await kept(sessions) == ids
    assert (await emptied(sessions, client="acme")).emptied == 1
    with pytest.raises(UnknownClientError):
        await emptied(sessions, client="nobody")


async def test_a_purge_goes_on_where_it_was_cut_off(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed_leads(sessions, people(1))
    await called(sessions, await seed_campaign(sessions), 1)
    await add(sessions, [{} for _ in range(9)])
    monkeypatch.setattr(retention, "IDS_AT_A_TIME", 2)
    total, after, steps = 0, 0, 0
    next_id: int | None = 0
    while next_id is not None:
        after = next_id
        done = await purge(sessions, RULES, PurgeChoice(), LATER, after=after, most=3)
        total, steps, next_id = total + done.emptied, steps + 1, done.next
    assert (total, steps) == (10, 4)
    assert await kept(sessions) == []


async def test_every_report_keeps_its_counts(sessions: Sessions) -> None:
    await seed_leads(sessions, people(6))
    campaign_id = await seed_campaign(sessions)
    await called(sessions, campaign_id, 2)
    await called(sessions, campaign_id, 2, outcome="abandoned")
    opted_out = (await called(sessions, campaign_id, 1))[0]
    await service.set_disposition(sessions, opted_out, "do_not_call", "", NOW)
    await client_rules.close_day(sessions, "acme", NOW.date() + DAY, "Closed")
    before = await service.report(sessions, campaign_id, LATER)
    audited = await audit(sessions, RULES, campaign_id, None, None, LATER)
    assert (await emptied(sessions)).emptied == 5
    assert await service.report(sessions, campaign_id, LATER) == before
    found = await audit(sessions, RULES, campaign_id, None, None, LATER)
    for name in ("calls", "outside_window", "not_judged", "denials", "abandonment", "decisions", "messages"):
        assert getattr(found, name) == getattr(audited, name)
    (day,) = found.days
    assert (day.calls, day.opt_outs, day.number_not_kept, day.most_within_24_hours) == (5, 1, 5, 0)
    assert (found.opt_outs.count, found.opt_outs.not_known) == (1, 1)


async def test_what_reads_calls_reads_emptied_ones_too(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions, most_attempts_a_day=1)
    await called(sessions, campaign_id, 1, outcome="busy")
    await emptied(sessions)
    (facts,) = (await explaining.explain(sessions, RULES, PHONE, campaign_id, LATER)).campaigns
    assert "Call 1 to a number that is no longer kept: busy, SIP 200." in {
        each.sentence for each in facts.history
    }
    (exported,) = (await export_person(sessions, PHONE)).attempts
    assert (exported.phone, exported.notes, exported.outcome) == ("", "", "busy")
    # The call still counts for its lead, which is called again when its time has come.
    permitted = await service.claim_permitted(sessions, RULES, campaign_id, 1, LATER.replace(hour=15))
    assert [each.lead.attempts for each in permitted] == [1]


async def test_a_time_that_the_rules_on_calls_need_is_always_kept(sessions: Sessions) -> None:
    for months in (-1, 0, 2, 1201):
        with pytest.raises(InvalidInputError, match="3 to 1200 months"):
            PurgeChoice(keep_months=months)
    await seed_leads(sessions, people(1))
    await called(sessions, await seed_campaign(sessions), 1)
    await add(sessions, [{"country": "DE", "permit": {}, "ended_at": NOW}])
    assert (await emptied(sessions, NOW + 62 * DAY, keep_months=3)).emptied == 0


async def test_calls_are_kept_for_as_long_as_any_rule_looks_back(sessions: Sessions, tmp_path: Path) -> None:
    head = 'source = "Law 1"\nread = 2026-11-23\n'
    (tmp_path / "lk.toml").write_text(
        'name = "A"\ncountry = "LK"\n'
        f'[[rules]]\nid = "lk-a"\nkind = "frequency"\n{head}most = 1\ndays = 366\n'
        f'[[rules]]\nid = "lk-w"\nkind = "window"\n{head}times = {{ mon-sun = [["08:00", "21:00"]] }}\n'
        f'[[rules]]\nid = "lk-b"\nkind = "records"\n{head}of = ["calls"]\nkeep_months = 1\n'
    )
    rules = load_rulebook(tmp_path)
    with pytest.raises(InvalidInputError, match="14 to 1200 months"):
        await purge(sessions, rules, PurgeChoice(keep_months=13), NOW)
    await seed_leads(sessions, people(1))
    await called(sessions, await seed_campaign(sessions), 1)
    await add(sessions, [{"country": "LK", "permit": {}, "ended_at": NOW}])
    assert (await purge(sessions, rules, PurgeChoice(), NOW + 368 * DAY)).emptied == 0
    assert (await purge(sessions, rules, PurgeChoice(), NOW + 14 * 31 * DAY)).emptied > 0


async def test_without_a_call_or_a_rule_nothing_is_emptied(sessions: Sessions) -> None:
    assert (await emptied(sessions)).emptied == 0
    await seed_leads(sessions, people(1))
    ids = await called(sessions, await seed_campaign(sessions), 1)
    done = await purge(sessions, NO_LAW, PurgeChoice(), LATER)
    assert (done.emptied, [each.calls for each in done.undecided]) == (0, [1])
    assert await kept(sessions) == ids
