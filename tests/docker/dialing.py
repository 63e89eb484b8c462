"""A switch, with the test in its engine's place."""

import contextlib
import uuid
from collections.abc import AsyncIterator

from dialer.switch.link import SwitchLink
from dialer.switch.messages import AnyEvent, LegAnswered, LegEnded, PlaceLeg
from dialer.switch.options import SwitchOptions
from tests.support import eventually


class Dialer:
    """Places agents' legs and hears what becomes of them."""

    def __init__(self, options: SwitchOptions) -> None:
        self.events: list[AnyEvent] = []
        self.link = SwitchLink(options, self._hear, lambda: None)

    def _hear(self, event: AnyEvent) -> None:
        self.events.append(event)
        self.link.acknowledge(event.seq)

    def call(self, uri: str, *, message: str = "") -> str:
        """Places a leg and returns its name: an agent's, or one that hears a message."""
        leg = uuid.uuid4().hex
        role = "customer" if message else "agent"
        self.link.send(PlaceLeg(leg, role, uri, "+15550100", 5, claim_within_s=0.1, message=message))
        return leg

    async def answered(self, leg: str) -> None:
        """Waits for the answer; a refusal fails at once."""
        found = await eventually(lambda: self._of(leg, LegAnswered, LegEnded))
        assert isinstance(found, LegAnswered), found

    async def ended(self, leg: str) -> LegEnded:
        """How the leg ended."""
        found = await eventually(lambda: self._of(leg, LegEnded))
        assert isinstance(found, LegEnded)
        return found

    def _of(self, leg: str, *kinds: type[LegAnswered | LegEnded]) -> LegAnswered | LegEnded | None:
        return next((each for each in self.events if isinstance(each, kinds) and each.leg == leg), None)


@contextlib.asynccontextmanager
async def dialing(options: SwitchOptions) -> AsyncIterator[Dialer]:
    """A dialer from its switch's start to its end."""
    dialer = Dialer(options)
    await dialer.link.start()
    try:
        yield dialer
    finally:
        await dialer.link.stop()
