"""The HTTP face: health for everyone, the API for whoever is let in, as far as their role goes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI

from campaigns.compliance.rulebook import Rulebook
from campaigns.lookup import find_campaign, lists_of_campaign
from campaigns.recordings.folder import RecordingFolder
from campaigns.routes import router as campaign_routes
from campaigns.webhook_posting import Poster
from dialer.access.audit import AuditLog
from dialer.access.core.throttle import Buckets
from dialer.access.door import Door
from dialer.access.idempotent_answers import IdempotentAnswers
from dialer.access.routes import router as access_routes
from dialer.access.signing_in import SigningIn
from dialer.access.single_sign_on import SingleSignOn
from dialer.api import (
    calendars,
    conversation,
    corrections,
    desk,
    forecasts,
    health,
    hooks,
    live,
    manual_calls,
    message_links,
    message_receipts,
    own_appointments,
    own_callbacks,
    own_questionnaire,
    own_replies,
    problems,
    questionnaire_page,
    recording,
    streams,
)
from dialer.api.access import RequestAccess
from dialer.api.guard import Guard
from dialer.api.guessers import Guessers
from dialer.api.health import Readiness
from dialer.api.idempotency import Idempotency, describe_keys
from dialer.api.unchanged import Unchanged
from dialer.api.walking import describe_permissions, require_permissions
from dialer.engine import Engine
from dialer.event_feed import EventFeed
from dialer.forecaster import Forecaster
from dialer.version import VERSION
from leads.importing.runner import ImportRunner
from leads.routes import router as lead_routes
from leads.stores.shared import Sessions


@dataclass(frozen=True)
class Faces:
    """What the HTTP face shows of the service."""

    engine: Engine
    feed: EventFeed
    readings: Sessions
    rules: Rulebook
    imports: ImportRunner
    forecaster: Forecaster
    recordings: RecordingFolder
    door: Door
    signing_in: SigningIn
    audit: AuditLog
    answers: IdempotentAnswers
    single_sign_on: SingleSignOn
    readiness: Callable[[], Awaitable[Readiness]]
    metrics_text: Callable[[], bytes]
    poster: Poster = field(default_factory=Poster)
    """Reaches web hooks."""
    calendar_names: bool = False
    """Whether agents' calendars name leads."""


def create_app(faces: Faces) -> FastAPI:
    """The application; it owns nothing and closes nothing."""
    app = FastAPI(
        title="dialer",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.engine = faces.engine
    app.state.sessions = faces.engine.sessions
    app.state.feed = faces.feed
    app.state.readings = faces.readings
    app.state.rules = faces.rules
    app.state.now = faces.engine.now
    app.state.imports = faces.imports
    app.state.forecaster = faces.forecaster
    app.state.recordings = faces.recordings
    app.state.access = RequestAccess()
    app.state.door = faces.door
    app.state.signing_in = faces.signing_in
    app.state.audit = faces.audit
    app.state.single_sign_on = faces.single_sign_on
    app.state.find_campaign = find_campaign
    app.state.lists_of_campaign = lists_of_campaign
    app.state.calendar_names = faces.calendar_names
    app.state.poster = faces.poster
    app.state.guessers = Guessers()
    app.state.readiness = faces.readiness
    app.state.metrics_text = faces.metrics_text
    app.state.link_visits = Buckets(questionnaire_page.BY_ADDRESS)
    problems.install(app)
    # The one that is added last is asked first.
    app.add_middleware(Unchanged)
    app.add_middleware(Idempotency, answers=faces.answers, now=faces.engine.now)
    app.add_middleware(Guard, door=faces.door, audit=faces.audit, now=faces.engine.now)
    app.include_router(health.router)
    app.include_router(calendars.router)
    app.include_router(message_links.router)
    app.include_router(questionnaire_page.router)
    api = APIRouter(prefix="/api/v1")
    api.include_router(access_routes)
    api.include_router(lead_routes)
    api.include_router(campaign_routes)
    api.include_router(desk.router)
    api.include_router(conversation.router)
    api.include_router(conversation.supervisors)
    api.include_router(live.router)
    api.include_router(manual_calls.router)
    api.include_router(corrections.router)
    api.include_router(own_callbacks.router)
    api.include_router(own_appointments.router)
    api.include_router(own_questionnaire.router)
    api.include_router(recording.router)
    api.include_router(streams.router)
    api.include_router(forecasts.router)
    api.include_router(message_receipts.router)
    api.include_router(own_replies.router)
    api.include_router(hooks.router)
    app.include_router(api)
    require_permissions(app)
    describe_permissions(app)
    describe_keys(app)
    return app
