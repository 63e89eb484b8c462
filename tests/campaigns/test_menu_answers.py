"""What people have answered in menus: kept once a question, counted by key, handed out a page at a time."""

from datetime import timedelta

import pytest

from campaigns import service
from campaigns.core.campaign import CampaignSettings
from campaigns.errors import CampaignNotFoundError
from campaigns.persons import export_person
from campaigns.prompts import library
from campaigns.reports import answers
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.menu_answers import MenuAnswerStore
from campaigns.stores.shared import Sessions
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import ALL_DAY, NOW, people, seed_leads
from tests.campaigns.test_prompts import recording

MENU = {
    "start": "q",
    "steps": {
        "q": {
            "do": "ask",
            "prompt": "p",
            "question": "q",
            "keys": {"1": "r", "2": "r", "3": "r"},
            "no_input": "r",
        },
        "r": {"do": "ask", "prompt": "p", "question": "r", "keys": {"1": "end"}, "no_input": "end"},
        "end": {"do": "hang_up"},
    },
}


async def begun(sessions: Sessions, calls: int) -> tuple[int, list[int]]:
    """A survey with so many calls, all of which began with the menu."""
    await seed_leads(sessions, people(calls))
    await library.add_prompt(sessions, "acme", "p", "en", recording(), NOW)
    values = {"caller_id": "+12025550199", "callable_times": ALL_DAY, "dial_mode": "agentless", "menu": MENU}
    settings = CampaignSettings.parse(values | {"kind": "survey"})
    campaign = await service.create_campaign(sessions, "acme", "S", settings, ["autumn"], NOW)
    await service.start_campaign(sessions, campaign, NOW)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, calls, NOW)
    started = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    async with sessions() as session, session.begin():
        for each in started:
            await AttemptStore(session).update_attempt(each.attempt_id, message_at=NOW)
    return campaign, [each.attempt_id for each in started]


async def test_answers_are_counted_by_question_and_key(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_ATTEMPTS_AT_ONCE", 2)
    campaign, attempts = await begun(sessions, 5)
    given = [("1", 0), ("2", 0), ("2", 1), ("3", 2), ("2", 3)]
    async with sessions() as session, session.begin():
        store = MenuAnswerStore(session)
        for at, (key, index) in enumerate(given):
            await store.put(attempts[index], "q", key, NOW + timedelta(seconds=at))
        await store.put(attempts[0], "r", "1", NOW + timedelta(seconds=9))
    report = await answers.report_of_answers(sessions, campaign)
    first, second = report.questions
    assert (report.calls, first.answered.numerator, second.answered.numerator) == (5, 4, 1)
    assert [(each.key, each.leads_to, each.count) for each in first.answers] == [
        ("1", "r", 0),
        ("2", "r", 3),
        ("3", "r", 1),
    ]
    assert [each.share.value for each in first.answers] == [0.0, 0.75, 0.25]
    lines = "".join([each async for each in answers.lines_of_answers(sessions, campaign)]).splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [str(attempts[each]) for each in (0, 0, 1, 2, 3)]
    assert lines[2].split(",")[2:] == ["r", "1", "2026-11-23T15:00:09+00:00"]


async def test_a_campaign_without_questions_has_no_answers(sessions: Sessions) -> None:
    with pytest.raises(CampaignNotFoundError):
        await answers.report_of_answers(sessions, 1)
    campaign, _ = await begun(sessions, 1)
    report = await answers.report_of_answers(sessions, campaign)
    assert [each.answered.value for each in report.questions] == [0.0, 0.0]


async def test_a_person_is_told_what_they_answered(sessions: Sessions) -> None:
    _, (attempt,) = await begun(sessions, 1)
    async with sessions() as session, session.begin():
        await MenuAnswerStore(session).put(attempt, "q", "1", NOW)
        await MenuAnswerStore(session).put(attempt, "q", "2", NOW)
    handed_out = await export_person(sessions, "+12025550000")
    assert [each.answers for each in handed_out.attempts] == [{"q": "2"}]
