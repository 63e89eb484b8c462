"""Claims leads for the calls that the pacers want, asks for each once more, and places it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaigns import service as campaigns
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.abandoned_message import MODES, lacks_a_message
from campaigns.core.attempt import PermittedLead, StartedAttempt
from campaigns.core.retry import NO_MESSAGE, NO_SPEAKER, NO_TRUNK, TRUNK_BUSY, RetryAt
from campaigns.stores.live import RunningCampaign
from dialer.campaign_watch import CampaignWatch
from dialer.core.effects import Effect
from dialer.core.floor import Floor
from dialer.core.floor_languages import Speaker
from dialer.core.outcome import Outcome
from dialer.core.preview import Preview
from dialer.core.sharing import share_lines
from dialer.core.trunks import Trunk, TrunkBook
from dialer.legs import call_leg
from dialer.records import instant
from dialer.switch.messages import Detect, PlaceLeg, Route
from leads.stores.shared import Sessions

_DRY_FOR_S = 1.0
"""A campaign without a lead that may be called is not asked for one again sooner."""
_STALLED_S = 0.25
"""After so long the pacer may think otherwise."""
_PERMIT_HOLDS_S = 5.0
"""A call that could not leave so soon, as where the database kept its record waiting, is not placed."""
_BUSY_FOR_S, _DOWN_FOR_S, _UNSERVED_FOR_S = 5.0, 60.0, 900.0
"""A lead for whose number every trunk is busy or takes no calls, or to whose number there is none, waits so
long; and one whose language only agents speak who have no time now, or nobody."""
_LOOKS, _LOOK_FURTHER = 4, 50
"""How often, and at how many leads, it looks for one that can be called, where those before cannot."""
_MESSAGE_TAKES_S = 0.15
"""Until a message that is due is heard: a look of the switch, its file, and a frame at either end."""
_KEY_AFTER_MESSAGE_S = 3.0
"""So long a person has for the key that a message has named in its last words."""


@dataclass(frozen=True)
class DialingOptions:
    """Where calls go, how many lines there are, and what a person hears for whom no agent is there."""

    trunks: tuple[Trunk, ...]
    lines: int
    unclaimed_message: Path


@dataclass(frozen=True)
class DialingHands:
    """What the engine does for dialing."""

    clock: Callable[[], float]
    may_dial: Callable[[], bool]
    """Whether calls may still be placed: the service does not stop."""
    send: Callable[[PlaceLeg], bool]
    carry_out: Callable[[Sequence[Effect]], None]
    announce: Callable[[RunningCampaign, StartedAttempt], None]


class Dialing:
    """The calls of one node on their way from a pacer's number to the switch."""

    def __init__(
        self,
        options: DialingOptions,
        trunks: TrunkBook,
        floor: Floor,
        watch: CampaignWatch,
        sessions: Sessions,
        rules: Rulebook,
        hands: DialingHands,
    ) -> None:
        self._options = options
        self._trunks = trunks
        self._floor = floor
        self._watch = watch
        self._sessions = sessions
        self._rules = rules
        self._hands = hands
        self._dry_until: dict[int, float] = {}

    async def beat(self) -> None:
        """Places what all pacers together want now."""
        for campaign_id, lines in self._lines_to_dial().items():
            if lines > 0 and campaign_id in self._watch.running:
                # The calls that were just placed may have spoken for agents of this campaign, too.
                wanted = self._floor.calls_to_place(campaign_id, self._hands.clock())
                await self._dial(self._watch.running[campaign_id], min(lines, wanted))

    def place(
        self, campaign: RunningCampaign, started: StartedAttempt, preview: Preview | None = None
    ) -> None:
        """Sends the call of an attempt that is on record; `preview`: for the agent who looks at its lead."""
        attempt, now = started.attempt_id, self._hands.clock()
        chance = self._watch.answer_chance(started, campaign.id)
        self._floor.place(
            attempt,
            campaign.id,
            started.lead_id,
            now,
            chance,
            started.ring_at_least_s,
            claim_from_answer=started.claim_from_answer,
            language=started.language,
            last_agent=started.last_agent,
        )
        self._hands.announce(campaign, started)
        taken = [] if preview is None else self._floor.previews.dialed(preview, attempt, now)
        self._hands.carry_out(taken)
        outdated = now - started.permitted_at.timestamp() > _PERMIT_HOLDS_S
        unwanted = not self._hands.may_dial() or outdated or (preview is not None and not taken)
        routes = [] if unwanted else self._trunks.routes(started.e164, now)
        if not routes:
            self._hands.carry_out(self._floor.lost(attempt, Outcome.CANCELED, now))
        elif not self._hands.send(self._leg(campaign, started, routes)):
            self._hands.carry_out(self._floor.lost(attempt, Outcome.LOST, now))
        else:
            self._trunks.placed(call_leg(attempt), routes[0].name, now)

    def _lines_to_dial(self) -> dict[int, int]:
        """How many calls each campaign places now: what its pacer says, as far as there are lines for all.

        Who has the fewest calls for its weight comes first.
        """
        now, running = self._hands.clock(), self._watch.running
        wanted = {
            each: self._floor.calls_to_place(each, now)
            for each in running
            if self._dry_until.get(each, 0.0) <= now
        }
        for each in wanted:
            self._hands.carry_out(self._floor.give_up_surplus(each, now))
        shown = Counter(each.campaign for each in self._floor.previews.shown())
        in_use = Counter(call.campaign for call in self._floor.calls.values()) + shown
        weights = {each.id: each.weight for each in running.values()}
        others = len(self._floor.agents) + len(self._floor.conversations.guests())
        free = self._options.lines - in_use.total() - others
        free = min(free, self._trunks.room(now))
        shares = share_lines(wanted, in_use, weights, free)
        return dict(sorted(shares.items(), key=lambda share: (in_use[share[0]] / weights[share[0]], share)))

    async def _dial(self, campaign: RunningCampaign, wanted: int) -> None:
        if not self._hands.may_dial() or wanted <= 0:
            return
        asked_at = self._hands.clock()
        permitted = await self._claim(campaign, wanted, asked_at)
        if not permitted:
            self._dry_until[campaign.id] = self._hands.clock() + _DRY_FOR_S
            return
        if not self._hands.may_dial():
            return
        if self._hands.clock() - asked_at > _STALLED_S:
            permitted = await self._still_wanted(campaign, permitted)
        if campaign.dial_mode == "preview":
            self._hands.carry_out(self._floor.previews.show(campaign.id, permitted, self._hands.clock()))
            return
        attempts = await campaigns.start_attempts(
            self._sessions, self._rules, campaign.id, permitted, instant(self._hands.clock())
        )
        for started in attempts:
            self.place(campaign, started)

    async def _still_wanted(
        self, campaign: RunningCampaign, permitted: Sequence[PermittedLead]
    ) -> Sequence[PermittedLead]:
        """As many as the pacer still wants: agents may have left while the database kept us waiting."""
        wanted = self._floor.calls_to_place(campaign.id, self._hands.clock())
        if permitted[wanted:]:
            await campaigns.release(self._sessions, campaign.id, permitted[wanted:])
        return permitted[:wanted]

    async def _claim(
        self, campaign: RunningCampaign, wanted: int, asked_at: float
    ) -> Sequence[PermittedLead]:
        """Leads for whose numbers a trunk has room: past many others, where one trunk is down."""
        look_at = wanted
        for _ in range(_LOOKS):
            permitted = await campaigns.claim_permitted(
                self._sessions, self._rules, campaign.id, look_at, instant(asked_at)
            )
            heard = await self._with_a_message(campaign, permitted)
            fitting = await self._with_a_trunk(campaign, await self._with_a_speaker(campaign, heard))
            if fitting or not permitted:
                if fitting[wanted:]:
                    await campaigns.release(self._sessions, campaign.id, fitting[wanted:])
                return fitting[:wanted]
            look_at = _LOOK_FURTHER
        return []

    async def _with_a_message(
        self, campaign: RunningCampaign, permitted: Sequence[PermittedLead]
    ) -> Sequence[PermittedLead]:
        """Those who would hear who has called, wherever a law asks it; some have joined since the start."""
        if campaign.dial_mode not in MODES:
            return permitted
        until = RetryAt(instant(self._hands.clock() + _UNSERVED_FOR_S), NO_MESSAGE)
        waits = [(each, until if _lacks_a_message(campaign, each) else None) for each in permitted]
        return await self._put_off(campaign, waits)

    async def _with_a_speaker(
        self, campaign: RunningCampaign, permitted: Sequence[PermittedLead]
    ) -> Sequence[PermittedLead]:
        """Those whose language an agent speaks who is there, where the campaign requires that."""
        now = self._hands.clock()
        found = self._floor.speakers(campaign.id, [each.lead.language for each in permitted], now)
        wait_s = {Speaker.BUSY: _BUSY_FOR_S, Speaker.NOBODY: _UNSERVED_FOR_S}
        waits = [
            (each, None if who is Speaker.THERE else RetryAt(instant(now + wait_s[who]), NO_SPEAKER))
            for each, who in zip(permitted, found, strict=True)
        ]
        return await self._put_off(campaign, waits)

    async def _with_a_trunk(
        self, campaign: RunningCampaign, permitted: Sequence[PermittedLead]
    ) -> Sequence[PermittedLead]:
        """Those for whose numbers a trunk has room; the others make way for leads that can be called."""
        now = self._hands.clock()
        fitting = self._trunks.fitting([each.lead.e164 for each in permitted], now)
        waits = [
            (each, None if fits else self._until_there_is_a_trunk(each.lead.e164, now))
            for each, fits in zip(permitted, fitting, strict=True)
        ]
        return await self._put_off(campaign, waits)

    async def _put_off(
        self, campaign: RunningCampaign, waits: Sequence[tuple[PermittedLead, RetryAt | None]]
    ) -> Sequence[PermittedLead]:
        """Has leads wait until then; those that need not are left."""
        off = [(each, until) for each, until in waits if until is not None]
        if off:
            await campaigns.put_off(self._sessions, campaign.id, off)
        return [each for each, until in waits if until is None]

    def _until_there_is_a_trunk(self, e164: str, now: float) -> RetryAt:
        if not self._trunks.serves(e164):
            return RetryAt(instant(now + _UNSERVED_FOR_S), NO_TRUNK)
        wait_s = _BUSY_FOR_S if self._trunks.serves_now(e164, now) else _DOWN_FOR_S
        return RetryAt(instant(now + wait_s), TRUNK_BUSY)

    def _leg(self, campaign: RunningCampaign, started: StartedAttempt, routes: Sequence[Trunk]) -> PlaceLeg:
        first, *others = [
            Route(each.address(started.e164), each.name, each.reply_within_s) for each in routes
        ]
        at_once = campaign.agentless and campaign.menu is None
        return PlaceLeg(
            leg=call_leg(started.attempt_id),
            role="customer",
            uri=first.uri,
            trunk=first.trunk,
            reply_within_s=first.reply_within_s,
            others=tuple(others),
            caller_id=started.caller_id,
            display_name=started.display_name,
            ring_timeout_s=max(campaign.ring_timeout_s, started.ring_at_least_s),
            claim_within_s=0.0 if at_once else to_be_claimed_within_s(started.claim_within_s),
            message=str(self._watch.message(campaign, started) or self._options.unclaimed_message),
            end_key=campaign.opt_out_key,
            stay_s=_KEY_AFTER_MESSAGE_S,
            ring_at_least_s=started.ring_at_least_s,
            detect=self._detect(started.attempt_id),
        )

    def _detect(self, attempt: int) -> Detect:
        call = self._floor.calls[attempt]
        if not call.detection.listens:
            return "off"
        return "first" if call.held else "beside"


def to_be_claimed_within_s(message_within_s: float) -> float:
    """How long an agent has to take who answered, so that the message has begun within the law's time."""
    return max(0.0, message_within_s - _MESSAGE_TAKES_S)


def _lacks_a_message(campaign: RunningCampaign, permitted: PermittedLead) -> bool:
    policy = permitted.permit.policy
    return lacks_a_message(campaign.abandoned, policy.messages, policy.place.countries)
