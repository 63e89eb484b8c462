"""The questionnaire on an agent's screen: of the agent's own call, while they talk and wrap up."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from campaigns import questionnaires
from campaigns.errors import NoQuestionnaireError
from campaigns.questionnaires import RunView
from dialer.api.own_floor import OwnShift, engine_of
from dialer.core.agent import AgentState
from leads.routes.access import access_of, needs
from leads.routes.shared import KnownQuery, SessionsOf

router = APIRouter(tags=["agents"], dependencies=[KnownQuery, needs("desk.work")])

_ASKS = (AgentState.TALKING, AgentState.WRAP_UP)
PageName = Annotated[str, Field(max_length=40)]


class PageAnswers(BaseModel):
    """The answers of a page, by question; one that is left out is not answered."""

    page: PageName
    answers: Annotated[dict[str, Any], Field(max_length=200)]


@router.get("/agent-sessions/{session_id}/questionnaire")
async def questionnaire(
    request: Request,
    sessions: SessionsOf,
    session_id: OwnShift,
    page: Annotated[
        str, Query(max_length=40, description="One that was answered; else where the run stands.")
    ] = "",
) -> RunView:
    """The page to be read out and asked, with the lead's fields in it and the keys of its answers."""
    attempt_id = _own_call(request, session_id)
    await engine_of(request).written()
    return await questionnaires.view_of_attempt(sessions, attempt_id, page)


@router.post("/agent-sessions/{session_id}/questionnaire")
async def answer_questionnaire(request: Request, session_id: OwnShift, given: PageAnswers) -> RunView:
    """Answer a page: the present one, or one that was answered before. 422 has `errors` by question.

    What is no longer on the way is dropped. The answer tells the page that follows.
    """
    engine = engine_of(request)
    attempt_id = _own_call(request, session_id)
    await engine.written()
    sessions = access_of(request).own_rows(request, engine.sessions)
    return await questionnaires.answer_attempt(sessions, attempt_id, given.page, given.answers, engine.now())


def _own_call(request: Request, session_id: int) -> int:
    agent = engine_of(request).agent(session_id)
    if agent.attempt is None or agent.state not in _ASKS:
        raise NoQuestionnaireError("Questions are asked in a call and while it is wrapped up; there is none.")
    return agent.attempt
