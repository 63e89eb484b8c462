"""What web hooks promise: which events they tell, when one is told again, whom a request may reach. Pure.

Sources: Standard Webhooks (github.com/standard-webhooks/standard-webhooks) for answers and retries; the IANA
special-purpose address registries (RFC 6890) for addresses.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from campaigns.errors import InvalidWebhookError

EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "call.ended": "a call is over, with its outcome",
        "disposition.set": "somebody has said what a call came to",
        "disposition.corrected": "what was said of a call is said otherwise",
        "lead.created": "a lead has come by itself: over the API, through a lead hook, by calling",
        "lead.opted_out": "a person asked not to be called, or written to, again; `channels` says in which",
        "callback.made": "a call was promised, or the promise moved",
        "message.replied": "a person has answered a message",
        "appointment.booked": "an appointment was booked, or moved to another slot",
    }
)
"""Every type of event that a web hook may want, with what it says."""
TEST_EVENT = "webhook.test"
"""What a web hook is sent to try it; nobody subscribes to it."""

EVERYTHING = "*"
LONGEST_URL = 2000

MOST_TRIES = 10
_FIRST_WAIT_S, _GROWTH, _LONGEST_WAIT_S = 10.0, 4.0, 21_600.0
"""10 s, 40 s, 3 min, 11 min, 43 min, 2.8 h, then each 6 h: about a day in all."""
_JITTER = 0.25
_LONGEST_REST_S = 60.0
FAILING_LIMIT = timedelta(days=3)
"""A web hook that has not taken one event for so long is disabled."""
GONE = 410

Verdict = Literal["delivered", "gone", "failed"]
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # The address at which a cloud's machines reach its control: public by its number, private by its use.
        "168.63.129.16/32",
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
"""All that is given out to be reached by everybody."""
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(each)
    # Protocol assignments with Teredo, documentation, 6to4, which hides an IPv4 address, documentation.
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")
"""An IPv4 address in its last 32 bits (RFC 6052)."""


def parse_events(given: Sequence[str]) -> tuple[str, ...]:
    """The types that a web hook wants, each once: `call.ended`, `call.*`, or `*` for all.

    Raises InvalidWebhookError.
    """
    for each in given:
        if not any(wants([each], event) for event in EVENTS):
            known = ", ".join(EVENTS)
            raise InvalidWebhookError(f"{each[:40]!r} is no event; there are {known}, call.* and * for all.")
    if not given:
        raise InvalidWebhookError("A web hook wants at least one type of event; * stands for all.")
    return tuple(dict.fromkeys(given))


def wants(events: Sequence[str], event: str) -> bool:
    """Whether a web hook for these events is told one of this type; the test goes to everyone."""
    if event == TEST_EVENT:
        return True
    group = f"{event.partition('.')[0]}.{EVERYTHING}"
    return any(each in (event, group, EVERYTHING) for each in events)


def judge(status: int) -> Verdict:
    """What an answer means: any 2xx has taken the event, 410 wants none any more, all else wants it again."""
    if 200 <= status < 300:
        return "delivered"
    return "gone" if status == GONE else "failed"


def next_try(tries: int, now: datetime, chance: float, wait_at_least_s: float = 0.0) -> datetime | None:
    """When to try again after `tries` that failed; None after the last.

    Waits grow fourfold from 10 seconds to six hours, each up to a quarter shorter or longer by `chance` (0 to
    1), so that what failed together does not come back together. The receiver's wish to wait is kept.
    """
    if tries >= MOST_TRIES:
        return None
    return now + timedelta(seconds=max(wait_s(tries, chance), min(wait_at_least_s, _LONGEST_WAIT_S)))


def wait_s(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row, from 1 on."""
    whole = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * _GROWTH ** min(failures - 1, MOST_TRIES))
    return whole * (1 - _JITTER + 2 * _JITTER * chance)


def rest_s(failures: int, chance: float, wait_at_least_s: float = 0.0) -> float:
    """For how long nothing is sent after so many failures in a row, from 1 on.

    A minute at most, so that one event that cannot be taken keeps no others, or as long as is wished for.
    """
    return max(min(wait_s(failures, chance), _LONGEST_REST_S), min(wait_at_least_s, _LONGEST_WAIT_S))


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether a web hook has failed for so long that it is disabled."""
    return failing_since is not None and now - failing_since >= FAILING_LIMIT


def parse_networks(given: Sequence[str]) -> tuple[Network, ...]:
    """Networks as in 10.1.0.0/16 or fd00::/8. Raises ValueError."""
    return tuple(ip_network(each) for each in given)


def may_reach(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether a request may go to an address: one of the public internet, or of an allowed network.

    An IPv4 address that is written as an IPv6 one is looked at as what it is.
    """
    if is_in(address, allowed):
        return True
    found = _parsed(address)
    if found is None:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in each for each in _NOT_PUBLIC_V4)
    return found in _GLOBAL_V6 and not any(found in each for each in _NOT_PUBLIC_V6)


def is_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of these networks."""
    found = _parsed(address)
    return found is not None and any(found.version == each.version and found in each for each in networks)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address that is meant; None for what is none, and for one with a zone, which is of a link."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    if found.scope_id is not None:
        return None
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def checked_url(url: str, allowed: Sequence[Network] = ()) -> str:
    """The address of a web hook. Raises InvalidWebhookError.

    Without TLS only where there are networks of one's own: whether it leads there is seen at each delivery.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidWebhookError("The address has a host or a port that is none.") from None
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidWebhookError(f"An address is of {LONGEST_URL} ASCII characters at most, without spaces.")
    if parts.scheme not in ("https", "http") or not host:
        raise InvalidWebhookError("An address is as in https://crm.example.com/hooks/dialer.")
    if parts.scheme == "http" and not allowed:
        raise InvalidWebhookError("An address begins with https://, so that nobody on the way reads along.")
    if "@" in parts.netloc or parts.fragment:
        raise InvalidWebhookError("An address has no user, no password and no # part.")
    literal = _parsed(host)
    if literal is not None and not may_reach(host, allowed):
        raise InvalidWebhookError(NOT_PUBLIC)
    return url


NOT_PUBLIC = (
    "The address is not of the public internet; an operator can allow a network of your own in "
    "DIALER_WEBHOOKS__ALLOWED_NETWORKS."
)
