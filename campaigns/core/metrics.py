"""The figures of a report, from counts. Each rate carries its numerator and denominator; over 0 it is None.

A figure has one name and one denominator in the whole project: a contact is a disposition flagged
`customer_contact`, and the abandon rate is over people who answered (16 CFR 310.4(b)(4)(i)).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.core.disposition import Flag
from campaigns.core.intervals import wilson

FIGURE_OF_STATE = {
    "available": "available",
    "preview": "preview",
    "talking": "talk",
    "on_hold": "hold",
    "wrap_up": "wrap",
    "paused": "pause",
}
"""An agent's state, as stored, to the figure its time counts in; time in any other state is `other`."""

_FIGURES = (*FIGURE_OF_STATE.values(), "other")


@dataclass(frozen=True, slots=True)
class Rate:
    """`numerator` / `denominator`; `value` is None where the denominator is 0."""

    value: float | None
    numerator: int
    denominator: int
    low: float | None = field(default=None, compare=False)
    """With `high` Wilson's interval of 95 %, where it is a share of what was counted."""
    high: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted in a campaign. `people`: attempts that a person answered, abandoned ones included."""

    attempts: int = 0
    answered: int = 0
    people: int = 0
    contacts: int = 0
    right_parties: int = 0
    conversions: int = 0
    abandoned: int = 0
    leads_loaded: int = 0
    leads_final: int = 0
    leads_attempted: int = 0
    leads_answered: int = 0
    leads_people: int = 0
    leads_contacted: int = 0
    leads_right_parties: int = 0
    leads_converted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFigures:
    """A campaign's rates."""

    connect_rate: Rate
    connect_rate_leads: Rate
    human_answer_rate: Rate
    human_answer_rate_leads: Rate
    contact_rate: Rate
    contact_rate_leads: Rate
    right_party_rate: Rate
    right_party_rate_leads: Rate
    conversion_rate: Rate
    conversion_rate_leads: Rate
    abandon_rate: Rate
    penetration: Rate
    attempts_per_lead: Rate


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in one state; `ended_at` is None while it lasts."""

    state: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """An agent's or a team's time in whole milliseconds, adding up to `logged_in_ms`, and what came of it."""

    available_ms: int
    preview_ms: int
    talk_ms: int
    hold_ms: int
    wrap_ms: int
    pause_ms: int
    other_ms: int
    logged_in_ms: int
    calls_handled: int
    contacts: int
    conversions: int
    occupancy: Rate
    utilisation: Rate
    average_handle_time_ms: Rate
    closure_rate: Rate


def is_person(outcome: str, flags: Collection[Flag]) -> bool:
    """Whether a person answered: as the outcome says, unless the agent says otherwise, by a disposition.

    Without detection every answer is taken for a person's, and only a disposition tells machines apart.
    """
    if Flag.MACHINE in flags:
        return False
    return outcome in ("human", "abandoned") or Flag.HUMAN_ANSWERED in flags


def rate(numerator: int, denominator: int) -> Rate:
    """A share of what was counted, with its parts and its interval."""
    if not 0 <= numerator <= denominator or not denominator:
        return quotient(numerator, denominator)
    return Rate(numerator / denominator, numerator, denominator, *wilson(numerator, denominator))


def quotient(numerator: int, denominator: int) -> Rate:
    """A mean, or a share of time, with its parts: no interval says how far off it may be."""
    return Rate(numerator / denominator if denominator else None, numerator, denominator)


def campaign_figures(counts: Counts) -> CampaignFigures:
    """The rates over a campaign's counts."""
    return CampaignFigures(
        connect_rate=rate(counts.answered, counts.attempts),
        connect_rate_leads=rate(counts.leads_answered, counts.leads_attempted),
        human_answer_rate=rate(counts.people, counts.attempts),
        human_answer_rate_leads=rate(counts.leads_people, counts.leads_attempted),
        contact_rate=rate(counts.contacts, counts.attempts),
        contact_rate_leads=rate(counts.leads_contacted, counts.leads_attempted),
        right_party_rate=rate(counts.right_parties, counts.contacts),
        right_party_rate_leads=rate(counts.leads_right_parties, counts.leads_contacted),
        conversion_rate=rate(counts.conversions, counts.contacts),
        conversion_rate_leads=rate(counts.leads_converted, counts.leads_attempted),
        abandon_rate=rate(counts.abandoned, counts.people),
        penetration=rate(counts.leads_final, counts.leads_loaded),
        attempts_per_lead=quotient(counts.attempts, counts.leads_attempted),
    )


def agent_figures(
    stretches: Iterable[Stretch], calls_handled: int, contacts: int, conversions: int, now: datetime
) -> AgentFigures:
    """The figures of one agent; a stretch that lasts is counted up to `now`."""
    spent = dict.fromkeys(_FIGURES, 0)
    for stretch in stretches:
        spent[FIGURE_OF_STATE.get(stretch.state, "other")] += _milliseconds(stretch, now)
    return _figures(spent, calls_handled, contacts, conversions)


def team_figures(agents: Sequence[AgentFigures]) -> AgentFigures:
    """The figures of all agents together: their times and counts added, the rates taken anew."""
    spent = {name: sum(getattr(agent, f"{name}_ms") for agent in agents) for name in _FIGURES}
    return _figures(
        spent,
        sum(agent.calls_handled for agent in agents),
        sum(agent.contacts for agent in agents),
        sum(agent.conversions for agent in agents),
    )


def _figures(spent: dict[str, int], calls_handled: int, contacts: int, conversions: int) -> AgentFigures:
    logged_in = sum(spent.values())
    working = spent["talk"] + spent["wrap"]
    return AgentFigures(
        available_ms=spent["available"],
        preview_ms=spent["preview"],
        talk_ms=spent["talk"],
        hold_ms=spent["hold"],
        wrap_ms=spent["wrap"],
        pause_ms=spent["pause"],
        other_ms=spent["other"],
        logged_in_ms=logged_in,
        calls_handled=calls_handled,
        contacts=contacts,
        conversions=conversions,
        occupancy=quotient(working, working + spent["available"]),
        utilisation=quotient(working, logged_in),
        average_handle_time_ms=quotient(working + spent["hold"], calls_handled),
        closure_rate=rate(conversions, calls_handled),
    )


def _milliseconds(stretch: Stretch, now: datetime) -> int:
    end = stretch.ended_at if stretch.ended_at is not None else max(now, stretch.started_at)
    return (end - stretch.started_at) // timedelta(milliseconds=1)
