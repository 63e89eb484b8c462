"""Whatever is thrown at the switch's ports, it stays up and its calls are unharmed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import psutil
import pytest

from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from dialer.switch.messages import BridgeLegs, LegAnswered, LegEnded, LegsBridged, SwitchReady
from dialer.switch.options import EndpointOptions
from tests.dialer.switch.conftest import Switch, worker_number
from tests.dialer.switch.torture import messages, spoiled
from tests.support import eventually

PAIRS = 25
PERSON = "+12025551000"
SPOILED, SPOILED_AT_EACH_CALL = 3_000, 300


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[Switch]:
    """One that holds them all."""
    started = Switch(tmp_path, lines=2 * PAIRS + 10)
    await started.link.start()
    yield started
    await started.stop()


async def test_torture_messages_harm_neither_the_switch_nor_its_calls(switch: Switch) -> None:
    ports = 1000 * (worker_number() % 4)
    people = CarrierOptions(
        world=World(ring_mean_s=0.2, talk_mean_s=3600, patience_mean_s=3600),
        kinds={PERSON: Kind.PERSON},
        endpoint=EndpointOptions(max_calls=60, rtp_port=12000 + ports, rtp_port_count=1000, user="carrier"),
    )
    endpoint = EndpointOptions(max_calls=60, rtp_port=16000 + ports, rtp_port_count=1000, user="softphones")
    async with (
        SimulatedCarrier(people) as carrier,
        SimulatedSoftphones(SoftphonesOptions(PAIRS + 1, endpoint=endpoint)) as phones,
    ):
        names = {str(number): phones.uri(f"agent{number}") for number in range(1, PAIRS + 1)}
        await asyncio.gather(*(bridged(switch, names[each], carrier.uri(PERSON), each, 60) for each in names))
        await eventually(lambda: len(phones.events_of("heard")) == PAIRS)
        (ready,) = [each for each in switch.events if isinstance(each, SwitchReady)]
        listens, media = udp_ports(ready.pid), media_ports(switch)
        throw([*messages().values(), *spoiled(1, SPOILED)], [each for each in listens if each not in media])
        throw(spoiled(2, SPOILED_AT_EACH_CALL), [each for each in listens if each in media])
        await bridged(switch, phones.uri(f"agent{PAIRS + 1}"), carrier.uri(PERSON), "late", within_s=60)
        await eventually(lambda: len(phones.events_of("heard")) == PAIRS + 1)
        assert not [each for each in switch.events if isinstance(each, LegEnded)]
        assert not phones.events_of("silence")
        assert switch.losses == 0
        assert psutil.pid_exists(ready.pid)


async def bridged(switch: Switch, softphone: str, person: str, name: str, within_s: float = 10) -> None:
    """Has an agent and a person talk."""
    switch.place(f"agent-{name}", softphone)
    switch.place(f"person-{name}", person)
    await switch.said(LegAnswered, f"agent-{name}", within_s)
    await switch.said(LegAnswered, f"person-{name}", within_s)
    switch.link.send(BridgeLegs(f"person-{name}", f"agent-{name}"))
    await switch.said(LegsBridged, f"person-{name}", within_s)


def media_ports(switch: Switch) -> range:
    """Where its calls' audio may come."""
    endpoint = switch.options.endpoint
    return range(endpoint.rtp_port, endpoint.rtp_port + endpoint.rtp_port_count)


def udp_ports(pid: int) -> list[int]:
    """Where a process listens: for SIP, RTP and RTCP."""
    return sorted({each.laddr.port for each in psutil.Process(pid).net_connections("udp")})


def throw(datagrams: Iterable[bytes], ports: Iterable[int]) -> None:
    """Sends every datagram to every port, as fast as it goes."""
    targets = [("127.0.0.1", port) for port in ports]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        for datagram in datagrams:
            for target in targets:
                source.sendto(datagram, target)
