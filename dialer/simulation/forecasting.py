"""Forecasts a campaign's shift by simulating it with the pacer that the engine uses, once for each seed.

The budget's legal period begins with the shift, and nobody knows when it ends, as with the engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np

from campaigns.core.campaign import CampaignSettings
from campaigns.core.retry import SKIPPED
from dialer.core.pacing import Pacer, make_pacer
from dialer.core.pacing_settings import PacingPrior, PacingSettings
from dialer.core.preview import PreviewThen
from dialer.errors import DialerError
from dialer.simulation.assumptions import Assumptions, InvalidAssumptionError
from dialer.simulation.estimates import Estimate, estimate
from dialer.simulation.figures import ShiftFigures
from dialer.simulation.incumbent import IncumbentPacer
from dialer.simulation.list_work import worked_through_h
from dialer.simulation.preview_shift import run_preview_shift
from dialer.simulation.shift import run_shift
from dialer.simulation.worlds import ShiftWorld, steady

Policy = Literal["preview", "progressive", "power", "incumbent", "predictive"]
POLICIES: tuple[Policy, ...] = ("progressive", "power", "incumbent", "predictive")

_USUAL_POWER = 1.2
"""Lines for each agent, where the campaign has a ratio of 1 and is compared with power."""
_HANG_UP_MEAN_S = 10.0
_UNANSWERED_FAILS = 0.15
_BUDGET_LOOK_S = 5.0
_SHORTEST_H, _LONGEST_H = 0.05, 24.0
_WRAP_FROM, _WRAP_TO = 0.4, 1.6
"""Wrap-ups are spread evenly between these multiples of their mean."""


class NothingToForecastError(DialerError):
    """The campaign's dial mode has no agents who wait for calls."""

    code = "nothing-to-forecast"
    exit_code = 2


def policy_of(dial_mode: object) -> Policy:
    """The policy of a dial mode that has agents. Raises NothingToForecastError."""
    for policy in ("preview", *POLICIES):
        if policy == dial_mode:
            return policy
    raise NothingToForecastError(
        "A forecast tells how well agents are kept busy: it is for the dial modes preview, progressive, "
        f"power and predictive, not {str(dial_mode)[:40]}."
    )


@dataclass(frozen=True)
class Plan:
    """A campaign and what is assumed of its shift. Raises InvalidAssumptionError for hours that are none."""

    settings: CampaignSettings
    assumptions: Assumptions
    hours: float
    prior: PacingPrior | None = None
    """What the campaign's pacer would presume before the first call."""

    def __post_init__(self) -> None:
        if not _SHORTEST_H <= self.hours <= _LONGEST_H:
            raise InvalidAssumptionError(f"A shift has {_SHORTEST_H:g} to {_LONGEST_H:g} hours.")

    @property
    def policy(self) -> Policy:
        """By the campaign's dial mode. Raises NothingToForecastError."""
        return policy_of(self.settings.dial_mode)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Those that are compared: its own is among them. Raises NothingToForecastError."""
        return POLICIES if self.policy in POLICIES else (self.policy, *POLICIES)

    def world(self, agents: int) -> ShiftWorld:
        """The world of the shift with a team of this size."""
        settings, assumed = self.settings, self.assumptions
        limit_s = settings.wrap_up_limit_s
        nobody = 1 - assumed.answer_rate - assumed.machine_share
        failed = _UNANSWERED_FAILS * nobody if assumed.failed_share is None else assumed.failed_share
        rules = settings.retry_rules
        attempts = rules.rule("no_answer").max_attempts or settings.max_attempts_per_lead
        return ShiftWorld(
            name=settings.dial_mode,
            hours=self.hours,
            pacing=replace(_pacing(settings), prior=self.prior),
            agents=agents,
            answer_rate=steady(assumed.answer_rate),
            chance_spread=assumed.chance_spread,
            machine_share=assumed.machine_share,
            failed_share=min(1.0, failed / nobody) if nobody > 0 else 0.0,
            ring_mean_s=assumed.ring_mean_s,
            talk_mean_s=steady(assumed.talk_mean_s),
            hang_up_share=assumed.hang_up_share,
            hang_up_mean_s=min(_HANG_UP_MEAN_S, assumed.talk_mean_s / 2),
            machine_talk_s=assumed.machine_talk_s,
            wrap_s=(
                min(limit_s, _WRAP_FROM * assumed.wrap_mean_s),
                min(limit_s, _WRAP_TO * assumed.wrap_mean_s),
            ),
            period_known=False,
            budget_look_s=_BUDGET_LOOK_S,
            leads=assumed.leads,
            attempts_per_lead=min(attempts, settings.max_attempts_per_lead),
            retry_unanswered_s=rules.rule("no_answer").delay_s,
            retry_failed_s=rules.rule("busy").delay_s,
            retry_machine_s=rules.rule("machine").delay_s,
            retry_skipped_s=rules.rule(SKIPPED).delay_s,
            preview_mean_s=assumed.preview_mean_s,
            preview_limit_s=settings.preview_limit_s,
            preview_then=cast(PreviewThen, settings.preview_then),
            skip_share=assumed.skip_share,
        )


@dataclass(frozen=True)
class Job:
    """One shift to simulate; can be sent to another process."""

    world: ShiftWorld
    policy: Policy
    seed: int
    contact_share: float | None
    conversion_share: float | None


@dataclass(frozen=True)
class ForecastShift:
    """What one simulated shift came to."""

    utilisation: float
    abandon_rate: float
    calls: int
    answered: int
    lines_at_peak: int
    contacts_per_hour: float | None
    conversions_per_hour: float | None
    out_of_leads_h: float | None
    worked_through_h: float | None


@dataclass(frozen=True)
class Forecast:
    """One team size and one policy. Rates are shares of 1; calls are of the whole shift."""

    agents: int
    policy: Policy
    hours: float
    seeds: int
    utilisation: Estimate
    abandon_rate: Estimate
    calls: Estimate
    answered: Estimate
    lines_at_peak: Estimate
    """Calls to customers at one time; the agents' own lines come on top."""
    contacts_per_hour: Estimate | None
    conversions_per_hour: Estimate | None
    out_of_leads_h: Estimate | None
    """When a lead was wanted and none was due, for the first time: of the shifts in which that happened."""
    worked_through_h: Estimate | None
    """Hours of dialing that the list takes with all its retries, the waiting for these not counted."""
    notes: tuple[str, ...]
    """What holds the campaign back, in sentences."""


def jobs(plan: Plan, agents: int, policy: Policy, seeds: Sequence[int]) -> list[Job]:
    """The shifts of a forecast. Every policy meets the same seeds, and so the same people."""
    world, assumed = plan.world(agents), plan.assumptions
    if policy == "power" and plan.settings.dial_mode != "power":
        lines = max(_USUAL_POWER, world.pacing.lines_per_agent)
        world = replace(world, pacing=replace(world.pacing, lines_per_agent=lines))
    return [Job(world, policy, seed, assumed.contact_share, assumed.conversion_share) for seed in seeds]


def simulate(job: Job) -> ForecastShift:
    """Simulates one shift. Raises UnsupportedDialMode."""
    run = run_preview_shift if job.policy == "preview" else run_shift
    figures = run(job.world, _pacer(job), job.seed)
    contacts, conversions = _contacts(job, figures)
    hours = job.world.hours
    return ForecastShift(
        utilisation=figures.utilisation,
        abandon_rate=figures.abandon_rate,
        calls=figures.calls,
        answered=figures.answered,
        lines_at_peak=figures.lines_at_peak,
        contacts_per_hour=None if contacts is None else contacts / hours,
        conversions_per_hour=None if conversions is None else conversions / hours,
        out_of_leads_h=None if figures.ran_out_at is None else figures.ran_out_at / 3600.0,
        worked_through_h=worked_through_h(job.world, figures),
    )


def summarise(job: Job, shifts: Sequence[ForecastShift]) -> Forecast:
    """The forecast of shifts that differ from `job` in their seed alone."""

    def of(name: str) -> Estimate | None:
        known = [value for shift in shifts if (value := getattr(shift, name)) is not None]
        return estimate(known) if known else None

    return Forecast(
        agents=job.world.agents,
        policy=job.policy,
        hours=job.world.hours,
        seeds=len(shifts),
        utilisation=estimate([shift.utilisation for shift in shifts]),
        abandon_rate=estimate([shift.abandon_rate for shift in shifts]),
        calls=estimate([shift.calls for shift in shifts]),
        answered=estimate([shift.answered for shift in shifts]),
        lines_at_peak=estimate([shift.lines_at_peak for shift in shifts]),
        contacts_per_hour=of("contacts_per_hour"),
        conversions_per_hour=of("conversions_per_hour"),
        out_of_leads_h=of("out_of_leads_h"),
        worked_through_h=of("worked_through_h"),
        notes=_notes(job, shifts),
    )


def _pacing(settings: CampaignSettings) -> PacingSettings:
    return PacingSettings(
        abandon_target=settings.abandon_rate_target,
        ring_timeout_s=settings.ring_timeout_s,
        max_lines=settings.max_lines,
        max_calls_per_second=settings.max_calls_per_second,
        max_lines_per_agent=settings.max_lines_per_agent,
        lines_per_agent=settings.lines_per_agent,
    )


def _pacer(job: Job) -> Pacer:
    settings = job.world.pacing_settings
    return IncumbentPacer(settings) if job.policy == "incumbent" else make_pacer(job.policy, settings)


def _contacts(job: Job, figures: ShiftFigures) -> tuple[int | None, int | None]:
    """Contacts, and conversions, of the persons who got an agent: each is one by chance."""
    if job.contact_share is None:
        return None, None
    random = np.random.default_rng([job.seed, 4])
    contacts = int(random.binomial(figures.connected - figures.machines, job.contact_share))
    if job.conversion_share is None:
        return contacts, None
    return contacts, int(random.binomial(contacts, job.conversion_share))


def _notes(job: Job, shifts: Sequence[ForecastShift]) -> tuple[str, ...]:
    pacing = job.world.pacing
    notes = []
    if any(shift.lines_at_peak >= pacing.max_lines for shift in shifts):
        notes.append(f"All {pacing.max_lines} lines that max_lines allows were in use at times.")
    if any(shift.out_of_leads_h is not None for shift in shifts):
        notes.append("No lead was due at times: the list is short for this team and shift.")
    rate = sum(shift.abandon_rate for shift in shifts) / len(shifts)
    if rate > pacing.abandon_target:
        notes.append(f"More people were abandoned than the target of {pacing.abandon_target:.2%} allows.")
    return tuple(notes)
