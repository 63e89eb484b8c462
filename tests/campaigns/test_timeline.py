"""One history of a person: calls, messages, answers and promises of all their leads, newest first."""

from datetime import timedelta

from campaigns.lead_history import all_that_happened, screen_pop
from campaigns.messaging.replies import received
from campaigns.stores.shared import Sessions
from campaigns.tables import Callback
from tests.campaigns.messages import HELLO, came, consent, messages, seed_warm_up, warm
from tests.campaigns.seeds import NOW, Person, seed_leads
from tests.campaigns.test_lead_history import called

HOME, WORK = "+12025550001", "+12025550002"
MINUTE = timedelta(minutes=1)


async def test_whatever_happened_by_whichever_channel_is_in_one_view(sessions: Sessions) -> None:
    campaign_id, (ann,) = await seed_warm_up(sessions, [Person([HOME, WORK])], {"hello": HELLO})
    (same_person,) = await seed_leads(sessions, [Person([WORK])], list_name="spring")
    (other,) = await seed_leads(sessions, [Person(["+12025550009"])], list_name="spring")
    await consent(sessions, ann, "sms")
    await warm(sessions, campaign_id)
    (hello,) = await messages(sessions)
    await came(sessions, hello.id, "delivered", NOW + MINUTE)
    await received(sessions, 1, HOME, "Call me at five", NOW + 2 * MINUTE)
    await received(sessions, 1, WORK, "Or at six", NOW + 3 * MINUTE)
    await received(sessions, 1, "+12025550009", "Somebody else", NOW + 3 * MINUTE)
    before = await called(sessions, campaign_id, same_person, WORK, 42, outcome="human", notes="busy")
    async with sessions() as session, session.begin():
        session.add(
            Callback(
                client_id=1,
                campaign_id=campaign_id,
                lead_id=ann,
                phone_id=1,
                due_at=NOW,
                zone="UTC",
                state="planned",
                created_at=NOW + 4 * MINUTE,
                changed_at=NOW,
            )
        )
    found = await all_that_happened(sessions, ann, None, 10)
    assert [(each.kind, each.way, each.text) for each in found] == [
        ("callback", "out", ""),
        ("reply", "in", "Or at six"),
        ("reply", "in", "Call me at five"),
        ("message", "out", hello.body_text),
        ("call", "out", "busy"),
    ]
    assert await all_that_happened(sessions, same_person, None, 10) == found
    assert [each.text for each in await all_that_happened(sessions, other, None, 10)] == ["Somebody else"]
    pages = await all_that_happened(sessions, ann, None, 2)
    assert pages + await all_that_happened(sessions, ann, pages[-1].at, 9) == found

    now = await called(sessions, campaign_id, ann, HOME)
    pop = await screen_pop(sessions, now)
    assert ("reply", "Or at six") in [(each.kind, each.text) for each in pop.happened]
    assert [each.id for each in pop.happened if each.kind == "call"] == [before]
