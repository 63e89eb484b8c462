"""What messages brought, recounted from the raw rows; and the documented example runs."""

import random
from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from campaigns import service
from campaigns.campaign_file import read_campaign
from campaigns.core.attempt import Ending
from campaigns.core.campaign import CampaignSettings
from campaigns.core.disposition import STANDARD, Flag
from campaigns.core.message_effect import held_out
from campaigns.messaging.replies import received
from campaigns.reports.text import message_tables, plain
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.messages import HELLO, came, messages, seed_channels, seed_warm_up, warm
from tests.campaigns.seeds import NOW, people, seed_leads

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "warm-up.toml"
LATER = NOW + timedelta(hours=3)


async def test_what_messages_brought_agrees_with_a_recount(sessions: Sessions) -> None:
    chance = random.Random(3)
    campaign_id, ids = await seed_warm_up(
        sessions, people(12), {"hello": HELLO}, sequence={"holdout_share": 0.4}
    )
    await warm(sessions, campaign_id)
    sent = await messages(sessions)
    for each, how in zip(sent, ("clicked", "opened", "delivered", "sent", "refused"), strict=False):
        await came(sessions, each.id, how, LATER)
    await received(sessions, 1, sent[0].to_address, "Who is this?", LATER)
    for number in range(6):
        now = LATER + timedelta(minutes=number)
        permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, now)
        (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, now)
        await service.finish_attempt(sessions, started.attempt_id, Ending("human"), now)
        code = chance.choice(["sale", "not_interested", "callback", "hung_up"])
        await service.set_disposition(sessions, started.attempt_id, code, "", now)

    report = await service.report(sessions, campaign_id, LATER)
    assert report.messages is not None
    (step,) = report.messages.steps
    counts = (
        step.messages,
        step.sent,
        step.delivered,
        step.opened,
        step.clicked,
        step.not_sent,
        step.replies,
    )
    # One that was clicked was opened and delivered for all we know, but only what was told is counted.
    assert counts == (len(sent), 4, 1, 1, 1, 1, 1)
    found = report.messages.effect
    assert found is not None
    async with sessions() as session:
        attempts = (await session.exec(select(Attempt))).all()
    for arm, out in ((found.with_messages, False), (found.held_out, True)):
        mine = [each for each in attempts if held_out(each.lead_id, campaign_id, 0.4) == out]

        def leads_with(flag: Flag, of: list[Attempt] = mine) -> int:
            return len({each.lead_id for each in of if flag in STANDARD[each.disposition].flags})

        assert arm.leads == sum(held_out(each, campaign_id, 0.4) == out for each in ids)
        assert arm.attempted == len({each.lead_id for each in mine})
        assert arm.contacted == leads_with(Flag.CUSTOMER_CONTACT)
        assert arm.converted == leads_with(Flag.CONVERSION)
    tables = [plain(each) for each in message_tables(report)]
    assert tables[0].splitlines()[1].split()[:3] == ["step", "by", "messages"]
    assert "40% of the leads are held out" in tables[1]
    assert (await service.report(sessions, campaign_id, LATER, whole=False)).messages is None


async def test_the_documented_example_runs(sessions: Sessions) -> None:
    written = read_campaign(EXAMPLE)
    ids = await seed_leads(sessions, people(3), written.client, "spring")
    await seed_channels(sessions)
    settings = CampaignSettings.parse(written.settings)
    campaign_id = await service.create_campaign(
        sessions, written.client, written.name, settings, written.lists, NOW
    )
    await service.start_campaign(sessions, campaign_id, NOW)
    assert await warm(sessions, campaign_id) == sum(not held_out(each, campaign_id, 0.1) for each in ids)
    (hello, *_) = await messages(sessions)
    assert hello.body_text == "Acme calls you within the day, from +12025550199. Reply STOP to end this."
    assert hello.due_at == NOW + timedelta(hours=23)
