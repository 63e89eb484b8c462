"""What the set-up has, and what is missing or in the way."""

import asyncio
import errno
import fcntl
import os
import socket
import sys
from dataclasses import dataclass

from dialer.bootstrap import require_message, unclaimed_message
from dialer.bus.connection import MqttOptions, connected
from dialer.database import opened
from dialer.errors import DialerError
from dialer.folder import LOCK_NAME
from dialer.settings import Settings
from dialer.switch.capacity import BindingMissing, ask_binding
from dialer.version import VERSION

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    good: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Looks at everything that a start needs; nothing is changed."""
    return [
        Finding("dialer", True, f"version {VERSION} on Python {sys.version.split()[0]}"),
        await asyncio.to_thread(_data_folder, settings),
        await asyncio.to_thread(_message, settings),
        *await _binding(settings),
        await _database(settings),
        await _broker(settings),
        *await asyncio.to_thread(examine_ports, settings),
        *await asyncio.to_thread(_trunks, settings),
    ]


def _data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    if folder.exists():
        good = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
        return Finding("data folder", good, f"{folder} {'can' if good else 'cannot'} be written")
    parent = next(each for each in folder.absolute().parents if each.exists())
    good = os.access(parent, os.W_OK | os.X_OK)
    return Finding(
        "data folder", good, f"{folder} {'is made' if good else 'cannot be made'} at the first start"
    )


def _message(settings: Settings) -> Finding:
    path = unclaimed_message(settings)
    try:
        require_message(path)
    except DialerError as error:
        return Finding("message", False, str(error))
    return Finding("message", True, f"{path.name}, for people who find no agent")


async def _binding(settings: Settings) -> list[Finding]:
    try:
        capacity = await ask_binding()
    except BindingMissing as error:
        return [Finding("pjsua2", False, str(error))]
    lines = settings.sip.lines
    enough = capacity.max_calls >= lines
    advice = "" if enough else f"; {lines} lines are set, build the larger one with docker/pjsua2/build"
    return [
        Finding("pjsua2", True, f"PJSIP {capacity.version}"),
        Finding("lines", enough, f"the binding holds {capacity.max_calls} calls{advice}"),
        Finding("TLS", capacity.tls, "SIP over TLS is there" if capacity.tls else "the binding has no TLS"),
        Finding("SRTP", capacity.srtp, "SRTP is there" if capacity.srtp else "the binding has no SRTP"),
    ]


async def _database(settings: Settings) -> Finding:
    if settings.database.url is None:
        path = settings.data_dir / "dialer.db"
        there = "is there" if path.exists() else "is made at the first start"
        return Finding("database", True, f"SQLite, {path} {there}")
    try:
        async with opened(settings.database_url) as database:
            current = await database.is_current()
    except DialerError as error:
        return Finding("database", False, str(error))
    return Finding("database", current, "of this version" if current else "run `dialer db upgrade`")


async def _broker(settings: Settings) -> Finding:
    if settings.mqtt.url is None:
        return Finding("broker", True, "embedded in the engine")
    try:
        options = MqttOptions.from_url(settings.mqtt.url.get_secret_value())
        async with connected(options):
            return Finding("broker", True, f"{options.host}:{options.port} answers")
    except Exception as error:  # noqa: BLE001 - whatever keeps the broker from answering is the finding
        return Finding("broker", False, f"the broker does not answer: {error}")


def _trunks(settings: Settings) -> list[Finding]:
    findings = []
    for name, trunk in settings.all_trunks.items():
        host = trunk.host.rpartition(":")[0] if ":" in trunk.host else trunk.host
        try:
            known = trunk.needs_srv or bool(socket.getaddrinfo(host.strip("[]"), None))
        except OSError:
            known = False
        way = "TLS" if trunk.has_tls else trunk.transport.upper()
        detail = f"{trunk.host} over {way}" if known else f"{host} is no host that this machine knows"
        findings.append(Finding(f"trunk {name}", known, detail))
    return findings


@dataclass(frozen=True)
class _Port:
    """A port that a start takes, and the settings it comes from."""

    subject: str
    kind: socket.SocketKind
    host: str
    port: int
    group: str


def examine_ports(settings: Settings) -> list[Finding]:
    """Whether the ports that are set are free, or taken by the dialer that runs on the same data folder."""
    sip, api, mqtt = settings.sip, settings.api, settings.mqtt
    ports = [
        _Port("SIP port", socket.SOCK_DGRAM, sip.host, sip.port, "DIALER_SIP"),
        _Port("HTTP port", socket.SOCK_STREAM, api.host, api.port, "DIALER_API"),
    ]
    if mqtt.url is None:
        ports.append(_Port("MQTT port", socket.SOCK_STREAM, _LOOPBACK, mqtt.port, "DIALER_MQTT"))
    return [*(_port(each, settings) for each in ports if each.port), _rtp_ports(settings)]


def _port(port: _Port, settings: Settings) -> Finding:
    place = f"{port.host}:{port.port}"
    match _refusal(port.kind, port.host, port.port):
        case None:
            return Finding(port.subject, True, f"{place} is free")
        case errno.EADDRINUSE if _dialer_runs(settings):
            return Finding(port.subject, True, f"{place} is taken, it seems by the dialer that runs")
        case errno.EADDRINUSE:
            advice = f"another program has taken {place}; end it, or set {port.group}__PORT to another port"
        case errno.EACCES:
            advice = f"{place} is for root alone; set {port.group}__PORT to a port above 1023"
        case number:
            advice = (
                f"{place} cannot be had ({os.strerror(number)}); set {port.group}__HOST to an address of ours"
            )
    return Finding(port.subject, False, advice)


def _rtp_ports(settings: Settings) -> Finding:
    sip = settings.sip
    ports = range(sip.rtp_port, min(sip.rtp_port + sip.rtp_port_count, 65536))
    taken = [port for port in ports if _refusal(socket.SOCK_DGRAM, sip.host, port) == errno.EADDRINUSE]
    wanted = 2 * sip.lines
    good = len(ports) - len(taken) >= wanted or _dialer_runs(settings)
    detail = f"{len(taken)} of {len(ports)} from {ports.start} on are taken"
    if not good:
        detail += (
            f", and {sip.lines} lines need {wanted}; set DIALER_SIP__RTP_PORT to another start, a larger "
            "DIALER_SIP__RTP_PORT_COUNT, or fewer DIALER_SIP__LINES"
        )
    return Finding("RTP ports", good, detail)


def _refusal(kind: socket.SocketKind, host: str, port: int) -> int | None:
    """The number of the error that keeps a server from that port; None where it is free."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=kind)[0]
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # As servers do it: connections that are just ending are no hindrance.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            if kind == socket.SOCK_STREAM:
                probe.listen()
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return None


def _dialer_runs(settings: Settings) -> bool:
    """Whether a dialer holds the data folder."""
    try:
        with (settings.data_dir / LOCK_NAME).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
