"""Errors as problem+json (RFC 9457): the one place that knows which error is which HTTP status."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import campaigns.errors
import leads.errors
from campaigns.errors import AgentLoggedInError, CampaignsError
from dialer.access import errors as access
from dialer.api.sessions import NoLead
from dialer.core.conversation import ConversationError
from dialer.core.floor_shifts import UnknownSession, WrapUpNotExtended
from dialer.core.preview import NoPreview, NotFreeToCall
from dialer.database import PASSING, is_passing
from dialer.errors import WRONG_CALL, DialerError
from dialer.recording_desk import NoConversation
from leads.errors import LeadsError

log = structlog.get_logger("api")

_NOT_FOUND = (leads.errors.NotFoundError, campaigns.errors.NotFoundError, UnknownSession)
_OF_THE_FLOOR = (NoLead, NoPreview, NotFreeToCall, NoConversation, ConversationError, WrapUpNotExtended)
_CONFLICT = (leads.errors.ConflictError, campaigns.errors.ConflictError, *_OF_THE_FLOOR)


_ACCESS = {
    access.NotSignedInError: 401,
    access.NotPermittedError: 403,
    access.TooManySignInsError: 429,
    access.UserNotFoundError: 404,
    access.ApiKeyNotFoundError: 404,
    access.NoProviderError: 404,
    access.UserExistsError: 409,
}
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """A response that says what is wrong and what to do, with a stable code."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    return JSONResponse(
        body | {"detail": detail} | more, status_code=status, media_type="application/problem+json"
    )


def status_of(error: Exception) -> int:
    """The HTTP status of one of our errors."""
    for kind, status in _ACCESS.items():
        if isinstance(error, kind):
            return status
    if isinstance(error, campaigns.errors.UnsignedRequestError):
        return 403
    if isinstance(error, leads.errors.ChangedMeanwhileError):
        return 412
    if isinstance(error, _NOT_FOUND):
        return 404
    if isinstance(error, _CONFLICT):
        return 409
    if isinstance(error, leads.errors.ImportTooLargeError) or getattr(error, "code", "") == "sound-too-large":
        return 413
    if isinstance(error, DialerError) and error.exit_code != WRONG_CALL:
        return 503
    return 422


def install(app: FastAPI) -> None:
    """Has every error answered as a problem."""
    for kind in (CampaignsError, LeadsError, DialerError, UnknownSession, *_OF_THE_FLOOR):
        app.add_exception_handler(kind, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for passing in PASSING:
        app.add_exception_handler(passing, _away)
    app.add_exception_handler(Exception, _unexpected)


def answer_to(error: Exception) -> JSONResponse:
    """The problem that an error of ours is; also one of the database that is away for a moment."""
    if is_passing(error):
        return problem(503, "database-unavailable", "The database cannot be reached; try again in a moment.")
    code = getattr(error, "code", "unknown-agent-session")
    more = {"session_id": error.session_id} if isinstance(error, AgentLoggedInError) else {}
    answer = problem(status_of(error), code, str(error), **more, **getattr(error, "fields", {}))
    if answer.status_code == 401:
        answer.headers.update(_CHALLENGE)
    if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
        answer.headers["Retry-After"] = str(retry_after_s)
    return answer


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    return answer_to(error)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    phrase = HTTPStatus(error.status_code).phrase
    answer = problem(error.status_code, phrase.lower().replace(" ", "-"), str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    wrong = [{"where": [str(part) for part in each["loc"]], "what": each["msg"]} for each in error.errors()]
    return problem(422, "invalid-request", "The request is not valid; see errors.", errors=wrong)


async def _away(request: Request, error: Exception) -> JSONResponse:
    """Nobody knows whether what was asked for was done, so that nobody is told to ask again."""
    if getattr(error, "filename", None) is not None:
        raise error  # that of a file, which is no database
    log.warning("a request failed, since the database is away", path=request.url.path, error=str(error)[:200])
    return answer_to(error)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("a request failed", path=request.url.path, exc_info=error)
    return problem(500, "internal-error", "Something went wrong inside; the log has it.")
