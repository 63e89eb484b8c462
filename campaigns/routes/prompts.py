"""Prompts, and what people hear who get no agent, over HTTP. Errors pass through to the API."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns.core.prompt import LONGEST_TEXT, WARNINGS
from campaigns.errors import UnusableSoundError
from campaigns.prompts import abandoned, library
from campaigns.prompts.conversion import MOST_BYTES, in_worker
from campaigns.tables import Prompt
from leads.routes.access import needs
from leads.routes.shared import After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["prompts"])

_PIECE_BYTES = 1 << 20
Text = Annotated[str, Query(max_length=300)]


class Warning(BaseModel):  # noqa: A001 - the field's own word
    """What may be wrong with how it sounds."""

    code: str
    sentence: str


class PromptOut(BaseModel):
    """A sound that calls play; `text` is what was spoken, empty of a recording."""

    id: int
    client_id: int
    name: str
    language: str
    source: str
    text: str
    length_s: float
    sha256: str
    warnings: list[Warning]
    created_at: datetime


class Spoken(BaseModel):
    """What is to be spoken."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=300)
    name: str = Field(max_length=300)
    language: str = Field(default="en", max_length=60)
    text: str = Field(max_length=2 * LONGEST_TEXT)
    replace: bool = False


class AbandonedMessageIO(BaseModel):
    """What people hear who get no agent; `country` and `language` are empty for any."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    prompt: str = Field(max_length=300)
    country: str = Field(default="", max_length=2)
    language: str = Field(default="", max_length=60)


_BODY = {"requestBody": {"required": True, "content": {"audio/wav": {}}}}


@router.post("/prompts", status_code=201, openapi_extra=_BODY, dependencies=[needs("prompts.write")])
async def add_prompt(
    request: Request,
    sessions: SessionsOf,
    now: Now,
    client: Text,
    name: Text,
    language: Text = "en",
    replace: bool = False,
) -> PromptOut:
    """Add a recording: a WAV file of any usual kind, which is the request's body."""
    async with _received(request) as recording:
        added = await library.add_prompt(sessions, client, name, language, recording, now, replace=replace)
    return _out(added)


@router.post("/prompts/spoken", status_code=201, dependencies=[needs("prompts.write")])
async def say_prompt(sessions: SessionsOf, now: Now, spoken: Spoken) -> PromptOut:
    """Have a text spoken by espeak-ng, once and now."""
    return _out(
        await library.say_prompt(
            sessions, spoken.client, spoken.name, spoken.language, spoken.text, now, replace=spoken.replace
        )
    )


@router.get("/prompts", dependencies=[needs("prompts.read")])
async def list_prompts(
    sessions: SessionsOf, client: Text | None = None, after: After = 0, limit: Limit = 100
) -> Page[PromptOut]:
    """Prompts, a page at a time."""
    found = await library.list_prompts(sessions, client, after, limit)
    return Page(items=[_out(each) for each in found], next=found[-1].id if len(found) == limit else None)


@router.get("/prompts/{prompt_id}", responses=HAS_ETAG, dependencies=[needs("prompts.read")])
async def get_prompt(response: Response, sessions: SessionsOf, prompt_id: Id) -> PromptOut:
    """One prompt."""
    found = await library.get_prompt(sessions, prompt_id)
    tag(response, found)
    return _out(found)


@router.get("/prompts/{prompt_id}/audio", response_class=Response, dependencies=[needs("prompts.read")])
async def get_audio(sessions: SessionsOf, prompt_id: Id) -> Response:
    """The prompt as it is played: a WAV file, 8 kHz."""
    return Response(await library.audio_of(sessions, prompt_id), media_type="audio/wav")


@router.delete(
    "/prompts/{prompt_id}", status_code=204, responses=TAKES_IF_MATCH, dependencies=[needs("prompts.write")]
)
async def remove_prompt(sessions: SessionsOf, prompt_id: Id, if_match: IfMatch) -> None:
    """Take out a prompt that no campaign plays."""
    await library.remove_prompt(sessions, prompt_id, if_match=if_match)


@router.get("/clients/{client}/abandoned-messages", dependencies=[needs("prompts.read")])
async def list_abandoned(sessions: SessionsOf, client: str) -> list[AbandonedMessageIO]:
    """What the client's people hear who get no agent."""
    found = await abandoned.list_messages(sessions, client)
    return [AbandonedMessageIO.model_validate(each) for each in found]


@router.post("/clients/{client}/abandoned-messages", dependencies=[needs("prompts.write")])
async def set_abandoned(sessions: SessionsOf, client: str, chosen: AbandonedMessageIO) -> AbandonedMessageIO:
    """Choose what they hear, in a country and a language or in any; it holds from the next call on."""
    message = await abandoned.set_message(sessions, client, chosen.prompt, chosen.country, chosen.language)
    return AbandonedMessageIO.model_validate(message)


@router.delete("/clients/{client}/abandoned-messages", status_code=204, dependencies=[needs("prompts.write")])
async def unset_abandoned(sessions: SessionsOf, client: str, country: Text = "", language: Text = "") -> None:
    """Take such a choice back."""
    await abandoned.unset_message(sessions, client, country, language)


def _out(prompt: Prompt) -> PromptOut:
    warnings = [Warning(code=code, sentence=WARNINGS[code]) for code in prompt.warnings]
    return PromptOut.model_validate(prompt.model_dump() | {"warnings": warnings})


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[BinaryIO]:
    """The request's body as a file, which is gone with the block. Raises UnusableSoundError."""
    with tempfile.TemporaryFile() as file:
        piece, size = bytearray(), 0
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                raise UnusableSoundError("sound-too-large", f"The file has more than {MOST_BYTES >> 20} MiB.")
            piece += part
            if len(piece) >= _PIECE_BYTES:
                written, piece = bytes(piece), bytearray()
                await in_worker(lambda data=written: file.write(data))  # type: ignore[misc]
        file.write(piece)
        yield file
