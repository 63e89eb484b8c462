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
from collections import deque
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from dialer.switch.accounts import (
    Account,
    Caller,
    TrunkAccount,
    TrunkNews,
    account_config,
    auto_answer_headers,
    domain_of,
    identity_headers,
    trunk_config,
)
from dialer.switch.invites import Invite
from dialer.switch.keys import KeyWay
from dialer.switch.names import Names, Place, UnknownNameError, Way, place_of, way_to
from dialer.switch.options import EndpointOptions
from dialer.switch.sip_call import CallListener, EndpointError, SipCall, UnsentError, audio_only

_CODECS = ("PCMU", "PCMA")
_ADDRESS_IN_USE = 120000 + errno.EADDRINUSE  # PJ_ERRNO_START_SYS
_OUR_OWN_AFFAIR = {
    70010: "every line is in use",  # PJ_ETOOMANY
    _ADDRESS_IN_USE: "every RTP port is in use",
    171039: "an address in it is not valid",  # PJSIP_EINVALIDURI
}
"""Why a call cannot be placed by any way."""
_PORTS_A_SEARCH = 200
"""A call looks at this many RTP ports and then fails; the next one goes on from there. Where as many
agents are on the line, their ports are such a stretch."""
_CANCELED_WITHIN_S = 2.0
"""A far end that has not agreed to our CANCEL by then is gone. An answer that is lost on its way is sent
again after 0.5 and 1.5 s (RFC 3261, 13.3.1.4)."""
_MOST_HOSTS = 20
"""Of agents' softphones, whose names we look up ourselves; there are 64 accounts in all (config_site.h)."""
_GOODBYE_WITHIN_S = 1.0
_GOODBYE_POLL_MS = 10


IncomingHandler = Callable[["SipCall", str], CallListener]
"""Given a call and the user part it asks for, returns who listens to it."""


class Endpoint:
    """One SIP address with its calls and its audio bridge. A process can have one."""

    def __init__(
        self,
        options: EndpointOptions,
        on_incoming: IncomingHandler | None = None,
        names: Names | None = None,
    ) -> None:
        """Starts the library. Raises EndpointError, for example where the port is taken.

        Without `names`, and where nameservers are given, the library itself asks for the addresses of hosts.
        """
        self._names = names if not options.nameservers else None
        self._options = options
        self._hosts: dict[Place, Account] = {}
        self._on_incoming = on_incoming
        self._calls: dict[int, SipCall] = {}
        self._buried: list[SipCall] = []
        self._canceled: deque[tuple[float, SipCall]] = deque()
        self._pressed: list[tuple[SipCall, str, KeyWay]] = []
        self._trunks: dict[str, TrunkAccount] = {}
        self._news: list[TrunkNews] = []
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
        self.host, self.port = self._listen(pj.PJSIP_TRANSPORT_UDP, options, options.port)
        if options.tcp:
            self._listen(pj.PJSIP_TRANSPORT_TCP, options, self.port)
        self.tls_port = 0
        if options.tls is not None:
            _, self.tls_port = self._listen(pj.PJSIP_TRANSPORT_TLS, options, options.tls_port)
        library.libStart()
        library.audDevManager().setNullDev()
        _choose_codecs(library, options)
        address = f"{self.host}:{self.port}"
        self._account = Account(self, account_config(options, address))
        self._account.open(default=True)
        for trunk in options.trunks:
            config = trunk_config(options, trunk, address)
            account = self._trunks[trunk.name] = TrunkAccount(self, trunk, config, self._news.append)
            try:
                account.open(self.way_to(trunk.uri))
            except UnknownNameError:
                account.open()

    def _listen(self, kind: int, options: EndpointOptions, port: int) -> tuple[str, int]:
        transport = pj.TransportConfig()
        transport.boundAddress = options.host
        transport.port = port
        if options.tls is not None and kind == pj.PJSIP_TRANSPORT_TLS:
            tls = transport.tlsConfig
            tls.CaListFile = options.tls.ca_file
            tls.certFile = options.tls.certificate_file
            tls.privKeyFile = options.tls.key_file
            tls.verifyServer = True
        info = self._library.transportGetInfo(self._library.transportCreate(kind, transport))
        host, _, bound = str(info.localName).rpartition(":")
        return host, int(bound)

    @property
    def version(self) -> str:
        """The SIP library's own version."""
        version = self._library.libVersion()
        return str(version.full)

    def poll(self, timeout_ms: int) -> None:
        """Handles what has come, waiting up to `timeout_ms`. Raises what a callback raised."""
        self._library.libHandleEvents(timeout_ms)
        now = time.monotonic()
        for trunk in self._trunks.values():
            trunk.ask(now)
        while self._canceled and self._canceled[0][0] <= now:
            self._canceled.popleft()[1].hang_up()
        for call in self._buried:
            call.destroy()
        self._buried.clear()
        pressed, self._pressed = self._pressed, []
        for call, digit, way in pressed:
            call.key_pressed(digit, way)
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def trunk_news(self) -> list[TrunkNews]:
        """Which trunks came or went since this was asked last."""
        news, self._news[:] = list(self._news), []
        return news

    def trunks_up(self) -> dict[str, bool]:
        """Whether each trunk answers, as far as anybody asks it and knows."""
        return {name: account.up for name, account in self._trunks.items() if account.up is not None}

    def place(
        self,
        listener: CallListener,
        uri: str,
        caller: Caller,
        trunk: str = "",
        *,
        auto_answer: bool = False,
    ) -> SipCall:
        """Sends an INVITE, through a trunk where one is named; with `auto_answer`, to be answered at once.

        Raises EndpointError where it could not be sent: UnsentError where that is the way's fault. The
        listener is told nothing of such a call.
        """
        options = audio_only(pj.CallOpParam(True))
        codecs = tuple[str, ...]()
        address = domain = f"{self.host}:{self.port}"
        if (through := self._trunks.get(trunk)) is not None:
            codecs = through.options.codecs
            domain = domain_of(through.options, address)
            for header in identity_headers(through.options, caller, address):
                options.txOption.headers.append(header)
        for header in auto_answer_headers(address) if auto_answer else []:
            options.txOption.headers.append(header)
        account = self._account_to(uri, through)
        if caller.number:
            options.txOption.localUri = caller.address(domain)
        for _ in range(self._port_searches):
            # The library tells of an INVITE that it cannot send within `makeCall`, and raises then.
            call = SipCall(self, account, pj.PJSUA_INVALID_ID, None, codecs)
            try:
                call.makeCall(uri, options)
            except pj.Error as error:
                status, reason = int(error.status), str(error.reason)
                call.destroy()
            else:
                if call.is_over:
                    status, reason = 0, "the library ended it at once"
                    call.destroy()
                    break
                self._calls[call.getId()] = call
                call.listener = listener
                return call
            if status != _ADDRESS_IN_USE:
                break
        if status in _OUR_OWN_AFFAIR:
            raise EndpointError(f"The call could not be placed: {_OUR_OWN_AFFAIR[status]}.")
        raise UnsentError(f"The call could not be sent: {reason}.")

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

    def way_to(self, uri: str) -> Way | None:
        """How a request gets to a SIP address; None where the library knows. Raises UnknownNameError."""
        return None if self._names is None else way_to(uri, self._names, ipv6=":" in self.host)

    def _account_to(self, uri: str, trunk: TrunkAccount | None) -> Account:
        """The account whose calls get to an address; a host with a name has its own. Raises UnsentError."""
        try:
            way = self.way_to(uri)
        except UnknownNameError as error:
            raise UnsentError(f"The call could not be sent: {error}.") from None
        if trunk is not None:
            trunk.lead(way)
            return trunk
        if way is None:
            return self._account
        host = place_of(uri)
        if host in self._hosts:
            self._hosts[host].lead(way)
        elif len(self._hosts) < _MOST_HOSTS:
            self._hosts[host] = Account(self, account_config(self._options, f"{self.host}:{self.port}"))
            self._hosts[host].open(way)
        return self._hosts.get(host, self._account)

    def call_came(self, account: Any, call_id: int, invite: Invite) -> None:
        """Called by an account."""
        call = SipCall(self, account, call_id, None)
        call.invite = invite
        self._calls[call_id] = call
        if self._on_incoming is None:
            call.hang_up(480)
            return
        info = call.getInfo()
        user = re.sub(r"^.*?sips?:", "", str(info.localUri)).partition("@")[0]
        call.listener = self._on_incoming(call, user)

    def key_came(self, call: SipCall, digit: str, way: KeyWay) -> None:
        """Called by a call; told of later, since a key may end the call, and its INFO is answered first."""
        self._pressed.append((call, digit, way))

    def call_canceled(self, call: SipCall) -> None:
        """Called by a call."""
        self._canceled.append((time.monotonic() + _CANCELED_WITHIN_S, call))

    def call_over(self, call_id: int) -> None:
        """Called by a call."""
        if call := self._calls.pop(call_id, None):
            self._buried.append(call)

    def call_failed(self, error: BaseException) -> None:
        """Called by a call; `poll` raises it."""
        self._error = self._error or error


def _library_config(options: EndpointOptions) -> Any:
    config = pj.EpConfig()
    config.uaConfig.maxCalls = options.max_calls
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "dialer"
    for nameserver in options.nameservers:
        config.uaConfig.nameserver.append(nameserver)
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


def _choose_codecs(library: Any, options: EndpointOptions) -> None:
    """Those that somebody wants; which of them a call offers is its trunk's affair."""
    wanted = dict.fromkeys([*_CODECS, *(codec for trunk in options.trunks for codec in trunk.codecs)])
    priorities = {codec: 200 - place for place, codec in enumerate(wanted)}
    codecs = library.codecEnum2()
    for codec in codecs:
        name = str(codec.codecId).partition("/")[0]
        library.codecSetPriority(codec.codecId, priorities.get(name, 0))
