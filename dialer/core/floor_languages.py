"""Whether somebody is there for a lead who speaks its language, asked before it is called."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from campaigns.core.agent_work import REQUIRE, AgentWork
from dialer.core.agent import AgentState
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall

_TAKES_CALLS = (AgentState.AVAILABLE, AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)


class Speaker(StrEnum):
    """Who speaks a lead's language."""

    THERE = "there"
    BUSY = "busy"
    """Somebody on shift does, who takes no call now."""
    NOBODY = "nobody"


def speakers(
    work: AgentWork,
    campaign: int,
    languages: Sequence[str],
    agents: Collection[FloorAgent],
    calls: Collection[FloorCall],
    *,
    one_for_each: bool,
) -> list[Speaker]:
    """For leads of a campaign in these languages (BCP 47), in order, whether they can be called now.

    `one_for_each`: each call needs an agent of its own who is free, and the calls that are up have theirs
    first; else it is enough that somebody at work speaks the language.
    """
    if work.language_routing != REQUIRE:
        return [Speaker.THERE] * len(languages)
    team = [each for each in agents if campaign in each.campaigns]
    if not one_for_each:
        at_work = [each for each in team if each.state in _TAKES_CALLS]
        return [_of(language, at_work, team) for language in languages]
    free = [each for each in team if each.state == AgentState.AVAILABLE]
    for call in calls:
        if call.campaign == campaign and call.seeks_an_agent:
            _take(call.language, free)
    found = []
    for language in languages:
        found.append(_of(language, free, team))
        _take(language, free)
    return found


def _of(language: str, there: Sequence[FloorAgent], team: Sequence[FloorAgent]) -> Speaker:
    if any(each.profile.speaks(language) for each in there):
        return Speaker.THERE
    return Speaker.BUSY if any(each.profile.speaks(language) for each in team) else Speaker.NOBODY


def _take(language: str, free: list[FloorAgent]) -> None:
    """Takes the agent with the fewest languages of those who speak it."""
    fitting = [each for each in free if each.profile.speaks(language)]
    if fitting:
        free.remove(min(fitting, key=lambda each: len(each.profile.languages)))
