"""Reads a menu from the file that a manager wrote."""

from pathlib import Path
from typing import Any

from campaigns.campaign_file import read_document
from campaigns.core.menu import Menu
from campaigns.errors import InvalidMenuError


def read_menu(path: Path) -> dict[str, Any]:
    """A menu's document from a .toml or .json file, checked. Blocks. Raises InvalidMenuError."""
    return Menu.parse(read_document(path, "a menu", InvalidMenuError)).to_json()
