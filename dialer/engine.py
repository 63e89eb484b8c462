"""The engine: events in, actions out, one timer.

It feeds what the switch and the agents say to the `Floor`, carries out what the floor decides, and has
everything written by the `Journal`. It decides nothing itself: the floor, the pacers and compliance do.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from campaigns import agents
from campaigns.asking_again import AskingAgain
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.attempt import StartedAttempt
from campaigns.core.disposition import Flag, flags_of
from campaigns.inbound import TakenCall
from campaigns.joining import JoiningLeads
from campaigns.recordings.folder import RecordingFolder
from campaigns.stores.callbacks import CallbackNews
from campaigns.stores.live import OpenShift, RunningCampaign
from campaigns.tables import Attempt
from dialer.callback_desk import CallbackDesk, CallbackHands
from dialer.campaign_watch import CampaignWatch
from dialer.conversation_desk import ConversationDesk, DeskHands
from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.caller_limits import CallerLimits, CallerRule
from dialer.core.effects import (
    Bridge,
    CallGuest,
    CallSoftphone,
    CallWasConnected,
    Effect,
    EndSoftphone,
    HangUpAgent,
    HangUpCall,
    HangUpGuest,
    LeaveMachine,
    Mix,
    PlayToCaller,
    PressKeys,
    PromiseCallback,
)
from dialer.core.floor import Floor
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_shifts import SOFTPHONE_GONE_LIMIT_S
from dialer.core.outcome import Outcome
from dialer.core.outside import OutsideRule
from dialer.core.trunks import TrunkBook
from dialer.database import is_passing
from dialer.dialing import Dialing, DialingHands, DialingOptions
from dialer.errors import SwitchNotTold
from dialer.event_feed import Announcer
from dialer.inbound_desk import InboundDesk, InboundHands
from dialer.journal import Journal
from dialer.legs import agent_leg, attempt_of, call_leg, effects_of, guest_of, session_of
from dialer.metrics import Metrics
from dialer.mixing import WaitingSounds
from dialer.notices import Notices
from dialer.preview_desk import Hands, PreviewDesk
from dialer.prompt_files import PromptFiles
from dialer.recording_desk import RecordingDesk
from dialer.records import Entry, Recorded, instant, write
from dialer.recovery import Leftover, load_leftover
from dialer.registrar import RegistrarWatch
from dialer.softphones import SoftphoneOptions, Softphones
from dialer.switch.link import SwitchLink
from dialer.switch.messages import (
    AnyEvent,
    BridgeLegs,
    HangUpLeg,
    LeaveLeg,
    LegArrived,
    LegEnded,
    PlayPrompt,
    SwitchReady,
)
from dialer.switch.options import SwitchOptions
from dialer.trunk_watch import TrunkWatch
from leads.stores.shared import Sessions

_BEAT_S = 0.25
"""Pacers may be asked four times a second; asked so often, none has to be asked at an earlier instant."""
_LOOK_EVERY_S = 1.0
_KEEP_PACING_EVERY_S = 5.0
_TIDY_EVERY_S = 3600.0
_STATS_SHARE = 20
"""Counting for the statistics may take one part in this many of the time."""
_STATS_AT_LEAST_EVERY_S = 10.0
"""However long it waits for a busy database: figures that come a minute late are taken for true."""
_HANG_UP_WITHIN_S = 3.0
_LAW_WITHIN_S = 180.0
"""No law's ring time and no message together are longer."""
_WRITE_WITHIN_S = 30.0
_OWED_TIME = (CallState.RINGING, CallState.ANSWERED, CallState.ABANDONED)
"""What a stop waits for, however urgent: 16 CFR 310.4(b)(4)."""
_BUSY = (AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)

log = structlog.get_logger("engine")


@dataclass(frozen=True)
class EngineOptions:
    """The node's name, how it dials, its switch, how it calls softphones, the folders of its sounds, what
    those hear who wait, and whom agents may call in from outside."""

    node: str
    dialing: DialingOptions
    switch: SwitchOptions
    softphones: SoftphoneOptions
    prompts: Path
    recordings: RecordingFolder
    sounds: WaitingSounds
    outside: OutsideRule
    softphone_gone_limit_s: float = SOFTPHONE_GONE_LIMIT_S
    callers: CallerRule = field(default_factory=CallerRule)


class Engine:
    """One node: its floor, its switch, its timer and its tasks."""

    def __init__(
        self,
        options: EngineOptions,
        sessions: Sessions,
        readings: Sessions,
        rules: Rulebook,
        publisher: Announcer,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self.floor = Floor(options.softphone_gone_limit_s)
        self.sessions = sessions
        self._rules = rules
        self._options = options
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._notices = Notices()
        self._journal: Journal[Entry] = Journal(self._write, is_passing)
        self._link = SwitchLink(options.switch, self._on_switch_event, self._on_switch_lost)
        self._prompts = PromptFiles(options.prompts, readings)
        self._campaigns = CampaignWatch(readings, rules, self.floor, self._notices, publisher, self._prompts)
        self.trunks = TrunkBook(options.dialing.trunks)
        self._trunk_watch = TrunkWatch(self.trunks, clock)
        hands = DialingHands(clock, self._may_dial, self._link.send, self._carry_out, self._announce)
        self._dialing = Dialing(
            options.dialing, self.trunks, self.floor, self._campaigns, sessions, rules, hands
        )
        callers = InboundHands(
            clock,
            self._takes_callers,
            self._link.send,
            self._carry_out,
            self._announce_caller,
            metrics.caller_refused,
        )
        limits = CallerLimits(options.callers)
        self._inbound = InboundDesk(
            self._trunk_watch, self.floor, self._campaigns, sessions, rules, limits, callers
        )
        desk = Hands(clock, self._can_place, self._dialing.place, self._carry_out, self._journal.written)
        self.preview_desk = PreviewDesk(self.floor, sessions, rules, self._campaigns.running, desk)
        self._callbacks = CallbackDesk(
            self.floor,
            sessions,
            readings,
            rules,
            self._campaigns.running,
            CallbackHands(clock, self._may_offer, self._carry_out, self._say_of_callback),
        )
        self.recordings = RecordingDesk(
            options.recordings, self.floor, clock, self._link.send, self._carry_out
        )
        self.conversations = ConversationDesk(
            options.sounds,
            self.floor,
            sessions,
            self.trunks,
            options.outside,
            DeskHands(clock, self._can_place, self._link.send, self._carry_out),
        )
        self._joining = JoiningLeads(sessions)
        self._asking_again = AskingAgain(sessions, rules)
        self._keep_pacing_at = 0.0
        self.softphones = Softphones(options.softphones, self._link.send)
        self._registrar = RegistrarWatch(
            options.softphones.registrar, self.floor, self.softphones, clock, self._carry_out
        )
        self._leftover: Leftover | None = None
        self._switch_name: str | None = None
        self._replays_through = 0
        self._without_a_leg: list[int] = []
        self._look_now = asyncio.Event()
        self._ending = asyncio.Event()
        self._draining = False
        self._hurry = False
        self._stopped = False
        metrics.watch(self.floor)
        self._tasks: list[asyncio.Task[None]] = []

    # --- life -----------------------------------------------------------------------------------

    @property
    def switch_up(self) -> bool:
        """Whether the switch is there."""
        return self._link.up

    @property
    def database_behind(self) -> bool:
        """Whether what happened cannot be written at the moment."""
        return self._journal.behind

    def now(self) -> datetime:
        """The engine's clock."""
        return instant(self._clock())

    def agent(self, session: int) -> FloorAgent:
        """The agent on that shift. Raises UnknownSession."""
        return self.floor.shifts.agent(session)

    def client_of_shift(self, session: int) -> str | None:
        """The slug of the client whose agent works this shift."""
        return self._notices.client_of_shift(session)

    def client_of_call(self, attempt: int) -> str | None:
        """The slug of the client for whom this call is made; None where it is over."""
        return self._notices.client_of_call(attempt)

    async def start(self) -> None:
        """Takes up what a former engine left, then works. Raises SwitchUnavailable."""
        self._leftover = await load_leftover(self.sessions)
        for shift in self._leftover.shifts:
            self.softphones.add(shift)
            self._notices.agent_is(shift.session_id, shift.client_slug)
        for open_one in self._leftover.attempts:
            self._notices.campaign_is(open_one.campaign_id, open_one.client_slug)
            self._notices.call_is(
                open_one.attempt_id, open_one.campaign_id, open_one.lead_id, open_one.agent_id
            )
        await self._campaigns.look(self.now())
        self._journal.start()
        await self._link.start()
        works = {"beat": self._beat, "look": self._look, "stats": self._count, "tidy": self._tidy}
        works |= {"callbacks": self._keep_promises, "registrar": self._watch_registrar}
        for name, work in works.items():
            self._tasks.append(asyncio.create_task(self._repeat(work), name=f"engine-{name}"))

    async def stop(self, *, drain_s: float) -> None:
        """Places no more calls, waits up to `drain_s` for conversations, ends the rest, and the switch.

        Done once; a second call returns at once.
        """
        if self._stopped:
            return
        self._stopped = self._draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                while self._is_busy() and not self._hurry:
                    await asyncio.sleep(_BEAT_S / 5)
        await self._hang_up_everything()
        now = self._clock()
        for session in list(self.floor.agents):
            self._carry_out(self.floor.shifts.log_out(session, now, "dialer_stopped"))
        await self._end_tasks()
        await self._link.stop()
        await self._journal.close(self._write_within_s())

    def stop_at_once(self) -> None:
        """A stop that waits for conversations waits no longer; phones still ring as long as the law asks."""
        self._hurry = True

    def place_no_more(self) -> None:
        """Calls that are up go on; none is added."""
        self._draining = True

    async def written(self) -> None:
        """Returns when all that has happened so far is in the database."""
        await self._journal.written()

    # --- what agents and managers do ------------------------------------------------------------

    def look_now(self) -> None:
        """A campaign was started or stopped: look at once."""
        self._look_now.set()

    def log_in(self, shift: OpenShift) -> None:
        """An agent's shift begins: the softphone is called, unless it is rung for each customer."""
        session, per_call = shift.session_id, shift.leg == "per_call"
        self.softphones.add(shift)
        self._notices.agent_is(session, shift.client_slug)
        # The shift's first interval was recorded with the shift itself.
        begun = self.floor.shifts.log_in(
            session, shift.agent_id, shift.campaign_ids, self._clock(), shift.profile, per_call=per_call
        )
        for effect in begun:
            self._say(effect)
        self.softphones.call_for_the_shift(session)
        if per_call:
            self._carry_out(self.floor.shifts.ready(session, self._clock()))

    def log_out(self, session: int, reason: str = "") -> None:
        """The shift ends. Raises UnknownSession."""
        self._carry_out(self.floor.shifts.log_out(session, self._clock(), reason))

    def extend_wrap_up(self, session: int) -> None:
        """More time for the wrap-up, once. Raises UnknownSession and WrapUpNotExtended."""
        self.floor.shifts.extend_wrap_up(session, self._clock())

    def pause(self, session: int, reason: str) -> None:
        """No more calls for this agent, after the present one. Raises UnknownSession."""
        self._carry_out(self.floor.shifts.pause(session, reason, self._clock()))

    def ready(self, session: int) -> None:
        """Calls again; a softphone that is gone is called again. Raises UnknownSession."""
        self._carry_out(self.floor.shifts.ready(session, self._clock()))
        if not self.floor.agents[session].line_up:
            self.softphones.call_for_the_shift(session)

    def dispositioned(self, attempt: Attempt, code: str) -> None:
        """The disposition is recorded: the wrap-up ends."""
        for message in self._notices.of_disposition(attempt, code):
            self._publisher.publish(message)
        by_machine = Flag.MACHINE in flags_of(attempt.disposition_flags)
        self._carry_out(self.floor.dispositioned(attempt.id, self._clock(), by_machine=by_machine))

    def write_to(self, session: int, text: str) -> None:
        """Somebody writes to an agent. Raises UnknownSession."""
        for message in self._notices.of_message(session, self.agent(session).agent, text):
            self._publisher.publish(message)

    def hang_up(self, attempt: int) -> bool:
        """Ends a call; False where it is over already. Raises SwitchNotTold."""
        if attempt not in self.floor.calls:
            return False
        if not self._link.send(HangUpLeg(call_leg(attempt))):
            raise SwitchNotTold("The switch is away, and the call is as it was; hang up again in a moment.")
        return True

    # --- what the switch says -------------------------------------------------------------------

    def _on_switch_lost(self) -> None:
        if not self._stopped:
            log.warning("the connection to the switch is lost; it is made again")

    def _on_switch_event(self, event: AnyEvent) -> None:
        self._trunk_watch.hear(event)
        if isinstance(event, SwitchReady):
            self._on_switch_ready(event)
        else:
            # One that is repeated has been served, or refused by the switch.
            if isinstance(event, LegArrived) and event.seq > self._replays_through:
                self._inbound.came(event)
            if isinstance(event, LegEnded):
                self.softphones.ended(session_of(event.leg))
            effects = effects_of(event, self.floor, self.trunks.attestation)
            effects = effects or self.recordings.heard(event)
            if not effects and self._leftover is not None:
                effects = self._leftover.unrecorded(event, self.floor)
            self._carry_out(effects)
            self._journal.add(Recorded(event.seq))
        if event.seq >= self._replays_through:
            self._all_is_said(event.at)

    def _on_switch_ready(self, event: SwitchReady) -> None:
        former, self._switch_name = self._switch_name, event.switch
        if former not in (None, event.switch):
            log.error("the switch had ended, and its calls with it", calls=len(self.floor.calls))
            self._carry_out(self.floor.switch_lost(event.at))
        self._replays_through = event.replays_through
        log.info(
            "switch attached", same=former == event.switch, legs=len(event.live), capacity=event.max_legs
        )
        if self._leftover is not None:
            self._leftover.restore(self.floor, event.live, event.at)
            self.recordings.restore(self._leftover.attempts, event.live)
        self.conversations.reconcile(event.live)
        self.recordings.reconcile(event.live)
        up = {leg.leg for leg in event.live}
        self._without_a_leg = [each for each in self.floor.calls if call_leg(each) not in up]
        self.softphones.are_called([each for each in self.floor.agents if agent_leg(each) in up])
        for session in self.floor.agents:
            self.softphones.call_for_the_shift(session)
        for leg in up:
            known = attempt_of(leg) in self.floor.calls or session_of(leg) in self.floor.agents
            if not known and guest_of(leg) not in self.floor.conversations.guests():
                self._link.send(HangUpLeg(leg))

    def _all_is_said(self, at: float) -> None:
        """The switch has repeated what it remembers: nothing will tell of calls that are still open."""
        without_a_leg, self._without_a_leg = self._without_a_leg, []
        leftover, self._leftover = self._leftover, None
        if leftover is not None:
            self._carry_out(leftover.settle(self.floor, without_a_leg, at))
        for attempt in without_a_leg:
            self._carry_out(self.floor.lost(attempt, Outcome.UNKNOWN, at))

    # --- what is done ---------------------------------------------------------------------------

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Bridge(attempt=attempt, session=session):
                    self._link.send(BridgeLegs(call_leg(attempt), agent_leg(session)))
                case HangUpCall(attempt=attempt, unless_answered=spared):
                    self._link.send(HangUpLeg(call_leg(attempt), spared))
                case LeaveMachine(attempt=attempt, message=message):
                    self._link.send(LeaveLeg(call_leg(attempt), self._sound(attempt, message)))
                case HangUpAgent(session=session):
                    self._link.send(HangUpLeg(agent_leg(session)))
                    self.softphones.remove(session)
                case CallSoftphone(session=session):
                    self.softphones.call(session)
                case EndSoftphone(session=session):
                    self.softphones.let_go(session)
                case Mix() | CallGuest() | HangUpGuest() | PressKeys():
                    self.conversations.do(effect)
                    if isinstance(effect, Mix):
                        self.recordings.mixed(effect.attempt)
                case PlayToCaller():
                    self._play(effect)
                case PromiseCallback(attempt=attempt):
                    self._inbound.asked_back(attempt)
                case _:
                    self._journal.add(effect)
                    self._metrics.observe(effect)
                    self.recordings.observe(effect)
                    if isinstance(effect, CallWasConnected):
                        self._say(effect)

    def _sound(self, attempt: int, message: str) -> str:
        """The file of what a call is to hear, which may be named as a prompt."""
        call = self.floor.calls.get(attempt)
        path = None if call is None else self._campaigns.sound(call.campaign, message)
        return message if path is None else str(path)

    def _play(self, due: PlayToCaller) -> None:
        path = self._campaigns.sound(due.campaign, due.prompt)
        if path is None and due.prompt.startswith("/"):
            path = Path(due.prompt)
        if path is None and due.prompt:
            log.error("there is no such prompt; it is left out", campaign=due.campaign, prompt=due.prompt)
        sound = str(path or "")
        self._link.send(PlayPrompt(call_leg(due.attempt), due.number, sound, due.stay_s, due.stop_on_key))

    def _say(self, effect: Effect) -> None:
        for message in self._notices.of(effect):
            self._publisher.publish(message)

    async def _write(self, entries: Sequence[Entry]) -> None:
        await write(self.sessions, entries)
        for entry in entries:
            if isinstance(entry, Recorded):
                self._link.acknowledge(entry.seq)
            elif not isinstance(entry, CallWasConnected):
                self._say(entry)

    # --- the timer ------------------------------------------------------------------------------

    async def _repeat(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while not self._ending.is_set():
            try:
                await work()
            except Exception:
                log.exception("the engine goes on after an error")
                await self._rest(_LOOK_EVERY_S)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    async def _beat(self) -> None:
        started = asyncio.get_running_loop().time()
        self._metrics.beat()
        self._carry_out(self.floor.tick(self._clock()))
        self.preview_desk.dial_due()
        if self._draining:
            self._carry_out(self.floor.previews.put_all_back(self._clock()))
        elif self._link.up:
            await self._dialing.beat()
        spent = asyncio.get_running_loop().time() - started
        await self._rest(max(0.0, _BEAT_S - spent))

    async def _keep_promises(self) -> None:
        await self._callbacks.look()
        await self._rest(_BEAT_S if self._callbacks.hurries else _LOOK_EVERY_S)

    async def _watch_registrar(self) -> None:
        await self._rest(await self._registrar.look())

    def _may_offer(self) -> bool:
        return self._link.up and self._may_dial() and not self._journal.behind

    def _say_of_callback(self, told: CallbackNews) -> None:
        self._publisher.publish(self._notices.of_callback(told))

    def _may_dial(self) -> bool:
        return not self._draining

    def _can_place(self, e164: str) -> bool:
        now = self._clock()
        has_room = all(self.trunks.fitting([e164], now)) if e164 else self.trunks.room(now) > 0
        return self._link.up and self._may_dial() and not self._journal.behind and has_room

    def _takes_callers(self) -> bool:
        lines = self._options.dialing.lines - len(self.floor.calls) - len(self.floor.agents)
        return self._may_dial() and lines > 0

    def _announce_caller(self, campaign: RunningCampaign | None, taken: TakenCall) -> None:
        self._notices.call_is(taken.attempt_id, taken.campaign_id, taken.lead_id)
        if campaign is not None:
            self.recordings.dialed(taken.attempt_id, campaign, taken.place)
        for message in self._notices.of_arrived(taken.attempt_id):
            self._publisher.publish(message)

    def _announce(self, campaign: RunningCampaign, started: StartedAttempt) -> None:
        self._notices.call_is(started.attempt_id, campaign.id, started.lead_id)
        self.recordings.dialed(started.attempt_id, campaign, started.place)
        for message in self._notices.of_placed(started.attempt_id):
            self._publisher.publish(message)
        self._metrics.placed(campaign.id)

    async def _look(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_EVERY_S):
                await self._look_now.wait()
        self._look_now.clear()
        if self._ending.is_set():
            return
        await self._campaigns.look(self.now())
        running = list(self._campaigns.running)
        await self._joining.look(running, self.now())
        await self._asking_again.look(running, self.now())

    async def _count(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await self._campaigns.learn(self.now())
        if self._clock() >= self._keep_pacing_at:
            self._keep_pacing_at = self._clock() + _KEEP_PACING_EVERY_S
            await self._campaigns.keep(self.sessions, self._options.node, self.now())
            await agents.see_shifts(self.sessions, self.now())
            await self._trunk_watch.keep(self.sessions, self._options.node, self.now())
        await self._campaigns.count(self.now(), self._metrics)
        self._metrics.recordings(self.recordings.active)
        rest_s = min(_STATS_AT_LEAST_EVERY_S, _STATS_SHARE * (loop.time() - started))
        await self._rest(max(_LOOK_EVERY_S, rest_s))

    async def _tidy(self) -> None:
        if gone := await self._prompts.tidy(self.now()):
            log.info("sounds that no prompt has any more were deleted", sounds=gone)
        await self._rest(_TIDY_EVERY_S)

    # --- the end --------------------------------------------------------------------------------

    def _is_busy(self) -> bool:
        return bool(self.floor.calls) or any(each.state in _BUSY for each in self.floor.agents.values())

    def _write_within_s(self) -> float:
        return _BEAT_S if self._hurry else _WRITE_WITHIN_S

    async def _hang_up_everything(self) -> None:
        """A phone rings on for as long as it has to, and a person who has nobody hears the message."""
        for call in self.floor.calls.values():
            set_aside = call.conversation is not None  # parked, or handed over: no law waits for that
            if set_aside or call.state not in (CallState.ANSWERED, CallState.ABANDONED):
                not_yet = call.state in (CallState.PLACED, CallState.RINGING)
                self._link.send(HangUpLeg(call_leg(call.attempt), not_yet))
        self._carry_out(self.floor.inbound.tell_all(self._clock()))
        loop = asyncio.get_running_loop()
        started = give_up = loop.time()
        while self.floor.calls and loop.time() < give_up + _HANG_UP_WITHIN_S:
            if any(call.state in _OWED_TIME or call.hears_why for call in self.floor.calls.values()):
                give_up = min(loop.time(), started + _LAW_WITHIN_S)
            await asyncio.sleep(_BEAT_S / 5)
        now = self._clock()
        for attempt in list(self.floor.calls):
            self._carry_out(self.floor.lost(attempt, Outcome.CANCELED, now))

    async def _end_tasks(self) -> None:
        """Lets what is under way finish: a step cut off would leave the attempts that it commits open."""
        self._ending.set()
        self._look_now.set()
        if tasks := [*self._tasks, *self.preview_desk.tasks, *self._inbound.tasks]:
            await asyncio.wait(tasks, timeout=self._write_within_s())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
