"""A far end that sounds as a test wants it to, before and after it answers, and keeps what it hears.

Once it has answered it presses keys, holds the call and comes back, falls silent, or hangs up.
"""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tests.dialer.switch.conftest import Address
from tests.telephone import FRAME, Samples, from_mu_law, silence, to_mu_law

_RTP = struct.Struct(">BBHII")
_EVENT = 101
"""The payload type of telephone events."""
_KEY = struct.Struct(">BBH")
_MARKER, _LAST_OF_KEY = 0x80, 0x80
_KEYS = "0123456789*#ABCD"
_PACKETS_A_KEY = 6
_NOTHING = silence(0)


class FarEnd(asyncio.DatagramProtocol):
    """One call: 183 with `early` sound, 200 after `answers_after_s` (None: never), then `says`.

    It speaks G.711 mu-law, sends silence when it has said all, and offers no telephone-event unless asked.
    With `again` it says it all again and again.
    """

    def __init__(
        self,
        says: Samples = _NOTHING,
        *,
        early: Samples = _NOTHING,
        answers_after_s: float | None = 0.0,
        key_events: bool = False,
        again: bool = False,
        session: str = "",
        describes: Callable[[str], str] = str,
    ) -> None:
        """`session`: its Session-Expires (RFC 4028); `describes`: its SDP, made from the usual one."""
        self._describes = describes
        self._early, self._says = to_mu_law(early), to_mu_law(says)
        self._answers_after_s = answers_after_s
        self._key_events, self._again = key_events, again
        self._session = session
        self.asked_again = 0
        """How many times the caller has offered its audio again, or refreshed the session."""
        self._audio = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._audio.bind(("127.0.0.1", 0))
        self._audio.setblocking(False)
        self._sent = 0
        self._to_say = b""
        self._keys: list[tuple[int, int, bytes]] = []
        """What is sent of keys: the payload's type, its timestamp, and the payload."""
        self.silent = False
        """It sends no audio at all."""
        self._agreed: set[str] = set()
        self.refused: list[int] = []
        """How the caller has refused its requests, each time that it says so."""
        self.invites = 0
        """That have come, with those that were sent again."""
        self._calls: set[str] = set()
        self._asked = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._invite: tuple[str, Address] | None = None
        self.answered = self.over = False
        self.canceled_after_s: float | None = None
        self._rang_at = 0.0
        self._packets: list[tuple[float, bytes]] = []
        self._answered_at = 0.0
        self.keys: list[str] = []
        """That were pressed for it (RFC 4733)."""
        self._last_key = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        asyncio.get_running_loop().add_reader(self._audio, self._listen)

    @property
    def uri(self) -> str:
        """Its SIP address."""
        host, port = self._transport.get_extra_info("sockname")
        return f"sip:far-end@{host}:{port}"

    @property
    def invited(self) -> int:
        """How many calls have come, of which it takes the first."""
        return len(self._calls)

    @property
    def agreed(self) -> int:
        """How many of its own requests the caller has agreed to, however often it says so."""
        return len(self._agreed)

    @property
    def port(self) -> int:
        """Where it takes its call."""
        return int(self._transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode(errors="replace")
        if text.startswith("INVITE"):
            self.invites += 1
            self._calls |= set(re.findall(r"^Call-ID: (.*?)\r", text, re.MULTILINE))
        if text.startswith("INVITE") and self._invite is None:
            self._invite = (text, addr)
            media = re.search(r"^m=audio (\d+)", text, re.MULTILINE)
            assert media
            self._tasks.append(asyncio.create_task(self._take_call(("127.0.0.1", int(media[1])))))
        elif text.startswith("INVITE") and "tag=" in text.partition("\r\nTo:")[2].partition("\r\n")[0]:
            self.asked_again += 1
            self._respond("200 OK", text, addr, sdp=True)
        elif text.startswith("CANCEL") and self._invite:
            self.canceled_after_s = asyncio.get_running_loop().time() - self._rang_at
            self._respond("200 OK", text, addr)
            self._respond("487 Request Terminated", *self._invite)
            self.over = True
        elif text.startswith("BYE"):
            self._respond("200 OK", text, addr)
            self.over = True
        elif text.startswith("SIP/2.0 200"):
            if re.search(r"^CSeq: \d+ INVITE", text, re.MULTILINE):
                self._ask("ACK")
            self._agreed |= set(re.findall(r"^CSeq: (.*?)\r", text, re.MULTILINE))
        elif refusal := re.match(r"SIP/2.0 ([3-6]\d\d)", text):
            self.refused.append(int(refusal[1]))

    def heard(self) -> Samples:
        """All that has come since the answer, without the gaps between packets."""
        return np.concatenate([silence(0), *(from_mu_law(packet) for _, packet in self._packets)])

    def hears_now(self) -> Samples:
        """The last 0.2 s that have come; silence where there is less."""
        latest = [from_mu_law(packet) for _, packet in self._packets[-10:]]
        return np.concatenate([silence(0.2), *latest])[-len(silence(0.2)) :]

    def heard_until(self, sound_s: float) -> Samples:
        """What had come when it had said so much after its answer, in seconds."""
        ends = self._answered_at + sound_s
        packets = [from_mu_law(packet) for at, packet in self._packets if at < ends]
        return np.concatenate([silence(0), *packets])

    def heard_tone_at(self, has_tone: Callable[[Samples], NDArray[np.bool_]]) -> float:
        """How long after its answer the first packet with the tone came, in seconds."""
        came = (at for at, packet in self._packets if has_tone(from_mu_law(packet)).any())
        return next(came) - self._answered_at

    def say(self, samples: Samples) -> None:
        """Says something more."""
        self._to_say += to_mu_law(samples)

    def press(self, key: str) -> None:
        """Presses a key, in the stream of its audio (RFC 4733)."""
        assert self._invite
        offered = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", self._invite[0], re.MULTILINE)
        assert offered
        began = FRAME * self._sent
        for place in range(_PACKETS_A_KEY):
            over = _LAST_OF_KEY if place >= _PACKETS_A_KEY // 2 else 0
            length = FRAME * min(place + 1, _PACKETS_A_KEY // 2)
            kind = int(offered[1]) | (0 if place else _MARKER)
            self._keys.append((kind, began, _KEY.pack(_KEYS.index(key), over | 10, length)))

    def press_by_info(self, key: str) -> None:
        """Tells of a key by SIP INFO."""
        self._ask("INFO", f"Signal={key}\r\nDuration=100\r\n", "application/dtmf-relay")

    def offer(self, direction: str, host: str = "127.0.0.1") -> None:
        """Asks for its audio to be as in a=sendonly, inactive, sendrecv (RFC 3264), by a re-INVITE."""
        body = self._body().replace("c=IN IP4 127.0.0.1", f"c=IN IP4 {host}") + f"a={direction}\r\n"
        self._ask("INVITE", body.replace("o=- 1 1", f"o=- 1 {self._asked + 2}"), "application/sdp")

    def hang_up(self) -> None:
        """It says BYE, once it has answered."""
        self._ask("BYE")
        self.over = True

    def refer(self, to: str) -> None:
        """Asks the caller to call somebody else in its place (RFC 3515)."""
        self._ask("REFER", more=f"Refer-To: <{to}>\r\n")

    def replaces(self) -> str:
        """The header by which somebody else asks for its call (RFC 3891)."""
        assert self._invite
        call, tag = (
            re.search(pattern, self._invite[0], re.MULTILINE)
            for pattern in (r"^Call-ID: (.*?)\r", r"^From: .*;tag=(.*?)\r")
        )
        assert call
        assert tag
        return f"Replaces: {call[1]};to-tag={tag[1]};from-tag=1"

    def _ask(self, method: str, body: str = "", kind: str = "text/plain", more: str = "") -> None:
        """Sends a request in the call that it has answered; an ACK is of the request before it."""
        assert self._invite
        invite, addr = self._invite
        found = [
            re.search(rf"^{pattern}\r\n", invite, re.MULTILINE)
            for pattern in ("Contact: <(.*?)[;>].*?", "Call-ID: (.*?)", "To: (.*?)", "From: (.*?)")
        ]
        contact, call_id, us, them = (each[1] for each in found if each)
        self._asked += method != "ACK"
        host, port = self._transport.get_extra_info("sockname")
        request = (
            f"{method} {contact} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{method}-{self._asked}\r\n"
            f"From: {us};tag=1\r\nTo: {them}\r\nCall-ID: {call_id}\r\nCSeq: {self._asked} {method}\r\n"
            f"Contact: <sip:far-end@{host}:{port}>\r\nMax-Forwards: 70\r\n{more}"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        self._transport.sendto(request.encode(), addr)

    def close(self) -> None:
        """Frees its sockets."""
        for task in self._tasks:
            task.cancel()
        asyncio.get_running_loop().remove_reader(self._audio)
        self._audio.close()
        self._transport.close()

    async def _take_call(self, peer: Address) -> None:
        assert self._invite
        loop = asyncio.get_running_loop()
        self._rang_at = loop.time()
        self._tasks.append(asyncio.create_task(self._speak(peer)))
        if self._early:
            self._to_say = self._early
            self._respond("183 Session Progress", *self._invite, sdp=True)
        if self._answers_after_s is None:
            return
        await asyncio.sleep(self._answers_after_s)
        if not self.over:
            self._to_say = self._says
            self._answered_at = loop.time()
            self.answered = True
            self._respond("200 OK", *self._invite, sdp=True)

    async def _speak(self, peer: Address) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while not self.over:
            if self._again and self.answered and not self._to_say:
                self._to_say = self._says
            # An instant early is put aside; a late one is made up for, as by any phone.
            await asyncio.sleep(max(0.0, begun + 0.02 * self._sent - loop.time()))
            if not self.silent:
                self._audio.sendto(self._packet(), peer)
            self._sent += 1

    def _packet(self) -> bytes:
        """The next of its stream: of a key, or of what it says."""
        kind, at = 0, FRAME * self._sent
        if self._keys:
            kind, at, payload = self._keys.pop(0)
        else:
            payload, self._to_say = self._to_say[:FRAME].ljust(FRAME, b"\xff"), self._to_say[FRAME:]
        return _RTP.pack(0x80, kind, self._sent & 0xFFFF, at, 1) + payload

    def _listen(self) -> None:
        packet = self._audio.recv(2048)
        _, kind, _, instant, _ = _RTP.unpack_from(packet)
        if kind & 0x7F == _EVENT:
            if instant != self._last_key:
                self.keys.append(_KEYS[packet[_RTP.size]])
            self._last_key = instant
        elif self.answered:
            self._packets.append((asyncio.get_running_loop().time(), packet[_RTP.size :]))

    def _respond(self, status: str, request: str, addr: Address, *, sdp: bool = False) -> None:
        kept = "".join(re.findall(r"^(?:Via|From|Call-ID|CSeq): .*?\r\n", request, re.MULTILINE))
        to = re.search(r"^To: (.*?)(?:;tag=.*?)?\r\n", request, re.MULTILINE)
        assert to
        rest = self._sdp() if sdp else "Content-Length: 0\r\n\r\n"
        self._transport.sendto(f"SIP/2.0 {status}\r\n{kept}To: {to[1]};tag=1\r\n{rest}".encode(), addr)

    def _sdp(self) -> str:
        body = self._describes(self._body())
        host, own = self._transport.get_extra_info("sockname")
        contact = f"Contact: <sip:far-end@{host}:{own}>\r\nContent-Type: application/sdp\r\n"
        if self._session:
            contact += f"Require: timer\r\nSession-Expires: {self._session}\r\n"
        return f"{contact}Content-Length: {len(body)}\r\n\r\n{body}"

    def _body(self) -> str:
        port = self._audio.getsockname()[1]
        events = " 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16" if self._key_events else ""
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0{events}\r\n"
        )


@asynccontextmanager
async def called(*far_ends: FarEnd) -> AsyncIterator[None]:
    """Each can be called meanwhile."""
    loop = asyncio.get_running_loop()
    for each in far_ends:
        await loop.create_datagram_endpoint(lambda each=each: each, local_addr=("127.0.0.1", 0))  # type: ignore[misc]
    try:
        yield
    finally:
        for each in far_ends:
            each.close()
