"""What people have answered in a campaign's menu: counts and shares by question and key, and each answer."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaigns.core.menu import Menu
from campaigns.core.metrics import Rate, rate
from campaigns.errors import InvalidInputError
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.menu_answers import MenuAnswerStore
from campaigns.stores.shared import Sessions
from leads.threads import in_thread

_HEADER = "attempt_id,lead_id,question,key,answered_at\n"
_ATTEMPTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class KeyCount:
    """How many calls have answered with a key; `leads_to` is the step that follows it."""

    key: str
    leads_to: str
    count: int
    share: Rate
    """Of the calls that have answered the question."""


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """The answers to one question; `answered` is how many of the calls that began with the menu gave one."""

    question: str
    answered: Rate
    answers: Sequence[KeyCount]


@dataclass(frozen=True, slots=True)
class AnswersReport:
    """A campaign's questions in the order of its menu; `calls` are those that began with it."""

    campaign_id: int
    name: str
    calls: int
    questions: Sequence[QuestionReport]


async def report_of_answers(sessions: Sessions, campaign_id: int) -> AnswersReport:
    """Raises CampaignNotFoundError."""
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
        store = MenuAnswerStore(session)
        counts, calls = await store.counts(campaign_id), await store.asked(campaign_id)
    menu = settings_of(campaign).menu
    keys = _keys(menu) if menu is not None else {}
    questions = [_question(question, leads_to, counts, calls) for question, leads_to in keys.items()]
    return AnswersReport(campaign_id, campaign.name, calls, questions)


async def lines_of_answers(sessions: Sessions, campaign_id: int) -> AsyncIterator[str]:
    """CSV: a header, then a line an answer, by attempt. No cell holds what a person has typed but a key."""
    yield _HEADER
    after = 0
    while True:
        async with sessions() as session:
            found = await MenuAnswerStore(session).page(campaign_id, after, _ATTEMPTS_AT_ONCE)
        if not found:
            return
        yield "".join(
            f"{each.attempt_id},{each.lead_id},{each.question},{each.key},{each.answered_at.isoformat()}\n"
            for each in found
        )
        after = found[-1].attempt_id


async def write_answers(sessions: Sessions, campaign_id: int, path: Path) -> None:
    """Each answer as a line of a CSV file. Raises InvalidInputError where it cannot be written."""
    try:
        file = await in_thread(lambda: path.open("w", encoding="utf-8", newline=""))
        with file:
            async for lines in lines_of_answers(sessions, campaign_id):
                file.write(lines)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written ({error.strerror}); choose another.") from error


def _keys(menu: Menu) -> dict[str, dict[str, str]]:
    """Question to its keys and where each leads."""
    found: dict[str, dict[str, str]] = {question: {} for question in menu.questions}
    for step in menu.steps.values():
        if step.question:
            found[step.question] |= step.keys
    return found


def _question(
    question: str, leads_to: dict[str, str], counts: dict[tuple[str, str], int], calls: int
) -> QuestionReport:
    answered = sum(count for (asked, _), count in counts.items() if asked == question)
    answers = [
        KeyCount(key, to, count := counts.get((question, key), 0), rate(count, answered))
        for key, to in leads_to.items()
    ]
    return QuestionReport(question, rate(answered, calls), answers)
