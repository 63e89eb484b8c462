"""What gateways tell us, delivery reports and answers: the address, with its key, is how one is known."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from campaigns.core.message_answers import document_of
from campaigns.core.token_bucket import TokenBucket
from campaigns.messaging.receipts import WrongReportKey, nothing_there, receive_document
from campaigns.messaging.replies import received_document
from dialer.api.problems import problem
from leads.routes.shared import Id
from leads.stores.shared import Sessions

router = APIRouter(tags=["messages"])

Key = Annotated[str, Path(max_length=100)]
Taking = Callable[[Sessions, int, str, object, datetime], Awaitable[None]]

_GUESSES_PER_S = 1.0
_MOST_ADDRESSES = 10_000


class Guessers:
    """Who has sent what nobody knows, by address: so many a second, and no more."""

    def __init__(self) -> None:
        self._buckets: dict[str, TokenBucket] = {}

    def may_go_on(self, address: str, now: float) -> bool:
        """Whether the address has not guessed too often by `now`, in seconds."""
        bucket = self._buckets.get(address)
        return bucket is None or bucket.room(now) >= 1

    def guessed(self, address: str, now: float) -> None:
        """It was wrong."""
        if len(self._buckets) >= _MOST_ADDRESSES:
            self._buckets.clear()
        bucket = self._buckets.setdefault(address, TokenBucket(_GUESSES_PER_S))
        bucket.take(now)


_guessers = Guessers()


@router.post("/message-receipts/{channel_id}/{key}", status_code=204)
async def take_receipt(request: Request, channel_id: Id, key: Key) -> Response:
    """What a gateway says became of a message, as JSON or a form, where the channel's options say."""
    return await _taken(request, channel_id, key, await _document(request), receive_document)


@router.get("/message-receipts/{channel_id}/{key}", status_code=204)
async def take_receipt_in_query(request: Request, channel_id: Id, key: Key) -> Response:
    """The same from a gateway that puts it into the address."""
    return await _taken(request, channel_id, key, dict(request.query_params), receive_document)


@router.post("/message-receipts/{channel_id}/{key}/replies", status_code=204)
async def take_reply(request: Request, channel_id: Id, key: Key) -> Response:
    """What a person has answered by text message, as JSON or a form, where the channel's options say."""
    return await _taken(request, channel_id, key, await _document(request), received_document)


@router.get("/message-receipts/{channel_id}/{key}/replies", status_code=204)
async def take_reply_in_query(request: Request, channel_id: Id, key: Key) -> Response:
    """The same from a gateway that puts it into the address."""
    return await _taken(request, channel_id, key, dict(request.query_params), received_document)


async def _document(request: Request) -> object:
    return document_of(await request.body(), request.headers.get("content-type", ""))


async def _taken(request: Request, channel_id: int, key: str, document: object, take: Taking) -> Response:
    address = request.client.host if request.client else ""
    state = request.app.state
    if not _guessers.may_go_on(address, time.monotonic()):
        return problem(429, "too-many-guesses", "Too much from this address is unknown here; wait a while.")
    try:
        await take(state.sessions, channel_id, key, document, state.now())
    except WrongReportKey:
        _guessers.guessed(address, time.monotonic())
        raise nothing_there() from None
    return Response(status_code=204)
