"""Has a text spoken by espeak-ng, once, when a prompt is made. Blocks."""

import subprocess
import tempfile
from pathlib import Path

from campaigns.core.prompt import voice_for
from campaigns.errors import PromptUnspokenError, SpeechUnavailableError

_PROGRAM = "espeak-ng"
_WITHIN_S = 60
_WORDS_A_MINUTE = "160"
_MISSING = (
    "espeak-ng is not here to speak the text: install Debian's package espeak-ng, or upload a recording."
)


def speak(text: str, language: str, folder: Path) -> Path:
    """A WAV file of the text in a folder. Raises SpeechUnavailableError and PromptUnspokenError."""
    voice = voice_for(language, _voices())
    spoken = folder / "spoken.wav"
    # The text goes in by a pipe: what begins with a dash would be an option.
    _run(["-v", voice, "-s", _WORDS_A_MINUTE, "-b", "1", "-w", str(spoken), "--stdin"], text)
    if not spoken.is_file():
        raise PromptUnspokenError("espeak-ng made no sound of the text; try other words.")
    return spoken


def speaking_folder() -> tempfile.TemporaryDirectory[str]:
    """Where a text is spoken to; gone with the block."""
    return tempfile.TemporaryDirectory(prefix="dialer-speech-")


def _voices() -> list[str]:
    """The language tags in the second column of its table."""
    lines = _run(["--voices"]).splitlines()[1:]
    return [columns[1] for line in lines if len(columns := line.split()) > 1]


def _run(options: list[str], text: str = "") -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no word of the caller's among the options
            [_PROGRAM, *options], input=text.encode(), capture_output=True, timeout=_WITHIN_S, check=False
        )
    except FileNotFoundError:
        raise SpeechUnavailableError(_MISSING) from None
    except OSError as error:
        raise SpeechUnavailableError(f"espeak-ng does not start: {error.strerror}.") from error
    except subprocess.TimeoutExpired:
        raise PromptUnspokenError(f"espeak-ng took longer than {_WITHIN_S} s; give a shorter text.") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[:200]
        raise PromptUnspokenError(f"espeak-ng could not speak the text: {said or 'it did not say why'}.")
    return done.stdout.decode("utf-8", "replace")
