"""What agents hear beside the people they talk with: a sound while they wait, and a beep before a talk."""

from collections import deque
from typing import Any

import pjsua2 as pj
import structlog

from dialer.switch.sip_call import EndpointError, SipCall

_LONGEST_BEEP_S = 2.0

log = structlog.get_logger("switch")


class AgentSounds:
    """Plays them. One that cannot be played is logged and left out: it must keep nobody from talking."""

    def __init__(self) -> None:
        self._loops: dict[str, Any] = {}
        self._beeps: deque[tuple[float, Any]] = deque()
        """The players of beeps, each with when it is over."""

    def wait(self, call: SipCall, path: str) -> None:
        """An agent hears a WAV file over and over; all who wait share one player."""
        try:
            if path not in self._loops:
                self._loops[path] = _player(path, loop=True)
            call.hear(self._loops[path])
        except EndpointError as error:
            log.error("an agent waits in silence", error=str(error))

    def beep(self, call: SipCall, path: str, now: float) -> None:
        """An agent hears a WAV file once, beside all else; `now` is monotonic seconds."""
        try:
            player = _player(path, loop=False)
            call.play_beside(player)
            self._beeps.append((now + _LONGEST_BEEP_S, player))
        except EndpointError as error:
            log.error("an agent is connected without a beep", error=str(error))

    def tick(self, now: float) -> None:
        """Lets go of beeps that are over: the library has room for a few hundred players."""
        while self._beeps and self._beeps[0][0] <= now:
            self._beeps.popleft()

    def close(self) -> None:
        """Gives every player back."""
        self._loops.clear()
        self._beeps.clear()


def _player(path: str, *, loop: bool) -> Any:
    player = pj.AudioMediaPlayer()
    try:
        player.createPlayer(path, 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)
    except pj.Error as error:
        raise EndpointError(f"The sound {path} could not be played: {error.reason}.") from error
    return player
