"""A campaign that plays a message to whoever answers, and people who ask by a key not to be called again."""

import json
from collections import Counter
from pathlib import Path

from sqlalchemy import text

from dialer.simulation.people import Kind, World
from tests.campaigns.seeds import suppressed
from tests.journeys.stage import ALL_DAY, Stage, staged
from tests.sounds import tone
from tests.support import eventually

LISTENERS = [f"+1202555{1000 + index}" for index in range(3)]
HANGS_UP, MACHINE, BUSY = "+12025552000", "+12025552001", "+12025552002"
BY_AUDIO, BY_INFO = "+12025553000", "+12025553001"
WORLD = World(ring_mean_s=0.3, talk_mean_s=600, patience_mean_s=600, machine_mean_s=600)
KINDS = {
    **dict.fromkeys(LISTENERS, Kind.PERSON),
    HANGS_UP: Kind.HANGS_UP,
    MACHINE: Kind.MACHINE,
    BUSY: Kind.BUSY,
    BY_AUDIO: Kind.OPTS_OUT,
    BY_INFO: Kind.OPTS_OUT_BY_INFO,
}
OPT_OUTS = [BY_AUDIO, BY_INFO]
LINES = 4


async def test_all_who_answer_hear_the_message_and_who_presses_the_key_is_never_called_again(
    tmp_path: Path, database_url: str
) -> None:
    async with staged(tmp_path, database_url, WORLD, KINDS, agents=0) as stage:
        message = str(tone(tmp_path / "message.wav"))
        settings = {"dial_mode": "agentless", "message": message, "kind": "survey", "max_lines": LINES}
        await stage.prepare(list(KINDS), **settings)
        await stage.begin()
        attempts = await stage.attempts_once(
            lambda found: len(found) == len(KINDS) and all(each.outcome for each in found.values())
        )
        came_to = {number: (each.outcome, each.disposition) for number, each in attempts.items()}
        assert came_to == {
            **dict.fromkeys([*LISTENERS, MACHINE], ("answered", "message_played")),
            HANGS_UP: ("answered", "message_cut_short"),
            BUSY: ("busy", ""),
            **dict.fromkeys(OPT_OUTS, ("answered", "opted_out")),
        }
        ended = {each["number"]: each for each in stage.carrier.events_of("ended")}
        assert all(ended[number]["heard"] for number in [*LISTENERS, MACHINE, *OPT_OUTS])
        assert all(ended[number]["heard_after_s"] < 1.5 for number in LISTENERS)
        assert all(ended[number]["by_caller"] for number in OPT_OUTS)
        assert most_calls_at_once(stage) <= LINES
        for number in KINDS:
            assert await suppressed(stage.database.sessions, number) == (number in OPT_OUTS)
        await the_figures_are_right(stage)
        await another_campaign_calls_all_but_those(stage, message)


def most_calls_at_once(stage: Stage) -> int:
    """As the carrier saw it."""
    up = most = 0
    for event in stage.carrier.events:
        up += {"invite": 1, "ended": -1}.get(event["event"], 0)
        most = max(most, up)
    return most


async def the_figures_are_right(stage: Stage) -> None:
    """What managers and auditors are told of the campaign."""
    run = stage.dialer.command
    report = json.loads(await run("report", "campaign", "All", "--json"))
    assert {each["code"]: each["count"] for each in report["outcomes"]} == {"answered": 7, "busy": 1}
    figures = report["figures"]
    assert figures["connect_rate"]["numerator"] == 7
    assert figures["human_answer_rate"]["numerator"] == len(OPT_OUTS), "of the others nobody knows"
    assert (figures["abandon_rate"]["numerator"], figures["contact_rate"]["numerator"]) == (0, 0)
    audit = json.loads(await run("compliance", "report", "--campaign", "All", "--json"))
    opt_outs = audit["opt_outs"]
    assert (opt_outs["count"], opt_outs["held"], opt_outs["calls_after"]) == (2, 2, 0)
    assert audit["abandonment"] == []
    (status,) = json.loads(await run("campaign", "status", "All", "--json"))
    for pacing in status["pacing"]:
        assert pacing["state"]["mode"] == "agentless"
        assert pacing["state"]["reason"].startswith(f"A call on each of {LINES} lines")


async def another_campaign_calls_all_but_those(stage: Stage, message: str) -> None:
    """The client's next campaign, with the same list."""
    run = stage.dialer.command
    create = ("campaign", "create", "--client", "acme", "--name", "More", "--list", "all", "--kind", "survey")
    mode = ("--dial-mode", "agentless", "--message", message, "--caller-id", "+12025550199")
    await run(*create, *mode, "--set", f"callable_times={json.dumps(ALL_DAY)}")
    await run("campaign", "start", "More")

    def invites() -> Counter[str]:
        return Counter(event["number"] for event in stage.carrier.events_of("invite"))

    await eventually(lambda: invites().total() == 2 * len(KINDS) - len(OPT_OUTS), within_s=90)
    (status,) = json.loads(await run("campaign", "status", "More", "--json"))
    assert (status["leads"]["due"], status["leads"]["final"]) == (0, len(OPT_OUTS))
    assert invites() == {number: 1 if number in OPT_OUTS else 2 for number in KINDS}


async def test_a_key_that_was_pressed_before_the_engine_died_holds_once_it_is_back(
    tmp_path: Path, sqlite_url: str
) -> None:
    slow = World(ring_mean_s=3, talk_mean_s=600, patience_mean_s=600)
    async with staged(tmp_path, sqlite_url, slow, KINDS, agents=0) as stage:
        message = str(tone(tmp_path / "message.wav"))
        await stage.prepare([BY_AUDIO], dial_mode="agentless", message=message, kind="survey")
        await stage.begin()
        await eventually(stage.invited)
        async with stage.database.sessions() as session:
            # This transaction is the only one that may write, so the engine has to wait.
            await session.exec(text("SELECT 1"))  # type: ignore[call-overload]
            (ended,) = await eventually(lambda: stage.ends(BY_AUDIO), within_s=90)
            assert ended["by_caller"], "the switch has ended the call by itself"
            await stage.dialer.kill()
        assert (await stage.attempts())[BY_AUDIO].disposition == ""
        assert not await suppressed(stage.database.sessions, BY_AUDIO)

        await stage.dialer.serve()
        assert await stage.outcomes(BY_AUDIO) == {"answered"}
        attempt = (await stage.attempts())[BY_AUDIO]
        assert attempt.disposition == "opted_out"
        assert None not in (attempt.answered_at, attempt.message_at)
        assert await suppressed(stage.database.sessions, BY_AUDIO)
        await stage.on_record()


async def test_who_is_abandoned_opts_out_by_the_same_key(tmp_path: Path, sqlite_url: str) -> None:
    number = BY_AUDIO
    async with staged(tmp_path, sqlite_url, WORLD, KINDS, agents=1) as stage:
        await stage.prepare([LISTENERS[0]], lines_per_agent=2)
        await stage.begin()
        await stage.agents_are("talking")
        leads = tmp_path / "more.csv"
        leads.write_text(f"phone\n{number}\n")
        await stage.dialer.command("leads", "import", str(leads), "--list", "all", "--client", "acme")
        await stage.attempts_once(lambda found: number in found)
        assert await stage.outcomes(number) == {"abandoned"}
        attempt = (await stage.attempts())[number]
        assert attempt.disposition == "opted_out"
        assert await suppressed(stage.database.sessions, number)
        (ended,) = stage.ends(number)
        assert ended["by_caller"]
        assert not await suppressed(stage.database.sessions, LISTENERS[0])
        report = json.loads(await stage.dialer.command("report", "abandonment", "All", "--json"))
        assert report["figures"]["abandon_rate"]["numerator"] == 1
        await stage.settle(LISTENERS[0])
