"""The figures that Prometheus collects. No phone, lead or call is in a label."""

from collections import Counter as Count
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

from dialer.core.effects import CallHasEnded, CallWasConnected, Effect, RecordingDidFail
from dialer.core.floor import Floor
from dialer.core.outcome import Outcome

_LINE_S = (0.5, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_WAITS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Metrics:
    """Counts effects as they happen, and reads the floor when it is asked."""

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        self._campaigns: dict[int, str] = {}
        self._people: Count[str] = Count()
        self._abandoned: Count[str] = Count()
        self._floor: Floor | None = None
        self._switch_up = Gauge(
            "dialer_switch_up", "1 while the switch is there", ["switch"], registry=self._registry
        )
        self._placed = Counter("dialer_attempts", "Calls placed", ["campaign"], registry=self._registry)
        self._calls = Counter(
            "dialer_calls", "Calls that ended", ["campaign", "outcome"], registry=self._registry
        )
        self._sip = Counter(
            "dialer_sip_responses", "Final SIP answers", ["trunk", "code"], registry=self._registry
        )
        self._waits = Histogram(
            "dialer_answer_to_agent_seconds",
            "From the answer until caller and agent hear each other",
            buckets=_WAITS_S,
            registry=self._registry,
        )
        self._callers = Counter(
            "dialer_inbound_calls",
            "Calls of people to us that ended",
            ["campaign", "outcome"],
            registry=self._registry,
        )
        self._callers_refused = Counter(
            "dialer_inbound_refused",
            "Calls of people to us that nobody took",
            ["code"],
            registry=self._registry,
        )
        self._callers_wait = Histogram(
            "dialer_inbound_wait_seconds",
            "From our answer until caller and agent hear each other",
            buckets=_LINE_S,
            registry=self._registry,
        )
        self._ready = Gauge(
            "dialer_leads_ready", "Leads that wait to be called", ["campaign"], registry=self._registry
        )
        self._recording_failures = Counter(
            "dialer_recording_failures",
            "Conversations that could not be recorded, or not be kept",
            registry=self._registry,
        )
        self._recordings = Gauge(
            "dialer_recordings_active", "Conversations that are being recorded", registry=self._registry
        )
        self._recordings_room = Gauge(
            "dialer_recordings_free_bytes", "Room on the recordings' disk", registry=self._registry
        )
        self._beats = Counter(
            "dialer_engine_beats", "How often the engine has looked after calls", registry=self._registry
        )
        info = Gauge("dialer_build_info", "The version that runs", ["version"], registry=self._registry)
        info.labels(version).set(1)
        self._registry.register(self)

    def watch(self, floor: Floor) -> None:
        """Read this floor when asked."""
        self._floor = floor

    def beat(self) -> None:
        """The engine has looked after its calls once more."""
        self._beats.inc()

    def placed(self, campaign: int) -> None:
        """A call was placed."""
        self._placed.labels(campaign).inc()

    def caller_refused(self, status: int) -> None:
        """Somebody's call to us was refused with that SIP status."""
        self._callers_refused.labels(status).inc()

    def leads_ready(self, campaign: int, leads: int) -> None:
        """So many leads of the campaign wait to be called, now or later."""
        self._ready.labels(campaign).set(leads)

    def observe(self, effect: Effect) -> None:
        """Counts what happened."""
        if isinstance(effect, RecordingDidFail):
            self.recording_failed()
        elif isinstance(effect, CallWasConnected):
            (self._callers_wait if effect.came else self._waits).observe(max(0.0, effect.waited_s))
        elif isinstance(effect, CallHasEnded) and effect.came:
            self._callers.labels(str(effect.campaign), effect.outcome.value).inc()
        elif isinstance(effect, CallHasEnded):
            campaign = str(effect.campaign)
            self._calls.labels(campaign, effect.outcome.value).inc()
            if effect.end.status:
                self._sip.labels(effect.end.trunk or "none", effect.end.status).inc()
            if effect.outcome in (Outcome.HUMAN, Outcome.ABANDONED):
                self._people[campaign] += 1
                self._abandoned[campaign] += effect.outcome == Outcome.ABANDONED

    def recording_failed(self) -> None:
        """A conversation could not be recorded, or its recording not be kept."""
        self._recording_failures.inc()

    def recordings(self, active: int) -> None:
        """So many conversations are being recorded."""
        self._recordings.set(active)

    def recordings_room(self, free: int) -> None:
        """So many bytes are free where recordings are."""
        self._recordings_room.set(free)

    def text(self, *, switch_up: bool) -> bytes:
        """Everything, in Prometheus' text format."""
        self._switch_up.labels("switch-1").set(switch_up)
        return generate_latest(self._registry)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The floor as it is now; called by the registry."""
        active = GaugeMetricFamily("dialer_calls_active", "Calls now", labels=["campaign", "state"])
        agents = GaugeMetricFamily("dialer_agents", "Agents now", labels=["campaign", "state"])
        ratio = GaugeMetricFamily(
            "dialer_abandon_ratio", "Abandoned / people who answered", labels=["campaign"]
        )
        lines = GaugeMetricFamily(
            "dialer_pacing_lines_per_agent", "Calls up for each agent on shift", labels=["campaign"]
        )
        for campaign, people in self._people.items():
            ratio.add_metric([campaign], self._abandoned[campaign] / people)
        if self._floor is not None:
            for campaign, count, states in _by_campaign(self._floor):
                for state, number in count.items():
                    active.add_metric([campaign, state], number)
                for state, number in states.items():
                    agents.add_metric([campaign, state], number)
                lines.add_metric([campaign], count.total() / max(1, states.total()))
        yield from (active, agents, ratio, lines)


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, labels=labels)


def _by_campaign(floor: Floor) -> Iterator[tuple[str, Count[str], Count[str]]]:
    for campaign in floor.campaigns:
        calls = Count(call.state.value for call in floor.calls.values() if call.campaign == campaign)
        agents = Count(each.state.value for each in floor.agents.values() if campaign in each.campaigns)
        yield str(campaign), calls, agents
