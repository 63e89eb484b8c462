"""Which addresses are trunks': who calls us from one, and whether a softphone's address is at one."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import unquote

from dialer.switch.names import Names, place_of
from dialer.switch.options import TrunkOptions

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_DIGITS_OF_A_NUMBER = 7
"""The shortest numbers of subscribers; extensions are shorter."""


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

    def is_number_at_trunk(self, uri: str) -> bool:
        """Whether a call to it would reach a telephone through a trunk, past every rule that calls have.

        An extension of a telephone system, which may be a trunk as well, is none. A host of which nobody
        knows may be any.
        """
        user = unquote(uri.partition(":")[2].rpartition("@")[0]).partition(";")[0]
        if sum(each.isdigit() for each in user) < _DIGITS_OF_A_NUMBER or any(each.isalpha() for each in user):
            return False
        place = place_of(uri)
        known = self._names.addresses(place.host)
        leads_elsewhere = ";maddr=" in place.parameters.lower()
        return not known or leads_elsewhere or any(self.trunk_of(each) is not None for each in known)


def _parsed(texts: Iterable[str]) -> frozenset[Address]:
    found = set()
    for text in texts:
        try:
            found.add(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            continue
    return frozenset(found)
