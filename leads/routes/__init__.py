"""The leads room over HTTP. Errors pass through to the API, which maps them."""

from fastapi import APIRouter

from leads.routes import consents, dnc, imports, leads
from leads.routes.shared import KnownQuery

router = APIRouter(dependencies=[KnownQuery])
router.include_router(leads.router)
router.include_router(dnc.router)
router.include_router(consents.router)
router.include_router(imports.router)
