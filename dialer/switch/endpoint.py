"""A SIP endpoint on pjsua2: the one module that imports the binding.

The library runs without threads of its own for SIP: `Endpoint.poll` drives it, and every callback
comes from there. Audio is mixed and sent by the library's own clock thread.

Three habits of the binding shape this module. A `Call` that Python collects while the library still
uses it aborts the process, so legs are kept until the poll after their end; one that Python collects long
after its end hangs up whichever call has its slot of the library by then, so the library's part of it is
destroyed in that poll, whoever still holds the rest. What is reached through a
temporary (`call.getInfo().media`) is freed memory, so every step is bound to a name. An exception in a
callback is swallowed by the wrapper, so callbacks catch and keep it, and `poll` raises it.
"""

import errno
import re
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import pjsua2 as pj

from dialer.errors import DialerError
from dialer.switch.options import EndpointOptions
from dialer.switch.reasons import NONE, Reasons, reasons_of

_KEYS = frozenset("0123456789*#ABCD")
_CODECS = ("PCMU/8000", "PCMA/8000")
_TOO_MANY = 70010  # PJ_ETOOMANY
_ADDRESS_IN_USE = 120000 + errno.EADDRINUSE  # PJ_ERRNO_START_SYS
_PORTS_A_SEARCH = 200
"""A call looks at this many RTP ports and then fails; the next one goes on from there. Where as many
agents are on the line, their ports are such a stretch."""
_GOODBYE_WITHIN_S = 1.0
_GOODBYE_POLL_MS = 10


class EndpointError(DialerError):
    """The SIP library refused; the message says what it said."""

    code = "sip-endpoint"


@dataclass(frozen=True)
class CallEnding:
    """The final status of a call; 0 where the network never gave one."""

    status: int
    reason: str
    by_far_end: bool
    reasons: Reasons


class CallListener(Protocol):
    """Who is told what becomes of a call. Called from `Endpoint.poll`."""

    def call_ringing(self, call: "SipCall", status: int) -> None: ...
    def call_answered(self, call: "SipCall") -> None: ...
    def call_key(self, call: "SipCall", digit: str) -> None: ...
    def call_ended(self, call: "SipCall", ending: CallEnding) -> None: ...


IncomingHandler = Callable[["SipCall", str], CallListener]
"""Given a call and the user part it asks for, returns who listens to it."""


class Endpoint:
    """One SIP address with its calls and its audio bridge. A process can have one."""

    def __init__(self, options: EndpointOptions, on_incoming: IncomingHandler | None = None) -> None:
        """Starts the library. Raises EndpointError, for example where the port is taken."""
        self._on_incoming = on_incoming
        self._calls: dict[int, SipCall] = {}
        self._buried: list[SipCall] = []
        self._pressed: list[tuple[SipCall, str]] = []
        self._error: BaseException | None = None
        self._port_searches = 1 + options.rtp_port_count // _PORTS_A_SEARCH
        self._library = pj.Endpoint()
        try:
            self._start(options)
        except pj.Error as error:
            raise EndpointError(f"The SIP endpoint did not start: {error.reason}.") from error

    def _start(self, options: EndpointOptions) -> None:
        library = self._library
        library.libCreate()
        library.libInit(_library_config(options))
        transport = pj.TransportConfig()
        transport.boundAddress = options.host
        transport.port = options.port
        transport_id = library.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        info = library.transportGetInfo(transport_id)
        host, _, port = str(info.localName).rpartition(":")
        self.host, self.port = host, int(port)
        library.libStart()
        library.audDevManager().setNullDev()
        codecs = library.codecEnum2()
        for codec in codecs:
            wanted = str(codec.codecId).startswith(_CODECS)
            library.codecSetPriority(codec.codecId, 200 if wanted else 0)
        self._account = _Account(self)
        self._account.create(_account_config(options, f"{self.host}:{self.port}"), True)

    @property
    def version(self) -> str:
        """The SIP library's own version."""
        version = self._library.libVersion()
        return str(version.full)

    def poll(self, timeout_ms: int) -> None:
        """Handles what has come, waiting up to `timeout_ms`. Raises what a callback raised."""
        self._library.libHandleEvents(timeout_ms)
        for call in self._buried:
            call.destroy()
        self._buried.clear()
        pressed, self._pressed = self._pressed, []
        for call, digit in pressed:
            call.key_pressed(digit)
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def place(self, listener: CallListener, uri: str, caller_id: str) -> "SipCall":
        """Sends an INVITE that offers G.711. Raises EndpointError where it could not be sent."""
        options = _audio_only(pj.CallOpParam(True))
        if caller_id:
            options.txOption.localUri = f"<sip:{caller_id}@{self.host}:{self.port}>"
        for _ in range(self._port_searches):
            call = SipCall(self, self._account, pj.PJSUA_INVALID_ID, listener)
            try:
                call.makeCall(uri, options)
            except pj.Error as error:
                status, reason = int(error.status), str(error.reason)
                call.destroy()
            else:
                self._calls[call.getId()] = call
                return call
            if status != _ADDRESS_IN_USE:
                break
        reason = {_TOO_MANY: "every line is in use", _ADDRESS_IN_USE: "every RTP port is in use"}.get(
            status, reason
        )
        raise EndpointError(f"The call could not be placed: {reason}.")

    def listen_to(self, audio: Any) -> None:
        """Lets the null sound device hear an audio port: what comes is taken in, and its level measured.

        Raises EndpointError.
        """
        try:
            audio.startTransmit(self._library.audDevManager().getPlaybackDevMedia())
        except pj.Error as error:
            raise EndpointError(f"A call's audio is not taken in: {error.reason}.") from error

    def close(self) -> None:
        """Ends every call, giving the far ends a moment to agree, and then the library."""
        for call in list(self._calls.values()):
            call.hang_up()
        give_up = time.monotonic() + _GOODBYE_WITHIN_S
        while self._calls and time.monotonic() < give_up:
            self._library.libHandleEvents(_GOODBYE_POLL_MS)
        # Without the flag the library sleeps for a second, for registrations that this endpoint has not.
        self._library.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)
        self._calls.clear()

    def _incoming(self, call_id: int) -> None:
        call = SipCall(self, self._account, call_id, None)
        self._calls[call_id] = call
        if self._on_incoming is None:
            call.hang_up(480)
            return
        info = call.getInfo()
        user = re.sub(r"^.*?sips?:", "", str(info.localUri)).partition("@")[0]
        call.listener = self._on_incoming(call, user)

    def _bury(self, call_id: int) -> None:
        if call := self._calls.pop(call_id, None):
            self._buried.append(call)

    def _keep(self, error: BaseException) -> None:
        self._error = self._error or error


class _Account(pj.Account):  # type: ignore[misc]
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - the library's name
        try:
            self._endpoint._incoming(prm.callId)  # noqa: SLF001 - one unit with the endpoint
        except Exception as error:  # noqa: BLE001 - the wrapper would swallow it
            self._endpoint._keep(error)  # noqa: SLF001


class SipCall(pj.Call):  # type: ignore[misc]
    """One call. Commands on a call that has ended do nothing, since its end may be on its way."""

    def __init__(self, endpoint: Endpoint, account: Any, call_id: int, listener: CallListener | None) -> None:
        super().__init__(account, call_id)
        self.listener = listener
        self.partner: SipCall | None = None
        self._endpoint = endpoint
        self._player: Any = None
        self._over = False
        self._hung_up = False
        self._confirmed = False

    def answer_with(self, status: int) -> None:
        """Answers an incoming call: 180, 200, 486, …; final error codes end it."""
        options = _audio_only(pj.CallOpParam(True))
        options.statusCode = status
        self._command(lambda: self.answer(options))

    def hang_up(self, status: int = 0) -> None:
        """BYE, CANCEL or, for an incoming call, the given final status (603 where none is given)."""
        self._hung_up = True
        options = pj.CallOpParam()
        options.statusCode = status
        self._command(lambda: self.hangup(options))

    def connect(self, other: "SipCall") -> bool:
        """Lets both hear each other; False where one of them has no audio (now: it may come back)."""
        self._stop_player()
        self.partner, other.partner = other, self
        return self._join(other)

    def _join(self, other: "SipCall") -> bool:
        mine, theirs = self.audio(), other.audio()
        if mine is None or theirs is None:
            return False
        try:
            mine.startTransmit(theirs)
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

    def press(self, key: str, *, by_info: bool = False) -> None:
        """Presses a key for the far end: in the audio's stream (RFC 4733), or by SIP INFO."""
        pressed = pj.CallSendDtmfParam()
        pressed.digits = key
        pressed.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if by_info else pj.PJSUA_DTMF_METHOD_RFC2833
        self._command(lambda: self.sendDtmf(pressed))

    def key_pressed(self, digit: str) -> None:
        """The far end pressed a key; called by the endpoint."""
        if self.listener and not self._over:
            self.listener.call_key(self, digit)

    def audio(self) -> Any | None:
        """The call's audio port on the bridge, or None where it has none (now)."""
        if self._over:
            return None
        try:
            info = self.getInfo()
            media = info.media
            for index in range(len(media)):
                entry = media[index]
                if entry.type == pj.PJMEDIA_TYPE_AUDIO and entry.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                    return self.getAudioMedia(index)
        except pj.Error:
            return None
        return None

    def heard_level(self) -> int:
        """How loud the far end is right now, 0 (silence) to 100.

        The bridge's "transmit" level is the one that comes from the far end: the binding names both from
        the far end's side.
        """
        audio = self.audio()
        return 0 if audio is None else int(audio.getTxLevel())

    def packets_received(self) -> int:
        """How many RTP packets have come from the far end; 0 where there is no audio (now)."""
        if self.audio() is None:
            return 0
        try:
            stat = self.getStreamStat(0)
        except pj.Error:
            return 0
        rtcp = stat.rtcp
        received = rtcp.rxStat
        return int(received.pkt)

    def destroy(self) -> None:
        """Gives back what the library has of a call that is over; commands do nothing from now on."""
        self._over = True
        pj.Call.__swig_destroy__(self)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        try:
            self._media_changed()
        except Exception as error:  # noqa: BLE001 - the wrapper would swallow it
            self._endpoint._keep(error)  # noqa: SLF001

    def _media_changed(self) -> None:
        if (audio := self.audio()) is None:
            return
        # What nobody listens to piles up in the jitter buffer: whoever is bridged later would be heard
        # half a second late, beginning with what was said before.
        self._endpoint.listen_to(audio)
        # A call that was on hold comes back with another audio port.
        if self.partner is not None:
            self._join(self.partner)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """Once for each key, whether it came by RFC 4733 or INFO."""
        try:
            digit = _text(prm.digit).upper()
            if digit in _KEYS:
                # Told of later: a key may end the call, and its INFO has to be answered first.
                self._endpoint._pressed.append((self, digit))  # noqa: SLF001 - one unit with the endpoint
        except Exception as error:  # noqa: BLE001 - the wrapper would swallow it
            self._endpoint._keep(error)  # noqa: SLF001

    def onCallState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        try:
            self._state_changed(prm)
        except Exception as error:  # noqa: BLE001 - the wrapper would swallow it
            self._endpoint._keep(error)  # noqa: SLF001

    def _state_changed(self, prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            if self.listener:
                self.listener.call_ringing(self, int(info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED and not self._confirmed:
            self._confirmed = True
            if self.listener:
                self.listener.call_answered(self)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED and not self._over:
            self._over = True
            self._stop_player()
            partner, self.partner = self.partner, None
            if partner is not None:
                partner.partner = None
            # A caller's CANCEL ends the call with the 487 that we send.
            theirs = info.role == pj.PJSIP_ROLE_UAS or _was_received(prm)
            ending = CallEnding(
                status=int(info.lastStatusCode),
                reason=_text(info.lastReason),
                by_far_end=theirs and not self._hung_up,
                reasons=_reasons(prm),
            )
            self._endpoint._bury(int(info.id))  # noqa: SLF001 - one unit with the endpoint
            if self.listener:
                self.listener.call_ended(self, ending)

    def _stop_player(self) -> None:
        self._player = None

    def _command(self, send: Callable[[], None]) -> None:
        if self._over:
            return
        try:
            send()
        except pj.Error as error:
            if error.status not in _ALREADY_ENDING:
                self._endpoint._keep(EndpointError(f"A call command failed: {error.reason}."))  # noqa: SLF001


_ALREADY_ENDING = frozenset({171140, 70013})  # PJSIP_ESESSIONTERMINATED, PJ_EINVALIDOP


def _library_config(options: EndpointOptions) -> Any:
    config = pj.EpConfig()
    config.uaConfig.maxCalls = options.max_calls
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "dialer"
    config.logConfig.level = options.log_level
    config.logConfig.consoleLevel = options.log_level
    media = config.medConfig
    media.clockRate = 8000
    media.sndClockRate = 8000
    media.ecTailLen = 0
    media.noVad = True
    media.sndAutoCloseTime = -1
    media.maxMediaPorts = 4 * options.max_calls + 16
    return config


def _account_config(options: EndpointOptions, address: str) -> Any:
    config = pj.AccountConfig()
    config.idUri = f"<sip:{options.user}@{address}>"
    media = config.mediaConfig
    media.lockCodecEnabled = False
    media.transportConfig.boundAddress = options.host
    media.transportConfig.port = options.rtp_port
    media.transportConfig.portRange = options.rtp_port_count
    # Else the library tries 100 ports from the first on, and finds none where more calls are up.
    media.transportConfig.randomizePort = True
    return config


def _audio_only(options: Any) -> Any:
    options.opt.audioCount = 1
    options.opt.videoCount = 0
    options.opt.textCount = 0
    return options


def _text(value: Any) -> str:
    """Text from the network, which may hold any bytes, as text that can be written anywhere."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _was_received(prm: Any) -> bool:
    """Whether a message of the far end, and not a timer or our own transport, brought the event."""
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE:
        return bool(event.type == pj.PJSIP_EVENT_RX_MSG)
    body = event.body
    tsx_state = body.tsxState
    return bool(tsx_state.type == pj.PJSIP_EVENT_RX_MSG)


def _reasons(prm: Any) -> Reasons:
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE or not _was_received(prm):
        return NONE
    body = event.body
    tsx_state = body.tsxState
    source = tsx_state.src
    rdata = source.rdata
    return reasons_of(str(rdata.wholeMsg).encode("utf-8", "replace"))
