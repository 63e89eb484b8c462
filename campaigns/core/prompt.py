"""What a prompt is: a sound that a client's calls play, by name; and what may be wrong with one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.errors import InvalidPromptError, PromptUnspokenError

LONGEST_S = 300.0
"""Of any sound that a call plays."""
LONGEST_TEXT = 2000
"""Characters that are spoken at once: about two minutes."""

SILENT_BELOW = 0.001
"""A prompt whose loudest sample is below this share of full scale (-60 dBFS) cannot be heard."""
QUIET_BELOW = 0.05
"""-26 dBFS; speech on the telephone peaks at -10 to -3."""
CLIPPED_FROM = 0.999
MOST_CLIPPED = 0.001
"""The share of samples at full scale above which speech sounds torn."""

WARNINGS = {
    "prompt-silent": "nothing is to be heard in it",
    "prompt-quiet": "it is so quiet that many will not understand it",
    "prompt-clipped": "it is recorded too loud, so that it sounds torn",
}
"""What is taken all the same, by code."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_OTHER_NAMES = {"zh": "cmn", "no": "nb", "en": "en-us"}
"""Languages that a voice knows under another tag."""


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud a sound is: its loudest sample and the share of samples at full scale, both 0 to 1."""

    peak: float
    clipped: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of WARNINGS."""
        if self.peak < SILENT_BELOW:
            return ("prompt-silent",)
        if self.clipped > MOST_CLIPPED:
            return ("prompt-clipped",)
        return ("prompt-quiet",) if self.peak < QUIET_BELOW else ()


def is_prompt_name(text: object) -> bool:
    """Whether a text can be a prompt's name; no path can."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def checked_name(name: str) -> str:
    """Raises InvalidPromptError."""
    if not is_prompt_name(name):
        raise InvalidPromptError(
            "A prompt's name has 1 to 60 small letters, digits, - and _, as in welcome-en."
        )
    return name


def checked_language(language: str, *, may_be_empty: bool = False) -> str:
    """A language tag (BCP 47) as it is kept: en, en-US, zh-Hant. Raises InvalidPromptError."""
    if may_be_empty and not language:
        return ""
    if not _LANGUAGE.fullmatch(language):
        raise InvalidPromptError("A language is a BCP 47 tag, as in en, en-US or pt-BR.")
    first, *rest = language.split("-")
    return "-".join([first.lower(), *(part.upper() if len(part) == 2 else part.lower() for part in rest)])


def checked_text(text: str) -> str:
    """What is to be spoken, on one line. Raises InvalidPromptError."""
    clean = " ".join(text.split())
    if not clean or len(clean) > LONGEST_TEXT or not clean.isprintable():
        raise InvalidPromptError(f"The text has 1 to {LONGEST_TEXT} printable characters.")
    return clean


def voice_for(language: str, voices: Sequence[str]) -> str:
    """The voice of a language, or of the nearest one that it is a part of; both are tags.

    Raises PromptUnspokenError.
    """
    known = {voice.lower(): voice for voice in voices}
    parts = language.lower().split("-")
    for count in range(len(parts), 0, -1):
        tag = "-".join(parts[:count])
        for name in (tag, _OTHER_NAMES.get(tag, tag)):
            if name in known:
                return known[name]
    relatives = sorted(voice for voice in known if voice.split("-")[0] == parts[0])
    if relatives:
        return known[relatives[0]]
    raise PromptUnspokenError(
        f"espeak-ng has no voice for {language}; `espeak-ng --voices` lists them, or upload a recording."
    )
