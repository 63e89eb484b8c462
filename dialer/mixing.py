"""A conversation as the switch is told of it, and as it is known again from what the switch gives back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from dialer.core.conversation import AGENT, CUSTOMER, Conversation, Mode, hears, on_hold
from dialer.core.effects import Mix
from dialer.legs import agent_leg, call_leg, guest_leg
from dialer.switch.messages import LiveLeg, MixLegs


@dataclass(frozen=True)
class WaitingSounds:
    """WAV files: what who is on hold hears, and what an agent hears while a guest is being called."""

    hold: Path
    ringing: Path


def mix_legs(mix: Mix, sounds: WaitingSounds) -> MixLegs:
    """What the switch has to be told; its note is the conversation itself."""
    talk, who = mix.conversation, hears(mix.conversation)
    legs = {party: leg_of(party, mix.attempt, talk) for party in who}
    playing = {legs[party]: str(sounds.hold) for party in on_hold(talk)}
    if AGENT in who and talk.rings and not who[AGENT]:
        playing[legs[AGENT]] = str(sounds.ringing)
    return MixLegs(
        company=call_leg(mix.attempt),
        hears={legs[party]: [legs[other] for other in who if other in heard] for party, heard in who.items()},
        sounds=playing,
        note=msgspec.json.encode(talk).decode(),
    )


def leg_of(party: str, attempt: int, talk: Conversation) -> str:
    """The switch's name for the leg of a party."""
    if party == CUSTOMER:
        return call_leg(attempt)
    session = talk.agent if party == AGENT else None
    for guest in talk.guests:
        if guest.party == party:
            session = guest.session
    return guest_leg(int(party)) if session is None else agent_leg(session)


def conversation_of(leg: LiveLeg, live: Iterable[str]) -> Conversation | None:
    """The conversation that a customer's leg is in, without those who are gone; None for a plain talk."""
    if not leg.note:
        return None
    talk, up = msgspec.json.decode(leg.note, type=Conversation), set(live)
    for guest in talk.guests:
        name = guest_leg(guest.number) if guest.session is None else agent_leg(guest.session)
        if name not in up:
            talk = talk.without(guest.number)
    if talk.agent is None or agent_leg(talk.agent) in up:
        return talk
    # The switch has let those hear each other who were left.
    left = tuple(replace(each, mode=Mode.TALKS) for each in talk.guests if not each.supervises)
    return Conversation(None, guests=left)


def is_on_hold(leg: LiveLeg) -> bool:
    """Whether a customer's leg is kept waiting, with music, by somebody who is in conversation with it."""
    return bool(leg.note) and msgspec.json.decode(leg.note, type=Conversation).customer_mode == Mode.HELD
