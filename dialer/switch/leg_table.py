"""The legs of a switch by their names, and the steps that every rule is made of.

Pure: `now` is monotonic seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from dialer.core.amd import AmdRule
from dialer.switch.companies import Companies, Company
from dialer.switch.leg import Leg
from dialer.switch.leg_actions import Action, HangUp, Hear, PlayMessage
from dialer.switch.messages import EndedBy, LegUnclaimed

ORPHAN_LIMIT_S = 60.0
"""How long agents' legs and parked customers wait for an engine."""
_DETECTION_AT_MOST_S = AmdRule().longest_s + 0.5
"""Detection has its own limit, and has told its verdict by then; nobody is kept longer, whatever fails."""


@dataclass
class LegTable:
    """Every leg that has not ended. Steps return what has to be done, in order."""

    engine_present: bool = True
    legs: dict[str, Leg] = field(default_factory=dict)
    companies: Companies = field(default_factory=Companies)
    _quiet_until: float = inf
    """No deadline comes before this instant, so that `due` may be asked hundreds of times a second."""

    def get(self, name: str) -> Leg | None:
        """The leg of that name, while it is there."""
        return self.legs.get(name)

    def wake(self, leg: Leg, at: float) -> None:
        """Has its deadline come then, in place of the one it has."""
        leg.deadline = at
        self._quiet_until = min(self._quiet_until, at)

    def due(self, now: float) -> Iterator[Leg]:
        """The legs whose deadlines have come; whoever asks takes all of them."""
        if now < self._quiet_until:
            return
        yield from [each for each in self.legs.values() if each.deadline is not None and each.deadline <= now]
        left = (each.deadline for each in self.legs.values() if each.deadline is not None)
        self._quiet_until = min(left, default=inf)

    def await_claim(self, leg: Leg, now: float) -> None:
        """Waits for the engine: a customer for as long as the law allows, an agent while one is there."""
        if leg.role == "customer":
            kept = leg.is_being_judged and self.engine_present
            self.wake(leg, now + (_DETECTION_AT_MOST_S if kept else leg.placed.claim_within_s))
        elif not self.engine_present:
            self.wake(leg, now + ORPHAN_LIMIT_S)
        else:
            leg.deadline = None

    def unclaimed(self, leg: Leg, now: float) -> list[Action]:
        """An answered customer whom nobody has claimed in time hears the message, or is ended."""
        leg.deadline = None
        told = LegUnclaimed(at=now, leg=leg.name)
        if not leg.placed.message:
            return [told, *self.leave(leg, "switch", now)]
        leg.state, leg.ended_by = "leaving", "switch"
        return [told, PlayMessage(leg.name, leg.placed.message)]

    def part(self, leg: Leg, now: float) -> list[Action]:
        """The leg is in no company any more; what becomes of the others.

        While no engine is there to decide, those who stay and hear nobody hear each other.
        """
        company = self.companies.of(leg.name)
        if company is None:
            return []
        self.companies.remove(company.name)
        rest = company.without(leg.name)
        if not self.engine_present and not rest.talks:
            rest = rest.brought_together()
        actions: list[Action] = [Hear(leg.name)]
        if not self._is_for_somebody(rest):
            return actions + [each for name in rest.legs for each in self.let_go(self.legs[name], now)]
        self.companies.put(rest)
        return [*actions, *rest.hear()]

    def let_go(self, leg: Leg, now: float) -> list[Action]:
        """It is in no company: an agent waits for work, a customer has to be claimed, a guest is ended."""
        actions: list[Action] = [Hear(leg.name)]
        if leg.state not in ("bridged", "parked"):
            return actions
        leg.state = "answered"
        if leg.role == "guest":
            return actions + self.leave(leg, "switch", now)
        self.await_claim(leg, now)
        return [*actions, *leg.waiting()]

    def has_agent(self, company: Company) -> bool:
        """Whether an agent is in it."""
        return any(self.legs[each].role == "agent" for each in company.legs)

    def _is_for_somebody(self, company: Company) -> bool:
        """Whether a customer is in it, with an agent or in a talk."""
        customers = [each for each in company.legs if self.legs[each].role == "customer"]
        return any(self.has_agent(company) or company.talks_with_somebody(each) for each in customers)

    def give_up(self, leg: Leg, by: EndedBy, now: float) -> list[Action]:
        """Ends a leg, once it has rung as long as it has to: 16 CFR 310.4(b)(4)(ii)."""
        if leg.state != "ringing" or now >= leg.rings_at_least_until:
            return self.leave(leg, by, now)
        leg.given_up_by = leg.given_up_by or by
        self.wake(leg, leg.rings_at_least_until)
        return []

    def leave(self, leg: Leg, by: EndedBy, now: float) -> list[Action]:
        """Ends a leg now."""
        leg.state = "leaving"
        leg.ended_by = by
        leg.left_at = now if leg.left_at is None else leg.left_at
        leg.deadline = None
        return [HangUp(leg.name)]
