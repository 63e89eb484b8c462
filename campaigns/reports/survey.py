"""What a survey has found: figures by question and quota, and each run as a file."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaigns.core.question import Answer, Question
from campaigns.core.questionnaire import ENDS, read_script
from campaigns.core.survey_results import QuestionResult, question_result
from campaigns.errors import InvalidInputError
from campaigns.quota_counts import QuotaFull, quotas_now
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign, QuestionnaireRun
from leads.core.columns import neutral_cell
from leads.threads import in_thread

FORMATS = ("csv", "json")
_RUNS_AT_ONCE = 500
_COLUMNS = (
    "run_id",
    "lead_id",
    "external_id",
    "attempt_id",
    "agent_id",
    "channel",
    "result",
    "quotas",
    "started_at",
    "finished_at",
    "document",
)


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """A quota, and what those who count for it have answered."""

    quota: QuotaFull
    questions: Sequence[QuestionResult]


@dataclass(frozen=True, slots=True)
class SurveyReport:
    """A campaign's questionnaires: `runs` by result, `unfinished` among them; figures of completed ones."""

    campaign_id: int
    name: str
    runs: Mapping[str, int]
    questions: Sequence[QuestionResult]
    segments: Sequence[SegmentReport]


async def report_of_survey(sessions: Sessions, campaign_id: int) -> SurveyReport:
    """Raises CampaignNotFoundError."""
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
        store = QuestionnaireStore(session)
        asked = await _asked(session, campaign)
        runs = await store.results(campaign_id)
        segments = [
            SegmentReport(each, _questions(asked, await store.answer_counts(campaign_id, each.quota)))
            for each in await quotas_now(session, campaign)
        ]
        return SurveyReport(
            campaign_id,
            campaign.name,
            {each: runs.get(each, 0) for each in ENDS} | {"unfinished": runs.get("", 0)},
            _questions(asked, await store.answer_counts(campaign_id)),
            segments,
        )


async def lines_of_survey(
    sessions: Sessions, campaign_id: int, file_format: str = "csv"
) -> AsyncIterator[str]:
    """Each run, by number, some at a time: as CSV without formulas, or as a JSON array.

    Raises CampaignNotFoundError and InvalidInputError.
    """
    if file_format not in FORMATS:
        raise InvalidInputError(f"{file_format[:10]!r} is not a format; use {' or '.join(FORMATS)}.")
    async with sessions() as session:
        questions = list(await _asked(session, await CampaignStore(session).get(campaign_id)))
    as_csv = file_format == "csv"
    yield _csv([[*_COLUMNS, *questions]]) if as_csv else "["
    after, between = 0, "\n"
    while rows := await _page(sessions, campaign_id, after):
        if as_csv:
            yield _csv([_cells(each, questions) for each in rows])
        else:
            yield "".join(
                (between if not place else ",\n") + json.dumps(each) for place, each in enumerate(rows)
            )
            between = ",\n"
        after = rows[-1]["run_id"]
    if not as_csv:
        yield "\n]\n"


async def write_survey(sessions: Sessions, campaign_id: int, path: Path) -> None:
    """Each run into a .csv or .json file. Raises CampaignNotFoundError and InvalidInputError."""
    lines = lines_of_survey(sessions, campaign_id, path.suffix.lower().removeprefix("."))
    try:
        first = await anext(lines)
        file = await in_thread(lambda: path.open("w", encoding="utf-8", newline=""))
        with file:
            file.write(first)
            async for more in lines:
                file.write(more)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written ({error.strerror}); choose another.") from error


async def _asked(session: Session, campaign: Campaign) -> dict[str, Question]:
    """All questions that were asked, and those of the script now, each as it was last; the script's first."""
    scripts = await QuestionnaireStore(session).documents_of(campaign.id)
    now = read_script(campaign.script).questions if campaign.script is not None else {}
    asked = {name: each for script in scripts for name, each in script.questions.items()}
    return dict(now) | {name: each for name, each in asked.items() if name not in now}


def _questions(
    asked: Mapping[str, Question], counts: Mapping[str, Sequence[tuple[Answer, int]]]
) -> list[QuestionResult]:
    return [question_result(each, counts.get(name, ())) for name, each in asked.items()]


async def _page(sessions: Sessions, campaign_id: int, after: int) -> list[dict[str, Any]]:
    async with sessions() as session:
        store = QuestionnaireStore(session)
        runs = await store.page(campaign_id, after, _RUNS_AT_ONCE)
        ids = [each.id for each in runs]
        answers, quotas = await store.answers(ids), await store.segments_of(ids)
        external_ids = await store.external_ids({each.lead_id for each in runs})
        return [
            _row(each, external_ids.get(each.lead_id, ""), quotas.get(each.id, []), answers[each.id])
            for each in runs
        ]


def _row(
    run: QuestionnaireRun, external_id: str, quotas: list[str], answers: Mapping[str, Answer]
) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "lead_id": run.lead_id,
        "external_id": external_id,
        "attempt_id": run.attempt_id,
        "agent_id": run.agent_id,
        "channel": run.channel,
        "result": run.result,
        "quotas": quotas,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at is not None else None,
        "document": run.document,
        "answers": dict(answers),
    }


def _cells(row: Mapping[str, Any], questions: Sequence[str]) -> list[str]:
    values = [*(row[each] for each in _COLUMNS), *(row["answers"].get(each) for each in questions)]
    return [_cell(each) for each in values]


def _cell(value: object) -> str:
    if isinstance(value, list):
        return neutral_cell("; ".join(map(str, value)))
    return "" if value is None else neutral_cell(str(value))


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
