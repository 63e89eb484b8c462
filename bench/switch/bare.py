"""`python -m bench.switch.bare OPTIONS`: the same work on pjsua2 alone, as what the switch is held against.

No socket, no book of legs, no rules, and pjsua2's own options written out once more, so that a bad choice
of the switch shows in the ratio. OPTIONS is a `BareOptions` as JSON. Events, one JSON object a line:

- `placing`: the first call goes out
- `done`, for work `rate`: completed, latencies_ms (from INVITE to answer)
- `up`, for work `pairs`: every pair is bridged; the pairs stay until standard input ends
"""

import json
import os
import select
import sys
import time
from typing import Any

import msgspec
import pjsua2 as pj

from bench.switch.options import BareOptions

_STDIN = 0
_GIVE_UP_S = 20.0


class Phone:
    """Bare pjsua2 with what a call centre needs of it."""

    def __init__(self, options: BareOptions) -> None:
        self.options = options
        self.calls: dict[int, _Call] = {}
        self.gone: list[_Call] = []
        self.waiting: _Call | None = None
        self.answered = 0
        self.ended = 0
        self.latencies_ms: list[float] = []
        self.library = pj.Endpoint()
        self.library.libCreate()
        self.library.libInit(_library_config(options))
        transport = pj.TransportConfig()
        transport.boundAddress = options.endpoint.host
        self.library.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.library.libStart()
        self.library.audDevManager().setNullDev()
        codecs = self.library.codecEnum2()
        for codec in codecs:
            g711 = str(codec.codecId).startswith(("PCMU/8000", "PCMA/8000"))
            self.library.codecSetPriority(codec.codecId, 200 if g711 else 0)
        self.account = pj.Account()
        self.account.create(_account_config(options))

    def poll(self, timeout_ms: int) -> None:
        self.library.libHandleEvents(timeout_ms)
        self.gone.clear()

    def place(self) -> None:
        call = _Call(self)
        options = pj.CallOpParam(True)
        options.opt.audioCount = 1
        options.opt.videoCount = options.opt.textCount = 0
        call.makeCall(self.options.target, options)
        self.calls[call.getId()] = call

    def place_all(self) -> None:
        """Places every call at its instant, handling what comes meanwhile."""
        started = time.monotonic()
        for number in range(self.options.calls):
            due = started + number / self.options.rate
            while (left := due - time.monotonic()) > 0:
                self.poll(max(1, int(left * 1000)))
            self.place()

    def bridge(self, call: "_Call") -> None:
        """Every second call that is answered is bridged with the one before."""
        other, self.waiting = self.waiting, call
        if other is not None:
            self.waiting = None
            mine, theirs = call.getAudioMedia(0), other.getAudioMedia(0)
            mine.startTransmit(theirs)
            theirs.startTransmit(mine)


class _Call(pj.Call):  # type: ignore[misc]
    def __init__(self, phone: Phone) -> None:
        super().__init__(phone.account)
        self._phone = phone
        self._placed_at = time.monotonic()

    def onCallState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        phone = self._phone
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            phone.answered += 1
            phone.latencies_ms.append((time.monotonic() - self._placed_at) * 1000)
            if phone.options.work == "pairs":
                phone.bridge(self)
            else:
                self.hangup(pj.CallOpParam())
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            phone.ended += 1
            phone.gone.append(phone.calls.pop(info.id))


def _library_config(options: BareOptions) -> Any:
    config = pj.EpConfig()
    config.uaConfig.maxCalls = options.endpoint.max_calls
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
    config.medConfig.ecTailLen = 0
    config.medConfig.noVad = True
    config.medConfig.sndAutoCloseTime = -1
    config.medConfig.maxMediaPorts = 4 * options.endpoint.max_calls + 16
    return config


def _account_config(options: BareOptions) -> Any:
    config = pj.AccountConfig()
    config.idUri = f"sip:bare@{options.endpoint.host}"
    config.mediaConfig.lockCodecEnabled = False
    config.mediaConfig.transportConfig.boundAddress = options.endpoint.host
    config.mediaConfig.transportConfig.port = options.endpoint.rtp_port
    config.mediaConfig.transportConfig.portRange = options.endpoint.rtp_port_count
    config.mediaConfig.transportConfig.randomizePort = True
    return config


def _say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def _measure_rate(phone: Phone) -> None:
    phone.place_all()
    give_up = time.monotonic() + _GIVE_UP_S
    while phone.calls and time.monotonic() < give_up:
        phone.poll(10)
    _say("done", completed=phone.ended, latencies_ms=phone.latencies_ms)


def _hold_pairs(phone: Phone) -> None:
    phone.place_all()
    give_up = time.monotonic() + _GIVE_UP_S
    while phone.answered < phone.options.calls and time.monotonic() < give_up:
        phone.poll(10)
    if phone.answered == phone.options.calls:
        _say("up")


def main() -> None:
    """Does the work, then waits for the end of its standard input."""
    phone = Phone(msgspec.json.decode(sys.argv[1], type=BareOptions))
    _say("placing")
    if phone.options.work == "rate":
        _measure_rate(phone)
    else:
        _hold_pairs(phone)
    while not select.select([_STDIN], [], [], 0)[0] or os.read(_STDIN, 4096):
        phone.poll(10)
    phone.library.libDestroy()


if __name__ == "__main__":
    main()
