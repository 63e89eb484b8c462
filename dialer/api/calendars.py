"""Agents' calendars of callbacks, which calendar programs fetch: the address is the secret."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from campaigns.callback_calendar import calendar_of

router = APIRouter(tags=["callbacks"])


@router.get("/calendars/{token}.ics", response_class=Response)
async def get_calendar(request: Request, token: Annotated[str, Path(max_length=100)]) -> Response:
    """The callbacks of the agent whose address it is, as an iCalendar feed."""
    state = request.app.state
    text = await calendar_of(state.readings, token, state.now(), names=state.calendar_names)
    headers = {"Cache-Control": "private, max-age=60"}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)
