"""People who call back: whose call it is, which lead's, and what counts their calls and what does not."""

import io
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from campaigns import service
from campaigns.caller_id_figures import figures_of
from campaigns.core.attempt import Ending
from campaigns.core.calling_window import CallableTimes
from campaigns.core.campaign import CampaignSettings
from campaigns.core.inbound import InboundGroup, inbound_figures, is_open
from campaigns.errors import CampaignsError
from campaigns.inbound import RefusedCall, TakenCall, promise_back, take_call
from campaigns.lead_history import lead_history, screen_pop
from campaigns.promises import CallbackWish
from campaigns.prompts.library import add_prompt
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.dials import DialStore
from campaigns.stores.filling import FillStore
from campaigns.stores.live import LiveStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.recent_calls import RecentCallStore
from campaigns.stores.shared import Sessions
from campaigns.tables import AnswerTally, Attempt
from leads.tables import Lead, LeadList, Phone
from tests.campaigns.lawful import LAW
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads, suppress
from tests.sounds import wav_bytes

OURS, ALSO_OURS, CALLER, STRANGER = "+12025550199", "+12025550198", "+12025550000", "+442079460000"
LATER = NOW + timedelta(minutes=1)
EVERY = range(100)
"""Campaigns that run on this node."""


async def called_back(
    sessions: Sessions, caller: str = CALLER, called: str = OURS, now: datetime = LATER
) -> TakenCall:
    taken = await take_call(sessions, EVERY, caller, called, "main", now)
    assert isinstance(taken, TakenCall), taken
    return taken


async def dialed(sessions: Sessions, campaign: int, outcome: str = "no_answer") -> int:
    """One call of ours that is over; its attempt."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    await service.finish_attempt(sessions, started.attempt_id, Ending(outcome, "customer", 480), NOW)
    return started.attempt_id


async def talked(sessions: Sessions, taken: TakenCall, code: str, agent: int | None = None) -> None:
    """The call was connected and is over, and the agent says what it came to."""
    async with sessions() as session, session.begin():
        at = LATER + timedelta(seconds=10)
        store = AttemptStore(session)
        await store.update_attempt(taken.attempt_id, answered_at=LATER, connected_at=at)
        if agent is not None:
            await store.update_attempt(taken.attempt_id, agent_id=agent)
    await service.finish_attempt(sessions, taken.attempt_id, Ending("human", "customer"), LATER)
    if code:
        await service.set_disposition(sessions, taken.attempt_id, code, "", LATER)


async def test_the_call_is_the_campaigns_that_called_last_and_the_leads_that_it_called(
    sessions: Sessions,
) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1, first=1), list_name="spring")
    first = await seed_campaign(sessions, "First", ["spring"], inbound="on")
    second = await seed_campaign(sessions, "Second", inbound="on", subject="roofs")
    other = await seed_campaign(sessions, "Other", inbound="on", caller_id=ALSO_OURS)
    taken = await called_back(sessions)
    assert taken.campaign_id == second, "it has the caller in its lists"
    await service.finish_attempt(sessions, taken.attempt_id, Ending("gave_up", "customer"), NOW)
    assert (await called_back(sessions, "+12025550001")).campaign_id == first
    await dialed(sessions, second)
    await dialed(sessions, other)
    taken = await called_back(sessions)
    assert (taken.campaign_id, taken.lead_id, taken.open) == (second, lead, True)
    assert (await called_back(sessions, called=ALSO_OURS)).campaign_id == other
    async with sessions() as session:
        attempt = await session.get(Attempt, taken.attempt_id)
        assert attempt is not None
        kept = (attempt.direction, attempt.number, attempt.caller_id, attempt.e164, attempt.trunk)
        assert kept == ("in", 0, OURS, CALLER, "main")
        assert (attempt.placed_at, attempt.ringing_at, attempt.subject) == (LATER, LATER, "roofs")


async def test_who_is_nobodys_lead_becomes_one_and_is_known_the_next_time(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    await suppress(sessions, STRANGER)
    taken = await called_back(sessions, STRANGER)
    assert (await called_back(sessions, STRANGER)).lead_id == taken.lead_id
    async with sessions() as session:
        lead = await session.get(Lead, taken.lead_id)
        phone = (await session.exec(select(Phone).where(Phone.lead_id == taken.lead_id))).one()
        lead_list = await session.get(LeadList, lead.list_id if lead else 0)
        assert lead_list is not None
        assert (lead_list.name, phone.e164, phone.region) == ("callers", STRANGER, "GB")
    assert taken.lead_id not in await lead_rows(sessions, campaign), "nobody dials that list"
    await talked(sessions, taken, "sale")


@pytest.mark.parametrize(
    ("caller", "called", "settings", "status"),
    [
        (CALLER, "+12025550111", {"inbound": "on"}, 404),
        (CALLER, OURS, {}, 480),
        ("", OURS, {"inbound": "on"}, 433),
        ("+1", OURS, {"inbound": "on"}, 433),
        (STRANGER, OURS, {"inbound": "on", "inbound_list": ""}, 480),
    ],
)
async def test_what_nobody_takes_is_refused(
    sessions: Sessions, caller: str, called: str, settings: dict[str, str], status: int
) -> None:
    await seed_leads(sessions, people(1))
    await seed_campaign(sessions, **settings)
    refused = await take_call(sessions, EVERY, caller, called, "main", NOW)
    assert isinstance(refused, RefusedCall)
    assert refused.status == status
    async with sessions() as session:
        assert (await session.exec(select(Attempt))).all() == []


async def test_a_campaign_that_does_not_run_here_takes_no_calls(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    await dialed(sessions, campaign)
    await service.pause_campaign(sessions, campaign, NOW)
    refused = RefusedCall(480, "no running campaign takes calls at the number")
    assert await take_call(sessions, EVERY, CALLER, OURS, "main", NOW) == refused
    await service.start_campaign(sessions, campaign, NOW)
    assert await take_call(sessions, [campaign + 1], CALLER, OURS, "main", NOW) == refused


async def test_who_calls_for_a_paused_campaign_hears_its_message_where_it_has_one(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    sound = io.BytesIO(wav_bytes(1, 16, bytes(16_000)))
    await add_prompt(sessions, "acme", "closed", "en", sound, NOW)
    campaign = await seed_campaign(sessions, inbound="on", inbound_message="closed")
    await dialed(sessions, campaign)
    await service.pause_campaign(sessions, campaign, NOW)
    taken = await take_call(sessions, [], CALLER, OURS, "main", LATER)
    assert isinstance(taken, TakenCall)
    assert (taken.campaign_id, taken.told, taken.open) == (campaign, "closed", False)


async def test_strangers_come_later_where_too_many_have_come_and_leads_do_not(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_campaign(sessions, inbound="on")
    refused = await take_call(sessions, EVERY, STRANGER, OURS, "main", NOW, strangers_in_s=7.5)
    assert isinstance(refused, RefusedCall)
    assert (refused.status, refused.retry_after_s) == (480, 7.5)
    taken = await take_call(sessions, EVERY, CALLER, OURS, "main", NOW, strangers_in_s=7.5)
    assert isinstance(taken, TakenCall)
    assert not taken.stranger
    assert (await called_back(sessions, STRANGER)).stranger


async def test_who_asks_to_be_called_back_is_promised_a_call_by_anyone_as_soon_as_one_is_allowed(
    sessions: Sessions,
) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    taken = await called_back(sessions)
    callback = await promise_back(sessions, NO_LAW, taken.attempt_id, LATER)
    assert callback is not None
    assert (callback.lead_id, callback.agent_id, callback.due_at) == (
        lead,
        None,
        LATER + timedelta(minutes=1),
    )
    await service.finish_attempt(sessions, taken.attempt_id, Ending("asked_back", "dialer"), LATER)
    due = LATER + timedelta(minutes=2)
    (permitted,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, due)
    assert (permitted.lead.lead_id, permitted.lead.callback_id) == (lead, callback.id)
    figures = (await service.report(sessions, campaign, due)).inbound
    assert (figures.offered, figures.asked_back, figures.told, figures.lost) == (1, 1, 0, 0)


async def test_to_ask_for_a_call_is_no_conversation_after_which_a_law_wants_a_rest(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, people(1))
    await seed_campaign(sessions, inbound="on", kind="collections")
    taken = await called_back(sessions)
    callback = await promise_back(sessions, LAW, taken.attempt_id, LATER)
    assert callback is not None
    assert callback.due_at < LATER + timedelta(days=1)


async def test_a_stranger_is_called_back_at_an_hour_that_is_allowed_and_is_in_no_line(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    at_night = NOW.replace(hour=23)
    taken = await called_back(sessions, STRANGER, now=at_night)
    callback = await promise_back(sessions, NO_LAW, taken.attempt_id, at_night)
    assert callback is not None
    assert callback.due_at.astimezone(ZoneInfo("Europe/London")).hour >= 9
    row = (await lead_rows(sessions, campaign))[taken.lead_id]
    assert (row.state, row.reason) == ("waiting", "callback")
    async with sessions() as session:
        progress = await QueueStore(session).progress(campaign, at_night)
    assert progress.waiting + progress.due == 2


async def test_who_may_not_be_called_is_promised_nothing_and_is_no_lead_of_the_campaign(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    await suppress(sessions, STRANGER)
    taken = await called_back(sessions, STRANGER)
    assert await promise_back(sessions, NO_LAW, taken.attempt_id, LATER) is None
    assert taken.lead_id not in await lead_rows(sessions, campaign)


async def test_nobody_is_dialed_who_is_on_the_line_or_of_whom_nobody_has_said_what_they_wanted(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on", max_attempts_per_lead=1)
    taken = await called_back(sessions)

    async def denied() -> str:
        now = LATER + timedelta(minutes=10)
        for step in range(3):
            at = now + step * timedelta(hours=48)
            assert await service.claim_permitted(sessions, NO_LAW, campaign, 1, at) == []
        return next(iter((await lead_rows(sessions, campaign)).values())).reason

    assert await denied() == "call_under_way"
    await talked(sessions, taken, "")
    assert await denied() == "call_under_way"
    async with sessions() as session:
        assert await LiveStore(session).awaiting_disposition() == [taken.attempt_id]
    await service.set_disposition(sessions, taken.attempt_id, "callback", "", LATER)
    async with sessions() as session:
        assert await LiveStore(session).awaiting_disposition() == []
    after = LATER + timedelta(days=30)
    (permitted,) = await service.claim_permitted(sessions, NO_LAW, campaign, 1, after)
    assert permitted.lead.attempts == 0, "their call was none of ours"


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [("sale", "final", "sale"), ("callback", "waiting", "retry_callback"), ("gave_up", "ready", "new")],
)
async def test_the_talk_says_what_becomes_of_the_lead(
    sessions: Sessions, code: str, state: str, reason: str
) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    taken = await called_back(sessions)
    if code == "gave_up":
        await service.finish_attempt(sessions, taken.attempt_id, Ending("gave_up", "customer"), LATER)
    else:
        await talked(sessions, taken, code)
    row = (await lead_rows(sessions, campaign))[lead]
    assert (row.state, row.reason, row.attempts) == (state, reason, 0)


async def test_the_figures_of_our_calls_know_nothing_of_theirs(sessions: Sessions) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    before = await service.report(sessions, campaign, LATER)
    agent = await service.add_agent(sessions, "acme", "Anna", "sip:anna@pbx.example", NOW)
    await talked(sessions, taken := await called_back(sessions), "sale", agent)
    for outcome in ("gave_up", "told"):
        other = await called_back(sessions)
        ended = LATER + timedelta(seconds=40)
        await service.finish_attempt(sessions, other.attempt_id, Ending(outcome, "customer"), ended)
    await called_back(sessions)

    after = await service.report(sessions, campaign, LATER)
    assert (after.counts, after.figures) == (
        replace(before.counts, leads_final=1),
        replace(before.figures, penetration=after.figures.penetration),
    )
    assert (after.outcomes, after.dispositions) == ([], [])
    assert after.inbound.mean_wait_s == pytest.approx(30)
    assert after.inbound.longest_wait_s == pytest.approx(40)
    counts = (after.inbound.offered, after.inbound.answered, after.inbound.gave_up, after.inbound.told)
    assert counts == (4, 1, 1, 1)
    assert [each.figures.calls_handled for each in after.agents] == [1], "the agent's figures do"

    async with sessions() as session:
        assert await DialStore(session).counts(campaign) == []
        assert (await session.exec(select(AnswerTally))).all() == []
        assert await RecentCallStore(session).latest(campaign, 10) == []
        (phone,) = (await FillStore(session).phones(campaign, [lead]))[lead]
        assert phone.attempts == 0
        row = await CampaignStore(session).get(campaign)
        assert all(each.answered.denominator == 0 for each in await figures_of(session, row, LATER))
    pop = await screen_pop(sessions, taken.attempt_id)
    assert (pop.direction, pop.phone, pop.lead.id) == ("in", CALLER, lead)
    assert {each.direction for each in await lead_history(sessions, lead, 10**9, 10)} == {"in"}


async def test_an_opt_out_in_their_call_holds(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    await talked(sessions, await called_back(sessions), "do_not_call")
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, LATER + timedelta(days=2))
    assert permitted == []
    assert isinstance(await take_call(sessions, EVERY, CALLER, OURS, "main", LATER), TakenCall), (
        "they may call"
    )


def test_the_shares_are_of_calls_that_are_over() -> None:
    groups = [InboundGroup("", 2, 0, 0), InboundGroup("human", 3, 30, 20), InboundGroup("lost", 1, 6, 6)]
    figures = inbound_figures(groups)
    assert (figures.offered, figures.answered, figures.lost, figures.mean_wait_s) == (6, 3, 1, 9)
    assert inbound_figures([]).longest_wait_s is None


def test_callers_are_served_where_it_may_be_an_hour_of_the_campaign() -> None:
    times = CallableTimes.parse({"mon": [["09:00", "10:30"]]})
    assert is_open(times, ["America/New_York"], NOW)  # it is Monday, 10:00 in New York, 07:00 in Los Angeles
    assert is_open(times, ["America/New_York", "America/Los_Angeles"], NOW)
    assert not is_open(times, ["America/Los_Angeles"], NOW)
    assert is_open(times, [], NOW)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"inbound": "maybe"}, "inbound"),
        ({"inbound": "on", "inbound_wait_s": 1}, "inbound_wait_s"),
        ({"inbound": "on", "inbound_music": "/etc/passwd"}, "inbound_music"),
        ({"inbound": "on", "inbound_message": 3}, "inbound_message"),
        ({"inbound_list": "\n"}, "inbound_list"),
        ({"inbound": "on", "dial_mode": "agentless", "message": "hello"}, "inbound"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], names: str) -> None:
    with pytest.raises(CampaignsError, match=names):
        CampaignSettings.parse({"caller_id": OURS, **settings})


def test_the_prompts_that_callers_hear_have_to_be_there() -> None:
    settings = CampaignSettings.parse({"caller_id": OURS, "inbound": "on", "inbound_music": "music"})
    assert settings.prompts == {"music"}
    assert replace(settings, inbound="off").prompts == frozenset()


async def test_calls_are_let_in_and_kept_out_while_a_campaign_runs(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions)
    await service.change_campaign(sessions, campaign, NOW, inbound={"inbound": "on", "inbound_wait_s": 30})
    async with sessions() as session:
        (running,) = await LiveStore(session).running_campaigns()
    assert (running.inbound.takes_callers, running.inbound.inbound_wait_s) == (True, 30)
    await called_back(sessions)
    for wrong in ({"inbound_music": "nowhere"}, {"dial_mode": "power"}, {"inbound": "maybe"}):
        with pytest.raises(CampaignsError):
            await service.change_campaign(sessions, campaign, NOW, inbound=wrong)
    await service.change_campaign(sessions, campaign, NOW, inbound={"inbound": "off"})
    assert isinstance(await take_call(sessions, EVERY, CALLER, OURS, "main", NOW), RefusedCall)


async def test_the_agent_of_the_last_talk_is_told_where_routing_asks_for_it(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_campaign(sessions, inbound="on", routing="past_contact")
    agent = await service.add_agent(sessions, "acme", "Anna", "sip:anna@pbx.example", NOW)
    first = await called_back(sessions)
    assert first.last_agent is None
    await talked(sessions, first, "callback", agent)
    assert (await called_back(sessions)).last_agent == agent


@pytest.mark.parametrize(
    ("then", "state", "reason"), [("", "waiting", "callback"), ("sale", "final", "sale")]
)
async def test_a_call_may_be_promised_in_their_call_and_a_later_one_may_end_that(
    sessions: Sessions, then: str, state: str, reason: str
) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions, inbound="on")
    first = await called_back(sessions)
    await talked(sessions, first, "")
    wish = CallbackWish(datetime(2026, 11, 25, 11, 0))  # noqa: DTZ001 - on the lead's clock
    await service.set_disposition(sessions, first.attempt_id, "callback", "", LATER, rules=NO_LAW, wish=wish)
    if then:
        await talked(sessions, await called_back(sessions), then)
    row = (await lead_rows(sessions, campaign))[lead]
    assert (row.state, row.reason, row.attempts) == (state, reason, 0)
