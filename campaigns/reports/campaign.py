"""A campaign's report: every figure with its parts, the same for command line, API and demo."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.campaign import Progress
from campaigns.core.detection import DetectionFigures
from campaigns.core.inbound import InboundFigures, inbound_figures
from campaigns.core.metrics import (
    AgentFigures,
    CampaignFigures,
    Counts,
    Rate,
    agent_figures,
    campaign_figures,
    rate,
    team_figures,
)
from campaigns.core.sales import SalesFigures
from campaigns.core.tally import Counts as Calls
from campaigns.core.tally import detection_of
from campaigns.reports.messages import MessageReport
from campaigns.reports.store import ReportStore
from campaigns.stores.shared import Session
from campaigns.stores.tally_reading import TallyReader
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
    messages: MessageReport | None = None
    """What its messages came to; None for a campaign without, or where nobody asked for it."""


async def build_report(
    session: Session, campaign: Campaign, progress: Progress, callbacks_missed: int, now: datetime
) -> CampaignReport:
    """Count a campaign and reckon its figures."""
    store, tallies = ReportStore(session), TallyReader(session)
    groups = await tallies.totals(campaign.id, ("outcome", "disposition"))
    total = sum(groups.values(), start=Calls())
    leads = await _leads(campaign.id, store)
    counts = _counts(total, leads, await tallies.leads(campaign.id))
    agents = await _agents(campaign, store, tallies, now)
    outcomes: Counter[str] = Counter()
    dispositions: Counter[str] = Counter()
    for (outcome, disposition), each in groups.items():
        outcomes[outcome or IN_PROGRESS] += each.calls
        if disposition:
            dispositions[disposition] += each.calls
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
        detection=detection_of(total),
        inbound=inbound_figures(await store.inbound(campaign.id)),
        leads=leads,
        progress=progress,
        callbacks_missed=callbacks_missed,
        agents=agents,
        team=team_figures([agent.figures for agent in agents]),
    )


def _counts(calls: Calls, leads: Sequence[LeadGroup], reached: Mapping[str, int]) -> Counts:
    return Counts(
        attempts=calls.calls,
        answered=calls.answered,
        people=calls.people,
        contacts=calls.contacts,
        right_parties=calls.right_parties,
        conversions=calls.conversions,
        abandoned=calls.abandoned,
        leads_loaded=sum(group.count for group in leads),
        leads_final=sum(group.count for group in leads if group.state == "final"),
        leads_attempted=reached["attempted"],
        leads_answered=reached["answered"],
        leads_people=reached["people"],
        leads_contacted=reached["contacted"],
        leads_right_parties=reached["right_parties"],
        leads_converted=reached["converted"],
    )


async def _leads(campaign_id: int, store: ReportStore) -> list[LeadGroup]:
    groups = [LeadGroup(*row) for row in await store.leads_by_state(campaign_id)]
    later = await store.leads_in_lists(campaign_id) - sum(group.count for group in groups)
    return [*groups, LeadGroup("new", "loaded_after_start", later)] if later > 0 else groups


async def _agents(
    campaign: Campaign, store: ReportStore, tallies: TallyReader, now: datetime
) -> list[AgentReport]:
    """What agents did with calls, whoever called."""
    stretches = await store.stretches(campaign.client_id, campaign.id)
    talked = await tallies.totals(campaign.id, ("agent_id",), direction=None)
    reports = []
    for agent_id, name in (await store.agents(campaign.client_id)).items():
        own = talked.get((agent_id,), Calls())
        if agent_id in stretches or own.talks:
            spent = stretches.get(agent_id, [])
            figures = agent_figures(spent, own.talks, own.talk_contacts, own.talk_conversions, now)
            reports.append(AgentReport(agent_id, name, figures))
    return reports


def _shares(counts: Counter[str]) -> list[Share]:
    total = counts.total()
    return [
        Share(code, count, rate(count, total))
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
