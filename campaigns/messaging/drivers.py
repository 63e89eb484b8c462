"""The ways to send messages: which there are, for what, and how one is made of its options."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_args

from campaigns.errors import InvalidChannelError
from campaigns.messaging.file import FileDriver
from campaigns.messaging.http_gateway import HttpGatewayDriver
from campaigns.messaging.options import FileOptions, HttpOptions, SmppOptions, SmtpOptions, parse
from campaigns.messaging.outbox import MessageKind
from campaigns.messaging.port import Clock, Driver, Listener, Secrets
from campaigns.messaging.smpp import SmppDriver
from campaigns.messaging.smtp import SmtpDriver

MESSAGE_KINDS: tuple[MessageKind, ...] = get_args(MessageKind)

OPTIONS: Mapping[str, type[Any]] = MappingProxyType(
    {"smtp": SmtpOptions, "http": HttpOptions, "smpp": SmppOptions, "file": FileOptions}
)
"""Each driver's name, with what it is told."""
CARRIES: Mapping[str, tuple[MessageKind, ...]] = MappingProxyType(
    {"smtp": ("email",), "http": ("sms",), "smpp": ("sms",), "file": MESSAGE_KINDS}
)
DRIVERS = tuple(OPTIONS)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What drivers get besides their options."""

    secrets: Secrets
    listener: Listener
    now: Clock


def options_of(driver: str, document: object) -> Any:
    """A driver's options. Raises InvalidChannelError."""
    if driver not in OPTIONS:
        raise InvalidChannelError(f"A driver is one of {', '.join(DRIVERS)}, not {driver[:20]!r}.")
    return parse(OPTIONS[driver], document)


def make_driver(driver: str, document: object, around: Surroundings) -> Driver:
    """A driver by its name. Raises InvalidChannelError, also for a secret that the settings do not have."""
    options = options_of(driver, document)
    wanted = str(getattr(options, "password_secret", "") or getattr(options, "secret", ""))
    if wanted and wanted not in around.secrets:
        raise InvalidChannelError(
            f"The settings have no message secret {wanted!r}; set DIALER_MESSAGE_SECRETS__{wanted.upper()}."
        )
    if driver == "smtp":
        return SmtpDriver(options, around.secrets, around.now)
    if driver == "http":
        return HttpGatewayDriver(options, around.secrets)
    if driver == "smpp":
        return SmppDriver(options, around.secrets, around.listener)
    return FileDriver(options)
