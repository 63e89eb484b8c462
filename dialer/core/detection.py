"""What a campaign wants of answering-machine detection, and what follows from its verdict."""

from dataclasses import dataclass
from enum import StrEnum

from campaigns.core.detection import DetectionSettings
from dialer.core.amd import Verdict


class MachineAction(StrEnum):
    """What becomes of a machine's call."""

    HANG_UP = "hang_up"
    MESSAGE = "message"
    AGENT = "agent"


@dataclass(frozen=True)
class Detection:
    """`mode`: off, flag (told of, no more) or act. `optimistic`: an agent is connected before the verdict."""

    mode: str = "off"
    action: MachineAction = MachineAction.HANG_UP
    optimistic: bool = True
    message: str = ""
    """What a machine is left: the path of a WAV file."""
    review_share: float = 0.0
    """Of the calls, the share that agents get whatever the verdict, so that somebody checks it."""

    @property
    def listens(self) -> bool:
        """Whether anything is detected."""
        return self.mode != "off"

    @property
    def holds(self) -> bool:
        """Whether who answers gets an agent only after the verdict."""
        return self.mode == "act" and not self.optimistic

    def takes(self, verdict: Verdict) -> bool:
        """Whether a call with that verdict is no agent's, or not any more."""
        if self.mode != "act":
            return False
        return verdict == Verdict.FAX or (verdict == Verdict.MACHINE and self.action != MachineAction.AGENT)

    def left_to(self, verdict: Verdict) -> str:
        """The message for such a call; empty where it is just ended."""
        leaves = verdict == Verdict.MACHINE and self.action == MachineAction.MESSAGE
        return self.message if leaves else ""


OFF = Detection()


def detection_of(settings: DetectionSettings) -> Detection:
    """What a campaign wants of detection."""
    return Detection(
        settings.amd_mode,
        MachineAction(settings.amd_action),
        settings.amd_optimistic,
        settings.voicemail_message,
        settings.amd_review_share,
    )
