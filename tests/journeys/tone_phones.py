"""Phones made by hand of SIP and RTP: a tone each, and keys by RFC 4733 and INFO."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import numpy as np

from tests.support import eventually
from tests.telephone import FRAME, RATE_HZ, Samples, from_mu_law, to_mu_law

_RTP = struct.Struct(">BBHII")
_EVENT = struct.Struct(">BBH")
_LISTENS_TO = 800
"""Samples: a tenth of a second, in which tones 10 Hz apart are told apart."""
_LOUD = 500

Address = tuple[str, int]


def spoken(hz: float, frames: int = 50) -> list[bytes]:
    """A loud tone in frames of 20 ms, which may be repeated where a second has whole periods."""
    at = np.arange(frames * FRAME) / RATE_HZ
    code = to_mu_law(np.rint(8000 * np.sin(2 * np.pi * hz * at)).astype(np.int16))
    return [code[first : first + FRAME] for first in range(0, len(code), FRAME)]


class ToneAudio:
    """The sound of one call: a tone that is sent once it is known where to, and what is heard meanwhile."""

    def __init__(self, hz: float) -> None:
        self.ended = False
        self._frames = spoken(hz)
        self._heard = bytearray()
        self._sent = 0
        self._events = 101
        self._event: tuple[int, int, int] | None = None
        self._audio = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._audio.bind(("127.0.0.1", 0))
        self._audio.setblocking(False)
        asyncio.get_running_loop().add_reader(self._audio, self._listen)
        self._speaking: asyncio.Task[None] | None = None

    def speak_to(self, theirs: str) -> None:
        """Sends the tone where the other side's SDP, within a message of theirs, wants it."""
        media = re.search(r"^m=audio (\d+)", theirs, re.MULTILINE)
        events = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", theirs, re.MULTILINE)
        assert media
        assert events
        self._events = int(events[1])
        self._audio_of_peer = ("127.0.0.1", int(media[1]))
        self._speaking = asyncio.create_task(self._speak())

    def sdp(self) -> str:
        """Mu-law and telephone events."""
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._audio.getsockname()[1]} RTP/AVP 0 {self._events}\r\n"
            f"a=rtpmap:{self._events} telephone-event/8000\r\na=fmtp:{self._events} 0-15\r\n"
        )

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            stamp = self._sent * FRAME
            header = _RTP.pack(0x80, 0, self._sent & 0xFFFF, stamp, 1)
            if self._event is not None:
                header, body = self._event_packet()
            else:
                body = self._frames[self._sent % len(self._frames)]
            self._audio.sendto(header + body, self._audio_of_peer)
            self._sent += 1
            await asyncio.sleep(max(0.0, began + self._sent * 0.02 - loop.time()))

    def _event_packet(self) -> tuple[bytes, bytes]:
        """RFC 4733: the same instant, a growing duration, and the end three times."""
        assert self._event is not None
        code, since, step = self._event
        ends = step > 5
        marker = 0x80 if step == 0 else 0
        header = _RTP.pack(0x80, marker | self._events, self._sent & 0xFFFF, since, 1)
        body = _EVENT.pack(code, (0x80 if ends else 0) | 10, FRAME * min(step + 1, 7))
        self._event = None if step == 8 else (code, since, step + 1)
        return header, body

    def _listen(self) -> None:
        packet = self._audio.recv(2048)
        if packet[1] & 0x7F == 0:
            self._heard += packet[_RTP.size :]

    def press(self, key: str) -> None:
        """In the audio's stream."""
        self._event = ("0123456789*#".index(key), self._sent * FRAME, 0)

    async def hears(self, hz: float, within_s: float = 30) -> None:
        """Returns while a tone of that pitch, to 10 Hz, is what is heard."""
        await eventually(lambda: self.pitch() == hz, within_s)

    async def has_heard(self, hz: float, within_s: float = 60) -> None:
        """Returns once a tone of that pitch was heard, however long ago."""
        await eventually(lambda: hz in self._pitches(), within_s)

    def sound(self) -> Samples:
        """All that was heard."""
        return from_mu_law(bytes(self._heard))

    def _pitches(self) -> set[float]:
        """Of all that was heard so far, in steps of half of what is listened to."""
        ends = range(len(self._heard), 0, -_LISTENS_TO // 2)
        return {self.pitch(end) for end in ends}

    def pitch(self, until: int | None = None) -> float:
        """Of what was heard last, or `until` a sample; 0 for silence."""
        end = len(self._heard) if until is None else until
        code = ~np.frombuffer(bytes(self._heard[max(0, end - _LISTENS_TO) : end]), np.uint8)
        if len(code) < _LISTENS_TO:
            return 0
        magnitude = ((((code & 0x0F).astype(int) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
        sound = np.where(code & 0x80, -magnitude, magnitude)
        if np.abs(sound).max() < _LOUD:
            return 0
        return float(np.abs(np.fft.rfft(sound * np.hanning(_LISTENS_TO))).argmax() * 8000 / _LISTENS_TO)

    def close(self) -> None:
        """No sound any more."""
        self.ended = True
        if self._speaking is not None:
            self._speaking.cancel()
        asyncio.get_running_loop().remove_reader(self._audio)
        self._audio.close()


class Phone(ToneAudio):
    """One call. It is answered at once, and its tone is sent until it ends."""

    def __init__(self, phones: "TonePhones", invite: str, peer: Address, hz: float) -> None:
        super().__init__(hz)
        self._phones, self._invite, self._peer = phones, invite, peer
        self._cseq = 0
        self.speak_to(invite)

    def press_by_info(self, key: str) -> None:
        """By a SIP INFO."""
        self._cseq += 1
        body = f"Signal={key}\r\nDuration=160\r\n"
        self._phones.request(self._invite, self._peer, "INFO", self._cseq, "application/dtmf-relay", body)


class TonePhones(asyncio.DatagramProtocol):
    """Phones behind one port, by the user part that is called; `tones` says what pitch each sends."""

    def __init__(self, tones: dict[str, float]) -> None:
        self.phones: dict[str, Phone] = {}
        self._tones = tones
        self._by_call: dict[str, Phone] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._host, self._port = self._transport.get_extra_info("sockname")

    def uri(self, user: str) -> str:
        """The SIP address of a phone."""
        return f"sip:{user}@{self._host}:{self._port}"

    async def called(self, user: str, within_s: float = 60) -> Phone:
        """The phone, once it was called."""
        return await eventually(lambda: self.phones.get(user), within_s)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode()
        call_id = _header(text, "Call-ID")
        if text.startswith("INVITE") and call_id not in self._by_call:
            called = re.match(r"INVITE sip:([^@]+)@", text)
            assert called
            phone = self._by_call[call_id] = Phone(self, text, addr, self._tones[called[1]])
            self.phones[called[1]] = phone
            contact = f"Contact: <{self.uri(called[1])}>\r\nContent-Type: application/sdp\r\n"
            self._respond(text, addr, f"{contact}Content-Length: {len(phone.sdp())}\r\n\r\n{phone.sdp()}")
        elif text.startswith("BYE"):
            self._respond(text, addr, "Content-Length: 0\r\n\r\n")
            if (phone := self._by_call.get(call_id)) and not phone.ended:
                phone.close()
        elif text.startswith("OPTIONS"):
            self._respond(text, addr, "Content-Length: 0\r\n\r\n")

    def request(self, invite: str, peer: Address, method: str, cseq: int, kind: str, body: str) -> None:
        """A request of ours within a call that was made to us."""
        to = re.search(r"^Contact: .*?<(.*?)>", invite, re.MULTILINE)
        assert to
        lines = (
            f"{method} {to[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._host}:{self._port};branch=z9hG4bK{id(invite)}{cseq};rport",
            "Max-Forwards: 70",
            f"From: {_header(invite, 'To').split(';tag=')[0]};tag=1",
            f"To: {_header(invite, 'From')}",
            f"Call-ID: {_header(invite, 'Call-ID')}",
            f"CSeq: {cseq} {method}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
        )
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), peer)

    def _respond(self, request: str, addr: Address, rest: str) -> None:
        kept = "".join(re.findall(r"^(?:Via|From|Call-ID|CSeq): .*?\r\n", request, re.MULTILINE))
        to = _header(request, "To").split(";tag=")[0]
        self._transport.sendto(f"SIP/2.0 200 OK\r\n{kept}To: {to};tag=1\r\n{rest}".encode(), addr)

    def close(self) -> None:
        """Nobody can be called any more."""
        for phone in self._by_call.values():
            if not phone.ended:
                phone.close()
        self._transport.close()


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*?)\r\n", text, re.MULTILINE)
    assert found, f"no {name} in {text}"
    return found[1]


@asynccontextmanager
async def tone_phones(tones: dict[str, float]) -> AsyncIterator[TonePhones]:
    """Phones that answer at once; `tones` is the pitch that each user sends."""
    loop = asyncio.get_running_loop()
    _, phones = await loop.create_datagram_endpoint(lambda: TonePhones(tones), local_addr=("127.0.0.1", 0))
    try:
        yield phones
    finally:
        phones.close()
