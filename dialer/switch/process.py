"""The switch process: SIP and audio on one side, the engine's socket on the other.

One loop, one thread of Python: SIP events, commands and deadlines are handled in turn, so nothing here
needs a lock. The engine may come and go; see `legs` for what the switch does on its own.
"""

import os
import signal
import time
import uuid
from pathlib import Path

import msgspec
import structlog

from dialer.core.trunk_room import TrunkRoom
from dialer.switch.arrivals import Arrivals
from dialer.switch.endpoint import Endpoint
from dialer.switch.leg_calls import LegCalls
from dialer.switch.leg_table import ORPHAN_LIMIT_S
from dialer.switch.legs import LegBook
from dialer.switch.messages import (
    AcknowledgeEvents,
    AnyCommand,
    BridgeLegs,
    Event,
    HangUpLeg,
    LeaveLeg,
    MixLegs,
    PlaceLeg,
    PlayPrompt,
    PressKeys,
    RefuseLeg,
    StartRecording,
    StopRecording,
    StopSwitch,
    SwitchReady,
    TakeLeg,
    TrunkReachable,
)
from dialer.switch.names import Names
from dialer.switch.options import SwitchOptions
from dialer.switch.server import EngineServer
from dialer.switch.sip_call import EndpointError, SipCall
from dialer.switch.trunk_sources import TrunkSources

_POLL_MS = 2
_STOP_WITHIN_S = 3.0
_NAMES_WITHIN_S = 2.0
"""So long the start waits for the addresses of trunks' names; until one is known, calls go another way."""

log = structlog.get_logger("switch")


class Switch:
    """Carries out commands, reports events, and keeps the rules of `LegBook`."""

    def __init__(self, options: SwitchOptions) -> None:
        """Raises EndpointError or OSError where SIP or the socket cannot be had."""
        self._options = options
        self._name = uuid.uuid4().hex
        self._names = Names()
        self._sources = TrunkSources(options.endpoint.trunks, self._names)
        self._arrivals = Arrivals(self, self._sources)
        self._names.wait(self._sources.hosts, _NAMES_WITHIN_S)
        self._endpoint = Endpoint(options.endpoint, self._arrivals.came, self._names)
        self._server = EngineServer(options.socket)
        rooms = {each.name: TrunkRoom(each.lines, each.calls_per_second) for each in options.endpoint.trunks}
        self._book = LegBook(engine_present=False, rooms=rooms, audio=options.audio)
        self._calls = LegCalls(self._endpoint, self._book, self._sources, self.report)
        self._stop_asked = False
        self._stop_by: float | None = None
        self._engine_left_at = time.monotonic()

    def run(self) -> None:
        """Works until told to stop, or until it has had neither engine nor legs for a minute."""
        log.info("switch ready", sip=f"{self._endpoint.host}:{self._endpoint.port}", pid=os.getpid())
        try:
            while not self._finished():
                self._turn()
        finally:
            self._names.close()
            self._server.close()
            self._calls.close()
            self._endpoint.close()

    def stop(self) -> None:
        """Ends every leg, then the loop. Safe to call from a signal handler."""
        self._stop_asked = True
        self._calls.take_no_more()

    @property
    def takes_calls(self) -> bool:
        """Whether an engine is there, and the switch does not stop."""
        return self._server.connected and not self._stop_asked

    def take_up(self, call: SipCall, command: TakeLeg, trunk: str) -> None:
        """The engine takes a call that has come."""
        if command.leg in self._book:
            log.error("a leg of that name is up already", leg=command.leg)
            call.hang_up()
            return
        self._calls.take_up(call, command, trunk)

    def _turn(self) -> None:
        if self._stop_asked:
            self._stop_step(time.monotonic())
        self._poll()
        had_engine = self._server.connected
        # Before a new engine is let in, so that the last words of the former one count.
        for command in self._server.receive():
            self._obey(command)
        if self._server.accept():
            self._book.engine_back()
            self._server.greet(self._ready())
            had_engine = True
        self._calls.do(self._book.tick(time.monotonic()))
        self._arrivals.tick(time.monotonic())
        self._calls.attend(time.monotonic())
        self._server.flush()
        if had_engine and not self._server.connected:
            self._engine_left_at = time.monotonic()
            log.warning("the engine is gone", legs=len(self._book))
            self._calls.do(self._book.engine_gone(self._engine_left_at))

    def _stop_step(self, now: float) -> None:
        if self._stop_by is None:
            self._calls.do(self._book.stop(now))
        if self._stop_by is None or self._book.holds_phones:
            self._stop_by = now + _STOP_WITHIN_S

    def _poll(self) -> None:
        try:
            self._endpoint.poll(_POLL_MS)
            for news in self._endpoint.trunk_news():
                self._book.routes.rooms[news.trunk].up = news.up
                log.info("trunk", trunk=news.trunk, up=news.up, reason=news.reason)
                self.report(
                    TrunkReachable(at=time.monotonic(), trunk=news.trunk, up=news.up, reason=news.reason)
                )
        except EndpointError as error:
            log.error("sip error", error=str(error))
        except Exception:
            # What one call brings must not end all the others.
            log.exception("a sip event could not be handled")

    def _finished(self) -> bool:
        now = time.monotonic()
        if self._stop_by is not None:
            told = not self._server.connected or not self._server.waits_for_acknowledgement
            return (not self._book and told) or now >= self._stop_by
        idle = not self._server.connected and not self._book
        return idle and now - self._engine_left_at > ORPHAN_LIMIT_S

    def _ready(self) -> SwitchReady:
        return SwitchReady(
            at=time.time(),
            switch=self._name,
            pid=os.getpid(),
            version=self._endpoint.version,
            max_legs=self._options.endpoint.max_calls,
            replays_through=self._server.last_unacknowledged,
            live=[
                msgspec.structs.replace(leg, recorded=self._calls.is_recorded(leg.leg))
                for leg in self._book.live(time.time() - time.monotonic())
            ],
            trunks=self._endpoint.trunks_up(),
        )

    def _obey(self, command: AnyCommand) -> None:
        match command:
            case PlaceLeg():
                self._place(command)
            case TakeLeg():
                self._arrivals.take(command)
            case RefuseLeg():
                self._arrivals.refuse(command)
            case PlayPrompt():
                self._calls.do(self._book.prompts.play(command, time.monotonic()))
            case BridgeLegs(leg=leg, other=other):
                self._calls.do(self._book.companies.bridge(leg, other, time.monotonic()))
            case MixLegs():
                self._calls.do(self._book.companies.mix(command, time.monotonic()))
            case PressKeys(leg=leg, digits=digits):
                self._calls.press(leg, digits)
            case HangUpLeg(leg=leg, unless_answered=spared):
                self._calls.do(self._book.hang_up(leg, time.monotonic(), unless_answered=spared))
            case StartRecording(leg=leg, folder=folder):
                self._calls.record(leg, Path(folder))
            case StopRecording(leg=leg):
                self._calls.stop_recording(leg)
            case LeaveLeg(leg=leg, message=message):
                self._calls.do(self._book.detection.leave(leg, message, time.monotonic()))
                self._calls.listen(leg)
            case StopSwitch():
                self.stop()
            case AcknowledgeEvents():
                pass

    def _place(self, command: PlaceLeg) -> None:
        if command.leg in self._book:
            log.error("a leg of that name is up already", leg=command.leg)
            return
        self._calls.do(self._book.place(command, time.monotonic()))

    def report(self, event: Event) -> None:
        """The engine is told."""
        wall = event.at + time.time() - time.monotonic()
        self._server.report(msgspec.structs.replace(event, at=wall))  # type: ignore[arg-type]


def run(options: SwitchOptions) -> None:
    """Runs a switch until it is stopped; SIGTERM ends its legs first."""
    switch = Switch(options)
    signal.signal(signal.SIGTERM, lambda *_: switch.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    switch.run()
