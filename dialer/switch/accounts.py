"""The endpoint's SIP accounts: its own, and one for each trunk with its credentials and its health."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pjsua2 as pj

from dialer.switch.invites import Invite, read_invite
from dialer.switch.keepalive import KeepAlive
from dialer.switch.names import UnknownNameError, Way
from dialer.switch.options import EndpointOptions, TrunkOptions
from dialer.switch.sip_events import callback, transaction_of

_SRTP = {
    "off": pj.PJMEDIA_SRTP_DISABLED,
    "optional": pj.PJMEDIA_SRTP_OPTIONAL,
    "required": pj.PJMEDIA_SRTP_MANDATORY,
}
_SECONDS_OF_REGISTRATION = 300
_RETRY_S = 10
_WELL = range(200, 300)


class AccountOwner(Protocol):
    """The endpoint, as its accounts know it."""

    def call_came(self, account: Any, call_id: int, invite: Invite) -> None: ...
    def way_to(self, uri: str) -> Way | None: ...
    def call_failed(self, error: BaseException) -> None: ...


class Account(pj.Account):  # type: ignore[misc]
    """Calls that come and go without a trunk."""

    def __init__(self, owner: AccountOwner, config: Any) -> None:
        """`config` is the library's; nothing happens before `open`."""
        super().__init__()
        self.owner = owner
        self._config = config

    def open(self, way: Way | None = None, *, default: bool = False) -> None:
        """Its requests go by a way, where one is given. The default one gets calls that no other is for."""
        if way is not None:
            self._config.sipConfig.proxies.append(way.route)
        self.create(self._config, default)

    def lead(self, way: Way | None) -> None:
        """Its requests go by another way from now on, if it is another."""
        routes = [way.route] if way is not None else []
        proxies = self._config.sipConfig.proxies
        if list(proxies) != routes:
            proxies.clear()
            for route in routes:
                proxies.append(route)
            self.modify(self._config)

    @callback
    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """Somebody calls us."""
        request = prm.rdata
        invite = read_invite(str(request.srcAddress), str(request.wholeMsg).encode("utf-8", "replace"))
        self.owner.call_came(self, prm.callId, invite)


@dataclass(frozen=True)
class Caller:
    """What the far end is shown: a number, maybe with a name; neither where the number is empty."""

    number: str
    name: str = ""

    def address(self, domain: str) -> str:
        """As `From` has it."""
        shown = f'"{self.name}" ' if self.name else ""
        return f"{shown}<sip:{self.number}@{domain}>"


@dataclass(frozen=True)
class TrunkNews:
    """Whether a trunk answers now, which it did not (or nobody knew) before."""

    trunk: str
    up: bool
    reason: str


class TrunkAccount(Account):
    """A trunk: who we are there, and whether it is there."""

    def __init__(
        self,
        owner: AccountOwner,
        options: TrunkOptions,
        config: Any,
        on_news: Callable[[TrunkNews], None],
    ) -> None:
        super().__init__(owner, config)
        self.options = options
        self._on_news = on_news
        self._keep_alive = KeepAlive(options.keep_alive_s)
        self._registered: bool | None = None
        self._register_again_at: float | None = None
        self._told: bool | None = None

    @property
    def up(self) -> bool | None:
        """Whether it answers; None where nobody asks it, or it has not answered yet."""
        known = [each for each in (self._keep_alive.up, self._registered) if each is not None]
        return all(known) if known else None

    def ask(self, now: float) -> None:
        """Sends OPTIONS where the time has come; `now` is monotonic seconds."""
        if self._registered is False:
            self._register_again(now)
        if self._keep_alive.is_due(now):
            question = pj.SendRequestParam()
            question.method = "OPTIONS"
            option = question.txOption
            option.targetUri = self.options.uri
            try:
                self.lead(self.owner.way_to(self.options.uri))
                self.sendRequest(question)
            except (pj.Error, UnknownNameError):
                self._keep_alive.answered(503)
        self._tell("no answer to OPTIONS")

    def _register_again(self, now: float) -> None:
        """The library itself does not, once a registrar has refused."""
        if self._register_again_at is None:
            self._register_again_at = now + self.options.register_again_s
        elif now >= self._register_again_at:
            self._register_again_at = now + self.options.register_again_s
            with contextlib.suppress(pj.Error, UnknownNameError):
                self.lead(self.owner.way_to(self.options.uri))
                self.setRegistration(True)

    @callback
    def onSendRequest(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """An OPTIONS has its answer."""
        status = transaction_of(prm).status
        self._keep_alive.answered(status)
        self._tell(f"OPTIONS: {status}")

    @callback
    def onRegState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """A REGISTER has its answer."""
        self._registered = int(prm.code) in _WELL and int(prm.expiration) > 0
        if self._registered:
            self._register_again_at = None
        self._tell(f"registration: {int(prm.code)} {prm.reason}")

    def _tell(self, reason: str) -> None:
        if self.up is not None and self.up != self._told:
            self._told = self.up
            self._on_news(TrunkNews(self.options.name, self.up, reason))


def account_config(options: EndpointOptions, address: str) -> Any:
    """Of the endpoint's own account; `address` is host and port."""
    config = pj.AccountConfig()
    config.idUri = f"<sip:{options.user}@{address}>"
    media = config.mediaConfig
    media.lockCodecEnabled = False
    media.srtpUse = _SRTP[options.srtp]
    media.srtpSecureSignaling = 0
    media.transportConfig.boundAddress = options.host
    media.transportConfig.port = options.rtp_port
    media.transportConfig.portRange = options.rtp_port_count
    # Else the library tries 100 ports from the first on, and finds none where more calls are up.
    media.transportConfig.randomizePort = True
    return config


def trunk_config(options: EndpointOptions, trunk: TrunkOptions, address: str) -> Any:
    """Of a trunk's account. SRTP's keys are in the offer: settings ask for TLS wherever SRTP is."""
    config = account_config(options, address)
    # A user may come with its realm, as in acme@carrier.example; only digest wants the whole of it.
    name = trunk.user.partition("@")[0] or options.user
    config.idUri = f"<sip:{name}@{domain_of(trunk, address)}>"
    config.mediaConfig.srtpUse = _SRTP[trunk.srtp]
    if trunk.user:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", trunk.user, 0, trunk.password))
    registration = config.regConfig
    if trunk.register:
        registration.registrarUri = trunk.uri
        registration.timeoutSec = _SECONDS_OF_REGISTRATION
        registration.retryIntervalSec = registration.firstRetryIntervalSec = _RETRY_S
    return config


def domain_of(trunk: TrunkOptions, address: str) -> str:
    """Where our numbers are at home: with a trunk that knows us by a user, else at our own address."""
    if not trunk.user:
        return address
    return trunk.uri.partition(":")[2].partition(";")[0]


def identity_headers(trunk: TrunkOptions, caller: Caller, address: str) -> list[Any]:
    """P-Asserted-Identity (RFC 3325), with the word that the number is not to be withheld (RFC 3323)."""
    if not (trunk.asserted_identity and caller.number):
        return []
    return sip_headers({"P-Asserted-Identity": caller.address(domain_of(trunk, address)), "Privacy": "none"})


def auto_answer_headers(address: str) -> list[Any]:
    """What asks a softphone to answer by itself, in every way that one of them knows.

    Answer-Mode is RFC 5373; the others are what telephones had before it.
    """
    return sip_headers(
        {
            "Call-Info": f"<sip:{address}>;answer-after=0",
            "Alert-Info": f"<http://{address}>;info=alert-autoanswer;delay=0",
            "Answer-Mode": "Auto",
        }
    )


def sip_headers(named: Mapping[str, str]) -> list[Any]:
    """Headers as the library takes them."""
    headers = []
    for name, value in named.items():
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        headers.append(header)
    return headers
