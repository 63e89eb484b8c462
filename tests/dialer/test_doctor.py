"""What `dialer doctor` finds about the ports that are set."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialer.doctor import Finding, examine_ports
from dialer.settings import Settings, isolated_settings
from tests.servers import free_port

SIP, HTTP, MQTT, RTP = "SIP port", "HTTP port", "MQTT port", "RTP ports"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Ports that are free, and lines that need all of the RTP ports."""
    return isolated_settings(
        data_dir=tmp_path,
        sip={
            "port": free_port(socket.SOCK_DGRAM),
            "rtp_port": _free_range(4),
            "rtp_port_count": 4,
            "lines": 2,
        },
        api={"port": free_port()},
        mqtt={"port": free_port()},
    )


def _free_range(count: int) -> int:
    """Where so many free ports in a row begin; among those that nobody else is given."""
    for first in range(28_000, 29_000, count):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(taken(socket.SOCK_DGRAM, port))
            return first
    raise AssertionError("no free ports")


@contextlib.contextmanager
def taken(kind: socket.SocketKind, port: int) -> Iterator[None]:
    """Somebody else has that port."""
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        yield


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine_ports(settings)}


def test_free_ports_are_good(settings: Settings) -> None:
    findings = found(settings)
    assert findings.keys() == {SIP, HTTP, MQTT, RTP}
    assert all(finding.good for finding in findings.values()), findings


def test_a_taken_port_is_named_with_the_setting_that_mends_it(settings: Settings) -> None:
    ports = {
        SIP: (socket.SOCK_DGRAM, settings.sip.port, "DIALER_SIP__PORT"),
        HTTP: (socket.SOCK_STREAM, settings.api.port, "DIALER_API__PORT"),
        MQTT: (socket.SOCK_STREAM, settings.mqtt.port, "DIALER_MQTT__PORT"),
        RTP: (socket.SOCK_DGRAM, settings.sip.rtp_port, "DIALER_SIP__RTP_PORT"),
    }
    for subject, (kind, port, variable) in ports.items():
        with taken(kind, port):
            bad = [finding for finding in examine_ports(settings) if not finding.good]
        assert [finding.subject for finding in bad] == [subject]
        assert str(port) in bad[0].detail
        assert variable in bad[0].detail


def test_a_few_taken_rtp_ports_are_no_hindrance(settings: Settings) -> None:
    fewer = settings.model_copy(update={"sip": settings.sip.model_copy(update={"lines": 1})})
    with taken(socket.SOCK_DGRAM, settings.sip.rtp_port):
        assert found(fewer)[RTP].good
        assert "1 of 4" in found(fewer)[RTP].detail


def test_an_address_of_another_machine_is_told_from_a_taken_port() -> None:
    findings = found(isolated_settings(sip={"host": "192.0.2.1"}, api={"host": "no.such.host.invalid"}))
    for subject, variable in ((SIP, "DIALER_SIP__HOST"), (HTTP, "DIALER_API__HOST")):
        assert not findings[subject].good
        assert variable in findings[subject].detail
    assert findings[RTP].good


def test_what_is_chosen_at_the_start_or_kept_elsewhere_is_not_looked_at() -> None:
    settings = isolated_settings(
        sip={"port": 0}, api={"port": 0}, mqtt={"url": "mqtt://broker.example", "port": 1883}
    )
    assert found(settings).keys() == {RTP}
