"""A conversation as the switch is told of it, and as it is known again from what the switch gives back."""

from pathlib import Path

import pytest

from dialer.conversation_desk import ConversationDesk, DeskHands
from dialer.core.conversation import AGENT, Conversation, Guest, Mode, Parked
from dialer.core.effects import CallGuest, GuestLeft, HangUpGuest, Mix, PressKeys
from dialer.core.floor import Floor
from dialer.core.outside import OutsideRule
from dialer.core.trunks import Trunk, TrunkBook
from dialer.mixing import WaitingSounds, conversation_of, is_on_hold, leg_of, mix_legs
from dialer.switch.messages import AnyCommand, HangUpLeg, LiveLeg, MixLegs, PlaceLeg
from dialer.switch.messages import PressKeys as PressKeysOf
from tests.dialer.core.floors import ANN, BOB, floor_with, talk

SOUNDS = WaitingSounds(Path("hold.wav"), Path("ringing.wav"))
CLOSER, BOSS = 5, 9
TO_VANCOUVER = Trunk("west", "sip:{number}@carrier", prefixes=("+1604",))
UP = ("call-7", "agent-1", "agent-2", "guest-5")


def consultation(*, there: bool = True) -> Conversation:
    return Conversation(ANN).consulting(Guest(CLOSER, there=there))


def live(talk: Conversation, state: str = "bridged") -> LiveLeg:
    return LiveLeg(
        "call-7",
        "customer",
        state,
        note=mix_legs(Mix(7, talk), SOUNDS).note,  # type: ignore[arg-type]
    )


def test_each_leg_is_told_whom_it_hears_in_the_order_of_the_parties() -> None:
    told = mix_legs(Mix(7, consultation()), SOUNDS)
    assert told.company == "call-7"
    assert told.hears == {"call-7": [], "agent-1": ["guest-5"], "guest-5": ["agent-1"]}
    assert list(told.hears) == ["call-7", "agent-1", "guest-5"]
    assert told.sounds == {"call-7": "hold.wav"}


def test_the_agent_hears_ringing_until_the_guest_is_there() -> None:
    told = mix_legs(Mix(7, consultation(there=False)), SOUNDS)
    assert told.hears == {"call-7": [], "agent-1": []}
    assert told.sounds == {"call-7": "hold.wav", "agent-1": "ringing.wav"}


def test_a_guest_who_is_an_agent_has_that_agents_leg() -> None:
    talk = Conversation(ANN).consulting(Guest(CLOSER, session=BOB, there=True))
    assert mix_legs(Mix(7, talk), SOUNDS).hears["agent-1"] == ["agent-2"]
    assert leg_of(AGENT, 7, talk) == "agent-1"


@pytest.mark.parametrize(
    "talk",
    [
        Conversation(ANN, Mode.HELD, Mode.MUTED),
        consultation().joined(),
        consultation().completed(),
        Conversation(None, Mode.HELD, parked=Parked(ANN, 1.5, 121.5)),
        Conversation(ANN, guests=(Guest(CLOSER, mode=Mode.WHISPERS, supervises=True, there=True),)),
    ],
)
def test_what_the_switch_gives_back_is_the_conversation(talk: Conversation) -> None:
    assert conversation_of(live(talk), UP) == talk
    assert is_on_hold(live(talk)) == (talk.customer_mode == Mode.HELD)


def test_who_has_gone_meanwhile_is_not_in_it_any_more() -> None:
    assert conversation_of(live(consultation()), ("call-7", "agent-1")) == Conversation(ANN)
    left = conversation_of(live(consultation()), ("call-7", "guest-5"))
    assert left == Conversation(None, guests=(Guest(CLOSER, there=True),)), "the switch let them talk"
    assert conversation_of(LiveLeg("call-7", "customer", "bridged"), UP) is None, "a plain talk"


# --- the desk -------------------------------------------------------------------------------------


class Desk:
    """A desk with the test in the engine's and the switch's place."""

    def __init__(self, floor: Floor, trunk: Trunk = TO_VANCOUVER) -> None:
        self.sent: list[AnyCommand] = []
        self.done: list[object] = []
        hands = DeskHands(lambda: 10.0, lambda _: True, self._send, self.done.extend)
        self.desk = ConversationDesk(SOUNDS, floor, None, TrunkBook([trunk]), OutsideRule(), hands)  # type: ignore[arg-type]

    def _send(self, command: AnyCommand) -> bool:
        self.sent.append(command)
        return True


@pytest.fixture
def floor() -> Floor:
    """Ann talks with the caller of attempt 7."""
    made = floor_with(ANN, BOB)
    talk(made, 7, ANN, at=1.0)
    return made


def test_after_a_new_connection_only_those_are_told_who_hear_other_than_they_should(floor: Floor) -> None:
    desk = Desk(floor)
    plain = LiveLeg("call-7", "customer", "bridged", "agent-1")
    desk.desk.reconcile([plain, live(Conversation(ANN))])
    assert desk.sent == []
    floor.conversations.hold(ANN, at=2.0)
    desk.desk.reconcile([plain])
    (told,) = desk.sent
    assert isinstance(told, MixLegs)
    assert told.sounds == {"call-7": "hold.wav"}
    floor.conversations.resume(ANN, at=3.0)
    desk.desk.reconcile([live(Conversation(ANN, Mode.HELD))])
    assert [each.sounds for each in desk.sent if isinstance(each, MixLegs)][1:] == [{}]


def test_a_guest_is_called_over_a_trunk_or_at_a_sip_address(floor: Floor) -> None:
    trunk = Trunk("main", "sip:{number}@carrier")
    desk = Desk(floor, trunk)
    desk.desk.do(CallGuest(7, CLOSER, "+12025550177"))
    desk.desk.do(CallGuest(7, BOSS, "sip:boss@example.org"))
    first, second = (each for each in desk.sent if isinstance(each, PlaceLeg))
    assert (first.leg, first.role, first.trunk) == ("guest-5", "guest", "main")
    assert first.uri == trunk.address("+12025550177")
    assert (second.leg, second.uri, second.trunk) == ("guest-9", "sip:boss@example.org", "")
    desk.desk.do(HangUpGuest(BOSS))
    desk.desk.do(PressKeys(7, "customer", "1"))
    assert desk.sent[2:] == [HangUpLeg("guest-9"), PressKeysOf("call-7", "1")]


def test_a_guest_to_whom_no_trunk_goes_gives_the_customer_back(floor: Floor) -> None:
    desk = Desk(floor)
    for effect in floor.conversations.consult(ANN, CLOSER, "+12025550177", at=2.0):
        if isinstance(effect, Mix | CallGuest):
            desk.desk.do(effect)
    assert desk.done == [GuestLeft(CLOSER, 10.0, "canceled"), Mix(7, Conversation(ANN))]
    assert floor.calls[7].conversation == Conversation(ANN)
