"""What an SDP offer (RFC 8866) says of codecs. Pure."""

import re
from collections.abc import Sequence

_RTPMAP = re.compile(r"^a=rtpmap:(\d+) ([^/\s]+)/", re.IGNORECASE)
_OF_FORMAT = re.compile(r"^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)\b")
_STATIC = {"0": "PCMU", "3": "GSM", "8": "PCMA", "9": "G722"}
"""Payload types that need no rtpmap (RFC 3551)."""
_NO_CODEC = frozenset({"TELEPHONE-EVENT"})


def offer_only(sdp: str, codecs: Sequence[str]) -> str:
    """The offer with these codecs alone, in this order; keys by RFC 4733 stay. No codec left: as it was."""
    lines = sdp.splitlines()
    names = dict(_STATIC) | {found[1]: found[2].upper() for line in lines if (found := _RTPMAP.match(line))}
    wanted = [each.upper() for each in codecs]
    kept: set[str] = set()
    result = []
    for line in lines:
        if line.startswith("m=audio "):
            *head, formats = line.split(" ", 3)
            offered = formats.split()
            chosen = [each for name in wanted for each in offered if names.get(each) == name]
            if not chosen:
                return sdp
            chosen += [each for each in offered if names.get(each) in _NO_CODEC]
            kept.update(chosen)
            result.append(" ".join([*head, *chosen]))
        elif not (found := _OF_FORMAT.match(line)) or found[1] in kept:
            result.append(line)
    return "\r\n".join(result) + "\r\n"
