"""How a switch is started. Known to both ends, and free of the SIP library."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dialer.switch.audio_watch import USUAL_LIMITS, AudioLimits

Srtp = Literal["off", "optional", "required"]


@dataclass(frozen=True, kw_only=True)
class TrunkOptions:
    """A trunk, as the switch knows it; see `dialer.trunk_settings`."""

    name: str
    uri: str
    """Its own address, without a number: who is asked by OPTIONS, and where we register."""
    lines: int | None = None
    calls_per_second: float | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    register: bool = False
    register_again_s: float = 30.0
    """After a registrar has refused."""
    srtp: Srtp = "off"
    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    keep_alive_s: float = 0.0
    """Between two OPTIONS; 0 for none."""
    asserted_identity: bool = False
    callers_from: tuple[str, ...] = ()
    """Addresses and networks that its calls to us come from, beside those of its host."""


@dataclass(frozen=True)
class TlsOptions:
    """The files of SIP over TLS, each in PEM; empty where there is none."""

    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""


@dataclass(frozen=True)
class EndpointOptions:
    """Where an endpoint listens and how much it holds; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    max_calls: int = 100
    rtp_port: int = 20000
    rtp_port_count: int = 8000
    user: str = "dialer"
    log_level: int = 0
    trunks: tuple[TrunkOptions, ...] = ()
    tls: TlsOptions | None = None
    """None: no SIP over TLS."""
    tls_port: int = 0
    tcp: bool = False
    srtp: Srtp = "off"
    """Of calls without a trunk."""
    nameservers: tuple[str, ...] = ()
    """Who is asked for SRV and address records (RFC 3263); none: the system's resolver, without SRV."""


@dataclass(frozen=True)
class SwitchOptions:
    """A switch process: its socket for the engine, its log file, its endpoint, its limits of silence."""

    socket: Path
    log_file: Path
    endpoint: EndpointOptions
    audio: AudioLimits = USUAL_LIMITS
