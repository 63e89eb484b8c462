"""`dialer survey …`. Errors pass through to `dialer.cli`."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns import service
from campaigns.core.survey_results import Interval, QuestionResult
from campaigns.reports.survey import SurveyReport, report_of_survey, write_survey
from campaigns.reports.text import Cell, Table, show
from leads.commands.shared import Json, WithDatabase, echo_json
from leads.stores.shared import Sessions

survey_app = typer.Typer(no_args_is_help=True)

_SHARES = ("csat", "ces")


@survey_app.callback()
def _survey() -> None:
    """See what surveys have found."""


@survey_app.command("results")
def results(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's id or name.")],
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Also write each questionnaire: .csv or .json."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Counts, shares, means and scores by question, with intervals of 95 %, and how full quotas are."""
    database: WithDatabase = context.obj

    async def work(sessions: Sessions) -> SurveyReport:
        campaign_id = await service.find_campaign(sessions, campaign)
        if export is not None:
            await write_survey(sessions, campaign_id, export)
        return await report_of_survey(sessions, campaign_id)

    found = database.run(work)
    if as_json:
        echo_json(found)
    else:
        show(survey_tables(found))


def survey_tables(report: SurveyReport) -> list[Table]:
    """How many there are, the quotas, and a table a question."""
    runs = [(result.replace("_", " "), count) for result, count in report.runs.items()]
    tables = [Table(f"Questionnaires of {report.name}", ("result", "people"), runs)]
    if report.segments:
        rows = [(each.quota.quota, each.quota.completed, each.quota.target) for each in report.segments]
        tables.append(Table("Quotas", ("quota", "completed", "target"), rows))
    return tables + [_question_table(each) for each in report.questions]


def _question_table(result: QuestionResult) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (each.label, each.count, _percent(each.share), _between(each.share, percent=True))
        for each in result.counts
    ]
    if result.mean is not None:
        rows.append(("mean", result.answered, _figure(result.mean), _between(result.mean)))
    if result.score is not None:
        percent = result.type in _SHARES
        value = _percent(result.score) if percent else _figure(result.score)
        rows.append((result.type.upper(), result.answered, value, _between(result.score, percent=percent)))
    title = f"{result.question}: {result.text} ({result.answered} answered)"
    return Table(title, ("answer", "people", "value", "95 % interval"), rows)


def _percent(figure: Interval) -> str:
    return "-" if figure.value is None else f"{figure.value:.1%}"


def _figure(figure: Interval) -> str:
    return "-" if figure.value is None else f"{figure.value:.2f}"


def _between(figure: Interval, *, percent: bool = False) -> str:
    if figure.low is None or figure.high is None:
        return "-"
    return f"{figure.low:.1%} to {figure.high:.1%}" if percent else f"{figure.low:.2f} to {figure.high:.2f}"
