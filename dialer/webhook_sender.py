"""Tells web hooks what happens: a task of a node, with one task below it for each that is being told."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from campaigns.lead_hooks import forget_old_requests
from campaigns.stores.webhooks import WebhookStore
from campaigns.webhook_delivery import deliver, forget_old
from campaigns.webhook_posting import Poster
from leads.stores.shared import Sessions

_LOOK_EVERY_S = 1.0
_AWAY_S = 5.0
_TIDY_EVERY_S = 60.0
_STOP_WITHIN_S = 5.0
_AT_ONE_TIME = 50
"""Web hooks that are told something at one time: one that is slow keeps no other waiting."""

log = structlog.get_logger("webhooks")


class WebhookSender:
    """Owns what one node tells web hooks. Of several nodes, each takes those that no other has."""

    def __init__(
        self, sessions: Sessions, readings: Sessions, poster: Poster, now: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._readings = readings
        self._poster = poster
        self._now = now
        self._tidy_at = 0.0
        self._telling: dict[int, asyncio.Task[None]] = {}
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins with what a former run left."""
        self._task = asyncio.create_task(self._run(), name="webhooks")

    async def stop(self) -> None:
        """Ends after the requests that are under way, if those take but a moment.

        The next start goes on, and repeats what was cut off.
        """
        self._ending.set()
        if self._task is not None:
            await self._task
        if telling := list(self._telling.values()):
            _, slow = await asyncio.wait(telling, timeout=_STOP_WITHIN_S)
            for each in slow:
                each.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

    async def _run(self) -> None:
        while not self._ending.is_set():
            rest_s = await self._turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._ending.wait()

    async def _turn(self) -> float:
        """Begins with what is due; for how long there is nothing to do then."""
        try:
            async with self._readings() as session:
                due = await WebhookStore(session).due(self._now())
            for webhook_id in due:
                if webhook_id not in self._telling and len(self._telling) < _AT_ONE_TIME:
                    self._begin(webhook_id)
            if time.monotonic() >= self._tidy_at:
                self._tidy_at = time.monotonic() + _TIDY_EVERY_S
                await forget_old(self._sessions, self._now())
                await forget_old_requests(self._sessions, self._now())
        except Exception as error:  # noqa: BLE001 - the database may be away; events wait
            log.error("web hooks wait", error=str(error))
            return _AWAY_S
        return _LOOK_EVERY_S

    def _begin(self, webhook_id: int) -> None:
        task = asyncio.create_task(self._tell(webhook_id), name=f"webhook-{webhook_id}")
        self._telling[webhook_id] = task
        task.add_done_callback(lambda _: self._telling.pop(webhook_id, None))

    async def _tell(self, webhook_id: int) -> None:
        """Goes on as long as something is due: a turn is short, so that a stop waits for little."""
        try:
            while not self._ending.is_set():
                reason = await deliver(
                    self._sessions, self._poster, webhook_id, self._now, random.SystemRandom().random
                )
                if reason:
                    log.error("a web hook is disabled", webhook=webhook_id, reason=reason)
                async with self._readings() as session:
                    if webhook_id not in await WebhookStore(session).due(self._now()):
                        return
        except Exception as error:  # noqa: BLE001 - as above; the claim ends by itself
            log.error("a web hook waits", webhook=webhook_id, error=str(error))
            await asyncio.sleep(_AWAY_S)
