"""The switch process: SIP and audio on one side, the engine's socket on the other.

One loop, one thread of Python: SIP events, commands and deadlines are handled in turn, so nothing here
needs a lock. The engine may come and go; see `legs` for what the switch does on its own.
"""

import os
import signal
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog

from dialer.core.trunk_room import TrunkRoom
from dialer.switch.accounts import Caller
from dialer.switch.endpoint import Endpoint
from dialer.switch.leg import ListenFor
from dialer.switch.leg_actions import (
    Action,
    Dial,
    Ending,
    GiveUpDialing,
    HangUp,
    Hear,
    PlayMessage,
    StartPrompt,
    StopPrompt,
)
from dialer.switch.legs import ORPHAN_LIMIT_S, LegBook
from dialer.switch.listening import Ears, KeyHeard, MailboxRecords, Noticed, PersonJudged, ToneHeard
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
    RecordingEnded,
    RecordingFailed,
    RecordingStarted,
    StartRecording,
    StopRecording,
    StopSwitch,
    SwitchReady,
    TrunkReachable,
)
from dialer.switch.options import SwitchOptions
from dialer.switch.recorder import Recorder, RecordingError
from dialer.switch.server import EngineServer
from dialer.switch.sip_call import CallEnding, EndpointError, SipCall

_POLL_MS = 2
_STOP_WITHIN_S = 3.0
_COUNT_EVERY_S = 1.0
_COUNTED_A_TURN = 4

log = structlog.get_logger("switch")


class Switch:
    """Carries out commands, reports events, and keeps the rules of `LegBook`."""

    def __init__(self, options: SwitchOptions) -> None:
        """Raises EndpointError or OSError where SIP or the socket cannot be had."""
        self._options = options
        self._name = uuid.uuid4().hex
        self._endpoint = Endpoint(options.endpoint)
        self._server = EngineServer(options.socket)
        rooms = {each.name: TrunkRoom(each.lines, each.calls_per_second) for each in options.endpoint.trunks}
        self._book = LegBook(engine_present=False, rooms=rooms)
        self._calls: dict[str, SipCall] = {}
        self._recorder = Recorder()
        self._ears = Ears()
        self._stop_asked = False
        self._stop_by: float | None = None
        self._engine_left_at = time.monotonic()
        self._uncounted: list[str] = []
        self._count_at = 0.0

    def run(self) -> None:
        """Works until told to stop, or until it has had neither engine nor legs for a minute."""
        log.info("switch ready", sip=f"{self._endpoint.host}:{self._endpoint.port}", pid=os.getpid())
        try:
            while not self._finished():
                self._turn()
        finally:
            self._server.close()
            self._recorder.close()
            self._endpoint.close()

    def stop(self) -> None:
        """Ends every leg, then the loop. Safe to call from a signal handler."""
        self._stop_asked = True

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
        self._do(self._book.tick(time.monotonic()))
        self._ears.hear(time.monotonic(), self._noticed)
        self._count_audio(time.monotonic())
        for leg, reason in self._recorder.stuck(time.monotonic()):
            self._report(RecordingFailed(at=time.monotonic(), leg=leg, reason=reason))
        self._server.flush()
        if had_engine and not self._server.connected:
            self._engine_left_at = time.monotonic()
            log.warning("the engine is gone", legs=len(self._book))
            self._do(self._book.engine_gone(self._engine_left_at))

    def _count_audio(self, now: float) -> None:
        """A few calls a turn, so that nothing waits until hundreds are counted."""
        if not self._uncounted and now >= self._count_at:
            self._uncounted = self._book.to_count()
            self._count_at = now + _COUNT_EVERY_S
        counted, self._uncounted = self._uncounted[:_COUNTED_A_TURN], self._uncounted[_COUNTED_A_TURN:]
        for leg in counted:
            if call := self._calls.get(leg):
                self._do(self._book.audio_counted(leg, call.packets_received(), now))

    def _listen(self, leg: str) -> None:
        if call := self._calls.get(leg):
            self._ears.listen(leg, call, self._book.to_hear(leg), time.monotonic())

    def _noticed(self, leg: str, noticed: Noticed) -> None:
        now = time.monotonic()
        match noticed:
            case ToneHeard(tone=tone):
                self._do(self._book.tone_heard(leg, tone.value, now))
            case KeyHeard(digit=digit):
                self._do(self._book.key(leg, digit, now, in_sound=True))
            case PersonJudged(heard=heard, greeting_ended_at=greeting_ended_at):
                self._do(self._book.judged(leg, heard, greeting_ended_at, now))
            case MailboxRecords():
                self._do(self._book.mailbox_records(leg, now))

    def _stop_step(self, now: float) -> None:
        if self._stop_by is None:
            self._do(self._book.stop(now))
        if self._stop_by is None or self._book.holds_phones:
            self._stop_by = now + _STOP_WITHIN_S

    def _poll(self) -> None:
        try:
            self._endpoint.poll(_POLL_MS)
            for news in self._endpoint.trunk_news():
                self._book.rooms[news.trunk].up = news.up
                log.info("trunk", trunk=news.trunk, up=news.up, reason=news.reason)
                self._report(
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
                msgspec.structs.replace(leg, recorded=leg.leg in self._recorder)
                for leg in self._book.live(time.time() - time.monotonic())
            ],
            trunks=self._endpoint.trunks_up(),
        )

    def _obey(self, command: AnyCommand) -> None:
        match command:
            case PlaceLeg():
                self._place(command)
            case PlayPrompt():
                self._do(self._book.play_prompt(command, time.monotonic()))
            case BridgeLegs(leg=leg, other=other):
                self._do(self._book.bridge(leg, other, time.monotonic()))
            case MixLegs():
                self._do(self._book.mix(command, time.monotonic()))
            case PressKeys(leg=leg, digits=digits):
                if call := self._calls.get(leg):
                    call.press(digits)
            case HangUpLeg(leg=leg, unless_answered=spared):
                self._do(self._book.hang_up(leg, time.monotonic(), unless_answered=spared))
            case StartRecording(leg=leg, folder=folder):
                self._record(leg, Path(folder))
            case StopRecording(leg=leg):
                self._stop_recording(leg)
            case LeaveLeg(leg=leg, message=message):
                self._do(self._book.leave(leg, message, time.monotonic()))
                self._listen(leg)
            case StopSwitch():
                self.stop()
            case AcknowledgeEvents():
                pass

    def _place(self, command: PlaceLeg) -> None:
        if command.leg in self._book:
            log.error("a leg of that name is up already", leg=command.leg)
            return
        self._do(self._book.place(command, time.monotonic()))

    def _dial(self, dial: Dial) -> None:
        if self._stop_asked:
            self.leg_ended(dial.leg, _unsent("the switch stops"))
            return
        caller = Caller(dial.caller_id, dial.display_name)
        try:
            self._calls[dial.leg] = self._endpoint.place(
                _LegListener(self, dial.leg), dial.route.uri, caller, dial.route.trunk
            )
        except EndpointError as error:
            self.leg_ended(dial.leg, _unsent(str(error)))

    def _give_up_dialing(self, leg: str) -> None:
        self._ears.leave(leg)
        if call := self._calls.pop(leg, None):
            call.forget()

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Hear():
                    self._hear(action)
                case Dial():
                    self._dial(action)
                case GiveUpDialing(leg=leg):
                    self._give_up_dialing(leg)
                case HangUp(leg=leg):
                    if call := self._calls.get(leg):
                        call.hang_up()
                case PlayMessage(leg=leg, path=path):
                    self._do(self._book.message_started(leg, self._play(leg, path), time.monotonic()))
                    self._listen(leg)
                case StartPrompt(leg=leg, path=path):
                    self._book.prompt_started(leg, self._play(leg, path), time.monotonic())
                    self._listen(leg)
                case StopPrompt(leg=leg):
                    if call := self._calls.get(leg):
                        call.stop_playing()
                case Event():
                    self._report(action)

    def _hear(self, hear: Hear) -> None:
        """The leg hears others; who is recorded is so together with whoever speaks with them."""
        if (call := self._calls.get(hear.leg)) is None:
            return
        if hear.others:
            self._ears.let_be(hear.leg, ListenFor.KEYS)
        try:
            if not call.hear(self._calls_of(hear.others), hear.sound):
                log.warning("bridged without audio", leg=hear.leg)
        except EndpointError as error:
            log.error("no sound for who waits", leg=hear.leg, error=str(error))
        for customer in self._recorder.customers:
            voices = self._book.voices(customer)
            if voices is None:
                self._stop_recording(customer)
            else:
                self._recorder.follow(customer, self._calls_of(voices))

    def _calls_of(self, legs: Iterable[str]) -> list[SipCall]:
        return [self._calls[each] for each in legs if each in self._calls]

    def _record(self, leg: str, folder: Path) -> None:
        voices = self._book.voices(leg)
        if voices is None or leg in self._recorder:
            return
        try:
            self._recorder.start(leg, self._calls[leg], self._calls_of(voices), folder)
        except RecordingError as error:
            log.error("a conversation is not recorded", leg=leg, error=str(error))
            self._report(RecordingFailed(at=time.monotonic(), leg=leg, reason=str(error)))
        else:
            self._report(RecordingStarted(at=time.monotonic(), leg=leg))

    def _stop_recording(self, leg: str) -> None:
        if self._recorder.stop(leg):
            self._report(RecordingEnded(at=time.monotonic(), leg=leg))

    def _play(self, leg: str, path: str) -> float:
        """Its length in seconds; 0 where it cannot be played."""
        try:
            return self._calls[leg].play(path)
        except EndpointError as error:
            log.error("no sound for who answered", error=str(error))
            return 0.0

    def _report(self, event: Event) -> None:
        wall = event.at + time.time() - time.monotonic()
        self._server.report(msgspec.structs.replace(event, at=wall))  # type: ignore[arg-type]

    def leg_ringing(self, leg: str, status: int) -> None:
        """Called by the leg's listener."""
        self._do(self._book.ringing(leg, status, time.monotonic()))
        self._listen(leg)

    def leg_answered(self, leg: str) -> None:
        """Called by the leg's listener."""
        self._do(self._book.answered(leg, time.monotonic()))
        self._listen(leg)

    def leg_key(self, leg: str, digit: str) -> None:
        """Called by the leg's listener."""
        self._do(self._book.key(leg, digit, time.monotonic()))

    def leg_ended(self, leg: str, ending: Ending) -> None:
        """Called by the leg's listener."""
        self._stop_recording(leg)
        self._ears.leave(leg)
        self._calls.pop(leg, None)
        self._do(self._book.ended(leg, ending, time.monotonic()))


class _LegListener:
    def __init__(self, switch: Switch, leg: str) -> None:
        self._switch = switch
        self._leg = leg

    def call_ringing(self, call: SipCall, status: int) -> None:
        self._switch.leg_ringing(self._leg, status)

    def call_answered(self, call: SipCall) -> None:
        self._switch.leg_answered(self._leg)

    def call_key(self, call: SipCall, digit: str) -> None:
        self._switch.leg_key(self._leg, digit)

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        said = ending.reasons
        outcome = Ending(ending.status, ending.reason, ending.by_far_end, said.q850_cause, said.text)
        self._switch.leg_ended(self._leg, outcome)


def _unsent(reason: str) -> Ending:
    return Ending(status=0, reason=reason, by_far_end=False, sent=False)


def run(options: SwitchOptions) -> None:
    """Runs a switch until it is stopped; SIGTERM ends its legs first."""
    switch = Switch(options)
    signal.signal(signal.SIGTERM, lambda *_: switch.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    switch.run()
