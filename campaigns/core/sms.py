"""What a text message is made of on the air: its alphabet, its segments, and the bytes of each.

Source: 3GPP TS 23.038, 6.2.1 (the default alphabet, its extension, UCS2) and 3GPP TS 23.040, 9.2.3.24.1
(concatenation by a header of six octets, which leaves 153 septets or 134 octets of 140).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Each character at its septet; 0x1b leads to the extension."""
EXTENSION = {
    "\x0c": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""Characters of two septets: the escape, and this one."""

_ESCAPE = 0x1B
_SEPTETS = {character: bytes([place]) for place, character in enumerate(BASIC) if place != _ESCAPE}
_SEPTETS |= {character: bytes([_ESCAPE, place]) for character, place in EXTENSION.items()}

SINGLE_GSM7, PART_GSM7 = 160, 153
"""Septets in a message of one segment, and in each of several."""
SINGLE_UCS2, PART_UCS2 = 140, 134
"""Octets, which are two for each UTF-16 unit: 70, and 67."""
MOST_SEGMENTS = 255
"""That a header can number."""

Alphabet = Literal["gsm7", "ucs2"]


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A text as it is sent: `parts` are its segments, a septet in each octet, or UTF-16 in network order."""

    alphabet: Alphabet
    parts: tuple[bytes, ...]

    @property
    def segments(self) -> int:
        """How many are paid for."""
        return len(self.parts)


def encode(text: str) -> TextMessage:
    """A text in as few segments as there can be; no character is cut in two.

    What is no character (half a surrogate pair) becomes a question mark. An empty text is one segment.
    """
    pieces = [_SEPTETS.get(character, b"") for character in text]
    if all(pieces):
        return TextMessage("gsm7", tuple(_packed(pieces, SINGLE_GSM7, PART_GSM7)))
    pieces = [_ucs2(character) for character in text]
    return TextMessage("ucs2", tuple(_packed(pieces, SINGLE_UCS2, PART_UCS2)))


def segments_of(text: str) -> int:
    """How many segments a text is paid for as."""
    return encode(text).segments


def decode(message: TextMessage) -> str:
    """The text again."""
    whole = b"".join(message.parts)
    if message.alphabet == "ucs2":
        return whole.decode("utf-16-be", "replace")
    return decode_gsm7(whole)


def decode_gsm7(septets: bytes) -> str:
    """Text of one septet an octet. What the tables do not have becomes a space, as 3GPP TS 23.038 asks."""
    text, escaped = [], False
    for septet in septets:
        if escaped:
            text.append(_EXTENDED.get(septet, " "))
            escaped = False
        elif septet == _ESCAPE:
            escaped = True
        else:
            text.append(BASIC[septet] if septet < len(BASIC) else " ")
    return "".join(text)


_EXTENDED = {place: character for character, place in EXTENSION.items()}


def _ucs2(character: str) -> bytes:
    # Half a surrogate pair has no encoding.
    return ("?" if "\ud800" <= character <= "\udfff" else character).encode("utf-16-be")


def _packed(pieces: list[bytes], single: int, part: int) -> Iterator[bytes]:
    whole = b"".join(pieces)
    if len(whole) <= single:
        yield whole
        return
    current = bytearray()
    for piece in pieces:
        if len(current) + len(piece) > part:
            yield bytes(current)
            current.clear()
        current += piece
    yield bytes(current)
