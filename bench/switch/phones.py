"""`python -m bench.switch.phones OPTIONS`: phones of their own, without pjsua2: SIP, RTP and G.711 by hand.

A phone on pjsua2 sends and looks at audio by a clock of 20 ms; two of them add up to 40 ms to what is to be
measured. These send their first sound together with the 200, and see sound when its packet arrives.
They answer whoever calls and know just enough SIP for a peer that behaves; nothing is sent twice.

OPTIONS is a `PhonesOptions` as JSON. Events, one JSON object a line; the instants in `mono` are
`time.monotonic()`, the same clock in every process of a machine:

- `listening`: host, port
- `invited`: user, mono
- `answered`: user, mono (just before the 200 and the first sound are sent)
- `heard`: user, mono; sound arrives after silence
"""

import asyncio
import contextlib
import json
import re
import socket
import struct
import sys
import time
from collections.abc import Callable
from random import Random
from typing import cast

import msgspec

from bench.switch.options import PhonesOptions

_HOST = "127.0.0.1"
_FRAME_S = 0.02
_SAMPLES = 160
_RECEIVE_BYTES = 4096
_SILENCE_S = 0.1
_TONE = (b"\x90" * 10 + b"\x10" * 10) * 8
"""A loud square wave of 400 Hz in mu-law."""
_QUIET = 0x50
"""A mu-law sample without its sign is quieter the greater it is; silence is 0x7f."""
_RTP = struct.Struct(">BBHII")
_Address = tuple[str, int]


class Phones(asyncio.DatagramProtocol):
    """The SIP address of all phones."""

    def __init__(self, options: PhonesOptions) -> None:
        self.options = options
        self.random = Random()
        self._calls: dict[str, _Phone] = {}
        self._transport: asyncio.DatagramTransport
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        host, port = transport.get_extra_info("sockname")
        self.address = f"{host}:{port}"
        say("listening", host=host, port=port)

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        request = _Request(data.decode("utf-8", "replace"), addr)
        if request.method == "INVITE" and request.call not in self._calls:
            phone = self._calls[request.call] = _Phone(self, request)
            phone.ring()
        elif request.method == "BYE":
            self.send(request.response("200 OK"), addr)
            if known := self._calls.pop(request.call, None):
                known.close()
        elif request.method == "CANCEL":
            self.send(request.response("200 OK"), addr)
            if known := self._calls.pop(request.call, None):
                known.cancel()

    def send(self, message: str, to: _Address) -> None:
        self._transport.sendto(message.encode(), to)


class _Request:
    """What came, as far as these phones read it; a response has a method that no phone minds."""

    def __init__(self, text: str, sender: _Address) -> None:
        self.text = text
        self.sender = sender
        self.method = text.partition(" ")[0]
        self.call = self.header("Call-ID")

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}: *(.*?)\r$", self.text, re.MULTILINE)
        return found[1] if found else ""

    def response(self, status: str, tag: str = "", rest: str = "Content-Length: 0\r\n\r\n") -> str:
        kept = re.findall(r"^(?:Via|From|Call-ID|CSeq): .*?\r\n", self.text, re.MULTILINE)
        to = self.header("To") + (f";tag={tag}" if tag else "")
        return f"SIP/2.0 {status}\r\n{''.join(kept)}To: {to}\r\n{rest}"


class _Phone:
    """One call: its dialog, and its audio. What a phone that is not watched receives is left unread."""

    def __init__(self, phones: Phones, invite: _Request) -> None:
        self._phones = phones
        self._invite = invite
        self._tag = f"{phones.random.getrandbits(32):08x}"
        called = re.search(r"sips?:([^@]+)@", invite.text)
        self._user = called[1] if called else ""
        self._watched = self._user.startswith(phones.options.watched)
        self._peer = _audio_address(invite.text)
        self._audio, self._reports = _ports()
        self._sequence = 0
        self._over = False
        self._heard_at = 0.0
        self._next_at = 0.0
        self._timers: list[asyncio.TimerHandle] = []

    def ring(self) -> None:
        options = self._phones.options
        say("invited", user=self._user, mono=time.monotonic())
        self._phones.send(self._invite.response("180 Ringing", self._tag), self._invite.sender)
        self._after(self._phones.random.uniform(0, options.ring_s), self._answer)

    def _after(self, delay_s: float, do: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(delay_s, do))

    def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        _, port = self._audio.getsockname()
        answered_at = time.monotonic()
        self._phones.send(self._accepted(port), self._invite.sender)
        self._next_at = loop.time()
        self._speak()
        say("answered", user=self._user, mono=answered_at)
        if self._watched:
            loop.add_reader(self._audio, self._listen)
            if self._phones.options.talk_s is not None:
                self._after(self._phones.options.talk_s, self._hang_up)

    def _accepted(self, port: int) -> str:
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {_HOST}\r\ns=-\r\nc=IN IP4 {_HOST}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )
        contact = f"Contact: <sip:{self._phones.address}>\r\nContent-Type: application/sdp\r\n"
        rest = f"{contact}Content-Length: {len(body)}\r\n\r\n{body}"
        return self._invite.response("200 OK", self._tag, rest)

    def _speak(self) -> None:
        """Sends a packet every 20 ms from the answer on."""
        if self._over:
            return
        header = _RTP.pack(0x80, 0, self._sequence & 0xFFFF, self._sequence * _SAMPLES, id(self) & 0xFFFFFFFF)
        with contextlib.suppress(OSError):
            self._audio.sendto(header + _TONE, self._peer)
        self._sequence += 1
        self._next_at += _FRAME_S
        asyncio.get_running_loop().call_at(self._next_at, self._speak)

    def _listen(self) -> None:
        now = time.monotonic()
        packet = self._audio.recv(_RECEIVE_BYTES)
        if all(sample & 0x7F >= _QUIET for sample in packet[_RTP.size :: 10]):
            return
        if now - self._heard_at > _SILENCE_S:
            say("heard", user=self._user, mono=now)
        self._heard_at = now

    def _hang_up(self) -> None:
        contact = re.search(r"<(.*?)>", self._invite.header("Contact"))
        target = contact[1] if contact else ""
        branch = f"z9hG4bK{self._phones.random.getrandbits(64):x}"
        bye = (
            f"BYE {target} SIP/2.0\r\nVia: SIP/2.0/UDP {self._phones.address};branch={branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: {self._invite.header('To')};tag={self._tag}\r\n"
            f"To: {self._invite.header('From')}\r\nCall-ID: {self._invite.call}\r\nCSeq: 1 BYE\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        self.close()
        self._phones.send(bye, self._invite.sender)

    def cancel(self) -> None:
        """The caller gives up before the answer."""
        self.close()
        terminated = self._invite.response("487 Request Terminated", self._tag)
        self._phones.send(terminated, self._invite.sender)

    def close(self) -> None:
        """The call is over."""
        if self._over:
            return
        self._over = True
        for timer in self._timers:
            timer.cancel()
        asyncio.get_running_loop().remove_reader(self._audio)
        self._audio.close()
        self._reports.close()


def _ports() -> tuple[socket.socket, socket.socket]:
    """Two neighbouring ports: RTP, and the RTCP that nobody reads but that would reach another phone."""
    while True:
        audio, reports = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        audio.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        audio.setblocking(False)
        audio.bind((_HOST, 0))
        _, port = audio.getsockname()
        with contextlib.suppress(OSError):
            reports.bind((_HOST, port + 1))
            return audio, reports
        audio.close()
        reports.close()


def _audio_address(sdp: str) -> _Address:
    host = re.search(r"^c=IN IP4 (\S+)", sdp, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", sdp, re.MULTILINE)
    if host is None or port is None:
        raise ValueError("The caller offers no audio.")
    return host[1], int(port[1])


def say(event: str, **fields: object) -> None:
    """Writes an event as one JSON line."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


async def _run(options: PhonesOptions) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    transport, _ = await loop.create_datagram_endpoint(lambda: Phones(options), local_addr=(_HOST, 0))
    await ended.wait()
    transport.close()


if __name__ == "__main__":
    asyncio.run(_run(msgspec.json.decode(sys.argv[1], type=PhonesOptions)))
