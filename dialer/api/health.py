"""Whether the process lives, whether it can work, and its figures."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What the service needs, and whether it is there."""

    ready: bool
    database: bool
    migrations: bool
    broker: bool
    switch: bool


@router.get("/healthz")
async def healthz() -> Health:
    """The process lives."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness}})
async def readyz(request: Request, response: Response) -> Readiness:
    """Database, migrations, broker and switch are there; 503 where one is not."""
    readiness: Readiness = await request.app.state.readiness()
    if not readiness.ready:
        response.status_code = 503
    return readiness


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """The figures in Prometheus' text format."""
    text: bytes = request.app.state.metrics_text()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
