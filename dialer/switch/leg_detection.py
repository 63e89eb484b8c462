"""What detection says of who answered, and what becomes of a machine. Pure: `now` is monotonic seconds."""

from dataclasses import dataclass

from dialer.core.amd import Heard, Verdict
from dialer.switch.leg_actions import Action, PlayMessage, StopPrompt
from dialer.switch.leg_table import LegTable
from dialer.switch.messages import LegJudged

_BRIDGED_WITHIN_S = 0.5
"""A verdict may be what the law's time has nearly passed with: an agent who is free is there sooner."""
_WORD_WITHIN_S = 2.0
"""What becomes of a machine is for the engine to say; without its word, it hears what a person would."""
_MAILBOX_WITHIN_S = 60.0
_BEEPED_JUST_NOW_S = 2.0


@dataclass
class LegDetection:
    """Who is on the legs of a table. Each method returns what has to be done, in order."""

    _table: LegTable

    def judged(self, name: str, heard: Heard, greeting_ended_at: float | None, now: float) -> list[Action]:
        """Detection says who answered. Where it came first, the leg has to be claimed from now on."""
        leg = self._table.get(name)
        if leg is None or leg.judged:
            return []
        was_kept, leg.judged = leg.is_being_judged and leg.state == "answered", True
        if heard.why == "beep":
            leg.beeped_at = now
        verdict = LegJudged(
            at=now,
            leg=name,
            verdict=heard.verdict.value,
            confidence=heard.confidence,
            took_s=heard.took_s,
            greeting_s=heard.greeting_s,
            words=heard.words,
            why=heard.why,
        )
        if not was_kept:
            return [verdict]
        if heard.verdict in (Verdict.MACHINE, Verdict.FAX):
            self._table.wake(leg, now + _WORD_WITHIN_S)
        elif leg.placed.claim_within_s <= 0:
            return [verdict, *self._table.unclaimed(leg, now)]
        elif self._table.engine_present:
            self._table.wake(leg, _claim_by(leg.placed.claim_within_s, heard, greeting_ended_at, now))
        return [verdict]

    def leave(self, name: str, message: str, now: float) -> list[Action]:
        """The engine leaves a machine, or has it left a message; whom it talks with waits again."""
        leg = self._table.get(name)
        if leg is None or leg.left_at is not None or leg.voicemail:
            return []
        parted = self._table.part(leg, now)
        if not message or leg.answered_at is None:
            return parted + self._table.leave(leg, "engine", now)
        parted += [StopPrompt(name)] if leg.message_at is not None or leg.prompt_plays else []
        leg.prompt, leg.prompt_plays = None, False
        leg.state, leg.ended_by = "leaving", "switch"
        leg.message_at, leg.voicemail = None, message
        self._table.wake(leg, now + _MAILBOX_WITHIN_S)
        if now - leg.beeped_at <= _BEEPED_JUST_NOW_S:
            return parted + self.mailbox_records(name, now)
        return parted

    def mailbox_records(self, name: str, now: float) -> list[Action]:
        """A machine that is to be left a message records from now on."""
        leg = self._table.get(name)
        if leg is None or not leg.awaits_mailbox:
            return []
        return [PlayMessage(name, leg.voicemail)]


def _claim_by(claim_within_s: float, heard: Heard, greeting_ended_at: float | None, now: float) -> float:
    """When a person whom detection has kept has to be claimed.

    Who has said nothing has waited since the answer, and who still speaks does not wait yet.
    """
    if greeting_ended_at is not None:
        return max(now + _BRIDGED_WITHIN_S, greeting_ended_at + claim_within_s)
    return now + (claim_within_s if heard.words else _BRIDGED_WITHIN_S)
