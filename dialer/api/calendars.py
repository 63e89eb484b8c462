"""Calendars of callbacks and of appointments, which calendar programs fetch: the address is the secret."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from campaigns.calendars import feed_at
from campaigns.callback_calendar import calendar_of

router = APIRouter()

Token = Annotated[str, Path(max_length=100)]


@router.get("/calendars/{token}.ics", response_class=Response, tags=["callbacks"])
async def get_calendar(request: Request, token: Token) -> Response:
    """The callbacks of the agent whose address it is, as an iCalendar feed."""
    state = request.app.state
    text = await calendar_of(state.readings, token, state.now(), names=state.calendar_names)
    return _feed(text)


@router.get("/appointments/{token}.ics", response_class=Response, tags=["appointments"])
async def get_appointments(request: Request, token: Token) -> Response:
    """The appointments of the calendar whose address it is, as an iCalendar feed."""
    state = request.app.state
    return _feed(await feed_at(state.readings, token, state.now(), names=state.calendar_names))


def _feed(text: bytes) -> Response:
    headers = {"Cache-Control": "private, max-age=60"}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)
