"""What a driver does, and what it may say: the port between sending and the ways to send."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from campaigns.errors import CampaignsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message as a driver gets it."""

    to_address: str
    sender: str
    token: str
    """The message's own name: the same whenever it is sent."""
    subject: str = ""
    body_text: str = ""
    body_html: str = ""
    calendar: str = ""
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side has the message. `provider_id` is its name for it, for delivery reports."""

    provider_id: str


class SendError(CampaignsError):
    """A message that was not accepted. `code` is stable; `reason` is what the other side says, 60 at most."""

    code = "send-error"

    def __init__(self, reason: str) -> None:
        self.reason = reason[:60]
        super().__init__(f"The message was not accepted ({self.reason}).")


class TemporaryFailure(SendError):
    """Not now: the same message may be accepted later. `wait_s` is how long the other side wants to wait."""

    code = "temporary-failure"

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChannelDown(TemporaryFailure):
    """The other side is not there, or does not let us in: no fault of the message, which was not sent."""

    code = "channel-down"


class PermanentFailure(SendError):
    """Never: this message is not accepted. `unusable`: the address leads nowhere."""

    code = "permanent-failure"

    def __init__(self, reason: str, *, unusable: bool = False) -> None:
        super().__init__(reason)
        self.unusable = unusable


class FateUnknown(SendError):
    """The connection broke when the message was under way: it may or may not have been accepted."""

    code = "fate-unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the other side says later about a message that it had accepted, by one of its two names."""

    verdict: Literal["delivered", "failed", "unreachable"]
    """`unreachable`: the address leads nowhere."""
    reason: str = ""
    provider_id: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A text message that came to us."""

    from_address: str
    """E.164, as far as the other side writes it so."""
    to_address: str
    text: str


class Listener(Protocol):
    """Who is told what comes back through a driver."""

    async def received(self, receipt: Receipt) -> None:
        """A delivery report. Once this has returned, the other side forgets it."""

    async def replied(self, reply: Reply) -> None:
        """An answer of a person; as for `received`."""


class Driver(Protocol):
    """A way to send messages. It connects when it first sends, and again whenever it has to."""

    lanes: int
    """How many messages it sends at one time."""
    deduplicates: bool
    """Whether a message that is sent twice under one token arrives once."""

    async def send(self, outgoing: Outgoing) -> Accepted:
        """Hands one message over. Raises SendError, always one of its kinds."""

    async def keep(self) -> None:
        """Connects, where reports come only over a connection; called now and then. Raises ChannelDown."""

    async def check(self) -> None:
        """Connects and signs in, and sends nothing. Raises SendError."""

    async def close(self) -> None:
        """Says good-bye. What is under way ends as it ends."""


Secrets = Mapping[str, str]
"""The service's message secrets by name."""
Clock = Callable[[], datetime]
OnReply = Callable[[int, Reply], Awaitable[None]]
"""Takes the number of a message channel and what came through it."""
