"""What each driver is told: the options of a message channel, as documents.

Passwords and keys are never in them. An option whose name ends in `secret` names one of the service's own
message secrets, which its settings hold.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from campaigns.errors import InvalidChannelError

Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.\-]{1,253}$|^\[?[0-9A-Fa-f:.]{2,45}\]?$")]
Port = Annotated[int, Meta(ge=1, le=65535)]
Word = Annotated[str, Meta(max_length=200, pattern=r"^[^\r\n\x00]*$")]
Path = Annotated[str, Meta(max_length=4096, pattern=r"^(/[^\x00]*)?$")]
SecretName = Annotated[str, Meta(pattern=r"^[a-z0-9_]{0,60}$")]
Seconds = Annotated[float, Meta(ge=0.1, le=60)]
Statuses = Annotated[tuple[Annotated[int, Meta(ge=100, le=599)], ...], Meta(max_length=50)]
JsonPath = Annotated[str, Meta(max_length=200, pattern=r"^[^\s]*$")]
"""Names and places in lists with dots between, as in messages.0.id; empty for none."""
Values = Annotated[tuple[Word, ...], Meta(max_length=50)]


class SmtpOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mail server that takes our mail."""

    host: Host
    port: Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path = ""
    """Whose certificates are believed, in PEM; empty for those that this machine believes."""
    own_name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9.\-]{0,253}$")] = ""
    """How we greet it; empty for this machine's own name."""
    user: Word = ""
    password_secret: SecretName = ""
    bounce_address: Annotated[str, Meta(max_length=200, pattern=r"^([^\s<>@]+@[^\s<>@]+)?$")] = ""
    """Where mail comes back to, if not to the sender; `{token}` in it becomes the message's own."""
    connections: Annotated[int, Meta(ge=1, le=20)] = 4
    timeout_s: Seconds = 30.0


class HttpOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A gateway that takes text messages by HTTP.

    In the address, the headers and the texts of the body, {to}, {sender}, {text}, {secret} and {id} (the
    message's own, the same whenever it is sent) are replaced.
    """

    url: Annotated[str, Meta(max_length=2000, pattern=r"^https?://[^\s]+$")]
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: dict[Word, Word] = {}
    body_format: Literal["json", "form", "none"] = "json"
    body: dict[str, Any] = {}
    auth: Literal["none", "basic", "bearer"] = "none"
    user: Word = ""
    secret: SecretName = ""
    number_format: Literal["e164", "digits"] = "e164"
    """Whether the number is written with its plus."""
    id_path: JsonPath = ""
    """Where the answer has the gateway's own name for the message."""
    accepted: Statuses = (200, 201, 202)
    temporary: Statuses = (408, 425, 429, 500, 502, 503, 504)
    """All other statuses mean that the message is not taken at all."""
    status_path: JsonPath = ""
    """Where an accepted answer says how it went, for gateways that say so there; empty: the status alone."""
    accepted_values: Values = ()
    temporary_values: Values = ()
    deduplicates: bool = False
    """Whether it knows a message by {id} that it has taken before: then a crash repeats what nobody knows."""
    connections: Annotated[int, Meta(ge=1, le=100)] = 8
    timeout_s: Seconds = 30.0
    reply_from_path: JsonPath = "from"
    """Where an answer of a person has their number, as the gateway sends it to us."""
    reply_text_path: JsonPath = "text"
    reply_id_path: JsonPath = "id"
    receipt_id_path: JsonPath = ""
    """Where a delivery report has the gateway's name for the message, as id_path had it."""
    receipt_token_path: JsonPath = ""
    """Where it has our own {id}, which is better known."""
    receipt_status_path: JsonPath = ""
    receipt_delivered: Values = ()
    receipt_failed: Values = ()
    receipt_unreachable: Values = ()
    """What it says of a number that leads nowhere; nothing more is sent there."""


class SmppOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message centre that speaks SMPP 3.4."""

    host: Host
    port: Port = 2775
    tls: bool = False
    ca_file: Path = ""
    system_id: Annotated[str, Meta(max_length=15, pattern=r"^[\x20-\x7e]+$")]
    password_secret: SecretName = ""
    system_type: Annotated[str, Meta(max_length=12, pattern=r"^[\x20-\x7e]*$")] = ""
    long_messages: Literal["udh", "payload"] = "udh"
    """How more than one segment goes: in parts with a header, or whole in message_payload."""
    receipts: bool = True
    receipt_ids: Literal["same", "decimal"] = "same"
    """decimal: the answer has an id in hexadecimal digits, and the receipt the same in decimal ones."""
    window: Annotated[int, Meta(ge=1, le=100)] = 10
    """Messages that may wait for their answer at one time."""
    enquire_link_s: Seconds = 30.0
    timeout_s: Seconds = 30.0


class FileOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file that messages are written to, one JSON object a line: nobody gets them."""

    path: Annotated[str, Meta(max_length=4096, pattern=r"^/[^\x00]*$")]


Options = TypeVar("Options", bound=msgspec.Struct)


def parse(kind: type[Options], document: object) -> Options:
    """A driver's options from a document. Raises InvalidChannelError, which names the place."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise InvalidChannelError(f"The channel's options: {error}") from None
