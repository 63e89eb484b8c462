"""What a single setting of a campaign has to be like; each check names the setting and says what is right."""

from typing import Any

from campaigns.core.prompt import is_prompt_name
from campaigns.errors import InvalidSettingsError

LONGEST_TEXT = 100
_LONGEST_PATH = 1000


def among(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """One of these. Raises InvalidSettingsError, as all of these do."""
    if value not in allowed:
        raise InvalidSettingsError(f"{name} is one of {', '.join(allowed)}, not {str(value)[:40]!r}.")


def one_line(name: str, value: object) -> None:
    """A short text on one line, which may be empty."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
        raise InvalidSettingsError(f"{name} is a text of at most {LONGEST_TEXT} characters on one line.")


def sound(name: str, value: object) -> None:
    """What can be played: a prompt's name or a path; whether it is there is for others to look at."""
    if not isinstance(value, str) or len(value) > _LONGEST_PATH or not value.isprintable():
        raise InvalidSettingsError(
            f"{name} is a prompt's name or the path of a WAV file, {_LONGEST_PATH} characters at most."
        )
    if value and not value.startswith("/") and not is_prompt_name(value):
        raise InvalidSettingsError(
            f"{name} is a prompt's name, or a path from the root on, as in /srv/messages/survey.wav."
        )


def within(name: str, value: Any, low: float, high: float) -> None:
    """A number in a range, its ends included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # not a number
        raise InvalidSettingsError(f"{name} is a number from {low:g} to {high:g}.")
    if not low <= value <= high:
        raise InvalidSettingsError(f"{name} is from {low:g} to {high:g}, not {str(value)[:40]}.")


def whole(name: str, value: object, low: int, high: int) -> None:
    """A whole number in a range, its ends included."""
    if not isinstance(value, int):
        raise InvalidSettingsError(f"{name} is a whole number from {low} to {high}.")
    within(name, value, low, high)
