"""One SIP call on pjsua2: commands to it, and what becomes of it.

See `endpoint` for the habits of the binding that shape this module.
"""

import contextlib
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pjsua2 as pj

from dialer.errors import DialerError
from dialer.switch.accounts import sip_headers
from dialer.switch.invites import Invite
from dialer.switch.keys import KeyWay
from dialer.switch.moves import UnmovedCall
from dialer.switch.reasons import Reasons
from dialer.switch.sdp import offer_only
from dialer.switch.sip_events import (
    callback,
    reasons,
    text,
    transaction_of,
    was_received,
    why_the_library_ended_it,
)
from dialer.switch.tap import Tap

_PROVISIONAL = range(100, 200)
_KEYS = frozenset("0123456789*#ABCD")
_HEARD = frozenset({pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD})
_UNUSABLE = "answered without audio that can be used"
_ALREADY_ENDING = frozenset({171140, 70013})  # PJSIP_ESESSIONTERMINATED, PJ_EINVALIDOP


class EndpointError(DialerError):
    """The SIP library refused; the message says what it said."""

    code = "sip-endpoint"


class UnsentError(EndpointError):
    """An INVITE cannot be sent this way, as where its host has no address; another way may do."""

    code = "sip-unsent"


@dataclass(frozen=True)
class CallEnding:
    """The final status of a call; 0 where the network never gave one."""

    status: int
    reason: str
    by_far_end: bool
    reasons: Reasons
    unusable: bool = False
    """Whether it was answered without any audio that we can use: nobody was told of that answer."""


class CallListener(Protocol):
    """Who is told what becomes of a call. Called from `Endpoint.poll`."""

    # With 100 as well: nothing rings then, but the far end works on it.
    def call_ringing(self, call: "SipCall", status: int) -> None: ...
    def call_answered(self, call: "SipCall") -> None: ...
    # The same key may come two ways.
    def call_key(self, call: "SipCall", digit: str, way: KeyWay) -> None: ...
    def call_ended(self, call: "SipCall", ending: CallEnding) -> None: ...


class CallOwner(Protocol):
    """The endpoint, as its calls know it."""

    def listen_to(self, audio: Any) -> None: ...
    def key_came(self, call: "SipCall", digit: str, way: KeyWay) -> None: ...
    def call_canceled(self, call: "SipCall") -> None: ...
    def call_over(self, call_id: int) -> None: ...
    def call_failed(self, error: BaseException) -> None: ...


@dataclass(frozen=True)
class _AudioStream:
    """A call's audio: which of its streams it is, and in which directions it goes."""

    index: int
    direction: int
    held: bool
    """Whether the far end has put us on hold: there may be music then, or nothing at all."""


@dataclass(frozen=True)
class AudioReceived:
    """How many RTP packets have come, and whether the far end holds the call or has taken its audio away."""

    packets: int
    held: bool


class SipCall(UnmovedCall):
    """One call. Commands on a call that has ended do nothing, since its end may be on its way."""

    def __init__(
        self,
        owner: CallOwner,
        account: Any,
        call_id: int,
        listener: CallListener | None,
        codecs: Sequence[str] = (),
    ) -> None:
        """`codecs`: those that it offers, in that order; none: all that the endpoint has."""
        super().__init__(account, call_id)
        self._codecs = codecs
        self._redirected = 0
        self.listener = listener
        self.invite: Invite | None = None
        """What has brought it, where it has come."""
        self.hears: list[SipCall] = []
        self.heard_by: list[SipCall] = []
        self._loops = ""
        """The WAV file that it hears over and over."""
        self.owner = owner
        self._player: Any = None
        self._tracks: list[Any] = []
        self._beside: Any = None
        self._taps: list[Tap] = []
        self.has_audio = False
        """Whether sound can be heard and sent: after the answer, or before it (early media)."""
        self._over = False
        self._hung_up = False
        self._confirmed = False
        self._unusable = False
        self._received_before = 0
        """Packets of audio that came in streams that a re-INVITE has ended."""

    @property
    def is_over(self) -> bool:
        """Whether nothing comes of it any more."""
        return self._over

    def answer_with(self, status: int) -> None:
        """Answers an incoming call: 180, 200, 486, …; final error codes end it."""
        options = audio_only(pj.CallOpParam(True))
        options.statusCode = status
        self._command(lambda: self.answer(options))

    def hang_up(self, status: int = 0, retry_after_s: int = 0) -> None:
        """BYE, CANCEL or, for an incoming call, the given final status (603 where none is given).

        `retry_after_s` goes with such a status as Retry-After (RFC 3261, 20.33); 0 for none.

        An answer may cross our CANCEL, and is told of: a call that was canceled is over when the far end has
        agreed, or when it is hung up once more.
        """
        canceled_before = self._hung_up
        self._leave(status, retry_after_s)
        if not (self._over or self._confirmed or canceled_before):
            self.owner.call_canceled(self)

    def forget(self, listener: CallListener) -> None:
        """Ends it, and tells another what still becomes of it, for as long as its INVITE lives.

        That is half a minute where nothing comes back (64*T1; RFC 3261, 17.1.1.2); it is not repeated, and a
        late answer is ended.
        """
        self.listener = listener
        self._leave()

    def _leave(self, status: int = 0, retry_after_s: int = 0) -> None:
        self._hung_up = True
        options = pj.CallOpParam()
        options.statusCode = status
        if retry_after_s:
            for each in sip_headers({"Retry-After": str(retry_after_s)}):
                options.txOption.headers.append(each)
        self._command(lambda: self.hangup(options))

    def hear_just(self, others: Sequence["SipCall"], loop: str = "") -> bool:
        """From now on it hears just these, and a WAV file over and over where one is named.

        False where one of them has no audio (now: it may come back). Raises EndpointError where the file
        cannot be played; the others are heard all the same.
        """
        for other in [each for each in self.hears if each not in others]:
            self.hears.remove(other)
            other.heard_by.remove(self)
            self._stop_hearing(other)
        for other in [each for each in others if each not in self.hears]:
            self.hears.append(other)
            other.heard_by.append(self)
        heard = [self.begin_hearing(other) for other in self.hears]
        if loop != self._loops or not loop:
            self._stop_player()
        if loop and self._player is None:
            self.play(loop, loop=True)
            self._loops = loop
        return all(heard)

    def _stop_hearing(self, other: "SipCall") -> None:
        mine, theirs = self.audio(), other.audio()
        if mine is not None and theirs is not None:
            with contextlib.suppress(pj.Error):
                theirs.stopTransmit(mine)

    def begin_hearing(self, other: "SipCall") -> bool:
        """Hears the other, also anew where its audio has come back; False where either has none (now)."""
        mine, theirs = self.audio(), other.audio()
        if mine is None or theirs is None:
            return False
        try:
            theirs.startTransmit(mine)
        except pj.Error:
            return False
        return True

    def play(self, path: str, *, loop: bool = False) -> float:
        """Plays a WAV file to the far end; returns its length in seconds.

        Raises EndpointError where the file is not a WAV file that can be read, or the audio is gone.
        """
        try:
            with wave.open(path, "rb") as reader:
                duration = reader.getnframes() / reader.getframerate()
            self._stop_player()
            player = pj.AudioMediaPlayer()
            player.createPlayer(path, 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)
            audio = self.audio()
            if audio is None:
                raise EndpointError("The message could not be played: the call has no audio any more.")
            player.startTransmit(audio)
        except (OSError, EOFError, wave.Error) as error:
            raise EndpointError(f"The message {path} is not a WAV file that can be read: {error}.") from error
        except pj.Error as error:
            raise EndpointError(f"The message {path} could not be played: {error.reason}.") from error
        self._player = player
        return duration

    def stop_playing(self) -> None:
        """Nothing is played to the far end any more."""
        self._stop_player()

    def hear(self, port: Any) -> None:
        """The far end hears a port of the bridge from now on, also where its audio goes away and comes back.

        Raises EndpointError where it hears nothing now.
        """
        self._beside = port
        self.play_beside(port)

    def play_beside(self, port: Any) -> None:
        """The far end hears what a port of the bridge plays beside all else. Raises EndpointError."""
        audio = self.audio()
        if audio is None:
            raise EndpointError("The sound could not be played: the call has no audio any more.")
        try:
            port.startTransmit(audio)
        except pj.Error as error:
            raise EndpointError(f"The sound could not be played: {error.reason}.") from error

    def hear_no_more(self) -> None:
        """The far end does not hear that port any more."""
        port, self._beside = self._beside, None
        if port is not None and (audio := self.audio()) is not None:
            with contextlib.suppress(pj.Error):
                port.stopTransmit(audio)

    def record_to(self, track: Any) -> None:
        """Lets a recorder hear the far end from now on, also where its audio goes away and comes back."""
        if track not in self._tracks:
            self._tracks.append(track)
            self._let_hear(track)

    def stop_recording(self, track: Any) -> None:
        """The recorder hears nothing more; its file ends when the last who knows it lets go of it."""
        if track in self._tracks:
            self._tracks.remove(track)
        if (audio := self.audio()) is not None:
            with contextlib.suppress(pj.Error):
                audio.stopTransmit(track)

    def _let_hear(self, port: Any) -> None:
        if (audio := self.audio()) is not None:
            with contextlib.suppress(pj.Error):
                audio.startTransmit(port)

    def press(self, key: str, *, by_info: bool = False) -> None:
        """Presses a key for the far end: in the audio's stream (RFC 4733), or by SIP INFO."""
        pressed = pj.CallSendDtmfParam()
        pressed.digits = key
        pressed.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if by_info else pj.PJSUA_DTMF_METHOD_RFC2833
        self._command(lambda: self.sendDtmf(pressed))

    def key_pressed(self, digit: str, way: KeyWay) -> None:
        """The far end pressed a key; called by the endpoint."""
        if self.listener and not self._over:
            self.listener.call_key(self, digit, way)

    def audio(self) -> Any | None:
        """The call's audio port on the bridge, or None where it has none (now)."""
        try:
            return None if (stream := self._audio_stream()) is None else self.getAudioMedia(stream.index)
        except pj.Error:
            return None

    def _audio_stream(self) -> "_AudioStream | None":
        """Which of its streams is its audio; None where there is none (now)."""
        if self._over:
            return None
        try:
            info = self.getInfo()
        except pj.Error:
            return None
        media = info.media
        for index in range(len(media)):
            entry = media[index]
            if entry.type == pj.PJMEDIA_TYPE_AUDIO and entry.status in _HEARD:
                return _AudioStream(index, int(entry.dir), entry.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
        return None

    def tap(self) -> Tap:
        """What the far end says from now on, also where its audio goes away and comes back.

        Raises EndpointError.
        """
        try:
            tap = Tap()
        except pj.Error as error:
            raise EndpointError(f"A call could not be listened to: {error.reason}.") from error
        self._taps.append(tap)
        self._let_hear(tap)
        return tap

    def untap(self, tap: Tap) -> None:
        """Gives a tap back."""
        self._taps.remove(tap)
        if (audio := self.audio()) is not None:
            with contextlib.suppress(pj.Error):
                audio.stopTransmit(tap)
        tap.close()

    def heard_level(self) -> int:
        """How loud the far end is right now, 0 (silence) to 100.

        The bridge's "transmit" level is the one that comes from the far end: the binding names both from
        the far end's side.
        """
        audio = self.audio()
        return 0 if audio is None else int(audio.getTxLevel())

    def received(self) -> AudioReceived:
        """What has come from the far end so far."""
        stream = self._audio_stream()
        if stream is None:
            return AudioReceived(self._received_before, held=True)
        held = stream.held or not stream.direction & pj.PJMEDIA_DIR_DECODING
        return AudioReceived(self._received_before + self._packets_of(stream.index), held=held)

    def _packets_of(self, index: int) -> int:
        """How many packets one of its streams has got; 0 where it is gone."""
        try:
            stat = self.getStreamStat(index)
        except pj.Error:
            return 0
        rtcp = stat.rtcp
        received = rtcp.rxStat
        return int(received.pkt)

    def destroy(self) -> None:
        """Gives back what the library has of a call that is over; commands do nothing from now on."""
        self._over = True
        self.has_audio = False
        for tap in self._taps:
            tap.close()
        self._taps.clear()
        pj.Call.__swig_destroy__(self)

    @callback
    def onStreamDestroyed(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """A re-INVITE ends a stream, and the next one counts from 0."""
        self._received_before += self._packets_of(int(prm.streamIdx))

    @callback
    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """Audio has come, or gone."""
        self._media_changed()

    def _media_changed(self) -> None:
        audio = self.audio()
        self.has_audio = audio is not None
        if audio is None:
            return
        # What nobody listens to piles up in the jitter buffer: whoever is bridged later would be heard
        # half a second late, beginning with what was said before.
        self.owner.listen_to(audio)
        # A call that was on hold comes back with another audio port.
        for other in self.hears:
            self.begin_hearing(other)
        for other in self.heard_by:
            other.begin_hearing(self)
        if self._player is not None:
            with contextlib.suppress(pj.Error):
                self._player.startTransmit(audio)
        for track in self._tracks:
            self._let_hear(track)
        if self._beside is not None:
            with contextlib.suppress(EndpointError):
                self.hear(self._beside)
        for tap in self._taps:
            self._let_hear(tap)

    @callback
    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """A key, by RFC 4733 or by INFO."""
        digit = text(prm.digit).upper()
        if digit in _KEYS:
            by_info = prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO
            self.owner.key_came(self, digit, KeyWay.INFO if by_info else KeyWay.EVENT)

    @callback
    def onCallSdpCreated(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """An offer is about to leave."""
        if self._codecs:
            sdp = prm.sdp
            sdp.wholeSdp = offer_only(str(sdp.wholeSdp), self._codecs)

    @callback
    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """Every provisional answer: the library tells of 100, and of 180 without a tag, here alone."""
        if self._confirmed or not self.listener:
            return
        answer = transaction_of(prm)
        to_our_invite = answer.by_us and answer.method == "INVITE"
        if to_our_invite and answer.status in _PROVISIONAL and was_received(prm):
            self.listener.call_ringing(self, answer.status)

    def onCallRedirected(self, prm: Any) -> int:  # noqa: N802 - the library's name
        """Nobody sends our calls elsewhere (3xx). The library ends them with a 487 of its own then."""
        self._note_redirection(prm)
        return int(pj.PJSIP_REDIRECT_STOP)

    @callback
    def _note_redirection(self, prm: Any) -> None:
        self._redirected = transaction_of(prm).status

    @callback
    def onCallState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """It rings, was answered, or is over."""
        self._state_changed(prm)

    def _state_changed(self, prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            if self.listener:
                self.listener.call_ringing(self, int(info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED and not self._confirmed:
            self._confirmed = True
            # What was agreed on is known by now, and the library ends what nothing was. An answer that
            # crosses our CANCEL counts whatever it says.
            self._unusable = not self._hung_up and self._audio_stream() is None
            if self.listener and not self._unusable:
                self.listener.call_answered(self)
            if self._hung_up:
                self.hang_up()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED and not self._over:
            self._over = True
            self._stop_player()
            for other in self.hears:
                other.heard_by.remove(self)
            for other in self.heard_by:
                other.hears.remove(self)
            self.hears, self.heard_by = [], []
            by_library = "" if self._hung_up else why_the_library_ended_it(prm)
            # Only an answer without audio is ended by the library itself before it is confirmed.
            unusable = self._unusable or bool(by_library and not self._confirmed)
            # A caller's CANCEL ends the call with the 487 that we send.
            theirs = info.role == pj.PJSIP_ROLE_UAS or was_received(prm)
            ending = CallEnding(
                status=self._redirected or int(info.lastStatusCode),
                reason=_UNUSABLE if unusable else by_library or text(info.lastReason),
                by_far_end=theirs and not self._hung_up and not by_library,
                reasons=reasons(prm),
                unusable=unusable,
            )
            self.owner.call_over(int(info.id))
            if self.listener:
                self.listener.call_ended(self, ending)

    def _stop_player(self) -> None:
        self._player, self._loops = None, ""

    def _command(self, send: Callable[[], None]) -> None:
        if self._over:
            return
        try:
            send()
        except pj.Error as error:
            if error.status not in _ALREADY_ENDING:
                self.owner.call_failed(EndpointError(f"A call command failed: {error.reason}."))


def audio_only(options: Any) -> Any:
    """The call's options, for one stream of audio and nothing else."""
    options.opt.audioCount = 1
    options.opt.videoCount = 0
    options.opt.textCount = 0
    return options
