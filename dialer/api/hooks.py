"""Where other programs leave leads: the address and the signature say who they are."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from campaigns.errors import LeadHookNotFoundError, UnsignedRequestError
from campaigns.lead_hooks import take_request
from campaigns.routes.lead_intake import ReceivedOut, received
from dialer.api.guard import address_of
from dialer.api.guessers import Guessers, too_many_guesses

router = APIRouter(tags=["leads"])


class HookTakenOut(ReceivedOut):
    """What became of the leads; `repeated` where the webhook-id had come before, and nothing was done."""

    repeated: bool


@router.post("/hooks/{token}", response_model=HookTakenOut)
async def take_leads(
    request: Request, token: Annotated[str, Path(max_length=100)]
) -> HookTakenOut | Response:
    """Leave leads for a list, in JSON and signed as Standard Webhooks says; see docs/connecting.md."""
    state, address = request.app.state, address_of(request.scope)
    guessers: Guessers = state.guessers
    if not guessers.may_go_on(address):
        return too_many_guesses()
    try:
        taken = await take_request(state.sessions, token, await request.body(), request.headers, state.now())
    except (LeadHookNotFoundError, UnsignedRequestError):
        guessers.guessed(address)
        raise
    return HookTakenOut(**received(taken.leads).model_dump(), repeated=taken.repeated)
