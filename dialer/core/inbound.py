"""How a person waits who has called us."""

from dataclasses import dataclass


@dataclass
class InboundWait:
    """What such a person hears, and for how long they wait. Sounds are a prompt's name or a path."""

    music: str
    """Again and again."""
    message: str
    """In the end, where no agent was free."""
    longest_s: float
    open: bool = True
    """Whether it is an hour at which the campaign works."""
    plays: bool = False
    """Whether the music plays, as far as is known."""
