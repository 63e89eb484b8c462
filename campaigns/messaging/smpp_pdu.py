"""The packets of SMPP 3.4 that sending text messages takes, as bytes and back. Pure.

Source: Short Message Peer to Peer Protocol Specification v3.4, chapters 3 to 5 and appendix B (receipts).
"""

import re
import struct
from dataclasses import dataclass, field
from typing import Literal

from campaigns.core.sms import TextMessage, decode_gsm7

GENERIC_NACK = 0x80000000
BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x09, 0x04, 0x05, 0x06, 0x15
ANSWER = 0x80000000
"""This bit makes a command's answer of it."""
OK, TRY_LATER = 0x00, 0x64
HEADER_BYTES = 16
LONGEST_PDU = 1 << 17
VERSION = 0x34

_PAYLOAD, _RECEIPTED_ID, _STATE = 0x0424, 0x001E, 0x0427
_UDH = 0x40
_RECEIPT = 0x04
_TEMPORARY = frozenset({0x08, 0x14, 0x45, 0x58, 0x64})
"""System error, queue full, submit failed, throttled, temporary error of the application."""
BAD_ADDRESS = 0x0B
_RECEIPT_TEXT = re.compile(
    r"\bid:(?P<id>\S{1,65}).*?\bstat:(?P<stat>[A-Z]{1,10})(.*?\berr:(?P<err>\w{1,10}))?", re.I | re.S
)
_STATES = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
_DELIVERED, _GIVEN_UP = "DELIVRD", frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD"})
_CODINGS = {"gsm7": 0x00, "ucs2": 0x08}


class MalformedPdu(ValueError):
    """Bytes that are no packet of SMPP 3.4."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """A packet: its command, status and number, and what follows."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def to_bytes(self) -> bytes:
        """As it goes over the wire."""
        header = struct.pack("!IIII", HEADER_BYTES + len(self.body), self.command, self.status, self.sequence)
        return header + self.body


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a deliver_sm brings: a receipt for a message, or a person's text."""

    source: str
    destination: str
    text: str
    receipt_of: str = ""
    """The message centre's name of the message that it is a receipt of; empty for a text."""
    verdict: Literal["", "delivered", "failed"] = ""
    """Of a receipt; empty where the message is still under way."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name with what kind it is: type of number, numbering plan (5.2.5, 5.2.6)."""

    ton: int
    npi: int
    text: str

    @classmethod
    def of(cls, text: str) -> "Address":
        """An international number with its plus, a short code, or a name of at most 11 characters."""
        if text.startswith("+"):
            return cls(1, 1, text[1:])
        return cls(0, 1, text) if text.isdigit() else cls(5, 0, text[:11])

    def to_bytes(self) -> bytes:
        """As in a packet's body."""
        return bytes([self.ton, self.npi]) + _cstring(self.text)


def length_of(header: bytes) -> int:
    """The length of the packet that begins so. Raises MalformedPdu."""
    (length,) = struct.unpack_from("!I", header)
    if not HEADER_BYTES <= length <= LONGEST_PDU:
        raise MalformedPdu(f"a length of {length}")
    return int(length)


def parse(content: bytes) -> Pdu:
    """A packet of its whole length. Raises MalformedPdu."""
    if len(content) < HEADER_BYTES:
        raise MalformedPdu("a packet that ends in its header")
    _, command, status, sequence = struct.unpack_from("!IIII", content)
    return Pdu(command, status, sequence, content[HEADER_BYTES:])


def bind(system_id: str, password: str, system_type: str) -> bytes:
    """The body of bind_transceiver."""
    words = b"".join(_cstring(each) for each in (system_id, password, system_type))
    return words + bytes([VERSION, 0, 0]) + _cstring("")


def submit(
    source: Address, to: Address, message: TextMessage, *, payload: bool, receipt: bool, reference: int
) -> list[bytes]:
    """The bodies of the submit_sm that carry a message: one, or as many as it has parts.

    A receipt is asked for the last of them. `reference` (0 to 255) tells the phone which parts are one's.
    """
    coding = _CODINGS[message.alphabet]
    if payload and message.segments > 1:
        whole = b"".join(message.parts)
        return [
            _submit(source, to, 0, coding, receipt, b"") + struct.pack("!HH", _PAYLOAD, len(whole)) + whole
        ]
    if message.segments == 1:
        return [_submit(source, to, 0, coding, receipt, message.parts[0])]
    total = message.segments
    return [
        _submit(
            source, to, _UDH, coding, receipt and n == total, bytes([5, 0, 3, reference, total, n]) + part
        )
        for n, part in enumerate(message.parts, 1)
    ]


def _submit(source: Address, to: Address, esm_class: int, coding: int, receipt: bool, text: bytes) -> bytes:
    return (
        _cstring("")
        + source.to_bytes()
        + to.to_bytes()
        + bytes([esm_class, 0, 0])
        + _cstring("")
        + _cstring("")
        + bytes([int(receipt), 0, coding, 0, len(text)])
        + text
    )


def is_temporary(status: int) -> bool:
    """Whether a status that refuses a message lets it be tried again."""
    return status in _TEMPORARY


def message_id(body: bytes) -> str:
    """The message centre's name for a message, of submit_sm_resp."""
    return body.partition(b"\0")[0][:65].decode("ascii", "replace")


def delivery(body: bytes) -> Delivery:
    """What a deliver_sm brings. Raises MalformedPdu."""
    reader = _Reader(body)
    reader.cstring()
    source, destination = reader.address(), reader.address()
    esm_class, _, _ = reader.take(3)
    reader.cstring()
    reader.cstring()
    _, _, coding, _, length = reader.take(5)
    text = reader.take(length)
    options = reader.options()
    text = options.get(_PAYLOAD, text)
    if esm_class & _UDH and text:
        text = text[text[0] + 1 :]
    if esm_class & 0x3C != _RECEIPT:
        return Delivery(source, destination, _decoded(text, coding))
    return _receipt(source, destination, text.decode("latin-1"), options)


def _receipt(source: str, destination: str, text: str, options: dict[int, bytes]) -> Delivery:
    found = _RECEIPT_TEXT.search(text)
    name = options.get(_RECEIPTED_ID, b"").rstrip(b"\0").decode("ascii", "replace") or (
        found["id"] if found else ""
    )
    state = options.get(_STATE, b"")
    said = _STATES.get(state[0], "") if state else found["stat"].upper() if found else ""
    verdict: Literal["", "delivered", "failed"] = (
        "delivered" if said == _DELIVERED else "failed" if said in _GIVEN_UP else ""
    )
    error = found["err"] if found and found["err"] else ""
    return Delivery(source, destination, "", name, verdict, f"{said} {error}".strip())


def _decoded(text: bytes, coding: int) -> str:
    if coding == 0x08:
        return text.decode("utf-16-be", "replace")
    return decode_gsm7(text) if coding == 0x00 else text.decode("latin-1")


def _cstring(text: str) -> bytes:
    return text.encode("ascii", "replace").replace(b"\0", b"") + b"\0"


@dataclass
class _Reader:
    body: bytes
    place: int = field(default=0)

    def take(self, length: int) -> bytes:
        taken = self.body[self.place : self.place + length]
        if len(taken) < length:
            raise MalformedPdu("a packet that ends too early")
        self.place += length
        return taken

    def cstring(self) -> str:
        end = self.body.find(b"\0", self.place)
        if end < 0:
            raise MalformedPdu("a text without an end")
        text = self.body[self.place : end].decode("latin-1")
        self.place = end + 1
        return text

    def address(self) -> str:
        ton = self.take(2)[0]
        text = self.cstring()
        return f"+{text}" if ton == 1 and text.isdigit() else text

    def options(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        while self.place < len(self.body):
            tag, length = struct.unpack("!HH", self.take(4))
            found[tag] = self.take(length)
        return found
