"""`campaign why` counts every lead of the campaign's lists once, whatever state it is in."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from sqlmodel import select

from campaigns import service
from campaigns.errors import CampaignNotFoundError
from campaigns.explaining import why
from campaigns.stores.shared import Sessions
from campaigns.tables import CampaignLead
from leads.stores.dnc import DncStore
from leads.tables import Lead
from tests.campaigns.seeds import NOW, Person, people, seed_campaign, seed_leads, suppress, zone_group

STATES = {
    "ready": "ready",
    "claimed": "claimed",
    "claimed_expired": "ready",
    "calling": "calling",
    "waiting": "retry",
    "waiting_due": "ready",
    "sale": "final",
    "on_dnc_list": "dnc",
    "max_attempts_reached": "attempts_used_up",
    "invalid_number": "no_valid_phone",
}


def put(row: CampaignLead, state: str) -> None:
    later, before = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
    match state:
        case "claimed" | "claimed_expired":
            row.state, row.claimed_until = "claimed", later if state == "claimed" else before
        case "calling":
            row.state, row.reason = "calling", "calling"
        case "waiting" | "waiting_due":
            row.state, row.reason = "waiting", "retry_busy"
            row.due_at = later if state == "waiting" else before
        case "ready":
            pass
        case _:
            row.state, row.reason = "final", state


@pytest.mark.parametrize("seed", range(3))
async def test_any_mixture_of_states_sums_to_the_lists_leads(sessions: Sessions, seed: int) -> None:
    chance = Random(seed)
    await seed_leads(sessions, people(chance.randrange(20, 40)))
    await seed_leads(sessions, people(chance.randrange(10), 1000), list_name="winter")
    campaign_id = await seed_campaign(sessions, lists=("autumn", "winter"))
    expected: Counter[str] = Counter()
    async with sessions() as session, session.begin():
        rows = await session.exec(select(CampaignLead).where(CampaignLead.campaign_id == campaign_id))
        for row in rows.all():
            state = chance.choice(sorted(STATES))
            put(row, state)
            expected[STATES[state]] += 1
            if chance.random() < 0.1:
                lead = await session.get(Lead, row.lead_id)
                assert lead is not None
                lead.erased_at = NOW
                expected[STATES[state]] -= 1
                expected["erased"] += 1
    late = await seed_leads(sessions, [*people(3, 2000), Person([])])
    await seed_leads(sessions, people(5, 3000), list_name="of no campaign")
    expected += Counter(not_taken_up=3, no_valid_phone=1)
    found = await why(sessions, campaign_id, NOW)
    counted: Counter[str] = Counter()
    for line in found.waiting_for:
        counted[line.kind] += line.leads
    assert counted == +expected
    assert found.leads == sum(expected.values())
    assert len(late) == 4


async def test_closed_zones_are_told_apart_with_their_openings(sessions: Sessions) -> None:
    times = {day: [["09:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    persons = [Person(["+12025550101"]), Person(["+13035550101"], zones=["Pacific/Honolulu"])]
    await seed_leads(sessions, persons)
    campaign_id = await seed_campaign(sessions, callable_times=times)
    open_line, closed = (await why(sessions, campaign_id, NOW)).waiting_for
    assert (open_line.kind, open_line.leads) == ("ready", 1)
    assert (closed.kind, closed.detail, closed.leads) == ("zones_closed", "Pacific/Honolulu", 1)
    assert closed.next_at == NOW.replace(hour=19)


async def test_a_campaign_that_is_not_running_says_so(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    assert (await why(sessions, campaign_id, NOW)).sentence == "The campaign is running. It dials."
    await service.pause_campaign(sessions, campaign_id, NOW)
    found = await why(sessions, campaign_id, NOW)
    assert (found.state, found.leads) == ("paused", 1)
    assert "until it is running" in found.sentence
    with pytest.raises(CampaignNotFoundError):
        await why(sessions, campaign_id + 1, NOW)


async def test_a_list_without_leads_waits_for_nothing(sessions: Sessions) -> None:
    await seed_leads(sessions, [])
    found = await why(sessions, await seed_campaign(sessions), NOW)
    assert (found.leads, found.waiting_for) == (0, [])
    async with sessions() as session, session.begin():
        await zone_group(session, ["America/New_York"])


async def test_numbers_that_came_on_a_list_since_wait_for_nothing(sessions: Sessions) -> None:
    """By number or by prefix; a lead that has another phone goes on waiting."""
    one, two, other, premium = "+12025550001", "+12025550002", "+12025550003", "+19005550004"
    await seed_leads(sessions, [Person([one]), Person([two, other]), Person([premium])])
    campaign_id = await seed_campaign(sessions)
    await suppress(sessions, one)
    await suppress(sessions, two)
    async with sessions() as session, session.begin():
        await DncStore(session).add_prefix("+1900", "everyone", 0, reason="", source="test", now=NOW)
    found = await why(sessions, campaign_id, NOW)
    counted = {(line.kind, line.detail): line.leads for line in found.waiting_for}
    assert counted["dnc", "on_dnc_list"] == 2
    assert found.leads == sum(counted.values()) == 3
