"""Requests go to addresses that are known: no name is looked up in the thread that serves every call."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from dialer.switch.accounts import Caller
from dialer.switch.endpoint import Endpoint
from dialer.switch.names import Names, Place, UnknownNameError, place_of, way_to
from dialer.switch.options import EndpointOptions, TrunkOptions
from dialer.switch.sip_call import CallListener, UnsentError

CARRIER = "carrier.example"


@pytest.fixture
def names() -> Iterator[Names]:
    """Knows one carrier by two addresses."""
    names = Names(lambda host: ["2001:db8::9", "192.0.2.9", "junk"] if host == CARRIER else [])
    yield names
    names.close()


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("sip:carrier.example:5060;transport=tcp", Place("carrier.example", ":5060", ";transport=tcp")),
        ("sip:+12025550100@carrier.example", Place("carrier.example", "", "")),
        ("sips:[2001:db8::1]:5061", Place("2001:db8::1", ":5061", "")),
        ("sip:192.0.2.1", Place("192.0.2.1", "", "")),
    ],
)
def test_the_place_of_an_address(uri: str, place: Place) -> None:
    assert place_of(uri) == place


@pytest.mark.parametrize(
    ("uri", "route"),
    [
        ("sip:+12025550100@carrier.example:5070", "<sip:192.0.2.9:5070;lr>"),
        ("sip:+12025550100@carrier.example;transport=tcp", "<sip:192.0.2.9;transport=tcp;lr>"),
        ("sip:+12025550100@192.0.2.77:5060", None),
        ("sip:+12025550100@carrier.example;transport=tls", None),
        ("sips:+12025550100@carrier.example", None),
        ("sip:+12025550100@carrier.example;maddr=192.0.2.5", None),
    ],
)
def test_a_route_leads_to_a_known_address(names: Names, uri: str, route: str | None) -> None:
    names.wait([CARRIER], 10)
    way = way_to(uri, names)
    assert (way and way.route) == route


def test_a_route_keeps_to_the_family_of_our_own_address(names: Names) -> None:
    names.wait([CARRIER], 10)
    way = way_to(f"sip:{CARRIER}:5070", names, ipv6=True)
    assert way is not None
    assert way.uri == "sip:[2001:db8::9]:5070"


def test_a_name_that_nobody_knows_has_no_way(names: Names) -> None:
    names.wait(["nowhere.example"], 10)
    with pytest.raises(UnknownNameError, match=r"nowhere\.example"):
        way_to("sip:agent1@nowhere.example", names)


def test_a_host_that_nobody_knows_now_keeps_its_addresses() -> None:
    answers = [["192.0.2.9"], [], []]
    names = Names(lambda _host: answers.pop(0) if answers else [])
    try:
        names.wait([CARRIER], 10)
        names.look()
        names.look()
        assert names.addresses(CARRIER) == ("192.0.2.9",)
    finally:
        names.close()


def test_a_nameserver_that_is_away_holds_up_nobody() -> None:
    back = threading.Event()

    def hangs(_host: str) -> list[str]:
        back.wait(60)
        return ["192.0.2.9"]

    names = Names(hangs)
    try:
        names.wait([CARRIER], 0.01)
        assert names.addresses(CARRIER) == ()
        with pytest.raises(UnknownNameError):
            way_to(f"sip:{CARRIER}", names)
        back.set()
        names.wait([CARRIER], 10)
        assert names.addresses(CARRIER) == ("192.0.2.9",)
    finally:
        back.set()
        names.close()


class Nobody(CallListener):
    """Does nothing about what is told."""


class Hears(asyncio.DatagramProtocol):
    """A far end that keeps what comes."""

    def __init__(self) -> None:
        self.came: list[str] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        self.came.append(data.decode())


@asynccontextmanager
async def hearing(host: str, port: int = 0) -> AsyncIterator[tuple[Hears, int]]:
    """A far end at an address of loopback, and its port; 0 takes a free one."""
    loop = asyncio.get_running_loop()
    transport, far_end = await loop.create_datagram_endpoint(Hears, local_addr=(host, port))
    try:
        yield far_end, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def heard(endpoint: Endpoint, far_end: Hears, method: str) -> list[str]:
    """The lines of the first such request, once it has come."""
    while not (found := [each for each in far_end.came if each.startswith(method)]):
        endpoint.poll(5)
        await asyncio.sleep(0.005)
    return found[0].split("\r\n")


async def test_requests_go_to_the_address_of_a_name_and_keep_the_name() -> None:
    """Nobody but us knows these names: had the library asked for one, nothing would have been sent.

    A process can have one endpoint, so that all of it is one test.
    """
    addresses = {"trunk.example": "127.0.0.1", "registrar.example": "127.0.0.1"}
    names = Names(lambda host: [addresses[host]] if host in addresses else [])
    async with hearing("127.0.0.1") as (far_end, port), hearing("127.0.0.2", port) as (moved, _):
        place = f"trunk.example:{port}"
        trunk = TrunkOptions(name="a", uri=f"sip:{place}", keep_alive_s=60)
        lost = TrunkOptions(name="b", uri="sip:nowhere.example")
        options = EndpointOptions(max_calls=4, rtp_port=18600, rtp_port_count=50, trunks=(trunk, lost))
        endpoint = Endpoint(options, names=names)
        try:
            question = await heard(endpoint, far_end, "OPTIONS")
            assert question[0] == f"OPTIONS sip:{place} SIP/2.0"

            uri = f"sip:+12025550100@{place}"
            endpoint.place(Nobody(), uri, Caller("+12025550199"), "a")
            invite = await heard(endpoint, far_end, f"INVITE {uri} ")
            assert f"Route: <sip:127.0.0.1:{port};lr>" in invite
            with pytest.raises(UnsentError, match=r"nowhere\.example is not known"):
                endpoint.place(Nobody(), "sip:+12025550100@nowhere.example", Caller(""), "b")

            agent = f"sip:agent1@registrar.example:{port}"
            endpoint.place(Nobody(), agent, Caller(""))
            await heard(endpoint, far_end, f"INVITE {agent} ")
            addresses["registrar.example"] = "127.0.0.2"
            names.look()
            endpoint.place(Nobody(), agent, Caller(""))
            await heard(endpoint, moved, f"INVITE {agent} ")
        finally:
            endpoint.close()
            names.close()
