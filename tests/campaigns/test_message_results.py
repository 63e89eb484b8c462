"""What agentless campaigns' calls come to, and what the laws ask of them, on SQLite and PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from campaigns import service
from campaigns.compliance.abandonment import budgets
from campaigns.compliance.audit import audit
from campaigns.core.attempt import Ending
from campaigns.errors import AttemptNotTalkedError
from campaigns.message_results import record_message
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.live import LiveStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Campaign, CampaignLead
from leads import consents
from leads.consents import Whose
from leads.tables import DncEntry
from tests.campaigns.lawful import LAW, called
from tests.campaigns.seeds import NOW, Person, lead_rows, seed_campaign, seed_leads, suppressed
from tests.sounds import sound

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_YORKERS = [f"+1212555{number:04}" for number in range(100, 104)]


@pytest.fixture
def message(tmp_path: Path) -> str:
    return str(sound(tmp_path / "message.wav"))


async def survey(
    sessions: Sessions, message: str, persons: Sequence[Person], *, agreed: bool = True, **settings: object
) -> int:
    """A running campaign that plays a message to these people, who agreed to automated calls."""
    await seed_leads(sessions, persons)
    for person in persons if agreed else ():
        await give(sessions, person.phones[0], "automated_call", "express")
    chosen = {"kind": "survey", "dial_mode": "agentless", "message": message} | settings
    return await seed_campaign(sessions, **chosen)


async def heard(sessions: Sessions, attempt_id: int, codes: Sequence[str], outcome: str = "answered") -> None:
    """The call is answered, its message comes to that, and it ends."""
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(attempt_id, answered_at=NOW, message_at=NOW)
        for code in codes:
            await record_message(session, attempt_id, code, NOW)
    assert await service.finish_attempt(sessions, attempt_id, Ending(outcome, "dialer", 200), NOW)


async def standing(sessions: Sessions, campaign_id: int) -> list[CampaignLead]:
    return list((await lead_rows(sessions, campaign_id)).values())


async def test_what_a_message_came_to_decides_about_the_lead_and_is_in_the_report(
    sessions: Sessions, message: str
) -> None:
    persons = [Person([each], priority=-index) for index, each in enumerate(NEW_YORKERS)]
    rules = {"message_cut_short": {"delay_s": 600}}
    campaign_id = await survey(sessions, message, persons, retry_rules=rules)
    whole, cut, out, lost = await called(sessions, campaign_id)
    await heard(sessions, whole.attempt_id, ["message_played"])
    await heard(sessions, cut.attempt_id, ["message_cut_short"])
    await heard(sessions, out.attempt_id, ["opted_out", "message_cut_short"])
    await heard(sessions, lost.attempt_id, [], outcome="lost")

    rows = await standing(sessions, campaign_id)
    assert [(each.state, each.reason) for each in rows] == [
        ("final", "message_played"),
        ("waiting", "retry_message_cut_short"),
        ("final", "opted_out"),
        ("waiting", "retry_lost"),
    ]
    assert rows[1].due_at == NOW + timedelta(seconds=600)
    report = await service.report(sessions, campaign_id, NOW)
    assert {each.code: each.count for each in report.outcomes} == {"answered": 3, "lost": 1}
    counts = report.counts
    assert (counts.answered, counts.people, counts.contacts, counts.abandoned) == (4, 1, 0, 0)
    assert report.figures.abandon_rate.value == 0
    async with sessions() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        assert await budgets(session, LAW, campaign, NOW) == [], "no law counts any of them as abandoned"


async def test_who_presses_the_key_is_on_the_do_not_call_list_at_once_and_the_audit_says_so(
    sessions: Sessions, message: str
) -> None:
    first, other, later = NEW_YORKERS[:3]
    campaign_id = await survey(sessions, message, [Person([first, other]), Person([later])])
    attempts = await called(sessions, campaign_id)
    (attempt,) = [each for each in attempts if each.e164 == first]
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(attempt.attempt_id, answered_at=NOW, message_at=NOW)
        assert await record_message(session, attempt.attempt_id, "opted_out", NOW) == "opted_out"
    assert await suppressed(sessions, first), "before the call is over"
    assert await suppressed(sessions, other)
    assert not await suppressed(sessions, later)

    again = await record_again(sessions, attempt.attempt_id)
    assert again == "opted_out"
    await service.finish_attempt(sessions, attempt.attempt_id, Ending("answered", "dialer", 200), NOW)
    async with sessions() as session:
        entries = (await session.exec(select(DncEntry))).all()
    assert {each.e164 for each in entries} == {first, other}
    assert {each.source for each in entries} == {f"attempt {attempt.attempt_id}"}
    assert {each.reason for each in entries} == {"pressed the key that asks not to be called again"}
    report = await audit(sessions, LAW, campaign_id, NOW.date(), NOW.date(), NOW + HOUR)
    found = report.opt_outs
    assert (found.count, found.held, found.slowest_s, found.calls_after) == (1, 1, 0.0, 0)


async def record_again(sessions: Sessions, attempt_id: int) -> str:
    """As when the switch repeats an event that the former engine wrote but did not acknowledge."""
    async with sessions() as session, session.begin():
        return await record_message(session, attempt_id, "opted_out", NOW + HOUR)


async def test_a_key_after_an_agents_word_opts_out_and_leaves_that_word(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([NEW_YORKERS[0]])])
    campaign_id = await seed_campaign(sessions)
    (attempt,) = await called(sessions, campaign_id)
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(attempt.attempt_id, answered_at=NOW, connected_at=NOW)
    await service.set_disposition(sessions, attempt.attempt_id, "callback", "", NOW)
    async with sessions() as session, session.begin():
        assert await record_message(session, attempt.attempt_id, "opted_out", NOW) == "callback"
    await service.finish_attempt(sessions, attempt.attempt_id, Ending("human", "dialer", 200), NOW)
    (row,) = await standing(sessions, campaign_id)
    assert (row.state, row.reason) == ("final", "on_dnc_list")


async def test_nobody_dispositions_a_call_without_agents(sessions: Sessions, message: str) -> None:
    campaign_id = await survey(sessions, message, [Person([NEW_YORKERS[0]])])
    (attempt,) = await called(sessions, campaign_id)
    await heard(sessions, attempt.attempt_id, ["message_played"])
    with pytest.raises(AttemptNotTalkedError):
        await service.set_disposition(sessions, attempt.attempt_id, "sale", "", NOW)


async def test_an_engine_that_comes_back_is_told_how_far_a_message_has_come(
    sessions: Sessions, message: str
) -> None:
    chosen = {"opt_out_key": "1", "max_calls_per_second": 0.5, "max_lines_per_agent": 2.5, "amd_mode": "flag"}
    campaign_id = await survey(sessions, message, [Person([NEW_YORKERS[0]])], **chosen)
    (attempt,) = await called(sessions, campaign_id)
    async with sessions() as session, session.begin():
        await AttemptStore(session).update_attempt(attempt.attempt_id, answered_at=NOW, message_at=NOW)
        await record_message(session, attempt.attempt_id, "opted_out", NOW)
    async with sessions() as session:
        (under_way,) = await LiveStore(session).open_attempts()
        (running,) = await LiveStore(session).running_campaigns()
    assert (under_way.dial_mode, under_way.opt_out_key) == ("agentless", "1")
    assert (under_way.message_at, under_way.disposition) == (NOW, "opted_out")
    assert running.agentless
    assert (running.message, running.opt_out_key) == (message, "1")
    assert (running.max_calls_per_second, running.max_lines_per_agent) == (0.5, 2.5)
    assert (running.amd_mode, running.amd_action, running.amd_optimistic) == ("flag", "hang_up", True)


# --- what the laws ask of recorded messages -------------------------------------------------------


async def give(sessions: Sessions, e164: str, channel: str, basis: str) -> None:
    await consents.give_consent(
        sessions,
        "acme",
        Whose(phone=e164),
        channel=channel,
        basis=basis,
        source="form",
        given_at=NOW - DAY,
        now=NOW,
    )


async def test_without_written_consent_to_automated_calls_no_sales_message_is_played(
    sessions: Sessions, message: str
) -> None:
    _, to_calls, spoken, written = NEW_YORKERS
    campaign_id = await survey(
        sessions, message, [Person([each]) for each in NEW_YORKERS], agreed=False, kind="sales"
    )
    await give(sessions, to_calls, "call", "express_written")
    await give(sessions, spoken, "automated_call", "express")
    await give(sessions, written, "automated_call", "express_written")
    assert [each.e164 for each in await called(sessions, campaign_id)] == [written]
    rows = await standing(sessions, campaign_id)
    assert [(each.state, each.reason) for each in rows] == [
        *[("final", "consent_missing")] * 3,
        ("calling", "calling"),
    ]
    assert "us-fcc-prerecorded-consent" in str(rows[0].denial)


async def test_without_consent_to_automated_calls_no_message_of_any_kind_is_played(
    sessions: Sessions, message: str
) -> None:
    _, to_calls, spoken, written = NEW_YORKERS
    campaign_id = await survey(sessions, message, [Person([each]) for each in NEW_YORKERS], agreed=False)
    await give(sessions, to_calls, "call", "express_written")
    await give(sessions, spoken, "automated_call", "express")
    await give(sessions, written, "automated_call", "express_written")
    assert [each.e164 for each in await called(sessions, campaign_id)] == [spoken, written]
    (refused, *_) = await standing(sessions, campaign_id)
    assert "us-fcc-prerecorded-mobile-consent" in str(refused.denial)


@pytest.mark.parametrize("kind", ["sales", "survey"])
async def test_a_consent_to_automated_calls_that_is_withdrawn_between_selection_and_call_stops_it(
    sessions: Sessions, message: str, kind: str
) -> None:
    person = NEW_YORKERS[0]
    campaign_id = await survey(sessions, message, [Person([person])], agreed=False, kind=kind)
    await give(sessions, person, "automated_call", "express_written")
    permitted = await service.claim_permitted(sessions, LAW, campaign_id, 1, NOW)
    assert len(permitted) == 1
    await consents.withdraw_consent(
        sessions, "acme", Whose(phone=person), channel="automated_call", source="letter", at=NOW, now=NOW
    )
    assert await service.start_attempts(sessions, LAW, campaign_id, permitted, NOW) == []
    (row,) = await standing(sessions, campaign_id)
    assert (row.state, row.reason) == ("final", "consent_withdrawn")


async def test_a_number_gets_three_recorded_messages_in_thirty_days(sessions: Sessions, message: str) -> None:
    rules = {"message_cut_short": {"delay_s": 60}}
    campaign_id = await survey(sessions, message, [Person([NEW_YORKERS[0]])], retry_rules=rules)
    for number in range(3):
        (attempt,) = await called(sessions, campaign_id, NOW + number * DAY)
        await heard(sessions, attempt.attempt_id, ["message_cut_short"])
    assert await called(sessions, campaign_id, NOW + 4 * DAY) == []
    assert len(await called(sessions, campaign_id, NOW + 31 * DAY)) == 1
