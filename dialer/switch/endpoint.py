"""A SIP endpoint on pjsua2: its transports, its accounts and its calls.

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
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from dialer.switch.options import EndpointOptions
from dialer.switch.sip_call import CallListener, EndpointError, SipCall, audio_only

_CODECS = ("PCMU/8000", "PCMA/8000")
_TOO_MANY = 70010  # PJ_ETOOMANY
_ADDRESS_IN_USE = 120000 + errno.EADDRINUSE  # PJ_ERRNO_START_SYS
_PORTS_A_SEARCH = 200
"""A call looks at this many RTP ports and then fails; the next one goes on from there. Where as many
agents are on the line, their ports are such a stretch."""
_GOODBYE_WITHIN_S = 1.0
_GOODBYE_POLL_MS = 10


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
        options = audio_only(pj.CallOpParam(True))
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

    def key_came(self, call: SipCall, digit: str) -> None:
        """Called by a call; told of later, since a key may end the call, and its INFO is answered first."""
        self._pressed.append((call, digit))

    def call_over(self, call_id: int) -> None:
        """Called by a call."""
        if call := self._calls.pop(call_id, None):
            self._buried.append(call)

    def call_failed(self, error: BaseException) -> None:
        """Called by a call; `poll` raises it."""
        self._error = self._error or error


class _Account(pj.Account):  # type: ignore[misc]
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - the library's name
        try:
            self._endpoint._incoming(prm.callId)  # noqa: SLF001 - one unit with the endpoint
        except Exception as error:  # noqa: BLE001 - the wrapper would swallow it
            self._endpoint.call_failed(error)


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
