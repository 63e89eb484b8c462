"""The report agrees with a recount of the raw rows."""

import random
from collections import Counter
from datetime import timedelta

import msgspec
from sqlmodel import select

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.core.disposition import STANDARD, Flag
from campaigns.core.metrics import Rate
from campaigns.core.retry import OUTCOMES
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads

DAY = timedelta(days=1)


async def play(sessions: Sessions, campaign_id: int, rounds: int, agents: list[int]) -> None:
    """Days of calls that end by chance; the last calls stay open."""
    chance = random.Random(7)
    for number in range(rounds):
        now = NOW + number * 4 * DAY
        permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 25, now)
        for started in await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, now):
            attempt_id = started.attempt_id
            if number == rounds - 1 and chance.random() < 0.3:
                continue
            outcome = chance.choice([*OUTCOMES, *["human"] * 12])
            if outcome in ("human", "machine", "fax", "abandoned"):
                async with sessions() as session, session.begin():
                    await AttemptStore(session).update_attempt(attempt_id, answered_at=now)
            if outcome == "human":
                async with sessions() as session, session.begin():
                    await AttemptStore(session).update_attempt(
                        attempt_id, connected_at=now, agent_id=chance.choice(agents)
                    )
            await service.finish_attempt(sessions, attempt_id, Ending(outcome), now)
            if outcome == "human" and chance.random() < 0.9:
                code = chance.choice(list(STANDARD))
                await service.set_disposition(sessions, attempt_id, code, "", now)


async def test_every_figure_agrees_with_a_recount(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(60))
    campaign_id = await seed_campaign(sessions)
    other = await seed_campaign(sessions, "Other")
    agents = [
        await service.add_agent(sessions, "acme", name, f"sip:{name}@pbx.example", NOW)
        for name in ("anna", "bea")
    ]
    await play(sessions, campaign_id, 5, agents)
    await play(sessions, other, 1, agents)
    late = await seed_leads(sessions, people(2, first=60))

    report = await service.report(sessions, campaign_id, NOW + 30 * DAY)
    async with sessions() as session:
        raw = (await session.exec(select(Attempt).where(Attempt.campaign_id == campaign_id))).all()

    def flagged(flag: Flag) -> list[Attempt]:
        return [each for each in raw if each.disposition and flag in STANDARD[each.disposition].flags]

    machines = {each.id for each in flagged(Flag.MACHINE)}
    on_line = [each for each in raw if each.outcome in ("human", "abandoned")]
    counts = report.counts
    assert counts.attempts == len(raw)
    assert counts.answered == sum(each.answered_at is not None for each in raw)
    assert counts.people == sum(each.id not in machines for each in on_line)
    assert counts.contacts == len(flagged(Flag.CUSTOMER_CONTACT))
    assert counts.right_parties == len(flagged(Flag.RIGHT_PARTY))
    assert counts.conversions == len(flagged(Flag.CONVERSION))
    assert counts.abandoned == sum(each.outcome == "abandoned" for each in raw)
    assert counts.leads_attempted == len({each.lead_id for each in raw})
    assert counts.leads_contacted == len({each.lead_id for each in flagged(Flag.CUSTOMER_CONTACT)})
    assert counts.leads_converted == len({each.lead_id for each in flagged(Flag.CONVERSION)})
    assert counts.leads_loaded == len(ids) + len(late)

    assert {each.code: each.count for each in report.outcomes} == Counter(
        each.outcome or "in_progress" for each in raw
    )
    assert {each.code: each.count for each in report.dispositions} == Counter(
        each.disposition for each in raw if each.disposition
    )
    assert sum(each.share.numerator for each in report.outcomes) == len(raw)
    assert report.figures.abandon_rate == Rate(
        counts.abandoned / counts.people, counts.abandoned, counts.people
    )

    rows = (await lead_rows(sessions, campaign_id)).values()
    groups = {(each.state, each.reason): each.count for each in report.leads}
    assert groups.pop(("new", "loaded_after_start")) == len(late)
    assert groups == Counter((row.state, row.reason) for row in rows)
    assert counts.leads_final == sum(row.state == "final" for row in rows)
    later = [row.due_at for row in rows if row.state in ("ready", "waiting")]
    assert report.progress.next_due_at == (min(later) if later else None)
    assert report.progress.due + report.progress.waiting == len(later)

    for agent in report.agents:
        own = [each for each in raw if each.agent_id == agent.agent_id]
        assert agent.figures.calls_handled == len(own)
        assert agent.figures.conversions == sum(each in flagged(Flag.CONVERSION) for each in own)
    assert sum(each.figures.calls_handled for each in report.agents) == report.team.calls_handled


async def test_a_campaign_without_a_call_has_rates_without_a_value(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    report = await service.report(sessions, await seed_campaign(sessions), NOW)
    assert report.figures.contact_rate == Rate(None, 0, 0)
    assert report.figures.penetration == Rate(0.0, 0, 3)
    assert (report.outcomes, report.dispositions, report.agents) == ([], [], [])
    assert [(each.state, each.reason, each.count) for each in report.leads] == [("ready", "new", 3)]


async def test_agents_times_are_those_of_shifts_for_the_campaign(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    agent_id = await service.add_agent(sessions, "acme", "Anna", "sip:anna@pbx.example", NOW)
    seconds = [timedelta(seconds=each) for each in (0, 10, 70, 90, 100, 130)]
    async with sessions() as session, session.begin():
        agents = AgentStore(session)
        shift = await agents.open_session(agent_id, [campaign_id], "available", NOW)
        for at, state in zip(seconds[1:], ("talking", "wrap_up", "paused", "reserved"), strict=False):
            await agents.change_state(shift, state, NOW + at)
        await agents.close_session(shift, NOW + seconds[-1])
        elsewhere = await agents.open_session(agent_id, [campaign_id + 1], "available", NOW + DAY)
        await agents.close_session(elsewhere, NOW + 2 * DAY)
        await agents.open_session(agent_id, [campaign_id + 1, campaign_id], "available", NOW + 2 * DAY)
    report = await service.report(sessions, campaign_id, NOW + 2 * DAY + timedelta(seconds=5))
    (anna,) = report.agents
    figures = anna.figures
    assert (anna.agent_id, anna.name) == (agent_id, "Anna")
    assert (figures.available_ms, figures.talk_ms, figures.wrap_ms) == (15_000, 60_000, 20_000)
    assert (figures.pause_ms, figures.other_ms, figures.logged_in_ms) == (10_000, 30_000, 135_000)
    assert report.team == figures


async def test_the_report_is_json_with_every_figure_and_its_parts(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    report = await service.report(sessions, await seed_campaign(sessions), NOW)
    read = msgspec.json.decode(msgspec.json.encode(report))
    assert read["figures"]["abandon_rate"] == {
        "value": None,
        "numerator": 0,
        "denominator": 0,
        "low": None,
        "high": None,
    }
    assert read["at"] == "2026-11-23T15:00:00Z"
