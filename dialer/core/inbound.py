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
    callback_key: str = ""
    """The key by which they ask to be called back instead; empty for none."""
    promise: str = ""
    """What they hear then."""
    asks_back: bool = False
    """Whether a callback is being promised, so that no agent is to get the call meanwhile."""
    promised: bool = False
