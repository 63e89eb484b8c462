"""What far ends ask to be done with their calls, and never get: to move them elsewhere."""

from typing import Any

import pjsua2 as pj
import structlog

from dialer.switch.sip_events import callback

_DECLINE = pj.PJSIP_SC_DECLINE

log = structlog.get_logger("switch")


class UnmovedCall(pj.Call):  # type: ignore[misc]
    """A call that no far end moves elsewhere: neither customers nor softphones choose whom we call.

    The library by itself accepts both ways and tells nobody: it would call whatever number a REFER names
    (RFC 3515), as ourselves, and give the call to whoever sends an INVITE with Replaces (RFC 3891).
    """

    _told = False

    @callback
    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """A REFER in the call."""
        prm.statusCode = _DECLINE
        self._tell("REFER")

    @callback
    def onCallReplaceRequest(self, prm: Any) -> None:  # noqa: N802 - the library's name
        """Somebody wants to have this call."""
        prm.statusCode = _DECLINE
        self._tell("Replaces")

    def _tell(self, way: str) -> None:
        """Once a call: a far end may ask any number of times."""
        if not self._told:
            self._told = True
            log.warning("a far end wants to move its call elsewhere, which is refused", by=way)
