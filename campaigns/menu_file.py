"""Reads a menu from the file that a manager wrote."""

import json
import tomllib
from pathlib import Path
from typing import Any

from campaigns.core.menu import Menu
from campaigns.errors import InvalidMenuError

_MOST_BYTES = 1 << 20


def read_menu(path: Path) -> dict[str, Any]:
    """A menu's document from a .toml or .json file, checked. Blocks. Raises InvalidMenuError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise InvalidMenuError(f"{path.name} has more than {_MOST_BYTES >> 20} MiB; a menu is shorter.")
        text = content.decode()
        document = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InvalidMenuError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise InvalidMenuError(f"{path.name} is neither TOML nor JSON: {str(error)[:200]}.") from error
    return Menu.parse(document).to_json()
