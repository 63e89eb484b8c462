"""What the switch knows of its legs and decides on its own. Pure: `now` is monotonic seconds.

Nine rules hold here whether or not an engine is connected:

- a leg whose trunk fails it before anything rang goes on over the next of its routes;
- a leg whose early sound is a busy tone, or another of the network's that says no, is given up at once;
- a leg that rings out is given up at the end of its ring time;
- an answered customer leg that nobody claims in time hears its message and is ended, at once by a key;
- where detection comes first, that time counts from the end of the greeting, while an engine is there;
- one that an engine has claimed for a menu, and then says nothing of, is ended after its prompt;
- whom all others in a conversation have left is alone again: a customer has to be claimed, an agent waits
  for work, a guest is ended;
- where one leaves a conversation while no engine is there, those who stay and hear nobody hear each other;
- when the engine goes away, bridged legs stay, other customer legs are ended, and agents' legs and
  parked customers are kept for `ORPHAN_LIMIT_S`, long enough for an engine to be started again.
"""

from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from dialer.core.amd import AmdRule, Heard, Verdict
from dialer.core.tones import FAILED, Tone
from dialer.core.trunk_room import TrunkRoom
from dialer.switch.companies import Companies, Company, pair
from dialer.switch.leg import Leg, ListenFor
from dialer.switch.leg_actions import (
    Action,
    Dial,
    Ending,
    GiveUpDialing,
    HangUp,
    Hear,
    PlayMessage,
    StartPrompt,
    StopPrompt,
)
from dialer.switch.messages import (
    BridgeFailed,
    EndedBy,
    LegAnswered,
    LegEnded,
    LegHeard,
    LegJudged,
    LegKey,
    LegMessage,
    LegRerouted,
    LegRinging,
    LegsBridged,
    LegsMixed,
    LegUnclaimed,
    LiveLeg,
    MixFailed,
    MixLegs,
    PlaceLeg,
    PlayPrompt,
    PromptEnded,
)

ORPHAN_LIMIT_S = 60.0

_DETECTION_AT_MOST_S = AmdRule().longest_s + 0.5
"""Detection has its own limit, and has told its verdict by then; nobody is kept longer, whatever fails."""
_BRIDGED_WITHIN_S = 0.5
"""A verdict may be what the law's time has nearly passed with: an agent who is free is there sooner."""
_WORD_WITHIN_S = 2.0
"""What becomes of a machine is for the engine to say; without its word, it hears what a person would."""
_MAILBOX_WITHIN_S = 60.0
_BEEPED_JUST_NOW_S = 2.0
_AFTER_VOICEMAIL_S = 0.3
"""The last packets are on their way."""

_REROUTE_WITHIN_S = 10.0
"""A call was permitted for the moment; it does not leave over another trunk much later."""
_RINGING = 180
"""The SIP status that says for sure that it rings; 183 may stand for anything that is heard early."""


_TO_BE_BRIDGED = ("answered", "prompted", "parked")
_TO_BE_MIXED = (*_TO_BE_BRIDGED, "bridged")

_NO_REPLY = Ending(408, "no reply", by_far_end=False)


@dataclass
class LegBook:
    """Every leg of this switch. Each method returns what has to be done, in order."""

    engine_present: bool = True
    rooms: dict[str, TrunkRoom] = field(default_factory=dict)
    """Of trunks that hold no more than so many calls; what is not in it takes any number."""
    _legs: dict[str, Leg] = field(default_factory=dict)
    _companies: Companies = field(default_factory=Companies)
    _quiet_until: float = inf
    """No deadline comes before this instant, so that `tick` may be asked hundreds of times a second."""

    def __len__(self) -> int:
        return len(self._legs)

    def __contains__(self, name: str) -> bool:
        return name in self._legs

    @property
    def holds_phones(self) -> bool:
        """Whether a phone rings that may not be given up yet, or a person is owed or hears the message."""
        return any(leg.deadline is not None for leg in self._legs.values())

    def live(self, clock_offset: float) -> Iterator[LiveLeg]:
        """The legs as an engine that connects has to know them; the offset turns `now` into its clock."""
        for leg in self._legs.values():
            company = self._companies.of(leg.name)
            yield LiveLeg(
                leg.name,
                leg.role,
                leg.state,
                self._partner(leg, company),
                None if leg.answered_at is None else leg.answered_at + clock_offset,
                leg.route.trunk,
                company="" if company is None else company.name,
                hears=() if company is None else tuple(sorted(company.hears[leg.name])),
                note="" if company is None else company.note,
            )

    def voices(self, name: str) -> frozenset[str] | None:
        """Whom a customer hears in a talk with an agent; None where there is none, as on hold."""
        leg, company = self._legs.get(name), self._companies.of(name)
        if leg is None or leg.role != "customer" or company is None or not company.is_heard(name):
            return None
        return company.hears[name] if self._agents_in(company) else None

    def place(self, command: PlaceLeg, now: float) -> list[Action]:
        """A leg is to be placed, by the first of its routes."""
        leg = self._legs[command.leg] = Leg(command, placed_at=now)
        return self._dial(leg, now)

    def to_count(self) -> list[str]:
        """The legs whose packets of audio are to be counted."""
        return [leg.name for leg in self._legs.values() if leg.role != "agent" and leg.is_answered]

    def audio_counted(self, name: str, packets: int | None, now: float) -> list[Action]:
        """So many packets of audio have come so far; None: none are due, as on hold.

        A customer who has fallen silent is ended, but for one that hears a message: it ends by itself.
        """
        leg = self._legs.get(name)
        if leg is None or not leg.is_answered:
            return []
        company = self._companies.of(name)
        if company is not None and not company.hears[name]:
            packets = None  # who is on hold may be quiet for as long as that lasts
        silent = leg.count_audio(packets, now) and leg.role == "customer" and not leg.hears_a_message
        return self._leave(leg, "switch", now) if silent else []

    def ringing(self, name: str, status: int, now: float) -> list[Action]:
        """A provisional answer came; the first of those above 100 is reported.

        The least time begins anew with the first 180: a 183 before it may have been an announcement.
        """
        leg = self._legs.get(name)
        if leg is None or leg.state not in ("dialing", "ringing") or leg.rang:
            return []
        if status < _RINGING:
            self._is_there(leg)
            return []
        again, leg.state, leg.rang = leg.state == "ringing", "ringing", status == _RINGING
        if again and not leg.rang:
            return []
        leg.provisional = True
        leg.rings_at_least_until = now + leg.placed.ring_at_least_s
        leg.rings_at_most_until = max(leg.rings_at_most_until, leg.rings_at_least_until)
        self._wake(leg, leg.rings_at_least_until if leg.given_up_by else leg.rings_at_most_until)
        return [] if again else [LegRinging(at=now, leg=name, status=status)]

    def to_hear(self, name: str) -> Mapping[ListenFor, float]:
        """What is to be listened for in a leg's sound now, each until an instant."""
        leg = self._legs.get(name)
        return {} if leg is None else leg.to_hear

    def tone_heard(self, name: str, tone: str, now: float) -> list[Action]:
        """One of the network's tones was heard. One that says no ends the leg, unless it is answered.

        Ring-back is the proof that it rings. After the answer, a busy tone only says that somebody hung up.
        """
        leg = self._legs.get(name)
        if leg is None or leg.state == "leaving" or leg.heard in FAILED:
            return []
        if leg.answered_at is not None:
            if tone not in FAILED or tone in (Tone.BUSY, Tone.CONGESTION):
                return []
            leg.heard = tone
            return [LegHeard(at=now, leg=name, tone=tone)]
        if tone in FAILED:
            leg.heard = tone
            return self._leave(leg, "switch", now)
        leg.heard = leg.heard or tone
        return self.ringing(name, _RINGING, now)

    def answered(self, name: str, now: float) -> list[Action]:
        """The far end answered. A customer has to be claimed from now on, or hears the message at once."""
        leg = self._legs.get(name)
        if leg is None or leg.state not in ("dialing", "ringing"):
            return []
        leg.state = "answered"
        leg.answered_at = leg.audio_at = leg.counted_at = now
        self._await_claim(leg, now)
        answered: list[Action] = [LegAnswered(at=now, leg=name)]
        at_once = leg.role == "customer" and leg.placed.claim_within_s <= 0 and not leg.is_being_judged
        return answered + self._on_deadline(leg, now) if at_once else answered

    def bridge(self, name: str, other: str, now: float) -> list[Action]:
        """The engine claims a leg for another."""
        if why := self._why_not((name, other), _TO_BE_BRIDGED):
            return [BridgeFailed(at=now, leg=name, other=other, reason=why)]
        bridged = self._gather(pair(name, other), now)
        return [*bridged, LegsBridged(at=now, leg=name, other=other)]

    def mix(self, command: MixLegs, now: float) -> list[Action]:
        """The engine says who hears whom."""
        strangers = {each for heard in command.hears.values() for each in heard} - set(command.hears)
        why = "who is not in the company is to be heard" if strangers else ""
        if why := why or self._why_not(command.hears, _TO_BE_MIXED):
            return [MixFailed(at=now, company=command.company, reason=why)]
        hears = {leg: frozenset(heard) for leg, heard in command.hears.items()}
        mixed = self._gather(Company(command.company, hears, command.sounds, command.note), now)
        return [*mixed, LegsMixed(at=now, company=command.company)]

    def hang_up(self, name: str, now: float, *, unless_answered: bool = False) -> list[Action]:
        """The engine ends a leg; with `unless_answered`, one that nobody has answered."""
        leg = self._legs.get(name)
        if leg is None or (unless_answered and leg.answered_at is not None):
            return []
        return self._give_up(leg, "engine", now)

    def judged(self, name: str, heard: Heard, greeting_ended_at: float | None, now: float) -> list[Action]:
        """Detection says who answered. Where it came first, the leg has to be claimed from now on."""
        leg = self._legs.get(name)
        if leg is None or leg.judged:
            return []
        was_kept, leg.judged = leg.is_being_judged and leg.state == "answered", True
        if heard.why == "beep":
            leg.beeped_at = now
        verdict = LegJudged(
            at=now,
            leg=name,
            verdict=heard.verdict.value,
            confidence=heard.confidence,
            took_s=heard.took_s,
            greeting_s=heard.greeting_s,
            words=heard.words,
            why=heard.why,
        )
        if not was_kept:
            return [verdict]
        if heard.verdict in (Verdict.MACHINE, Verdict.FAX):
            self._wake(leg, now + _WORD_WITHIN_S)
        elif leg.placed.claim_within_s <= 0:
            return [verdict, *self._on_deadline(leg, now)]
        elif self.engine_present:
            self._wake(leg, _claim_by(leg.placed.claim_within_s, heard, greeting_ended_at, now))
        return [verdict]

    def leave(self, name: str, message: str, now: float) -> list[Action]:
        """The engine leaves a machine, or has it left a message; whom it talks with waits again."""
        leg = self._legs.get(name)
        if leg is None or leg.left_at is not None or leg.voicemail:
            return []
        if not message or leg.answered_at is None:
            return self._part(leg, now) + self._leave(leg, "engine", now)
        parted = self._part(leg, now)
        parted += [StopPrompt(name)] if leg.message_at is not None or leg.prompt_plays else []
        leg.prompt, leg.prompt_plays = None, False
        leg.state, leg.ended_by = "leaving", "switch"
        leg.message_at, leg.voicemail = None, message
        self._wake(leg, now + _MAILBOX_WITHIN_S)
        if now - leg.beeped_at <= _BEEPED_JUST_NOW_S:
            return parted + self.mailbox_records(name, now)
        return parted

    def mailbox_records(self, name: str, now: float) -> list[Action]:
        """A machine that is to be left a message records from now on."""
        leg = self._legs.get(name)
        if leg is None or not leg.awaits_mailbox:
            return []
        return [PlayMessage(name, leg.voicemail)]

    def stop(self, now: float) -> list[Action]:
        """The switch stops, and every leg with it.

        A phone rings on for as long as it has to; a person whom nobody has claimed hears the message first.
        """
        actions = []
        for leg in self._legs.values():
            if leg.awaits_mailbox:
                actions += self._leave(leg, "switch", now)
            elif leg.state != "leaving" and not (leg.state == "answered" and leg.role == "customer"):
                actions += self._give_up(leg, "switch", now)
        return actions

    def message_started(self, name: str, length_s: float, now: float) -> list[Action]:
        """The message plays, or could not be played where `length_s` is 0; the leg is ended after it."""
        leg = self._legs.get(name)
        if leg is None:
            return []
        if length_s <= 0:
            self._wake(leg, now)
            return []
        leg.message_at, leg.message_ends_at = now, now + length_s
        self._wake(leg, leg.message_ends_at + (_AFTER_VOICEMAIL_S if leg.voicemail else leg.placed.stay_s))
        return [LegMessage(at=now, leg=name)] if leg.voicemail else []

    def play_prompt(self, command: PlayPrompt, now: float) -> list[Action]:
        """The engine claims a customer's leg for a menu, or goes on with it."""
        leg = self._legs.get(command.leg)
        if leg is None or leg.role != "customer" or leg.state not in ("answered", "prompted"):
            return []
        leg.state, leg.prompt, leg.prompt_plays, leg.deadline = "prompted", command, True, None
        return [StartPrompt(leg.name, command.path)] if command.path else self._prompt_over(leg, now)

    def prompt_started(self, name: str, length_s: float, now: float) -> None:
        """The prompt plays, or could not be played where `length_s` is 0."""
        leg = self._legs.get(name)
        if leg is not None and leg.prompt_plays:
            self._wake(leg, now + length_s)

    def key(self, name: str, digit: str, now: float, *, in_sound: bool = False) -> list[Action]:
        """A key was pressed, and heard in the sound or told of beside it.

        The one that opts out ends the call at once, any other maybe a prompt.
        """
        leg = self._legs.get(name)
        if leg is None or not leg.press(digit, now, in_sound=in_sound):
            return []
        pressed: list[Action] = [LegKey(at=now, leg=name, digit=digit)]
        ends = digit == leg.placed.end_key and leg.left_at is None
        if ends:
            return pressed + self._leave(leg, "switch", now)
        if leg.state == "prompted" and leg.prompt_plays and leg.prompt and leg.prompt.stop_on_key:
            return [*pressed, StopPrompt(name), *self._prompt_over(leg, now)]
        return pressed

    def ended(self, name: str, ending: Ending, now: float) -> list[Action]:
        """A leg is over. Who is left alone waits again: an agent for work, a customer to be claimed.

        One that its trunk failed before anything rang goes on with the next.
        """
        leg = self._legs.get(name)
        if leg is None:
            return []
        failed = leg.is_dialing and ending.is_the_trunks_fault
        if failed and (rerouted := self._reroute(leg, ending, now)):
            return rerouted
        parted = [each for each in self._part(leg, now) if each != Hear(name)]
        del self._legs[name]
        return [
            *parted,
            LegEnded(
                at=now,
                leg=name,
                status=ending.status,
                reason=ending.reason,
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
                no_audio=leg.had_no_audio,
                audio=leg.has_had_audio,
            ),
        ]

    def tick(self, now: float) -> list[Action]:
        """What has come due."""
        if now < self._quiet_until:
            return []
        due = [leg for leg in self._legs.values() if leg.deadline is not None and leg.deadline <= now]
        actions = [action for leg in due for action in self._on_deadline(leg, now)]
        left = (leg.deadline for leg in self._legs.values() if leg.deadline is not None)
        self._quiet_until = min(left, default=inf)
        return actions

    def engine_gone(self, now: float) -> list[Action]:
        """Nobody decides any more: what is not a conversation is ended, agents' legs wait a while."""
        self.engine_present = False
        actions: list[Action] = []
        for leg in list(self._legs.values()):
            if (leg.role == "agent" and leg.state == "answered") or leg.state == "parked":
                self._wake(leg, now + ORPHAN_LIMIT_S)
            elif leg.state in ("dialing", "ringing") or (leg.role == "guest" and leg.state == "answered"):
                actions += self._give_up(leg, "switch", now)
            elif leg.role == "customer" and leg.state == "answered" and leg.answered_at is not None:
                # Nobody is there to claim it after a verdict.
                claim_by = max(now, leg.answered_at + leg.placed.claim_within_s)
                self._wake(leg, claim_by if leg.deadline is None else min(leg.deadline, claim_by))
        return actions

    def engine_back(self) -> None:
        """An engine decides again."""
        self.engine_present = True
        for leg in self._legs.values():
            if (leg.role == "agent" and leg.state == "answered") or leg.state == "parked":
                leg.deadline = None
            elif leg.state == "ringing" and leg.given_up_by == "switch":
                leg.given_up_by = None
                self._wake(leg, leg.rings_at_most_until)

    def _is_there(self, leg: Leg) -> None:
        if leg.is_dialing:
            leg.reply_by = inf
            self._wake(leg, leg.rings_at_most_until)

    def _dial(self, leg: Leg, now: float) -> list[Action]:
        route = leg.dial(now)
        if route.trunk in self.rooms:
            self.rooms[route.trunk].taken(now)
        self._wake(leg, min(leg.rings_at_most_until, leg.reply_by))
        return [Dial(leg.name, route, leg.placed.caller_id, leg.placed.display_name)]

    def _reroute(self, leg: Leg, ending: Ending, now: float) -> list[Action]:
        """Goes on over the next route whose trunk has room; nothing where none has, or it is too late."""
        if now - leg.placed_at > _REROUTE_WITHIN_S:
            return []
        former = leg.route.trunk
        failed = [f"{former}: {ending.status} {ending.reason}"]
        calls = Counter(each.route.trunk for each in self._legs.values())
        for index in range(leg.tried + 1, len(leg.placed.routes)):
            trunk = leg.placed.routes[index].trunk
            if trunk not in self.rooms or self.rooms[trunk].free(calls[trunk], now):
                leg.failed += failed
                leg.tried = index
                moved = LegRerouted(
                    at=now,
                    leg=leg.name,
                    trunk=former,
                    to=trunk,
                    status=ending.status,
                    reason=ending.reason,
                )
                return [moved, *self._dial(leg, now)]
            failed.append(f"{trunk}: no room")
        leg.failed += failed[1:]
        return []

    def _give_up(self, leg: Leg, by: EndedBy, now: float) -> list[Action]:
        """Ends a leg, once it has rung as long as it has to: 16 CFR 310.4(b)(4)(ii)."""
        if leg.state != "ringing" or now >= leg.rings_at_least_until:
            return self._leave(leg, by, now)
        leg.given_up_by = leg.given_up_by or by
        self._wake(leg, leg.rings_at_least_until)
        return []

    def _why_not(self, names: Collection[str], states: Container[str]) -> str:
        """Why these legs cannot be a company; empty where they can."""
        for name in names:
            if (leg := self._legs.get(name)) is None:
                return f"{name} has ended"
            if leg.state not in states:
                return f"{name} is {leg.state}"
        customers = sum(self._legs[each].role == "customer" for each in names)
        return "" if customers == 1 else f"there are {customers} customers among them"

    def _gather(self, company: Company, now: float) -> list[Action]:
        """The company is so from now on; who was in it, or is in another, leaves that first."""
        actions: list[Action] = []
        former = self._companies.named(company.name)
        left = [leg for leg in former.legs if leg not in company.hears] if former is not None else []
        for name in company.legs:
            elsewhere = self._companies.of(name)
            if elsewhere is not None and elsewhere.name != company.name:
                actions += self._part(self._legs[name], now)
        self._companies.put(company)
        for name in left:
            actions += self._let_go(self._legs[name], now)
        for leg in map(self._legs.__getitem__, company.legs):
            leg.state = "parked" if len(company.legs) == 1 else "bridged"
            leg.deadline, leg.prompt, leg.prompt_plays = None, None, False
        return [*actions, *company.hear()]

    def _part(self, leg: Leg, now: float) -> list[Action]:
        """The leg hears nobody of its company any more; what becomes of the others."""
        company = self._companies.of(leg.name)
        if company is None:
            return []
        self._companies.remove(company.name)
        rest = company.without(leg.name)
        if not self.engine_present and not rest.talks:
            rest = rest.brought_together()
        actions: list[Action] = [Hear(leg.name)]
        if not self._is_for_somebody(rest):
            return actions + [each for name in rest.legs for each in self._let_go(self._legs[name], now)]
        self._companies.put(rest)
        return [*actions, *rest.hear()]

    def _is_for_somebody(self, company: Company) -> bool:
        """Whether a customer is in it, with an agent or in a talk."""
        customers = [each for each in company.legs if self._legs[each].role == "customer"]
        return any(self._agents_in(company) or company.talks_with_somebody(each) for each in customers)

    def _agents_in(self, company: Company) -> list[str]:
        return [each for each in company.legs if self._legs[each].role == "agent"]

    def _partner(self, leg: Leg, company: Company | None) -> str | None:
        """The customer's agent, and everybody else's customer."""
        if company is None:
            return None
        others = [each for each in company.legs if each != leg.name]
        wanted = "agent" if leg.role == "customer" else "customer"
        return next((each for each in others if self._legs[each].role == wanted), None)

    def _let_go(self, leg: Leg, now: float) -> list[Action]:
        """It is in no company: an agent waits for work, a customer has to be claimed, a guest is ended."""
        actions: list[Action] = [Hear(leg.name)]
        if leg.state not in ("bridged", "parked"):
            return actions
        leg.state = "answered"
        if leg.role == "guest":
            return actions + self._leave(leg, "switch", now)
        self._await_claim(leg, now)
        return actions

    def _wake(self, leg: Leg, at: float) -> None:
        leg.deadline = at
        self._quiet_until = min(self._quiet_until, at)

    def _await_claim(self, leg: Leg, now: float) -> None:
        if leg.role == "customer":
            kept = leg.is_being_judged and self.engine_present
            self._wake(leg, now + (_DETECTION_AT_MOST_S if kept else leg.placed.claim_within_s))
        elif not self.engine_present:
            self._wake(leg, now + ORPHAN_LIMIT_S)
        else:
            leg.deadline = None

    def _prompt_over(self, leg: Leg, now: float) -> list[Action]:
        if leg.prompt is None or not leg.prompt_plays:
            return []
        leg.prompt_plays = False
        self._wake(leg, now + leg.prompt.stay_s)
        return [PromptEnded(at=now, leg=leg.name, number=leg.prompt.number)]

    def _on_deadline(self, leg: Leg, now: float) -> list[Action]:
        leg.deadline = None
        if leg.state == "parked":
            return self._part(leg, now) + self._unclaimed(leg, now)
        if leg.state == "prompted" and leg.prompt_plays:
            return self._prompt_over(leg, now)
        if leg.is_dialing and now >= leg.reply_by:
            return [GiveUpDialing(leg.name), *self.ended(leg.name, _NO_REPLY, now)]
        if leg.state in ("dialing", "ringing"):
            leg.timed_out = leg.given_up_by is None
            return self._leave(leg, leg.given_up_by or "switch", now)
        if leg.role == "customer" and leg.state == "answered":
            return self._unclaimed(leg, now)
        return self._leave(leg, "switch", now)

    def _unclaimed(self, leg: Leg, now: float) -> list[Action]:
        """Nobody claims a customer: it hears its message, if it has one, and is ended."""
        unclaimed = LegUnclaimed(at=now, leg=leg.name)
        if not leg.placed.message:
            return [unclaimed, *self._leave(leg, "switch", now)]
        leg.state, leg.ended_by = "leaving", "switch"
        return [unclaimed, PlayMessage(leg.name, leg.placed.message)]

    def _leave(self, leg: Leg, by: EndedBy, now: float) -> list[Action]:
        leg.state = "leaving"
        leg.ended_by = by
        leg.left_at = now if leg.left_at is None else leg.left_at
        leg.deadline = None
        return [HangUp(leg.name)]


def _claim_by(claim_within_s: float, heard: Heard, greeting_ended_at: float | None, now: float) -> float:
    """When a person whom detection has kept has to be claimed.

    Who has said nothing has waited since the answer, and who still speaks does not wait yet.
    """
    if greeting_ended_at is not None:
        return max(now + _BRIDGED_WITHIN_S, greeting_ended_at + claim_within_s)
    return now + (claim_within_s if heard.words else _BRIDGED_WITHIN_S)
