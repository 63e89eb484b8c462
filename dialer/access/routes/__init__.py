"""Who may do what, over HTTP. Errors pass through to the API, which maps them."""

from fastapi import APIRouter

from dialer.access.routes import account, api_keys, audit, users
from leads.routes.shared import KnownQuery

router = APIRouter(dependencies=[KnownQuery])
router.include_router(account.router)
router.include_router(users.router)
router.include_router(api_keys.router)
router.include_router(audit.router)
