"""Questionnaires in the database: taken up where they were left, counted for quotas once, and never above."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from campaigns import questionnaires, service
from campaigns.asking_again import AskingAgain
from campaigns.core.attempt import Ending, StartedAttempt
from campaigns.errors import InvalidAnswersError, NoQuestionnaireError, QuestionnaireLinkError
from campaigns.explaining import explain
from campaigns.lead_history import all_that_happened
from campaigns.quota_counts import quotas_now
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Campaign, QuestionnaireDocument
from leads.tables import Lead
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.questionnaires import SURVEY
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads

UNHAPPY = {"question": "recommend", "op": "<=", "value": 6}
QUOTAS: list[dict[str, Any]] = [
    {"name": "west", "target": 1, "segment": {"field": "region", "op": "is", "value": "CA"}},
    {"name": "unhappy", "target": 1, "segment": UNHAPPY},
]


async def called(sessions: Sessions, count: int, **settings: Any) -> tuple[int, list[StartedAttempt]]:
    """A survey whose leads have just been called."""
    await seed_leads(sessions, people(count))
    campaign = await seed_campaign(sessions, kind="survey", **{"script": SURVEY} | settings)
    return campaign, await call(sessions, campaign, count)


async def call(sessions: Sessions, campaign: int, count: int) -> list[StartedAttempt]:
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, count, NOW)
    return await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)


async def say(sessions: Sessions, attempt: int, page: str, **answers: object) -> questionnaires.RunView:
    return await questionnaires.answer_attempt(sessions, attempt, page, answers, NOW)


async def finished(sessions: Sessions, attempt: int, recommend: int) -> questionnaires.RunView:
    await say(sessions, attempt, "hello", willing="yes")
    found = await say(sessions, attempt, "score", recommend=recommend)
    return found if found.result else await say(sessions, attempt, "why")


async def counts(sessions: Sessions, campaign_id: int) -> dict[str, int]:
    async with sessions() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        return {each.quota: each.completed for each in await quotas_now(session, campaign)}


async def test_a_run_is_as_it_was_left_whatever_the_script_is_then(sessions: Sessions) -> None:
    campaign, (started,) = await called(sessions, 1)
    looked = await questionnaires.view_of_attempt(sessions, started.attempt_id)
    assert (looked.id, looked.page.name, looked.page.text) == (None, "hello", "Good day Ada, this is Acme.")
    assert looked.page.questions[0].keys == {"1": "yes", "2": "no"}
    with pytest.raises(InvalidAnswersError):
        await say(sessions, started.attempt_id, "hello")
    await say(sessions, started.attempt_id, "hello", willing="yes")
    other = SURVEY | {"pages": [SURVEY["pages"][0] | {"branches": []}, SURVEY["pages"][3]]}
    await service.change_campaign(sessions, campaign, NOW, survey={"script": other})
    await service.finish_attempt(sessions, started.attempt_id, Ending("no_answer"), NOW)
    (again,) = await call_later(sessions, campaign)
    goes_on = await questionnaires.view_of_attempt(sessions, again.attempt_id)
    assert (goes_on.page.name, goes_on.page.before, goes_on.answers) == ("score", "hello", {"willing": "yes"})
    assert goes_on.document == looked.document
    done = await say(sessions, again.attempt_id, "score", recommend=9)
    assert (done.result, done.finished_at, done.id) == ("completed", NOW, goes_on.id)
    async with sessions() as session:
        (kept,) = (await session.exec(select(QuestionnaireDocument))).all()
    assert kept.sha256 == looked.document


async def call_later(sessions: Sessions, campaign: int) -> list[StartedAttempt]:
    later = NOW + timedelta(days=1)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 9, later)
    return await service.start_attempts(sessions, NO_LAW, campaign, permitted, later)


async def test_a_campaign_without_a_script_asks_nothing(sessions: Sessions) -> None:
    _, (started,) = await called(sessions, 1, script=None)
    with pytest.raises(NoQuestionnaireError):
        await questionnaires.view_of_attempt(sessions, started.attempt_id)


async def test_a_quota_is_never_exceeded_and_counts_each_run_once(sessions: Sessions) -> None:
    campaign, started = await called(sessions, 4, quotas=QUOTAS)
    ids = [each.attempt_id for each in started]
    for each in ids[:3]:
        await say(sessions, each, "hello", willing="yes")
        await say(sessions, each, "score", recommend=2)
    results = [
        each.result for each in await asyncio.gather(*(say(sessions, each, "why") for each in ids[:3]))
    ]
    assert sorted(results) == ["completed", "quota_full", "quota_full"]
    late = await finished(sessions, ids[3], 3)
    assert (late.result, late.page.text) == ("quota_full", "We have enough answers like yours.")
    assert await counts(sessions, campaign) == {"west": 0, "unhappy": 1}
    winner = ids[results.index("completed")]
    corrected = await say(sessions, winner, "score", recommend=10)
    assert (corrected.result, await counts(sessions, campaign)) == ("completed", {"west": 0, "unhappy": 0})
    assert (await say(sessions, ids[3], "score", recommend=1)).result == ""
    assert (await say(sessions, ids[3], "why", reason="price")).result == "completed"
    assert await counts(sessions, campaign) == {"west": 0, "unhappy": 1}


async def test_leads_of_a_full_quota_are_held_back_until_it_is_raised(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(3))
    async with sessions() as session, session.begin():
        for lead_id in ids[:2]:
            (await session.get_one(Lead, lead_id)).region = "CA"
    campaign = await seed_campaign(sessions, kind="survey", script=SURVEY, quotas=QUOTAS)
    first = next(each for each in await call(sessions, campaign, 1) if each.lead_id == ids[0])
    assert (await finished(sessions, first.attempt_id, 9)).result == "completed"
    asking = AskingAgain(sessions, NO_LAW)
    await asking.look([campaign], NOW)
    assert [each.lead_id for each in await call(sessions, campaign, 9)] == [ids[2]]
    held = (await lead_rows(sessions, campaign))[ids[1]]
    assert (held.state, held.reason) == ("final", "quota_full")
    (facts,) = (await explain(sessions, NO_LAW, people(2)[1].phones[0], campaign, NOW)).campaigns
    assert "The quota west is full: 1 of 1 are completed." in facts.sentence
    raised = [QUOTAS[0] | {"target": 2}, QUOTAS[1]]
    await service.change_campaign(sessions, campaign, NOW, survey={"quotas": raised})
    await asking.look([campaign], NOW)
    assert [each.lead_id for each in await call(sessions, campaign, 9)] == [ids[1]]


async def test_a_place_that_is_free_again_is_given_to_a_lead_that_was_held_back(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(3))
    everybody = {"name": "all", "target": 1}
    campaign = await seed_campaign(sessions, kind="survey", script=SURVEY, quotas=[everybody])
    asking = AskingAgain(sessions, NO_LAW)
    await asking.look([campaign], NOW)
    (first,) = await call(sessions, campaign, 1)
    await finished(sessions, first.attempt_id, 9)
    assert await call(sessions, campaign, 9) == []
    assert (await say(sessions, first.attempt_id, "hello", willing="no")).result == "screened_out"
    assert await counts(sessions, campaign) == {"all": 0}
    await asking.look([campaign], NOW + timedelta(minutes=2))
    await asking.look([campaign], NOW + timedelta(minutes=4))
    assert [each.lead_id for each in await call(sessions, campaign, 9)] == ids[1:]


async def test_changed_quotas_count_what_is_completed_already(sessions: Sessions) -> None:
    campaign, (one, two) = await called(sessions, 2)
    await finished(sessions, one.attempt_id, 9)
    await finished(sessions, two.attempt_id, 3)
    everybody = {"name": "everybody", "target": 5}
    await service.change_campaign(sessions, campaign, NOW, survey={"quotas": [QUOTAS[1], everybody]})
    assert await counts(sessions, campaign) == {"unhappy": 1, "everybody": 2}
    await service.change_campaign(sessions, campaign, NOW, survey={"quotas": [everybody]})
    assert await counts(sessions, campaign) == {"everybody": 2}


async def test_a_link_goes_on_where_a_call_has_left_and_nobody_calls_after_it(sessions: Sessions) -> None:
    campaign, (started,) = await called(sessions, 1)
    await say(sessions, started.attempt_id, "hello", willing="yes")
    await service.finish_attempt(sessions, started.attempt_id, Ending("no_answer"), NOW)
    async with sessions() as session, session.begin():
        old = await questionnaires.make_link(session, campaign, started.lead_id, NOW)
        link = await questionnaires.make_link(session, campaign, started.lead_id, NOW)
    token = link.path.removeprefix("/q/")
    seen = await questionnaires.view_of_link(sessions, token, NOW)
    assert (seen.page.name, seen.id) == ("score", link.run_id)
    for wrong, at in ((old.path[3:], NOW), ("x", NOW), (token, link.expires_at)):
        with pytest.raises(QuestionnaireLinkError):
            await questionnaires.view_of_link(sessions, wrong, at)
    done = await questionnaires.answer_link(sessions, token, "score", {"recommend": "8"}, NOW)
    assert (done.result, done.channel) == ("completed", "web")
    over = await questionnaires.answer_link(sessions, token, "score", {"recommend": "0"}, NOW)
    assert over.answers["recommend"] == 8
    row = (await lead_rows(sessions, campaign))[started.lead_id]
    assert (row.state, row.reason) == ("final", "answered_by_itself")
    (told,) = [
        each for each in await all_that_happened(sessions, started.lead_id, None, 9) if each.kind == "answers"
    ]
    assert (told.channel, told.state, told.id) == ("web", "completed", link.run_id)
    assert sorted(told.text.splitlines()) == ["recommend: 8", "willing: yes"]


async def test_keys_are_answers_of_a_questionnaire(sessions: Sessions) -> None:
    campaign, (started,) = await called(sessions, 1)
    async with sessions() as session, session.begin():
        for question, key in (("willing", "1"), ("recommend", "#")):
            assert await questionnaires.key_pressed(session, started.attempt_id, question, key, NOW)
        await questionnaires.keys_over(session, started.attempt_id, NOW, heard_all=True)
    async with sessions() as session:
        (run,) = await QuestionnaireStore(session).page(campaign, 0, 9)
        answers = await QuestionnaireStore(session).answers([run.id])
    assert (run.channel, run.result, run.passed) == ("keys", "completed", ["hello", "score"])
    assert answers == {run.id: {"willing": "yes", "recommend": 10}}
