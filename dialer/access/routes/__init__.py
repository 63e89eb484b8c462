"""Who may do what, over HTTP. Errors pass through to the API, which maps them."""

from fastapi import APIRouter

from dialer.access.routes import account, api_keys, audit, single_sign_on, users
from leads.routes.shared import KnownQuery

router = APIRouter()
for each in (account, users, api_keys, audit):
    router.include_router(each.router, dependencies=[KnownQuery])
# Providers add parameters of their own to the way back.
router.include_router(single_sign_on.router)
