"""Whose turn it is: by what the campaign wants, and then by who has waited longest."""

from dataclasses import dataclass
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.agent_profile import ANYONE, AgentProfile
from campaigns.core.agent_work import LANGUAGE_ROUTINGS, ROUTINGS, AgentWork
from dialer.core.routing import admits, choose

SALES = 1
LANGUAGES = ["", "en", "en-GB", "es", "es-MX", "pt-BR"]


@dataclass(frozen=True)
class Free:
    session: int
    waits_since: float = 0.0
    profile: AgentProfile = ANYONE

    @property
    def agent(self):
        return 100 + self.session


@dataclass(frozen=True)
class Caller:
    language: str = ""
    last_agent: int | None = None
    campaign: int = SALES


profiles = st.builds(
    AgentProfile,
    st.dictionaries(st.sampled_from(["mortgages", "cars"]), st.integers(1, 10)),
    st.lists(st.sampled_from(LANGUAGES[1:]), unique=True).map(tuple),
    st.dictionaries(st.sampled_from([SALES, 2]), st.integers(1, 9)),
)
teams = st.lists(
    st.builds(Free, st.integers(1, 20), st.sampled_from([0.0, 1.0, 2.0, 3.0]), profiles),
    max_size=6,
    unique_by=lambda each: each.session,
)
works = st.builds(
    AgentWork,
    routing=st.sampled_from(ROUTINGS),
    skills=st.sampled_from([(), ("mortgages",), ("cars", "mortgages")]),
    language_routing=st.sampled_from(LANGUAGE_ROUTINGS),
    language_wait_s=st.sampled_from([0.0, 1.0]),
)
callers = st.builds(Caller, st.sampled_from(LANGUAGES), st.one_of(st.none(), st.integers(101, 120)))
waits = st.sampled_from([0.0, 0.5, 1.0, 2.0])


def merit(work, caller, each):
    """What counts before the wait; more is better."""
    speaks = work.language_routing == "any" or each.profile.speaks(caller.language)
    return speaks, {
        "longest_waiting": 0,
        "skill": sum(each.profile.skills.get(skill, 0) for skill in work.skills),
        "rank": -each.profile.ranks.get(caller.campaign, inf),
        "past_contact": each.agent == caller.last_agent,
    }[work.routing]


@given(works, callers, teams, waits)
def test_the_best_of_those_who_may_have_the_caller_and_of_equals_who_has_waited_longest(
    work, caller, team, waited_s
):
    chosen = choose(work, caller, team, waited_s)
    may = [each for each in team if admits(work, each.profile, caller.language, waited_s)]
    assert (chosen is None) == (not may)
    if chosen is not None:
        assert chosen in may
        best = max(merit(work, caller, each) for each in may)
        assert merit(work, caller, chosen) == best
        equals = [each for each in may if merit(work, caller, each) == best]
        assert chosen.waits_since == min(each.waits_since for each in equals)


@given(works, callers, teams, waits, st.randoms(use_true_random=False))
def test_the_order_in_which_agents_are_looked_at_does_not_matter(work, caller, team, waited_s, random):
    shuffled = random.sample(team, len(team))
    assert choose(work, caller, team, waited_s) == choose(work, caller, shuffled, waited_s)


@given(callers, profiles, waits)
def test_a_language_that_is_required_is_never_given_up_and_one_that_is_preferred_after_the_wait(
    caller, profile, waited_s
):
    speaks = profile.speaks(caller.language)
    assert admits(AgentWork(language_routing="require"), profile, caller.language, inf) == speaks
    prefers = AgentWork(language_routing="prefer", language_wait_s=1.0)
    assert admits(prefers, profile, caller.language, waited_s) == (speaks or waited_s >= 1.0)
    assert admits(AgentWork(), profile, caller.language, 0.0)


def test_a_language_is_spoken_in_every_region_and_an_unknown_one_by_everybody():
    spanish = AgentProfile.parse({}, ["es-MX"], {})
    assert spanish.speaks("es")
    assert spanish.speaks("ES-ar")
    assert spanish.speaks("")
    assert not spanish.speaks("pt")
    assert ANYONE.speaks("")
    assert not ANYONE.speaks("en")


def test_who_talked_last_with_the_lead_comes_first_where_that_counts_and_is_free():
    team = [Free(1, 0.0), Free(2, 5.0)]
    past_contact = AgentWork(routing="past_contact")
    assert choose(past_contact, Caller(last_agent=102), team, 0.0) == team[1]
    assert choose(past_contact, Caller(last_agent=109), team, 0.0) == team[0]
    assert choose(AgentWork(), Caller(last_agent=102), team, 0.0) == team[0]
