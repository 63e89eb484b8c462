"""What a survey has found: figures that can be checked by hand, and files that do no harm."""

import csv
import json
from pathlib import Path

import pytest

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.core.question import Question
from campaigns.core.survey_results import Interval, mean_of, nps, question_result
from campaigns.persons import erase_person, export_person
from campaigns.reports.survey import lines_of_survey, report_of_survey, write_survey
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.shared import Sessions
from leads.tables import Lead
from tests.campaigns.questionnaires import SURVEY
from tests.campaigns.seeds import NOW, people
from tests.campaigns.test_questionnaires import QUOTAS, called, finished, say

ESSAY = {"name": "reason", "type": "text", "text": "What went wrong?"}
IN_WORDS = SURVEY | {
    "pages": [*SURVEY["pages"][:2], {"name": "why", "questions": [ESSAY]}, *SURVEY["pages"][3:]]
}


def rounded(figure: Interval | None) -> list[float]:
    assert figure is not None
    return [round(each, 2) for each in (figure.value, figure.low, figure.high) if each is not None]


def test_means_and_scores_are_as_textbooks_have_them() -> None:
    assert rounded(mean_of([(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 1), (5.0, 1)])) == [3.0, 1.04, 4.96]
    assert mean_of([(3.0, 1)]) == Interval(3.0, None, None)
    # 11.75 and 13.75 of 39 are .3013 and .3526; their difference has a standard error of .1292.
    assert rounded(nps(promoters=11, passives=12, detractors=13)) == [-5.56, -30.45, 20.2]
    assert nps(0, 0, 0) == Interval(None, None, None)
    assert rounded(nps(5, 0, 0))[0] == 100


def test_scores_count_who_is_content() -> None:
    csat = Question(name="q", type="csat", text="?", low=1, high=5)
    found = question_result(csat, [(5, 6), (4, 2), (1, 2)])
    assert rounded(found.score) == [0.8, 0.49, 0.94]
    assert [(each.answer, each.count) for each in found.counts] == [(1, 2), (2, 0), (3, 0), (4, 2), (5, 6)]
    ces = Question(name="q", type="ces", text="?", low=1, high=7)
    assert rounded(question_result(ces, [(7, 1), (4, 1)]).score)[0] == 0.5
    mixed = question_result(csat, [("not at all", 1), (5, 1), ([1], 1)])
    assert (mixed.answered, rounded(mixed.score)[0]) == (3, 1.0)
    several = Question(name="q", type="several", text="?")
    both = question_result(several, [(["a", "b"], 3), (["b"], 1)])
    assert {each.answer: each.count for each in both.counts} == {"a": 3, "b": 4}
    assert both.answered == 4


async def test_a_survey_is_told_by_question_and_quota(sessions: Sessions) -> None:
    wide = [each | {"target": 5} for each in QUOTAS]
    campaign, started = await called(sessions, 3, quotas=wide)
    for each, score in zip(started, (3, 9, 10), strict=True):
        await finished(sessions, each.attempt_id, score)
    report = await report_of_survey(sessions, campaign)
    assert report.runs == {"completed": 3, "screened_out": 0, "quota_full": 0, "unfinished": 0}
    by_name = {each.question: each for each in report.questions}
    assert [by_name[each].answered for each in ("willing", "recommend", "reason")] == [3, 3, 0]
    assert rounded(by_name["recommend"].score)[0] == 33.33
    unhappy = next(each for each in report.segments if each.quota.quota == "unhappy")
    assert (unhappy.quota.completed, unhappy.questions[1].answered) == (1, 1)


async def test_a_file_has_each_run_and_no_formula(sessions: Sessions, tmp_path: Path) -> None:
    campaign, started = await called(sessions, 2, script=IN_WORDS)
    async with sessions() as session, session.begin():
        (await session.get_one(Lead, started[0].lead_id)).external_id = "=1+1"
    for each in started:
        await say(sessions, each.attempt_id, "hello", willing="yes")
        await say(sessions, each.attempt_id, "score", recommend=2)
    await say(sessions, started[0].attempt_id, "why", reason='=HYPERLINK("http://x","y")')
    path = tmp_path / "answers.csv"
    await write_survey(sessions, campaign, path)
    with path.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["external_id"], first["reason"]) == ("'=1+1", '\'=HYPERLINK("http://x","y")')
    assert (first["result"], second["result"], second["recommend"]) == ("completed", "", "2")
    as_json = json.loads("".join([each async for each in lines_of_survey(sessions, campaign, "json")]))
    assert as_json[0]["answers"] == {
        "willing": "yes",
        "recommend": 2,
        "reason": '=HYPERLINK("http://x","y")',
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_person_gets_what_they_said_and_may_have_it_erased(sessions: Sessions) -> None:
    campaign, (started,) = await called(sessions, 1, script=IN_WORDS)
    await say(sessions, started.attempt_id, "hello", willing="yes")
    await say(sessions, started.attempt_id, "score", recommend=2)
    done = await say(sessions, started.attempt_id, "why", reason="my neighbour told me")
    phone = people(1)[0].phones[0]
    (told,) = (await export_person(sessions, phone)).questionnaires
    assert (told.result, told.answers["reason"]) == ("completed", "my neighbour told me")
    await over(sessions, started.attempt_id)
    await erase_person(sessions, phone, now=NOW)
    async with sessions() as session:
        kept = await QuestionnaireStore(session).answers([done.id or 0])
    assert kept == {done.id: {"willing": "yes", "recommend": 2}}
    assert (await report_of_survey(sessions, campaign)).runs["completed"] == 1


async def over(sessions: Sessions, attempt: int) -> None:
    await service.finish_attempt(sessions, attempt, Ending("no_answer"), NOW)
