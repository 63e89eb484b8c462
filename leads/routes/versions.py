"""ETag and If-Match (RFC 9110): what is read has a version, and an edit may name the one it is meant for."""

import re
from typing import Annotated, Any

from fastapi import Depends, Header, Response

from leads.stores.versions import Versions, version_of

# A proxy that compresses makes an ETag weak; it is the same version all the same.
_ETAG = re.compile(r'(?:W/)?"([^"]*)"')

HAS_ETAG: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "The version.", "schema": {"type": "string"}}}},
    304: {"description": "It is still the version that If-None-Match names."},
}
"""For the `responses` of a reading."""
TAKES_IF_MATCH: dict[int | str, dict[str, Any]] = {412: {"description": "It has changed meanwhile."}}
"""For the `responses` of an edit."""


async def _if_match(
    if_match: Annotated[
        str | None, Header(max_length=2000, description="The ETag of what was read; else any version.")
    ] = None,
) -> Versions | None:
    return None if if_match is None or if_match.strip() == "*" else _ETAG.findall(if_match)


IfMatch = Annotated[Versions | None, Depends(_if_match)]
"""The versions that an edit is meant for; None for any."""


def tag(response: Response, content: Any) -> None:
    """Sets the ETag: the version of a row, or of what `version_of` takes."""
    response.headers["ETag"] = f'"{version_of(content)}"'
