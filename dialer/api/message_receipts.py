"""What gateways tell us, delivery reports and answers: the address, with its key, is how one is known."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from campaigns.core.message_answers import document_of
from campaigns.messaging.receipts import WrongReportKey, nothing_there, receive_document
from campaigns.messaging.replies import received_document
from dialer.api.guard import address_of
from dialer.api.guessers import Guessers, too_many_guesses
from leads.routes.shared import Id
from leads.stores.shared import Sessions

router = APIRouter(tags=["messages"])

Key = Annotated[str, Path(max_length=100)]
Taking = Callable[[Sessions, int, str, object, datetime], Awaitable[None]]


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
    state, address = request.app.state, address_of(request.scope)
    guessers: Guessers = state.guessers
    if not guessers.may_go_on(address):
        return too_many_guesses()
    try:
        await take(state.sessions, channel_id, key, document, state.now())
    except WrongReportKey:
        guessers.guessed(address)
        raise nothing_there() from None
    return Response(status_code=204)
