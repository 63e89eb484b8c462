"""How trunks are, kept in the database and shown; and leads that wait for one."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from campaigns import service
from campaigns.commands.trunks import _table
from campaigns.core.retry import NO_TRUNK, RetryAt
from campaigns.reports.text import plain
from campaigns.stores.trunks import TrunkStore
from dialer.core.trunks import Trunk, TrunkBook
from leads.stores.shared import Sessions
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import people, seed_campaign, seed_leads

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


def states(*names: str) -> dict[str, dict[str, object]]:
    book = TrunkBook([Trunk(name, f"sip:{{number}}@{name}") for name in names])
    book.placed(1, names[0], 0.0)
    book.failed(1, 0.0, "503 Service Unavailable")
    return {each.name: asdict(each) for each in book.standings(0.0)}


async def test_each_nodes_trunks_are_kept_as_they_were_last(sessions: Sessions) -> None:
    for node, names in (("a", ("x", "y")), ("b", ("x",)), ("a", ("x", "z"))):
        async with sessions() as session, session.begin():
            await TrunkStore(session).save(node, NOW, states(*names))
    found = await service.trunks(sessions)
    assert [(each.node, each.trunk) for each in found] == [("a", "x"), ("a", "z"), ("b", "x")]
    lines = plain(_table(found)).splitlines()
    assert lines[2].split()[:6] == ["a", "x", "closed", "0", "-", "0"]


async def test_a_lead_that_no_trunk_serves_waits_and_makes_way(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    campaign = await seed_campaign(sessions)
    await service.start_campaign(sessions, campaign, NOW)
    (first,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    later = NOW + timedelta(minutes=15)
    await service.put_off(sessions, campaign, [(first, RetryAt(later, NO_TRUNK))])
    (second,) = await service.claim_permitted(sessions, NO_LAW, campaign, 2, NOW)
    assert second.lead.lead_id != first.lead.lead_id
    again = await service.claim_permitted(sessions, NO_LAW, campaign, 2, later)
    assert first.lead.lead_id in {each.lead.lead_id for each in again}
