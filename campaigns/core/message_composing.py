"""Makes a step's message for one lead: texts from templates, and links of ours in place of the template's.

A link leads where the template says and nowhere else: only addresses whose host is written in the template
are replaced, and what a lead's fields put into one stays behind that host.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from typing import Any
from urllib.parse import quote

from campaigns.core.message import MessageTemplate
from campaigns.core.sequence import BEFORE_APPOINTMENT, MessageSequence, Step
from campaigns.errors import InvalidSequenceError, InvalidTemplateError

MOST_LINKS = 20
LONGEST_URL = 2_000
_LINK = re.compile(
    r"https?://[A-Za-z0-9.-]++(?::[0-9]{1,5}+)?(?!\{\{)(?:[/?#](?:\{\{[^{}]*\}\}|[^\s\"'<>{}])*)?"
)
_SENTENCE_END = ".,;:!?)"
_FIELDS = (
    *("external_id", "first_name", "last_name", "email", "country", "region", "postal_code"),
    *("language", "owner", "phone"),
)
"""Of a lead, beside its custom fields."""
_OF_CAMPAIGN = ("client", "campaign", "caller_id")
_PIXEL = '<img src="{}" width="1" height="1" alt="">'


@dataclass(frozen=True, slots=True)
class Composed:
    """A message as one person gets it, and where its links lead, the first being number 1."""

    subject: str
    text: str
    html: str
    links: tuple[str, ...]
    unsubscribe_url: str


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A step's templates, read once. Made by `template_of`."""

    step: Step
    links_at: str
    subject: MessageTemplate
    text: MessageTemplate
    html: MessageTemplate | None
    links: tuple[MessageTemplate, ...]

    def check(self, custom: Sequence[str]) -> None:
        """Whether all that it names is known of such leads. Raises InvalidTemplateError."""
        known = _known(custom, self.step.when, self.links_at, len(self.links))
        for each in self._all:
            each.check(known)

    def compose(self, values: Mapping[str, Any], token: str) -> Composed:
        """The message for a lead's values (see `values_of_lead`). Raises InvalidTemplateError."""
        own = f"{self.links_at}/m/{token}"
        given = dict(values) | {"custom": self._empty_custom | dict(values.get("custom", {}))}
        targets = tuple(_target(each, given) for each in self.links)
        given |= {_name(number): f"{own}/{number}" for number in range(1, len(targets) + 1)}
        unsubscribe_url = f"{own}/unsubscribe" if self.links_at else ""
        given["unsubscribe_url"] = unsubscribe_url
        html = self.html.render(given) if self.html is not None else ""
        if html and self.links_at:
            html = _with_pixel(html, f"{own}/open.gif")
        subject = " ".join(self.subject.render(given).split())
        return Composed(subject, self.text.render(given), html, targets, unsubscribe_url)

    @property
    def _empty_custom(self) -> dict[str, str]:
        """The custom fields that it names: a lead may lack one that others of its list have."""
        names = (name for each in self._all for name, _ in each.names)
        return {name[1]: "" for name in names if name[0] == "custom" and len(name) > 1}

    @property
    def _all(self) -> tuple[MessageTemplate, ...]:
        return (self.subject, self.text, *([self.html] if self.html else []), *self.links)


def read_templates(sequence: MessageSequence) -> None:
    """Whether every template of a sequence can be used with some leads.

    Raises InvalidTemplateError and InvalidSequenceError.
    """
    for step in sequence.steps.values():
        template_of(step, sequence.links_at)


def check_templates(sequence: MessageSequence, custom: Sequence[str]) -> None:
    """Whether every template of a sequence can be used, and for leads with these custom fields.

    Raises InvalidTemplateError and InvalidSequenceError.
    """
    for step in sequence.steps.values():
        template_of(step, sequence.links_at).check(custom)


@lru_cache(maxsize=512)
def template_of(step: Step, links_at: str) -> StepTemplate:
    """A step's templates. Raises InvalidTemplateError and InvalidSequenceError."""
    sources: list[str] = []
    text = _with_links(step.text, sources, html=False) if links_at else step.text
    html = _with_links(step.html, sources, html=True) if links_at else step.html
    if len(sources) > MOST_LINKS:
        raise InvalidSequenceError(f"Step {step.name} has more than {MOST_LINKS} links.")
    return StepTemplate(
        step,
        links_at,
        MessageTemplate.parse(step.subject, place=f"step {step.name}, subject"),
        MessageTemplate.parse(text, place=f"step {step.name}, text"),
        MessageTemplate.parse(html, place=f"step {step.name}, html", html=True) if html else None,
        tuple(MessageTemplate.parse(each, place=f"step {step.name}, link {each[:40]}") for each in sources),
    )


def values_of_lead(
    fields: Mapping[str, Any], custom: Mapping[str, str], client: str, campaign: str, caller_id: str
) -> dict[str, Any]:
    """What templates know of a lead; `fields` are its own, what is missing of them is empty."""
    own = {name: str(fields.get(name) or "") for name in _FIELDS}
    return own | {"custom": dict(custom), "client": client, "campaign": campaign, "caller_id": caller_id}


def _known(custom: Sequence[str], when: str, links_at: str, links: int) -> dict[str, Any]:
    known: dict[str, Any] = dict.fromkeys((*_FIELDS, *_OF_CAMPAIGN), "")
    known["custom"] = dict.fromkeys(custom, "")
    known |= {_name(number): "" for number in range(1, links + 1)}
    if when == BEFORE_APPOINTMENT:
        known["appointment"] = {"starts_at": ""}
    return known | ({"unsubscribe_url": ""} if links_at else {})


def _with_links(source: str, found: list[str], *, html: bool) -> str:
    """The source with a name in place of each link, which are added to those that were found."""

    def replaced(match: re.Match[str]) -> str:
        link = match[0].rstrip(_SENTENCE_END)
        rest = match[0][len(link) :]
        target = unescape(link) if html else link
        if target not in found:
            found.append(target)
        return f"{{{{ {_name(found.index(target) + 1)} }}}}{rest}"

    return _LINK.sub(replaced, source)


def _name(number: int) -> str:
    return f"link_{number}"


def _target(link: MessageTemplate, values: Mapping[str, Any]) -> str:
    """Where a link leads for a lead: at the host that the template has, whatever the lead's fields hold."""
    url = link.render({name: _quoted(value) for name, value in values.items()})
    if len(url) > LONGEST_URL:
        raise InvalidTemplateError(f"{link.place}: the link has more than {LONGEST_URL:,} characters.")
    return url


def _quoted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _quoted(each) for name, each in value.items()}
    return quote(value, safe="") if isinstance(value, str) else value


def _with_pixel(html: str, url: str) -> str:
    pixel = _PIXEL.format(escape(url))
    end = html.lower().rfind("</body>")
    return html + pixel if end < 0 else html[:end] + pixel + html[end:]
