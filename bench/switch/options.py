"""What the processes of a measurement are started with. Known to both ends, and free of the SIP library."""

from dataclasses import dataclass
from typing import Literal

from dialer.switch.options import EndpointOptions

CALLER = EndpointOptions(max_calls=1500, rtp_port=20000, rtp_port_count=8000)
"""The endpoint under measurement, the same for the switch and for bare pjsua2."""

FAR_END = EndpointOptions(max_calls=1500, rtp_port=28000, rtp_port_count=4700, user="far-end")


@dataclass(frozen=True)
class BareOptions:
    """What bare pjsua2 does: `rate` places `calls` at `rate` a second and ends each when it is answered;
    `pairs` places `calls` at `rate` a second and bridges them two by two."""

    work: Literal["rate", "pairs"]
    target: str
    calls: int
    rate: float
    endpoint: EndpointOptions = CALLER


@dataclass(frozen=True)
class FarEndOptions:
    """A far end on pjsua2 that answers whoever calls, and plays a tone if it `speaks`."""

    speaks: bool = False
    endpoint: EndpointOptions = FAR_END


@dataclass(frozen=True)
class PhonesOptions:
    """Phones that answer at a random instant within `ring_s` seconds and speak from then on.

    Of users whose name begins with `watched` they tell when they hear something; these hang up `talk_s`
    after their answer, where that is given.
    """

    watched: str
    ring_s: float = 0.0
    talk_s: float | None = None
