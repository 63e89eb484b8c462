"""Legs that are brought together, and who of them hears whom. Pure: `now` is monotonic seconds."""

from collections.abc import Collection, Container
from dataclasses import dataclass

from dialer.switch.companies import Company, pair
from dialer.switch.leg_actions import Action, Beep
from dialer.switch.leg_table import LegTable
from dialer.switch.messages import BridgeFailed, LegsBridged, LegsMixed, MixFailed, MixLegs

_TO_BE_BRIDGED = ("answered", "prompted", "parked")
_TO_BE_MIXED = (*_TO_BE_BRIDGED, "bridged")


@dataclass
class LegCompanies:
    """The conversations of the legs of a table. Each method returns what has to be done, in order."""

    _table: LegTable

    def bridge(self, name: str, other: str, now: float) -> list[Action]:
        """The engine claims a leg for another."""
        if why := self._why_not((name, other), _TO_BE_BRIDGED):
            return [BridgeFailed(at=now, leg=name, other=other, reason=why)]
        both = (self._table.legs[name], self._table.legs[other])
        beeps = [Beep(leg.name, leg.placed.beep) for leg in both if leg.placed.beep]
        return [*self._gather(pair(name, other), now), *beeps, LegsBridged(at=now, leg=name, other=other)]

    def mix(self, command: MixLegs, now: float) -> list[Action]:
        """The engine says who hears whom."""
        strangers = {each for heard in command.hears.values() for each in heard} - set(command.hears)
        why = "who is not in the company is to be heard" if strangers else ""
        if why := why or self._why_not(command.hears, _TO_BE_MIXED):
            return [MixFailed(at=now, company=command.company, reason=why)]
        hears = {leg: frozenset(heard) for leg, heard in command.hears.items()}
        mixed = self._gather(Company(command.company, hears, command.sounds, command.note), now)
        return [*mixed, LegsMixed(at=now, company=command.company)]

    def of(self, name: str) -> Company | None:
        """The leg's company, if it is in one."""
        return self._table.companies.of(name)

    def is_on_hold(self, name: str) -> bool:
        """Whether a leg is in company and hears nobody."""
        company = self.of(name)
        return company is not None and not company.hears[name]

    def partner_of(self, name: str) -> str | None:
        """The customer's agent, and everybody else's customer; None where there is none."""
        if (company := self.of(name)) is None:
            return None
        legs = self._table.legs
        wanted = "agent" if legs[name].role == "customer" else "customer"
        others = [each for each in company.legs if each != name]
        return next((each for each in others if legs[each].role == wanted), None)

    def voices(self, name: str) -> frozenset[str] | None:
        """Whom a customer hears in a talk with an agent; None where there is none, as on hold."""
        leg, company = self._table.get(name), self.of(name)
        if leg is None or leg.role != "customer" or company is None or not company.is_heard(name):
            return None
        return company.hears[name] if self._table.has_agent(company) else None

    def _why_not(self, names: Collection[str], states: Container[str]) -> str:
        """Why these legs cannot be a company; empty where they can."""
        for name in names:
            if (leg := self._table.get(name)) is None:
                return f"{name} has ended"
            if leg.state not in states:
                return f"{name} is {leg.state}"
        customers = sum(self._table.legs[each].role == "customer" for each in names)
        return "" if customers == 1 else f"there are {customers} customers among them"

    def _gather(self, company: Company, now: float) -> list[Action]:
        """The company is so from now on; who was in it, or is in another, leaves that first."""
        actions: list[Action] = []
        companies, legs = self._table.companies, self._table.legs
        former = companies.named(company.name)
        left = [leg for leg in former.legs if leg not in company.hears] if former is not None else []
        for name in company.legs:
            elsewhere = companies.of(name)
            if elsewhere is not None and elsewhere.name != company.name:
                actions += self._table.part(legs[name], now)
        companies.put(company)
        for name in left:
            actions += self._table.let_go(legs[name], now)
        for leg in map(legs.__getitem__, company.legs):
            leg.state = "parked" if len(company.legs) == 1 else "bridged"
            leg.deadline, leg.prompt, leg.prompt_plays = None, None, False
        return [*actions, *company.hear()]
