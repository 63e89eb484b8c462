"""Asking a questionnaire: the same run on an agent's screen, by key press and at a link.

Each function that takes a session is a step in a transaction that the caller owns; the others are one.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from campaigns import promises
from campaigns.core.lead_text import fill
from campaigns.core.question import FREE, Answer, Question
from campaigns.core.questionnaire import COMPLETED, QUOTA_FULL, Page, Questionnaire, read_script
from campaigns.core.questionnaire_run import AGENT, KEYS, WEB, Run, begin, by_key, resume
from campaigns.core.quotas import Quota, full_for, segments_of
from campaigns.core.retry import Final
from campaigns.errors import LeadNotInCampaignError, NoQuestionnaireError, QuestionnaireLinkError
from campaigns.quota_counts import quotas_of
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.questionnaires import QuestionnaireStore, sha256_of
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Attempt, Campaign, QuestionnaireRun

ANSWERED_BY_ITSELF = "answered_by_itself"
"""Why nobody calls a lead any more that has answered by itself."""

LINK_LASTS = timedelta(days=14)
_TOKEN_BYTES = 32
_DONE = Page(name=QUOTA_FULL, text="Thank you. We have enough answers of this kind already.", end=QUOTA_FULL)
"""What is said where a questionnaire has no page for those who are needed no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """A question as it is shown; `keys` are the keyboard's for its answers, where there are few."""

    name: str
    type: str
    text: str
    required: bool
    options: list[dict[str, str]]
    keys: dict[str, Answer]
    low: float | None
    high: float | None
    low_label: str
    high_label: str
    decimals: int
    currency: str
    earliest: str
    latest: str
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A page as it is shown, with the lead's fields in its texts; `end` is empty but at an end."""

    name: str
    title: str
    text: str
    questions: list[QuestionView]
    end: str
    before: str
    """The page to go back to; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as it stands. `id` is null, and `started_at`, before the first answer.

    `page` is the one that is asked for, else that which is to be answered next, whose name is in `at`.
    """

    id: int | None
    campaign_id: int
    lead_id: int
    attempt_id: int | None
    channel: str
    document: str
    """The SHA-256 of what is asked."""
    title: str
    language: str
    next_label: str
    back_label: str
    at: str
    page: PageView
    passed: list[str]
    answers: dict[str, Answer]
    result: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Link:
    """Where a lead can answer by itself, until then. The path is told only now."""

    run_id: int
    path: str
    expires_at: datetime


async def view_of_attempt(sessions: Sessions, attempt_id: int, page: str = "") -> RunView:
    """The questionnaire of a call, at a page or where it stands. Nothing is written.

    Raises AttemptNotFoundError, NoQuestionnaireError and NotOnThisPageError.
    """
    async with sessions() as session:
        attempt = await AttemptStore(session).read_attempt(attempt_id)
        campaign = await CampaignStore(session).get(attempt.campaign_id)
        row = await _row_of(session, attempt, lock=False)
        asked = await _Asked.of(session, campaign, attempt.lead_id, row)
        return replace(asked.view(page), attempt_id=attempt_id)


async def answer_attempt(
    sessions: Sessions, attempt_id: int, page: str, answers: Mapping[str, object], now: datetime
) -> RunView:
    """A page's answers, given to an agent in a call. A run that an earlier call has left goes on in this one.

    Raises AttemptNotFoundError, NoQuestionnaireError, NotOnThisPageError and InvalidAnswersError.
    """
    async with sessions() as session, session.begin():
        attempt = await AttemptStore(session).get_attempt(attempt_id)
        campaign = await CampaignStore(session).get(attempt.campaign_id)
        row = await _row_of(session, attempt, lock=True)
        asked = await _Asked.of(session, campaign, attempt.lead_id, row)
        run = asked.run.answer(page, answers)
        asked.taken_by(AGENT, attempt.id, attempt.agent_id)
        return await asked.keep(run, now)


async def make_link(
    session: Session, campaign_id: int, lead_id: int, now: datetime, lasts: timedelta = LINK_LASTS
) -> Link:
    """A link at which a lead answers by itself; it goes on where a call has left. An old link ends.

    Raises CampaignNotFoundError, LeadNotInCampaignError and NoQuestionnaireError.
    """
    campaign = await CampaignStore(session).get(campaign_id)
    if await QueueStore(session).attempts_so_far(campaign_id, lead_id) is None:
        raise LeadNotInCampaignError(f"The campaign does not have lead {lead_id}.")
    row = await QuestionnaireStore(session).unfinished(campaign_id, lead_id, lock=True)
    asked = await _Asked.of(session, campaign, lead_id, row)
    kept = await asked.row_to_keep(now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    kept.token_sha256, kept.expires_at = _digest(token), now + lasts
    await session.flush()
    return Link(kept.id, f"/q/{token}", kept.expires_at)


async def view_of_link(sessions: Sessions, token: str, now: datetime, page: str = "") -> RunView:
    """The questionnaire at a link. Raises QuestionnaireLinkError and NotOnThisPageError."""
    async with sessions() as session:
        return (await _at_link(session, token, now, lock=False)).view(page)


async def answer_link(
    sessions: Sessions, token: str, page: str, answers: Mapping[str, object], now: datetime
) -> RunView:
    """A page's answers, given at a link. What is over stays as it is.

    Raises QuestionnaireLinkError, NotOnThisPageError and InvalidAnswersError.
    """
    async with sessions() as session, session.begin():
        asked = await _at_link(session, token, now, lock=True)
        if asked.row is not None and asked.row.result:
            return asked.view()
        run = asked.run.answer(page, answers)
        asked.taken_by(WEB, None, None)
        view = await asked.keep(run, now)
        if view.result:
            await _call_no_more(session, view, now)
        return view


async def erase(session: Session, runs: Sequence[QuestionnaireRun]) -> None:
    """Leaves of runs what was chosen among answers, which are figures; not what was said in own words."""
    store = QuestionnaireStore(session)
    free = {
        sha256: [each.name for each in (await store.document(sha256)).questions.values() if each.type in FREE]
        for sha256 in {each.document for each in runs}
    }
    await store.erase([each.id for each in runs], free)


async def key_pressed(session: Session, attempt_id: int, question: str, key: str, at: datetime) -> bool:
    """Keeps the answer that a key gives in a survey by key press; False where the campaign has no script."""
    attempt = await AttemptStore(session).get_attempt(attempt_id)
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    if campaign.script is None:
        return False
    row = await _row_of(session, attempt, lock=True, goes_on=False)
    asked = await _Asked.of(session, campaign, attempt.lead_id, row)
    asked.taken_by(KEYS, attempt.id, None)
    kept = await asked.row_to_keep(at)
    known = asked.questionnaire.questions.get(question)
    answer = known.keys(without=campaign.opt_out_key).get(key) if known is not None else None
    if answer is not None:
        await QuestionnaireStore(session).put_answer(kept.id, question, answer, at)
    return True


async def keys_over(session: Session, attempt_id: int, at: datetime, *, heard_all: bool) -> None:
    """A call that was asked by key press is over, or has come to an end of the questionnaire."""
    store = QuestionnaireStore(session)
    row = await store.of_attempt(attempt_id, lock=True)
    if row is None or row.channel != KEYS:
        return
    campaign = await CampaignStore(session).get(row.campaign_id)
    asked = await _Asked.of(session, campaign, row.lead_id, row)
    answers = (await store.answers([row.id]))[row.id]
    await asked.keep(by_key(asked.questionnaire, answers, heard_all=heard_all), at)


async def _call_no_more(session: Session, view: RunView, now: datetime) -> None:
    """Nobody calls a lead for what it has answered by itself; a call that is under way goes on."""
    owed = await CallbackStore(session).open_of(view.campaign_id, view.lead_id)
    await promises.end_all(session, [owed] if owed is not None else [], ANSWERED_BY_ITSELF, now)
    final = Final(ANSWERED_BY_ITSELF)
    await QueueStore(session).settle_after_talk(view.campaign_id, view.lead_id, final)


async def _row_of(
    session: Session, attempt: Attempt, *, lock: bool, goes_on: bool = True
) -> QuestionnaireRun | None:
    """The run of a call; where it has none and `goes_on`, the one that was left unfinished."""
    store = QuestionnaireStore(session)
    row = await store.of_attempt(attempt.id, lock=lock)
    if row is None and goes_on:
        row = await store.unfinished(attempt.campaign_id, attempt.lead_id, lock=lock)
    return row


async def _at_link(session: Session, token: str, now: datetime, *, lock: bool) -> "_Asked":
    row = await QuestionnaireStore(session).of_token(_digest(token), lock=lock)
    if row is None or row.expires_at is None or row.expires_at <= now:
        raise QuestionnaireLinkError("This link is not valid, or no longer.")
    campaign = await CampaignStore(session).get(row.campaign_id)
    return await _Asked.of(session, campaign, row.lead_id, row)


@dataclass
class _Asked:
    """What one person is asked in a campaign, and how far that is."""

    session: Session
    campaign: Campaign
    lead_id: int
    row: QuestionnaireRun | None
    questionnaire: Questionnaire
    document: str
    run: Run
    fields: Mapping[str, str]
    channel: str = AGENT
    attempt_id: int | None = None
    agent_id: int | None = None

    @classmethod
    async def of(
        cls, session: Session, campaign: Campaign, lead_id: int, row: QuestionnaireRun | None
    ) -> "_Asked":
        """Of a run that there is; else of one that would begin now. Raises NoQuestionnaireError."""
        store = QuestionnaireStore(session)
        fields = await store.fields_of_one(lead_id)
        if row is not None:
            questionnaire = await store.document(row.document)
            answers = (await store.answers([row.id]))[row.id]
            run = resume(questionnaire, row.passed, answers)
            found = cls(session, campaign, lead_id, row, questionnaire, row.document, run, fields)
            found.taken_by(row.channel, row.attempt_id, row.agent_id)
            return found
        if campaign.script is None:
            raise NoQuestionnaireError("The campaign has no script; set one to ask questions.")
        questionnaire = read_script(campaign.script)
        sha256 = sha256_of(questionnaire)
        return cls(session, campaign, lead_id, None, questionnaire, sha256, begin(questionnaire), fields)

    def taken_by(self, channel: str, attempt_id: int | None, agent_id: int | None) -> None:
        """Where it goes on, in which call, and by whom."""
        self.channel, self.attempt_id, self.agent_id = channel, attempt_id, agent_id

    async def row_to_keep(self, now: datetime) -> QuestionnaireRun:
        """The run's row, made where there is none."""
        if self.row is None:
            self.row = QuestionnaireRun(
                client_id=self.campaign.client_id,
                campaign_id=self.campaign.id,
                lead_id=self.lead_id,
                document=await QuestionnaireStore(self.session).keep_document(self.questionnaire),
                channel=self.channel,
                page=self.run.page.name,
                started_at=now,
                changed_at=now,
            )
            QuestionnaireStore(self.session).add(self.row)
        row = self.row
        row.channel, row.agent_id = self.channel, self.agent_id
        row.attempt_id = self.attempt_id if self.attempt_id is not None else row.attempt_id
        await self.session.flush()
        return row

    async def keep(self, run: Run, now: datetime) -> RunView:
        """Writes how a run stands now, and has it count for its quotas."""
        row = await self.row_to_keep(now)
        self.run = run
        await QuestionnaireStore(self.session).set_answers(row.id, run.answers, now)
        page = run.page if await self._is_needed(row.id, run) else self.questionnaire.quota_page or _DONE
        if page.end != row.result:
            row.finished_at = now if page.end else None
        row.passed, row.page, row.result, row.changed_at = list(run.passed), page.name, page.end, now
        await self.session.flush()
        return self.view()

    async def _is_needed(self, run_id: int, run: Run) -> bool:
        """Whether no quota of the person's kind is full; a completed run takes its place in each of them.

        The counts are locked first, so that two who finish at once do not take one place, and nobody changes
        the quotas meanwhile.
        """
        if not self.campaign.quotas:
            return True
        store = QuestionnaireStore(self.session)
        counts = await store.lock_counts(self.campaign, [each["name"] for each in self.campaign.quotas])
        quotas = quotas_of(self.campaign)
        before = await store.segments(run_id)
        after = set(segments_of(quotas, self.fields, run.answers)) if run.result == COMPLETED else set()
        others = {name: count - (name in before) for name, count in counts.items()}
        full = None
        if run.result in ("", COMPLETED):
            full = _full(quotas, others, self.fields, run, after)
        await store.count_for(self.campaign.id, run_id, before, set() if full else after)
        if freed := before - after:
            # Leads that were held back for a place that is free again are asked about again.
            targets = {each.name: each.target for each in quotas}
            if any(counts[each] >= targets.get(each, 0) for each in freed):
                self.campaign.asked_under = ""
        return full is None

    def view(self, name: str = "") -> RunView:
        """The run as it is shown, at a page that was passed or where it stands. Raises NotOnThisPageError."""
        row, at = self.row, self._standing()
        page = self.run.at(name) if name and name != at.name else at
        return RunView(
            id=None if row is None else row.id,
            campaign_id=self.campaign.id,
            lead_id=self.lead_id,
            attempt_id=self.attempt_id,
            channel=self.channel,
            document=self.document,
            title=self.questionnaire.title,
            language=self.questionnaire.language,
            next_label=self.questionnaire.next_label,
            back_label=self.questionnaire.back_label,
            at=at.name,
            page=_page_view(page, self._before(page), self.fields),
            passed=list(self.run.passed),
            answers=dict(self.run.answers),
            result=at.end,
            started_at=None if row is None else row.started_at,
            finished_at=None if row is None else row.finished_at,
        )

    def _standing(self) -> Page:
        """Where it stands: a run that a quota has ended stays at that end."""
        if self.row is not None and self.row.result == QUOTA_FULL:
            return self.questionnaire.quota_page or _DONE
        return self.run.page

    def _before(self, page: Page) -> str:
        passed = self.run.passed
        place = passed.index(page.name) if page.name in passed else len(passed)
        return passed[place - 1] if place else ""


def _full(
    quotas: Sequence[Quota],
    counts: Mapping[str, int],
    fields: Mapping[str, str],
    run: Run,
    counted: set[str],
) -> Quota | None:
    if run.result != COMPLETED:
        return full_for(quotas, counts, fields, run.answers)
    return next(
        (each for each in quotas if each.name in counted and counts.get(each.name, 0) >= each.target), None
    )


def _page_view(page: Page, before: str, fields: Mapping[str, str]) -> PageView:
    return PageView(
        name=page.name,
        title=fill(page.title, fields),
        text=fill(page.text, fields),
        questions=[_question_view(each, fields) for each in page.questions],
        end=page.end,
        before=before,
    )


def _question_view(question: Question, fields: Mapping[str, str]) -> QuestionView:
    plain: dict[str, Any] = {
        name: getattr(question, name)
        for name in QuestionView.__dataclass_fields__
        if name not in ("text", "options", "keys", "decimals")
    }
    money = question.type == "money"
    return QuestionView(
        **plain,
        text=fill(question.text, fields),
        options=[{"value": each.value, "label": each.label, "key": each.key} for each in question.options],
        keys=question.keys(),
        decimals=question.minor_digits if money else question.decimals,
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
