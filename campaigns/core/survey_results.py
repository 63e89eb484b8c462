"""What people have answered, in figures: shares, means and scores, each with an interval of 95 %.

All are over the people who answered the question. What is counted came from whom the survey reached and who
was willing: an interval tells of chance alone, and not of who is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from campaigns.core.intervals import wilson
from campaigns.core.question import (
    CES,
    CSAT,
    NPS,
    NUMERIC,
    SCALES,
    SEVERAL,
    SINGLE,
    Answer,
    Question,
    decimal_of,
)

_Z = 1.959963984540054
"""The normal distribution's 97.5th percentile."""
_PROMOTES_FROM, _DETRACTS_TO = 9, 6
_SATISFIED_FROM = 4
_EASY_FROM = 5


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its interval of 95 %; None where nothing, or too little, was answered."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How many people gave an answer, and their share of those who answered the question."""

    answer: str | int | float
    label: str
    count: int
    share: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResult:
    """One question. `counts` is of questions whose answers are few; `mean` of numbers; `score` of NPS (from
    -100 to 100), CSAT and CES (the share of people who were content, or found it easy)."""

    question: str
    type: str
    text: str
    answered: int
    counts: Sequence[AnswerCount]
    mean: Interval | None = None
    score: Interval | None = None


def question_result(question: Question, answers: Sequence[tuple[Answer, int]]) -> QuestionResult:
    """The figures of a question, from each different answer and how many people gave it.

    Of free texts only their number is told, and what was no number when the question was another is left out
    of its mean and score.
    """
    answered = sum(count for _, count in answers)
    found = [(decimal_of(each), count) for each, count in answers if question.type in NUMERIC]
    numbers = [(float(each), count) for each, count in found if each is not None]
    return QuestionResult(
        question=question.name,
        type=question.type,
        text=question.text,
        answered=answered,
        counts=_counts(question, answers, answered),
        mean=mean_of(numbers) if numbers else None,
        score=_score(question, numbers),
    )


def mean_of(numbers: Sequence[tuple[float, int]]) -> Interval:
    """The mean of numbers, each with how often it was given; no interval for fewer than two.

    Student's t ("The probable error of a mean", Biometrika 6, 1908), whose percentile is taken from the
    normal one by the expansion of Cornish and Fisher (Abramowitz and Stegun, 26.7.5).
    """
    total = sum(count for _, count in numbers)
    if not total:
        return Interval(None, None, None)
    mean = sum(each * count for each, count in numbers) / total
    if total < 2:
        return Interval(mean, None, None)
    variance = sum((each - mean) ** 2 * count for each, count in numbers) / (total - 1)
    half = _t(total - 1) * sqrt(variance / total)
    return Interval(mean, mean - half, mean + half)


def nps(promoters: int, passives: int, detractors: int) -> Interval:
    """The Net Promoter Score: promoters less detractors, in points of 100.

    The interval is the adjusted Wald one that B. Rocks recommends ("Interval Estimation for the Net Promoter
    Score", The American Statistician 70, 2016): three people are added, 3/4 of one who promotes and of one
    who detracts, and the variance of the difference of two shares is taken.
    """
    total = promoters + passives + detractors
    if not total:
        return Interval(None, None, None)
    score = (promoters - detractors) / total
    n = total + 3
    promote, detract = (promoters + 0.75) / n, (detractors + 0.75) / n
    middle = promote - detract
    half = _Z * sqrt((promote + detract - middle**2) / n)
    low, high = max(-1.0, min(score, middle - half)), min(1.0, max(score, middle + half))
    return Interval(100 * score, 100 * low, 100 * high)


def share_of(count: int, total: int) -> Interval:
    """A share of 1 with Wilson's interval."""
    if not total:
        return Interval(None, None, None)
    low, high = wilson(count, total)
    return Interval(count / total, low, high)


def _counts(
    question: Question, answers: Sequence[tuple[Answer, int]], answered: int
) -> Sequence[AnswerCount]:
    """By option or number of the scale, also of those that nobody gave; of several, by each one chosen."""
    if question.type in (SINGLE, SEVERAL):
        labels: Mapping[str | int, str] = {each.value: each.label for each in question.options}
    elif question.type in SCALES:
        labels = {each: str(each) for each in range(int(question.low or 0), int(question.high or 0) + 1)}
    else:
        return ()
    given: dict[str | int, int] = dict.fromkeys(labels, 0)
    for answer, count in answers:
        for each in answer if isinstance(answer, list) else [answer]:
            given[each] = given.get(each, 0) + count  # type: ignore[index,arg-type]
    return [
        AnswerCount(each, labels.get(each, str(each)), count, share_of(count, answered))
        for each, count in given.items()
    ]


def _score(question: Question, numbers: Sequence[tuple[float, int]]) -> Interval | None:
    """NPS; of CSAT the share of 4 and 5 (of 5), of CES that of 5 to 7 (of 7), as those scores are told."""
    scored = sum(count for _, count in numbers)
    if question.type == NPS:
        promoters = sum(count for each, count in numbers if each >= _PROMOTES_FROM)
        detractors = sum(count for each, count in numbers if each <= _DETRACTS_TO)
        return nps(promoters, scored - promoters - detractors, detractors)
    if question.type in (CSAT, CES):
        from_ = _SATISFIED_FROM if question.type == CSAT else _EASY_FROM
        return share_of(sum(count for each, count in numbers if each >= from_), scored)
    return None


def _t(freedom: int) -> float:
    """Student's 97.5th percentile; exact for one and two degrees of freedom, which the expansion is not."""
    if freedom == 1:
        return 12.7062047
    if freedom == 2:
        return 4.3026527
    z, v = _Z, freedom
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / v + g2 / v**2 + g3 / v**3 + g4 / v**4
