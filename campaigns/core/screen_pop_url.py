"""The address of a lead in a customer's own program, which an agent's screen opens with a call. Pure.

A campaign has a template, as in https://crm.example.com/open?lead={external_id}&by={agent_id}. What is put in
is percent-encoded (RFC 3986). The query gets `expires` (Unix seconds) and `signature`: HMAC-SHA256, in
hexadecimal digits, of the path, a question mark and the query's other names and values sorted by name.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from campaigns.errors import InvalidScreenPopUrlError

VARIABLES = (
    *("lead_id", "external_id", "phone", "first_name", "last_name", "email", "campaign", "campaign_id"),
    *("agent", "agent_id", "attempt_id", "direction", "language"),
)
CUSTOM = "custom."
"""Begins the name of a custom field, as in {custom.plan}."""
EXPIRES, SIGNATURE = "expires", "signature"
LONGEST = 2000
_PLACE = re.compile(r"\{([^{}]*)\}")
_DOTS = (".", "..")
"""Of a path they mean another one, also where they are encoded."""


@dataclass(frozen=True, slots=True)
class ScreenPopUrl:
    """A template that makes an address. Made by `parse`."""

    template: str

    @classmethod
    def parse(cls, template: str) -> Self:
        """Raises InvalidScreenPopUrlError."""
        if not isinstance(template, str):
            raise InvalidScreenPopUrlError("screen_pop_url is a text.")
        for name in _PLACE.findall(template):
            if name not in VARIABLES and not (name.startswith(CUSTOM) and len(name) > len(CUSTOM)):
                known = ", ".join(VARIABLES)
                raise InvalidScreenPopUrlError(
                    f"screen_pop_url has {{{name[:40]}}}; there are {known}, and {{custom.NAME}}."
                )
        try:
            parts = _parts(template)
            found, _ = parts.hostname, parts.port
        except ValueError:
            found = None
        if not found or parts.scheme != "https" or "@" in parts.netloc or len(template) > LONGEST:
            raise InvalidScreenPopUrlError(
                "screen_pop_url is as in https://crm.example.com/open?lead={external_id}."
            )
        plain = _PLACE.sub("", template)
        if not (plain.isascii() and plain.isprintable()) or re.search(r'[\s{}<>"\\^`|]', plain):
            raise InvalidScreenPopUrlError("screen_pop_url has a sign that no address has; encode it as %XX.")
        if _PLACE.search(parts.netloc + parts.fragment):
            raise InvalidScreenPopUrlError("screen_pop_url has variables in its path and its query alone.")
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
        if len(set(names)) < len(names) or {EXPIRES, SIGNATURE} & set(names):
            raise InvalidScreenPopUrlError(
                f"screen_pop_url has each name of its query once; {EXPIRES} and {SIGNATURE} are added to it."
            )
        return cls(template)

    def filled(self, values: Mapping[str, str], secret: str, expires: datetime) -> str:
        """The address for these variables; a missing one is empty. Without a secret it is not signed."""
        parts = _parts(self.template)
        path = _PLACE.sub(lambda found: _segment(values.get(found[1], "")), parts.path)
        query = _PLACE.sub(lambda found: quote(values.get(found[1], ""), safe=""), parts.query)
        if secret:
            given = dict(parse_qsl(query, keep_blank_values=True)) | {EXPIRES: str(int(expires.timestamp()))}
            query = urlencode({**given, SIGNATURE: signature(secret, path, given)}, quote_via=quote)
        return urlunsplit((parts.scheme, parts.netloc, path, query, parts.fragment))


def signature(secret: str, path: str, query: Mapping[str, str]) -> str:
    """What the address is signed with: its path as it is sent, and its query without the signature."""
    said = f"{path}?{urlencode(sorted(query.items()), quote_via=quote)}"
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()


def _parts(template: str) -> SplitResult:
    """Its parts; a question mark or a # in a variable's name would be none of the address, and none is."""
    return urlsplit(template)


def _segment(value: str) -> str:
    return "" if value in _DOTS else quote(value, safe="")
