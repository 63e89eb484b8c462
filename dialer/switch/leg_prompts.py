"""What is played to a customer, the message at the end or a menu's prompts, and the keys pressed meanwhile.

Pure: `now` is monotonic seconds.
"""

from dataclasses import dataclass

from dialer.switch.keys import KeyWay
from dialer.switch.leg import Leg
from dialer.switch.leg_actions import Action, StartPrompt, StopPrompt
from dialer.switch.leg_table import LegTable
from dialer.switch.messages import LegKey, LegMessage, PlayPrompt, PromptEnded

_AFTER_VOICEMAIL_S = 0.3
"""The last packets are on their way."""


@dataclass
class LegPrompts:
    """What the legs of a table hear. Each method returns what has to be done, in order."""

    _table: LegTable

    def message_started(self, name: str, length_s: float, now: float) -> list[Action]:
        """The message plays, or could not be played where `length_s` is 0; the leg is ended after it."""
        leg = self._table.get(name)
        if leg is None:
            return []
        if length_s <= 0:
            self._table.wake(leg, now)
            return []
        leg.message_at, leg.message_ends_at = now, now + length_s
        stay_s = _AFTER_VOICEMAIL_S if leg.voicemail else leg.placed.stay_s
        self._table.wake(leg, leg.message_ends_at + stay_s)
        return [LegMessage(at=now, leg=name)] if leg.voicemail else []

    def play(self, command: PlayPrompt, now: float) -> list[Action]:
        """The engine claims a customer's leg for a menu, or goes on with it."""
        leg = self._table.get(command.leg)
        if leg is None or leg.role != "customer" or leg.state not in ("answered", "prompted"):
            return []
        leg.state, leg.prompt, leg.prompt_plays, leg.deadline = "prompted", command, True, None
        return [StartPrompt(leg.name, command.path)] if command.path else self.over(leg, now)

    def started(self, name: str, length_s: float, now: float) -> None:
        """The prompt plays, or could not be played where `length_s` is 0."""
        leg = self._table.get(name)
        if leg is not None and leg.prompt_plays:
            self._table.wake(leg, now + length_s)

    def over(self, leg: Leg, now: float) -> list[Action]:
        """The prompt has ended, and the leg waits for the engine's word."""
        if leg.prompt is None or not leg.prompt_plays:
            return []
        leg.prompt_plays = False
        self._table.wake(leg, now + leg.prompt.stay_s)
        return [PromptEnded(at=now, leg=leg.name, number=leg.prompt.number)]

    def key(self, name: str, digit: str, now: float, way: KeyWay = KeyWay.EVENT) -> list[Action]:
        """A key has come, maybe once more in another way.

        The one that opts out ends the call at once, any other maybe a prompt.
        """
        leg = self._table.get(name)
        if leg is None or not leg.press(digit, now, way):
            return []
        pressed: list[Action] = [LegKey(at=now, leg=name, digit=digit)]
        if digit == leg.placed.end_key and leg.left_at is None:
            return pressed + self._table.leave(leg, "switch", now)
        if leg.state == "prompted" and leg.prompt_plays and leg.prompt and leg.prompt.stop_on_key:
            return [*pressed, StopPrompt(name), *self.over(leg, now)]
        return pressed
