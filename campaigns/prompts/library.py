"""A client's prompts: added from recordings or spoken from text, listed, heard, removed."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from campaigns.core.prompt import WARNINGS, checked_language, checked_name, checked_text
from campaigns.errors import PromptInUseError, PromptNotFoundError
from campaigns.prompts.conversion import Converted, convert, in_worker
from campaigns.prompts.speech import speak, speaking_folder
from campaigns.stores.abandoned_messages import AbandonedMessageStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.prompts import PromptStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Prompt
from leads.errors import UnknownClientError
from leads.stores.leads import LeadStore
from leads.stores.versions import Versions, require_version


async def add_prompt(
    sessions: Sessions,
    client_slug: str,
    name: str,
    language: str,
    recording: BinaryIO,
    now: datetime,
    *,
    replace: bool = False,
) -> Prompt:
    """A prompt from a WAV file, converted to what the switch plays.

    Raises UnknownClientError, InvalidPromptError, UnusableSoundError and PromptExistsError.
    """
    checked_name(name)
    language = checked_language(language)
    sound = await in_worker(lambda: convert(recording))
    return await _keep(sessions, client_slug, name, language, sound, now, replace=replace)


async def say_prompt(
    sessions: Sessions,
    client_slug: str,
    name: str,
    language: str,
    text: str,
    now: datetime,
    *,
    replace: bool = False,
) -> Prompt:
    """A prompt spoken from a text, once and now.

    Raises UnknownClientError, InvalidPromptError, PromptUnspokenError, SpeechUnavailableError,
    UnusableSoundError and PromptExistsError.
    """
    checked_name(name)
    language, text = checked_language(language), checked_text(text)
    sound = await in_worker(lambda: _spoken(text, language))
    return await _keep(sessions, client_slug, name, language, sound, now, text=text, replace=replace)


async def list_prompts(
    sessions: Sessions, client_slug: str | None, after: int, limit: int
) -> Sequence[Prompt]:
    """The `limit` prompts, of one client or of all, that follow number `after`. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = None if client_slug is None else await _client_id(session, client_slug)
        return await PromptStore(session).page(client_id, after, limit)


async def get_prompt(sessions: Sessions, prompt_id: int) -> Prompt:
    """A prompt. Raises PromptNotFoundError."""
    async with sessions() as session:
        return await PromptStore(session).get(prompt_id)


async def find_prompt(sessions: Sessions, client_slug: str, name: str) -> Prompt:
    """A client's prompt by its name. Raises UnknownClientError and PromptNotFoundError."""
    async with sessions() as session:
        found = await PromptStore(session).named(await _client_id(session, client_slug), name)
    if found is None:
        raise PromptNotFoundError(f"The client has no prompt {name[:60]!r}; `dialer prompts list` has them.")
    return found


async def audio_of(sessions: Sessions, prompt_id: int) -> bytes:
    """A prompt as a WAV file. Raises PromptNotFoundError."""
    async with sessions() as session:
        store = PromptStore(session)
        return await store.wav((await store.get(prompt_id)).sha256)


async def remove_prompt(sessions: Sessions, prompt_id: int, *, if_match: Versions | None = None) -> None:
    """Take out a prompt that nothing plays.

    Raises PromptNotFoundError, PromptInUseError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        store = PromptStore(session)
        prompt = await store.get(prompt_id)
        await require_version(session, prompt, if_match)
        for campaign in await CampaignStore(session).dialing(prompt.client_id):
            if prompt.name in settings_of(campaign).prompts:
                raise PromptInUseError(
                    f"Campaign {campaign.name} plays {prompt.name}; stop it first, or replace the prompt."
                )
        if await AbandonedMessageStore(session).plays(prompt.id):
            raise PromptInUseError(
                f"Who gets no agent hears {prompt.name}; choose another by `dialer prompts set-abandoned`."
            )
        await store.remove(prompt)


def sentences(prompt: Prompt) -> list[str]:
    """What is to be said about how it sounds."""
    return [f"{prompt.name}: {WARNINGS[code]} [{code}]" for code in prompt.warnings]


def _spoken(text: str, language: str) -> Converted:
    with speaking_folder() as folder, speak(text, language, Path(folder)).open("rb") as file:
        return convert(file)


async def _keep(
    sessions: Sessions,
    client_slug: str,
    name: str,
    language: str,
    sound: Converted,
    now: datetime,
    *,
    text: str = "",
    replace: bool,
) -> Prompt:
    async with sessions() as session, session.begin():
        return await PromptStore(session).put(
            await _client_id(session, client_slug),
            name,
            sound.wav,
            now,
            language=language,
            length_s=sound.length_s,
            warnings=sound.warnings,
            text=text,
            replace=replace,
        )


async def _client_id(session: Session, slug: str) -> int:
    client = await LeadStore(session).client(slug)
    if client is None:
        raise UnknownClientError(f"There is no client {slug[:64]!r}; importing leads for it creates it.")
    return client.id
