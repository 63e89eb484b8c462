"""What the commands of the campaigns room share."""

import getpass
import json
from collections.abc import Sequence
from typing import Any, Protocol

from campaigns.compliance.rulebook import Rulebook
from campaigns.errors import InvalidSettingsError
from campaigns.recordings.folder import RecordingFolder
from leads.commands.shared import WithDatabase


class WithRules(WithDatabase, Protocol):
    """What `dialer.cli` puts into the context: the database, and the calling rules."""

    @property
    def rules(self) -> Rulebook:
        """Loaded when first asked for. Raises InvalidRuleFileError."""


class WithRecordings(WithDatabase, Protocol):
    """What `dialer.cli` puts into the context: the database, and this node's folder of recordings."""

    @property
    def recordings(self) -> RecordingFolder:
        """Where this node keeps them."""


def command_line_user() -> str:
    """Who types, for the record."""
    return f"command line: {getpass.getuser()}"


def values_of(given: Sequence[str]) -> dict[str, Any]:
    """NAME=JSON pairs as values; raises InvalidSettingsError."""
    values = {}
    for each in given:
        name, equals, text = each.partition("=")
        try:
            values[name] = json.loads(text) if equals else None
        except ValueError as error:
            message = f"--set {name}: what follows the = is JSON, a number or an object in braces."
            raise InvalidSettingsError(message) from error
    return values
