"""A node has a file of each sound that its campaigns play, whatever becomes of the folder."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns import service
from campaigns.core.campaign import CampaignSettings
from campaigns.errors import PromptNotFoundError
from campaigns.prompts import abandoned, library
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.shared import Sessions
from dialer.campaign_watch import CampaignWatch
from dialer.core.floor import Floor
from dialer.notices import Notices
from dialer.prompt_files import PromptFiles
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import ALL_DAY, NOW, Person, people, seed_campaign, seed_leads
from tests.campaigns.test_prompts import recording
from tests.dialer.test_campaign_watch import Heard


async def test_each_sound_is_written_once(sessions: Sessions, tmp_path: Path) -> None:
    await seed_leads(sessions, people(1))
    prompt = await library.add_prompt(sessions, "acme", "welcome", "en", recording(), NOW)
    files = PromptFiles(tmp_path / "prompts", sessions)
    paths = await files.paths({"welcome": prompt.sha256})
    assert paths["welcome"].read_bytes() == await library.audio_of(sessions, prompt.id)
    assert [each.name for each in (tmp_path / "prompts").iterdir()] == [f"{prompt.sha256}.wav"]
    paths["welcome"].unlink()
    again = PromptFiles(tmp_path / "prompts", sessions)
    assert (await again.paths({"welcome": prompt.sha256}))["welcome"].is_file()
    with pytest.raises(PromptNotFoundError):
        await again.paths({"other": "0" * 64})


async def test_a_person_hears_the_message_of_their_country_and_a_replaced_one_at_the_next_look(
    sessions: Sessions, tmp_path: Path
) -> None:
    await seed_leads(sessions, [*people(1), Person(["+442071838750"], region="GB", zones=("Europe/London",))])
    for name, loudness in (("any", 50), ("british", 60)):
        await library.add_prompt(sessions, "acme", name, "en", recording(loudness), NOW)
    campaign = await seed_campaign(sessions, dial_mode="power")
    files = PromptFiles(tmp_path, sessions)
    watch = CampaignWatch(sessions, NO_LAW, Floor(), Notices(), Heard(), files)  # type: ignore[arg-type]

    async def heard() -> dict[str, str]:
        await watch.look(NOW)
        running = watch.running[campaign]
        paths = {each.e164[:3]: watch.message(running, each) for each in started}
        return {number: path.stem if path else "" for number, path in paths.items()}

    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 2, NOW)
    started = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    assert await heard() == {"+12": "", "+44": ""}
    await abandoned.set_message(sessions, "acme", "any")
    await abandoned.set_message(sessions, "acme", "british", "GB")
    sounds = {each.name: each.sha256 for each in await library.list_prompts(sessions, "acme", 0, 9)}
    assert await heard() == {"+12": sounds["any"], "+44": sounds["british"]}
    louder = await library.add_prompt(sessions, "acme", "any", "en", recording(90), NOW, replace=True)
    assert (await heard())["+12"] == louder.sha256


async def test_a_campaign_whose_prompt_is_gone_dials_nobody_until_it_is_back(
    sessions: Sessions, tmp_path: Path
) -> None:
    await seed_leads(sessions, people(1))
    prompt = await library.add_prompt(sessions, "acme", "welcome", "en", recording(), NOW)
    chosen = {"caller_id": "+12025550199", "callable_times": ALL_DAY, "dial_mode": "agentless"}
    settings = CampaignSettings.parse(chosen | {"message": "welcome", "kind": "survey"})
    campaign = await service.create_campaign(sessions, "acme", "A", settings, ["autumn"], NOW)
    await library.remove_prompt(sessions, prompt.id)
    async with sessions() as session, session.begin():
        store = CampaignStore(session)
        await store.set_state(await store.get(campaign), "running", NOW)
    files = PromptFiles(tmp_path, sessions)
    watch = CampaignWatch(sessions, NO_LAW, Floor(), Notices(), Heard(), files)  # type: ignore[arg-type]
    await watch.look(NOW)
    assert watch.running == {}
    prompt = await library.add_prompt(sessions, "acme", "welcome", "en", recording(), NOW)
    await watch.look(NOW)
    assert watch.sound(campaign, "welcome") == tmp_path / f"{prompt.sha256}.wav"


async def test_a_sound_that_no_prompt_has_any_more_goes_after_a_day(
    sessions: Sessions, tmp_path: Path
) -> None:
    await seed_leads(sessions, people(1))
    folder, hour = tmp_path / "prompts", timedelta(hours=1)
    files = PromptFiles(folder, sessions)
    assert await files.tidy(NOW) == 0, "there is no folder yet"
    former = await library.add_prompt(sessions, "acme", "welcome", "en", recording(50), NOW)
    await files.paths({"welcome": former.sha256})
    unfinished, stranger = folder / f"{former.sha256}.77.part", folder / "notes.wav"
    for each in (unfinished, stranger):
        each.write_bytes(b"RIFF")
    an_hour_ago = (NOW - hour).timestamp()
    for each in folder.iterdir():
        os.utime(each, (an_hour_ago, an_hour_ago))
    assert await files.tidy(NOW) == 0
    latter = await library.add_prompt(sessions, "acme", "welcome", "en", recording(90), NOW, replace=True)
    paths = await files.paths({"welcome": latter.sha256, "before": former.sha256})
    assert await files.tidy(NOW + 24 * hour) == 1, "what was left unfinished"
    assert all(each.is_file() for each in paths.values()), "a call that is up may still play it"
    assert await files.tidy(NOW + 25 * hour) == 1
    assert {each.name for each in folder.iterdir()} == {f"{latter.sha256}.wav", "notes.wav"}

    await library.add_prompt(sessions, "acme", "welcome", "en", recording(50), NOW, replace=True)
    again = await files.paths({"welcome": former.sha256})
    assert again["welcome"].is_file(), "where the first is wanted again, it is written again"
