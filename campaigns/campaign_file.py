"""Reads a campaign from the file that a manager wrote: its name, its client, its lists and its settings.

A setting that is a document may stand in a file of its own: `menu_file = "survey.toml"` beside the campaign's
file is read as its `menu`.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaigns.core.campaign import DOCUMENTS
from campaigns.errors import InvalidSettingsError

_MOST_BYTES = 1 << 20
_BESIDE = "_file"


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """What a file says of a campaign; empty where it says nothing."""

    client: str = ""
    name: str = ""
    lists: Mapping[str, int] = field(default_factory=dict)
    """Each with its weight in the mix."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As `CampaignSettings.parse` takes them."""


def read_campaign(path: Path) -> CampaignFile:
    """A campaign from a .toml or .json file; its settings are not checked. Blocks.

    Raises InvalidSettingsError.
    """
    document = read_document(path, "a campaign")
    if not isinstance(document, Mapping):
        raise InvalidSettingsError(f'{path.name}: a campaign is settings by name, as in kind = "sales".')
    values = dict(document)
    client, name = (_text(path, values.pop(each, ""), each) for each in ("client", "name"))
    lists = _lists(path, values.pop("lists", {}))
    for setting in DOCUMENTS:
        if (beside := values.pop(setting + _BESIDE, None)) is not None:
            if setting in values:
                raise InvalidSettingsError(f"{path.name} has {setting} and {setting}_file; give one of them.")
            there = path.parent / _text(path, beside, setting + _BESIDE)
            values[setting] = read_document(there, f"a campaign's {setting}")
    return CampaignFile(client, name, lists, values)


def read_document(path: Path, what: str, error: type[InvalidSettingsError] = InvalidSettingsError) -> Any:
    """What a .toml or .json file holds. Blocks. Raises the error, which says what is wrong with the file."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise error(f"{path.name} has more than {_MOST_BYTES >> 20} MiB; {what} is shorter.")
        text = content.decode()
        return json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as reason:
        raise error(f"{path} cannot be read ({reason.strerror}).") from reason
    except (ValueError, RecursionError) as reason:
        raise error(f"{path.name} is neither TOML nor JSON: {str(reason)[:200]}.") from reason


def _text(path: Path, value: object, name: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise InvalidSettingsError(f"{path.name}: {name} is a text in quotes.")
    return value


def _lists(path: Path, value: object) -> dict[str, int]:
    """A list of names, or names with their weights."""
    if isinstance(value, list):
        value = dict.fromkeys(map(str, value), 0)
    if not isinstance(value, dict) or not all(type(each) is int for each in value.values()):
        raise InvalidSettingsError(
            f'{path.name}: lists is a list of names, ["autumn"], or has their weights, {{autumn = 70}}.'
        )
    return value
