"""Signing in at the identity provider, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from dialer.access.errors import SignInRefusedError
from dialer.access.routes.account import SignedIn, begin, is_secure, log_sign_in
from dialer.access.single_sign_on import Pending, SingleSignOn
from dialer.api.guard import address_of
from leads.routes.shared import Now

router = APIRouter(tags=["account"], prefix="/sign-in/oidc")

_COOKIE = "dialer_oidc"
_PATH = "/api/v1/sign-in/oidc"
_KEPT_S = 600
Text = Annotated[str, Query(max_length=4000)]


@router.get("", status_code=303, response_class=RedirectResponse)
async def go_to_provider(request: Request) -> RedirectResponse:
    """Go to the identity provider, and come back signed in."""
    provider: SingleSignOn = request.app.state.single_sign_on
    url, pending = await provider.begin()
    answer = RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})
    # Lax, and not strict: the way back begins at the provider.
    answer.set_cookie(
        _COOKIE,
        pending.cookie(),
        max_age=_KEPT_S,
        path=_PATH,
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )
    return answer


@router.get("/callback")
async def come_back(
    request: Request,
    response: Response,
    now: Now,
    state: Text,
    code: Text = "",
    error: Annotated[str, Query(max_length=200, description="Why the provider refuses.")] = "",
) -> SignedIn:
    """Where the identity provider sends people back to: signed in, or 401."""
    if error or not code:
        raise SignInRefusedError("The identity provider did not sign you in; begin again.")
    provider: SingleSignOn = request.app.state.single_sign_on
    pending = Pending.of_cookie(request.cookies.get(_COOKIE))
    granted = await provider.finish(code, state, pending, address_of(request.scope))
    log_sign_in(request, granted.user, now, 200)
    response.delete_cookie(_COOKIE, path=_PATH, httponly=True, samesite="lax", secure=is_secure(request))
    return begin(request, response, granted)
