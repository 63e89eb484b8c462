"""What a request is answered while the database is away."""

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from dialer.api import problems


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("SELECT 1", {}, Exception("gone")), 503, "database-unavailable"),
        (ConnectionRefusedError(111, "refused"), 503, "database-unavailable"),
        (TimeoutError(), 503, "database-unavailable"),
        (FileNotFoundError(2, "no such file", "track.wav"), 500, "internal-error"),
        (ValueError("a fault of ours"), 500, "internal-error"),
    ],
)
async def test_a_database_that_is_away_is_no_fault_of_ours(error: Exception, status: int, code: str) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/leads")
    async def leads() -> None:
        raise error

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as client:
        answer = await client.get("/leads")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
