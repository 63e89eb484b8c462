"""What a person hears who has called us, and for how long: their campaign's sounds, or the dialer's own."""

from importlib.resources import files

from campaigns.core.inbound import InboundSettings
from dialer.core.inbound import InboundWait

_SOUNDS = files("dialer").joinpath("sounds")
RINGING = str(_SOUNDS.joinpath("ringing.wav"))
CALLS_BACK = str(_SOUNDS.joinpath("calls_back.wav"))
NOBODY_FREE = str(_SOUNDS.joinpath("nobody_free.wav"))


def wait_of(settings: InboundSettings, *, is_open: bool = True) -> InboundWait:
    """`is_open`: whether it is an hour at which the campaign works."""
    return InboundWait(
        music=settings.inbound_music or RINGING,
        message=settings.inbound_message or NOBODY_FREE,
        callback_key=settings.inbound_callback_key,
        promise=settings.inbound_callback_message or CALLS_BACK,
        longest_s=settings.inbound_wait_s,
        open=is_open and settings.takes_callers,
    )
