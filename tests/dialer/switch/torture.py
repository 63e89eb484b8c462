"""SIP messages that are hard, wrong or hostile, each of a kind that RFC 4475 names, in words of our own."""

import random
from collections.abc import Iterator

SDP = (
    "v=0\r\no=mallory 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
    "m=audio 49217 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
VIA = "SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK{name}"
_DIALOG = {
    "Via": VIA,
    "Max-Forwards": "70",
    "From": "<sip:mallory@example.net>;tag={name}",
    "To": "<sip:dialer@127.0.0.1>",
    "Call-ID": "{name}@192.0.2.7",
    "Contact": "<sip:mallory@192.0.2.7>",
}


def message(name: str, method: str, changes: dict[str, str | None] | None = None, **parts: str) -> bytes:
    """A request that is right but for the changes: a header's value, or None to leave it out.

    `uri`, `line` (the whole first line), `more` (headers as they are) and `body` may be given.
    """
    body = parts.get("body", SDP if method == "INVITE" else "")
    headers: dict[str, str | None] = {
        **_DIALOG,
        "CSeq": f"1 {method}",
        "Content-Type": "application/sdp" if body else None,
        "Content-Length": str(len(body.encode("utf-8", "surrogateescape"))),
    }
    headers |= changes or {}
    lines = [parts.get("line") or f"{method} {parts.get('uri', 'sip:dialer@127.0.0.1')} SIP/2.0"]
    lines += [f"{key}: {value}" for key, value in headers.items() if value is not None]
    lines += [parts["more"]] if "more" in parts else []
    text = "\r\n".join(lines).replace("{name}", name) + "\r\n\r\n" + body
    return text.encode("utf-8", "surrogateescape")


def messages() -> dict[str, bytes]:
    """Every message by the section of RFC 4475 that it is like, and what it is."""
    long = "x" * 4000
    folded = "INVITE\r\n sip:dialer@127.0.0.1  SIP/2.0"
    return {
        "3.1.1.1 folded and spaced": message(
            "folded",
            "INVITE",
            {"From": None, "Subject": "", "Max-Forwards": "0068", "CSeq": "0009\r\n  INVITE"},
            more='f   :\r\n "J \\\\\\""  <sip:m@example.net>\r\n  ;\r\n tag = 98\r\nNewFangled:;;,,;;,;',
        ),
        "3.1.1.2 every legal character": message(
            "chars",
            "!interesting-Method0123456789_*+`.%indeed'~",
            {"From": '"\u0007B:\u007f N:\\\x01" <sip:1_unusual.URI~(be!sure)&is\'t+it$/x@example.net>;tag=x'},
            uri="sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d@127.0.0.1",
        ),
        "3.1.1.3 escaped percents": message(
            "escaped", "INVITE", uri="sip:sips%3Auser%40example.com@127.0.0.1"
        ),
        "3.1.1.4 escaped nulls": message(
            "nulls", "REGISTER", {"To": "<sip:null-%00-null@127.0.0.1>", "Contact": "<sip:%00@192.0.2.7>"}
        ),
        "3.1.1.5 a percent that escapes nothing": message("percent", "RE%47IST%45R"),
        "3.1.1.6 no space after a name": message(
            "nospace", "OPTIONS", {"From": "mallory<sip:m@example.net>;tag=x"}
        ),
        "3.1.1.7 long values": message(
            "long", "INVITE", {"From": f'"{long}" <sip:{long}@example.net>;tag={long}', "Call-ID": long[:800]}
        ),
        "3.1.1.8 extra bytes behind the body": message("behind", "REGISTER")
        + b"NOTIFY sip:x SIP/2.0\r\n" * 9,
        "3.1.1.9 semicolons in the user": message(
            "semi", "OPTIONS", uri="sip:user;par=u%40example.net@127.0.0.1"
        ),
        "3.1.1.10 an unknown transport": message(
            "transport", "OPTIONS", {"Via": "SIP/2.0/UNKNOWN 192.0.2.7;branch=z9hG4bKt"}
        ),
        "3.1.1.11 a body of several parts": message(
            "multipart",
            "MESSAGE",
            {"Content-Type": "multipart/signed;boundary=b", "MIME-Version": "1.0"},
            body="--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\n\r\n\x00\x01\r\n--b--\r\n",
        ),
        "3.1.1.12 a strange reason": b"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\r\nCSeq: 1 INVITE\r\n\r\n",
        "3.1.1.13 no reason phrase": b"SIP/2.0 100 \r\nCSeq: 1 INVITE\r\n\r\n",
        "3.1.2.1 stray separators": message(
            "stray", "INVITE", {"Via": VIA + ";;,;,,", "From": "sip:x@y;;tag=;,,"}
        ),
        "3.1.2.2 a length that is too long": message("toolong", "INVITE", {"Content-Length": "9999"}),
        "3.1.2.3 a length below nothing": message("negative", "INVITE", {"Content-Length": "-999"}),
        "3.1.2.4 numbers out of range": message(
            "huge",
            "REGISTER",
            {"CSeq": "36893488147419103232 REGISTER", "Max-Forwards": "300", "Expires": "1" * 99},
        ),
        "3.1.2.5 a response out of range": b"SIP/2.0 99999 x\r\nCSeq: 9292394834772304023312 OPTIONS\r\n\r\n",
        "3.1.2.6 a quote without end": message("quote", "INVITE", {"To": '"Mr. J. User <sip:j@127.0.0.1>'}),
        "3.1.2.7 brackets around the address": message("brackets", "INVITE", uri="<sip:dialer@127.0.0.1>"),
        "3.1.2.8 spaces in the address": message("spaces", "INVITE", uri="sip:dialer@127.0.0.1; lr"),
        "3.1.2.9 spaces in the first line": message(
            "firstline", "INVITE", line="INVITE  sip:dialer@127.0.0.1  SIP/2.0"
        ),
        "3.1.2.10 spaces behind the first line": message(
            "behindline", "OPTIONS", line="OPTIONS sip:a@127.0.0.1 SIP/2.0   "
        ),
        "3.1.2.11 headers in the address": message(
            "escapedheaders", "INVITE", uri="sip:d@127.0.0.1?Route=%3Csip:example.net%3E"
        ),
        "3.1.2.12 a date of another zone": message(
            "date", "INVITE", {"Date": "Fri, 01 Jan 2010 16:00:00 EST"}
        ),
        "3.1.2.13 an address without brackets": message(
            "regbad", "REGISTER", {"Contact": "sip:u@example.net?Route=%3Csip:x%3E"}
        ),
        "3.1.2.14 spaces within the address": message(
            "badaspec", "OPTIONS", {"To": '"W" < sip:t.watson@127.0.0.1 >'}
        ),
        "3.1.2.15 a name that has to be quoted": message(
            "baddn", "OPTIONS", {"From": "Bell, Alexander <sip:a@example.net>;tag=4"}
        ),
        "3.1.2.16 another version of SIP": message(
            "version", "OPTIONS", line="OPTIONS sip:t@127.0.0.1 SIP/7.0"
        ),
        "3.1.2.17 two methods": message("mismatch", "OPTIONS", {"CSeq": "8 INVITE"}),
        "3.1.2.18 two unknown methods": message("mismatch2", "NEWMETHOD", {"CSeq": "8 INVITE"}),
        "3.1.2.19 a status beyond all": b"SIP/2.0 4294967301 do not break\r\nCSeq: 1 INVITE\r\n\r\n",
        "3.2.1 a branch that is only the cookie": message(
            "branch", "OPTIONS", {"Via": "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK"}
        ),
        "3.3.1 almost nothing": b"INVITE sip:dialer@127.0.0.1 SIP/2.0\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n",
        "3.3.2 an unknown scheme": message(
            "scheme", "OPTIONS", uri="nobodyKnowsThisScheme:totallyopaquecontent"
        ),
        "3.3.3 a known scheme of others": message("foreign", "OPTIONS", uri="soap.beep://192.0.2.103:3002"),
        "3.3.4 unknown schemes in headers": message(
            "headerschemes", "REGISTER", {"To": "isbn:2983792873", "From": "<http://x>;tag=3"}
        ),
        "3.3.5 demands that nobody can meet": message(
            "demands", "OPTIONS", {"Require": "nothingSupportsThis", "Proxy-Require": "noProxiesSupportThis"}
        ),
        "3.3.6 a body of no known type": message(
            "bodytype", "INVITE", {"Content-Type": "application/unknownformat"}, body="<a/>"
        ),
        "3.3.7 credentials of no known kind": message(
            "auth", "REGISTER", {"Authorization": "NoOneKnowsThisScheme opaque-data=here"}
        ),
        "3.3.8 headers twice": message(
            "twice",
            "INVITE",
            more="CSeq: 59 INVITE\r\nCall-ID: other\r\nMax-Forwards: 5\r\nFrom: <sip:o@x>;tag=z",
        ),
        "3.3.9 lengths twice": message("lengths", "OPTIONS", more="Content-Length: 5"),
        "3.3.10 an answer to others": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb\r\nCall-ID: x\r\nCSeq: 89 INVITE\r\n"
        b"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nContent-Length: 0\r\n\r\n",
        "3.3.11 no forwards left": message("forwards", "OPTIONS", {"Max-Forwards": "0"}),
        "3.3.12 contacts with parameters": message(
            "contacts", "REGISTER", {"Contact": "sip:a@x;unknownparam, *;expires=0"}
        ),
        "3.3.15 a body that nobody may read": message("accept", "INVITE", {"Accept": "text/nobodyKnowsThis"}),
        "3.4.1 a message of the old standard": message(
            "old",
            "INVITE",
            {"Via": "SIP/2.0/UDP 192.0.2.7", "From": "<sip:mallory@example.net>", "Max-Forwards": None},
        ),
        "first line alone": b"INVITE sip:dialer@127.0.0.1 SIP/2.0\r\n\r\n",
        "folded first line": message("foldedline", "INVITE", line=folded),
        "a session of nonsense": message(
            "nonsense", "INVITE", body="v=0\r\nm=audio 99999999 RTP/AVP " + "0 " * 3000
        ),
        "binary": bytes(range(256)) * 8,
        "nothing": b"",
        "line ends": b"\r\n\r\n" * 500,
        "nulls": b"\x00" * 1400,
        "as long as a datagram can be": message("datagram", "INVITE", {"Subject": "y" * 60_000}),
    }


def spoiled(seed: int, count: int) -> Iterator[bytes]:
    """Messages of the above with bytes changed, cut out, doubled or cut off; the same for the same seed."""
    chance, known = random.Random(seed), [each for each in messages().values() if 0 < len(each) < 3000]
    for _ in range(count):
        made = bytearray(chance.choice(known))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(made) + 1)
            match chance.randrange(4):
                case 0:
                    made[at:at] = bytes([chance.randrange(256)])
                case 1:
                    del made[at : at + chance.randrange(1, 20)]
                case 2:
                    made[at:at] = made[at : at + chance.randrange(1, 80)]
                case _:
                    made = made[: max(1, at)]
        yield bytes(made)
