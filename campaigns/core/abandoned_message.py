"""Which message a person hears who answers and gets no agent; and where the client has to have one.

The law asks for the seller's name and number, and in part for the purpose and a key that opts out (16 CFR
310.4(b)(4)(iii), 47 CFR 64.1200(a)(7)(i)). The message that ships names nobody: only the client's own can.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from campaigns.core.rules import MessageRule

MODES = frozenset({"progressive", "power", "predictive"})
"""Those in which somebody may answer for whom no agent is there."""


@dataclass(frozen=True, slots=True)
class AbandonedMessage:
    """A client's message; `country` (ISO 3166-1) and `language` (BCP 47) are empty for any."""

    country: str
    language: str
    prompt: str


def choose(
    messages: Sequence[AbandonedMessage], countries: Collection[str], language: str
) -> AbandonedMessage | None:
    """The one that fits best: by the person's country before any country, then by language before any.

    `countries` are all in which the person may be. A message in English does for en-GB where there is none in
    that. Where none fits, one of the client's all the same, since it names the seller; None if it has none.
    """
    return min(messages, key=lambda each: _distance(each, countries, language), default=None)


def holds_everywhere(messages: Sequence[AbandonedMessage], country: str) -> bool:
    """Whether people of a country hear one that is meant for them, whatever they speak."""
    return any(each.country in ("", country) and not each.language for each in messages)


def lacks_a_message(
    messages: Sequence[AbandonedMessage], rules: Iterable[MessageRule], countries: Collection[str]
) -> bool:
    """Whether a law asks that a person hears who has called, and none of the messages is meant for them.

    `countries`: wherever the person may be; none: nobody knows.
    """
    if names_the_seller(rules) is None:
        return False
    return not all(holds_everywhere(messages, country) for country in countries or ("",))


def names_the_seller(rules: Iterable[MessageRule]) -> MessageRule | None:
    """The first rule by which a person who gets no agent hears who has called."""
    return next((rule for rule in rules if "seller_name" in rule.says), None)


def _distance(
    message: AbandonedMessage, countries: Collection[str], language: str
) -> tuple[bool, bool, int, int, str, str]:
    """How far a message is from a person: first what is wrong for them, then how much it is for anyone."""
    spoken, wanted = message.language.lower(), language.lower()
    fits = not spoken or spoken == wanted or wanted.startswith(f"{spoken}-")
    abroad = message.country != "" and message.country not in countries
    return (abroad, not fits, -bool(message.country), -len(spoken), message.country, message.language)
