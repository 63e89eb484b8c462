"""How a switch is started. Known to both ends, and free of the SIP library."""

from dataclasses import dataclass
from pathlib import Path


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


@dataclass(frozen=True)
class SwitchOptions:
    """A switch process: its socket for the engine, its log file, its endpoint."""

    socket: Path
    log_file: Path
    endpoint: EndpointOptions
