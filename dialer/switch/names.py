"""The addresses behind names, looked up in a thread of their own.

The SIP library would ask the system's resolver in the one thread that serves every call, and a nameserver
that is away would hold them all up. So a call to a name goes to an address that is known already, by a Route
header (RFC 3261, 8.1.2); the name stays where the far end looks for it.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

LOOK_AGAIN_S = 60.0
_LOOK_AGAIN_UNKNOWN_S = 5.0
_FIRST_TIME_WITHIN_S = 0.2
"""So long a request to a name that nobody has looked up yet waits, and every call with it."""
_MOST_NAMES = 1_000
"""An agent's softphone may be at any host; more than these are not known."""

Resolve = Callable[[str], Iterable[str]]


class Place(NamedTuple):
    """Where a SIP address is; the port and the parameters as written, with their : and ;."""

    host: str
    port: str
    parameters: str


def place_of(uri: str) -> Place:
    """The place in `sip:user@host:port;parameters`; an IPv6 host comes without its brackets."""
    place, _, rest = uri.partition(":")[2].rpartition("@")[2].partition(";")
    parameters = f";{rest}" if rest else ""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return Place(host, port, parameters)
    host, colon, port = place.partition(":")
    return Place(host, colon + port, parameters)


def resolved(host: str) -> Iterable[str]:
    """The addresses of a host, by the system's resolver; none where nobody knows it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return []
    return [str(each[4][0]) for each in found]


def is_address(host: str) -> bool:
    """Whether it is an address already."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class Names:
    """The addresses of hosts; one that is asked for becomes known soon, and is looked up every minute."""

    def __init__(self, resolve: Resolve = resolved) -> None:
        self._resolve = resolve
        self._known: dict[str, tuple[str, ...]] = {}
        self._looked_up: set[str] = set()
        self._news = threading.Condition()
        self._asked = threading.Event()
        self._closed = False
        self._looking = threading.Thread(target=self._look_again_and_again, daemon=True, name="names")

    def close(self) -> None:
        """Looks no more."""
        self._closed = True
        self._asked.set()

    def addresses(self, host: str) -> tuple[str, ...]:
        """What is known of a host now, without waiting."""
        if is_address(host):
            return (host,)
        if host not in self._known:
            self._ask(host)
        return self._known.get(host, ())

    def wait(self, hosts: Iterable[str], within_s: float) -> None:
        """Until each has been looked up once, or the time is over."""
        names = [each for each in hosts if not is_address(each)]
        for name in names:
            self._ask(name)
        with self._news:
            self._news.wait_for(lambda: self._looked_up.issuperset(names), within_s)

    def look(self) -> None:
        """Looks everything up; a host that nobody knows now keeps the addresses that it had."""
        for host in list(self._known):
            found = tuple(each for each in dict.fromkeys(self._resolve(host)) if is_address(each))
            with self._news:
                self._known[host] = found or self._known[host]
                self._looked_up.add(host)
                self._news.notify_all()

    def _ask(self, host: str) -> None:
        if host in self._known or len(self._known) >= _MOST_NAMES:
            return
        self._known[host] = ()
        self._asked.set()
        if not self._looking.is_alive() and not self._closed:
            self._looking.start()

    def _look_again_and_again(self) -> None:
        while not self._closed:
            self._asked.clear()
            self.look()
            self._asked.wait(LOOK_AGAIN_S if all(self._known.values()) else _LOOK_AGAIN_UNKNOWN_S)


class UnknownNameError(Exception):
    """Nobody knows the address of a name now."""


@dataclass(frozen=True, slots=True)
class Way:
    """The address of a SIP host and its port, as in `192.0.2.9:5070`, and `;transport=tcp` or nothing."""

    place: str
    transport: str = ""

    @property
    def uri(self) -> str:
        """As a request's own address."""
        return f"sip:{self.place}{self.transport}"

    @property
    def route(self) -> str:
        """As a Route header has it."""
        return f"<{self.uri};lr>"


def way_to(uri: str, names: Names, *, ipv6: bool = False) -> Way | None:
    """How a request gets to a SIP address; None where the library finds the way without asking anybody.

    Nor has a request over TLS one, whose far end shows a certificate for its name: the library asks for that
    name itself. Raises UnknownNameError.
    """
    place = place_of(uri)
    parameters = place.parameters.lower()
    by_itself = uri.lower().startswith("sips:") or "transport=tls" in parameters or ";maddr=" in parameters
    if by_itself or is_address(place.host):
        return None
    names.wait((place.host,), _FIRST_TIME_WITHIN_S)
    for address in names.addresses(place.host):
        if (":" in address) == ipv6:
            host = f"[{address}]" if ipv6 else address
            return Way(host + place.port, ";transport=tcp" if "transport=tcp" in parameters else "")
    raise UnknownNameError(f"The address of {place.host} is not known")
