"""How the simulated processes are started. Known to both ends, and free of the SIP library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dialer.simulation.people import Kind, World
from dialer.switch.options import EndpointOptions

SOUNDS = Path(__file__).parent / "sounds"

_CARRIER_ENDPOINT = EndpointOptions(max_calls=400, rtp_port=12000, rtp_port_count=4000, user="carrier")
_SOFTPHONES_ENDPOINT = EndpointOptions(max_calls=250, rtp_port=16000, rtp_port_count=4000, user="softphones")


@dataclass(frozen=True)
class CarrierOptions:
    """A simulated carrier: its world, and its endpoint with RTP ports that no switch uses.

    The same seed gives the same fate to the same calls. `kinds` names numbers whose fate is known.
    """

    seed: str = "demo"
    world: World = field(default_factory=World)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    endpoint: EndpointOptions = _CARRIER_ENDPOINT


@dataclass(frozen=True)
class SoftphonesOptions:
    """Simulated softphones `agent1` … `agentN` behind one address, told apart by the user part.

    Each plays `voice` (a WAV file; empty for silence) while it is on the line, and looks every
    `sample_s` seconds whether it hears something. It hangs up where no RTP packet has come for
    `rtp_timeout_s` seconds, as real ones do whose far end has died; 0: it never does.
    """

    count: int = 1
    prefix: str = "agent"
    voice: str = str(SOUNDS / "agent.wav")
    sample_s: float = 0.1
    rtp_timeout_s: float = 0.0
    endpoint: EndpointOptions = _SOFTPHONES_ENDPOINT
