"""A client's prompts: recorded or spoken, replaced, removed, and what plays them."""

import hashlib
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import func, select
from typer.testing import CliRunner

from campaigns import service
from campaigns.core.campaign import CampaignSettings
from campaigns.core.prompt import checked_language, checked_text, is_prompt_name, voice_for
from campaigns.errors import (
    InvalidPromptError,
    PromptExistsError,
    PromptInUseError,
    PromptNotFoundError,
    PromptUnspokenError,
    SpeechUnavailableError,
    UnusableSoundError,
)
from campaigns.prompts import library
from campaigns.routes import prompts as routes
from campaigns.routes import router
from campaigns.stores.shared import Sessions
from campaigns.tables import PromptSound
from dialer.api.problems import install
from dialer.cli import app as command_line
from leads.errors import UnknownClientError
from tests.campaigns.seeds import ALL_DAY, NOW, people, seed_leads
from tests.open_access import open_to_all
from tests.sounds import tone, wav_bytes

VOICES = ["af", "cmn", "en-gb", "en-us", "es", "es-419", "nb", "pt", "pt-br"]
CALLER = {"caller_id": "+12025550199", "callable_times": ALL_DAY}


def recording(loudness: int = 100) -> io.BytesIO:
    """Half a second of something that is not silence."""
    return io.BytesIO(wav_bytes(1, 8, bytes([128 + loudness, 128 - loudness] * 2000)))


# --- names, languages, voices ---------------------------------------------------------------------


def test_names_are_such_that_no_path_is_one() -> None:
    assert is_prompt_name("welcome-en_2")
    for wrong in ("", "a b", "/srv/x", "x.wav", "../x", "Welcome", "-x", 61 * "a", None, "ä"):
        assert not is_prompt_name(wrong)


def test_languages_are_written_in_one_way() -> None:
    assert [checked_language(each) for each in ("EN", "pt-br", "zh-Hant", "es-419")] == [
        *("en", "pt-BR", "zh-hant", "es-419")
    ]
    assert checked_language("", may_be_empty=True) == ""
    for wrong in ("", "english please", "e", "en_US", "en-"):
        with pytest.raises(InvalidPromptError):
            checked_language(wrong)


def test_a_language_has_the_nearest_voice() -> None:
    assert voice_for("en-US", VOICES) == "en-us"
    assert voice_for("en", VOICES) == "en-us"
    assert voice_for("es-MX", VOICES) == "es"
    assert voice_for("pt-BR", VOICES) == "pt-br"
    assert voice_for("zh-Hant", VOICES) == "cmn"
    assert voice_for("no", VOICES) == "nb"
    with pytest.raises(PromptUnspokenError, match="no voice for tlh"):
        voice_for("tlh", VOICES)


@given(st.text(max_size=50))
def test_a_text_is_taken_on_one_line_or_refused(text: str) -> None:
    try:
        clean = checked_text(text)
    except InvalidPromptError:
        return
    assert clean
    assert clean.isprintable()
    assert checked_text(clean) == clean


# --- kept, replaced, removed ----------------------------------------------------------------------


async def sounds(sessions: Sessions) -> int:
    async with sessions() as session:
        return (await session.exec(select(func.count()).select_from(PromptSound))).one()


async def test_a_recording_is_kept_once_and_heard_again(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    added = await library.add_prompt(sessions, "acme", "welcome", "en-us", recording(), NOW)
    assert (added.language, added.source, added.text, added.length_s) == ("en-US", "uploaded", "", 0.5)
    heard = await library.audio_of(sessions, added.id)
    assert hashlib.sha256(heard).hexdigest() == added.sha256
    with wave.open(io.BytesIO(heard)) as file:
        assert file.getframerate() == 8000
    await library.add_prompt(sessions, "acme", "again", "en", recording(), NOW)
    assert await sounds(sessions) == 1
    with pytest.raises(PromptExistsError):
        await library.add_prompt(sessions, "acme", "welcome", "en", recording(), NOW)
    quiet = await library.add_prompt(sessions, "acme", "welcome", "en", recording(2), NOW, replace=True)
    assert (quiet.id, quiet.warnings) == (added.id, ["prompt-quiet"])
    assert await sounds(sessions) == 2
    await library.add_prompt(sessions, "acme", "welcome", "en", recording(2), NOW, replace=True)
    listed = await library.list_prompts(sessions, "acme", 0, 10)
    assert [(each.name, each.warnings) for each in listed] == [("welcome", ["prompt-quiet"]), ("again", [])]
    await library.remove_prompt(sessions, added.id)
    assert await sounds(sessions) == 1
    with pytest.raises(PromptNotFoundError):
        await library.get_prompt(sessions, added.id)


async def test_what_makes_no_prompt_is_refused(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    for kind, name, language, file in (
        (InvalidPromptError, "../x", "en", recording()),
        (InvalidPromptError, "x", "en us", recording()),
        (UnusableSoundError, "x", "en", io.BytesIO(b"a song")),
    ):
        with pytest.raises(kind):
            await library.add_prompt(sessions, "acme", name, language, file, NOW)
    with pytest.raises(UnknownClientError):
        await library.add_prompt(sessions, "nobody", "x", "en", recording(), NOW)
    assert await library.list_prompts(sessions, None, 0, 10) == []


async def test_a_text_is_spoken(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    text = "--version; $(reboot) Press 1 to go on."
    spoken = await library.say_prompt(sessions, "acme", "go-on", "en-US", text, NOW)
    assert (spoken.source, spoken.text, spoken.warnings) == ("spoken", text, [])
    assert 2 < spoken.length_s < 10
    with pytest.raises(PromptUnspokenError, match="no voice for tlh"):
        await library.say_prompt(sessions, "acme", "klingon", "tlh", "nuqneH", NOW)


async def test_without_espeak_it_is_said_what_to_install(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await seed_leads(sessions, people(1))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpeechUnavailableError, match="install Debian's package espeak-ng"):
        await library.say_prompt(sessions, "acme", "x", "en", "hello", NOW)


async def test_what_a_campaign_plays_has_to_be_there_and_stays(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    settings = CampaignSettings.parse({**CALLER, "dial_mode": "agentless", "message": "welcome"})
    with pytest.raises(PromptNotFoundError, match="no prompt welcome"):
        await service.create_campaign(sessions, "acme", "A", settings, ["autumn"], NOW)
    welcome = await library.add_prompt(sessions, "acme", "welcome", "en", recording(), NOW)
    campaign = await service.create_campaign(sessions, "acme", "A", settings, ["autumn"], NOW)
    await library.remove_prompt(sessions, welcome.id)
    with pytest.raises(PromptNotFoundError, match="no prompt welcome"):
        await service.start_campaign(sessions, campaign, NOW)
    welcome = await library.add_prompt(sessions, "acme", "welcome", "en", recording(), NOW)
    await service.start_campaign(sessions, campaign, NOW)
    with pytest.raises(PromptInUseError, match="Campaign A plays welcome"):
        await library.remove_prompt(sessions, welcome.id)
    await service.stop_campaign(sessions, campaign, NOW)
    await library.remove_prompt(sessions, welcome.id)


# --- over HTTP, and on the command line -----------------------------------------------------------


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    await seed_leads(sessions, people(1))
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.include_router(router)
    install(app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://dialer") as opened:
        yield opened


async def test_prompts_over_http(client: httpx2.AsyncClient) -> None:
    query = {"client": "acme", "name": "welcome", "language": "es"}
    added = await client.post("/prompts", params=query, content=recording(2).getvalue())
    assert added.status_code == 201, added.text
    prompt = added.json()
    assert (prompt["name"], prompt["language"], prompt["length_s"]) == ("welcome", "es", 0.5)
    assert [each["code"] for each in prompt["warnings"]] == ["prompt-quiet"]
    spoken = {"client": "acme", "name": "thanks", "text": "Thank you."}
    assert (await client.post("/prompts/spoken", json=spoken)).json()["source"] == "spoken"
    page = (await client.get("/prompts", params={"client": "acme", "limit": 1})).json()
    assert ([each["name"] for each in page["items"]], page["next"]) == (["welcome"], prompt["id"])
    audio = await client.get(f"/prompts/{prompt['id']}/audio")
    assert (audio.headers["content-type"], audio.content[:4]) == ("audio/wav", b"RIFF")
    assert (await client.delete(f"/prompts/{prompt['id']}")).status_code == 204
    assert (await client.get(f"/prompts/{prompt['id']}")).json()["code"] == "prompt-not-found"


@pytest.mark.parametrize(
    ("change", "content", "status", "code"),
    [
        ({}, b"a song", 422, "sound-not-wav"),
        ({"name": "a/b"}, recording().getvalue(), 422, "invalid-prompt"),
        ({"client": "nobody"}, recording().getvalue(), 422, "unknown-client"),
        ({}, bytes(100_001), 413, "sound-too-large"),
    ],
)
async def test_bad_uploads_are_problems(
    client: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    content: bytes,
    status: int,
    code: str,
) -> None:
    monkeypatch.setattr(routes, "MOST_BYTES", 100_000)
    query = {"client": "acme", "name": "welcome"} | change
    answer = await client.post("/prompts", params=query, content=content)
    assert (answer.status_code in (status, 404), answer.json()["code"]) == (True, code)


def test_prompts_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))
    leads = tmp_path / "leads.csv"
    leads.write_text("phone\n+12025551000\n")

    def run(*words: str) -> str:
        result = CliRunner().invoke(command_line, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    run("leads", "import", str(leads), "--list", "all", "--client", "acme")
    file = str(tone(tmp_path / "tone.wav", rate=16000))
    of_acme = ("--client", "acme")
    assert run("prompts", "add", file, *of_acme, "--name", "beep") == "Prompt 1 is beep, 2.0 s long.\n"
    run("prompts", "say", "Good bye.", *of_acme, "--name", "bye", "--language", "en-GB", "--json")
    lines = run("prompts", "list", *of_acme).splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["beep", "bye"]
    assert run("prompts", "remove", "beep", *of_acme) == "The prompt beep is gone.\n"
