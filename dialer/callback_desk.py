"""Keeps what agents have promised: has them reminded, and shows them the lead when the time has come.

What is due is read from the database, so that an engine that starts again goes on where the last one was;
each lead is claimed before it is shown, so that of several nodes one shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from campaigns import callbacks, reminder_calls
from campaigns.compliance.rulebook import Rulebook
from campaigns.stores.callbacks import CallbackNews, DueCallback
from campaigns.stores.live import RunningCampaign
from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.records import instant
from leads.stores.shared import Sessions

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class CallbackHands:
    """What the engine does for the desk."""

    clock: Callable[[], float]
    may_offer: Callable[[], bool]
    """Whether leads may be shown: the switch is there, and the service does not stop."""
    carry_out: Callable[[Sequence[Effect]], None]
    say: Callable[[CallbackNews], None]


class CallbackDesk:
    """The callbacks of the agents on one node's floor."""

    def __init__(
        self,
        floor: Floor,
        sessions: Sessions,
        readings: Sessions,
        rules: Rulebook,
        running: Mapping[int, RunningCampaign],
        hands: CallbackHands,
    ) -> None:
        """`running`: the campaigns that dial, at any time."""
        self._floor = floor
        self._sessions = sessions
        self._readings = readings
        self._rules = rules
        self._running = running
        self._hands = hands
        self._due: dict[int, DueCallback] = {}
        """By shift, the callback that its agent is to be shown next."""
        self._look_at = 0.0

    @property
    def hurries(self) -> bool:
        """Whether an agent is to be shown a lead as soon as they are free."""
        return bool(self._due)

    async def look(self) -> None:
        """Does what is due. Whatever the database keeps it from is done the next time."""
        now = self._hands.clock()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_S
            if await callbacks.has_work(self._readings, instant(now)):
                await callbacks.let_time_pass(self._sessions, instant(now))
                await callbacks.tell(self._sessions, self._hands.say)
            if await reminder_calls.has_work(self._readings, instant(now)):
                await reminder_calls.promise_due(self._sessions, self._rules, instant(now))
            await self._expect(now)
        if self._hands.may_offer():
            for session in self._floor.previews.expected():
                await self._offer(session)

    async def _expect(self, now: float) -> None:
        """Has the floor keep agents free whose callbacks are due."""
        shifts = {each.agent: session for session, each in self._floor.agents.items()}
        found = await callbacks.due_for(self._readings, list(shifts), instant(now))
        self._due = {
            shifts[each.agent_id]: each for each in reversed(found) if each.campaign_id in self._running
        }
        for session in list(self._floor.agents):
            self._hands.carry_out(self._floor.previews.expect(session, now, due=session in self._due))

    async def _offer(self, session: int) -> None:
        due = self._due.pop(session, None)
        now = self._hands.clock()
        permitted = None
        if due is not None:
            permitted = await callbacks.claim_for_owner(self._sessions, self._rules, due, instant(now))
        now = self._hands.clock()
        if due is not None and permitted is not None:
            shown = self._floor.previews.show_callback(session, due.campaign_id, permitted, now)
            self._hands.carry_out(shown)
        else:
            self._hands.carry_out(self._floor.previews.expect(session, now, due=False))
