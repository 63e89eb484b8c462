"""Web hooks over HTTP: who is told of what happens, and how that goes. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns import webhooks
from campaigns.core.webhook import LONGEST_URL
from campaigns.errors import InvalidWebhookError
from campaigns.webhook_delivery import send_test
from campaigns.webhook_posting import Poster
from campaigns.webhooks import WebhookChange
from leads.routes.access import OwnClient, needs, require_own
from leads.routes.shared import After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["webhooks"], prefix="/webhooks")

Url = Annotated[str, Field(max_length=LONGEST_URL, description="https://…, without a # part.")]
Events = Annotated[
    list[Annotated[str, Field(max_length=40)]],
    Field(min_length=1, max_length=50, description="Types, as in call.ended or call.*; * for all."),
]
Some = Annotated[str | None, Query(max_length=64)]


class WebhookOut(BaseModel):
    """A web hook without its secret; `deliveries` counts those of the last 30 days by state.

    `state` is active or disabled, and `reason` says why it is disabled.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    url: str
    events: list[str]
    state: str
    reason: str
    failing_since: datetime | None
    rest_until: datetime | None
    created_at: datetime
    deliveries: dict[str, int]


class WebhookMade(WebhookOut):
    """A web hook that was made, or whose secret is new; `secret` is told this once."""

    secret: str


class WebhookIn(BaseModel):
    """A web hook to be made; `client` may be left out by who is bound to one."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str, Field(max_length=64)] | None = None
    url: Url
    events: Events


class WebhookPatch(BaseModel):
    """What is to be different; what is left out stays. `active` makes one go on that was disabled."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    events: Events | None = None
    active: bool | None = None


class NewSecret(BaseModel):
    """How long the former secret signs beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: Annotated[float, Field(ge=0, le=webhooks.LONGEST_OVERLAP_S)] = 86_400.0


class TestOut(BaseModel):
    """What the web hook answered: an HTTP status, or the problem that kept it from answering."""

    model_config = ConfigDict(from_attributes=True)

    status: int | None
    took_s: float
    problem: str


class DeliveryOut(BaseModel):
    """One event for one web hook; `event_id` is the header webhook-id of each try."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    event_id: str
    type: str
    lead_id: int | None
    state: str
    tries: int
    next_at: datetime
    last_status: int | None
    took_s: float | None
    problem: str
    created_at: datetime
    done_at: datetime | None


def _poster(request: Request) -> Poster:
    poster: Poster = request.app.state.poster
    return poster


PosterOf = Annotated[Poster, Depends(_poster)]


@router.get("", dependencies=[needs("webhooks.read")])
async def list_webhooks(
    sessions: SessionsOf, client: Some = None, after: After = 0, limit: Limit = 100
) -> Page[WebhookOut]:
    """Web hooks, a page at a time."""
    found = await webhooks.list_webhooks(sessions, client, after, limit)
    items = [WebhookOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("", status_code=201, dependencies=[needs("webhooks.write")])
async def add_webhook(
    sessions: SessionsOf, now: Now, own: OwnClient, poster: PosterOf, wanted: WebhookIn
) -> WebhookMade:
    """Have an address told of what happens from now on; the answer has the secret, and nothing else has."""
    client = own if wanted.client is None else wanted.client
    if client is None:
        raise InvalidWebhookError("A web hook is told of one client's events; give its slug.")
    require_own(own, client)
    made = await webhooks.add_webhook(
        sessions, client, wanted.url, wanted.events, now, allowed=poster.allowed
    )
    return _made(made)


@router.get("/{webhook_id}", responses=HAS_ETAG, dependencies=[needs("webhooks.read")])
async def get_webhook(response: Response, sessions: SessionsOf, webhook_id: Id) -> WebhookOut:
    """One web hook, and how it fares."""
    row, view = await webhooks.get_webhook(sessions, webhook_id)
    tag(response, row)
    return WebhookOut.model_validate(view)


@router.patch("/{webhook_id}", responses=TAKES_IF_MATCH, dependencies=[needs("webhooks.write")])
async def change_webhook(
    response: Response,
    sessions: SessionsOf,
    poster: PosterOf,
    webhook_id: Id,
    change: WebhookPatch,
    if_match: IfMatch,
) -> WebhookOut:
    """Change where it is or what it is told, stop it, or have it go on."""
    given = WebhookChange(url=change.url, events=change.events, active=change.active)
    row, view = await webhooks.change_webhook(
        sessions, webhook_id, given, allowed=poster.allowed, if_match=if_match
    )
    tag(response, row)
    return WebhookOut.model_validate(view)


@router.delete(
    "/{webhook_id}", status_code=204, responses=TAKES_IF_MATCH, dependencies=[needs("webhooks.write")]
)
async def remove_webhook(sessions: SessionsOf, webhook_id: Id, if_match: IfMatch) -> None:
    """Forget a web hook, and all that it was told."""
    await webhooks.remove_webhook(sessions, webhook_id, if_match=if_match)


@router.post("/{webhook_id}/rotate-secret", dependencies=[needs("webhooks.write")])
async def rotate_webhook_secret(
    sessions: SessionsOf, now: Now, webhook_id: Id, wanted: NewSecret | None = None
) -> WebhookMade:
    """Make a new secret; both sign for a while, so that the receiver can be changed without a gap."""
    overlap_s = (wanted or NewSecret()).overlap_s
    return _made(await webhooks.rotate_secret(sessions, webhook_id, now, overlap_s=overlap_s))


@router.post("/{webhook_id}/test", dependencies=[needs("webhooks.write")])
async def test_webhook(sessions: SessionsOf, now: Now, poster: PosterOf, webhook_id: Id) -> TestOut:
    """Send it an event of the type webhook.test now, and tell what it answers."""
    return TestOut.model_validate(await send_test(sessions, poster, webhook_id, now))


@router.get("/{webhook_id}/deliveries", dependencies=[needs("webhooks.read")])
async def list_webhook_deliveries(
    sessions: SessionsOf,
    webhook_id: Id,
    state: Annotated[str | None, Query(max_length=10, description=" or ".join(webhooks.STATES))] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[DeliveryOut]:
    """What it was told, or is to be, a page at a time; kept for 30 days."""
    found = await webhooks.list_deliveries(sessions, webhook_id, state, after, limit)
    items = [DeliveryOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    dependencies=[needs("webhooks.write")],
)
async def redeliver(sessions: SessionsOf, now: Now, webhook_id: Id, delivery_id: Id) -> DeliveryOut:
    """Send an event once more, under the same webhook-id."""
    return DeliveryOut.model_validate(await webhooks.redeliver(sessions, webhook_id, delivery_id, now))


def _made(made: webhooks.WebhookMade) -> WebhookMade:
    return WebhookMade(**WebhookOut.model_validate(made.webhook).model_dump(), secret=made.secret)
