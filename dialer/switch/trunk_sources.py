"""From which addresses trunks call us. Who comes from elsewhere is nobody's trunk."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Mapping

import structlog

from dialer.switch.options import TrunkOptions

_LOOK_AGAIN_S = 300.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str], Iterable[str]]

log = structlog.get_logger("switch")


def host_of(uri: str) -> str:
    """The host of a trunk's address, without its port and parameters."""
    place = uri.partition(":")[2].rpartition("@")[2].partition(";")[0]
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0]


def addresses_of(host: str) -> Iterable[str]:
    """The addresses of a host, by the system's resolver; none where nobody knows it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return []
    return {str(each[4][0]) for each in found}


class TrunkSources:
    """The addresses of the trunks' hosts, looked up again and again, and the networks that were named."""

    def __init__(self, trunks: Iterable[TrunkOptions], resolve: Resolve = addresses_of) -> None:
        self._named: dict[str, list[Network]] = {}
        self._hosts: dict[str, str] = {}
        self._found: Mapping[str, frozenset[Address]] = {}
        self._resolve = resolve
        self._closed = threading.Event()
        for trunk in trunks:
            self._named[trunk.name] = [ipaddress.ip_network(each) for each in trunk.callers_from]
            self._hosts[trunk.name] = host_of(trunk.uri)
        self._looking = threading.Thread(target=self._look_again_and_again, daemon=True, name="trunk-sources")

    def start(self) -> None:
        """Knows the hosts that are addresses now, and those that are names soon: asking may take its time."""
        self._found = {name: _parsed([host]) for name, host in self._hosts.items()}
        if not all(self._found.values()):
            self._looking.start()

    def close(self) -> None:
        """Looks no more."""
        self._closed.set()

    def trunk_of(self, source: str) -> str | None:
        """The trunk that calls from an address; of several with one, the first."""
        for address in _parsed([source]):
            for name, named in self._named.items():
                if address in self._found.get(name, ()) or any(address in each for each in named):
                    return name
        return None

    def look(self) -> None:
        """Asks for the hosts' addresses; one that nobody knows now keeps those that it had."""
        found = {name: _parsed(self._resolve(host)) for name, host in self._hosts.items()}
        self._found = {name: each or self._found.get(name, frozenset()) for name, each in found.items()}

    def _look_again_and_again(self) -> None:
        while not self._closed.is_set():
            self.look()
            self._closed.wait(_LOOK_AGAIN_S)


def _parsed(texts: Iterable[str]) -> frozenset[Address]:
    found = set()
    for text in texts:
        try:
            found.add(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            continue
    return frozenset(found)
