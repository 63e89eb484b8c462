"""The SIP calls of the legs: what `LegBook` wants is done to them, and what becomes of them is told to it."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from dialer.switch.accounts import Caller
from dialer.switch.agent_sounds import AgentSounds
from dialer.switch.endpoint import Endpoint
from dialer.switch.keys import KeyWay
from dialer.switch.leg import ListenFor
from dialer.switch.leg_actions import (
    Action,
    Answer,
    Beep,
    Dial,
    Ending,
    Forget,
    HangUp,
    Hear,
    PlayMessage,
    StartPrompt,
    StartWaiting,
    StopPrompt,
)
from dialer.switch.legs import LegBook
from dialer.switch.listening import Ears, KeyHeard, MailboxRecords, Noticed, PersonJudged, ToneHeard
from dialer.switch.messages import Event, RecordingEnded, RecordingFailed, RecordingStarted, TakeLeg
from dialer.switch.recorder import Recorder, RecordingError
from dialer.switch.sip_call import CallEnding, EndpointError, SipCall, UnsentError
from dialer.switch.trunk_sources import TrunkSources

_UNAVAILABLE = 503
"""So a request that cannot be sent is to be understood (RFC 3261, 8.1.3.1)."""
_COUNT_EVERY_S = 1.0
_COUNTED_A_TURN = 4

log = structlog.get_logger("switch")


class LegCalls:
    """The calls by their legs' names, with the ears on them and the recordings of them."""

    def __init__(
        self, endpoint: Endpoint, book: LegBook, sources: TrunkSources, report: Callable[[Event], None]
    ) -> None:
        """`report` is given what the engine is to be told."""
        self._endpoint = endpoint
        self._sources = sources
        self._book = book
        self._report = report
        self._calls: dict[str, SipCall] = {}
        self._recorder = Recorder()
        self._ears = Ears()
        self._sounds = AgentSounds()
        self._takes_calls = True
        self._uncounted: list[str] = []
        self._count_at = 0.0

    def do(self, actions: list[Action]) -> None:
        """Does what the book wants, in that order."""
        for action in actions:
            match action:
                case Hear():
                    self._hear(action)
                case Dial():
                    self._dial(action)
                case Answer(leg=leg):
                    self._calls[leg].answer_with(200)
                case Forget(leg=leg):
                    self._forget(leg)
                case StartWaiting(leg=leg, path=path):
                    if call := self._calls.get(leg):
                        self._sounds.wait(call, path)
                case Beep(leg=leg, path=path):
                    self._sounds.beep(self._calls[leg], path, time.monotonic())
                case HangUp(leg=leg):
                    if call := self._calls.get(leg):
                        call.hang_up()
                case PlayMessage(leg=leg, path=path):
                    self.do(self._book.prompts.message_started(leg, self._play(leg, path), time.monotonic()))
                    self.listen(leg)
                case StartPrompt(leg=leg, path=path):
                    self._book.prompts.started(leg, self._play(leg, path), time.monotonic())
                    self.listen(leg)
                case StopPrompt(leg=leg):
                    if call := self._calls.get(leg):
                        call.stop_playing()
                case Event():
                    self._report(action)

    def attend(self, now: float) -> None:
        """What has to be done again and again: hear, count, and look at the recordings."""
        self._ears.hear(now, self._noticed)
        self._count_audio(now)
        self._sounds.tick(now)
        for leg, reason in self._recorder.stuck(now):
            self._report(RecordingFailed(at=now, leg=leg, reason=reason))

    def take_no_more(self) -> None:
        """No call is placed from now on."""
        self._takes_calls = False

    def close(self) -> None:
        """Ends every recording and sound, so that the library can be closed."""
        self._sounds.close()
        self._recorder.close()

    # --- commands -------------------------------------------------------------------------------

    def take_up(self, call: SipCall, command: TakeLeg, trunk: str) -> None:
        """A call that has come is answered, and a leg from now on."""
        self._calls[command.leg] = call
        call.listener = _LegListener(self, command.leg)
        self.do(self._book.take(command, trunk, time.monotonic()))

    def listen(self, leg: str) -> None:
        """Listens to a leg for all that the book wants to hear."""
        if call := self._calls.get(leg):
            self._ears.listen(leg, call, self._book.to_hear(leg), time.monotonic())

    def is_recorded(self, leg: str) -> bool:
        """Whether a customer's conversation is being written."""
        return leg in self._recorder

    def record(self, leg: str, folder: Path) -> None:
        """Writes a customer's conversation, where there is one that is not written yet."""
        voices = self._book.companies.voices(leg)
        if voices is None or leg in self._recorder:
            return
        try:
            self._recorder.start(leg, self._calls[leg], self._calls_of(voices), folder)
        except RecordingError as error:
            log.error("a conversation is not recorded", leg=leg, error=str(error))
            self._report(RecordingFailed(at=time.monotonic(), leg=leg, reason=str(error)))
        else:
            self._report(RecordingStarted(at=time.monotonic(), leg=leg))

    def stop_recording(self, leg: str) -> None:
        """Writes no more of what a customer's conversation says."""
        if self._recorder.stop(leg):
            self._report(RecordingEnded(at=time.monotonic(), leg=leg))

    def press(self, leg: str, digits: str) -> None:
        """Presses keys for the far end."""
        if call := self._calls.get(leg):
            call.press(digits)

    # --- what becomes of them -------------------------------------------------------------------

    def ringing(self, leg: str, status: int) -> None:
        """Called by the leg's listener."""
        self.do(self._book.ringing(leg, status, time.monotonic()))
        self.listen(leg)

    def answered(self, leg: str) -> None:
        """Called by the leg's listener."""
        self.do(self._book.answered(leg, time.monotonic()))
        self.listen(leg)

    def key(self, leg: str, digit: str, way: KeyWay) -> None:
        """Called by the leg's listener."""
        self.do(self._book.prompts.key(leg, digit, time.monotonic(), way))

    def ended(self, leg: str, ending: Ending) -> None:
        """Called by the leg's listener."""
        self.stop_recording(leg)
        self._ears.leave(leg)
        self._calls.pop(leg, None)
        self.do(self._book.ended(leg, ending, time.monotonic()))

    def _hear(self, hear: Hear) -> None:
        """The leg hears others; who is recorded is so together with whoever speaks with them."""
        if (call := self._calls.get(hear.leg)) is None:
            return
        if hear.others:
            self._ears.let_be(hear.leg, ListenFor.KEYS)
        call.hear_no_more()
        try:
            if not call.hear_just(self._calls_of(hear.others), hear.sound):
                log.warning("bridged without audio", leg=hear.leg)
        except EndpointError as error:
            log.error("no sound for who waits", leg=hear.leg, error=str(error))
        for customer in self._recorder.customers:
            voices = self._book.companies.voices(customer)
            if voices is None:
                self.stop_recording(customer)
            else:
                self._recorder.follow(customer, self._calls_of(voices))

    def _calls_of(self, legs: Iterable[str]) -> list[SipCall]:
        return [self._calls[each] for each in legs if each in self._calls]

    def _noticed(self, leg: str, noticed: Noticed) -> None:
        now = time.monotonic()
        match noticed:
            case ToneHeard(tone=tone):
                self.do(self._book.tone_heard(leg, tone.value, now))
            case KeyHeard(digit=digit):
                self.do(self._book.prompts.key(leg, digit, now, KeyWay.SOUND))
            case PersonJudged(heard=heard, greeting_ended_at=greeting_ended_at):
                self.do(self._book.detection.judged(leg, heard, greeting_ended_at, now))
            case MailboxRecords():
                self.do(self._book.detection.mailbox_records(leg, now))

    def _count_audio(self, now: float) -> None:
        """A few calls a turn, so that nothing waits until hundreds are counted."""
        if not self._uncounted and now >= self._count_at:
            self._uncounted = self._book.to_count()
            self._count_at = now + _COUNT_EVERY_S
        counted, self._uncounted = self._uncounted[:_COUNTED_A_TURN], self._uncounted[_COUNTED_A_TURN:]
        for leg in counted:
            if call := self._calls.get(leg):
                came = call.received()
                self.do(self._book.audio_counted(leg, came.packets, now, held=came.held))

    def _dial(self, dial: Dial) -> None:
        if not self._takes_calls:
            self.ended(dial.leg, _by_us("the switch stops"))
            return
        if not dial.route.trunk and self._sources.is_number_at_trunk(dial.route.uri):
            self.ended(dial.leg, _by_us("a softphone's address is a telephone number at a trunk"))
            return
        caller = Caller(dial.caller_id, dial.display_name)
        try:
            self._calls[dial.leg] = self._endpoint.place(
                _LegListener(self, dial.leg),
                dial.route.uri,
                caller,
                dial.route.trunk,
                auto_answer=dial.auto_answer,
            )
        except UnsentError as error:
            self.ended(dial.leg, Ending(_UNAVAILABLE, str(error), by_far_end=False))
        except EndpointError as error:
            self.ended(dial.leg, _by_us(str(error)))

    def _forget(self, leg: str) -> None:
        self._ears.leave(leg)
        if call := self._calls.pop(leg, None):
            call.forget(_LateListener(self, leg))

    def answered_late(self, leg: str) -> None:
        """Called by the listener of a call that was forgotten: somebody has picked up and met nobody."""
        log.warning("a call was answered after it was given up, and is ended", leg=leg)
        self._book.answered_elsewhere(leg)

    def _play(self, leg: str, path: str) -> float:
        """Its length in seconds; 0 where it cannot be played."""
        try:
            return self._calls[leg].play(path)
        except EndpointError as error:
            log.error("no sound for who answered", error=str(error))
            return 0.0


class _LegListener:
    def __init__(self, calls: LegCalls, leg: str) -> None:
        self._calls = calls
        self._leg = leg

    def call_ringing(self, call: SipCall, status: int) -> None:
        self._calls.ringing(self._leg, status)

    def call_answered(self, call: SipCall) -> None:
        self._calls.answered(self._leg)

    def call_key(self, call: SipCall, digit: str, way: KeyWay) -> None:
        self._calls.key(self._leg, digit, way)

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        said = ending.reasons
        outcome = Ending(
            ending.status,
            ending.reason,
            ending.by_far_end,
            said.q850_cause,
            said.text,
            unusable=ending.unusable,
        )
        self._calls.ended(self._leg, outcome)


class _LateListener:
    """Hears of a call that its leg has left."""

    def __init__(self, calls: LegCalls, leg: str) -> None:
        self._calls = calls
        self._leg = leg

    def call_ringing(self, call: SipCall, status: int) -> None:
        pass

    def call_answered(self, call: SipCall) -> None:
        self._calls.answered_late(self._leg)

    def call_key(self, call: SipCall, digit: str, way: KeyWay) -> None:
        pass

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        pass


def _by_us(reason: str) -> Ending:
    return Ending(status=0, reason=reason, by_far_end=False, by_us=True)
