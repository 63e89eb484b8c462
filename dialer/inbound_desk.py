"""Has calls that come answered: whose they are is looked up and put on record before the floor gets them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

import structlog

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.inbound import InboundSettings
from campaigns.errors import CampaignsError
from campaigns.inbound import UNAVAILABLE, RefusedCall, TakenCall, promise_back, take_call
from campaigns.stores.live import RunningCampaign
from dialer.campaign_watch import CampaignWatch
from dialer.core.caller_limits import CallerLimits
from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.core.outcome import Outcome
from dialer.database import is_passing
from dialer.legs import call_leg
from dialer.records import instant
from dialer.switch.messages import AnyCommand, LegArrived, RefuseLeg, TakeLeg
from dialer.waiting import wait_of
from leads.core.phone import ParsedPhone, parse_phone
from leads.errors import LeadsError
from leads.stores.shared import Sessions

_CLAIM_WITHIN_S = 5.0
"""The floor plays music at once; a caller of whom nobody takes care any more is told soon."""

log = structlog.get_logger("inbound")


_ASKED_WITHIN_S = 5.0
"""Who has asked to be called back waits no longer for an answer."""


class Trunks(Protocol):
    """The trunks that calls come over."""

    def country_of(self, trunk: str) -> str: ...
    def came(self, leg: str, trunk: str) -> None: ...


@dataclass(frozen=True)
class InboundHands:
    """What the engine does for calls that come."""

    clock: Callable[[], float]
    takes_calls: Callable[[], bool]
    """Whether there is a line for one more, and the service does not stop."""
    send: Callable[[AnyCommand], bool]
    carry_out: Callable[[Sequence[Effect]], None]
    announce: Callable[[RunningCampaign | None, TakenCall], None]
    refused: Callable[[int], None]
    """One was refused with that status."""


class InboundDesk:
    """The calls on their way from the switch to the floor."""

    def __init__(
        self,
        trunks: Trunks,
        floor: Floor,
        watch: CampaignWatch,
        sessions: Sessions,
        rules: Rulebook,
        limits: CallerLimits,
        hands: InboundHands,
    ) -> None:
        self._trunks = trunks
        self._floor = floor
        self._watch = watch
        self._sessions = sessions
        self._rules = rules
        self._limits = limits
        self._hands = hands
        self.tasks: set[asyncio.Task[None]] = set()

    def came(self, arrived: LegArrived) -> None:
        """A call rings; nobody waits for what becomes of it."""
        self._begin(self._serve(arrived), arrived.leg)

    def asked_back(self, attempt: int) -> None:
        """Who waits asks to be called back; nobody waits for what becomes of it."""
        self._begin(self._promise(attempt), f"callback-{attempt}")

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _promise(self, attempt: int) -> None:
        """Raises nothing: who is promised no call waits on."""
        kept = False
        try:
            async with asyncio.timeout(_ASKED_WITHIN_S):
                now = instant(self._hands.clock())
                kept = await promise_back(self._sessions, self._rules, attempt, now) is not None
        except Exception as error:
            if not is_passing(error):
                log.exception("a callback could not be promised", attempt=attempt)
        self._hands.carry_out(self._floor.inbound.promised(attempt, self._hands.clock(), kept=kept))

    async def _serve(self, arrived: LegArrived) -> None:
        """Raises nothing: the caller of whom nobody says anything is refused by the switch."""
        try:
            taken = await self._take(arrived)
        except (CampaignsError, LeadsError) as error:
            log.error("a call that came could not be taken", error=str(error))
            taken = RefusedCall(UNAVAILABLE, "it could not be taken")
        except Exception as error:
            if not is_passing(error):
                log.exception("a call that came could not be taken")
            taken = RefusedCall(UNAVAILABLE, "it could not be put on record")
        if isinstance(taken, RefusedCall):
            log.info("a call that came is refused", status=taken.status, why=taken.why, trunk=arrived.trunk)
            self._hands.refused(taken.status)
            self._hands.send(RefuseLeg(arrived.leg, taken.status, ceil(taken.retry_after_s)))
        else:
            self._answer(arrived, taken)

    async def _take(self, arrived: LegArrived) -> TakenCall | RefusedCall:
        if not self._hands.takes_calls():
            return RefusedCall(UNAVAILABLE, "no line is free, or the service stops")
        country = self._trunks.country_of(arrived.trunk)
        caller, called = (e164_of(each, country) for each in (arrived.caller, arrived.called))
        at = self._hands.clock()
        if wait_s := self._limits.came(caller, at):
            return RefusedCall(UNAVAILABLE, "too many calls came from there, or in all", wait_s)
        taken = await take_call(
            self._sessions,
            self._watch.running.keys(),
            *(caller, called, arrived.trunk, instant(at)),
            strangers_in_s=self._limits.stranger_wait_s(at),
        )
        if isinstance(taken, TakenCall):
            self._limits.taken(caller, at, stranger=taken.stranger)
            await self._fetch_message(taken)
        return taken

    async def _fetch_message(self, taken: TakenCall) -> None:
        """Raises nothing: who does not hear the message of a paused campaign hears our own."""
        try:
            if taken.told:
                await self._watch.fetch(taken.campaign_id, taken.client_id, taken.told)
        except Exception:
            log.exception("a message is not at hand", campaign=taken.campaign_id)

    def _answer(self, arrived: LegArrived, taken: TakenCall) -> None:
        campaign, now = self._watch.running.get(taken.campaign_id), self._hands.clock()
        attempt, leg = taken.attempt_id, call_leg(taken.attempt_id)
        told = taken.told if self._watch.sound(taken.campaign_id, taken.told) else ""
        settings = campaign.inbound if campaign else InboundSettings(inbound_message=told)
        wait = wait_of(settings, is_open=taken.open)
        self._floor.inbound.come(
            attempt,
            taken.campaign_id,
            taken.lead_id,
            wait,
            now,
            language=taken.language,
            last_agent=taken.last_agent,
        )
        self._hands.announce(campaign, taken)
        message = str(self._watch.sound(taken.campaign_id, wait.message) or wait.message)
        if self._hands.send(TakeLeg(arrived.leg, leg, _CLAIM_WITHIN_S, message)):
            self._trunks.came(leg, arrived.trunk)
        else:
            self._hands.carry_out(self._floor.lost(attempt, Outcome.LOST, now))


def e164_of(number: str, country: str) -> str:
    """A number as a trunk writes it in E.164; `country`: whose it is without a country's code, "" for none.

    Without either it is taken for an international one that lacks its plus. Empty for what is none.
    """
    if not number or number.startswith("+"):
        return number
    if country:
        found = parse_phone(number, country)
        return found.e164 if isinstance(found, ParsedPhone) else ""
    return f"+{number.removeprefix('00')}"
