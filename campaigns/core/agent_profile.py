"""What an agent can do: skills with their levels, languages, and a rank in each campaign."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from campaigns.core.prompt import checked_language
from campaigns.core.softphone import AT_OUR_REGISTRAR
from campaigns.errors import InvalidAgentError, InvalidPromptError

HIGHEST_LEVEL = 10
"""Of a skill; 1 is the lowest."""
LOWEST_RANK = 99
"""Of an agent in a campaign; 1 comes first."""
MOST_SKILLS = 50
"""Of an agent, or asked for by a campaign; languages and ranks, too."""

_SIP_URI = re.compile(r"sips?:[^\s@<>\"]+@[^\s@<>\"]+")
_MAX_URI = 255
_SKILL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_NOTHING: Mapping[Any, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """Skills by name (level 1 to 10), languages (BCP 47), and ranks by campaign (1 comes first)."""

    skills: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    languages: tuple[str, ...] = ()
    ranks: Mapping[int, int] = field(default_factory=lambda: _NOTHING)

    @classmethod
    def parse(cls, skills: Mapping[str, Any], languages: Iterable[str], ranks: Mapping[Any, Any]) -> Self:
        """From JSON values, whose keys are texts. Raises InvalidAgentError."""
        spoken = tuple(dict.fromkeys(_language(each) for each in languages))
        if max(len(skills), len(spoken), len(ranks)) > MOST_SKILLS:
            raise InvalidAgentError(f"An agent has at most {MOST_SKILLS} skills, languages and ranks each.")
        return cls(
            {checked_skill(name): _level(name, level) for name, level in skills.items()},
            spoken,
            {_campaign(campaign): _rank(rank) for campaign, rank in ranks.items()},
        )

    def lacks(self, skills: Iterable[str]) -> list[str]:
        """Which of these skills the agent does not have."""
        return [each for each in skills if each not in self.skills]

    def level(self, skills: Iterable[str]) -> int:
        """The levels in these skills together."""
        return sum(self.skills.get(each, 0) for each in skills)

    def speaks(self, language: str) -> bool:
        """Whether the agent speaks a language, in whichever region; everyone speaks one that nobody knows."""
        return not language or _first(language) in {_first(each) for each in self.languages}


ANYONE = AgentProfile()
"""An agent of whom nothing is known."""


def checked_skill(name: object) -> str:
    """A skill's name as it is kept. Raises InvalidAgentError."""
    if not isinstance(name, str) or not _SKILL.fullmatch(name):
        raise InvalidAgentError(
            "A skill's name has 1 to 40 small letters, digits, - and _, as in mortgages or tier-2."
        )
    return name


def checked_sip_uri(uri: str) -> str:
    """A softphone's address; empty for one at our registrar. Raises InvalidAgentError."""
    if uri != AT_OUR_REGISTRAR and (len(uri) > _MAX_URI or not _SIP_URI.fullmatch(uri)):
        raise InvalidAgentError("An agent's SIP address is like sip:anna@pbx.example.")
    return uri


def _level(name: str, level: object) -> int:
    if type(level) is not int or not 1 <= level <= HIGHEST_LEVEL:
        raise InvalidAgentError(f"The level of {name} is a whole number from 1 to {HIGHEST_LEVEL}.")
    return level


def _rank(rank: object) -> int:
    if type(rank) is not int or not 1 <= rank <= LOWEST_RANK:
        raise InvalidAgentError(f"A rank is a whole number from 1 (first) to {LOWEST_RANK}.")
    return rank


def _campaign(campaign: object) -> int:
    text = str(campaign)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidAgentError('Ranks are by campaign number, as in {"12": 1}.')
    return int(text)


def _language(tag: object) -> str:
    try:
        return checked_language(tag if isinstance(tag, str) else "")
    except InvalidPromptError as error:
        raise InvalidAgentError(str(error)) from None


def _first(tag: str) -> str:
    return tag.partition("-")[0].lower()
