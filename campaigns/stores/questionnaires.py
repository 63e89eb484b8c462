"""Questionnaires, people's ways through them and the counts of quotas, in the database."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlalchemy import select as select_rows
from sqlmodel import col, select

from campaigns.core.lead_text import FIELDS, fields_of
from campaigns.core.question import Answer
from campaigns.core.questionnaire import COMPLETED, Questionnaire, read_script
from campaigns.stores.shared import Session, read, write
from campaigns.tables import (
    Campaign,
    QuestionnaireAnswer,
    QuestionnaireDocument,
    QuestionnaireRun,
    QuestionnaireSegment,
    QuotaCount,
)
from leads.errors import UnknownLeadError
from leads.stores.shared import chunks, insert_into
from leads.tables import Lead


def sha256_of(questionnaire: Questionnaire) -> str:
    """Under which a questionnaire is kept: of its JSON with sorted keys."""
    return hashlib.sha256(json.dumps(questionnaire.to_json(), sort_keys=True).encode()).hexdigest()


_ALL = ""
"""The name of the row that whoever counts locks."""


class QuestionnaireStore:
    """Runs with their answers. A run that is to be changed is locked first."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def keep_document(self, questionnaire: Questionnaire) -> str:
        """Writes what is asked, once; its SHA-256."""
        sha256 = sha256_of(questionnaire)
        insert = insert_into(self.session, QuestionnaireDocument).values(
            sha256=sha256, body=questionnaire.to_json()
        )
        await write(self.session, insert.on_conflict_do_nothing())
        return sha256

    async def document(self, sha256: str) -> Questionnaire:
        """What was asked; it is there."""
        return read_script((await self.session.get_one(QuestionnaireDocument, sha256)).body)

    async def documents_of(self, campaign_id: int) -> list[Questionnaire]:
        """All that a campaign's runs were asked, those of the oldest runs first."""
        first = func.min(col(QuestionnaireRun.id))
        mine = (
            select_rows(col(QuestionnaireRun.document), first)
            .where(col(QuestionnaireRun.campaign_id) == campaign_id)
            .group_by(col(QuestionnaireRun.document))
            .order_by(first)
        )
        return [await self.document(sha256) for sha256, _ in (await read(self.session, mine)).all()]

    async def of_leads(self, lead_ids: Collection[int]) -> Sequence[QuestionnaireRun]:
        """Every run of these leads, by number."""
        found: list[QuestionnaireRun] = []
        for chunk in chunks(sorted(lead_ids)):
            wanted = select(QuestionnaireRun).where(col(QuestionnaireRun.lead_id).in_(chunk))
            found += (await self.session.exec(wanted)).all()
        return sorted(found, key=lambda each: each.id)

    async def erase(self, run_ids: Collection[int], free: Mapping[str, Collection[str]]) -> None:
        """Takes out of runs what people said in their own words, and their links; what was chosen stays.

        `free`: by a document's SHA-256, the questions that are answered so.
        """
        for chunk in chunks(sorted(run_ids)):
            mine = col(QuestionnaireRun.id).in_(chunk)
            for sha256, questions in sorted(free.items()):
                of_document = select_rows(col(QuestionnaireRun.id)).where(
                    mine, col(QuestionnaireRun.document) == sha256
                )
                said = delete(QuestionnaireAnswer).where(
                    col(QuestionnaireAnswer.run_id).in_(of_document),
                    col(QuestionnaireAnswer.question).in_(sorted(questions)),
                )
                await write(self.session, said)
            await write(
                self.session, update(QuestionnaireRun).where(mine).values(token_sha256="", expires_at=None)
            )

    def add(self, run: QuestionnaireRun) -> None:
        """A new run, which has a number once it is flushed."""
        self.session.add(run)

    async def of_attempt(self, attempt_id: int, *, lock: bool = False) -> QuestionnaireRun | None:
        """The run of a call."""
        return await self._one(QuestionnaireRun.attempt_id == attempt_id, lock)

    async def of_token(self, token_sha256: str, *, lock: bool = False) -> QuestionnaireRun | None:
        """The run whose link has this secret."""
        return await self._one(QuestionnaireRun.token_sha256 == token_sha256, lock)

    async def of_attempts(self, attempt_ids: Collection[int]) -> Sequence[QuestionnaireRun]:
        """The runs of these calls."""
        found: list[QuestionnaireRun] = []
        for chunk in chunks(sorted(attempt_ids)):
            wanted = select(QuestionnaireRun).where(col(QuestionnaireRun.attempt_id).in_(chunk))
            found += (await self.session.exec(wanted)).all()
        return found

    async def unfinished(
        self, campaign_id: int, lead_id: int, *, lock: bool = False
    ) -> QuestionnaireRun | None:
        """The newest run of a lead that has not come to an end."""
        mine = (
            (QuestionnaireRun.campaign_id == campaign_id)
            & (QuestionnaireRun.lead_id == lead_id)
            & (QuestionnaireRun.result == "")
        )
        return await self._one(mine, lock)

    async def _one(self, condition: Any, lock: bool) -> QuestionnaireRun | None:
        wanted = select(QuestionnaireRun).where(condition).order_by(col(QuestionnaireRun.id).desc()).limit(1)
        if lock:
            wanted = wanted.with_for_update(key_share=True)
        return (await self.session.exec(wanted.execution_options(populate_existing=True))).first()

    async def answers(self, run_ids: Collection[int]) -> dict[int, dict[str, Answer]]:
        """By run and question."""
        found: dict[int, dict[str, Answer]] = {each: {} for each in run_ids}
        for chunk in chunks(sorted(run_ids)):
            wanted = select(QuestionnaireAnswer).where(col(QuestionnaireAnswer.run_id).in_(chunk))
            for each in (await self.session.exec(wanted)).all():
                found[each.run_id][each.question] = json.loads(each.value)
        return found

    async def put_answer(self, run_id: int, question: str, answer: Answer, at: datetime) -> None:
        """Keeps an answer, in place of an earlier one."""
        values = {"value": _written(answer), "answered_at": at}
        insert = insert_into(self.session, QuestionnaireAnswer).values(
            run_id=run_id, question=question, **values
        )
        keys = ["run_id", "question"]
        await write(self.session, insert.on_conflict_do_update(index_elements=keys, set_=values))

    async def set_answers(self, run_id: int, answers: Mapping[str, Answer], at: datetime) -> None:
        """Has a run have these answers alone; those that stay as they are keep their time."""
        before = (await self.answers([run_id]))[run_id]
        gone = before.keys() - answers.keys()
        if gone:
            mine = col(QuestionnaireAnswer.run_id) == run_id
            await write(
                self.session,
                delete(QuestionnaireAnswer).where(mine, col(QuestionnaireAnswer.question).in_(sorted(gone))),
            )
        for question, answer in answers.items():
            if before.get(question) != answer:
                await self.put_answer(run_id, question, answer, at)

    async def fields(self, lead_ids: Collection[int]) -> dict[int, dict[str, str]]:
        """What texts and quotas may ask of leads, by lead; those that there are."""
        found: dict[int, dict[str, str]] = {}
        columns = [col(getattr(Lead, name)) for name in FIELDS]
        for chunk in chunks(sorted(lead_ids)):
            wanted = select_rows(col(Lead.id), col(Lead.custom), *columns).where(col(Lead.id).in_(chunk))
            for row in await read(self.session, wanted):
                known = {name: getattr(row, name) for name in FIELDS}
                found[row.id] = fields_of(known, row.custom)
        return found

    async def fields_of_one(self, lead_id: int) -> dict[str, str]:
        """The same of one lead. Raises UnknownLeadError."""
        found = await self.fields([lead_id])
        if lead_id not in found:
            raise UnknownLeadError(f"There is no lead {lead_id}.")
        return found[lead_id]

    async def counts(self, campaign_id: int) -> dict[str, int]:
        """How many completed runs count for each quota."""
        wanted = select(QuotaCount).where(QuotaCount.campaign_id == campaign_id, QuotaCount.quota != _ALL)
        rows = (await self.session.exec(wanted.execution_options(populate_existing=True))).all()
        return {each.quota: each.completed for each in rows}

    async def lock_counts(self, campaign: Campaign, quotas: Collection[str]) -> dict[str, int]:
        """The campaign's counts, also of these quotas, which nobody else changes until the transaction ends.

        The campaign's row is read again behind the lock.
        """
        names = sorted({_ALL, *quotas})
        rows = [{"campaign_id": campaign.id, "quota": each, "completed": 0} for each in names]
        await write(self.session, insert_into(self.session, QuotaCount).values(rows).on_conflict_do_nothing())
        await self.session.get_one(
            QuotaCount, (campaign.id, _ALL), populate_existing=True, with_for_update={"key_share": True}
        )
        await self.session.refresh(campaign)
        return await self.counts(campaign.id)

    async def segments(self, run_id: int) -> set[str]:
        """The quotas that a run counts for."""
        wanted = select(QuestionnaireSegment.quota).where(QuestionnaireSegment.run_id == run_id)
        return set((await self.session.exec(wanted)).all())

    async def count_for(
        self, campaign_id: int, run_id: int, before: Collection[str], after: Collection[str]
    ) -> None:
        """Has a run count for the quotas `after` and no longer for those `before`; the counts are locked."""
        gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
        if gone:
            mine = col(QuestionnaireSegment.run_id) == run_id
            await write(
                self.session,
                delete(QuestionnaireSegment).where(mine, col(QuestionnaireSegment.quota).in_(gone)),
            )
        if new:
            rows = [{"run_id": run_id, "quota": each} for each in new]
            await write(
                self.session,
                insert_into(self.session, QuestionnaireSegment).values(rows).on_conflict_do_nothing(),
            )
        for quota, more in [*((each, -1) for each in gone), *((each, 1) for each in new)]:
            count = await self.session.get_one(QuotaCount, (campaign_id, quota))
            count.completed += more
        await self.session.flush()

    async def results(self, campaign_id: int) -> dict[str, int]:
        """How many runs have come to each result; "" for those that go on."""
        wanted = (
            select_rows(col(QuestionnaireRun.result), func.count())
            .where(col(QuestionnaireRun.campaign_id) == campaign_id)
            .group_by(col(QuestionnaireRun.result))
        )
        return {row.result: row[1] for row in await read(self.session, wanted)}

    async def answer_counts(self, campaign_id: int, quota: str = "") -> dict[str, list[tuple[Answer, int]]]:
        """By question, each answer of completed runs, of one quota's or all, and how many gave it."""
        answer = (col(QuestionnaireAnswer.question), col(QuestionnaireAnswer.value))
        wanted = (
            select_rows(*answer, func.count())
            .join(QuestionnaireRun, col(QuestionnaireRun.id) == col(QuestionnaireAnswer.run_id))
            .where(
                col(QuestionnaireRun.campaign_id) == campaign_id, col(QuestionnaireRun.result) == COMPLETED
            )
            .group_by(*answer)
            .order_by(*answer)
        )
        if quota:
            counted = col(QuestionnaireSegment.run_id) == col(QuestionnaireRun.id)
            wanted = wanted.join(QuestionnaireSegment, counted).where(
                col(QuestionnaireSegment.quota) == quota
            )
        found: dict[str, list[tuple[Answer, int]]] = {}
        for question, value, count in await read(self.session, wanted):
            found.setdefault(question, []).append((json.loads(value), count))
        return found

    async def segments_of(self, run_ids: Collection[int]) -> dict[int, list[str]]:
        """The quotas that runs count for, by run."""
        found: dict[int, list[str]] = {}
        for chunk in chunks(sorted(run_ids)):
            wanted = select(QuestionnaireSegment).where(col(QuestionnaireSegment.run_id).in_(chunk))
            for each in (await self.session.exec(wanted.order_by(QuestionnaireSegment.quota))).all():
                found.setdefault(each.run_id, []).append(each.quota)
        return found

    async def external_ids(self, lead_ids: Collection[int]) -> dict[int, str]:
        """What their list's owner calls leads, by lead."""
        found: dict[int, str] = {}
        for chunk in chunks(sorted(lead_ids)):
            wanted = select_rows(col(Lead.id), col(Lead.external_id)).where(col(Lead.id).in_(chunk))
            found |= {row.id: row.external_id or "" for row in await read(self.session, wanted)}
        return found

    async def page(
        self, campaign_id: int, after: int, limit: int, *, completed: bool = False
    ) -> Sequence[QuestionnaireRun]:
        """The `limit` runs of a campaign that follow number `after`."""
        wanted = select(QuestionnaireRun).where(
            QuestionnaireRun.campaign_id == campaign_id, QuestionnaireRun.id > after
        )
        if completed:
            wanted = wanted.where(QuestionnaireRun.result == COMPLETED)
        return (await self.session.exec(wanted.order_by(col(QuestionnaireRun.id)).limit(limit))).all()


def _written(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False, sort_keys=True)
