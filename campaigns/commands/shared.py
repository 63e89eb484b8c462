"""What the commands of the campaigns room share."""

from typing import Protocol

from campaigns.compliance.rulebook import Rulebook
from leads.commands.shared import WithDatabase


class WithRules(WithDatabase, Protocol):
    """What `dialer.cli` puts into the context: the database, and the calling rules."""

    @property
    def rules(self) -> Rulebook:
        """Loaded when first asked for. Raises InvalidRuleFileError."""
