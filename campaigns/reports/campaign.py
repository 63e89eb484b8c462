"""A campaign's report: every figure with its parts, the same for command line, API and demo."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.campaign import Progress
from campaigns.core.detection import DetectionFigures, detection_figures
from campaigns.core.disposition import Flag
from campaigns.core.inbound import InboundFigures, inbound_figures
from campaigns.core.metrics import (
    AgentFigures,
    CampaignFigures,
    Counts,
    Rate,
    agent_figures,
    campaign_figures,
    is_person,
    rate,
    team_figures,
)
from campaigns.core.sales import SalesFigures
from campaigns.reports.store import AttemptGroup, HandledGroup, ReportStore
from campaigns.tables import Campaign

IN_PROGRESS = "in_progress"
"""The outcome of a call that has not ended."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many attempts have a code, and their share of all attempts in the table it stands in."""

    code: str
    count: int
    share: Rate


@dataclass(frozen=True, slots=True)
class LeadGroup:
    """Leads in one state for one reason."""

    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class AgentReport:
    """An agent's figures, over the shifts in which the agent worked for the campaign."""

    agent_id: int
    name: str
    figures: AgentFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """A campaign from its beginning to `at`."""

    campaign_id: int
    name: str
    client: str
    kind: str
    dial_mode: str
    state: str
    state_since: datetime
    at: datetime
    counts: Counts
    figures: CampaignFigures
    abandon_rate_target: float
    outcomes: list[Share]
    """Every attempt in one line; calls that go on are `in_progress`."""
    dispositions: list[Share]
    """Every attempt that has a disposition in one line."""
    detection: DetectionFigures
    """How often answering-machine detection was wrong, as far as agents checked it."""
    inbound: InboundFigures
    """Calls of people to the campaign; none of them is among its attempts."""
    leads: list[LeadGroup]
    """Every lead of the campaign's lists in one line."""
    progress: Progress
    """The campaign's leads by what is next for them."""
    callbacks_missed: int
    """Calls that were promised, and that nobody has placed in time."""
    agents: list[AgentReport]
    team: AgentFigures
    sales: SalesFigures | None = None
    """What the talks sold; None where nobody asked for it."""


async def build_report(
    campaign: Campaign, progress: Progress, callbacks_missed: int, store: ReportStore, now: datetime
) -> CampaignReport:
    """Count a campaign and reckon its figures."""
    groups = await store.attempts(campaign.id)
    leads = await _leads(campaign.id, store)
    counts = await _counts(campaign.id, store, groups, leads)
    agents = await _agents(campaign, store, now)
    outcomes: Counter[str] = Counter()
    dispositions: Counter[str] = Counter()
    for group in groups:
        outcomes[group.outcome or IN_PROGRESS] += group.count
        if group.disposition:
            dispositions[group.disposition] += group.count
    return CampaignReport(
        campaign_id=campaign.id,
        name=campaign.name,
        client=await store.client_slug(campaign.client_id),
        kind=campaign.kind,
        dial_mode=campaign.dial_mode,
        state=campaign.state,
        state_since=campaign.state_since,
        at=now,
        counts=counts,
        figures=campaign_figures(counts),
        abandon_rate_target=campaign.abandon_rate_target,
        outcomes=_shares(outcomes),
        dispositions=_shares(dispositions),
        detection=detection_figures(await store.verdicts(campaign.id)),
        inbound=inbound_figures(await store.inbound(campaign.id)),
        leads=leads,
        progress=progress,
        callbacks_missed=callbacks_missed,
        agents=agents,
        team=team_figures([agent.figures for agent in agents]),
    )


async def _counts(
    campaign_id: int, store: ReportStore, groups: Sequence[AttemptGroup], leads: Sequence[LeadGroup]
) -> Counts:
    attempted, contacted, converted = await store.leads_attempted(campaign_id)
    return Counts(
        attempts=sum(group.count for group in groups),
        answered=sum(group.answered for group in groups),
        people=sum(group.count for group in groups if is_person(group.outcome, group.flags)),
        contacts=_with(groups, Flag.CUSTOMER_CONTACT),
        right_parties=_with(groups, Flag.RIGHT_PARTY),
        conversions=_with(groups, Flag.CONVERSION),
        abandoned=sum(group.count for group in groups if group.outcome == "abandoned"),
        leads_loaded=sum(group.count for group in leads),
        leads_final=sum(group.count for group in leads if group.state == "final"),
        leads_attempted=attempted,
        leads_contacted=contacted,
        leads_converted=converted,
    )


async def _leads(campaign_id: int, store: ReportStore) -> list[LeadGroup]:
    groups = [LeadGroup(*row) for row in await store.leads_by_state(campaign_id)]
    later = await store.leads_in_lists(campaign_id) - sum(group.count for group in groups)
    return [*groups, LeadGroup("new", "loaded_after_start", later)] if later > 0 else groups


async def _agents(campaign: Campaign, store: ReportStore, now: datetime) -> list[AgentReport]:
    stretches = await store.stretches(campaign.client_id, campaign.id)
    handled = await store.handled(campaign.id)
    names = await store.agents(campaign.client_id)
    worked = set(stretches) | {group.agent_id for group in handled}
    reports = []
    for agent_id, name in names.items():
        if agent_id in worked:
            own = [group for group in handled if group.agent_id == agent_id]
            calls, contacts, conversions = (
                sum(group.count for group in own),
                _with(own, Flag.CUSTOMER_CONTACT),
                _with(own, Flag.CONVERSION),
            )
            figures = agent_figures(stretches.get(agent_id, []), calls, contacts, conversions, now)
            reports.append(AgentReport(agent_id, name, figures))
    return reports


def _with(groups: Iterable[AttemptGroup | HandledGroup], flag: Flag) -> int:
    return sum(group.count for group in groups if flag in group.flags)


def _shares(counts: Counter[str]) -> list[Share]:
    total = counts.total()
    return [
        Share(code, count, rate(count, total))
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
