"""The part of the HTTP API that an agent's desktop uses, for simulated agents."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from dialer.errors import DialerError

_TRIES = 5
_FIRST_PAUSE_S = 0.1
_CONFLICT = 409
_TOO_MANY = 429


class AgentApiError(DialerError):
    """The API did not do what an agent asked, however often it was asked."""

    code = "agent-api"


@dataclass(frozen=True)
class Shift:
    """Who works, and for which campaigns."""

    agent_id: int
    campaign_ids: Sequence[int]


class AgentApi:
    """The part of the HTTP API that an agent's desktop uses."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        """`client` knows the base address and carries the token."""
        self._client = client

    async def start_session(self, shift: Shift) -> int:
        """Returns the session's id. Raises AgentApiError, as do all of these."""
        body = {"agent_id": shift.agent_id, "campaign_ids": list(shift.campaign_ids)}
        answer = await self._post("/api/v1/agent-sessions", body)
        try:
            return int(answer.json()["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise AgentApiError("The API started a session without saying its id; see its log.") from error

    async def ready(self, session_id: int) -> None:
        """Ready for calls; no error where the agent has moved on already, to its next call for one."""
        await self._post(f"/api/v1/agent-sessions/{session_id}/ready", {}, also_fine=(_CONFLICT,))

    async def pause(self, session_id: int, reason: str) -> None:
        """Not ready; no error where the agent has moved on already."""
        await self._post(
            f"/api/v1/agent-sessions/{session_id}/pause", {"reason": reason}, also_fine=(_CONFLICT,)
        )

    async def dial(self, session_id: int) -> None:
        """Has the lead dialed that the agent looks at; no error where it is gone, or may not be called."""
        await self._post(f"/api/v1/agent-sessions/{session_id}/preview/dial", {}, also_fine=(_CONFLICT,))

    async def skip(self, session_id: int, reason: str) -> None:
        """Lets the lead go by that the agent looks at; no error where it is gone."""
        path = f"/api/v1/agent-sessions/{session_id}/preview/skip"
        await self._post(path, {"reason": reason}, also_fine=(_CONFLICT,))

    async def end(self, session_id: int) -> None:
        """The shift is over."""
        await self._post(f"/api/v1/agent-sessions/{session_id}/end", {})

    async def dispose(self, attempt_id: int, disposition: str) -> None:
        """Says what a call came to."""
        body = {"disposition": disposition, "notes": ""}
        await self._post(f"/api/v1/attempts/{attempt_id}/disposition", body)

    async def _post(
        self, path: str, body: Mapping[str, Any], also_fine: Sequence[int] = ()
    ) -> httpx2.Response:
        trouble = ""
        # A try may have worked though its answer was lost: the key lets the API tell a repeat.
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        for turn in range(_TRIES):
            if turn:
                await asyncio.sleep(_FIRST_PAUSE_S * 2 ** (turn - 1))
            try:
                response = await self._client.post(path, json=body, headers=headers)
            except httpx2.TransportError as error:
                trouble = type(error).__name__
                continue
            busy = response.status_code >= 500 or response.status_code == _TOO_MANY
            come_again = busy or "Retry-After" in response.headers
            if response.is_success or (response.status_code in also_fine and not come_again):
                return response
            trouble = f"{response.status_code} {response.text[:200]}"
            if not come_again:
                break
        raise AgentApiError(f"POST {path} did not work: {trouble}")
