"""Questions with three zones and ten past attempts each, and how long one takes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import process_time

from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.compliance import Snapshot, permit
from campaigns.core.facts import Facts, PastAttempt
from campaigns.core.jurisdiction import place_of
from campaigns.core.policy import Policy

_NOON = datetime(2026, 11, 24, 18, tzinfo=UTC)
_NIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
_AMERICAN = ("America/Chicago", "America/Denver", "America/New_York")
_EUROPEAN = ("Europe/Berlin", "Europe/London", "Europe/Paris")
_CONSENTS = frozenset({("automated_call", "express_written")})
_RULEBOOK = load_rulebook()


@dataclass(frozen=True)
class Question:
    """One call asked for again and again."""

    name: str
    e164: str
    region: str
    kind: str
    zones: tuple[str, ...]
    now: datetime
    days_between: float = 4.0


QUESTIONS = (
    Question("allowed: a sale in New York", "+12125550100", "US", "sales", _AMERICAN, _NOON),
    Question("allowed: a sale in Florida", "+13055550100", "US", "sales", _AMERICAN, _NOON),
    Question("allowed: a debt in Oklahoma", "+14055550100", "US", "collections", _AMERICAN, _NOON),
    Question(
        "denied: a sale in Florida, the fourth of the day",
        "+13055550100",
        "US",
        "sales",
        _AMERICAN,
        _NOON,
        0.1,
    ),
    Question("denied: a sale in Florida, at night", "+13055550100", "US", "sales", _AMERICAN, _NIGHT),
    Question(
        "allowed: a survey in Germany", "+49301234567", "DE", "survey", _EUROPEAN, _NOON - timedelta(hours=4)
    ),
    Question("denied: a sale under all rules there are", "+94112345678", "LK", "sales", _AMERICAN, _NOON),
)


def measure(question: Question, seconds: float) -> float:
    """Microseconds of processor time that an answer takes on average, with the policy's look-up and, where it
    is a denial, with when to ask again.
    """
    facts = Facts(question.zones, question.e164, 1, subject="solar", debt="card", consents=_CONSENTS)
    history = tuple(
        PastAttempt(
            question.now
            - timedelta(days=question.days_between * number, hours=30 * (question.days_between > 1)),
            "no_answer",
            question.e164,
            1,
            subject="solar",
            debt="card",
        )
        for number in range(10)
    )
    count, started = 0, process_time()
    while process_time() - started < seconds:
        for _ in range(100):
            snapshot = Snapshot(True, None, 0, 10, _policy(question), facts, history)
            permit(snapshot, question.now)
        count += 100
    return (process_time() - started) / count * 1e6


def _policy(question: Question) -> Policy:
    place = place_of(question.e164, question.region)
    return _RULEBOOK.policy(place, question.kind, "progressive")
