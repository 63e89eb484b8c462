"""What surveys have found, and links at which people answer by themselves."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from campaigns import questionnaires, service
from campaigns.reports.survey import SurveyReport, lines_of_survey, report_of_survey
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, Id, Now, SessionsOf

router = APIRouter(tags=["campaigns"])

_MOST_DAYS = 90


class NewLink(BaseModel):
    """For whom a link is, and for how long."""

    lead_id: Annotated[int, Field(ge=1, le=LARGEST_ID)]
    days: Annotated[int, Field(ge=1, le=_MOST_DAYS)] = 14


class LinkOut(BaseModel):
    """Where the lead answers, below this service's address; it is told only now."""

    run_id: int
    path: str
    expires_at: datetime


@router.get("/campaigns/{campaign_id}/survey-results", dependencies=[needs("reports.read")])
async def survey_results(sessions: SessionsOf, campaign_id: Id) -> SurveyReport:
    """Counts, shares, means and scores by question, of completed questionnaires and by quota."""
    return await report_of_survey(sessions, campaign_id)


@router.get(
    "/campaigns/{campaign_id}/answers.csv",
    response_class=StreamingResponse,
    dependencies=[needs("leads.export")],
)
async def survey_answers_as_csv(sessions: SessionsOf, campaign_id: Id) -> StreamingResponse:
    """Each questionnaire with its answers, a line each; no cell is a formula."""
    return await _file(sessions, campaign_id, "csv", "text/csv")


@router.get(
    "/campaigns/{campaign_id}/answers.json",
    response_class=StreamingResponse,
    dependencies=[needs("leads.export")],
)
async def survey_answers_as_json(sessions: SessionsOf, campaign_id: Id) -> StreamingResponse:
    """Each questionnaire with its answers, as one array."""
    return await _file(sessions, campaign_id, "json", "application/json")


@router.post(
    "/campaigns/{campaign_id}/questionnaire-links", status_code=201, dependencies=[needs("leads.write")]
)
async def add_questionnaire_link(sessions: SessionsOf, now: Now, campaign_id: Id, wanted: NewLink) -> LinkOut:
    """A link at which a lead answers the campaign's script, from where a call has left on; old ones end."""
    async with sessions() as session, session.begin():
        link = await questionnaires.make_link(
            session, campaign_id, wanted.lead_id, now, timedelta(days=wanted.days)
        )
    return LinkOut(run_id=link.run_id, path=link.path, expires_at=link.expires_at)


async def _file(sessions: SessionsOf, campaign_id: int, file_format: str, kind: str) -> StreamingResponse:
    await service.get_campaign(sessions, campaign_id)
    name = f"campaign-{campaign_id}-answers.{file_format}"
    return StreamingResponse(
        lines_of_survey(sessions, campaign_id, file_format),
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
