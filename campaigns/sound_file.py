"""Whether a recorded message can be played: asked when a campaign is made, started, and while it runs."""

import wave
from functools import partial
from pathlib import Path

from campaigns.core.campaign import CampaignSettings
from campaigns.core.prompt import LONGEST_S, is_prompt_name
from campaigns.errors import UnplayableMessageError
from leads.threads import in_thread

RATES = (8000, 16000)
_BYTES_A_SAMPLE = 2


def why_unplayable(path: Path) -> str:
    """What is wrong with a WAV file, to stand after its name; empty where it can be played.

    The switch plays 16-bit PCM in one channel at 8 or 16 kHz. Blocks for as long as reading the header takes.
    """
    try:
        if not path.is_file():
            return "there is no such file"
        with path.open("rb") as file, wave.open(file) as sound:
            length_s = sound.getnframes() / sound.getframerate() if sound.getframerate() else 0.0
            form = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
            samples = sound.getnframes()
        if form not in [(1, _BYTES_A_SAMPLE, rate) for rate in RATES]:
            return "it is not 16-bit PCM in one channel at 8 or 16 kHz"
        if not 0 < length_s <= LONGEST_S:
            return f"it is not between 0 and {LONGEST_S:.0f} seconds long"
        if path.stat().st_size < samples * _BYTES_A_SAMPLE:
            return "it is cut off"
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or "its name cannot be that of a file"
    except (EOFError, wave.Error) as error:
        return f"it is not a WAV file that can be read: {error}" if str(error) else "it is not a WAV file"
    return ""


async def check_message(settings: CampaignSettings) -> None:
    """A campaign's messages, to people and to machines, can be played. Raises UnplayableMessageError.

    What is the name of a prompt is looked at elsewhere.
    """
    for message in (settings.message, settings.voicemail_message):
        if not message or is_prompt_name(message):
            continue
        path = Path(message)
        if why := await in_thread(partial(why_unplayable, path)):
            raise UnplayableMessageError(
                f"The message {path} cannot be played ({why}); give the campaign 16-bit PCM WAV in one "
                f"channel at 8 or 16 kHz, {LONGEST_S:.0f} seconds at most."
            )
