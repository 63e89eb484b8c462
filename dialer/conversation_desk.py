"""What agents and supervisors do on calls: who is called in is on record first, then the floor decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from campaigns.stores.attempts import AttemptStore
from campaigns.stores.conversations import ConversationStore
from dialer.core.conversation import Conversation, ConversationError, Mode
from dialer.core.effects import CallGuest, Effect, GuestLeft, HangUpGuest, Mix, PressKeys
from dialer.core.floor import Floor
from dialer.core.floor_conversations import agent_not_free
from dialer.core.outcome import Outcome
from dialer.core.outside import OutsideRule
from dialer.core.trunks import TrunkBook
from dialer.errors import WRONG_CALL, DialerError
from dialer.legs import attempt_of, guest_leg
from dialer.mixing import WaitingSounds, leg_of, mix_legs
from dialer.preview_desk import CannotDialNow
from dialer.records import instant
from dialer.switch.messages import AnyCommand, HangUpLeg, LiveLeg, PlaceLeg, Route
from dialer.switch.messages import PressKeys as PressKeysOf
from leads.stores.shared import Sessions

_RINGS_S = 30.0


class NumberNotAllowed(DialerError):
    """Agents may not call this number."""

    code = "number-not-allowed"
    exit_code = WRONG_CALL


@dataclass(frozen=True)
class DeskHands:
    """What the engine does for the desk."""

    clock: Callable[[], float]
    can_place: Callable[[str], bool]
    """Whether switch, database and a trunk are there for a call to that number (empty: to any)."""
    send: Callable[[AnyCommand], bool]
    carry_out: Callable[[Sequence[Effect]], None]


Called = Callable[[int], list[Effect]]
"""Given a guest's number, what the floor answers."""


class ConversationDesk:
    """Asks the floor for what is wished, and tells the switch what the floor answers."""

    def __init__(
        self,
        sounds: WaitingSounds,
        floor: Floor,
        sessions: Sessions,
        trunks: TrunkBook,
        outside: OutsideRule,
        hands: DeskHands,
    ) -> None:
        self._sounds = sounds
        self._floor = floor.conversations
        self._agents = floor.agents
        self._sessions = sessions
        self._trunks = trunks
        self._outside = outside
        self._hands = hands
        self._caller_ids: dict[int, str] = {}

    # --- what is wished ---------------------------------------------------------------------------

    def wish(self, wished: Callable[[float], list[Effect]]) -> None:
        """One of the floor's wishes that calls nobody. Raises UnknownSession and ConversationError."""
        self._hands.carry_out(wished(self._hands.clock()))

    async def consult(self, session: int, e164: str, notes: str, *, takes_over: bool = False) -> None:
        """Calls a number for the agent, or at once for the customer.

        Raises UnknownSession, ConversationError, NumberNotAllowed and CannotDialNow.
        """
        await self._require_allowed(session, e164)
        self._require_way_to(e164)

        def called(number: int) -> list[Effect]:
            at = self._hands.clock()
            return self._floor.consult(session, number, e164, at, takes_over=takes_over, notes=notes)

        await self._call_in(session, e164, called)

    async def consult_agent(self, session: int, agent: int, notes: str) -> None:
        """Has another agent talk with the agent. Raises UnknownSession and ConversationError."""
        await self._consult(session, self._session_of(agent), notes)

    async def hand_up(self, session: int, tier: str, notes: str, *, attended: bool) -> None:
        """Gives the customer to a level of agents; `attended`: after the two have talked.

        Raises UnknownSession and ConversationError.
        """
        if attended:
            await self._consult(session, self._floor.next_of(session, tier), notes)
        else:
            self.wish(lambda at: self._floor.hand_up(session, tier, at, notes))

    def hand_over(self, session: int, agents: Sequence[int] | None, notes: str) -> None:
        """Gives the customer to whichever of these agents is free; None: to any.

        Raises UnknownSession and ConversationError.
        """
        chosen = list(self._agents) if agents is None else [self._session_of(each) for each in agents]
        self.wish(lambda at: self._floor.hand_over(session, chosen, at, notes))

    async def supervise(self, session: int, mode: Mode, sip_uri: str, who: str = "") -> None:
        """Calls a supervisor's phone in, as `who` has asked for.

        Raises UnknownSession, ConversationError and CannotDialNow.
        """
        self._require_way_to("")

        def called(number: int) -> list[Effect]:
            return self._floor.supervise(session, number, mode, sip_uri, self._hands.clock(), who)

        await self._call_in(session, sip_uri, called, supervises=True)

    async def supervise_from(self, session: int, mode: Mode, agent: int, who: str = "") -> None:
        """Brings a supervisor in who is on shift. Raises UnknownSession and ConversationError."""
        other = self._session_of(agent)

        def called(number: int) -> list[Effect]:
            return self._floor.supervise_from(session, number, mode, other, self._hands.clock(), who)

        await self._call_in(session, "", called, supervises=True)

    # --- what is done -----------------------------------------------------------------------------

    def do(self, effect: Mix | CallGuest | HangUpGuest | PressKeys) -> None:
        """Tells the switch."""
        match effect:
            case Mix():
                self._hands.send(mix_legs(effect, self._sounds))
            case CallGuest():
                self._call(effect)
            case HangUpGuest(number=number):
                self._hands.send(HangUpLeg(guest_leg(number)))
            case PressKeys(attempt=attempt, party=party, digits=digits):
                if (talk := self._floor.conversation(attempt)) is not None:
                    self._hands.send(PressKeysOf(leg_of(party, attempt, talk), digits))

    def reconcile(self, live: Sequence[LiveLeg]) -> None:
        """The connection to the switch is new: where somebody hears other than they should, it is told."""
        for leg in live:
            attempt = attempt_of(leg.leg)
            talk = self._floor.conversation(attempt)
            if talk is not None and leg.state in ("bridged", "parked"):
                wanted = mix_legs(Mix(attempt, talk), self._sounds)
                if leg.note != wanted.note and (leg.note or talk != Conversation(talk.agent)):
                    self._hands.send(wanted)

    # --- inside -----------------------------------------------------------------------------------

    async def _consult(self, session: int, other: int, notes: str) -> None:
        def called(number: int) -> list[Effect]:
            return self._floor.consult_agent(session, number, other, self._hands.clock(), notes)

        await self._call_in(session, "", called)

    async def _call_in(self, session: int, to: str, called: Called, *, supervises: bool = False) -> None:
        _, call, _ = self._floor.talk_of(session)
        at = instant(self._hands.clock())
        async with self._sessions() as database, database.begin():
            attempt = await AttemptStore(database).get_attempt(call.attempt)
            store = ConversationStore(database)
            number = await store.call_guest(call.attempt, to, at, supervises=supervises)
        self._caller_ids[number] = attempt.caller_id
        try:
            self._require_same(session, call.attempt)
            self._hands.carry_out(called(number))
        except (LookupError, ConversationError):
            self._hands.carry_out([GuestLeft(number, self._hands.clock(), Outcome.CANCELED.value)])
            raise
        finally:
            self._caller_ids.pop(number, None)

    def _require_same(self, session: int, attempt: int) -> None:
        """Whether the agent still talks in that call; the next one is another matter."""
        _, call, _ = self._floor.talk_of(session)
        if call.attempt != attempt:
            raise ConversationError("no-conversation", "The call is over for which somebody was called.")

    def _call(self, guest: CallGuest) -> None:
        leg, now = guest_leg(guest.number), self._hands.clock()
        if guest.to.startswith("sip"):
            routes = [Route(guest.to)]
        else:
            trunks = self._trunks.routes(guest.to, now)
            routes = [Route(each.address(guest.to), each.name, each.reply_within_s) for each in trunks]
        if not routes or not self._hands.send(self._leg(guest.number, routes)):
            outcome = Outcome.CANCELED.value
            self._hands.carry_out(self._floor.guest_left(guest.number, outcome, now))
        elif routes[0].trunk:
            self._trunks.placed(leg, routes[0].trunk, now)

    def _leg(self, number: int, routes: Sequence[Route]) -> PlaceLeg:
        first, *others = routes
        return PlaceLeg(
            leg=guest_leg(number),
            role="guest",
            uri=first.uri,
            caller_id=self._caller_ids.get(number, ""),
            ring_timeout_s=_RINGS_S,
            trunk=first.trunk,
            reply_within_s=first.reply_within_s,
            others=tuple(others),
        )

    def _session_of(self, agent: int) -> int:
        for session, each in self._agents.items():
            if each.agent == agent:
                return session
        raise agent_not_free()

    async def _require_allowed(self, session: int, e164: str) -> None:
        _, call, _ = self._floor.talk_of(session)
        async with self._sessions() as database:
            countries = await ConversationStore(database).countries_of(call.attempt)
        if why := self._outside.why_not(e164, countries):
            raise NumberNotAllowed(f"This number cannot be called in. {why}")

    def _require_way_to(self, e164: str) -> None:
        if not self._hands.can_place(e164):
            raise CannotDialNow("No call can be placed there at the moment; try again in a moment.")
