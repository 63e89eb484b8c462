"""Who is in a conversation with a customer, and who of them hears whom.

A value and the wishes that change it: each gives the next conversation, or an error with a stable code.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

CUSTOMER, AGENT = "customer", "agent"
"""The parties of every conversation; a guest is named by its number."""


class Mode(StrEnum):
    """How somebody takes part."""

    TALKS = "talks"
    HELD = "held"
    """Hears nobody and is heard by nobody; music plays."""
    MUTED = "muted"
    """Hears the others and is heard by those alone who whisper."""
    LISTENS = "listens"
    """Hears the others and is heard by nobody."""
    WHISPERS = "whispers"
    """Hears the others and is heard by the agent alone."""


SUPERVISING = (Mode.LISTENS, Mode.WHISPERS, Mode.TALKS)
"""How a supervisor takes part; to talk is to barge in."""


class ConversationError(Exception):
    """A wish that cannot be had now; the conversation is as it was. `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Guest:
    """Who was called in: a third party, another agent (by `session`), or a supervisor."""

    number: int
    session: int | None = None
    mode: Mode = Mode.TALKS
    supervises: bool = False
    there: bool = False
    """Whether it has answered."""
    takes_over: bool = False
    """Whether the customer is handed over as soon as it is there."""

    @property
    def party(self) -> str:
        """Its name among the parties."""
        return str(self.number)


@dataclass(frozen=True)
class Parked:
    """Who has parked the customer, and until when; in Unix seconds."""

    session: int
    at: float
    until: float


@dataclass(frozen=True)
class Conversation:
    """A customer, the agent (by session) and their guests; without agent and guests, the customer waits."""

    agent: int | None
    customer_mode: Mode = Mode.TALKS
    agent_mode: Mode = Mode.TALKS
    guests: tuple[Guest, ...] = ()
    parked: Parked | None = None

    # --- who is in it -----------------------------------------------------------------------------

    @property
    def modes(self) -> dict[str, Mode]:
        """Everybody who is on the line, the customer first."""
        present = {CUSTOMER: self.customer_mode}
        if self.agent is not None:
            present[AGENT] = self.agent_mode
        return present | {each.party: each.mode for each in self.guests if each.there}

    @property
    def third(self) -> Guest | None:
        """The guest who is consulted or talks along, and is no supervisor."""
        return next((each for each in self.guests if not each.supervises), None)

    @property
    def rings(self) -> bool:
        """Whether a guest is being called whom the agent waits for."""
        return self.third is not None and not self.third.there

    def guest(self, number: int) -> Guest | None:
        """The guest of that number."""
        return next((each for each in self.guests if each.number == number), None)

    def guest_of(self, session: int) -> Guest | None:
        """The guest who is that agent."""
        return next((each for each in self.guests if each.session == session), None)

    # --- what agents wish -------------------------------------------------------------------------

    def held(self) -> "Conversation":
        """The customer is on hold; a guest who was on hold is back."""
        if self.customer_mode == Mode.HELD:
            raise ConversationError("already-on-hold", "The customer is on hold already.")
        return self._with_third(Mode.TALKS, customer_mode=Mode.HELD)

    def resumed(self) -> "Conversation":
        """The customer is back; a guest who is consulted waits on hold meanwhile."""
        if self.customer_mode != Mode.HELD:
            raise ConversationError("not-on-hold", "The customer is not on hold.")
        return self._with_third(Mode.HELD, customer_mode=Mode.TALKS)

    def muted(self) -> "Conversation":
        """The agent hears and is not heard."""
        if self.agent_mode == Mode.MUTED:
            raise ConversationError("already-muted", "The agent is muted already.")
        return replace(self, agent_mode=Mode.MUTED)

    def unmuted(self) -> "Conversation":
        """The agent is heard again."""
        if self.agent_mode != Mode.MUTED:
            raise ConversationError("not-muted", "The agent is not muted.")
        return replace(self, agent_mode=Mode.TALKS)

    def consulting(self, guest: Guest) -> "Conversation":
        """A third party is called; the customer is on hold until that is over."""
        if self.third is not None:
            raise ConversationError(
                "already-consulting",
                "Somebody was called into this conversation already; end that first (consult/end).",
            )
        return replace(self, customer_mode=Mode.HELD, guests=(*self.guests, guest))

    def joined(self) -> "Conversation":
        """All three hear each other."""
        self._require_third_there()
        return self._with_third(Mode.TALKS, customer_mode=Mode.TALKS)

    def completed(self) -> "Conversation":
        """The third party has the customer, as soon as it is there; the agent leaves, and supervisors do."""
        third = self.require_third()
        if not third.there:
            return self._changed(replace(third, takes_over=True))
        if third.session is not None:
            return Conversation(third.session)
        return Conversation(None, guests=(replace(third, mode=Mode.TALKS, takes_over=False),))

    def require_third(self) -> Guest:
        """The guest who is no supervisor. Raises ConversationError."""
        if self.third is None:
            raise ConversationError("no-consultation", "Nobody was called into this conversation.")
        return self.third

    def on_park(self, parked: Parked) -> "Conversation":
        """The customer alone, with music."""
        return Conversation(None, Mode.HELD, parked=parked)

    # --- what supervisors wish ----------------------------------------------------------------------

    def supervised(self, guest: Guest) -> "Conversation":
        """A supervisor's phone is called, or a supervisor on shift is there at once."""
        if any(each.supervises for each in self.guests):
            raise ConversationError("already-supervised", "A supervisor is in this conversation already.")
        return replace(self, guests=(*self.guests, replace(guest, supervises=True)))

    def in_mode(self, mode: Mode) -> "Conversation":
        """The supervisor takes part so from now on."""
        return self._changed(replace(self.require_supervisor(), mode=mode))

    def taken_over(self) -> "Conversation":
        """The supervisor has the customer, and the agent leaves."""
        boss = self.require_supervisor()
        if boss.session is None:
            raise ConversationError(
                "take-over-without-session",
                "A call is taken over by who is logged in; listen with your own session to do that.",
            )
        if not boss.there:
            raise ConversationError("guest-not-there", "The supervisor's softphone has not answered yet.")
        return Conversation(boss.session)

    def require_supervisor(self) -> Guest:
        """The supervisor in it. Raises ConversationError."""
        boss = next((each for each in self.guests if each.supervises), None)
        if boss is None:
            raise ConversationError("not-supervised", "No supervisor is in this conversation.")
        return boss

    # --- what happens to guests ---------------------------------------------------------------------

    def arrived(self, number: int) -> "Conversation":
        """A guest has answered, and has the customer where that was asked; unknown ones change nothing."""
        guest = self.guest(number)
        if guest is None or guest.there:
            return self
        here = self._changed(replace(guest, there=True))
        return here.completed() if guest.takes_over else here

    def without(self, number: int) -> "Conversation":
        """A guest has gone, or did not come; the agent has the customer back at once."""
        guest = self.guest(number)
        if guest is None:
            return self
        others = tuple(each for each in self.guests if each != guest)
        back = self.customer_mode if guest.supervises else Mode.TALKS
        return replace(self, guests=others, customer_mode=back)

    # --- inside -------------------------------------------------------------------------------------

    def _require_third_there(self) -> None:
        if not self.require_third().there:
            raise ConversationError("guest-not-there", "Who was called has not answered yet.")

    def _with_third(self, mode: Mode, customer_mode: Mode) -> "Conversation":
        changed = self if self.third is None else self._changed(replace(self.third, mode=mode))
        return replace(changed, customer_mode=customer_mode)

    def _changed(self, guest: Guest) -> "Conversation":
        guests = tuple(guest if each.number == guest.number else each for each in self.guests)
        return replace(self, guests=guests)


def hears(conversation: Conversation) -> dict[str, frozenset[str]]:
    """Whom each party on the line hears; the parties in their order."""
    modes = conversation.modes
    return {
        party: frozenset(
            other for other in modes if other != party and _is_heard(other, modes[other], party, mode)
        )
        for party, mode in modes.items()
    }


def _is_heard(speaker: str, speaks: Mode, listener: str, listens: Mode) -> bool:
    if listens == Mode.HELD:
        return False
    match speaks:
        case Mode.TALKS:
            return True
        case Mode.WHISPERS:
            return listener == AGENT
        case Mode.MUTED:
            return listens == Mode.WHISPERS
        case _:
            return False


def on_hold(conversation: Conversation) -> Iterator[str]:
    """Who hears music."""
    return (party for party, mode in conversation.modes.items() if mode == Mode.HELD)
