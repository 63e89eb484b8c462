"""An agent's softphone: who it is at our registrar, and how it is called. Pure."""

from hashlib import md5
from typing import Literal, get_args

Leg = Literal["persistent", "per_call"]
LEGS: tuple[Leg, ...] = get_args(Leg)
"""Called once, for the whole shift, or anew for each customer."""

AT_OUR_REGISTRAR = ""
"""The SIP address of a softphone that registers at our own registrar."""

REALM = "dialer"
"""Of our registrar: `docker/kamailio/kamailio.cfg` names the same. A secret holds in one realm."""


def sip_user(agent_id: int) -> str:
    """The user that an agent's softphone registers as. It names no client and no person."""
    return f"agent{agent_id}"


def ha1_of(user: str, secret: str) -> str:
    """What a registrar needs to check a secret without knowing it (RFC 2617, 3.2.2.2)."""
    return md5(f"{user}:{REALM}:{secret}".encode()).hexdigest()  # noqa: S324 - what softphones can do
