"""How agents work for a campaign: who gets which call, and what ends a wrap-up that nobody ends."""

from dataclasses import dataclass
from typing import Any, Self

from campaigns.core.agent_profile import MOST_SKILLS, checked_skill
from campaigns.core.disposition import NO_DISPOSITION
from campaigns.core.setting_checks import among, one_line, within
from campaigns.core.tiers import Tier, parse_tiers
from campaigns.errors import InvalidAgentError, InvalidSettingsError

LONGEST_WAITING, SKILL, RANK, PAST_CONTACT = "longest_waiting", "skill", "rank", "past_contact"
ROUTINGS = (LONGEST_WAITING, SKILL, RANK, PAST_CONTACT)
"""Whose turn it is among the agents who are free; of those who are equal, who has waited longest.

longest_waiting: nothing else counts. skill: the highest level in the skills that the campaign asks for.
rank: the lowest number that the agent has in the campaign. past_contact: who talked last with the lead."""
ANY, PREFER, REQUIRE = "any", "prefer", "require"
LANGUAGE_ROUTINGS = (ANY, PREFER, REQUIRE)
"""Whether the lead's language counts: any (it does not), prefer (who speaks it first, and anyone after a
while), or require (nobody else)."""
LONGEST_LANGUAGE_WAIT_S = 1.5
"""Who answered hears a message after two seconds without an agent: 16 CFR 310.4(b)(4)(iii)."""
AVAILABLE, PAUSED = "available", "paused"
AFTER_WRAP_UP = (AVAILABLE, PAUSED)
LONGEST_EXTENSION_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWork:
    """A campaign's settings of these names; see `CampaignSettings`."""

    routing: str = LONGEST_WAITING
    skills: tuple[str, ...] = ()
    language_routing: str = ANY
    language_wait_s: float = 0.0
    after_wrap_up: str = AVAILABLE
    default_disposition: str = NO_DISPOSITION
    wrap_up_extension_s: float = 0.0
    tiers: tuple[Tier, ...] = ()
    manual_list: str = ""

    @classmethod
    def of(cls, settings: Any) -> Self:
        """From a campaign's settings, or from its row."""
        return cls(
            routing=settings.routing,
            skills=tuple(settings.skills),
            language_routing=settings.language_routing,
            language_wait_s=settings.language_wait_s,
            after_wrap_up=settings.after_wrap_up,
            default_disposition=settings.default_disposition,
            wrap_up_extension_s=settings.wrap_up_extension_s,
            tiers=parse_tiers(settings.tiers),
            manual_list=settings.manual_list,
        )

    def tier(self, name: str) -> Tier | None:
        """A level of agents, by its name."""
        return next((each for each in self.tiers if each.name == name), None)


AS_USUAL = AgentWork()
"""The longest waiting agent gets the call, and a wrap-up that nobody ends leaves no disposition."""


def check_agent_work(settings: Any) -> None:
    """How agents work for a campaign, by its settings. Raises InvalidSettingsError."""
    within("wrap_up_extension_s", settings.wrap_up_extension_s, 0, LONGEST_EXTENSION_S)
    among("after_wrap_up", settings.after_wrap_up, AFTER_WRAP_UP)
    one_line("manual_list", settings.manual_list)
    among("routing", settings.routing, ROUTINGS)
    among("language_routing", settings.language_routing, LANGUAGE_ROUTINGS)
    within("language_wait_s", settings.language_wait_s, 0, LONGEST_LANGUAGE_WAIT_S)
    if not isinstance(settings.skills, list | tuple) or len(settings.skills) > MOST_SKILLS:
        raise InvalidSettingsError(f'skills is a list of at most {MOST_SKILLS}, as in ["mortgages"].')
    try:
        for each in settings.skills:
            checked_skill(each)
    except InvalidAgentError as error:
        raise InvalidSettingsError(str(error)) from None
