"""Reads a menu from the file that a manager wrote."""

from pathlib import Path
from typing import Any

from campaigns.campaign_file import read_document
from campaigns.errors import InvalidMenuError


def read_menu(path: Path) -> dict[str, Any]:
    """A menu's document from a .toml or .json file, as `Menu.parse` takes it. Blocks.

    Raises InvalidMenuError.
    """
    document: dict[str, Any] = read_document(path, "a menu", InvalidMenuError)
    return document
