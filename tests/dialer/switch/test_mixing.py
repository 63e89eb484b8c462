"""Who hears whom over real SIP: each phone says a tone of its own, and listens for those of the others."""

from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path

import pytest

from campaigns.recordings.folder import RecordingFolder
from dialer.switch.messages import (
    BridgeLegs,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegsBridged,
    LegsMixed,
    MixFailed,
    MixLegs,
    PressKeys,
    RecordingEnded,
    RecordingStarted,
    StartRecording,
)
from tests.dialer.switch.conftest import Switch, look
from tests.dialer.switch.far_end import FarEnd, called
from tests.support import eventually
from tests.telephone import heard_among, to_wav, tone

CUSTOMER, AGENT, THIRD, BOSS = "call", "agent-1", "guest-1", "guest-2"
HZ = {CUSTOMER: 400, AGENT: 1000, THIRD: 1600, BOSS: 2500}
MUSIC_HZ = 700
TRIO = (CUSTOMER, AGENT, THIRD)

Phones = Mapping[str, FarEnd]


@pytest.fixture
async def phones(switch: Switch) -> AsyncIterator[Phones]:
    """A customer, an agent, a third party and a supervisor, all of them on the line."""
    made = {leg: FarEnd(tone([hz], 1.0), key_events=True, again=True) for leg, hz in HZ.items()}
    async with called(*made.values()):
        for leg, phone in made.items():
            switch.place(leg, phone.uri, claim_within_s=60)
            await switch.said(LegAnswered, leg)
        yield made
        switch.link.send(HangUpLeg(CUSTOMER))
        await switch.stop()


@pytest.fixture
def music(tmp_path: Path) -> str:
    return str(to_wav(tmp_path / "music.wav", tone([MUSIC_HZ], 0.5)))


def all_hear_all(legs: Collection[str]) -> dict[str, list[str]]:
    return {leg: [each for each in legs if each != leg] for leg in legs}


async def mix(
    switch: Switch,
    phones: Phones,
    hears: Mapping[str, Collection[str]],
    sounds: Mapping[str, str] | None = None,
) -> None:
    """Mixes so, and waits until everybody hears just that; who is not named hears nobody."""
    before = len([each for each in switch.events if isinstance(each, LegsMixed)])
    command = MixLegs(
        "call", {leg: list(heard) for leg, heard in hears.items()}, dict(sounds or {}), "a note"
    )
    switch.link.send(command)
    await eventually(lambda: len([e for e in switch.events if isinstance(e, LegsMixed)]) > before)
    await all_hear(phones, hears, sounds)


async def all_hear(
    phones: Phones, hears: Mapping[str, Collection[str]], sounds: Mapping[str, str] | None = None
) -> None:
    for leg, phone in phones.items():
        wanted = {HZ[each] for each in hears.get(leg, ())} | ({MUSIC_HZ} if leg in (sounds or {}) else set())
        await eventually(lambda phone=phone, wanted=wanted: heard_by(phone) == wanted, 10)


def heard_by(phone: FarEnd) -> set[int]:
    """The tones that it hears now."""
    return heard_among([*HZ.values(), MUSIC_HZ], phone.hears_now())


MIXES: dict[str, tuple[dict[str, list[str]], set[str]]] = {
    "hold": ({CUSTOMER: [], AGENT: []}, {CUSTOMER}),
    "mute": ({CUSTOMER: [], AGENT: [CUSTOMER]}, set()),
    "consult": ({CUSTOMER: [], AGENT: [THIRD], THIRD: [AGENT]}, {CUSTOMER}),
    "three-way": (all_hear_all(TRIO), set()),
    "listen": ({CUSTOMER: [AGENT], AGENT: [CUSTOMER], BOSS: [CUSTOMER, AGENT]}, set()),
    "whisper": ({CUSTOMER: [AGENT], AGENT: [CUSTOMER, BOSS], BOSS: [CUSTOMER, AGENT]}, set()),
    "barge": (all_hear_all((CUSTOMER, AGENT, BOSS)), set()),
}


async def test_each_hears_just_whom_it_is_to_hear(switch: Switch, phones: Phones, music: str) -> None:
    """One after the other, so that each mix has to undo the one before; guests are not ended meanwhile."""
    aside = {THIRD: [], BOSS: []}
    for hears, on_hold in MIXES.values():
        await mix(switch, phones, aside | hears, dict.fromkeys(on_hold, music))
    assert not [each for each in switch.events if isinstance(each, LegEnded)]


async def test_a_parked_customer_hears_music_and_is_taken_by_another(
    switch: Switch, phones: Phones, music: str
) -> None:
    await mix(switch, phones, {CUSTOMER: [AGENT], AGENT: [CUSTOMER]})
    await mix(switch, phones, {CUSTOMER: []}, {CUSTOMER: music})
    switch.link.send(BridgeLegs(CUSTOMER, AGENT))
    await switch.said(LegsBridged, CUSTOMER)
    await all_hear(phones, {CUSTOMER: [AGENT], AGENT: [CUSTOMER]})


async def test_when_the_engine_and_then_the_agent_are_gone_the_others_talk_on(
    switch: Switch, phones: Phones, music: str
) -> None:
    consult = {CUSTOMER: [], AGENT: [THIRD], THIRD: [AGENT]}
    await mix(switch, phones, consult, {CUSTOMER: music})
    await switch.detach()
    await eventually(lambda: "the engine is gone" in switch.options.log_file.read_text())
    phones[AGENT].hang_up()
    await all_hear({leg: phones[leg] for leg in (CUSTOMER, THIRD)}, {CUSTOMER: [THIRD], THIRD: [CUSTOMER]})
    ready = await look(switch.options.socket)
    assert {leg.leg: (leg.hears, leg.note) for leg in ready.live if leg.company} == {
        CUSTOMER: ((THIRD,), "a note"),
        THIRD: ((CUSTOMER,), "a note"),
    }


async def test_a_mix_with_who_has_gone_leaves_all_as_they_were(switch: Switch, phones: Phones) -> None:
    talk = {CUSTOMER: [AGENT], AGENT: [CUSTOMER]}
    await mix(switch, phones, talk)
    switch.link.send(HangUpLeg(THIRD))
    await switch.said(LegEnded, THIRD)
    switch.link.send(MixLegs("call", all_hear_all(TRIO)))
    (failed,) = await eventually(lambda: [each for each in switch.events if isinstance(each, MixFailed)])
    assert failed.reason == f"{THIRD} has ended"
    await all_hear({leg: phones[leg] for leg in talk}, talk)


async def test_keys_reach_the_far_end_as_events(switch: Switch, phones: Phones) -> None:
    switch.link.send(PressKeys(CUSTOMER, "19#"))
    await eventually(lambda: phones[CUSTOMER].keys == ["1", "9", "#"])


async def test_a_guest_is_recorded_with_the_agent_and_nothing_is_while_the_customer_is_on_hold(
    switch: Switch, phones: Phones, music: str, tmp_path: Path
) -> None:
    folder = RecordingFolder(tmp_path / "recordings", "node-1")
    await mix(switch, phones, {THIRD: [], CUSTOMER: [AGENT], AGENT: [CUSTOMER]})
    switch.link.send(StartRecording(CUSTOMER, str(folder.spool_of(7))))
    await switch.said(RecordingStarted, CUSTOMER)
    await mix(switch, phones, all_hear_all(TRIO))
    await grown(folder, 0.5)
    # Muted, the agent is not recorded, and both tracks go on in step.
    await mix(switch, phones, {CUSTOMER: [], AGENT: [CUSTOMER, THIRD], THIRD: []})
    await grown(folder, 0.5)
    sizes = [each.stat().st_size for each in folder.spool_of(7).iterdir()]
    assert abs(sizes[0] - sizes[1]) < 8000
    await mix(switch, phones, {CUSTOMER: [], AGENT: [THIRD], THIRD: [AGENT]}, {CUSTOMER: music})
    await switch.said(RecordingEnded, CUSTOMER)


async def grown(folder: RecordingFolder, more_s: float) -> None:
    """Returns when so much more of both tracks is on the disk."""
    for track in folder.spool_of(7).iterdir():
        size = track.stat().st_size + 16000 * more_s
        await eventually(lambda track=track, size=size: track.stat().st_size >= size, 10)
