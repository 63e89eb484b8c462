"""Which legs are together, and who of them hears whom. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dialer.switch.leg_actions import Hear


@dataclass(frozen=True)
class Company:
    """Legs that are together: whom each hears, and what sound, in the order in which they were named."""

    name: str
    hears: Mapping[str, frozenset[str]]
    sounds: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def legs(self) -> tuple[str, ...]:
        """Who is in it."""
        return tuple(self.hears)

    @property
    def talks(self) -> bool:
        """Whether any two hear each other."""
        return any(self.talks_with_somebody(leg) for leg in self.hears)

    def talks_with_somebody(self, leg: str) -> bool:
        """Whether the leg hears somebody by whom it is heard."""
        return any(leg in self.hears[other] for other in self.hears[leg])

    def is_heard(self, leg: str) -> bool:
        """Whether anybody hears the leg."""
        return any(leg in heard for heard in self.hears.values())

    def without(self, leg: str) -> "Company":
        """The others, who hear each other as before."""
        hears = {each: heard - {leg} for each, heard in self.hears.items() if each != leg}
        return Company(self.name, hears, self.sounds, self.note)

    def brought_together(self) -> "Company":
        """Those who hear nobody hear each other, and no sound any more; who is alone in that stays so."""
        alone = frozenset(each for each, heard in self.hears.items() if not heard)
        if len(alone) < 2:
            return self
        hears = {each: heard or alone - {each} for each, heard in self.hears.items()}
        return Company(self.name, hears, note=self.note)

    def hear(self) -> Iterator[Hear]:
        """What each of them hears."""
        for leg, heard in self.hears.items():
            yield Hear(leg, tuple(each for each in self.hears if each in heard), self.sounds.get(leg, ""))


def pair(leg: str, other: str) -> Company:
    """Two who hear each other, named after the first."""
    return Company(leg, {leg: frozenset({other}), other: frozenset({leg})})


class Companies:
    """The companies of a switch; a leg is in one at most."""

    def __init__(self) -> None:
        self._companies: dict[str, Company] = {}
        self._of: dict[str, str] = {}

    def of(self, leg: str) -> Company | None:
        """The leg's company, if it is in one."""
        name = self._of.get(leg)
        return None if name is None else self._companies[name]

    def named(self, name: str) -> Company | None:
        """The company of that name, if there is one."""
        return self._companies.get(name)

    def put(self, company: Company) -> None:
        """The company is so from now on; its legs are in no other."""
        self.remove(company.name)
        self._companies[company.name] = company
        self._of |= dict.fromkeys(company.legs, company.name)

    def remove(self, name: str) -> None:
        """There is no such company any more."""
        former = self._companies.pop(name, None)
        for leg in former.legs if former is not None else ():
            del self._of[leg]
