"""An e-mail that came in reply to one of ours, as what its writer wrote: plain, without what is quoted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import getaddresses
from html.parser import HTMLParser

MAX_BYTES = 1 << 20
"""Of an e-mail that is looked at; what follows is left out."""
MAX_TEXT = 10_000
_MOST_IDS = 50
_LONGEST_ID = 255

_WROTE = re.compile(
    r"^\W*(on|am|le|el|il|em|op|den|w dniu|dne|le)\b.{4,200}"
    r"\b(wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał\(?a?\)?|pisze|napsal)\b"
    r".{0,80}:\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"^\s*([-_=]{5,}\s*$|-{2,}\s*(original|ursprüngliche|message d'origine|mensaje original|messaggio|"
    r"mensagem original|oorspronkelijk|oryginalna).*|(from|von|de|da|van|od)\s?:\s.+@.+)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^-- ?$")
_SKIPPED_TAGS = frozenset({"blockquote", "style", "script", "head", "title"})
_LINE_TAGS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "hr"})
_VOID_TAGS = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr"})
_QUOTE_CLASSES = frozenset({"gmail_quote", "gmail_quote_container", "moz-cite-prefix", "yahoo_quoted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEmail:
    """What came. `sender` is in lower case; `answers` are the ids of the messages that it answers, nearest
    first, without their brackets."""

    sender: str
    subject: str
    text: str
    message_id: str
    answers: tuple[str, ...]
    recipients: tuple[str, ...]
    by_machine: bool
    """Whether no person wrote it: an absence note, a bounce, a list's mail (RFC 3834)."""


def read_email(content: bytes) -> IncomingEmail | None:
    """The e-mail; None for what is none. Never raises, whatever is given."""
    try:
        message = message_from_bytes(content[:MAX_BYTES], policy=policy.default)
        sender = _sender(message)
        if not sender:
            return None
        return IncomingEmail(
            sender=sender,
            subject=_line(_header(message, "Subject"))[:300],
            text=own_words(_text(message))[:MAX_TEXT],
            message_id=next(iter(_ids(_header(message, "Message-ID"))), ""),
            answers=tuple(_answers(message)),
            recipients=tuple(_recipients(message)),
            by_machine=_is_by_machine(message),
        )
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, IndexError, RecursionError):
        # The library's parser is known to raise any of these over headers that are broken on purpose.
        return None


def own_words(text: str) -> str:
    """What stands above the quotation, without signature and quoted lines."""
    kept = []
    for line in text.splitlines():
        if _WROTE.match(line) or _RULE.match(line) or _SIGNATURE.match(line):
            break
        if not line.lstrip().startswith((">", "|")):
            kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _header(message: EmailMessage, name: str) -> str:
    value = message.get(name)
    return "" if value is None else str(value)


def _line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _sender(message: EmailMessage) -> str:
    for _, address in getaddresses([_header(message, "From")]):
        if "@" in address and len(address) <= 254 and address.isprintable() and " " not in address:
            return address.lower()
    return ""


def _recipients(message: EmailMessage) -> Iterator[str]:
    headers = [_header(message, name) for name in ("To", "Delivered-To", "X-Original-To", "Cc")]
    for _, address in getaddresses(headers)[:_MOST_IDS]:
        if "@" in address:
            yield address.lower()


def _answers(message: EmailMessage) -> Iterator[str]:
    references = list(_ids(_header(message, "References")))
    yield from dict.fromkeys([*_ids(_header(message, "In-Reply-To")), *reversed(references)])


def _ids(text: str) -> list[str]:
    found = re.findall(r"<([^<>\s]{3,255})>", text) or re.findall(r"[^<>\s]{3,255}@[^<>\s]{1,255}", text)
    return [each for each in found if len(each) <= _LONGEST_ID][-_MOST_IDS:]


def _is_by_machine(message: EmailMessage) -> bool:
    submitted = _header(message, "Auto-Submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    if _header(message, "Precedence").strip().lower() in ("bulk", "list", "junk", "auto_reply"):
        return True
    if message.get_content_type() == "multipart/report" or _header(message, "Return-Path").strip() == "<>":
        return True
    return any(message.get(each) is not None for each in ("X-Autoreply", "X-Autorespond", "X-Auto-Response"))


def _text(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    charset = part.get_content_charset() or "utf-8"
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(charset, errors="replace")
    except LookupError:
        text = raw.decode("utf-8", errors="replace")
    text = "".join(
        each if each.isprintable() or each in "\n\t" else " " for each in text.replace("\r\n", "\n")
    )
    return plain_of_html(text) if part.get_content_type() == "text/html" else text


class _Words(HTMLParser):
    """Collects the text of an HTML part that is no quotation."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._left_out: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = set((dict(attrs).get("class") or "").split())
        if tag not in _VOID_TAGS and (self._left_out or tag in _SKIPPED_TAGS or classes & _QUOTE_CLASSES):
            self._left_out.append(tag)
        if tag in _LINE_TAGS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._left_out:
            del self._left_out[self._left_out.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            self.parts.append(data)


def plain_of_html(html: str) -> str:
    """The words of an HTML text, a line for each block, without what it quotes."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "\n".join(" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
