"""Our switch, commanded over its socket as the engine commands it, by a driver that decides nothing."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bench.switch.options import CALLER
from dialer.switch.link import SwitchLink
from dialer.switch.messages import (
    AnyEvent,
    BridgeLegs,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegRole,
    LegsBridged,
    PlaceLeg,
    SwitchReady,
)
from dialer.switch.options import SwitchOptions

_ACKNOWLEDGE_EVERY = 50
_GIVE_UP_S = 20.0


class Driver:
    """Places legs, and ends each or bridges them two by two when they are answered."""

    def __init__(self, options: SwitchOptions) -> None:
        self.link = SwitchLink(options, self._on_event, lambda: None)
        self.pid = 0
        self.bridges = False
        self.placed = 0
        self.completed = 0
        self.bridged_legs: list[str] = []
        self.latencies_ms: list[float] = []
        self._placed_at: dict[str, float] = {}
        self._waiting: dict[LegRole, list[str]] = {"customer": [], "agent": []}

    async def place_all(self, target: str, calls: int, rate: float) -> None:
        """Places so many legs, so many a second."""
        started = time.monotonic()
        for number in range(calls):
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            role: LegRole = "agent" if self.bridges and self.placed % 2 else "customer"
            leg = f"{role}-{self.placed}"
            self.placed += 1
            self._placed_at[leg] = time.monotonic()
            # Nobody claims these legs; the time for it is long, so that the driver alone ends them.
            self.link.send(PlaceLeg(leg, role, target, "", 30.0, claim_within_s=600.0))

    async def until(self, done: Callable[[], bool]) -> None:
        """Returns when that is so, or after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_UP_S):
                while not done():
                    await asyncio.sleep(0.005)

    def _on_event(self, event: AnyEvent) -> None:
        match event:
            case SwitchReady(pid=pid):
                self.pid = pid
            case LegAnswered(leg=leg):
                self.latencies_ms.append((time.monotonic() - self._placed_at[leg]) * 1000)
                self._go_on(leg)
            case LegsBridged(leg=leg):
                self.bridged_legs.append(leg)
            case LegEnded():
                self.completed += 1
        if event.seq % _ACKNOWLEDGE_EVERY == 0:
            self.link.acknowledge(event.seq)

    def _go_on(self, leg: str) -> None:
        if not self.bridges:
            self.link.send(HangUpLeg(leg))
            return
        self._waiting["agent" if leg.startswith("agent") else "customer"].append(leg)
        if all(self._waiting.values()):
            self.link.send(BridgeLegs(self._waiting["customer"].pop(), self._waiting["agent"].pop()))


@contextlib.asynccontextmanager
async def switch() -> AsyncIterator[Driver]:
    """A switch process of its own, and its driver."""
    with tempfile.TemporaryDirectory(prefix="bench-switch-") as name:
        folder = Path(name)
        driver = Driver(SwitchOptions(folder / "switch.sock", folder / "switch.log", CALLER))
        await driver.link.start()
        try:
            yield driver
        finally:
            await driver.link.stop()
