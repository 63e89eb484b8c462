"""A survey by key press, from the prompts to the report: branches, opting out, and a talk with an agent."""

import asyncio
import csv
import json
import math
import struct
import wave
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from campaigns.prompts.library import add_prompt
from campaigns.stores.menu_answers import MenuAnswerStore
from dialer.database import opened
from tests.campaigns.questionnaires import SURVEY
from tests.campaigns.seeds import suppressed
from tests.journeys.service import Dialer
from tests.journeys.stage import Stage
from tests.journeys.tone_phones import Phone, TonePhones, tone_phones
from tests.support import eventually

CONTENT, BY_INFO, OPTS_OUT, TO_AGENT, SILENT = (f"+1202555100{number}" for number in range(5))
PEOPLE = (CONTENT, BY_INFO, OPTS_OUT, TO_AGENT, SILENT)
CALLER_HZ, AGENT_HZ = 700, 1100
PROMPTS = {"welcome": 500, "served": 600, "why": 800, "again": 900, "wait": 1200, "thanks": 1300, "bye": 1500}
MENU = {
    "start": "welcome",
    "steps": {
        "welcome": {"do": "say", "prompt": "welcome", "next": "served"},
        "served": {
            "do": "ask",
            "prompt": "served",
            "question": "served",
            "keys": {"1": "again", "2": "why"},
            "timeout_s": 1,
            "retries": 1,
            "no_input": "bye",
        },
        "why": {
            "do": "ask",
            "prompt": "why",
            "question": "why",
            "keys": {"1": "again", "0": "agent"},
            "timeout_s": 3,
            "retries": 5,
            "no_input": "bye",
        },
        "again": {
            "do": "ask",
            "prompt": "again",
            "question": "again",
            "keys": {"1": "thanks", "2": "thanks"},
            "timeout_s": 3,
            "retries": 5,
            "no_input": "bye",
        },
        "agent": {"do": "transfer", "prompt": "wait", "within_s": 20, "no_agent": "bye"},
        "thanks": {"do": "hang_up", "prompt": "thanks", "disposition": "survey_completed"},
        "bye": {"do": "hang_up", "prompt": "bye"},
    },
}


def tone(path: Path, hz: float, length_s: float = 1.5) -> Path:
    """Recorded at 16 kHz in stereo, as people do."""
    samples = (round(12000 * math.sin(2 * math.pi * hz * n / 16000)) for n in range(int(16000 * length_s)))
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 16000, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<hh", each, each) for each in samples))
    return path


@asynccontextmanager
async def surveyed(
    folder: Path,
    database_url: str,
    menu: Mapping[str, object] | None = MENU,
    people: Sequence[str] = PEOPLE,
    prompts: Mapping[str, int] = PROMPTS,
    agents: int = 1,
    **asked: object,
) -> AsyncIterator[tuple[Stage, TonePhones]]:
    """A survey with prompts, an agent, and people who wait to be called."""
    tones = {**dict.fromkeys(PEOPLE, CALLER_HZ), "agent1": AGENT_HZ}
    async with tone_phones(tones) as phones, opened(database_url) as database:
        dialer = Dialer(folder, phones.uri("{number}"), database_url)
        stage = Stage(dialer, database, phones, phones, agents)  # type: ignore[arg-type]
        try:
            seed = folder / "seed.csv"
            seed.write_text("phone\n+12025559999\n")
            await dialer.command("leads", "import", str(seed), "--list", "seed", "--client", "acme")
            for name, hz in prompts.items():
                with tone(folder / f"{name}.wav", hz).open("rb") as recording:
                    await add_prompt(database.sessions, "acme", name, "en", recording, datetime.now(UTC))
            settings = {"dial_mode": "agentless", "kind": "survey", "max_lines": len(people)}
            await stage.prepare(people, menu=menu, **settings, **asked)
            yield stage, phones
        finally:
            await dialer.close()


async def is_asked(phone: Phone, prompt: str, press: Callable[[str], None], key: str) -> None:
    """Waits until a prompt is heard, and presses a key while it plays."""
    await phone.hears(PROMPTS[prompt])
    press(key)


async def test_a_survey_by_key_press_from_the_prompts_to_the_report(tmp_path: Path, sqlite_url: str) -> None:
    async with surveyed(tmp_path, sqlite_url) as (stage, phones):
        await stage.begin()
        agent = await phones.called("agent1")

        async def content() -> None:
            phone = await phones.called(CONTENT)
            await phone.hears(PROMPTS["welcome"])
            await is_asked(phone, "served", phone.press, "1")
            await is_asked(phone, "again", phone.press, "1")
            await phone.hears(PROMPTS["thanks"])

        async def by_info() -> None:
            phone = await phones.called(BY_INFO)
            await is_asked(phone, "served", phone.press_by_info, "2")
            await is_asked(phone, "why", phone.press_by_info, "1")
            await is_asked(phone, "again", phone.press_by_info, "2")

        async def opts_out() -> None:
            phone = await phones.called(OPTS_OUT)
            await is_asked(phone, "served", phone.press, "2")
            await is_asked(phone, "why", phone.press, "9")

        async def to_agent() -> None:
            phone = await phones.called(TO_AGENT)
            await is_asked(phone, "served", phone.press, "2")
            await is_asked(phone, "why", phone.press, "0")
            await phone.hears(AGENT_HZ)
            await agent.hears(CALLER_HZ)
            await stage.settle(TO_AGENT)

        async def silent() -> None:
            phone = await phones.called(SILENT)
            for pitch in (PROMPTS["served"], 0, PROMPTS["served"], 0, PROMPTS["bye"]):
                await phone.hears(pitch)

        await asyncio.gather(content(), by_info(), opts_out(), to_agent(), silent())
        attempts = await stage.attempts_once(
            lambda found: len(found) == len(PEOPLE) and all(each.outcome for each in found.values())
        )
        await eventually(lambda: all(phones.phones[each].ended for each in PEOPLE))
        assert {number: (each.outcome, each.disposition) for number, each in attempts.items()} == {
            **dict.fromkeys((CONTENT, BY_INFO), ("answered", "survey_completed")),
            OPTS_OUT: ("answered", "opted_out"),
            TO_AGENT: ("human", "sale"),
            SILENT: ("answered", "message_played"),
        }
        for number in PEOPLE:
            assert await suppressed(stage.database.sessions, number) == (number == OPTS_OUT)
        await the_answers_are_counted(stage, tmp_path)


async def test_a_questionnaire_is_asked_by_key_press(tmp_path: Path, sqlite_url: str) -> None:
    prompts = {"hello": 500, "willing": 600, "recommend": 800, "reason": 900, "thanks": 1300, "sorry": 1500}
    prompts["full"] = 1700
    people = (CONTENT, BY_INFO)
    async with surveyed(tmp_path, sqlite_url, None, people, prompts, 0, script=SURVEY) as (stage, phones):
        await stage.begin()

        async def asked(number: str, *heard: tuple[str, str]) -> None:
            phone = await phones.called(number)
            for prompt, key in heard:
                await phone.hears(prompts[prompt])
                if key:
                    phone.press(key)

        await asyncio.gather(
            asked(CONTENT, ("hello", ""), ("willing", "1"), ("recommend", "#"), ("thanks", "")),
            asked(BY_INFO, ("hello", ""), ("willing", "2"), ("sorry", "")),
        )
        attempts = await stage.attempts_once(
            lambda found: len(found) == len(people) and all(each.disposition for each in found.values())
        )
        came_to = {number: each.disposition for number, each in attempts.items()}
        assert came_to == {CONTENT: "survey_completed", BY_INFO: "message_played"}
        file = tmp_path / "answers.json"
        said = await stage.dialer.command("survey", "results", "All", "--json", "--export", str(file))
        assert json.loads(said)["runs"] == {
            "completed": 1,
            "screened_out": 1,
            "quota_full": 0,
            "unfinished": 0,
        }
        runs = json.loads(file.read_text())
        told = {each["attempt_id"]: (each["channel"], each["result"], each["answers"]) for each in runs}
        assert told == {
            attempts[CONTENT].id: ("keys", "completed", {"willing": "yes", "recommend": 10}),
            attempts[BY_INFO].id: ("keys", "screened_out", {"willing": "no"}),
        }
        assert "recommend: Would you recommend us?" in await stage.dialer.command("survey", "results", "All")


async def the_answers_are_counted(stage: Stage, folder: Path) -> None:
    """In the report, over HTTP and in the file of each answer."""
    file = folder / "answers.csv"
    said = await stage.dialer.command("report", "answers", "All", "--json", "--export", str(file))
    report = json.loads(said)
    assert report["calls"] == len(PEOPLE)
    counts = {
        each["question"]: {answer["key"]: answer["count"] for answer in each["answers"]}
        for each in report["questions"]
    }
    assert counts == {"served": {"1": 1, "2": 3}, "why": {"1": 1, "0": 1}, "again": {"1": 1, "2": 1}}
    assert [each["answered"]["numerator"] for each in report["questions"]] == [4, 2, 2]
    assert "served: answered by 80.00% (4 / 5)" in await stage.dialer.command("report", "answers", "All")
    with file.open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 8
    ids = {each.id for each in (await stage.attempts()).values()}
    assert {int(row["attempt_id"]) for row in rows} <= ids
    async with stage.dialer.client() as client:
        assert (await client.get("/api/v1/campaigns/1/answers")).json() == report
        exported = await client.get("/api/v1/campaigns/1/answers/export")
    assert exported.text == file.read_text()


async def test_where_the_engine_dies_the_call_ends_by_itself_and_the_key_holds(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with surveyed(tmp_path, sqlite_url) as (stage, phones):
        await stage.begin()
        for number in (OPTS_OUT, TO_AGENT):
            phone = await phones.called(number)
            await is_asked(phone, "served", phone.press, "2")
            await phone.hears(PROMPTS["why"])
        await stage.dialer.kill()
        phones.phones[OPTS_OUT].press("9")
        await eventually(lambda: phones.phones[OPTS_OUT].ended, within_s=10)
        await eventually(lambda: phones.phones[TO_AGENT].ended, within_s=60)
        await stage.dialer.serve()
        await stage.attempts_once(lambda found: all(each.outcome for each in found.values()))
        attempts = await stage.attempts()
        assert {each.outcome for each in attempts.values()} == {"answered"}
        assert attempts[OPTS_OUT].disposition == "opted_out"
        assert attempts[TO_AGENT].disposition == "message_cut_short"
        assert await suppressed(stage.database.sessions, OPTS_OUT)
        assert (await answers(stage))[OPTS_OUT, "served"] == (await answers(stage))[TO_AGENT, "served"] == "2"


async def answers(stage: Stage) -> Mapping[tuple[str, str], str]:
    """The keys that are on record, by number and question."""
    numbers = {each.id: number for number, each in (await stage.attempts()).items()}
    async with stage.database.sessions() as session:
        found = await MenuAnswerStore(session).page(1, 0, 100)
    return {(numbers[each.attempt_id], each.question): each.key for each in found}


async def test_a_call_that_is_in_a_menu_when_the_engine_comes_back_keeps_its_answers_and_its_key(
    tmp_path: Path, sqlite_url: str
) -> None:
    # So long the switch lets a person think who is asked, while nobody says how it goes on.
    patient = MENU | {"steps": MENU["steps"] | {"why": MENU["steps"]["why"] | {"timeout_s": 30}}}
    async with surveyed(tmp_path, sqlite_url, patient) as (stage, phones):
        await stage.begin()
        for number in (OPTS_OUT, CONTENT):
            phone = await phones.called(number)
            await is_asked(phone, "served", phone.press, "2")
            await phone.hears(PROMPTS["why"])
        await stage.dialer.kill()
        await stage.dialer.serve()
        attempts = await stage.attempts()
        assert {attempts[number].outcome for number in (OPTS_OUT, CONTENT)} == {""}
        phones.phones[OPTS_OUT].press("9")
        async with stage.dialer.client() as client:
            (await client.post(f"/api/v1/attempts/{attempts[CONTENT].id}/hangup")).raise_for_status()
        assert await stage.outcomes(OPTS_OUT, CONTENT) == {"answered"}
        came_to = {number: each.disposition for number, each in (await stage.attempts()).items()}
        assert (came_to[OPTS_OUT], came_to[CONTENT]) == ("opted_out", "message_cut_short")
        found = await answers(stage)
        assert {key: found[key] for key in found if key[0] in (OPTS_OUT, CONTENT)} == {
            (OPTS_OUT, "served"): "2",
            (CONTENT, "served"): "2",
        }
        for number in (OPTS_OUT, CONTENT):
            assert await suppressed(stage.database.sessions, number) == (number == OPTS_OUT)
