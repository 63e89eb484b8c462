"""What `legs` wants done, and what it is told of a leg's end."""

from dataclasses import dataclass

from dialer.core.outcome import is_network_block
from dialer.core.trunks import is_a_refusal, may_try_another
from dialer.switch.messages import Event, Route


@dataclass(frozen=True)
class Hear:
    """The leg hears just these from now on, and a WAV file over and over where one is named."""

    leg: str
    others: tuple[str, ...] = ()
    sound: str = ""


@dataclass(frozen=True)
class HangUp:
    """End the leg with BYE or CANCEL."""

    leg: str


@dataclass(frozen=True)
class PlayMessage:
    """Play a WAV file to the leg; the caller answers with `message_started`."""

    leg: str
    path: str


@dataclass(frozen=True)
class Dial:
    """Send the leg's INVITE by this route."""

    leg: str
    route: Route
    caller_id: str
    display_name: str = ""
    auto_answer: bool = False


@dataclass(frozen=True)
class Answer:
    """Answer a call that has come."""

    leg: str


@dataclass(frozen=True)
class Forget:
    """End the leg's present call; of what still comes of it, the leg only has to know an answer."""

    leg: str


@dataclass(frozen=True)
class StartWaiting:
    """Play a WAV file over and over to an agent who is in no conversation."""

    leg: str
    path: str


@dataclass(frozen=True)
class Beep:
    """Play a short WAV file to an agent, beside what the agent hears."""

    leg: str
    path: str


@dataclass(frozen=True)
class StartPrompt:
    """Play a WAV file to the leg in place of what plays; the caller answers with `prompt_started`."""

    leg: str
    path: str


@dataclass(frozen=True)
class StopPrompt:
    """Play nothing to the leg any more."""

    leg: str


Action = (
    Hear
    | HangUp
    | StartPrompt
    | StopPrompt
    | PlayMessage
    | Dial
    | Answer
    | Forget
    | StartWaiting
    | Beep
    | Event
)


@dataclass(frozen=True)
class Ending:
    """How the network said that a leg ended."""

    status: int
    reason: str
    by_far_end: bool
    q850_cause: int | None = None
    reason_header: str = ""
    by_us: bool = False
    """Whether this switch has stopped, or has no line or port for it: no way would do."""
    unusable: bool = False
    """Whether it was answered, and no audio could be agreed on."""

    @property
    def is_the_trunks_fault(self) -> bool:
        """Whether the trunk has failed the call, as far as nothing has rung and nobody has answered."""
        blocked = is_network_block(self.status, self.reason, self.reason_header)
        ours = self.by_us or self.unusable
        return not ours and not blocked and is_a_refusal(self.status, self.q850_cause)

    @property
    def may_try_another(self) -> bool:
        """Whether another trunk may be tried for it, as far as nothing has rung and nobody has answered."""
        return self.is_the_trunks_fault and may_try_another(self.status, self.q850_cause)
