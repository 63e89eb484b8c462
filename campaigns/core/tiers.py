"""The levels of agents to whom calls are handed up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from campaigns.core.agent_profile import HIGHEST_LEVEL, MOST_SKILLS, AgentProfile, checked_skill
from campaigns.errors import InvalidAgentError, InvalidSettingsError

MOST_TIERS = 10
MOST_AGENTS = 1000
HANDED_OVER = ("consult", "complete", "transfer", "hand_up", "park")
"""Steps of a call by which another agent comes to it, whose notes are for that agent."""
_NO_SKILLS: Mapping[str, int] = MappingProxyType({})
_FIELDS = {"name", "agents", "skills"}


@dataclass(frozen=True, slots=True)
class Tier:
    """A level: agents by number, and all who have each of these skills at this level at least."""

    name: str
    agents: tuple[int, ...] = ()
    skills: Mapping[str, int] = field(default_factory=lambda: _NO_SKILLS)

    @classmethod
    def parse(cls, given: Any) -> Self:
        """From JSON. Raises InvalidSettingsError."""
        if not isinstance(given, Mapping) or not given.keys() <= _FIELDS:
            raise _wrong("has a name, and agents or skills")
        agents, skills = given.get("agents", []), given.get("skills", {})
        if not isinstance(agents, list | tuple) or len(agents) > MOST_AGENTS:
            raise _wrong(f"has at most {MOST_AGENTS} agents, by their numbers")
        if any(type(each) is not int or each < 1 for each in agents):
            raise _wrong("names agents by their numbers")
        if not isinstance(skills, Mapping) or len(skills) > MOST_SKILLS:
            raise _wrong(f"has at most {MOST_SKILLS} skills, each with its lowest level")
        if any(type(each) is not int or not 1 <= each <= HIGHEST_LEVEL for each in skills.values()):
            raise _wrong(f"asks for levels from 1 to {HIGHEST_LEVEL}")
        if not agents and not skills:
            raise _wrong("has agents or skills")
        try:
            name = checked_skill(given.get("name"))
            return cls(name, tuple(agents), {checked_skill(each): level for each, level in skills.items()})
        except InvalidAgentError as error:
            raise _wrong(f"has a name like a skill's: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads."""
        return {"name": self.name, "agents": list(self.agents), "skills": dict(self.skills)}

    def has(self, agent: int, profile: AgentProfile) -> bool:
        """Whether an agent is of this level."""
        able = all(profile.skills.get(each, 0) >= level for each, level in self.skills.items())
        return agent in self.agents or (bool(self.skills) and able)


def parse_tiers(given: Any) -> tuple[Tier, ...]:
    """From JSON, or as they are. Raises InvalidSettingsError."""
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_TIERS:
        raise InvalidSettingsError(f"tiers is a list of at most {MOST_TIERS}.")
    tiers = tuple(each if isinstance(each, Tier) else Tier.parse(each) for each in given)
    if len({each.name for each in tiers}) < len(tiers):
        raise InvalidSettingsError("Each of the tiers has a name of its own.")
    return tiers


def _wrong(what: str) -> InvalidSettingsError:
    return InvalidSettingsError(f'Each of tiers {what}, as in {{"name": "second", "agents": [7, 9]}}.')
