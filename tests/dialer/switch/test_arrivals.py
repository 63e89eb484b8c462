"""Calls that come to a switch: who may call, and what becomes of a call until and after the engine's word."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import SOCK_DGRAM

import pytest

from dialer.switch.leg_actions import Answer, HangUp, PlayMessage, StartPrompt
from dialer.switch.legs import LegBook
from dialer.switch.messages import (
    LegAnswered,
    LegArrived,
    LegEnded,
    LegUnclaimed,
    PlayPrompt,
    PromptEnded,
    RefuseLeg,
    TakeLeg,
)
from dialer.switch.options import TrunkOptions
from tests.dialer.switch.conftest import look
from tests.dialer.switch.test_trunks import TrunkSwitch, switch_with
from tests.journeys.callers import Callers, callers
from tests.servers import free_port
from tests.support import eventually
from tests.telephone import to_wav, tone

CALLER, OURS = "+12025551000", "+12025550199"
MESSAGE_HZ = 800


@asynccontextmanager
async def called_switch(folder: Path) -> AsyncIterator[tuple[TrunkSwitch, Callers]]:
    """A switch with one trunk, at this machine's first address."""
    port = free_port(SOCK_DGRAM)
    trunk = TrunkOptions(name="main", uri="sip:127.0.0.1:9")
    async with switch_with(folder, trunk, port=port) as switch:
        with callers(port) as people:
            yield switch, people


async def arrived(switch: TrunkSwitch, number: int = 1) -> LegArrived:
    return await switch.said(LegArrived, f"arrival-{number}")


async def test_a_call_of_a_trunk_rings_until_the_engine_has_said_what_becomes_of_it(tmp_path: Path) -> None:
    message = to_wav(tmp_path / "message.wav", tone([MESSAGE_HZ], 1.0))
    async with called_switch(tmp_path) as (switch, people):
        taken = await people.call(CALLER, OURS)
        told = await arrived(switch)
        assert (told.caller, told.called, told.trunk) == (CALLER, OURS, "main")
        await eventually(lambda: 180 in taken.statuses)
        switch.link.send(TakeLeg(told.leg, "call-1", 0.2, str(message)))
        await switch.said(LegAnswered, "call-1")
        await taken.hears(MESSAGE_HZ)
        ended = await switch.said(LegEnded, "call-1")
        assert (ended.heard_all, ended.ended_by, ended.trunk) == (True, "switch", "main")
        assert switch.of(LegUnclaimed, "call-1")

        refused = await people.call(CALLER, OURS)
        switch.link.send(RefuseLeg((await arrived(switch, 2)).leg, 480, retry_after_s=7))
        assert await refused.refused() == 480
        assert "\r\nRetry-After: 7\r\n" in refused.refusal

        gives_up = await people.call(CALLER, OURS)
        third = await arrived(switch, 3)
        gives_up.hang_up()
        await eventually(lambda: 487 in gives_up.statuses)
        switch.link.send(TakeLeg(third.leg, "call-3", 2.0, ""))
        assert (await switch.said(LegEnded, "call-3")).ended_by == "far_end"


async def test_a_call_of_which_nobody_says_anything_is_refused(tmp_path: Path) -> None:
    async with called_switch(tmp_path) as (switch, people):
        waits = await people.call(CALLER, OURS)
        elsewhere = await people.call(CALLER, OURS, host="127.0.0.2")
        nobody = await people.call(CALLER, "sales")
        assert (await elsewhere.refused(), await nobody.refused()) == (403, 404)
        assert await waits.refused() == 480
        assert len([each for each in switch.events if isinstance(each, LegArrived)]) == 1
        await switch.detach()
        assert await (await people.call(CALLER, OURS)).refused() == 480
        assert (await look(switch.options.socket)).live == []


# --- the leg that it becomes --------------------------------------------------------------------


def taken(*, answered: bool = True) -> LegBook:
    """A call that came and was taken at 0, to be claimed within 5 s; answered at 1."""
    book = LegBook()
    assert book.take(TakeLeg("arrival-1", "call-1", 5.0, "message.wav"), "main", 0.0) == [Answer("call-1")]
    if answered:
        assert book.answered("call-1", 1.0) == [LegAnswered(at=1.0, leg="call-1")]
    return book


def test_a_caller_whom_nobody_claims_hears_the_message() -> None:
    book = taken()
    assert book.tick(5.9) == []
    assert book.tick(6.0) == [LegUnclaimed(at=6.0, leg="call-1"), PlayMessage("call-1", "message.wav")]


@pytest.mark.parametrize("engine", [True, False])
def test_a_caller_whose_music_nobody_goes_on_with_hears_the_message(engine: bool) -> None:
    book = taken()
    music = PlayPrompt("call-1", 1, "music.wav", stay_s=4.0)
    assert book.prompts.play(music, 2.0) == [StartPrompt("call-1", "music.wav")]
    book.prompts.started("call-1", 3.0, 2.0)
    if not engine:
        assert book.engine_gone(2.5) == []
    assert book.tick(5.0) == [PromptEnded(at=5.0, leg="call-1", number=1)]
    assert book.tick(9.0) == [LegUnclaimed(at=9.0, leg="call-1"), PlayMessage("call-1", "message.wav")]


def test_nothing_is_listened_for_in_what_a_caller_says_before_they_are_asked() -> None:
    book = taken()
    assert not book.to_hear("call-1")


def test_a_caller_who_never_agrees_to_our_answer_is_let_go() -> None:
    book = taken(answered=False)
    assert book.tick(32.9) == []
    assert book.tick(33.0) == [HangUp("call-1")]


def test_an_engine_that_dies_between_its_word_and_the_answer_leaves_no_caller_waiting() -> None:
    assert taken(answered=False).engine_gone(0.1) == [HangUp("call-1")]
