"""Where links in messages lead first: clicks, opened e-mails, and opting out with one click (RFC 8058).

Nobody is known here; the token in the address is the secret. One that nobody has gets the same answer as one
that is over.
"""

import time
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from campaigns.core.token_bucket import TokenBucket
from campaigns.messaging import links
from dialer.api.guard import address_of
from dialer.api.problems import problem

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(max_length=60)]
Number = Annotated[int, Path(ge=1, le=100)]

_PER_S = 10.0
"""From one address: a mail server that looks at every link is quicker than any reader."""
_MOST_ADDRESSES = 10_000
_NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_PLAIN = _NO_STORE | {"Content-Security-Policy": "default-src 'none'; form-action 'self'"}
_PICTURE = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
"""A GIF of one transparent point."""
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width"></head><body><h1>{title}</h1>{body}</body></html>'
)
_ASKS = (
    '<form method="post"><p><button name="scope" value="channel">Stop these messages</button></p>'
    '<p><button name="scope" value="all">Stop everything: messages and calls</button></p></form>'
)
_DONE = "<p>You will get no more of them. This holds from now on.</p>"


class Callers:
    """How often each address may come: so many times a second, and a few at once."""

    def __init__(self, per_s: float = _PER_S) -> None:
        self._per_s = per_s
        self._buckets: dict[str, TokenBucket] = {}

    def may_come(self, address: str, now: float) -> bool:
        """Whether there is room for one more; then it is taken. `now` in seconds."""
        if address not in self._buckets and len(self._buckets) >= _MOST_ADDRESSES:
            self._buckets.clear()
        bucket = self._buckets.setdefault(address, TokenBucket(self._per_s))
        if bucket.room(now) < 1:
            return False
        bucket.take(now)
        return True


_callers = Callers()


@router.get("/m/{token}/open.gif", response_class=Response)
async def picture(request: Request, token: Token) -> Response:
    """The picture in an e-mail: fetched, the e-mail counts as opened."""
    if _callers.may_come(address_of(request.scope), time.monotonic()):
        await links.opened(request.app.state.sessions, token, request.app.state.now())
    return Response(_PICTURE, media_type="image/gif", headers=_NO_STORE)


@router.get("/m/{token}/unsubscribe", response_class=HTMLResponse)
async def ask_to_unsubscribe(request: Request, token: Token) -> Response:
    """A page that asks what is to stop. It stops nothing: programs follow links that nobody has pressed."""
    if not _callers.may_come(address_of(request.scope), time.monotonic()):
        return _too_many()
    return _page("Stop messages", _ASKS)


@router.post("/m/{token}/unsubscribe", response_class=HTMLResponse)
async def unsubscribe(request: Request, token: Token) -> Response:
    """Opt out, at once: of messages like this one, or of everything. Mail programs do it with one click."""
    if not _callers.may_come(address_of(request.scope), time.monotonic()):
        return _too_many()
    everything = b"scope=all" in await request.body()
    state = request.app.state
    await links.unsubscribe(state.sessions, token, state.now(), everything=everything)
    return _page("Stopped", _DONE)


@router.get("/m/{token}/{number}", response_class=RedirectResponse)
async def follow_link(request: Request, token: Token, number: Number) -> Response:
    """Go to where the message's link leads, as its template says."""
    if not _callers.may_come(address_of(request.scope), time.monotonic()):
        return _too_many()
    state = request.app.state
    url = await links.click(state.sessions, token, number, state.now())
    if url is None:
        return problem(404, "not-found", "This link leads nowhere, or does no more.")
    return RedirectResponse(url, 302, headers=_NO_STORE)


def _page(title: str, body: str) -> Response:
    return HTMLResponse(_PAGE.format(title=title, body=body), headers=_PLAIN)


def _too_many() -> Response:
    answer = problem(429, "too-many-requests", "Too much comes from this address; wait a while.")
    answer.headers["Retry-After"] = "1"
    return answer
