"""Reads a message channel from a TOML file."""

import tomllib
from dataclasses import fields
from pathlib import Path

from campaigns.errors import InvalidChannelError
from campaigns.messaging.channels import ChannelWish

_LARGEST_BYTES = 1 << 20


def read_channel(file: Path) -> ChannelWish:
    """A channel as a TOML file describes it. Raises InvalidChannelError, which says what is wrong."""
    try:
        with file.open("rb") as opened:
            document = tomllib.loads(opened.read(_LARGEST_BYTES).decode())
    except OSError as error:
        raise InvalidChannelError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidChannelError(f"{file} is not TOML: {error}.") from error
    known = {each.name for each in fields(ChannelWish)}
    if unknown := sorted(document.keys() - known):
        raise InvalidChannelError(f"A channel has no {unknown[0][:40]!r}; it has {', '.join(sorted(known))}.")
    for name in ("client", "name", "driver", "sender"):
        if not isinstance(document.get(name), str):
            raise InvalidChannelError(f"{name} is missing, or is no text.")
    return ChannelWish(**{"options": {}, "channel": ""} | document)
