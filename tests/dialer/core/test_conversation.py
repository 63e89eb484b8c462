"""Who hears whom in a conversation, whatever is wished in whatever order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.conversation import (
    AGENT,
    CUSTOMER,
    Conversation,
    ConversationError,
    Guest,
    Mode,
    hears,
    on_hold,
)

ANN, BOB = 1, 2
CLOSER = Guest(5)
TALK = Conversation(ANN)


def heard(conversation):
    return {party: set(others) for party, others in hears(conversation).items()}


def consultation(guest=CLOSER):
    return TALK.consulting(guest).arrived(guest.number)


def test_a_talk_is_two_who_hear_each_other():
    assert heard(TALK) == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}}


def test_on_hold_nobody_hears_the_customer_who_hears_music():
    held = TALK.held()
    assert heard(held) == {CUSTOMER: set(), AGENT: set()}
    assert list(on_hold(held)) == [CUSTOMER]
    assert held.resumed() == TALK


def test_muted_the_agent_hears_and_is_not_heard():
    assert heard(TALK.muted()) == {CUSTOMER: set(), AGENT: {CUSTOMER}}
    assert TALK.muted().unmuted() == TALK


def test_the_customer_is_on_hold_while_somebody_is_called_and_consulted():
    assert heard(TALK.consulting(CLOSER)) == {CUSTOMER: set(), AGENT: set()}
    assert heard(consultation()) == {CUSTOMER: set(), AGENT: {"5"}, "5": {AGENT}}


def test_the_agent_goes_to_and_fro_between_customer_and_guest():
    back = consultation().resumed()
    assert heard(back) == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}, "5": set()}
    assert back.held() == consultation()


def test_three_hear_each_other():
    three = {CUSTOMER, AGENT, "5"}
    assert heard(consultation().joined()) == {party: three - {party} for party in three}


def test_who_does_not_come_gives_the_agent_the_customer_back():
    assert TALK.consulting(CLOSER).without(5) == TALK


def test_a_third_party_has_the_customer_when_the_agent_hands_over():
    assert heard(consultation().completed()) == {CUSTOMER: {"5"}, "5": {CUSTOMER}}
    asked_before = TALK.consulting(CLOSER).completed()
    assert heard(asked_before) == {CUSTOMER: set(), AGENT: set()}
    assert heard(asked_before.arrived(5)) == {CUSTOMER: {"5"}, "5": {CUSTOMER}}


def test_another_agent_has_the_customer_when_the_agent_hands_over():
    assert consultation(Guest(5, session=BOB)).completed() == Conversation(BOB)


@pytest.mark.parametrize(
    ("mode", "who"),
    [
        (Mode.LISTENS, {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}}),
        (Mode.WHISPERS, {CUSTOMER: {AGENT}, AGENT: {CUSTOMER, "9"}}),
        (Mode.TALKS, {CUSTOMER: {AGENT, "9"}, AGENT: {CUSTOMER, "9"}}),
    ],
)
def test_a_supervisor_listens_whispers_or_barges_in(mode, who):
    watched = TALK.supervised(Guest(9, mode=Mode.LISTENS)).arrived(9).in_mode(mode)
    assert heard(watched) == who | {"9": {CUSTOMER, AGENT}}


def test_who_whispers_hears_a_muted_agent():
    watched = TALK.supervised(Guest(9, mode=Mode.WHISPERS)).arrived(9).muted()
    assert heard(watched) == {CUSTOMER: set(), AGENT: {CUSTOMER, "9"}, "9": {CUSTOMER, AGENT}}


def test_a_supervisor_on_shift_takes_a_call_over():
    watched = TALK.supervised(Guest(9, session=BOB, mode=Mode.LISTENS, there=True))
    assert watched.taken_over() == Conversation(BOB)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (lambda: TALK.resumed(), "not-on-hold"),
        (lambda: TALK.held().held(), "already-on-hold"),
        (lambda: TALK.unmuted(), "not-muted"),
        (lambda: TALK.muted().muted(), "already-muted"),
        (lambda: TALK.joined(), "no-consultation"),
        (lambda: TALK.completed(), "no-consultation"),
        (lambda: TALK.consulting(CLOSER).joined(), "guest-not-there"),
        (lambda: TALK.consulting(CLOSER).consulting(Guest(6)), "already-consulting"),
        (lambda: TALK.in_mode(Mode.WHISPERS), "not-supervised"),
        (lambda: TALK.supervised(CLOSER).supervised(Guest(6)), "already-supervised"),
        (lambda: TALK.supervised(CLOSER).taken_over(), "take-over-without-session"),
    ],
)
def test_what_cannot_be_had_is_said(wish, code):
    with pytest.raises(ConversationError) as refused:
        wish()
    assert refused.value.code == code


WISHES = {
    "hold": lambda talk: talk.held(),
    "resume": lambda talk: talk.resumed(),
    "mute": lambda talk: talk.muted(),
    "unmute": lambda talk: talk.unmuted(),
    "consult": lambda talk: talk.consulting(CLOSER),
    "consult_agent": lambda talk: talk.consulting(Guest(6, session=BOB, there=True)),
    "arrived": lambda talk: talk.arrived(5),
    "gone": lambda talk: talk.without(5),
    "agent_gone": lambda talk: talk.without(6),
    "join": lambda talk: talk.joined(),
    "complete": lambda talk: talk.completed(),
    "listen": lambda talk: talk.supervised(Guest(9, mode=Mode.LISTENS)),
    "boss_there": lambda talk: talk.arrived(9),
    "boss_gone": lambda talk: talk.without(9),
    **{
        mode.value: lambda talk, mode=mode: talk.in_mode(mode)
        for mode in Mode
        if mode.value in ("whispers", "talks")
    },
}


@given(st.lists(st.sampled_from(sorted(WISHES)), max_size=20))
def test_whatever_is_wished(wishes):
    talk = TALK
    for wish in wishes:
        before = talk
        try:
            talk = WISHES[wish](talk)
        except ConversationError:
            assert talk == before
        modes, who = talk.modes, hears(talk)
        assert set(who) == set(modes)
        for party, others in who.items():
            assert party not in others
            assert others <= set(modes)
            listeners = {each for each in who if party in who[each]}
            if modes[party] == Mode.LISTENS:
                assert not listeners
            if modes[party] == Mode.WHISPERS:
                assert listeners <= {AGENT}
            if modes[party] == Mode.HELD:
                assert not listeners
                assert not others
            if modes[party] == Mode.MUTED:
                assert listeners <= {each for each in modes if modes[each] == Mode.WHISPERS}
        in_good_hands = talk.agent is not None or any(CUSTOMER in who[each] for each in who[CUSTOMER])
        assert in_good_hands or not talk.guests, "alone, with nobody left to end it"
        if talk.agent is None:
            return  # nobody is left who wishes anything
        if talk.third is None:
            assert talk.customer_mode == Mode.TALKS or "hold" in wishes


def test_a_wish_changes_what_it_says_and_nothing_else():
    assert replace(TALK.muted().held(), agent_mode=Mode.TALKS) == TALK.held()
