"""From which addresses trunks call us. Who comes from elsewhere is nobody's trunk."""

import ipaddress
from collections.abc import Iterable

from dialer.switch.names import Names, place_of
from dialer.switch.options import TrunkOptions

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrunkSources:
    """The addresses of the trunks' hosts as they are known, and the networks that were named."""

    def __init__(self, trunks: Iterable[TrunkOptions], names: Names) -> None:
        self._names = names
        self._named: dict[str, list[Network]] = {}
        self._hosts: dict[str, str] = {}
        for trunk in trunks:
            self._named[trunk.name] = [ipaddress.ip_network(each) for each in trunk.callers_from]
            self._hosts[trunk.name] = place_of(trunk.uri).host

    @property
    def hosts(self) -> tuple[str, ...]:
        """Of every trunk, names and addresses."""
        return tuple(self._hosts.values())

    def trunk_of(self, source: str) -> str | None:
        """The trunk that calls from an address; of several with one, the first."""
        for address in _parsed([source]):
            for name, named in self._named.items():
                known = _parsed(self._names.addresses(self._hosts[name]))
                if address in known or any(address in each for each in named):
                    return name
        return None


def _parsed(texts: Iterable[str]) -> frozenset[Address]:
    found = set()
    for text in texts:
        try:
            found.add(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            continue
    return frozenset(found)
