"""Sends a web hook what is due to it: in order, signed, each at least once under one name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from standardwebhooks import Webhook as Signer

from campaigns.announcing import body_of, new_event_id
from campaigns.core.webhook import TEST_EVENT, is_given_up, judge, next_try, rest_s
from campaigns.stores.shared import Sessions
from campaigns.stores.webhooks import TriedDelivery, WebhookStore
from campaigns.tables import Webhook, WebhookDelivery
from campaigns.webhook_posting import Line, Posted, Poster

AT_A_TIME = 20
"""Events of one turn: what a crash may repeat."""
_TURN = timedelta(seconds=5)
"""So long a turn goes on to the next event."""
_CLAIM = timedelta(seconds=60)
"""Longer than a turn whose last request takes as long as one may."""
_KEPT = timedelta(days=30)
"""So long an event is kept, whatever became of it."""

GONE_REASON = "it answered 410 Gone"
FAILING_REASON = "it has taken no event for three days"


@dataclass
class _Turn:
    """How a web hook fares as one event after the other is sent."""

    webhook: Webhook
    tried: list[TriedDelivery] = field(default_factory=list)
    health: dict[str, Any] = field(default_factory=dict)

    def note(self, delivery: WebhookDelivery, posted: Posted, now: datetime, chance: float) -> bool:
        """Takes down what came of a try; whether the next event may follow."""
        verdict = judge(posted.status) if posted.status is not None else "failed"
        tries = delivery.tries + 1
        values: dict[str, Any] = {
            "tries": tries,
            "last_status": posted.status,
            "took_s": round(posted.took_s, 3),
            "problem": posted.problem,
        }
        if verdict == "delivered":
            values |= {"state": "delivered", "done_at": now}
            self.health = {"failures": 0, "failing_since": None, "rest_until": None}
        elif (again := next_try(tries, now, chance, posted.wait_s)) is None:
            values |= {"state": "failed", "done_at": now}
        else:
            values |= {"next_at": again}
        self.tried.append(TriedDelivery(delivery.id, values))
        if verdict != "delivered":
            self._fail(now, chance, posted, gone=verdict == "gone")
        return verdict == "delivered"

    def _fail(self, now: datetime, chance: float, posted: Posted, *, gone: bool) -> None:
        failures = self.health.get("failures", self.webhook.failures) + 1
        since = self.health.get("failing_since", self.webhook.failing_since) or now
        rest = timedelta(seconds=rest_s(failures, chance, posted.wait_s))
        self.health = {"failures": failures, "failing_since": since, "rest_until": now + rest}
        if gone or is_given_up(since, now):
            self.health |= {"state": "disabled", "reason": GONE_REASON if gone else FAILING_REASON}


async def deliver(
    sessions: Sessions,
    poster: Poster,
    webhook_id: int,
    clock: Callable[[], datetime],
    chance: Callable[[], float],
) -> str:
    """Sends one web hook some of what is due, unless another node does; why it was disabled, if it was."""
    now = clock()
    until = now + _CLAIM
    async with sessions() as session, session.begin():
        store = WebhookStore(session)
        webhook = await store.claim(webhook_id, now, until)
        due = await store.take_due(webhook_id, now, AT_A_TIME) if webhook is not None else ()
    if webhook is None:
        return ""
    turn = _Turn(webhook)
    async with poster.line() as line:
        for delivery in due:
            posted = await send(line, webhook, delivery.event_id, delivery.body, clock())
            if not turn.note(delivery, posted, clock(), chance()) or clock() >= now + _TURN:
                break
    async with sessions() as session, session.begin():
        await WebhookStore(session).record(webhook_id, turn.tried, turn.health, until)
    return str(turn.health.get("reason", ""))


async def send(line: Line, webhook: Webhook, event_id: str, body: str, now: datetime) -> Posted:
    """One signed request. While a secret is being replaced, both sign."""
    secrets = [webhook.secret]
    if webhook.former_secret and webhook.former_until is not None and now < webhook.former_until:
        secrets.append(webhook.former_secret)
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(each).sign(event_id, now, body) for each in secrets),
    }
    return await line.post(webhook.url, body.encode(), headers)


async def send_test(sessions: Sessions, poster: Poster, webhook_id: int, now: datetime) -> Posted:
    """Sends a web hook an event that means nothing, at once and whether it is active or not.

    Raises WebhookNotFoundError.
    """
    async with sessions() as session:
        webhook = await WebhookStore(session).get(webhook_id)
    body = body_of(TEST_EVENT, now, {"webhook_id": webhook.id, "events": webhook.events})
    async with poster.line() as line:
        return await send(line, webhook, new_event_id(), body, now)


async def forget_old(sessions: Sessions, now: datetime) -> int:
    """Forgets what happened long ago, some at a time; how many."""
    async with sessions() as session, session.begin():
        return await WebhookStore(session).forget(now - _KEPT)
