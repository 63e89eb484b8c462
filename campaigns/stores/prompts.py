"""Prompts and their sounds in the database."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, select

from campaigns.errors import PromptExistsError, PromptNotFoundError
from campaigns.stores.shared import Session, write
from campaigns.tables import Prompt, PromptSound
from leads.stores.shared import insert_into


class PromptStore:
    """What clients' calls can play."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(
        self,
        client_id: int,
        name: str,
        wav: bytes,
        now: datetime,
        *,
        language: str,
        length_s: float,
        warnings: Sequence[str],
        text: str = "",
        replace: bool = False,
    ) -> Prompt:
        """Keeps a prompt; `replace` lets it take the place of one of that name. Raises PromptExistsError."""
        found = await self.named(client_id, name)
        if found is not None and not replace:
            raise PromptExistsError(f"The client has a prompt {name}; choose another name, or replace it.")
        sha256 = hashlib.sha256(wav).hexdigest()
        sound = insert_into(self.session, PromptSound).values(sha256=sha256, wav=wav)
        await write(self.session, sound.on_conflict_do_nothing())
        prompt = Prompt(
            client_id=client_id,
            name=name,
            language=language,
            source="spoken" if text else "uploaded",
            text=text,
            length_s=length_s,
            warnings=list(warnings),
            sha256=sha256,
            created_at=now,
        )
        if found is None:
            self.session.add(prompt)
            await self.session.flush()
            return prompt
        former = found.sha256
        prompt.id = found.id
        prompt = await self.session.merge(prompt)
        await self.session.flush()
        await self._drop_sound(former)
        return prompt

    async def get(self, prompt_id: int) -> Prompt:
        """A prompt. Raises PromptNotFoundError."""
        found = await self.session.get(Prompt, prompt_id)
        if found is None:
            raise PromptNotFoundError(f"There is no prompt {prompt_id}.")
        return found

    async def named(self, client_id: int, name: str) -> Prompt | None:
        """A client's prompt."""
        wanted = select(Prompt).where(Prompt.client_id == client_id, Prompt.name == name)
        return (await self.session.exec(wanted)).one_or_none()

    async def sounds_of(self, client_ids: Collection[int]) -> dict[tuple[int, str], str]:
        """(client, name) to the SHA-256 of the sound, of all prompts of these clients."""
        wanted = select(Prompt).where(col(Prompt.client_id).in_(client_ids))
        return {(each.client_id, each.name): each.sha256 for each in await self.session.exec(wanted)}

    async def sounds(self) -> set[str]:
        """The SHA-256 of every prompt's sound."""
        return set((await self.session.exec(select(Prompt.sha256).distinct())).all())

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[Prompt]:
        """The `limit` prompts, of one client or of all, that follow number `after`."""
        wanted = select(Prompt).where(Prompt.id > after).order_by(col(Prompt.id)).limit(limit)
        if client_id is not None:
            wanted = wanted.where(Prompt.client_id == client_id)
        return (await self.session.exec(wanted)).all()

    async def wav(self, sha256: str) -> bytes:
        """A sound. Raises PromptNotFoundError."""
        wanted = select(PromptSound.wav).where(PromptSound.sha256 == sha256)
        found = (await self.session.exec(wanted)).one_or_none()
        if found is None:
            raise PromptNotFoundError("The prompt's sound is gone; a prompt was just removed or replaced.")
        return found

    async def remove(self, prompt: Prompt) -> None:
        """Takes a prompt out, and its sound where no other prompt has it."""
        await self.session.delete(prompt)
        await self.session.flush()
        await self._drop_sound(prompt.sha256)

    async def _drop_sound(self, sha256: str) -> None:
        used = select(Prompt.id).where(Prompt.sha256 == sha256).exists()
        await write(self.session, delete(PromptSound).where(col(PromptSound.sha256) == sha256, ~used))
