"""Which of the free agents gets a caller, by what the campaign wants. Times are Unix seconds."""

from collections.abc import Iterable
from math import inf
from typing import Protocol, TypeVar

from campaigns.core.agent_profile import AgentProfile
from campaigns.core.agent_work import ANY, PAST_CONTACT, PREFER, RANK, SKILL, AgentWork


class Candidate(Protocol):
    """A free agent."""

    @property
    def session(self) -> int:
        """The shift."""

    @property
    def agent(self) -> int:
        """Who it is."""

    @property
    def profile(self) -> AgentProfile:
        """What the agent can do."""

    @property
    def waits_since(self) -> float:
        """When the agent became free; one whose last call came to nothing keeps the place."""


class Caller(Protocol):
    """Who is to be connected with an agent."""

    @property
    def campaign(self) -> int:
        """Whose call it is."""

    @property
    def language(self) -> str:
        """The lead's, BCP 47; empty where nobody knows."""

    @property
    def last_agent(self) -> int | None:
        """Who had the last talk with the lead, where that is asked for."""


Free = TypeVar("Free", bound=Candidate)


def admits(work: AgentWork, profile: AgentProfile, language: str, waited_s: float = inf) -> bool:
    """Whether an agent may have a caller who speaks this language and has waited so long.

    Whether the agent has the skills is asked at log-in, once for all calls of a campaign.
    """
    if work.language_routing == ANY or profile.speaks(language):
        return True
    return work.language_routing == PREFER and waited_s >= work.language_wait_s


def choose(work: AgentWork, caller: Caller, free: Iterable[Free], waited_s: float) -> Free | None:
    """The agent who gets the caller, or None where there is none for them yet."""
    fitting = [each for each in free if admits(work, each.profile, caller.language, waited_s)]
    return min(fitting, key=lambda each: _turn(work, caller, each), default=None)


def _turn(work: AgentWork, caller: Caller, each: Candidate) -> tuple[bool, float, float, int]:
    """The lowest comes first; equal agents who became free at one instant, by the order of their log-ins."""
    foreign = work.language_routing != ANY and not each.profile.speaks(caller.language)
    return (foreign, _merit(work, caller, each), each.waits_since, each.session)


def _merit(work: AgentWork, caller: Caller, each: Candidate) -> float:
    if work.routing == SKILL:
        return -each.profile.level(work.skills)
    if work.routing == RANK:
        return each.profile.ranks.get(caller.campaign, inf)
    if work.routing == PAST_CONTACT:
        return each.agent != caller.last_agent
    return 0.0
