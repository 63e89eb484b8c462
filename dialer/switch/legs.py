"""What the switch knows of its legs and decides on its own. Pure: `now` is monotonic seconds.

Ten rules hold here whether or not an engine is connected:

- a leg whose trunk fails it before anything rang goes on over the next of its routes;
- a leg whose early sound is a busy tone, or another of the network's that says no, is given up at once;
- a leg that rings out is given up at the end of its ring time;
- an answered customer leg that nobody claims in time hears its message and is ended, at once by a key;
- where detection comes first, that time counts from the end of the greeting, while an engine is there;
- an agent's leg whose softphone sends no audio any more is ended at once, as far as that is asked for;
- one that an engine has claimed for a menu, and then says nothing of, is ended after its prompt, and hears
  its message first where it has called us;
- whom all others in a conversation have left is alone again: a customer has to be claimed, an agent waits
  for work, a guest is ended;
- where one leaves a conversation while no engine is there, those who stay and hear nobody hear each other;
- when the engine goes away, bridged legs stay, other customer legs are ended, and agents' legs and parked
  customers are kept for `ORPHAN_LIMIT_S`, long enough for an engine to be started again.
"""

from collections.abc import Iterator, Mapping
from math import inf

from dialer.core.tones import FAILED, Tone
from dialer.core.trunk_room import TrunkRoom
from dialer.switch.audio_watch import USUAL_LIMITS, AudioLimits, AudioWatch
from dialer.switch.leg import Leg, ListenFor
from dialer.switch.leg_actions import Action, Answer, Ending, Forget, Hear
from dialer.switch.leg_companies import LegCompanies
from dialer.switch.leg_detection import LegDetection
from dialer.switch.leg_prompts import LegPrompts
from dialer.switch.leg_routes import LegRoutes
from dialer.switch.leg_table import ORPHAN_LIMIT_S, LegTable
from dialer.switch.messages import (
    LegAnswered,
    LegAudio,
    LegEnded,
    LegHeard,
    LegRinging,
    LiveLeg,
    PlaceLeg,
    TakeLeg,
)

_RINGING = 180
"""The SIP status that says for sure that it rings; 183 may stand for anything that is heard early."""
_AGREED_WITHIN_S = 33.0
"""So long our answer to a call is sent again until the caller agrees (RFC 3261, 13.3.1.4), and a bit more."""
_NO_REPLY = Ending(408, "no reply", by_far_end=False)
_ENDED = Ending(200, "OK", by_far_end=False)
_SILENT = Ending(0, "no audio", by_far_end=False)


class LegBook:
    """Every leg of this switch. Each method returns what has to be done, in order."""

    def __init__(
        self,
        *,
        engine_present: bool = True,
        rooms: dict[str, TrunkRoom] | None = None,
        audio: AudioLimits = USUAL_LIMITS,
    ) -> None:
        """`rooms`: of trunks that hold no more than so many calls; any other takes any number."""
        self._table = LegTable(engine_present)
        self._audio = audio
        self.routes = LegRoutes(self._table, rooms or {})
        self.prompts = LegPrompts(self._table)
        self.detection = LegDetection(self._table)
        self.companies = LegCompanies(self._table)

    def __len__(self) -> int:
        return len(self._table.legs)

    def __contains__(self, name: str) -> bool:
        return name in self._table.legs

    @property
    def has_engine(self) -> bool:
        """Whether somebody is there who decides."""
        return self._table.engine_present

    @property
    def holds_phones(self) -> bool:
        """Whether a phone rings that may not be given up yet, or a person is owed or hears the message."""
        return any(leg.deadline is not None for leg in self._table.legs.values())

    def live(self, clock_offset: float) -> Iterator[LiveLeg]:
        """The legs as an engine that connects has to know them; the offset turns `now` into its clock."""
        for leg in self._table.legs.values():
            company = self.companies.of(leg.name)
            yield LiveLeg(
                leg.name,
                leg.role,
                leg.state,
                self.companies.partner_of(leg.name),
                None if leg.answered_at is None else leg.answered_at + clock_offset,
                leg.route.trunk,
                company="" if company is None else company.name,
                hears=() if company is None else tuple(sorted(company.hears[leg.name])),
                note="" if company is None else company.note,
            )

    def place(self, command: PlaceLeg, now: float) -> list[Action]:
        """A leg is to be placed, by the first of its routes."""
        leg = self._table.legs[command.leg] = Leg(command, placed_at=now)
        return self.routes.dial(leg, now)

    def take(self, command: TakeLeg, trunk: str, now: float) -> list[Action]:
        """A call that has come over a trunk is to be answered; it is a leg from now on."""
        placed = PlaceLeg(
            leg=command.leg,
            role="customer",
            uri="",
            caller_id="",
            ring_timeout_s=_AGREED_WITHIN_S,
            claim_within_s=command.claim_within_s,
            message=command.message,
            stay_s=command.stay_s,
            trunk=trunk,
        )
        leg = Leg(placed, came=True, placed_at=now, state="ringing", rang=True, provisional=True)
        self._table.legs[leg.name] = leg
        self._table.wake(leg, now + _AGREED_WITHIN_S)
        return [Answer(leg.name)]

    def to_count(self) -> list[str]:
        """The legs whose packets of audio are to be counted."""
        counted = [leg for leg in self._table.legs.values() if leg.is_answered]
        return [leg.name for leg in counted if leg.role != "agent" or leg.placed.silence_limit_s]

    def audio_counted(self, name: str, packets: int, now: float, *, held: bool = False) -> list[Action]:
        """So many packets of audio have come so far; `held`: the far end holds the call.

        A customer who has fallen silent is ended, but for one who is on hold or hears a message: it ends by
        itself. An agent's softphone is not waited for to agree, so that its customer gets another agent.
        The first packets over a trunk are told of.
        """
        leg = self._table.get(name)
        if leg is None or not leg.is_answered:
            return []
        on_hold = leg.role == "customer" and self.companies.is_on_hold(name)
        was_unheard = not leg.audio.has_come
        if on_hold:
            leg.audio.rest(now)
        else:
            leg.audio.count(packets, now, held=held)
        if was_unheard and leg.audio.has_come:
            return [LegAudio(at=now, leg=name)] if leg.route.trunk else []
        may_be_silent = leg.hears_a_message or leg.role == "guest"
        limits = self._audio
        if leg.role == "agent":
            limits = AudioLimits(leg.placed.silence_limit_s, leg.placed.silence_limit_s, inf)
        leg.why = "" if may_be_silent else leg.audio.silent_too_long(limits, now)
        if leg.why and leg.role == "agent":
            return self._forget(leg, _SILENT, now)
        return self._table.leave(leg, "switch", now) if leg.why else []

    def ringing(self, name: str, status: int, now: float) -> list[Action]:
        """A provisional answer came; the first of those above 100 is reported.

        The least time begins anew with the first 180: a 183 before it may have been an announcement.
        """
        leg = self._table.get(name)
        if leg is None or leg.state not in ("dialing", "ringing") or leg.rang:
            return []
        if status < _RINGING:
            self.routes.works(leg)
            return []
        again, leg.state, leg.rang = leg.state == "ringing", "ringing", status == _RINGING
        if again and not leg.rang:
            return []
        leg.provisional = True
        leg.rings_at_least_until = now + leg.placed.ring_at_least_s
        leg.rings_at_most_until = max(leg.rings_at_most_until, leg.rings_at_least_until)
        self._table.wake(leg, leg.rings_at_least_until if leg.given_up_by else leg.rings_at_most_until)
        return [] if again else [LegRinging(at=now, leg=name, status=status)]

    def to_hear(self, name: str) -> Mapping[ListenFor, float]:
        """What is to be listened for in a leg's sound now, each until an instant."""
        leg = self._table.get(name)
        return {} if leg is None else leg.to_hear

    def tone_heard(self, name: str, tone: str, now: float) -> list[Action]:
        """One of the network's tones was heard. One that says no ends the leg, unless it is answered.

        Ring-back is the proof that it rings. After the answer, a busy tone only says that somebody hung up.
        """
        leg = self._table.get(name)
        if leg is None or leg.state == "leaving" or leg.heard in FAILED:
            return []
        if leg.answered_at is not None:
            if tone not in FAILED or tone in (Tone.BUSY, Tone.CONGESTION):
                return []
            leg.heard = tone
            return [LegHeard(at=now, leg=name, tone=tone)]
        if tone in FAILED:
            leg.heard = tone
            return self._table.leave(leg, "switch", now)
        leg.heard = leg.heard or tone
        return self.ringing(name, _RINGING, now)

    def answered(self, name: str, now: float) -> list[Action]:
        """The far end answered. A customer has to be claimed from now on, or hears the message at once.

        One that is being given up is let go: what was sent to end it has crossed the answer.
        """
        leg = self._table.get(name)
        if leg is None or leg.state not in ("dialing", "ringing"):
            if leg is not None and leg.answered_at is None:
                leg.answered_late = True
            return []
        leg.state = "answered"
        leg.answered_at, leg.audio = now, AudioWatch.begun(now)
        self._table.await_claim(leg, now)
        answered: list[Action] = [LegAnswered(at=now, leg=name), *leg.waiting()]
        at_once = leg.role == "customer" and leg.placed.claim_within_s <= 0 and not leg.is_being_judged
        return answered + self._table.unclaimed(leg, now) if at_once else answered

    def answered_elsewhere(self, name: str) -> None:
        """A route that the leg has left has been answered: told of at its end, unless the leg is over."""
        if (leg := self._table.get(name)) is not None:
            leg.answered_late = True

    def hang_up(self, name: str, now: float, *, unless_answered: bool = False) -> list[Action]:
        """The engine ends a leg; with `unless_answered`, one that nobody has answered."""
        leg = self._table.get(name)
        if leg is None or (unless_answered and leg.answered_at is not None):
            return []
        if leg.role == "agent":
            leg.ended_by = "engine"
            return self._forget(leg, _ENDED, now)
        return self._table.give_up(leg, "engine", now)

    def stop(self, now: float) -> list[Action]:
        """The switch stops, and every leg with it.

        A phone rings on for as long as it has to; a person whom nobody has claimed hears the message first.
        """
        actions = []
        for leg in self._table.legs.values():
            if leg.awaits_mailbox:
                actions += self._table.leave(leg, "switch", now)
            elif leg.state != "leaving" and not (leg.state == "answered" and leg.role == "customer"):
                actions += self._table.give_up(leg, "switch", now)
        return actions

    def ended(self, name: str, ending: Ending, now: float) -> list[Action]:
        """A leg is over. Who is left alone waits again: an agent for work, a customer to be claimed.

        One that its trunk failed before anything rang goes on with the next.
        """
        leg = self._table.get(name)
        if leg is None:
            return []
        failed = leg.is_dialing and ending.is_the_trunks_fault
        if failed and ending.may_try_another and (rerouted := self.routes.go_on(leg, ending, now)):
            return rerouted
        parted = [each for each in self._table.part(leg, now) if each != Hear(name)]
        del self._table.legs[name]
        return [
            *parted,
            LegEnded(
                at=now,
                leg=name,
                status=ending.status,
                reason=leg.why or ending.reason,
                ended_by="far_end" if ending.by_far_end and not leg.timed_out else leg.ended_by,
                timed_out=leg.timed_out,
                provisional=leg.provisional,
                q850_cause=ending.q850_cause,
                reason_header=ending.reason_header,
                heard_s=leg.heard_s(now),
                heard_all=leg.heard_all(now),
                heard=leg.heard,
                trunk=leg.route.trunk,
                rerouted=leg.failed,
                trunk_failed=failed or (leg.timed_out and not leg.provisional),
                no_audio=ending.unusable or leg.audio.never_came,
                answered_late=leg.answered_late and leg.answered_at is None,
                audio=leg.audio.has_come,
            ),
        ]

    def tick(self, now: float) -> list[Action]:
        """What has come due."""
        return [action for leg in self._table.due(now) for action in self._on_deadline(leg, now)]

    def engine_gone(self, now: float) -> list[Action]:
        """Nobody decides any more: what is not a conversation is ended, agents' legs wait a while."""
        self._table.engine_present = False
        actions: list[Action] = []
        for leg in list(self._table.legs.values()):
            if (leg.role == "agent" and leg.state == "answered") or leg.state == "parked":
                self._table.wake(leg, now + ORPHAN_LIMIT_S)
            elif leg.state in ("dialing", "ringing") or (leg.role == "guest" and leg.state == "answered"):
                actions += self._table.give_up(leg, "switch", now)
            elif leg.role == "customer" and leg.state == "answered" and leg.answered_at is not None:
                # Nobody is there to claim it after a verdict.
                claim_by = max(now, leg.answered_at + leg.placed.claim_within_s)
                self._table.wake(leg, claim_by if leg.deadline is None else min(leg.deadline, claim_by))
        return actions

    def engine_back(self) -> None:
        """An engine decides again."""
        self._table.engine_present = True
        for leg in self._table.legs.values():
            if (leg.role == "agent" and leg.state == "answered") or leg.state == "parked":
                leg.deadline = None
            elif leg.state == "ringing" and leg.given_up_by == "switch":
                leg.given_up_by = None
                self._table.wake(leg, leg.rings_at_most_until)

    def _forget(self, leg: Leg, ending: Ending, now: float) -> list[Action]:
        """An agent's leg is over here and now: a softphone that is gone would take half a minute to agree."""
        return [*self._table.part(leg, now), Forget(leg.name), *self.ended(leg.name, ending, now)]

    def _on_deadline(self, leg: Leg, now: float) -> list[Action]:
        leg.deadline = None
        if leg.state == "parked":
            return self._table.part(leg, now) + self._table.unclaimed(leg, now)
        if leg.state == "prompted" and leg.prompt_plays:
            return self.prompts.over(leg, now)
        if leg.is_dialing and now >= leg.reply_by:
            return [Forget(leg.name), *self.ended(leg.name, _NO_REPLY, now)]
        if leg.state in ("dialing", "ringing"):
            leg.timed_out = leg.given_up_by is None
            if leg.role == "agent":
                return self._forget(leg, _NO_REPLY, now)
            return self._table.leave(leg, leg.given_up_by or "switch", now)
        if leg.role == "customer" and (leg.state == "answered" or (leg.came and leg.state == "prompted")):
            return self._table.unclaimed(leg, now)
        return self._table.leave(leg, "switch", now)
