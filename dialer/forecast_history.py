"""What a forecast assumes, from a campaign's own latest calls."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from statistics import fmean

from campaigns import service as campaigns
from campaigns.core.disposition import Flag
from campaigns.reports.campaign import CampaignReport
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.queue import QueueStore
from campaigns.stores.recent_calls import RecentCallStore
from campaigns.stores.skips import SkipStore
from dialer.call_history import FEWEST_TALKS, CallHistory, prior_of, talks_of
from dialer.errors import DialerError
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.forecasting import Plan, policy_of
from leads.stores.shared import Sessions

_CALLS_LOOKED_AT = 5000
_FEWEST_CALLS = 100
_HANG_UP_WITHIN_S, _HANG_UP_OF_MEAN = 20.0, 1 / 3
"""A talk is a hang-up that is shorter than both: these seconds, and this share of the mean."""
_FAILED = ("busy", "rejected", "congestion", "invalid_number", "disconnected", "network_failure", "blocked")
_NO_ESTIMATE_S = 12.0
_MOST_SHARE = 0.95


class TooLittleHistoryError(DialerError):
    """The campaign has made too few calls to tell how the next will go."""

    code = "too-little-history"
    exit_code = 2


async def plan_of_campaign(sessions: Sessions, reference: str, hours: float, now: datetime) -> Plan:
    """A campaign's settings, what its latest calls tell, and what the engine would let its pacer presume.

    `reference` is its id or name.

    Raises CampaignNotFoundError, NothingToForecastError and TooLittleHistoryError.
    """
    campaign_id = await campaigns.find_campaign(sessions, reference)
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
        policy_of(campaign.dial_mode)
        progress = await QueueStore(session).progress(campaign_id, now)
        calls = await RecentCallStore(session).latest(campaign_id, _CALLS_LOOKED_AT)
        skips = await SkipStore(session).count(campaign_id) if campaign.dial_mode == "preview" else 0
        prior = await prior_of(session, campaign_id, campaign.wrap_up_limit_s, now)
    history = CallHistory(calls, campaign.wrap_up_limit_s)
    left = progress.due + progress.waiting + progress.claimed + progress.calling
    assumed = assumptions_of(history, left)
    if campaign.dial_mode == "preview":
        assumed = _with_looks(assumed, await campaigns.report(sessions, campaign_id, now, sales=False), skips)
    return Plan(settings_of(campaign), assumed, hours, prior)


def assumptions_of(history: CallHistory, leads_left: int) -> Assumptions:
    """What the latest calls tell of the next. Raises TooLittleHistoryError."""
    calls, persons, machines = history.calls, history.persons, history.machines
    talks = talks_of(persons)
    if len(calls) < _FEWEST_CALLS or len(talks) < FEWEST_TALKS:
        raise TooLittleHistoryError(
            f"The campaign has {len(calls)} calls and {len(talks)} talks with persons; a forecast takes "
            f"{_FEWEST_CALLS} and {FEWEST_TALKS}. Write a file with assumptions for now."
        )
    talk_mean_s = fmean(talks)
    hang_up_s = min(_HANG_UP_WITHIN_S, _HANG_UP_OF_MEAN * talk_mean_s)
    contacts = sum(Flag.CUSTOMER_CONTACT in each.flags for each in persons)
    answer_rate = min(_MOST_SHARE, len(persons) / len(calls))
    return Assumptions(
        answer_rate=answer_rate,
        machine_share=min(_MOST_SHARE - answer_rate, len(machines) / len(calls)),
        failed_share=sum(each.outcome in _FAILED for each in calls) / len(calls),
        ring_mean_s=_clipped(fmean(each.rang_s for each in persons if each.rang_s is not None), 2.0, 25.0),
        talk_mean_s=_clipped(talk_mean_s, 1.0, 7200.0),
        hang_up_share=min(0.9, sum(talk < hang_up_s for talk in talks) / len(talks)),
        machine_talk_s=_clipped(_mean(talks_of(machines)), 1.0, 600.0),
        wrap_mean_s=_NO_ESTIMATE_S if history.wrap_mean_s is None else history.wrap_mean_s,
        contact_share=contacts / len(talks) if contacts <= len(talks) else 1.0,
        conversion_share=sum(Flag.CONVERSION in each.flags for each in persons) / max(1, contacts),
        leads=max(1, leads_left),
    )


def _with_looks(assumed: Assumptions, report: CampaignReport, skips: int) -> Assumptions:
    """How long agents have looked at leads, and how many they skipped, where there were previews."""
    shown, preview_ms = report.counts.attempts + skips, report.team.preview_ms
    if not preview_ms or not shown:
        return assumed
    mean_s = _clipped(preview_ms / 1000 / shown, 0.5, 3600.0)
    return replace(assumed, preview_mean_s=mean_s, skip_share=min(_MOST_SHARE, skips / shown))


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else _NO_ESTIMATE_S


def _clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
